/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/bundle_keep.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "supervisord/cluster/bundle_talk.h"

static void note_history(struct bundle_store_state *state, int64_t wall_ns)
{
    memmove(&state->history[1], &state->history[0],
            (BUNDLE_STORE_KEPT - 1) * sizeof(state->history[0]));
    state->history[0] =
        (struct bundle_store_entry){.generation = state->current.generation, .wall_ns = wall_ns};
    memcpy(state->history[0].digest, state->current.digest, DIGEST_TEXT_BYTES);
    state->history_count =
        (uint8_t)(state->history_count + (state->history_count < BUNDLE_STORE_KEPT));
}

void bundle_keep_save(struct bundles_one *one, struct monotime now)
{
    struct bundle_store_job *job = &one->store.job;
    const bool is_voted = bundle_order_is_same(&one->next.acknowledged, &one->disk.acknowledged);
    const bool is_current = bundle_order_is_same(&one->next.current, &one->disk.current);
    const struct bundles_blob *blob = !is_voted ? &one->voted : !is_current ? &one->current : NULL;

    if (bundle_store_is_busy(&one->store)) {
        one->is_due = true;
        return;
    }
    /* One bundle at a time: what is acknowledged first, for somebody waits for it. */
    one->is_due = !is_voted && !is_current;
    job->state = one->disk;
    job->state.acknowledged = one->next.acknowledged;
    if (is_voted)
        job->state.current = one->next.current;
    job->digest[0] = '\0';
    if (blob && blob->bytes) {
        memcpy(job->digest, blob->digest, sizeof(job->digest));
        job->bytes = blob->bytes;
        job->length_bytes = blob->length_bytes;
    }
    if (is_voted && !is_current)
        note_history(&job->state, one->bundles->core->world.wall_ns);
    const int failed = bundle_store_begin(&one->store);
    if (failed < 0)
        one->store.done(one, failed, now);
}

static void handle_saved(void *owner, int result, struct monotime now)
{
    struct bundles_one *one = owner;
    struct bundle_order_report *self = &one->order.reports[one->order.self];

    char words[sizeof(one->disk_words)];

    if (result < 0) {
        snprintf(words, sizeof(words), "%.60s cannot be written: %s", one->store.job.folder,
                 strerror(-result));
        if (strcmp(words, one->disk_words) != 0) /* it is tried again and again */
            bundles_tell(one, LOG_LEVEL_ERR, now, "%s", words);
        memcpy(one->disk_words, words, sizeof(words));
        one->next.acknowledged = self->acknowledged;
        one->is_due = false;
    } else {
        one->disk_words[0] = '\0';
        one->disk = one->store.job.state;
        self->acknowledged = one->disk.acknowledged;
        self->current = one->disk.current;
        self->is_blank = one->next.is_blank = false;
    }
    bundle_talk_saved(one, result, now);
    if (one->is_due && !bundle_store_is_busy(&one->store))
        bundle_keep_save(one, now);
    bundles_judge(one, now);
}

void bundle_keep_vote(struct bundles_one *one, const struct bundle_order_version *version,
                      const uint8_t *bytes, size_t length_bytes, struct monotime now)
{
    if (one->voted.bytes != bytes &&
        bundles_blob_set(&one->voted, version->digest, bytes, length_bytes) < 0)
        return;
    one->next.acknowledged = *version;
    bundle_keep_save(one, now);
}

void bundle_keep_commit(struct bundles_one *one, const struct bundle_order_version *version,
                        const uint8_t *bytes, size_t length_bytes, struct monotime now)
{
    if (version->generation <= one->next.current.generation)
        return;
    if (one->current.bytes != bytes &&
        bundles_blob_set(&one->current, version->digest, bytes, length_bytes) < 0)
        return;
    bundles_tell(one, LOG_LEVEL_INFO, now, "generation %llu is current: %.12s",
                 (unsigned long long)version->generation, version->digest);
    one->next.current = *version;
    if (version->generation > one->next.acknowledged.generation) {
        one->next.acknowledged = *version;
        (void)bundles_blob_set(&one->voted, version->digest, one->current.bytes, length_bytes);
    }
    bundle_keep_save(one, now);
    bundles_judge(one, now);
}

void bundle_keep_open(struct bundles_one *one, struct monotime now)
{
    struct bundle_order_report *self = &one->next;
    struct file file;
    struct err err;

    bundle_store_init(&one->store, one->bundles->core->loop, one);
    one->store.done = handle_saved;
    snprintf(one->store.job.folder, sizeof(one->store.job.folder), BUNDLES_FOLDER "/%s", one->name);
    const int failed = bundle_store_read(one->store.job.folder, &one->disk, &err);
    self->is_blank = failed < 0;
    if (failed < 0 && failed != -ENOENT)
        bundles_tell(one, LOG_LEVEL_ERR, now, "%s", err.text);
    if (failed < 0)
        memset(&one->disk.acknowledged, 0, sizeof(one->disk.acknowledged));
    if (one->disk.current.generation > 0 &&
        bundle_store_read_bundle(one->store.job.folder, one->disk.current.digest, &file, &err) ==
            0) {
        (void)bundles_blob_set(&one->current, one->disk.current.digest, (uint8_t *)file.bytes,
                               file.length_bytes);
        explicit_bzero(file.bytes, file.length_bytes);
        file_free(&file);
    } else if (one->disk.current.generation > 0) {
        /* It is fetched again from a node that has it. */
        bundles_tell(one, LOG_LEVEL_ERR, now, "%s", err.text);
        memset(&one->disk.current, 0, sizeof(one->disk.current));
    }
    if (one->disk.acknowledged.generation > 0 &&
        bundle_store_read_bundle(one->store.job.folder, one->disk.acknowledged.digest, &file,
                                 &err) == 0) {
        (void)bundles_blob_set(&one->voted, one->disk.acknowledged.digest, (uint8_t *)file.bytes,
                               file.length_bytes);
        explicit_bzero(file.bytes, file.length_bytes);
        file_free(&file);
    }
    self->acknowledged = one->disk.acknowledged;
    self->current = one->disk.current;
}
