/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/announce.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vrrp/kernel/frame.h"

#define BATCH        64 /* frames in one system call */
#define LOG_EVERY_NS NS_PER_S

/* One frame and where it goes. */
struct letter {
    uint8_t bytes[KERNEL_FRAME_BYTES];
    struct sockaddr_ll to;
    struct iovec part;
    uint64_t *counter; /* of those that were sent */
};

struct post {
    struct kernel_announce *announce;
    struct kernel_state *state;
    struct monotime now;
    struct monotime next;
    struct letter letters[BATCH];
    struct mmsghdr messages[BATCH];
    size_t count;
};

int kernel_announce_open(struct kernel_announce *announce, struct err *err)
{
    /* Protocol 0: nothing is ever received. */
    announce->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (announce->fd < 0)
        return err_errno(err, "cannot open a packet socket for announcements");
    return 0;
}

void kernel_announce_close(struct kernel_announce *announce)
{
    if (announce->fd >= 0)
        close(announce->fd);
    announce->fd = -1;
}

void kernel_announce_begin(struct kernel_state *state, const struct kernel_wanted_goal *goal,
                           struct monotime now)
{
    for (size_t at = goal->first_want; at < goal->first_want + goal->goal.address_count; at++)
        if (state->wanted.wants[at].hold &&
            kernel_reconcile_is_settled(&state->reconcile, &state->wanted.wants[at]))
            kernel_pace_start(&state->wanted.paces[at], goal->goal.announce_repeat,
                              goal->goal.announce_refresh_ns, now);
}

/* One that cannot be sent does not hold up the others; the repeats make up for it. */
static void send_letters(struct post *post)
{
    size_t done = 0;
    int error = 0;
    uint64_t suppressed;

    while (done < post->count) {
        const int sent = sendmmsg(post->announce->fd, post->messages + done,
                                  (unsigned)(post->count - done), MSG_DONTWAIT);

        if (sent <= 0) {
            error = errno;
            done++;
            continue;
        }
        for (int at = 0; at < sent; at++)
            ++*post->letters[done++].counter;
    }
    post->count = 0;
    if (error != 0 && log_limit_pass(&post->announce->failed, LOG_EVERY_NS, post->now, &suppressed))
        log_warning("an announcement could not be sent", "error=\"%s\" suppressed=%llu",
                    strerror(error), (unsigned long long)suppressed);
}

static void write_letter(struct post *post, uint32_t ordinal, const struct kernel_link_entry *link)
{
    const struct kernel_wanted *wanted = &post->state->wanted;
    const struct address *address = &wanted->wants[ordinal].address;
    struct letter *letter = &post->letters[post->count];

    letter->part.iov_base = letter->bytes;
    letter->part.iov_len = kernel_frame_encode(address, link->link.mac, letter->bytes);
    letter->to = (struct sockaddr_ll){
        .sll_family = AF_PACKET,
        .sll_protocol = htons(address->family == AF_INET6 ? ETH_P_IPV6 : ETH_P_ARP),
        .sll_ifindex = (int)link->link.index,
        .sll_halen = KERNEL_MAC_BYTES,
    };
    memcpy(letter->to.sll_addr, letter->bytes, KERNEL_MAC_BYTES); /* a frame begins with it */
    letter->counter = &wanted->goals[wanted->goal_of[ordinal]].announcements;
    post->messages[post->count] = (struct mmsghdr){
        .msg_hdr =
            {
                .msg_name = &letter->to,
                .msg_namelen = sizeof(letter->to),
                .msg_iov = &letter->part,
                .msg_iovlen = 1,
            },
    };
    if (++post->count == BATCH)
        send_letters(post);
}

static void consider(struct post *post, uint32_t ordinal)
{
    struct kernel_pace *pace = &post->state->wanted.paces[ordinal];
    const struct kernel_want *want = &post->state->wanted.wants[ordinal];
    struct kernel_link_entry *link = kernel_link_at(&post->state->links, want->index);

    /* Nobody would hear it. When the link comes up, it begins again. */
    if (link == NULL || !link->link.up)
        return;
    if (!want->hold || !kernel_reconcile_is_settled(&post->state->reconcile, want)) {
        kernel_pace_stop(pace);
        return;
    }
    if (kernel_pace_take(pace, &link->limits, post->now))
        write_letter(post, ordinal, link);
    post->next = monotime_earlier(post->next, kernel_pace_next(pace, &link->limits));
}

static struct monotime announce_some(struct kernel_announce *announce, struct kernel_state *state,
                                     bool first, struct monotime now)
{
    struct post post = {.announce = announce, .state = state, .now = now, .next = MONOTIME_NEVER};

    for (uint32_t at = 0; at < state->wanted.want_count; at++)
        if (state->wanted.paces[at].active &&
            kernel_pace_is_first(&state->wanted.paces[at]) == first)
            consider(&post, at);
    if (post.count > 0)
        send_letters(&post);
    return post.next;
}

struct monotime kernel_announce_first(struct kernel_announce *announce, struct kernel_state *state,
                                      struct monotime now)
{
    return announce_some(announce, state, true, now);
}

struct monotime kernel_announce_all(struct kernel_announce *announce, struct kernel_state *state,
                                    struct monotime now)
{
    const struct monotime first = announce_some(announce, state, true, now);

    return monotime_earlier(first, announce_some(announce, state, false, now));
}
