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

#include "base/bundle.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "registry-launcher/goal_check.h"
#include "registry-launcher/secrets.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* What the child sends. */
struct report {
    char error[REGISTRY_CAPTURE_WORDS_BYTES];
    char digest[REGISTRY_DIGEST_BYTES];
    uint32_t bundle_bytes;
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

static int seal(const uint8_t *bytes, size_t length_bytes, struct err *err)
{
    CLEANUP(cleanup_close)
    int fd = memfd_create("regha-bundle", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return err_errno(err, "cannot make a memory file");
    for (size_t at = 0; at < length_bytes;) {
        const ssize_t put = write(fd, bytes + at, length_bytes - at);

        if (put < 0 && errno != EINTR)
            return err_errno(err, "cannot write a memory file");
        at += put > 0 ? (size_t)put : 0;
    }
    if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
        return err_errno(err, "cannot seal a memory file");
    return cleanup_take_fd(&fd);
}

static int add(struct bundle *bundle, const struct bundle_item *item, struct err *err)
{
    return bundle_add(bundle, item)
               ? 0
               : err_set(err, E2BIG, "a registry has more than %d files and texts",
                         BUNDLE_ITEMS_MAX);
}

static int take_config(const struct job *job, struct bundle *bundle, struct err *err)
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
    const struct bundle_item item = {BUNDLE_CONFIG, "", content.bytes, content.length_bytes};
    return add(bundle, &item, err);
}

/*
 * A file that is not there decides, too: the registry may make it by itself (htpasswd). So does a
 * folder, which Debian's sample configuration names in that place.
 */
static int take_file(const struct job *job, struct bundle *bundle, const char *path,
                     struct err *err)
{
    struct bundle_item item = {BUNDLE_FILE, path, "", 0};
    struct content content;
    struct stat stat;

    CLEANUP(cleanup_close)
    int fd = open_file(path, job->user, &stat, err);
    if (fd < 0 && fd != -ENOENT)
        return fd;
    if (fd < 0 || S_ISDIR(stat.st_mode)) {
        item.kind = fd < 0 ? BUNDLE_ABSENT : BUNDLE_FOLDER;
        return add(bundle, &item, err);
    }
    if (!S_ISREG(stat.st_mode))
        return err_set(err, EINVAL, "%.100s is a %s, must be a file", path,
                       kind_name(stat.st_mode));
    const int failed = read_file(fd, path, BUNDLE_BYTES_MAX, &content, err);
    if (failed < 0)
        return failed;
    item.data = content.bytes;
    item.data_bytes = content.length_bytes;
    return add(bundle, &item, err);
}

static int take_files(const struct job *job, struct bundle *bundle, struct err *err)
{
    const char *paths[REGISTRY_GOAL_TEXTS_MAX + 1];
    const size_t count =
        registry_goal_check_split(job->params->files, job->params->files_bytes, paths);

    for (size_t at = 0; at < count; at++) {
        const int failed = take_file(job, bundle, paths[at], err);
        if (failed < 0)
            return failed;
    }
    return 0;
}

static int take_arguments(const struct job *job, struct bundle *bundle, struct err *err)
{
    const char *texts[REGISTRY_GOAL_TEXTS_MAX + 1];
    const size_t count =
        registry_goal_check_split(job->params->argv, job->params->argv_bytes, texts);
    int failed = 0;

    for (size_t at = 0; at < count && failed == 0; at++) {
        const struct bundle_item item = {BUNDLE_ARGUMENT, "", texts[at], strlen(texts[at])};
        failed = add(bundle, &item, err);
    }
    return failed;
}

/* The name is the text up to '=', which the check of goals and lines has seen there. */
static int take_variable(struct bundle *bundle, const char *text, struct err *err)
{
    const char *value = strchr(text, '=');
    char *name = value == NULL ? NULL : strndup(text, (size_t)(value - text));

    if (name == NULL)
        return err_set(err, EINVAL, "its environment is no list of NAME=value");
    const struct bundle_item item = {BUNDLE_ENVIRONMENT, name, value + 1, strlen(value + 1)};
    return add(bundle, &item, err); /* the child ends soon, and the name with it */
}

static int take_environment(const struct job *job, struct bundle *bundle, struct err *err)
{
    static char lines[REGISTRY_ENVIRONMENT_FILE_BYTES + 1];
    struct registry_environment environment;
    int failed = registry_secrets_compose(job->params, lines, &environment, err);

    for (size_t at = 0; failed == 0 && at < environment.count; at++)
        failed = take_variable(bundle, environment.texts[at], err);
    return failed;
}

/* Returns the sealed bundle or a negative errno. */
static int take_all(const struct job *job, struct report *report, struct err *err)
{
    struct bundle bundle = {.count = 0};
    int failed = take_config(job, &bundle, err);

    if (failed == 0)
        failed = take_files(job, &bundle, err);
    if (failed == 0)
        failed = take_arguments(job, &bundle, err);
    if (failed == 0)
        failed = take_environment(job, &bundle, err);
    if (failed < 0)
        return failed;
    bundle_sort(&bundle);
    const size_t size_bytes = bundle_encoded_bytes(&bundle);
    if (size_bytes > BUNDLE_BYTES_MAX)
        return err_set(err, EFBIG, "the files of the registry are larger than %d KiB together",
                       BUNDLE_BYTES_MAX / 1024);
    uint8_t *bytes = malloc(size_bytes);
    if (bytes == NULL || bundle_encode(&bundle, bytes, size_bytes) < 0)
        return err_set(err, EINVAL, "a file or a variable of the registry is named twice");
    digest_of(bytes, size_bytes, report->digest);
    report->bundle_bytes = (uint32_t)size_bytes;
    return seal(bytes, size_bytes, err);
}

/* In the child. */
static void work(const void *argument, int socket)
{
    struct report report = {.bundle_bytes = 0};
    struct err err;

    CLEANUP(cleanup_close)
    int sealed = take_all(argument, &report, &err);
    if (sealed < 0) {
        report = (struct report){.bundle_bytes = 0};
        snprintf(report.error, sizeof(report.error), "%.190s", err.text);
    }
    registry_helper_send(socket, &report, sizeof(report), sealed);
}

int registry_capture_start(struct registry_helper *helper, const char *user,
                           const struct registry_params *params, struct monotime now,
                           struct err *err)
{
    const struct job job = {user, params};
    const struct registry_helper_job helper_job = {user, work, &job, NULL};

    return registry_helper_start(helper, &helper_job, REGISTRY_CAPTURE_LIMIT_NS, now, err);
}

/* It is passed on to a process that maps it: it must stay as it is. */
static bool is_sealed(int fd, uint32_t length_bytes)
{
    struct stat stat;

    return fd >= 0 && length_bytes <= BUNDLE_BYTES_MAX && fcntl(fd, F_GET_SEALS) == SEALS &&
           fstat(fd, &stat) == 0 && stat.st_size == (off_t)length_bytes;
}

void registry_capture_read(struct registry_helper_answer *answer, const char *user,
                           struct registry_captured *ret_captured)
{
    struct report report = {.bundle_bytes = 0};

    *ret_captured = (struct registry_captured){.bundle_fd = -1};
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
    if (!digest_is_text(report.digest) || !is_sealed(answer->fd, report.bundle_bytes)) {
        snprintf(ret_captured->error, sizeof(ret_captured->error),
                 "the process that reads the configuration answers nonsense");
        return;
    }
    memcpy(ret_captured->digest, report.digest, sizeof(report.digest));
    ret_captured->bundle_bytes = report.bundle_bytes;
    ret_captured->bundle_fd = cleanup_take_fd(&answer->fd);
}
