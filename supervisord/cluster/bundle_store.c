/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/bundle_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bundle.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/process.h"
#include "base/wire.h"

#define STATE       "state"
#define STATE_OLD   "state.old"
#define STATE_BYTES 2048
#define SUFFIX      ".bundle"
#define FRESH       ".new"
#define NAME_BYTES  (DIGEST_TEXT_BYTES + sizeof(SUFFIX))

static const struct wire_field entry_fields[] = {
    WIRE_INT(bundle_store_entry, generation),
    WIRE_TEXT(bundle_store_entry, digest),
    WIRE_UPTO(bundle_store_entry, wall_ns, INT64_MAX),
    WIRE_TEXT(bundle_store_entry, node),
    WIRE_END,
};

static const struct wire_field state_fields[] = {
    WIRE_INT(bundle_store_state, acknowledged.generation),
    WIRE_TEXT(bundle_store_state, acknowledged.digest),
    WIRE_INT(bundle_store_state, current.generation),
    WIRE_TEXT(bundle_store_state, current.digest),
    WIRE_ARRAY(bundle_store_state, history, history_count, entry_fields),
    WIRE_END,
};

static const struct wire_layout state_layout = {49, 1, sizeof(struct bundle_store_state),
                                                state_fields, "state of a bundle"};

static bool is_version(const struct bundle_order_version *version)
{
    return version->generation == 0 ? version->digest[0] == '\0' : digest_is_text(version->digest);
}

/* The digest of what comes before it is the end of the file. */
static bool parse_state(const struct file *file, struct bundle_store_state *ret_state)
{
    struct bundle_store_state state;
    char digest[DIGEST_TEXT_BYTES];

    if (file->length_bytes < DIGEST_TEXT_BYTES)
        return false;
    const size_t length_bytes = file->length_bytes - DIGEST_TEXT_BYTES;
    digest_of(file->bytes, length_bytes, digest);
    if (memcmp(digest, file->bytes + length_bytes, sizeof(digest)) != 0 ||
        wire_decode(&state_layout, (const uint8_t *)file->bytes, length_bytes, &state,
                    sizeof(state)) < 0 ||
        !is_version(&state.acknowledged) || !is_version(&state.current))
        return false;
    *ret_state = state;
    return true;
}

static int read_state(const char *folder, const char *name, struct bundle_store_state *ret_state,
                      struct err *err)
{
    char path[BUNDLE_STORE_PATH_BYTES + sizeof(STATE_OLD)];
    struct file file;
    struct err why;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    const int failed = file_read(path, STATE_BYTES, &file, &why);
    if (failed < 0)
        return err_set(err, -failed, "%.150s %.90s", path, why.text);
    const bool is_state = parse_state(&file, ret_state);
    file_free(&file);
    return is_state ? 0 : err_set(err, EPROTO, "%.150s is not what was written", path);
}

int bundle_store_read(const char *folder, struct bundle_store_state *ret_state, struct err *err)
{
    struct err other;

    memset(ret_state, 0, sizeof(*ret_state));
    const int failed = read_state(folder, STATE, ret_state, err);
    if (failed < 0 && read_state(folder, STATE_OLD, ret_state, &other) == 0 && failed == -ENOENT)
        return err_set(err, EPROTO, "%.150s/" STATE " is missing", folder);
    return failed;
}

static void name_bundle(char name[NAME_BYTES], const char *digest)
{
    snprintf(name, NAME_BYTES, "%.64s" SUFFIX, digest);
}

int bundle_store_read_bundle(const char *folder, const char *digest, struct file *ret_file,
                             struct err *err)
{
    char path[BUNDLE_STORE_PATH_BYTES + NAME_BYTES], name[NAME_BYTES], found[DIGEST_TEXT_BYTES];
    struct file file;
    struct err why;

    name_bundle(name, digest);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    const int failed = file_read(path, BUNDLE_BYTES_MAX, &file, &why);
    if (failed < 0)
        return err_set(err, -failed, "%.150s %.90s", path, why.text);
    digest_of(file.bytes, file.length_bytes, found);
    if (strcmp(found, digest) != 0) {
        file_free(&file);
        return err_set(err, EPROTO, "%.200s is not the bundle of its name", path);
    }
    *ret_file = file;
    return 0;
}

/* Writing. */

