/* SPDX-License-Identifier: GPL-2.0-or-later */
/* regha-vrrp: elections. It knows no configuration file: reghad tells it what to do. */
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/confine.h"
#include "base/options.h"
#include "base/process.h"
#include "base/service.h"
#include "vrrp/goals.h"
#include "vrrp/net_client.h"
#include "vrrp/realtime.h"

#define PROGRAM      "regha-vrrp"
#define PURPOSE      "Elects, for each virtual router, the node that holds its addresses."
#define FOLDER       PROCESS_RUNTIME_FOLDER "/vrrp"
#define STALL_NS     (1 * NS_PER_MS)
#define STOP_WAIT_NS (1 * NS_PER_S)

struct program {
    struct loop *loop;
    struct service service;
    struct vrrp_routers routers;
    struct vrrp_peers peers;
    struct vrrp_goals goals;
    struct vrrp_net_client net;
    struct loop_timer stop_wait; /* for regha-net to remove the addresses */
    int64_t interval_ns;         /* for which we have been scheduled */
    bool stopping;
};

/* Who is at the other ends. */
struct neighbours {
    uid_t reghad, net;
    gid_t group;
};

static void write_status(struct program *program)
{
    unsigned counts[VRRP_STATES] = {0};

    for (const struct vrrp_router *router = program->routers.first; router; router = router->next)
        counts[router->fsm.state]++;
    service_status(&program->service, "active %u, backup %u, initialize %u%s%s",
                   counts[VRRP_ACTIVE], counts[VRRP_BACKUP], counts[VRRP_INITIALIZE],
                   program->routers.shared.orphaned ? ", orphaned" : "",
                   program->routers.shared.kernel_ready ? "" : ", without regha-net");
}

/* Adverts have been sent where they were due; then the kernel, then those who watch. */
static void handle_pass_end(void *owner, struct monotime now)
{
    struct program *program = owner;

    (void)now;
    if (!program->routers.shared.pending)
        return;
    program->routers.shared.pending = false;
    vrrp_net_client_flush(&program->net);
    vrrp_goals_report(&program->goals);
    write_status(program);
    if (program->stopping &&
        (!program->routers.shared.kernel_ready || vrrp_routers_are_gone(&program->routers)))
        loop_stop(program->loop, EXIT_SUCCESS);
}

static void handle_applied(void *owner, struct monotime now)
{
    struct program *program = owner;
    const int64_t interval_ns = vrrp_routers_interval_ns(&program->routers);

    (void)now;
    if (interval_ns == program->interval_ns)
        return;
    program->interval_ns = interval_ns;
    vrrp_realtime_schedule(interval_ns);
}

static void handle_stop_wait(struct loop_timer *timer, struct monotime now)
{
    struct program *program = timer->owner;

    (void)now;
    log_warning("regha-net did not say that the addresses are gone", "waited_ms=%lld",
                (long long)(STOP_WAIT_NS / NS_PER_MS));
    loop_stop(program->loop, EXIT_SUCCESS);
}

static void handle_signal(void *owner, int signal, struct monotime now)
{
    struct program *program = owner;

    (void)signal;
    if (program->stopping)
        return;
    program->stopping = program->goals.stopping = true;
    service_stopping(&program->service);
    log_info("stopping: resigns everywhere", "");
    vrrp_routers_stop(&program->routers, now);
    vrrp_peers_leave(&program->peers);
    program->routers.shared.pending = true;
    (void)loop_timer_set(program->loop, &program->stop_wait, monotime_add(now, STOP_WAIT_NS));
}

/* Looked up before the privileges go; nothing is read from a file of the system afterwards. */
static int find_neighbours(struct neighbours *neighbours, struct err *err)
{
    gid_t group;
    const int failed =
        confine_user(PROCESS_REGHAD_USER, &neighbours->reghad, &neighbours->group, err);

    return failed < 0 ? failed : confine_user(PROCESS_NET_USER, &neighbours->net, &group, err);
}

static int confine(struct err *err)
{
    static const struct confine_params params = {
        .user = PROCESS_VRRP_USER,
        .capabilities = {CAP_NET_RAW},
        .capability_count = 1,
        .optional = {CAP_SYS_NICE, CAP_IPC_LOCK},
        .optional_count = 2,
        .group = PROCESS_GROUP,
    };

    return confine_self(&params, err);
}

static int open_doors(struct program *program, const struct neighbours *neighbours, struct err *err)
{
    const struct vrrp_goals_door door = {
        .path = PROCESS_VRRP_SOCKET,
        .user = neighbours->reghad,
        .group = neighbours->group,
    };
    const int failed = vrrp_goals_open(&program->goals, &door, err);

    return failed < 0 ? failed
                      : vrrp_net_client_open(&program->net, &program->routers, PROCESS_NET_SOCKET,
                                             neighbours->net, err);
}

static int start(struct program *program, struct err *err)
{
    static const int signals[] = {SIGTERM, SIGINT, 0};
    struct neighbours neighbours;
    int failed = find_neighbours(&neighbours, err);

    if (failed == 0)
        failed = confine(err);
    if (failed == 0)
        failed = loop_new(STALL_NS, &program->loop, err);
    if (failed < 0)
        return failed;
    failed = loop_signals(program->loop, signals, handle_signal, program);
    if (failed < 0)
        return err_set(err, -failed, "cannot wait for signals: %s", strerror(-failed));
    vrrp_realtime_lock_memory();
    service_start(&program->service, program->loop);
    loop_set_pass_end(program->loop, handle_pass_end, program);
    loop_timer_init(&program->stop_wait, "stop", handle_stop_wait, program);
    vrrp_routers_init(&program->routers, program->loop, FOLDER);
    failed = vrrp_peers_init(&program->peers, &program->routers, err);
    if (failed < 0)
        return failed;
    program->goals = (struct vrrp_goals){
        .routers = &program->routers,
        .peers = &program->peers,
        .applied = handle_applied,
        .owner = program,
    };
    return open_doors(program, &neighbours, err);
}

static void finish(struct program *program)
{
    vrrp_net_client_close(&program->net);
    vrrp_goals_close(&program->goals);
    vrrp_peers_fini(&program->peers);
    vrrp_routers_fini(&program->routers);
    loop_free(program->loop);
}

int main(int argc, char **argv)
{
    static struct program program; /* its buffers are too much for a stack */
    enum log_level level;
    struct err err;
    int status = options_parse(argc, argv, PROGRAM, PURPOSE, &level);

    if (status != 0)
        return status == OPTIONS_DONE ? EXIT_SUCCESS : OPTIONS_USAGE;
    log_open(PROGRAM, level);
    if (start(&program, &err) < 0) {
        log_err("regha-vrrp cannot start", "reason=\"%s\"", err.text);
        return EXIT_FAILURE;
    }
    service_ready(&program.service);
    log_info("regha-vrrp is ready", "version=%s", REGHA_VERSION);
    status = loop_run(program.loop);
    finish(&program);
    return status;
}
