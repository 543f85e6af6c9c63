/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "registry-launcher/digest.h"
#include "registry-launcher/goal_check.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* What the child sends. */
struct report {
    char error[REGISTRY_CAPTURE_WORDS_BYTES];
    char digest[REGISTRY_DIGEST_BYTES];
    uint32_t config_bytes;
};

struct job {
    const char *user;
    const struct registry_params *params;
};

/* One read file; the child ends soon and its memory with it, but it is freed all the same. */
struct content {
    char *bytes;
    size_t length_bytes;
};

static const char *kind_name(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFIFO:
        return "FIFO";
    case S_IFDIR:
        return "folder";
    case S_IFSOCK:
        return "socket";
    default:
        return "device";
    }
}

/* O_NONBLOCK: the open of a FIFO must not wait for a writer. */
static int open_file(const char *path, const char *user, struct stat *ret_stat, struct err *err)
{
    CLEANUP(cleanup_close)
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

    if (fd < 0 || fstat(fd, ret_stat) < 0)
        return err_errno(err, "%.80s cannot be read by %.32s", path, user);
    return cleanup_take_fd(&fd);
}

/* At most `most` bytes; a file that grows while it is read is cut there and refused. */
static int read_all(int fd, size_t most, struct content *ret_content)
{
    struct content content = {malloc(most + 1), 0};

    while (content.bytes != NULL && content.length_bytes <= most) {
        const ssize_t got =
            read(fd, content.bytes + content.length_bytes, most + 1 - content.length_bytes);

        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0) {
            *ret_content = content;
            return 0;
        }
        if (got < 0)
            break;
        content.length_bytes += (size_t)got;
    }
    const int failed = content.bytes == NULL ? -ENOMEM : errno;
    const bool long_one = content.length_bytes > most;
    free(content.bytes);
    return long_one ? -EFBIG : failed > 0 ? -failed : failed;
}

static int read_file(int fd, const char *path, size_t most, struct content *ret_content,
                     struct err *err)
{
    const int failed = read_all(fd, most, ret_content);

    if (failed == -EFBIG)
        return err_set(err, EFBIG, "%.100s is larger than %zu KiB", path, most / 1024);
    if (failed < 0)
        return err_set(err, -failed, "%.100s cannot be read: %s", path, strerror(-failed));
    return 0;
}

