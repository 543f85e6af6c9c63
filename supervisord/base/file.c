/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static int refuse_kind(mode_t mode, struct err *err)
{
    if (S_ISDIR(mode))
        return err_set(err, EISDIR, "is a folder, must be a file");
    if (S_ISFIFO(mode))
        return err_set(err, EINVAL, "is a FIFO, must be a file");
    return err_set(err, EINVAL, "is a device or a socket, must be a file");
}

/* Up to `room_bytes`; a file that grows meanwhile is noticed by one byte too many. */
static ssize_t read_all(int fd, char *bytes, size_t room_bytes)
{
    size_t used_bytes = 0;

    while (used_bytes < room_bytes) {
        const ssize_t got = read(fd, bytes + used_bytes, room_bytes - used_bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        used_bytes += (size_t)got;
    }
    return (ssize_t)used_bytes;
}

static int take(int fd, size_t most_bytes, struct file *file, struct err *err)
{
    const size_t room_bytes = (size_t)file->stat.st_size + 1;

    if ((size_t)file->stat.st_size > most_bytes)
        return err_set(err, EFBIG, "has %jd bytes, must have at most %zu",
                       (intmax_t)file->stat.st_size, most_bytes);
    file->bytes = malloc(room_bytes + 1);
    if (!file->bytes)
        return err_set(err, ENOMEM, "cannot be read: no memory");
    const ssize_t got = read_all(fd, file->bytes, room_bytes);
    if (got < 0)
        return err_errno(err, "cannot be read");
    if ((size_t)got >= room_bytes)
        return err_set(err, EBUSY, "grew while it was read");
    file->length_bytes = (size_t)got;
    file->bytes[got] = '\0';
    return 0;
}

int file_read(const char *path, size_t most_bytes, struct file *ret_file, struct err *err)
{
    struct file file = {.bytes = NULL};

    /* Opening a FIFO for reading would wait for a writer. */
    CLEANUP(cleanup_close)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return err_errno(err, "cannot be opened");
    if (fstat(fd, &file.stat) < 0)
        return err_errno(err, "cannot be read");
    if (!S_ISREG(file.stat.st_mode))
        return refuse_kind(file.stat.st_mode, err);

    const int result = take(fd, most_bytes, &file, err);
    if (result < 0) {
        file_free(&file);
        return result;
    }
    *ret_file = file;
    return 0;
}

void file_free(struct file *file)
{
    free(file->bytes);
    *file = (struct file){.bytes = NULL};
}
