/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "registry-launcher/goal_check.h"
#include "registry-launcher/hook_check.h"
#include "registry-launcher/hook_queue.h"
#include "registry-launcher/policy.h"
#include "registry-launcher/runner.h"

#define HOOKS_MAX     256
#define LINES_MAX     8 /* of one program's output in the journal */
#define VARIABLES_MAX 16
#define VARIABLE_SIZE 640

struct hook {
    struct registry_hooks *hooks;
    bool wanted;                    /* else forgotten once it is told that it stopped */
    struct registry_hook_goal goal; /* the newest */
    struct registry_hook_goal told; /* the one of queue.told */
    struct registry_hook_queue queue;
    struct registry_runner runner;
    const char *program; /* that runs, in `told` */
    struct registry_hook_status status;
};

struct registry_hooks {
    const struct registry_hooks_params *params;
    struct hook *hooks[HOOKS_MAX];
    size_t count;
};

static void advance(struct hook *hook, struct monotime now);

static int path_of(const struct hook *hook, char path[PATH_MAX])
{
    const int length = snprintf(path, PATH_MAX, "%s/%s.%u.hook", hook->hooks->params->folder,
                                hook->goal.name, hook->goal.family);

    return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* A note that is of no use is none: at worst a change is told twice. */
static struct registry_hook_change read_note(const struct hook *hook)
{
    char path[PATH_MAX], text[64];
    unsigned state;
    long long since_ns;

    if (path_of(hook, path) < 0)
        return (struct registry_hook_change){0};
    CLEANUP(cleanup_close)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (length < 0)
        return (struct registry_hook_change){0};
    text[length] = '\0';
    if (sscanf(text, "%u %lld", &state, &since_ns) != 2 || state >= REGISTRY_HOOK_STATES)
        return (struct registry_hook_change){0};
    return (struct registry_hook_change){(uint8_t)state, since_ns};
}

static void write_note(const struct hook *hook)
{
    char path[PATH_MAX], text[64];

    if (path_of(hook, path) < 0)
        return;
    CLEANUP(cleanup_close)
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    const int length = snprintf(text, sizeof(text), "%u %lld\n", hook->queue.told.state,
                                (long long)hook->queue.told.since_ns);
    if (fd < 0 || write(fd, text, (size_t)length) != length)
        log_warning("a restart of the launcher would tell a hook again", "vrouter=%s",
                    hook->goal.name);
}

static void remove_note(const struct hook *hook)
{
    char path[PATH_MAX];

    if (path_of(hook, path) == 0)
        (void)unlink(path);
}

static void report(struct hook *hook)
{
    struct registry_hook_status *status = &hook->status;

    status->state = hook->queue.told.state;
    status->since_ns = hook->queue.told.since_ns;
    status->running = hook->queue.is_running;
    status->coalesced = hook->queue.coalesced;
    hook->hooks->params->changed(hook->hooks->params->owner, status);
}

static void note_failure(struct hook *hook, const char *words)
{
    hook->status.failures++;
    snprintf(hook->status.words, sizeof(hook->status.words), "%.60s: %.120s", hook->program, words);
    log_warning("a hook failed", "vrouter=%s state=%s program=%s reason=\"%s\"", hook->told.name,
                registry_message_hook_name(hook->queue.told.state), hook->program, words);
}

/* A few lines; a hook that says more has a log of its own. */
static void log_output(const struct hook *hook, const struct registry_runner_end *end)
{
    const char *line = end->output;
    char quoted[512];

    for (int lines = 0; *line != '\0' && lines < LINES_MAX; lines++) {
        const size_t length = strcspn(line, "\n");
        char text[200];

        snprintf(text, sizeof(text), "%.*s", (int)(length < 199 ? length : 199), line);
        if (length > 0)
            log_info("a hook says", "vrouter=%s program=%s text=\"%s\"", hook->told.name,
                     hook->program, log_quote(text, quoted, sizeof(quoted)));
        line += length + (line[length] == '\n');
    }
    if (*line != '\0' || end->dropped_bytes > 0)
        log_info("a hook says more than is kept", "vrouter=%s program=%s", hook->told.name,
                 hook->program);
}

static void forget(struct hook *hook)
{
    registry_runner_fini(&hook->runner);
    free(hook);
}

/* Those that nobody wants any more, once they have been told so. */
static void sweep(struct registry_hooks *hooks)
{
    size_t kept = 0;

    for (size_t at = 0; at < hooks->count; at++) {
        struct hook *hook = hooks->hooks[at];

        if (hook->wanted || !registry_hook_queue_is_idle(&hook->queue)) {
            hooks->hooks[kept++] = hook;
            continue;
        }
        remove_note(hook);
        forget(hook);
    }
    hooks->count = kept;
}

static void handle_done(void *owner, const struct registry_runner_end *end, struct monotime now)
{
    struct hook *hook = owner;
    char words[64];

    log_output(hook, end);
    if (end->timed_out)
        note_failure(hook, "it was killed, for its time was over");
    else if (end->known && (end->signalled || end->code != 0)) {
        snprintf(words, sizeof(words), "it ended with %s %d", end->signalled ? "signal" : "status",
                 end->code);
        note_failure(hook, words);
    }
    registry_hook_queue_ended(&hook->queue);
    advance(hook, now);
    sweep(hook->hooks); /* and `hook` may be gone */
}

struct variables {
    char texts[VARIABLES_MAX][VARIABLE_SIZE];
    const char *list[VARIABLES_MAX + 1];
    size_t count;
};

__attribute__((format(printf, 2, 3))) static void set(struct variables *variables,
                                                      const char *format, ...)
{
    va_list args;
    char *text = variables->texts[variables->count];

    va_start(args, format);
    vsnprintf(text, VARIABLE_SIZE, format, args);
    va_end(args);
    variables->list[variables->count++] = text;
    variables->list[variables->count] = NULL;
}

static void set_variables(struct variables *variables, const struct hook *hook)
{
    const struct registry_hook_goal *goal = &hook->told;

    set(variables, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    set(variables, "REGHA_VROUTER=%s", goal->name);
    set(variables, "REGHA_VRID=%u", goal->vrid);
    set(variables, "REGHA_INTERFACE=%s", goal->interface);
    set(variables, "REGHA_FROM=%s", registry_message_hook_name(goal->former));
    set(variables, "REGHA_TO=%s", registry_message_hook_name(hook->queue.told.state));
    set(variables, "REGHA_PRIORITY=%u", goal->priority);
    set(variables, "REGHA_REASON=%s", goal->reason);
    set(variables, "REGHA_ADDRESSES=%s", goal->addresses);
    set(variables, "REGHA_NODE=%s", goal->node);
}

/* keepalived's four arguments. */
static int start(struct hook *hook, struct monotime now, struct err *err)
{
    const struct registry_hooks_params *params = hook->hooks->params;
    struct registry_policy policy;
    struct variables variables = {.count = 0};
    char priority[8];
    const char *const argv[] = {hook->program,   "INSTANCE",
                                hook->told.name, registry_message_hook_name(hook->queue.told.state),
                                priority,        NULL};

    const int failed = registry_policy_allow(params->policy_path, REGISTRY_POLICY_HOOK,
                                             hook->program, &policy, err);
    if (failed < 0)
        return failed;
    snprintf(priority, sizeof(priority), "%u", hook->told.priority);
    set_variables(&variables, hook);
    const struct registry_runner_job job = {policy.user, argv, variables.list,
                                            hook->told.timeout_ns};
    return registry_runner_start(&hook->runner, &job, now, err);
}

static const char *const *split(const struct registry_hook_goal *goal,
                                const char *texts[REGISTRY_GOAL_TEXTS_MAX + 1], size_t *ret_count)
{
    *ret_count = registry_goal_check_split(goal->programs, goal->programs_bytes, texts);
    return texts;
}

static void advance(struct hook *hook, struct monotime now)
{
    const struct registry_hook_change before = hook->queue.told;
    const bool was_done = hook->queue.is_done;
    const char *texts[REGISTRY_GOAL_TEXTS_MAX + 1];
    struct err err;
    size_t count, at;

    split(&hook->goal, texts, &count);
    while (registry_hook_queue_next(&hook->queue, count, &at)) {
        if (at == 0) {
            hook->told = hook->goal;
            log_info("hooks are told", "vrouter=%s state=%s programs=%zu", hook->goal.name,
                     registry_message_hook_name(hook->queue.told.state), count);
        }
        hook->program = split(&hook->told, texts, &count)[at];
        hook->status.runs++;
        if (start(hook, now, &err) == 0)
            break;
        note_failure(hook, err.text);
        registry_hook_queue_ended(&hook->queue);
    }
    if (hook->queue.is_done && (!was_done || before.since_ns != hook->queue.told.since_ns))
        write_note(hook);
    report(hook);
}

static struct hook *find(const struct registry_hooks *hooks, const struct registry_hook_goal *goal)
{
    for (size_t at = 0; at < hooks->count; at++)
        if (strcmp(hooks->hooks[at]->goal.name, goal->name) == 0 &&
            hooks->hooks[at]->goal.family == goal->family)
            return hooks->hooks[at];
    return NULL;
}

static struct hook *add(struct registry_hooks *hooks, const struct registry_hook_goal *goal)
{
    struct hook *hook = hooks->count < HOOKS_MAX ? calloc(1, sizeof(*hook)) : NULL;

    if (hook == NULL) {
        log_err("there is no room for another hook", "vrouter=%s", goal->name);
        return NULL;
    }
    hook->hooks = hooks;
    hook->goal = *goal;
    memcpy(hook->status.name, goal->name, sizeof(hook->status.name));
    hook->status.family = goal->family;
    registry_hook_queue_init(&hook->queue, read_note(hook));
    registry_runner_init(&hook->runner, hooks->params->loop, "hook", hook);
    hook->runner.done = handle_done;
    hooks->hooks[hooks->count++] = hook;
    return hook;
}

static void want(struct hook *hook, const struct registry_hook_goal *goal, struct monotime now)
{
    hook->wanted = true;
    if (goal->state == REGISTRY_HOOK_NONE)
        return;
    hook->goal = *goal;
    registry_hook_queue_want(&hook->queue,
                             (struct registry_hook_change){goal->state, goal->since_ns});
    advance(hook, now);
}

/* Who was never told anything need not be told that it is over. */
static void stop(struct hook *hook, struct monotime now)
{
    hook->wanted = false;
    if (hook->queue.wanted.state == REGISTRY_HOOK_NONE ||
        hook->queue.wanted.state == REGISTRY_HOOK_STOP)
        return;
    hook->goal.former = hook->queue.wanted.state;
    hook->goal.state = REGISTRY_HOOK_STOP;
    registry_hook_queue_want(&hook->queue,
                             (struct registry_hook_change){REGISTRY_HOOK_STOP, now.ns});
    advance(hook, now);
}

static bool is_in(const struct registry_hook_goal *const *goals, size_t count,
                  const struct registry_hook_goal *goal)
{
    for (size_t at = 0; at < count; at++)
        if (strcmp(goals[at]->name, goal->name) == 0 && goals[at]->family == goal->family)
            return true;
    return false;
}

void registry_hooks_want(struct registry_hooks *hooks,
                         const struct registry_hook_goal *const *goals, size_t count, bool partial,
                         struct monotime now)
{
    for (size_t at = 0; at < hooks->count && !partial; at++)
        if (hooks->hooks[at]->wanted && !is_in(goals, count, &hooks->hooks[at]->goal))
            stop(hooks->hooks[at], now);
    sweep(hooks);
    for (size_t at = 0; at < count; at++) {
        const char *fault = registry_hook_check_fault(goals[at]);
        if (fault != NULL) {
            log_err("a goal for a hook makes no sense", "reason=\"%s\"", fault);
            continue;
        }
        struct hook *hook = find(hooks, goals[at]);
        if (hook == NULL)
            hook = add(hooks, goals[at]);
        if (hook != NULL)
            want(hook, goals[at], now);
    }
}

void registry_hooks_stop(struct registry_hooks *hooks, struct monotime now)
{
    for (size_t at = 0; at < hooks->count; at++)
        stop(hooks->hooks[at], now);
}

bool registry_hooks_are_idle(const struct registry_hooks *hooks)
{
    for (size_t at = 0; at < hooks->count; at++)
        if (!registry_hook_queue_is_idle(&hooks->hooks[at]->queue))
            return false;
    return true;
}

const struct registry_hook_status *registry_hooks_status(const struct registry_hooks *hooks,
                                                         size_t at)
{
    return at < hooks->count ? &hooks->hooks[at]->status : NULL;
}

int registry_hooks_new(const struct registry_hooks_params *params,
                       struct registry_hooks **ret_hooks, struct err *err)
{
    struct registry_hooks *hooks = calloc(1, sizeof(*hooks));

    if (hooks == NULL)
        return err_set(err, ENOMEM, "no memory for the hooks");
    hooks->params = params;
    *ret_hooks = hooks;
    return 0;
}

void registry_hooks_free(struct registry_hooks *hooks)
{
    if (hooks == NULL)
        return;
    for (size_t at = 0; at < hooks->count; at++)
        forget(hooks->hooks[at]);
    free(hooks);
}