static int write_file(int folder, const char *name, const void *bytes, size_t length_bytes)
{
    const char *rest = bytes;

    (void)unlinkat(folder, FRESH, 0);
    CLEANUP(cleanup_close)
    int fd = openat(folder, FRESH, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    while (length_bytes > 0) {
        const ssize_t put = write(fd, rest, length_bytes);

        if (put < 0 && errno != EINTR)
            return -errno;
        rest += put > 0 ? put : 0;
        length_bytes -= put > 0 ? (size_t)put : 0;
    }
    if (fsync(fd) < 0 || renameat(folder, FRESH, folder, name) < 0)
        return -errno;
    return 0;
}

static int write_state(int folder, const struct bundle_store_state *state)
{
    uint8_t bytes[STATE_BYTES];
    const int length = wire_encode(&state_layout, state, bytes, sizeof(bytes) - DIGEST_TEXT_BYTES);

    if (length < 0)
        return length;
    digest_of(bytes, (size_t)length, (char *)bytes + length);
    /* The one before stays for a state that is damaged later. */
    (void)unlinkat(folder, STATE_OLD, 0);
    if (linkat(folder, STATE, folder, STATE_OLD, 0) < 0 && errno != ENOENT)
        return -errno;
    return write_file(folder, STATE, bytes, (size_t)length + DIGEST_TEXT_BYTES);
}

static bool is_named(const struct bundle_store_state *state, const char *name)
{
    char wanted[2 + BUNDLE_STORE_KEPT][NAME_BYTES];

    name_bundle(wanted[0], state->acknowledged.digest);
    name_bundle(wanted[1], state->current.digest);
    for (size_t at = 0; at < BUNDLE_STORE_KEPT; at++)
        name_bundle(wanted[2 + at], state->history[at].digest);
    for (size_t at = 0; at < 2 + BUNDLE_STORE_KEPT; at++)
        if (strcmp(wanted[at], name) == 0)
            return true;
    return false;
}

static void sweep(int folder, const struct bundle_store_state *state)
{
    const int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (!entries)
        return;
    while ((entry = readdir(entries))) {
        const char *suffix = strstr(entry->d_name, SUFFIX);

        if (suffix && suffix[sizeof(SUFFIX) - 1] == '\0' && !is_named(state, entry->d_name))
            (void)unlinkat(folder, entry->d_name, 0);
    }
    (void)closedir(entries);
}

static void name_above(const char *path, char above[BUNDLE_STORE_PATH_BYTES])
{
    const char *slash = strrchr(path, '/');

    snprintf(above, BUNDLE_STORE_PATH_BYTES, "%.*s", slash ? (int)(slash - path) : 0, path);
}

/* A folder that was made is there for good only with the one that it is in. */
static int make_folder(const char *path)
{
    char above[BUNDLE_STORE_PATH_BYTES];

    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return -errno;
    name_above(path, above);
    CLEANUP(cleanup_close)
    const int fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* The folder, and the one above it, which is there or not. */
static int open_folder(const char *path)
{
    char above[BUNDLE_STORE_PATH_BYTES];

    name_above(path, above);
    (void)make_folder(above);
    const int failed = make_folder(path);
    if (failed < 0)
        return failed;
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int bundle_store_write(const struct bundle_store_job *job)
{
    char name[NAME_BYTES];
    int failed = 0;

    CLEANUP(cleanup_close)
    int folder = open_folder(job->folder);
    if (folder < 0)
        return folder;
    if (job->digest[0] != '\0') {
        name_bundle(name, job->digest);
        failed = write_file(folder, name, job->bytes, job->length_bytes);
    }
    /* The bundle first: a state never names one that is not there. */
    if (failed == 0 && fsync(folder) < 0)
        failed = -errno;
    if (failed == 0)
        failed = write_state(folder, &job->state);
    if (failed == 0 && fsync(folder) < 0)
        failed = -errno;
    if (failed == 0)
        sweep(folder, &job->state);
    return failed;
}

/* The child. */

static int work(void *argument)
{
    const struct bundle_store *store = argument;

    return -bundle_store_write(&store->job) & 0xff;
}

static int end(struct bundle_store *store)
{
    loop_io_stop(store->loop, &store->child);
    const int status = process_child_end(store->child.fd);
    store->child.fd = -1;
    return status > 0 ? -status : status;
}

static void handle_child(struct loop_io *io, unsigned events, struct monotime now)
{
    struct bundle_store *store = io->owner;
    const int result = end(store);

    (void)events;
    store->done(store->owner, result, now);
}

void bundle_store_init(struct bundle_store *store, struct loop *loop, void *owner)
{
    *store = (struct bundle_store){.loop = loop, .owner = owner};
    store->child =
        (struct loop_io){.name = "bundle store", .fd = -1, .handle = handle_child, .owner = store};
}

bool bundle_store_is_busy(const struct bundle_store *store)
{
    return store->child.fd >= 0;
}

int bundle_store_begin(struct bundle_store *store)
{
    const int fd = process_child_start(work, store);

    if (fd < 0)
        return fd;
    store->child.fd = fd;
    const int failed = loop_io_start(store->loop, &store->child, LOOP_READ);
    if (failed < 0)
        (void)end(store); /* waits: nobody would tell us */
    return failed;
}

void bundle_store_fini(struct bundle_store *store)
{
    if (store->loop && store->child.fd >= 0)
        (void)end(store);
}
