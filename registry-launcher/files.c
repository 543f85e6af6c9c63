/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/files.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "registry-launcher/policy.h"

static void take_bundle(struct registry_files *files, struct registry_captured *captured)
{
    const struct registry_params *params = files->params;

    if (files->bundle_fd >= 0)
        close(files->bundle_fd);
    files->bundle_fd = cleanup_take_fd(&captured->bundle_fd);
    files->bundle_changed = true;
    memcpy(files->captured.name, params->name, sizeof(files->captured.name));
    memcpy(files->captured.path, params->config, sizeof(files->captured.path));
    memcpy(files->captured.digest, captured->digest, sizeof(files->captured.digest));
    files->captured.bundle_bytes = captured->bundle_bytes;
}

static void settle(struct registry_files *files, struct registry_captured *captured, bool ours,
                   struct monotime now)
{
    const bool same = strcmp(captured->digest, files->captured.digest) == 0;

    files->bundle_changed = false;
    if (captured->bundle_fd >= 0 && (!same || files->bundle_fd < 0))
        take_bundle(files, captured);
    if (captured->bundle_fd >= 0)
        close(captured->bundle_fd);
    captured->bundle_fd = -1;
    files->last = *captured;
    files->changed(files->owner, ours, now);
}

static void fail(struct registry_files *files, const char *words, struct monotime now)
{
    struct registry_captured captured = {.bundle_fd = -1};

    snprintf(captured.error, sizeof(captured.error), "%.190s", words);
    settle(files, &captured, true, now);
}

/* Who may read is in the policy, which root may have changed since. */
static void start(struct registry_files *files, struct monotime now)
{
    struct registry_policy policy;
    struct err err;

    files->again = false;
    if (registry_policy_read(files->policy_path, files->params->name, &policy, &err) < 0 ||
        registry_capture_start(&files->helper, policy.user, files->params, now, &err) < 0)
        fail(files, err.text, now);
}

static void handle_answer(void *owner, struct registry_helper_answer *answer, struct monotime now)
{
    struct registry_files *files = owner;
    struct registry_policy policy = {.user = "its user"};
    struct registry_captured captured;
    struct err err;

    (void)registry_policy_read(files->policy_path, files->params->name, &policy, &err);
    registry_capture_read(answer, policy.user, &captured);
    settle(files, &captured, !files->again, now);
}

static void plan(struct registry_files *files, int64_t wait_ns, struct monotime now)
{
    /* Without memory for a timer the next start reads them. */
    (void)loop_timer_set(files->loop, &files->timer, monotime_add(now, wait_ns));
}

static void handle_timer(struct loop_timer *timer, struct monotime now)
{
    struct registry_files *files = timer->owner;

    /* One that hangs is not joined by others. */
    if (!registry_helper_is_busy(&files->helper))
        start(files, now);
    plan(files, REGISTRY_FILES_EVERY_NS, now);
}

static void handle_idle(void *owner, struct monotime now)
{
    struct registry_files *files = owner;

    if (files->again)
        start(files, now);
}

void registry_files_init(struct registry_files *files, struct loop *loop,
                         const struct registry_params *params, const char *policy_path)
{
    *files = (struct registry_files){.loop = loop,
                                     .policy_path = policy_path,
                                     .params = params,
                                     .last = {.bundle_fd = -1},
                                     .bundle_fd = -1};
    registry_helper_init(&files->helper, loop, "registry-files", files);
    files->helper.done = handle_answer;
    files->helper.idle = handle_idle;
    loop_timer_init(&files->timer, "registry-files", handle_timer, files);
}

void registry_files_read(struct registry_files *files, struct monotime now)
{
    if (registry_helper_is_busy(&files->helper))
        files->again = true;
    else
        start(files, now);
    plan(files, REGISTRY_FILES_EVERY_NS, now);
}

void registry_files_stop(struct registry_files *files)
{
    files->again = false;
    loop_timer_cancel(files->loop, &files->timer);
    registry_helper_stop(&files->helper);
}

bool registry_files_is_busy(const struct registry_files *files)
{
    return registry_helper_is_busy(&files->helper);
}

void registry_files_fini(struct registry_files *files)
{
    registry_files_stop(files);
    registry_helper_fini(&files->helper);
    if (files->bundle_fd >= 0)
        close(files->bundle_fd);
    files->bundle_fd = -1;
}
