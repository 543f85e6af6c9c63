/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/message.h"

#include <assert.h>

#include "base/bundle.h"

/* Members of the params inside a goal: their places are counted from the goal. */
#define PARAMS_INT(name)  WIRE_INT(registry_goal, params.name)
#define PARAMS_LIST(name) WIRE_BLOCK(registry_goal, params.name, params.name##_bytes)

static const struct wire_field goal_fields[] = {
    WIRE_TEXT(registry_goal, params.name),
    WIRE_TEXT(registry_goal, params.config),
    PARAMS_LIST(files),
    PARAMS_LIST(argv),
    PARAMS_LIST(environment),
    WIRE_TEXT(registry_goal, params.environment_file),
    WIRE_UPTO(registry_goal, params.backend, REGISTRY_BACKEND_SYSTEMD),
    WIRE_UPTO(registry_goal, params.drain_ns, INT64_MAX),
    WIRE_BOOL(registry_goal, params.handover),
    PARAMS_INT(restart.budget),
    WIRE_UPTO(registry_goal, params.restart.window_ns, INT64_MAX),
    WIRE_UPTO(registry_goal, params.restart.first_ns, INT64_MAX),
    WIRE_UPTO(registry_goal, params.restart.max_ns, INT64_MAX),
    WIRE_TEXT(registry_goal, params.listen),
    WIRE_BOOL(registry_goal, run),
    WIRE_INT(registry_goal, restart_serial),
    WIRE_BOOL(registry_goal, readonly),
    WIRE_BOOL(registry_goal, no_purging),
    WIRE_TEXT(registry_goal, bundle),
    WIRE_END,
};

const struct wire_layout registry_message_goal = {
    .type = REGISTRY_MESSAGE_GOAL,
    .version = 3,
    .struct_bytes = sizeof(struct registry_goal),
    .fields = goal_fields,
    .name = "registry goal",
};

/* A field each: the layouts know lists of structs only, and an array of numbers is none. */
#define EXITS(cause) WIRE_INT(registry_status, exits[cause])

static const struct wire_field status_fields[] = {
    WIRE_TEXT(registry_status, name),
    WIRE_UPTO(registry_status, state, REGISTRY_STATES - 1),
    WIRE_UPTO(registry_status, backend, REGISTRY_BACKEND_SYSTEMD),
    WIRE_BOOL(registry_status, run),
    WIRE_BOOL(registry_status, readonly),
    WIRE_BOOL(registry_status, no_purging),
    WIRE_UPTO(registry_status, pid, INT64_MAX),
    WIRE_UPTO(registry_status, draining_pid, INT64_MAX),
    WIRE_UPTO(registry_status, started_ns, INT64_MAX),
    WIRE_INT(registry_status, starts),
    EXITS(REGISTRY_CAUSE_NONE),
    EXITS(REGISTRY_CAUSE_ASKED),
    EXITS(REGISTRY_CAUSE_KILLED),
    EXITS(REGISTRY_CAUSE_EXITED),
    EXITS(REGISTRY_CAUSE_SIGNALLED),
    EXITS(REGISTRY_CAUSE_OOM),
    EXITS(REGISTRY_CAUSE_NO_BINARY),
    EXITS(REGISTRY_CAUSE_PORT_TAKEN),
    EXITS(REGISTRY_CAUSE_REFUSED),
    EXITS(REGISTRY_CAUSE_UNKNOWN),
    WIRE_UPTO(registry_status, cause, REGISTRY_CAUSES - 1),
    WIRE_INT(registry_status, code),
    WIRE_TEXT(registry_status, detail),
    WIRE_TEXT(registry_status, digest),
    WIRE_TEXT(registry_status, captured_digest),
    WIRE_TEXT(registry_status, captured_error),
    WIRE_TEXT(registry_status, bundle_error),
    WIRE_END,
};
_Static_assert(REGISTRY_CAUSES == 10, "a cause without its field in the layout");

const struct wire_layout registry_message_status = {
    .type = REGISTRY_MESSAGE_STATUS,
    .version = 3,
    .struct_bytes = sizeof(struct registry_status),
    .fields = status_fields,
    .name = "registry status",
};

static const struct wire_field capture_fields[] = {
    WIRE_TEXT(registry_capture, name),
    WIRE_TEXT(registry_capture, path),
    WIRE_TEXT(registry_capture, digest),
    WIRE_UPTO(registry_capture, bundle_bytes, BUNDLE_BYTES_MAX),
    WIRE_END,
};

const struct wire_layout registry_message_capture = {
    .type = REGISTRY_MESSAGE_CAPTURE,
    .version = 2,
    .struct_bytes = sizeof(struct registry_capture),
    .fields = capture_fields,
    .name = "registry capture",
};

static const struct wire_field bundle_fields[] = {
    WIRE_TEXT(registry_bundle, name),
    WIRE_TEXT(registry_bundle, digest),
    WIRE_UPTO(registry_bundle, bundle_bytes, BUNDLE_BYTES_MAX),
    WIRE_END,
};

const struct wire_layout registry_message_bundle = {
    .type = REGISTRY_MESSAGE_BUNDLE,
    .version = 1,
    .struct_bytes = sizeof(struct registry_bundle),
    .fields = bundle_fields,
    .name = "registry bundle",
};

