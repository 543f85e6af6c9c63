/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/nft.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <nftables/libnftables.h>

#include "base/log.h"
#include "vrrp/kernel/netlink.h"

/* A big ruleset that somebody loads is told to us element by element. */
#define RECEIVE_BYTES (1024 * 1024)
#define LOG_EVERY_NS  (60 * 60 * NS_PER_S)

/* Not used for so long libnftables gives back what it remembers: 1 MB and more for a few rules. */
#define REST_NS (500 * NS_PER_MS)

#define TASK_NAME_BYTES 16

struct kernel_nft {
    struct kernel_nft_params params;
    struct loop *loop;
    struct nl_sock *events;
    struct loop_io io;
    struct loop_timer tell;  /* a loss that was read between */
    struct loop_timer rest;  /* nothing was to do for a while */
    struct nft_ctx *context; /* NULL while there is nothing to do */
    bool is_removed;         /* by a transaction whose end has not been read */
    bool is_lost;
    bool is_overrun;
    char self[TASK_NAME_BYTES];
    struct log_limit failed;
};

/* In each of these events the name of the table is the first attribute. */
static void handle_removal(struct kernel_nft *nft, struct nlmsghdr *message)
{
    const struct nfgenmsg *header = nlmsg_data(message);
    struct nlattr *attributes[NFTA_TABLE_NAME + 1];

    if (nlmsg_parse(message, sizeof(*header), attributes, NFTA_TABLE_NAME, NULL) == 0 &&
        attributes[NFTA_TABLE_NAME] != NULL && header->nfgen_family == nft->params.family &&
        nla_strcmp(attributes[NFTA_TABLE_NAME], nft->params.table) == 0)
        nft->is_removed = true;
}

/*
 * The end of a transaction names who made it. Not by his pid, which is the one outside of our
 * namespace.
 */
static void handle_end(struct kernel_nft *nft, struct nlmsghdr *message)
{
    struct nlattr *attributes[NFTA_GEN_PROC_NAME + 1];

    if (nlmsg_parse(message, sizeof(struct nfgenmsg), attributes, NFTA_GEN_PROC_NAME, NULL) < 0 ||
        attributes[NFTA_GEN_PROC_NAME] == NULL ||
        nla_strcmp(attributes[NFTA_GEN_PROC_NAME], nft->self) != 0)
        nft->is_lost |= nft->is_removed;
    nft->is_removed = false;
}

static void handle_event(void *owner, struct nlmsghdr *message)
{
    const unsigned kind = message->nlmsg_type & 0xffU;

    if (kind == NFT_MSG_NEWGEN)
        handle_end(owner, message);
    if (kind == NFT_MSG_DELTABLE || kind == NFT_MSG_DELCHAIN || kind == NFT_MSG_DELRULE ||
        kind == NFT_MSG_DELSET)
        handle_removal(owner, message);
}

/*
 * Returns whether events did not fit: they may have been about us. What goes with its interface
 * goes without a transaction.
 */
static bool read_events(struct kernel_nft *nft)
{
    bool overrun = false;
    int count;

    do {
        count = kernel_netlink_receive(nft->events, handle_event, nft);
        overrun |= count == -ENOBUFS;
    } while (count >= 0 || count == -ENOBUFS || count == -EINTR);
    nft->is_lost |= nft->is_removed;
    nft->is_removed = false;
    return overrun;
}

static int open_context(struct kernel_nft *nft)
{
    if (nft->context == NULL)
        nft->context = nft_ctx_new(NFT_CTX_DEFAULT);
    if (nft->context == NULL)
        return -ENOMEM;
    (void)nft_ctx_buffer_output(nft->context);
    (void)nft_ctx_buffer_error(nft->context);
    return 0;
}

/* What the table says tells more than nft's own words. */
static void report_refusal(struct kernel_nft *nft, struct monotime now)
{
    const char *said = nft_ctx_get_error_buffer(nft->context);
    char first[120], quoted[240];
    uint64_t suppressed;

    snprintf(first, sizeof(first), "%.*s", (int)strcspn(said, "\n"), said);
    if (log_limit_pass(&nft->failed, LOG_EVERY_NS, now, &suppressed))
        log_err(nft->params.refused, "reason=\"%s\" suppressed=%llu",
                log_quote(first, quoted, sizeof(quoted)), (unsigned long long)suppressed);
}

