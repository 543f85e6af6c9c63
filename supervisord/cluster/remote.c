/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisord/console/line.h"

#define POLL_NS (20 * NS_PER_MS)

/* First words of what other nodes may have done here. */
static const char *const remote_verbs[] = {"maint",  "drain",      "ready",    "pause",
                                           "resume", "switchover", "failover", NULL};

enum ticket_state {
    TICKET_FREE,
    TICKET_ASKED,
    TICKET_ANSWERED,
};

/* What somebody here asked of another node. */
struct ticket {
    struct remote *remote;
    enum ticket_state state;
    uint64_t number;
    size_t node;
    int32_t result;
    char *text;
    size_t text_bytes;
};

/* What another node asked of this one. */
struct visit {
    uint64_t call; /* 0: free */
    struct command_caller caller;
};

struct remote {
    struct core *core;
    struct command_desk desk;
    struct loop_timer poll;
    uint64_t tickets_given;
    struct ticket tickets[REMOTE_TICKETS];
    struct visit visits[REMOTE_VISITS];
};

/* Asking. */

static void clear(struct ticket *ticket)
{
    free(ticket->text);
    ticket->text = NULL;
    ticket->text_bytes = 0;
    ticket->state = TICKET_FREE;
}

/* A free one, or else the oldest answer that nobody took: whoever asked has left. */
static struct ticket *find_room(struct remote *remote)
{
    struct ticket *oldest = NULL;

    for (size_t at = 0; at < REMOTE_TICKETS; at++) {
        struct ticket *ticket = &remote->tickets[at];

        if (ticket->state == TICKET_FREE)
            return ticket;
        if (ticket->state == TICKET_ANSWERED && (!oldest || ticket->number < oldest->number))
            oldest = ticket;
    }
    if (oldest)
        clear(oldest);
    return oldest;
}

static void take_answer(void *owner, const struct requests_reply *reply, struct monotime now)
{
    struct ticket *ticket = owner;

    (void)now;
    ticket->state = TICKET_ANSWERED;
    ticket->result = reply->result;
    ticket->text = reply->body_bytes > 0 ? malloc(reply->body_bytes) : NULL;
    ticket->text_bytes = ticket->text ? reply->body_bytes : 0;
    if (ticket->text)
        memcpy(ticket->text, reply->body, reply->body_bytes);
}

int remote_ask(struct remote *remote, size_t node, const struct command_order *order,
               uint64_t *ret_ticket)
{
    struct ticket *ticket = find_room(remote);
    const struct requests_question question = {
        .node = node,
        .type = REQUESTS_VERB,
        .uid = order->uid,
        .body = (const uint8_t *)order->line,
        .body_bytes = strlen(order->line),
        .deadline = monotime_add(monotime_now(), order->patience_ns),
        .answered = take_answer,
        .owner = ticket,
    };

    if (!ticket)
        return -EBUSY;
    const int failed = requests_send(remote->core->requests, &question);
    if (failed < 0)
        return failed;
    ticket->remote = remote;
    ticket->state = TICKET_ASKED;
    ticket->number = ++remote->tickets_given;
    ticket->node = node;
    *ret_ticket = ticket->number;
    return 0;
}

static int say_failure(const struct ticket *ticket, const struct world *world, FILE *out)
{
    const char *name =
        ticket->node < world->node_count ? world->nodes[ticket->node].settings.name : "that node";

    switch (-ticket->result) {
    case ETIMEDOUT:
        fprintf(out, "%s did not answer in time; whether it did it is not known\n", name);
        return WORLD_TIMEOUT;
    case EOPNOTSUPP:
        fprintf(out, "%s cannot do that: its version does not know it\n", name);
        return WORLD_FAILED;
    case EPROTO:
        fprintf(out, "%s cut the connection: it has another cluster key, or other nodes\n", name);
        return WORLD_PRECONDITION;
    default:
        fprintf(out, "%s cannot be asked: %s\n", name, strerror(-ticket->result));
        return WORLD_PRECONDITION;
    }
}

/* What another node says reaches terminals: no control characters, and none of its numbers. */
static void say_text(const struct ticket *ticket, FILE *out)
{
    for (size_t at = 0; at < ticket->text_bytes; at++) {
        const unsigned char byte = (unsigned char)ticket->text[at];

        fputc(byte == '\n' || (byte >= ' ' && byte < 0x7f) ? byte : '?', out);
    }
    if (ticket->text_bytes > 0 && ticket->text[ticket->text_bytes - 1] != '\n')
        fputc('\n', out);
}

