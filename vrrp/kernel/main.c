/* SPDX-License-Identifier: GPL-2.0-or-later */
/* regha-net: holds and announces the addresses that regha-vrrp asks for. */
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/confine.h"
#include "base/log.h"
#include "base/options.h"
#include "base/process.h"
#include "base/service.h"
#include "vrrp/kernel/goals.h"

/* It may wait for the kernel's locks; longer than this is worth counting. */
#define STALL_NS   (20 * NS_PER_MS)
#define EXIT_USAGE 2

struct program {
    struct loop *loop;
    struct kernel_goals *goals;
    struct service service;
};

static void handle_signal(void *owner, int signal, struct monotime now)
{
    struct program *program = owner;

    log_info("stopping, the addresses go", "signal=%d", signal);
    service_stopping(&program->service);
    kernel_goals_stop(program->goals, now);
    loop_stop(program->loop, EXIT_SUCCESS);
}

/* Who they are is looked up before the privileges go; nothing is read from a file afterwards. */
static int find_users(struct kernel_goals_params *params, struct err *err)
{
    gid_t group;
    uid_t user;
    int failed = confine_user(PROCESS_VRRP_USER, &params->vrrp_user, &group, err);

    if (failed == 0)
        failed = confine_user(PROCESS_REGHAD_USER, &params->reghad_user, &params->group, err);
    if (failed == 0)
        failed = confine_user(PROCESS_NET_USER, &user, &group, err);
    return failed;
}

static int confine(struct err *err)
{
    static const struct confine_params params = {
        .user = PROCESS_NET_USER,
        .capabilities = {CAP_NET_ADMIN, CAP_NET_RAW},
        .capability_count = 2,
        .group = PROCESS_GROUP,
    };

    return confine_self(&params, err);
}

static int start(struct program *program, struct err *err)
{
    static const int signals[] = {SIGTERM, SIGINT, 0};
    struct kernel_goals_params params = {
        .socket_path = PROCESS_NET_SOCKET,
        .service = &program->service,
    };
    int failed = find_users(&params, err);

    if (failed == 0)
        failed = confine(err);
    if (failed == 0)
        failed = loop_new(STALL_NS, &program->loop, err);
    if (failed < 0)
        return failed;
    service_start(&program->service, program->loop);
    failed = kernel_goals_open(program->loop, &params, monotime_now(), &program->goals, err);
    if (failed == 0)
        failed = loop_signals(program->loop, signals, handle_signal, program);
    if (failed < 0 && program->goals != NULL)
        return err_set(err, -failed, "cannot wait for signals: %s", strerror(-failed));
    return failed;
}

int main(int argc, char **argv)
{
    struct program program = {0};
    enum log_level level;
    struct err err;
    int status =
        options_parse(argc, argv, "regha-net",
                      "Holds and announces the addresses that regha-vrrp asks for.", &level);

    if (status != 0)
        return status == OPTIONS_DONE ? EXIT_SUCCESS : OPTIONS_USAGE;
    log_open("regha-net", level);
    if (start(&program, &err) < 0) {
        log_err("regha-net cannot start", "reason=\"%s\"", err.text);
        status = EXIT_FAILURE;
    } else {
        service_ready(&program.service);
        log_info("regha-net is ready", "version=%s", REGHA_VERSION);
        status = loop_run(program.loop);
    }
    kernel_goals_close(program.goals);
    if (program.loop != NULL)
        loop_free(program.loop);
    return status;
}
