/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "registry-launcher/child.h"
#include "registry-launcher/resolve.h"

#define WHOLE      "bundle" /* its bytes, beside its files */
#define FRESH      ".new"
#define MORE_BYTES (256 * 1024) /* of paths that are longer in the folder than they were */

struct report {
    char error[REGISTRY_PLACE_WORDS_BYTES];
};

int registry_place_path(const char *folder, const char *name, const char *digest,
                        char ret_path[REGISTRY_PLACE_PATH_BYTES])
{
    const int length =
        snprintf(ret_path, REGISTRY_PLACE_PATH_BYTES, "%s/%s/%s", folder, name, digest);

    return length < 0 || length >= REGISTRY_PLACE_PATH_BYTES ? -ENAMETOOLONG : 0;
}

/*
 * In the child, still as the launcher: NAME, in which the registry's group may write. A folder gets
 * the group of who makes it, so this needs no right to give files away.
 */
static void prepare(const void *argument)
{
    const struct registry_place_job *job = argument;
    char path[REGISTRY_PLACE_PATH_BYTES];
    struct err err;
    gid_t gid;

    if (snprintf(path, sizeof(path), "%s/%s", job->folder, job->name) >= (int)sizeof(path) ||
        registry_child_group(job->user, &gid, &err) < 0 || setresgid((gid_t)-1, gid, (gid_t)-1) < 0)
        return; /* what follows fails, and says so */
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return;
    CLEANUP(cleanup_close)
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fchown(fd, (uid_t)-1, gid) == 0)
        (void)fchmod(fd, 0770);
}

static int write_file(int folder, const char *name, const char *bytes, size_t length_bytes)
{
    CLEANUP(cleanup_close)
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);

    if (fd < 0)
        return -errno;
    for (size_t at = 0; at < length_bytes;) {
        const ssize_t put = write(fd, bytes + at, length_bytes - at);

        if (put < 0 && errno != EINTR)
            return -errno;
        at += put > 0 ? (size_t)put : 0;
    }
    return 0;
}

static int write_config(int folder, const char *path, const struct bundle *bundle)
{
    const struct registry_resolve resolve = {.bundle = bundle, .folder = path};
    const struct bundle_item *config = bundle_config(bundle);
    const size_t size_bytes = config->data_bytes + MORE_BYTES;
    char *text = malloc(size_bytes);

    if (text == NULL)
        return -ENOMEM;
    const int64_t length =
        registry_resolve_text(&resolve, config->data, config->data_bytes, text, size_bytes);
    const int failed =
        length < 0 ? (int)length : write_file(folder, REGISTRY_BUNDLE_FILE, text, (size_t)length);
    free(text);
    return failed;
}

/* `path` is what it will be called when it is whole. */
static int write_files(int folder, const char *path, const struct registry_place_job *job,
                       const struct bundle *bundle)
{
    char name[REGISTRY_RESOLVE_NAME_BYTES];
    int failed = write_config(folder, path, bundle);

    for (size_t at = 0; failed == 0 && at < bundle->count; at++) {
        if (bundle->items[at].kind != BUNDLE_FILE)
            continue;
        registry_resolve_name(bundle, at, name);
        failed = write_file(folder, name, bundle->items[at].data, bundle->items[at].data_bytes);
    }
    return failed < 0 ? failed : write_file(folder, WHOLE, job->bytes, job->length_bytes);
}

/* A folder of ours with files in it. */
static void remove_folder(int parent, const char *name)
{
    const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (entries == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((entry = readdir(entries)) != NULL)
        (void)unlinkat(fd, entry->d_name, 0);
    (void)closedir(entries);
    (void)unlinkat(parent, name, AT_REMOVEDIR);
}

/*
 * What could not be removed gives way: the folder of a user that was another one before, or one in
 * which the registry made folders.
 */
static void put_aside(int parent, const char *name)
{
    char aside[REGISTRY_PLACE_PATH_BYTES];

    snprintf(aside, sizeof(aside), ".gone.%d%s", (int)getpid(), name);
    (void)renameat(parent, name, parent, aside);
}

/* All folders but the one that was just written and those in use. */
static void sweep(const struct registry_place_job *job, int parent)
{
    const int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (entries == NULL)
        return;
    while ((entry = readdir(entries)) != NULL)
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, job->digest) != 0 &&
            strcmp(entry->d_name, job->kept[0]) != 0 && strcmp(entry->d_name, job->kept[1]) != 0)
            remove_folder(parent, entry->d_name);
    (void)closedir(entries);
}