int remote_take(struct remote *remote, uint64_t number, FILE *out)
{
    for (size_t at = 0; at < REMOTE_TICKETS; at++) {
        struct ticket *ticket = &remote->tickets[at];
        int result = ticket->result;

        if (ticket->state == TICKET_FREE || ticket->number != number)
            continue;
        if (ticket->state == TICKET_ASKED)
            return COMMAND_WAITS;
        if (result < 0)
            result = say_failure(ticket, &remote->core->world, out);
        else
            say_text(ticket, out);
        clear(ticket);
        return result < WORLD_RESULTS ? result : WORLD_FAILED;
    }
    fprintf(out, "too many others asked meanwhile; whether it was done is not known\n");
    return WORLD_FAILED;
}

/* Serving. */

static bool may_be_remote(const struct line_command *command)
{
    for (size_t at = 0; command->count > 0 && remote_verbs[at]; at++)
        if (strcmp(command->words[0], remote_verbs[at]) == 0)
            return true;
    return false;
}

static void tell(const struct remote *remote, const struct requests_call *call, const char *line)
{
    char quoted[256];

    log_info("a command came from another node", "node=%s uid=%u command=\"%s\"",
             remote->core->world.nodes[call->node].settings.name, (unsigned)call->uid,
             log_quote(line, quoted, sizeof(quoted)));
}

/* Run or poll; the answer goes out unless it waits. Returns whether it waits. */
static bool with_output(struct remote *remote, struct visit *visit,
                        const struct line_command *command, struct monotime now)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    int result = WORLD_FAILED;

    if (out) {
        result = command ? command_run(&remote->desk, &visit->caller, command, now, out)
                         : command_poll(&remote->desk, &visit->caller, now, out);
        fclose(out);
    }
    if (result == COMMAND_WAITS) {
        free(text);
        return true;
    }
    requests_answer(remote->core->requests, visit->call, result < 0 ? WORLD_DONE : result,
                    (const uint8_t *)text, bytes);
    free(text);
    visit->call = 0;
    return false;
}

static struct visit *find_visit(struct remote *remote)
{
    for (size_t at = 0; at < REMOTE_VISITS; at++)
        if (remote->visits[at].call == 0)
            return &remote->visits[at];
    return NULL;
}

static void refuse(struct remote *remote, const struct requests_call *call,
                   enum world_result result, const char *sentence)
{
    requests_answer(remote->core->requests, call->call, (int32_t)result, (const uint8_t *)sentence,
                    strlen(sentence));
}

static void handle_verb(void *owner, const struct requests_call *call, struct monotime now)
{
    struct remote *remote = owner;
    struct visit *visit = find_visit(remote);
    struct line_command command = {0};
    char line[LINE_BYTES + 1];
    size_t at = 0;

    if (call->body_bytes >= LINE_BYTES) {
        refuse(remote, call, WORLD_USAGE, "the line is too long\n");
        return;
    }
    if (call->body_bytes > 0)
        memcpy(line, call->body, call->body_bytes);
    line[call->body_bytes] = '\0';
    tell(remote, call, line);
    if (line_next(line, call->body_bytes, &at, &command) != LINE_GOOD || at < call->body_bytes ||
        !may_be_remote(&command)) {
        refuse(remote, call, WORLD_USAGE, "that is not done for other nodes\n");
        return;
    }
    if (!visit) {
        refuse(remote, call, WORLD_FAILED, "too much is being done for other nodes\n");
        return;
    }
    *visit = (struct visit){
        .call = call->call,
        .caller = {.uid = call->uid, .level = COMMAND_OPERATOR, .is_remote = true},
    };
    if (with_output(remote, visit, &command, now))
        (void)loop_timer_set(remote->core->loop, &remote->poll, monotime_add(now, POLL_NS));
}

static void handle_poll(struct loop_timer *timer, struct monotime now)
{
    struct remote *remote = timer->owner;
    bool waits = false;

    for (size_t at = 0; at < REMOTE_VISITS; at++)
        if (remote->visits[at].call != 0)
            waits |= with_output(remote, &remote->visits[at], NULL, now);
    if (waits)
        (void)loop_timer_set(remote->core->loop, timer, monotime_add(now, POLL_NS));
}

int remote_new(struct core *core, const struct command_core *commands, struct remote **ret_remote,
               struct err *err)
{
    struct remote *remote = calloc(1, sizeof(*remote));

    if (!remote)
        return err_set(err, ENOMEM, "no memory for commands of other nodes");
    remote->core = core;
    remote->desk = (struct command_desk){.world = &core->world, .core = commands};
    loop_timer_init(&remote->poll, "commands of other nodes", handle_poll, remote);
    core->request_handlers[REQUESTS_VERB] = (struct core_request_handler){handle_verb, remote};
    *ret_remote = remote;
    return 0;
}

void remote_free(struct remote *remote)
{
    if (!remote)
        return;
    remote->core->request_handlers[REQUESTS_VERB] = (struct core_request_handler){NULL, NULL};
    loop_timer_cancel(remote->core->loop, &remote->poll);
    for (size_t at = 0; at < REMOTE_TICKETS; at++)
        clear(&remote->tickets[at]);
    free(remote);
}
