/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/bundle_use.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bundle.h"
#include "base/cleanup.h"
#include "supervisord/cluster/bundle_talk.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

void bundle_use_take(struct core *core, const struct registry_capture *capture, int fd,
                     struct monotime now)
{
    struct bundles_one *one = core->bundles ? bundles_find(core->bundles, capture->name) : NULL;
    char digest[DIGEST_TEXT_BYTES];
    struct stat status;

    if (!one || fd < 0 || capture->bundle_bytes == 0 || capture->bundle_bytes > BUNDLE_BYTES_MAX ||
        fstat(fd, &status) < 0 || status.st_size != (off_t)capture->bundle_bytes)
        return;
    void *bytes = mmap(NULL, capture->bundle_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return;
    digest_of(bytes, capture->bundle_bytes, digest);
    bundles_capture(one, digest, bytes, capture->bundle_bytes, now);
    (void)munmap(bytes, capture->bundle_bytes);
}

static struct bundles_one *find_at(const struct core *core, size_t at)
{
    return core->bundles
               ? bundles_find(core->bundles, core->world.registries[at].settings.params.name)
               : NULL;
}

void bundle_use_digest(const struct core *core, size_t at, char ret_digest[REGISTRY_DIGEST_BYTES])
{
    const struct bundles_one *one = find_at(core, at);

    memset(ret_digest, 0, REGISTRY_DIGEST_BYTES); /* goals are compared as bytes */
    if (one)
        memcpy(ret_digest, one->in_force.digest, strlen(one->in_force.digest));
}

static int seal(const struct bundles_blob *blob)
{
    CLEANUP(cleanup_close)
    int fd = memfd_create("regha-bundle", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return -errno;
    for (size_t at = 0; at < blob->length_bytes;) {
        const ssize_t put = write(fd, blob->bytes + at, blob->length_bytes - at);

        if (put < 0 && errno != EINTR)
            return -errno;
        at += put > 0 ? (size_t)put : 0;
    }
    return fcntl(fd, F_ADD_SEALS, SEALS) < 0 ? -errno : cleanup_take_fd(&fd);
}

int bundle_use_send(struct core *core, size_t at)
{
    struct bundles_one *one = find_at(core, at);
    const struct bundles_blob *blob =
        one && one->in_force.generation > 0 ? bundles_blob(one, one->in_force.digest) : NULL;
    struct registry_bundle message = {.bundle_bytes = 0};

    if (!blob)
        return 0;
    CLEANUP(cleanup_close)
    int fd = seal(blob);
    if (fd < 0)
        return fd;
    memcpy(message.name, one->name, sizeof(message.name));
    memcpy(message.digest, blob->digest, sizeof(message.digest));
    message.bundle_bytes = (uint32_t)blob->length_bytes;
    const int failed = channel_client_want_file(core->clients[WORLD_LAUNCHER],
                                                &registry_message_bundle, &message, fd);
    return failed < 0 ? failed : 1;
}

/* Publishing, as somebody asked. */

static int check_publish(const struct bundles_one *one, struct err *err)
{
    const struct bundle_order *order = &one->order;
    const struct world_bundle_attempt *attempt = &one->world.attempt;

    if (!one->world.is_agreed || one->world.trouble[0] != '\0')
        return err_set(err, EPERM, "%s", one->world.trouble);
    if (one->is_trying)
        return err_set(err, EBUSY, "generation %llu is being published",
                       (unsigned long long)attempt->generation);
    if (!bundle_order_has_majority(order))
        return err_set(err, EPERM, "%zu of %zu nodes are heard, %zu must be: a majority decides",
                       bundle_order_heard(order), order->count,
                       bundle_order_majority(order->count));
    if (bundle_order_undecided(order).generation > 0)
        return err_set(err, EAGAIN, "generation %llu is being settled first, try again",
                       (unsigned long long)bundle_order_undecided(order).generation);
    return 0;
}

static int find_former(const struct bundles_one *one, uint64_t generation, char *ret_digest,
                       struct err *err)
{
    for (size_t at = 0; at < one->disk.history_count; at++) {
        if (one->disk.history[at].generation != generation)
            continue;
        memcpy(ret_digest, one->disk.history[at].digest, DIGEST_TEXT_BYTES);
        return 0;
    }
    return err_set(err, ENOENT, "generation %llu is not kept; see bundle history",
                   (unsigned long long)generation);
}

static int publish_former(struct bundles_one *one, const struct bundle_order_version *version,
                          uid_t uid, struct err *err)
{
    struct bundles_blob blob = {.bytes = NULL};
    struct file file;
    const int failed = bundle_store_read_bundle(one->store.job.folder, version->digest, &file, err);

    if (failed < 0)
        return failed;
    blob.bytes = (uint8_t *)file.bytes;
    blob.length_bytes = file.length_bytes;
    memcpy(blob.digest, version->digest, sizeof(blob.digest));
    bundle_talk_begin(one, version, &blob, uid, monotime_now());
    explicit_bzero(file.bytes, file.length_bytes);
    file_free(&file);
    return 0;
}

int bundle_use_publish(struct core *core, const char *name, uint64_t generation, uid_t uid,
                       struct err *err)
{
    struct bundles_one *one = bundles_find(core->bundles, name);
    struct bundle_order_version version = {.generation = 0};

    if (!one)
        return err_set(err, ENOENT, "there is no registry \"%s\"", name);
    int failed = check_publish(one, err);
    if (failed == 0 && generation > 0)
        failed = find_former(one, generation, version.digest, err);
    if (failed < 0)
        return failed;
    if (generation == 0 && one->captured.digest[0] == '\0')
        return err_set(err, ENOENT, "its files cannot be read here");
    if (generation == 0)
        memcpy(version.digest, one->captured.digest, sizeof(version.digest));
    if (strcmp(version.digest, bundle_order_current(&one->order).digest) == 0)
        return err_set(err, EALREADY, "it is the current bundle");
    version.generation = bundle_order_next(&one->order);
    if (generation > 0)
        return publish_former(one, &version, uid, err);
    bundle_talk_begin(one, &version, &one->captured, uid, monotime_now());
    return 0;
}

/* What differs. */

static const char *what_of(const struct bundle_item *item)
{
    switch (item->kind) {
    case BUNDLE_CONFIG:
        return "configuration";
    case BUNDLE_FILE:
    case BUNDLE_ABSENT:
    case BUNDLE_FOLDER:
        return "file";
    case BUNDLE_ARGUMENT:
        return "argument";
    case BUNDLE_ENVIRONMENT:
        return "variable";
    }
    return "";
}

static bool is_same_name(const struct bundle_item *a, const struct bundle_item *b)
{
    return (a->kind == b->kind || (bundle_is_file(a->kind) && bundle_is_file(b->kind))) &&
           strcmp(a->name, b->name) == 0;
}

static bool is_same(const struct bundle_item *a, const struct bundle_item *b)
{
    return a->kind == b->kind && a->data_bytes == b->data_bytes &&
           memcmp(a->data, b->data, a->data_bytes) == 0;
}

/* Of arguments, which have no names, the same place counts. */
static const struct bundle_item *find_item(const struct bundle *bundle,
                                           const struct bundle_item *like, size_t nth)
{
    for (size_t at = 0; at < bundle->count; at++)
        if (is_same_name(&bundle->items[at], like) && nth-- == 0)
            return &bundle->items[at];
    return NULL;
}

static size_t place_of(const struct bundle *bundle, size_t at)
{
    size_t place = 0;

    for (size_t before = 0; before < at; before++)
        place += is_same_name(&bundle->items[before], &bundle->items[at]);
    return place;
}

static size_t write_differing(const struct bundle *from, const struct bundle *to, bool only_missing,
                              FILE *out)
{
    size_t count = 0;

    for (size_t at = 0; at < from->count; at++) {
        const struct bundle_item *item = &from->items[at];
        const struct bundle_item *other = find_item(to, item, place_of(from, at));

        if (other && (only_missing || is_same(item, other)))
            continue;
        fprintf(out, "%s %s%s%s: ",
                only_missing ? "-"
                : other      ? "~"
                             : "+",
                what_of(item), item->name[0] ? " " : "", item->name);
        if (other)
            fprintf(out, "%zu bytes, were %zu\n", item->data_bytes, other->data_bytes);
        else
            fprintf(out, "%zu bytes\n", item->data_bytes);
        count++;
    }
    return count;
}

int bundle_use_diff(struct core *core, const char *name, FILE *out, struct err *err)
{
    struct bundles_one *one = bundles_find(core->bundles, name);
    const struct bundles_blob *blob = one ? bundles_blob(one, one->in_force.digest) : NULL;
    struct bundle current, files;

    if (!one)
        return err_set(err, ENOENT, "there is no registry \"%s\"", name);
    if (!blob)
        return err_set(err, ENOENT, "no bundle of it was ever published");
    if (!one->captured.bytes)
        return err_set(err, ENOENT, "its files cannot be read here");
    if (bundle_decode(blob->bytes, blob->length_bytes, &current) < 0 ||
        bundle_decode(one->captured.bytes, one->captured.length_bytes, &files) < 0)
        return err_set(err, EPROTO, "a bundle cannot be understood");
    const size_t count = write_differing(&files, &current, false, out) +
                         write_differing(&current, &files, true, out);
    if (count == 0)
        fprintf(out, "its files here are the current bundle\n");
    return 0;
}