/* It is there from before, whole, and nobody else's. */
static bool is_there(const char *path, const char *digest)
{
    struct registry_place_program program;
    struct stat stat;
    struct err err;

    if (lstat(path, &stat) < 0 || !S_ISDIR(stat.st_mode) || stat.st_uid != geteuid() ||
        (stat.st_mode & (S_IRWXG | S_IRWXO)) != 0 ||
        registry_place_program(path, digest, &program, &err) < 0)
        return false;
    registry_place_program_free(&program);
    return true;
}

static int write_folder(const struct registry_place_job *job, const char *path,
                        const struct bundle *bundle, struct err *err)
{
    char above[REGISTRY_PLACE_PATH_BYTES];

    snprintf(above, sizeof(above), "%s/%s", job->folder, job->name);
    CLEANUP(cleanup_close)
    int parent = open(above, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (parent < 0)
        return err_errno(err, "cannot open %.100s", above);
    remove_folder(parent, FRESH);
    put_aside(parent, FRESH);
    remove_folder(parent, job->digest);
    put_aside(parent, job->digest);
    if (mkdirat(parent, FRESH, 0700) < 0)
        return err_errno(err, "cannot make a folder in %.100s", above);
    CLEANUP(cleanup_close)
    int folder = openat(parent, FRESH, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const int failed = folder < 0 ? -errno : write_files(folder, path, job, bundle);
    if (failed < 0)
        return err_set(err, -failed, "cannot write the bundle into %.100s: %s", above,
                       strerror(-failed));
    if (renameat(parent, FRESH, parent, job->digest) < 0)
        return err_errno(err, "cannot name the bundle in %.100s", above);
    sweep(job, parent);
    return 0;
}

static int place(const struct registry_place_job *job, struct err *err)
{
    char path[REGISTRY_PLACE_PATH_BYTES], digest[DIGEST_TEXT_BYTES];
    struct bundle bundle;

    if (registry_place_path(job->folder, job->name, job->digest, path) < 0)
        return err_set(err, ENAMETOOLONG, "the folder of the bundle has too long a name");
    if (is_there(path, job->digest))
        return 0;
    if (job->bytes == NULL)
        return err_set(err, ENOENT, "the bundle %.12s has not come yet", job->digest);
    digest_of(job->bytes, job->length_bytes, digest);
    if (strcmp(digest, job->digest) != 0 ||
        bundle_decode(job->bytes, job->length_bytes, &bundle) < 0)
        return err_set(err, EPROTO, "what came is not the bundle %.12s", job->digest);
    return write_folder(job, path, &bundle, err);
}

static void work(const void *argument, int socket)
{
    struct report report = {.error = ""};
    struct err err;

    if (place(argument, &err) < 0)
        snprintf(report.error, sizeof(report.error), "%.190s", err.text);
    registry_helper_send(socket, &report, sizeof(report), -1);
}

int registry_place_start(struct registry_helper *helper, const struct registry_place_job *job,
                         struct monotime now, struct err *err)
{
    const struct registry_helper_job helper_job = {
        .user = job->user, .work = work, .argument = job, .prepare = prepare};

    return registry_helper_start(helper, &helper_job, REGISTRY_PLACE_LIMIT_NS, now, err);
}

void registry_place_read(const struct registry_helper_answer *answer,
                         char ret_words[REGISTRY_PLACE_WORDS_BYTES])
{
    struct report report = {.error = "the process that writes the bundle answers nonsense"};

    if (answer->failure != NULL)
        snprintf(report.error, sizeof(report.error), "the bundle cannot be written: %.100s",
                 answer->failure);
    else if (answer->length_bytes == sizeof(report))
        memcpy(&report, answer->bytes, sizeof(report));
    report.error[sizeof(report.error) - 1] = '\0';
    memcpy(ret_words, report.error, sizeof(report.error));
}

/* The program. */

struct writer {
    struct registry_resolve resolve;
    char *at;
    size_t left_bytes;
};

/* Appends one more text; NULL: no room. */
static const char *write_text(struct writer *writer, const char *text, size_t length_bytes)
{
    char *const begin = writer->at;
    const int64_t length =
        registry_resolve_text(&writer->resolve, text, length_bytes, begin, writer->left_bytes);

    if (length < 0)
        return NULL;
    writer->at += length + 1;
    writer->left_bytes -= (size_t)length + 1;
    return begin;
}

static bool write_variable(struct writer *writer, const struct bundle_item *item,
                           struct registry_environment *environment)
{
    const size_t name_bytes = strlen(item->name);
    char *const begin = writer->at;

    if (name_bytes + 1 >= writer->left_bytes)
        return false;
    memcpy(begin, item->name, name_bytes);
    begin[name_bytes] = '=';
    writer->at += name_bytes + 1;
    writer->left_bytes -= name_bytes + 1;
    return write_text(writer, item->data, item->data_bytes) != NULL &&
           registry_environment_add(environment, begin) == REGISTRY_ENVIRONMENT_FINE;
}

static bool write_program(struct writer *writer, const struct bundle *bundle,
                          struct registry_place_program *program)
{
    for (size_t at = 0; at < bundle->count; at++) {
        const struct bundle_item *item = &bundle->items[at];

        if (item->kind == BUNDLE_ENVIRONMENT &&
            !write_variable(writer, item, &program->environment))
            return false;
        if (item->kind != BUNDLE_ARGUMENT)
            continue;
        if (program->argc == REGISTRY_GOAL_TEXTS_MAX)
            return false;
        program->argv[program->argc] = write_text(writer, item->data, item->data_bytes);
        if (program->argv[program->argc++] == NULL)
            return false;
    }
    program->argv[program->argc] = NULL;
    return true;
}

static int make_program(const struct file *file, const char *path, const char *digest,
                        struct registry_place_program *program, struct err *err)
{
    char found[DIGEST_TEXT_BYTES];
    struct bundle bundle;

    digest_of(file->bytes, file->length_bytes, found);
    if (strcmp(found, digest) != 0 ||
        bundle_decode((const uint8_t *)file->bytes, file->length_bytes, &bundle) < 0)
        return err_set(err, EPROTO, "what is in %.150s is another bundle", path);
    const size_t size_bytes = file->length_bytes + MORE_BYTES;
    program->texts = malloc(size_bytes);
    struct writer writer = {
        {.bundle = &bundle, .folder = path, .has_word = true}, program->texts, size_bytes};
    if (program->texts == NULL)
        return err_set(err, ENOMEM, "no memory for the bundle");
    if (!write_program(&writer, &bundle, program)) {
        registry_place_program_free(program);
        return err_set(err, EINVAL,
                       "the bundle in %.150s has a command or variable that is not "
                       "allowed",
                       path);
    }
    return 0;
}

int registry_place_program(const char *path, const char *digest,
                           struct registry_place_program *ret_program, struct err *err)
{
    char whole[REGISTRY_PLACE_PATH_BYTES + sizeof(WHOLE)];
    struct file file;
    struct err why;

    memset(ret_program, 0, sizeof(*ret_program));
    snprintf(whole, sizeof(whole), "%s/" WHOLE, path);
    const int unread = file_read(whole, BUNDLE_BYTES_MAX, &file, &why);
    if (unread < 0)
        return err_set(err, -unread, "%.150s %.80s", whole, why.text);
    const int failed = make_program(&file, path, digest, ret_program, err);
    explicit_bzero(file.bytes, file.length_bytes);
    file_free(&file);
    return failed;
}

void registry_place_program_free(struct registry_place_program *program)
{
    free(program->texts);
    program->texts = NULL;
}
