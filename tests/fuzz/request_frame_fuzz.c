/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What anybody may send to the port of requests, and what may be under the seal of a head.
 *
 * Input: taken as all that comes on a connection, by either side, and as a head.
 */
#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supervisord/cluster/request_link.h"

#define BODY_MOST 1000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void judge_head(const uint8_t *bytes, size_t size)
{
    uint8_t again[REQUEST_FRAME_HEAD_BYTES], third[REQUEST_FRAME_HEAD_BYTES];
    struct request_frame_head head;

    if (request_frame_take_head(bytes, size, BODY_MOST, &head) != REQUEST_FRAME_ACCEPTED)
        return;
    assert(head.body_bytes <= BODY_MOST);
    request_frame_put_head(&head, again);
    assert(request_frame_take_head(again, sizeof(again), BODY_MOST, &head) ==
           REQUEST_FRAME_ACCEPTED);
    request_frame_put_head(&head, third);
    assert(memcmp(again, third, sizeof(again)) == 0);
}

/* Nothing that is not sealed gets further than to the seal. */
static void receive(const uint8_t *bytes, size_t size, bool is_asker)
{
    static const struct request_link_keys keys = {1, {{{1, 2, 3}}}};
    static const struct request_seal_ends ends = {.asker = {AF_INET, 32, {10, 0, 0, 1}},
                                                  .asked = {AF_INET, 32, {10, 0, 0, 2}}};
    static struct request_link link;
    enum request_link_event event = REQUEST_LINK_WAITS;
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
        return;
    request_link_init(&link, fds[0], is_asker, &keys, &ends);
    link.body_most = BODY_MOST;
    (void)send(fds[1], bytes, size, MSG_NOSIGNAL);
    for (int step = 0; step < 8 && event == REQUEST_LINK_WAITS; step++)
        event = request_link_run(&link);
    assert(event == REQUEST_LINK_WAITS || event == REQUEST_LINK_FAILED);
    assert(!link.input.has_head && !link.input.body);
    request_link_fini(&link);
    close(fds[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (request_seal_init() < 0)
        return 0;
    judge_head(bytes, size);
    receive(bytes, size, false);
    receive(bytes, size, true);
    return 0;
}
