/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speaks to a real regha-launcher as reghad would. Lines on stdin: "goal KEY=VALUE\t..." (lists with
 * '|' between their texts), "end", "partial". States come out as lines "KIND\tKEY=VALUE\t...".
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bundle.h"
#include "base/channel.h"
#include "base/loop.h"
#include "base/process.h"
#include "registry-launcher/message.h"

#define LINE_BYTES 8192

struct program {
    struct loop *loop;
    struct loop_io input;
    struct channel_client *client;
    char text[LINE_BYTES];
    size_t used;
};

static void set_list(char *list, uint16_t *used, const char *value)
{
    const size_t length = strlen(value);

    *used = 0;
    if (length == 0 || length >= REGISTRY_LIST_BYTES)
        return;
    memcpy(list, value, length + 1);
    for (size_t at = 0; at < length; at++)
        if (list[at] == '|')
            list[at] = '\0';
    *used = (uint16_t)(length + 1);
}

static void set_text(char *text, size_t size_bytes, const char *value)
{
    snprintf(text, size_bytes, "%s", value);
}

static void set(struct registry_goal *goal, const char *key, const char *value)
{
    struct registry_params *params = &goal->params;
    const long long number = strtoll(value, NULL, 10);

    if (strcmp(key, "name") == 0)
        set_text(params->name, sizeof(params->name), value);
    else if (strcmp(key, "config") == 0)
        set_text(params->config, sizeof(params->config), value);
    else if (strcmp(key, "listen") == 0)
        set_text(params->listen, sizeof(params->listen), value);
    else if (strcmp(key, "argv") == 0)
        set_list(params->argv, &params->argv_bytes, value);
    else if (strcmp(key, "environment") == 0)
        set_list(params->environment, &params->environment_bytes, value);
    else if (strcmp(key, "files") == 0)
        set_list(params->files, &params->files_bytes, value);
    else if (strcmp(key, "backend") == 0)
        params->backend = (uint8_t)number;
    else if (strcmp(key, "drain_ms") == 0)
        params->drain_ns = number * NS_PER_MS;
    else if (strcmp(key, "budget") == 0)
        params->restart.budget = (uint32_t)number;
    else if (strcmp(key, "window_ms") == 0)
        params->restart.window_ns = number * NS_PER_MS;
    else if (strcmp(key, "first_ms") == 0)
        params->restart.first_ns = number * NS_PER_MS;
    else if (strcmp(key, "max_ms") == 0)
        params->restart.max_ns = number * NS_PER_MS;
    else if (strcmp(key, "handover") == 0)
        params->handover = number != 0;
    else if (strcmp(key, "run") == 0)
        goal->run = number != 0;
    else if (strcmp(key, "serial") == 0)
        goal->restart_serial = (uint32_t)number;
    else if (strcmp(key, "readonly") == 0)
        goal->readonly = number != 0;
    else if (strcmp(key, "no_purging") == 0)
        goal->no_purging = number != 0;
    else if (strcmp(key, "environment_file") == 0)
        set_text(params->environment_file, sizeof(params->environment_file), value);
}

static void send_goal(struct program *program, char *fields)
{
    struct registry_goal goal = {.run = false};
    char *rest = NULL;

    for (char *field = strtok_r(fields, "\t", &rest); field != NULL;
         field = strtok_r(NULL, "\t", &rest)) {
        char *equals = strchr(field, '=');

        if (equals == NULL)
            continue;
        *equals = '\0';
        set(&goal, field, equals + 1);
    }
    const int failed = channel_client_want(program->client, &registry_message_goal, &goal);
    if (failed < 0)
        printf("error\ttext=%s\n", strerror(-failed));
}

static void send_programs(struct program *program, const struct wire_layout *layout,
                          const void *goal)
{
    const int failed = channel_client_want(program->client, layout, goal);

    if (failed < 0)
        printf("error\ttext=%s\n", strerror(-failed));
}

/* "hook NAME STATE SINCE TIMEOUT_MS PROGRAM|PROGRAM" */
static void send_hook(struct program *program, const char *words)
{
    struct registry_hook_goal goal = {.vrid = 51,
                                      .family = 2,
                                      .priority = 150,
                                      .node = "n1",
                                      .interface = "lab0",
                                      .reason = "link",
                                      .addresses = "10.0.0.100 10.0.0.101"};
    char programs[REGISTRY_LIST_BYTES] = "";
    unsigned state = 0;
    long long since = 0, timeout_ms = 0;

    sscanf(words, "%31s %u %lld %lld %1000s", goal.name, &state, &since, &timeout_ms, programs);
    goal.state = (uint8_t)state;
    goal.since_ns = since;
    goal.timeout_ns = timeout_ms * NS_PER_MS;
    set_list(goal.programs, &goal.programs_bytes, programs);
    send_programs(program, &registry_message_hook_goal, &goal);
}

/* "exec NAME SERIAL TIMEOUT_MS ARGV|ARGV" */
static void send_exec(struct program *program, const char *words)
{
    struct registry_exec_goal goal = {.serial = 0};
    char argv[REGISTRY_LIST_BYTES] = "";
    long long timeout_ms = 0;

    sscanf(words, "%31s %u %lld %1000[^\n]", goal.name, &goal.serial, &timeout_ms, argv);
    goal.timeout_ns = timeout_ms * NS_PER_MS;
    set_list(goal.argv, &goal.argv_bytes, argv);
    send_programs(program, &registry_message_exec_goal, &goal);
}

