/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/placing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bundle.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "registry-launcher/policy.h"

static void fail(struct registry_placing *placing, const char *digest, const char *words)
{
    if (strcmp(placing->failed, digest) != 0)
        log_warning("the bundle of the registry cannot be put in its folder",
                    "registry=%s digest=%.12s reason=\"%s\"", placing->name, digest, words);
    snprintf(placing->failed, sizeof(placing->failed), "%s", digest);
    snprintf(placing->error, sizeof(placing->error), "%s", words);
}

static void handle_done(void *owner, struct registry_helper_answer *answer, struct monotime now)
{
    struct registry_placing *placing = owner;
    char words[REGISTRY_PLACE_WORDS_BYTES];

    registry_place_read(answer, words);
    if (words[0] != '\0') {
        fail(placing, placing->busy, words);
    } else {
        memcpy(placing->placed, placing->busy, sizeof(placing->placed));
        placing->failed[0] = placing->error[0] = '\0';
    }
    placing->busy[0] = '\0';
    placing->done(placing->owner, now);
}

/* The former child is gone: what was asked for meanwhile may be written. */
static void handle_idle(void *owner, struct monotime now)
{
    struct registry_placing *placing = owner;

    placing->done(placing->owner, now);
}

void registry_placing_init(struct registry_placing *placing, struct loop *loop, const char *name,
                           void *owner)
{
    *placing =
        (struct registry_placing){.loop = loop, .name = name, .owner = owner, .given_fd = -1};
    registry_helper_init(&placing->helper, loop, "registry-bundle", placing);
    placing->helper.done = handle_done;
    placing->helper.idle = handle_idle;
}

static bool is_sealed(int fd, uint32_t length_bytes)
{
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    struct stat stat;

    return fd >= 0 && length_bytes > 0 && length_bytes <= BUNDLE_BYTES_MAX &&
           (fcntl(fd, F_GET_SEALS) & seals) == seals && fstat(fd, &stat) == 0 &&
           stat.st_size == (off_t)length_bytes;
}

void registry_placing_give(struct registry_placing *placing, const struct registry_bundle *bundle,
                           int fd)
{
    CLEANUP(cleanup_close)
    int given = fd;

    if (!is_sealed(given, bundle->bundle_bytes)) {
        log_err("a bundle did not come in sealed memory", "registry=%s", placing->name);
        return;
    }
    if (placing->given_fd >= 0)
        close(placing->given_fd);
    placing->given_fd = cleanup_take_fd(&given);
    placing->given_bytes = bundle->bundle_bytes;
    memcpy(placing->given, bundle->digest, sizeof(placing->given));
    registry_placing_retry(placing);
}

void registry_placing_keep(struct registry_placing *placing, const char *digest)
{
    if (strcmp(placing->started[0], digest) == 0)
        return;
    memcpy(placing->started[1], placing->started[0], sizeof(placing->started[1]));
    snprintf(placing->started[0], sizeof(placing->started[0]), "%s", digest);
}

void registry_placing_retry(struct registry_placing *placing)
{
    placing->failed[0] = '\0';
}

struct source {
    int fd;
    uint32_t length_bytes;
};

/* Where the bytes of a bundle are; nowhere: it may be in its folder from before. */
static struct source find_source(const struct registry_placing *placing,
                                 const struct registry_files *files, const char *digest)
{
    if (placing->given_fd >= 0 && strcmp(placing->given, digest) == 0)
        return (struct source){placing->given_fd, placing->given_bytes};
    if (files->bundle_fd >= 0 && strcmp(files->captured.digest, digest) == 0)
        return (struct source){files->bundle_fd, files->captured.bundle_bytes};
    return (struct source){-1, 0};
}

static int start(struct registry_placing *placing, const struct source *source, struct monotime now,
                 struct err *err)
{
    struct registry_policy policy;
    struct registry_place_job job = {.folder = placing->folder,
                                     .name = placing->name,
                                     .user = policy.user,
                                     .digest = placing->busy,
                                     .kept = {placing->started[0], placing->started[1]},
                                     .length_bytes = source->length_bytes};
    void *bytes = NULL;
    int failed = registry_policy_read(placing->policy_path, placing->name, &policy, err);

    if (failed == 0 && source->fd >= 0) {
        bytes = mmap(NULL, source->length_bytes, PROT_READ, MAP_SHARED, source->fd, 0);
        if (bytes == MAP_FAILED)
            return err_errno(err, "cannot map the bundle");
        job.bytes = bytes;
    }
    if (failed == 0)
        failed = registry_place_start(&placing->helper, &job, now, err);
    if (bytes != NULL)
        (void)munmap(bytes, source->length_bytes); /* the child has its own */
    return failed;
}

/* Begins to write it, if nothing else is being written. */
static void place(struct registry_placing *placing, const char *digest, struct monotime now)
{
    const struct source source = find_source(placing, placing->need.files, digest);
    struct err err;

    if (registry_helper_is_busy(&placing->helper))
        return;
    snprintf(placing->busy, sizeof(placing->busy), "%s", digest);
    if (start(placing, &source, now, &err) == 0)
        return;
    fail(placing, digest, err.text);
    placing->busy[0] = '\0';
}

/* Of files that cannot be read now the last good state is started. */
static const char *find_digest(const struct registry_placing *placing)
{
    const struct registry_captured *last = &placing->need.files->last;

    if (placing->need.goal->bundle[0] != '\0')
        return placing->need.goal->bundle;
    return last->error[0] == '\0' && last->digest[0] != '\0' ? last->digest : placing->placed;
}

/* It could not be written. */
static enum registry_placing_state judge_failure(const struct registry_placing *placing,
                                                 const char *digest)
{
    if (strcmp(placing->need.files->last.digest, digest) == 0)
        return REGISTRY_PLACING_PLAIN;
    /* As long as it has not come, it is waited for. */
    return find_source(placing, placing->need.files, digest).fd < 0 ? REGISTRY_PLACING_WAIT
                                                                    : REGISTRY_PLACING_NEVER;
}

enum registry_placing_state registry_placing_choose(struct registry_placing *placing,
                                                    struct monotime now,
                                                    char ret_digest[REGISTRY_DIGEST_BYTES])
{
    char digest[REGISTRY_DIGEST_BYTES];

    snprintf(digest, sizeof(digest), "%s", find_digest(placing));
    memcpy(ret_digest, digest, sizeof(digest));
    if (placing->need.goal->bundle[0] == '\0' && !placing->need.files->helper.answered)
        return REGISTRY_PLACING_WAIT; /* its files are being read */
    if (digest[0] == '\0')
        return REGISTRY_PLACING_PLAIN;
    if (strcmp(placing->placed, digest) == 0)
        return REGISTRY_PLACING_READY;
    if (strcmp(placing->failed, digest) != 0)
        place(placing, digest, now);
    return strcmp(placing->failed, digest) == 0 ? judge_failure(placing, digest)
                                                : REGISTRY_PLACING_WAIT;
}

bool registry_placing_is_busy(const struct registry_placing *placing)
{
    return registry_helper_is_busy(&placing->helper);
}

void registry_placing_fini(struct registry_placing *placing)
{
    registry_helper_fini(&placing->helper);
    if (placing->given_fd >= 0)
        close(placing->given_fd);
    placing->given_fd = -1;
}
