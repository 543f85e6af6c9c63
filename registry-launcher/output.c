/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/output.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <systemd/sd-journal.h>

#include "base/cleanup.h"
#include "registry-launcher/params.h"

/* $JOURNAL_STREAM names the stream we were given; stderr may have been redirected since. */
static bool is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat stat;

    return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &stat) == 0 && device == stat.st_dev && inode == stat.st_ino;
}

static int open_stream(const char *name)
{
    char identifier[sizeof("regha-registry-") + REGISTRY_NAME_BYTES];

    if (!is_journal())
        return -1;
    snprintf(identifier, sizeof(identifier), "regha-registry-%s", name);
    return sd_journal_stream_fd(identifier, LOG_INFO, 0);
}

int registry_output_open(const char *name, struct err *err)
{
    CLEANUP(cleanup_close)
    int empty = open("/dev/null", O_RDWR | O_CLOEXEC);
    CLEANUP(cleanup_close)
    int stream = open_stream(name);

    if (empty < 0 || dup2(empty, STDIN_FILENO) < 0)
        return err_errno(err, "cannot open /dev/null");
    if (stream >= 0 && dup2(stream, STDERR_FILENO) < 0)
        return err_errno(err, "cannot set its output");
    if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return err_errno(err, "cannot set its output");
    return 0;
}