static const struct wire_field hook_goal_fields[] = {
    WIRE_TEXT(registry_hook_goal, name),
    WIRE_INT(registry_hook_goal, vrid),
    WIRE_INT(registry_hook_goal, family),
    WIRE_UPTO(registry_hook_goal, state, REGISTRY_HOOK_STATES - 1),
    WIRE_UPTO(registry_hook_goal, former, REGISTRY_HOOK_STATES - 1),
    WIRE_INT(registry_hook_goal, priority),
    WIRE_UPTO(registry_hook_goal, since_ns, INT64_MAX),
    WIRE_UPTO(registry_hook_goal, timeout_ns, INT64_MAX),
    WIRE_TEXT(registry_hook_goal, node),
    WIRE_TEXT(registry_hook_goal, interface),
    WIRE_TEXT(registry_hook_goal, reason),
    WIRE_TEXT(registry_hook_goal, addresses),
    WIRE_BLOCK(registry_hook_goal, programs, programs_bytes),
    WIRE_END,
};

const struct wire_layout registry_message_hook_goal = {
    .type = REGISTRY_MESSAGE_HOOK_GOAL,
    .version = 1,
    .struct_bytes = sizeof(struct registry_hook_goal),
    .fields = hook_goal_fields,
    .name = "hook goal",
};

static const struct wire_field hook_status_fields[] = {
    WIRE_TEXT(registry_hook_status, name),
    WIRE_INT(registry_hook_status, family),
    WIRE_UPTO(registry_hook_status, state, REGISTRY_HOOK_STATES - 1),
    WIRE_UPTO(registry_hook_status, since_ns, INT64_MAX),
    WIRE_BOOL(registry_hook_status, running),
    WIRE_INT(registry_hook_status, runs),
    WIRE_INT(registry_hook_status, failures),
    WIRE_INT(registry_hook_status, coalesced),
    WIRE_TEXT(registry_hook_status, words),
    WIRE_END,
};

const struct wire_layout registry_message_hook_status = {
    .type = REGISTRY_MESSAGE_HOOK_STATUS,
    .version = 1,
    .struct_bytes = sizeof(struct registry_hook_status),
    .fields = hook_status_fields,
    .name = "hook status",
};

static const struct wire_field exec_goal_fields[] = {
    WIRE_TEXT(registry_exec_goal, name),
    WIRE_INT(registry_exec_goal, serial),
    WIRE_UPTO(registry_exec_goal, timeout_ns, INT64_MAX),
    WIRE_BLOCK(registry_exec_goal, argv, argv_bytes),
    WIRE_END,
};

const struct wire_layout registry_message_exec_goal = {
    .type = REGISTRY_MESSAGE_EXEC_GOAL,
    .version = 1,
    .struct_bytes = sizeof(struct registry_exec_goal),
    .fields = exec_goal_fields,
    .name = "exec goal",
};

static const struct wire_field exec_status_fields[] = {
    WIRE_TEXT(registry_exec_status, name),
    WIRE_INT(registry_exec_status, serial),
    WIRE_UPTO(registry_exec_status, end, REGISTRY_EXEC_ENDS - 1),
    WIRE_INT(registry_exec_status, code),
    WIRE_TEXT(registry_exec_status, words),
    WIRE_END,
};

const struct wire_layout registry_message_exec_status = {
    .type = REGISTRY_MESSAGE_EXEC_STATUS,
    .version = 1,
    .struct_bytes = sizeof(struct registry_exec_status),
    .fields = exec_status_fields,
    .name = "exec status",
};

const char *registry_message_state_name(enum registry_state state)
{
    static const char *const names[REGISTRY_STATES] = {
        [REGISTRY_STOPPED] = "stopped",  [REGISTRY_STARTING] = "starting",
        [REGISTRY_RUNNING] = "running",  [REGISTRY_STOPPING] = "stopping",
        [REGISTRY_BACKOFF] = "back-off", [REGISTRY_FAILED] = "failed",
    };

    assert(state < REGISTRY_STATES);
    return names[state];
}

const char *registry_message_cause_name(enum registry_cause cause)
{
    static const char *const names[REGISTRY_CAUSES] = {
        [REGISTRY_CAUSE_NONE] = "none",           [REGISTRY_CAUSE_ASKED] = "asked",
        [REGISTRY_CAUSE_KILLED] = "killed",       [REGISTRY_CAUSE_EXITED] = "exited",
        [REGISTRY_CAUSE_SIGNALLED] = "signalled", [REGISTRY_CAUSE_OOM] = "oom",
        [REGISTRY_CAUSE_NO_BINARY] = "no-binary", [REGISTRY_CAUSE_PORT_TAKEN] = "port-taken",
        [REGISTRY_CAUSE_REFUSED] = "refused",     [REGISTRY_CAUSE_UNKNOWN] = "unknown",
    };

    assert(cause < REGISTRY_CAUSES);
    return names[cause];
}

const char *registry_message_hook_name(enum registry_hook_state state)
{
    static const char *const names[REGISTRY_HOOK_STATES] = {
        [REGISTRY_HOOK_NONE] = "NONE",     [REGISTRY_HOOK_MASTER] = "MASTER",
        [REGISTRY_HOOK_BACKUP] = "BACKUP", [REGISTRY_HOOK_FAULT] = "FAULT",
        [REGISTRY_HOOK_STOP] = "STOP",
    };

    assert(state < REGISTRY_HOOK_STATES);
    return names[state];
}