/* What does not fit now is of our own transaction, or its size would have us run it for ever. */
int kernel_nft_run(struct kernel_nft *nft, const char *commands, struct monotime now)
{
    int failed = open_context(nft);

    nft->is_overrun |= read_events(nft);
    if (failed == 0 && nft_run_cmd_from_buffer(nft->context, commands) != 0) {
        report_refusal(nft, now);
        failed = -EIO;
    }
    (void)read_events(nft);
    /* -ENOMEM: it keeps its memory. */
    (void)loop_timer_set(nft->loop, &nft->rest, monotime_add(now, REST_NS));
    if (nft->is_lost || nft->is_overrun)
        /* -ENOMEM: the next event tells. */
        (void)loop_timer_set(nft->loop, &nft->tell, now);
    return failed;
}

const char *kernel_nft_output(const struct kernel_nft *nft)
{
    return nft->context != NULL ? nft_ctx_get_output_buffer(nft->context) : "";
}

bool kernel_nft_take_lost(struct kernel_nft *nft, bool *ret_certain)
{
    const bool any = nft->is_lost || nft->is_overrun;

    *ret_certain = nft->is_lost;
    nft->is_lost = nft->is_overrun = false;
    return any;
}

static void handle_tell(struct loop_timer *timer, struct monotime now)
{
    struct kernel_nft *nft = timer->owner;

    if (nft->is_lost || nft->is_overrun)
        nft->params.lost(nft->params.owner, now);
}

static void free_context(struct kernel_nft *nft)
{
    if (nft->context != NULL)
        nft_ctx_free(nft->context);
    nft->context = NULL;
}

static void handle_rest(struct loop_timer *timer, struct monotime now)
{
    (void)now;
    free_context(timer->owner);
    (void)malloc_trim(0);
}

static void handle_readable(struct loop_io *io, unsigned events, struct monotime now)
{
    struct kernel_nft *nft = io->owner;

    (void)events;
    nft->is_overrun |= read_events(nft);
    handle_tell(&nft->tell, now);
}

static int subscribe(struct kernel_nft *nft, struct err *err)
{
    nft->events = kernel_netlink_open(NETLINK_NETFILTER, RECEIVE_BYTES, err);
    if (nft->events == NULL)
        return -EIO;
    if (nl_socket_add_memberships(nft->events, NFNLGRP_NFTABLES, 0) < 0)
        return err_set(err, EIO, "cannot subscribe to changes of the packet filter");
    nft->io = (struct loop_io){
        .name = "nftables events",
        .fd = kernel_netlink_fd(nft->events),
        .handle = handle_readable,
        .owner = nft,
    };
    const int failed = loop_io_start(nft->loop, &nft->io, LOOP_READ);
    if (failed < 0)
        return err_set(err, -failed, "cannot watch the packet filter");
    return 0;
}

int kernel_nft_open(struct loop *loop, const struct kernel_nft_params *params,
                    struct kernel_nft **ret_nft, struct err *err)
{
    struct kernel_nft *nft = calloc(1, sizeof(*nft));

    if (nft == NULL)
        return err_set(err, ENOMEM, "no memory for the packet filter");
    nft->params = *params;
    nft->loop = loop;
    loop_timer_init(&nft->tell, "nftables loss", handle_tell, nft);
    loop_timer_init(&nft->rest, "nftables rest", handle_rest, nft);
    (void)prctl(PR_GET_NAME, nft->self); /* fails for a bad pointer only */
    const int failed = subscribe(nft, err);
    if (failed < 0) {
        kernel_nft_close(nft);
        return failed;
    }
    *ret_nft = nft;
    return 0;
}

void kernel_nft_close(struct kernel_nft *nft)
{
    if (nft == NULL)
        return;
    loop_timer_cancel(nft->loop, &nft->tell);
    loop_timer_cancel(nft->loop, &nft->rest);
    loop_io_stop(nft->loop, &nft->io);
    kernel_netlink_close(nft->events);
    free_context(nft);
    free(nft);
}