static int seal(const struct content *content, struct err *err)
{
    CLEANUP(cleanup_close)
    int fd = memfd_create("regha-registry-config", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return err_errno(err, "cannot make a memory file");
    for (size_t at = 0; at < content->length_bytes;) {
        const ssize_t put = write(fd, content->bytes + at, content->length_bytes - at);

        if (put < 0 && errno != EINTR)
            return err_errno(err, "cannot write a memory file");
        at += put > 0 ? (size_t)put : 0;
    }
    if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
        return err_errno(err, "cannot seal a memory file");
    return cleanup_take_fd(&fd);
}

/* Returns the sealed copy, or a negative errno. */
static int take_config(const struct job *job, struct registry_digest *digest, struct report *report,
                       struct err *err)
{
    const char *path = job->params->config;
    struct content content;
    struct stat stat;

    CLEANUP(cleanup_close)
    int fd = open_file(path, job->user, &stat, err);
    if (fd < 0)
        return fd;
    if (!S_ISREG(stat.st_mode))
        return err_set(err, EINVAL, "%.100s is a %s, must be a file", path,
                       kind_name(stat.st_mode));
    const int failed = read_file(fd, path, REGISTRY_CAPTURE_BYTES, &content, err);
    if (failed < 0)
        return failed;
    registry_digest_config(digest, content.bytes, content.length_bytes);
    report->config_bytes = (uint32_t)content.length_bytes;
    const int sealed = seal(&content, err);
    free(content.bytes);
    return sealed;
}

/*
 * A file that is not there decides, too: the registry may make it by itself (htpasswd). So does a
 * folder, which Debian's sample configuration names in that place.
 */
static int take_file(const struct job *job, struct registry_digest *digest, const char *path,
                     size_t *left_bytes, struct err *err)
{
    struct content content;
    struct stat stat;

    CLEANUP(cleanup_close)
    int fd = open_file(path, job->user, &stat, err);
    if (fd == -ENOENT)
        registry_digest_other(digest, path, "absent");
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    if (S_ISDIR(stat.st_mode)) {
        registry_digest_other(digest, path, "folder");
        return 0;
    }
    if (!S_ISREG(stat.st_mode))
        return err_set(err, EINVAL, "%.100s is a %s, must be a file", path,
                       kind_name(stat.st_mode));
    const int failed = read_file(fd, path, *left_bytes, &content, err);
    if (failed < 0)
        return failed;
    registry_digest_file(digest, path, content.bytes, content.length_bytes);
    *left_bytes -= content.length_bytes;
    free(content.bytes);
    return 0;
}

/* Returns the sealed configuration or a negative errno. */
static int take_all(const struct job *job, struct report *report, struct err *err)
{
    const char *paths[REGISTRY_GOAL_TEXTS_MAX + 1];
    size_t left_bytes = REGISTRY_CAPTURE_FILES_BYTES;
    struct registry_digest digest;

    registry_digest_start(&digest, job->params);
    CLEANUP(cleanup_close)
    int config = take_config(job, &digest, report, err);
    if (config < 0)
        return config;
    const size_t count = registry_digest_sort(job->params->files, job->params->files_bytes, paths);
    for (size_t at = 0; at < count; at++) {
        const int failed = take_file(job, &digest, paths[at], &left_bytes, err);
        if (failed < 0)
            return failed;
    }
    registry_digest_end(&digest, report->digest);
    return cleanup_take_fd(&config);
}

/* In the child. */
static void work(const void *argument, int socket)
{
    struct report report = {.config_bytes = 0};
    struct err err;

    CLEANUP(cleanup_close)
    int config = take_all(argument, &report, &err);
    if (config < 0) {
        report = (struct report){.config_bytes = 0};
        snprintf(report.error, sizeof(report.error), "%.190s", err.text);
    }
    registry_helper_send(socket, &report, sizeof(report), config);
}

int registry_capture_start(struct registry_helper *helper, const char *user,
                           const struct registry_params *params, struct monotime now,
                           struct err *err)
{
    const struct job job = {user, params};
    const struct registry_helper_job helper_job = {user, work, &job};

    return registry_helper_start(helper, &helper_job, REGISTRY_CAPTURE_LIMIT_NS, now, err);
}

/* It is passed on to a process that maps it: it must stay as it is. */
static bool is_sealed(int fd, uint32_t length_bytes)
{
    struct stat stat;

    return fd >= 0 && length_bytes <= REGISTRY_CAPTURE_BYTES && fcntl(fd, F_GET_SEALS) == SEALS &&
           fstat(fd, &stat) == 0 && stat.st_size == (off_t)length_bytes;
}

static bool is_digest(const char *text)
{
    return strspn(text, "0123456789abcdef") == REGISTRY_DIGEST_BYTES - 1;
}

void registry_capture_read(struct registry_helper_answer *answer, const char *user,
                           struct registry_captured *ret_captured)
{
    struct report report = {.config_bytes = 0};

    *ret_captured = (struct registry_captured){.config_fd = -1};
    if (answer->failure != NULL) {
        snprintf(ret_captured->error, sizeof(ret_captured->error),
                 "the configuration cannot be read by %.32s: %.100s", user, answer->failure);
        return;
    }
    if (answer->length_bytes == sizeof(report))
        memcpy(&report, answer->bytes, sizeof(report));
    report.error[sizeof(report.error) - 1] = '\0';
    report.digest[sizeof(report.digest) - 1] = '\0';
    if (report.error[0] != '\0') {
        memcpy(ret_captured->error, report.error, sizeof(report.error));
        return;
    }
    if (!is_digest(report.digest) || !is_sealed(answer->fd, report.config_bytes)) {
        snprintf(ret_captured->error, sizeof(ret_captured->error),
                 "the process that reads the configuration answers nonsense");
        return;
    }
    memcpy(ret_captured->digest, report.digest, sizeof(report.digest));
    ret_captured->config_bytes = report.config_bytes;
    ret_captured->config_fd = cleanup_take_fd(&answer->fd);
}