static void handle_line(struct program *program, char *line)
{
    if (strncmp(line, "hook ", 5) == 0)
        send_hook(program, line + 5);
    if (strncmp(line, "exec ", 5) == 0)
        send_exec(program, line + 5);
    if (strncmp(line, "goal ", 5) == 0)
        send_goal(program, line + 5);
    else if (strcmp(line, "end") == 0 || strcmp(line, "partial") == 0)
        (void)channel_client_end(program->client, strcmp(line, "partial") == 0);
}

static void handle_input(struct loop_io *io, unsigned events, struct monotime now)
{
    struct program *program = io->owner;
    const ssize_t got =
        read(io->fd, program->text + program->used, sizeof(program->text) - program->used);
    char *begin = program->text;

    (void)events;
    (void)now;
    if (got <= 0) {
        loop_stop(program->loop, 0);
        return;
    }
    program->used += (size_t)got;
    for (char *end = memchr(begin, '\n', program->used); end != NULL;
         end = memchr(begin, '\n', program->used)) {
        *end = '\0';
        handle_line(program, begin);
        program->used -= (size_t)(end + 1 - begin);
        begin = end + 1;
    }
    memmove(program->text, begin, program->used);
}

static void print_status(const struct registry_status *status)
{
    printf("status\tname=%s\tstate=%s\tpid=%lld\trun=%d\tbackend=%u\tstarts=%u\tcause=%s\tcode=%d"
           "\tdigest=%s\tcaptured_digest=%s\tcaptured_error=%s\tdetail=%s\tstarted_ns=%lld"
           "\treadonly=%d\tno_purging=%d\tdraining_pid=%lld\tbundle_error=%s",
           status->name, registry_message_state_name(status->state), (long long)status->pid,
           status->run, status->backend, status->starts, registry_message_cause_name(status->cause),
           status->code, status->digest, status->captured_digest, status->captured_error,
           status->detail, (long long)status->started_ns, status->readonly, status->no_purging,
           (long long)status->draining_pid, status->bundle_error);
    for (unsigned cause = 0; cause < REGISTRY_CAUSES; cause++)
        printf("\texits_%s=%u", registry_message_cause_name(cause), status->exits[cause]);
    printf("\n");
}

/* The whole of it, so that a test can compare it with the file. */
static void print_capture(struct channel_message *state)
{
    const struct registry_capture *capture = state->value;
    uint8_t *bytes = calloc(1, capture->bundle_bytes + 1);
    const ssize_t got = bytes == NULL ? -1 : pread(state->fd, bytes, capture->bundle_bytes, 0);
    const bool writable = pwrite(state->fd, "x", 1, 0) == 1;
    struct bundle bundle = {.count = 0};

    if (got <= 0 || bundle_decode(bytes, (size_t)got, &bundle) < 0)
        printf("what was captured is no bundle\n");
    printf("capture\tname=%s\tpath=%s\tdigest=%s\twritable=%d\ttext=", capture->name, capture->path,
           capture->digest, writable);
    for (size_t at = 0; bundle.count > 0 && at < bundle_config(&bundle)->data_bytes; at++)
        printf("%02x", (unsigned char)bundle_config(&bundle)->data[at]);
    printf("\n");
    free(bytes);
}

static void print_hook(const struct registry_hook_status *status)
{
    printf("hook\tname=%s\tstate=%s\tsince=%lld\trunning=%d\truns=%u\tfailures=%u"
           "\tcoalesced=%u\twords=%s\n",
           status->name, registry_message_hook_name(status->state), (long long)status->since_ns,
           status->running, status->runs, status->failures, status->coalesced, status->words);
}

static void print_exec(const struct registry_exec_status *status)
{
    printf("exec\tname=%s\tserial=%u\tend=%u\tcode=%d\twords=%s\n", status->name, status->serial,
           status->end, status->code, status->words);
}

static void handle_received(void *owner, struct channel_message *state, struct monotime now)
{
    (void)owner;
    (void)now;
    if (state->layout == &registry_message_status)
        print_status(state->value);
    else if (state->layout == &registry_message_capture)
        print_capture(state);
    else if (state->layout == &registry_message_hook_status)
        print_hook(state->value);
    else if (state->layout == &registry_message_exec_status)
        print_exec(state->value);
    else
        printf("process\tpid=%lld\tstalls=%llu\tworst=%s\tworst_ns=%lld\n",
               (long long)((const struct process_state *)state->value)->pid,
               (unsigned long long)((const struct process_state *)state->value)->stalls,
               ((const struct process_state *)state->value)->worst_name,
               (long long)((const struct process_state *)state->value)->worst_ns);
}

static void handle_ready(void *owner, struct monotime now)
{
    (void)owner;
    (void)now;
    printf("ready\n");
}

static void handle_lost(void *owner, struct monotime now)
{
    (void)owner;
    (void)now;
    printf("lost\n");
}

int main(void)
{
    static const struct wire_layout *const states[] = {
        &process_state_layout,         &registry_message_status,      &registry_message_capture,
        &registry_message_hook_status, &registry_message_exec_status, NULL};
    static struct program program;
    const struct passwd *server = getpwnam(PROCESS_LAUNCHER_USER);
    struct err err;

    setvbuf(stdout, NULL, _IOLBF, 0);
    const struct channel_client_params params = {
        .path = PROCESS_LAUNCHER_SOCKET,
        .server_user = server != NULL ? server->pw_uid : 0,
        .states = states,
        .owner = &program,
        .received = handle_received,
        .ready = handle_ready,
        .lost = handle_lost,
    };
    program.input = (struct loop_io){
        .name = "input", .fd = STDIN_FILENO, .handle = handle_input, .owner = &program};
    if (loop_new(NS_PER_S, &program.loop, &err) < 0 ||
        loop_io_start(program.loop, &program.input, LOOP_READ) < 0 ||
        channel_client_open(program.loop, &params, &program.client, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    return loop_run(program.loop);
}
