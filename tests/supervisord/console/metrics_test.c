/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisord/console/metrics.h"
#include "tests/supervisord/world_fixture.h"

static struct world_fixture fixture;
static struct metrics_input input;

static void start(void)
{
    world_fixture_init(&fixture);
    fixture.settings.metrics.compat = 1;
    input = (struct metrics_input){&fixture.world, fixture.now, 25, 1024};
}

static char *written(bool openmetrics)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    metrics_write(&input, openmetrics, out);
    fclose(out);
    return text;
}

static void test_golden(void **state)
{
    char *text;

    (void)state;
    start();
    fixture.settings.metrics.compat = 0;
    text = written(false);
    golden_check("metrics.txt", text);
    assert_null(strstr(text, "keepalived"));
    free(text);
    start();
    text = written(true);
    golden_check("metrics_open.txt", text);
    free(text);
}

/* Whether promtool, if it is there, finds nothing to say. */
static void test_promtool(void **state)
{
    char *text;
    int pipes[2], status;
    pid_t child;

    (void)state;
    if (access("/usr/bin/promtool", X_OK) != 0) {
        print_message("skipped: no promtool (package prometheus)\n");
        skip();
    }
    start();
    text = written(false);
    assert_int_equal(pipe(pipes), 0);
    child = fork();
    if (child == 0) {
        dup2(pipes[0], STDIN_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        execl("/usr/bin/promtool", "promtool", "check", "metrics", NULL);
        _exit(127);
    }
    close(pipes[0]);
    assert_int_equal(write(pipes[1], text, strlen(text)), strlen(text));
    close(pipes[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    free(text);
}

#define ROUTER   fixture.routers[0]
#define PROBE    fixture.probes.states[1]
#define REGISTRY fixture.registries[0]
#define LAUNCHER fixture.world.processes[WORLD_LAUNCHER]

/* Each moves one field, as its event does. */
#define MOVE(name, change)                                                                         \
    static void move_##name(void)                                                                  \
    {                                                                                              \
        change;                                                                                    \
    }

MOVE(mode, fixture.world.operator.mode = OPERATOR_DRAINED)
MOVE(pause, fixture.world.operator.paused_until_wall_ns = OPERATOR_FOR_EVER)
MOVE(state, ROUTER.status.state = VRRP_BACKUP)
MOVE(priority, ROUTER.status.priority = 5)
MOVE(eligible, ROUTER.eligible = false)
MOVE(orphaned, ROUTER.status.orphaned = true)
MOVE(sent, ROUTER.counters.adverts_sent++)
MOVE(received, ROUTER.counters.adverts_received++)
MOVE(late, ROUTER.counters.adverts_late++)
MOVE(resigned, ROUTER.counters.resignations_sent++)
MOVE(heard_zero, ROUTER.counters.resignations_received++)
MOVE(send_errors, ROUTER.counters.send_errors++)
MOVE(hook_runs, ROUTER.hook.runs++)
MOVE(hook_failures, ROUTER.hook.failures++)
MOVE(discarded, ROUTER.counters.discarded[VRRP_DROP_TTL]++)
MOVE(length, ROUTER.counters.discarded[VRRP_DROP_LENGTH]++)
MOVE(interval, ROUTER.counters.discarded[VRRP_DROP_INTERVAL]++)
MOVE(type, ROUTER.counters.discarded[VRRP_DROP_TYPE]++)
MOVE(list, ROUTER.counters.discarded[VRRP_DROP_ADDRESS_COUNT]++)
MOVE(stray, fixture.world.strays[0].discarded[VRRP_DROP_CARP]++)
MOVE(transition, ROUTER.transitions[VRRP_ACTIVE][VRRP_BACKUP][VRRP_REASON_PREEMPTED]++)
MOVE(became, ROUTER.transitions[VRRP_BACKUP][VRRP_ACTIVE][VRRP_REASON_TIMEOUT]++)
MOVE(failover, histogram_add(&ROUTER.failovers, 200 * NS_PER_MS))
MOVE(present, ROUTER.kernel.present[0] = false)
MOVE(settled, ROUTER.kernel.settled = false)
MOVE(announced, ROUTER.kernel.announcements++)
MOVE(restored, ROUTER.kernel.restored++)
MOVE(strays_removed, ROUTER.kernel.removed_strays++)
MOVE(unguarded, ROUTER.kernel.guarded = false)
MOVE(guard_rebuilt, ROUTER.kernel.guard_rebuilt++)
MOVE(probe_up, PROBE.health = PROBE_UP)
MOVE(probe_unknown, PROBE.health = PROBE_UNKNOWN)
MOVE(readable, fixture.probes.states[2].health = PROBE_DOWN)
MOVE(duration, histogram_add(&PROBE.durations, 3 * NS_PER_MS))
MOVE(probe_late, histogram_add(&fixture.probes.lateness, 3 * NS_PER_MS))
MOVE(failed, PROBE.failures[PROBE_REASON_REFUSED]++)
MOVE(shallow, PROBE.shallow = true)
MOVE(registry_state, REGISTRY.status.state = REGISTRY_BACKOFF)
MOVE(wanted, REGISTRY.wanted = false)
MOVE(starts, REGISTRY.status.starts++)
MOVE(exits, REGISTRY.status.exits[REGISTRY_CAUSE_PORT_TAKEN]++)
MOVE(ready, histogram_add(&REGISTRY.ready, 50 * NS_PER_MS))
MOVE(digest, REGISTRY.status.digest[0] = '0')
MOVE(confirmed, (REGISTRY.bundle.generation = 1, REGISTRY.bundle.is_confirmed = true))
MOVE(drift, REGISTRY.drifted = true)
MOVE(peers, fixture.world.node_count--)
MOVE(reachable, fixture.peers[2].reachable = true)
MOVE(seen, fixture.peers[2].seen = fixture.now)
MOVE(reload, fixture.world.reload.last_succeeded = false)
MOVE(refused, fixture.world.reload.failures++)
MOVE(event, (void)world_fixture_event(&fixture, WORLD_EVENT_PROBE, "p", "t"))
MOVE(command, fixture.world.command_results[1][WORLD_DENIED]++)
MOVE(unknown_command, fixture.world.command_results[WORLD_COMMANDS_MAX - 1][WORLD_USAGE]++)
MOVE(lost, LAUNCHER.connected = false)
MOVE(lost_vrrp, fixture.world.processes[WORLD_VRRP].connected = false)
MOVE(restarted, LAUNCHER.restarts++)
MOVE(cpu, LAUNCHER.state.cpu_ns += 1000)
MOVE(resident, LAUNCHER.state.resident_bytes++)
MOVE(lag, LAUNCHER.state.lag_count++)
MOVE(stalled, LAUNCHER.state.stalls++)
MOVE(own_cpu, fixture.world.processes[WORLD_REGHAD].state.cpu_ns += NS_PER_S)
MOVE(own_resident, fixture.world.processes[WORLD_REGHAD].state.resident_bytes++)
MOVE(open_files, input.open_files++)
MOVE(most_files, input.most_files++)
MOVE(asked, fixture.requests.asked[REQUESTS_VERB][REQUESTS_DONE]++)
MOVE(request_rejected, fixture.requests.rejected[REQUEST_FRAME_SEAL]++)
MOVE(started, fixture.world.started_wall_ns++)
MOVE(breaker_state, fixture.world.breakers.peers[0].verdict.state = BREAKER_OPEN)
MOVE(breaker_opened, fixture.world.breakers.peers[0].opened[BREAKER_REASON_FROZEN]++)
MOVE(breaker_effect, fixture.world.breakers.peers[0].has_connected = false)
MOVE(breaker_refusing, fixture.world.breakers.peers[0].is_refusing = true)

#define VR "{vrouter=\"registry\",vrid=\"51\",family=\"ipv4\""
#define KA "{iname=\"registry\",intf=\"eth0\",vrid=\"51\""
#define SP "{peer=\"10.0.0.11:9000\""
#define LN "{process=\"regha-launcher\""
#define PW "{probe=\"minio-write\",type=\"minio\",scope=\"shared\""

static const struct {
    const char *metric; /* of the table */
    void (*move)(void);
    const char *before, *after; /* lines; NULL: none */
} rows[] = {
    {"regha_build_info", NULL, "regha_build_info{version=\"" REGHA_VERSION "\"} 1", NULL},
    {"regha_breaker_state", move_breaker_state, "regha_breaker_state" SP ",state=\"closed\"} 1",
     "regha_breaker_state" SP ",state=\"open\"} 1"},
    {"regha_breaker_opened_total", move_breaker_opened,
     "regha_breaker_opened_total" SP ",reason=\"host-frozen\"} 0",
     "regha_breaker_opened_total" SP ",reason=\"host-frozen\"} 1"},
    {"regha_breaker_effective", move_breaker_effect, "regha_breaker_effective" SP "} 1",
     "regha_breaker_effective" SP "} 0"},
    {"regha_breaker_peer_answering", move_breaker_refusing, "regha_breaker_peer_answering" SP "} 1",
     "regha_breaker_peer_answering" SP "} 0"},
    {"regha_health", move_lost_vrrp, "regha_health{state=\"down\"} 0",
     "regha_health{state=\"down\"} 1"},
    {"regha_vrrp_state", move_state, "regha_vrrp_state" VR ",state=\"active\"} 1",
     "regha_vrrp_state" VR ",state=\"backup\"} 1"},
    {"regha_vrrp_priority", move_priority, "regha_vrrp_priority" VR "} 140",
     "regha_vrrp_priority" VR "} 5"},
    {"regha_vrrp_eligible", move_eligible, "regha_vrrp_eligible" VR "} 1",
     "regha_vrrp_eligible" VR "} 0"},
    {"regha_orphaned", move_orphaned, "regha_orphaned" VR "} 0", "regha_orphaned" VR "} 1"},
    {"regha_vrrp_adverts_sent_total", move_sent, "regha_vrrp_adverts_sent_total" VR "} 1920",
     "regha_vrrp_adverts_sent_total" VR "} 1921"},
    {"regha_vrrp_adverts_received_total", move_received,
     "regha_vrrp_adverts_received_total" VR "} 7011",
     "regha_vrrp_adverts_received_total" VR "} 7012"},
    {"regha_vrrp_advert_late_total", move_late, "regha_vrrp_advert_late_total" VR "} 2",
     "regha_vrrp_advert_late_total" VR "} 3"},
    {"regha_vrrp_resignations_sent_total", move_resigned,
     "regha_vrrp_resignations_sent_total" VR "} 0", "regha_vrrp_resignations_sent_total" VR "} 1"},
    {"regha_vrrp_resignations_received_total", move_heard_zero,
     "regha_vrrp_resignations_received_total" VR "} 0",
     "regha_vrrp_resignations_received_total" VR "} 1"},
    {"regha_vrrp_send_errors_total", move_send_errors, "regha_vrrp_send_errors_total" VR "} 0",
     "regha_vrrp_send_errors_total" VR "} 1"},
    {"regha_hook_runs_total", move_hook_runs, "regha_hook_runs_total" VR "} 0",
     "regha_hook_runs_total" VR "} 1"},
    {"regha_hook_failures_total", move_hook_failures, "regha_hook_failures_total" VR "} 0",
     "regha_hook_failures_total" VR "} 1"},
    {"regha_vrrp_packets_discarded_total", move_discarded,
     "regha_vrrp_packets_discarded_total" VR ",interface=\"eth0\",reason=\"ttl\"} 0",
     "regha_vrrp_packets_discarded_total" VR ",interface=\"eth0\",reason=\"ttl\"} 1"},
    {"regha_vrrp_packets_discarded_total", move_stray,
     "regha_vrrp_packets_discarded_total{interface=\"eth0\",reason=\"carp\"} 0",
     "regha_vrrp_packets_discarded_total{interface=\"eth0\",reason=\"carp\"} 1"},
    {"regha_vrrp_transitions_total", move_transition, NULL,
     "regha_vrrp_transitions_total" VR ",from=\"active\",to=\"backup\",reason=\"preempted\"} 1"},
    {"regha_failover_duration_seconds", move_failover,
     "regha_failover_duration_seconds_sum" VR "} 0.372",
     "regha_failover_duration_seconds_sum" VR "} 0.572"},
    {"regha_vip_present", move_present, "regha_vip_present" VR ",vip=\"10.0.0.100\"} 1",
     "regha_vip_present" VR ",vip=\"10.0.0.100\"} 0"},
    {"regha_vip_settled", move_settled, "regha_vip_settled" VR "} 1", "regha_vip_settled" VR "} 0"},
    {"regha_announcements_sent_total", move_announced, "regha_announcements_sent_total" VR "} 8",
     "regha_announcements_sent_total" VR "} 9"},
    {"regha_address_restored_total", move_restored, "regha_address_restored_total" VR "} 1",
     "regha_address_restored_total" VR "} 2"},
    {"regha_guard_active", move_unguarded, "regha_guard_active" VR "} 1",
     "regha_guard_active" VR "} 0"},
    {"regha_guard_rebuilt_total", move_guard_rebuilt, "regha_guard_rebuilt_total" VR "} 0",
     "regha_guard_rebuilt_total" VR "} 1"},
    {"regha_address_strays_removed_total", move_strays_removed,
     "regha_address_strays_removed_total" VR "} 0", "regha_address_strays_removed_total" VR "} 1"},
    {"regha_probe_up", move_probe_up, "regha_probe_up" PW "} 0", "regha_probe_up" PW "} 1"},
    {"regha_probe_up", move_probe_unknown, "regha_probe_up" PW "} 0", NULL},
    {"regha_probe_state", move_probe_unknown, "regha_probe_state" PW ",state=\"down\"} 1",
     "regha_probe_state" PW ",state=\"unknown\"} 1"},
    {"regha_probe_duration_seconds", move_duration,
     "regha_probe_duration_seconds_bucket" PW ",le=\"0.005\"} 1",
     "regha_probe_duration_seconds_bucket" PW ",le=\"0.005\"} 2"},
    {"regha_probe_lateness_seconds", move_probe_late,
     "regha_probe_lateness_seconds_bucket{le=\"0.1\"} 1",
     "regha_probe_lateness_seconds_bucket{le=\"0.1\"} 2"},
    {"regha_probe_failures_total", move_failed,
     "regha_probe_failures_total" PW ",reason=\"refused\"} 0",
     "regha_probe_failures_total" PW ",reason=\"refused\"} 1"},
    {"regha_probe_shallow", move_shallow, "regha_probe_shallow" PW "} 0",
     "regha_probe_shallow" PW "} 1"},
    {"regha_store_writable", move_probe_up, "regha_store_writable{probe=\"minio-write\"} 0",
     "regha_store_writable{probe=\"minio-write\"} 1"},
    {"regha_store_readable", move_readable, "regha_store_readable{probe=\"minio-read\"} 1",
     "regha_store_readable{probe=\"minio-read\"} 0"},
    {"regha_registry_state", move_registry_state,
     "regha_registry_state{registry=\"registry\",state=\"running\"} 1",
     "regha_registry_state{registry=\"registry\",state=\"running\"} 0"},
    {"regha_registry_wanted", move_wanted, "regha_registry_wanted{registry=\"registry\"} 1",
     "regha_registry_wanted{registry=\"registry\"} 0"},
    {"regha_registry_starts_total", move_starts,
     "regha_registry_starts_total{registry=\"registry\"} 2",
     "regha_registry_starts_total{registry=\"registry\"} 3"},
    {"regha_registry_exits_total", move_exits,
     "regha_registry_exits_total{registry=\"registry\",cause=\"port-taken\"} 0",
     "regha_registry_exits_total{registry=\"registry\",cause=\"port-taken\"} 1"},
    {"regha_registry_ready_seconds", move_ready,
     "regha_registry_ready_seconds_count{registry=\"registry\"} 1",
     "regha_registry_ready_seconds_count{registry=\"registry\"} 2"},
    {"regha_bundle_info", move_digest,
     "regha_bundle_info{registry=\"registry\",digest=\"3f2a9c0de1b24f6788990a1b2c3d4e5f60718293a4b5"
     "c6d7e8f9010203040506\",generation=\"0\"} 1",
     "regha_bundle_info{registry=\"registry\",digest=\"0f2a9c0de1b24f6788990a1b2c3d4e5f60718293a4b5"
     "c6d7e8f9010203040506\",generation=\"0\"} 1"},
    {"regha_bundle_confirmed", move_confirmed, "regha_bundle_confirmed{registry=\"registry\"} 0",
     "regha_bundle_confirmed{registry=\"registry\"} 1"},
    {"regha_bundle_drift", move_drift, "regha_bundle_drift{registry=\"registry\"} 0",
     "regha_bundle_drift{registry=\"registry\"} 1"},
    {"regha_peers_expected", move_peers, "regha_peers_expected 3", "regha_peers_expected 2"},
    {"regha_peers_reachable", move_reachable, "regha_peers_reachable 2", "regha_peers_reachable 3"},
    {"regha_peer_last_seen_seconds", move_seen, "regha_peer_last_seen_seconds{node=\"n3\"} 75",
     "regha_peer_last_seen_seconds{node=\"n3\"} 0"},
    {"regha_maintenance", move_mode, "regha_maintenance{state=\"drained\"} 0",
     "regha_maintenance{state=\"drained\"} 1"},
    {"regha_paused", move_pause, "regha_paused 0", "regha_paused 1"},
    {"regha_requests_total", move_asked,
     "regha_requests_total{side=\"asked\",type=\"verb\",result=\"done\"} 3",
     "regha_requests_total{side=\"asked\",type=\"verb\",result=\"done\"} 4"},
    {"regha_requests_rejected_total", move_request_rejected,
     "regha_requests_rejected_total{reason=\"seal\"} 4",
     "regha_requests_rejected_total{reason=\"seal\"} 5"},
    {"regha_reload_success", move_reload, "regha_reload_success 1", "regha_reload_success 0"},
    {"regha_reload_failures_total", move_refused, "regha_reload_failures_total 0",
     "regha_reload_failures_total 1"},
    {"regha_events_total", move_event, "regha_events_total 5", "regha_events_total 6"},
    {"regha_control_commands_total", move_command, NULL,
     "regha_control_commands_total{verb=\"show health\",result=\"denied\"} 1"},
    {"regha_control_commands_total", move_unknown_command,
     "regha_control_commands_total{verb=\"unknown\",result=\"usage\"} 1",
     "regha_control_commands_total{verb=\"unknown\",result=\"usage\"} 2"},
    {"regha_process_up", move_lost, "regha_process_up" LN "} 1", "regha_process_up" LN "} 0"},
    {"regha_process_restarts_total", move_restarted, "regha_process_restarts_total" LN "} 2",
     "regha_process_restarts_total" LN "} 3"},
    {"regha_process_cpu_seconds_total", move_cpu, "regha_process_cpu_seconds_total" LN "} 1.25",
     "regha_process_cpu_seconds_total" LN "} 1.250001"},
    {"regha_process_resident_memory_bytes", move_resident,
     "regha_process_resident_memory_bytes" LN "} 5242880",
     "regha_process_resident_memory_bytes" LN "} 5242881"},
    {"regha_loop_lag_seconds", move_lag, "regha_loop_lag_seconds_bucket" LN ",le=\"+Inf\"} 100",
     "regha_loop_lag_seconds_bucket" LN ",le=\"+Inf\"} 101"},
    {"regha_loop_stalls_total", move_stalled, "regha_loop_stalls_total" LN "} 0",
     "regha_loop_stalls_total" LN "} 1"},
    {"process_cpu_seconds_total", move_own_cpu, "process_cpu_seconds_total 1.25",
     "process_cpu_seconds_total 2.25"},
    {"process_resident_memory_bytes", move_own_resident, "process_resident_memory_bytes 5242880",
     "process_resident_memory_bytes 5242881"},
    {"process_open_fds", move_open_files, "process_open_fds 25", "process_open_fds 26"},
    {"process_max_fds", move_most_files, "process_max_fds 1024", "process_max_fds 1025"},
    {"process_start_time_seconds", move_started, "process_start_time_seconds 1795360800",
     "process_start_time_seconds 1795360800.000000001"},
    {"keepalived_up", move_lost_vrrp, "keepalived_up 1", "keepalived_up 0"},
    {"keepalived_vrrp_state", move_state,
     "keepalived_vrrp_state" KA ",ip_address=\"10.0.0.100\"} 2",
     "keepalived_vrrp_state" KA ",ip_address=\"10.0.0.100\"} 1"},
    {"keepalived_advertisements_received_total", move_received,
     "keepalived_advertisements_received_total" KA "} 7011",
     "keepalived_advertisements_received_total" KA "} 7012"},
    {"keepalived_advertisements_sent_total", move_sent,
     "keepalived_advertisements_sent_total" KA "} 1920",
     "keepalived_advertisements_sent_total" KA "} 1921"},
    {"keepalived_become_master_total", move_became, "keepalived_become_master_total" KA "} 1",
     "keepalived_become_master_total" KA "} 2"},
    {"keepalived_release_master_total", move_transition, "keepalived_release_master_total" KA "} 0",
     "keepalived_release_master_total" KA "} 1"},
    {"keepalived_packet_length_errors_total", move_length,
     "keepalived_packet_length_errors_total" KA "} 0",
     "keepalived_packet_length_errors_total" KA "} 1"},
    {"keepalived_advertisements_interval_errors_total", move_interval,
     "keepalived_advertisements_interval_errors_total" KA "} 0",
     "keepalived_advertisements_interval_errors_total" KA "} 1"},
    {"keepalived_ip_ttl_errors_total", move_discarded, "keepalived_ip_ttl_errors_total" KA "} 0",
     "keepalived_ip_ttl_errors_total" KA "} 1"},
    {"keepalived_invalid_type_received_total", move_type,
     "keepalived_invalid_type_received_total" KA "} 0",
     "keepalived_invalid_type_received_total" KA "} 1"},
    {"keepalived_address_list_errors_total", move_list,
     "keepalived_address_list_errors_total" KA "} 0",
     "keepalived_address_list_errors_total" KA "} 1"},
    {"keepalived_priority_zero_received_total", move_heard_zero,
     "keepalived_priority_zero_received_total" KA "} 0",
     "keepalived_priority_zero_received_total" KA "} 1"},
    {"keepalived_priority_zero_sent_total", move_resigned,
     "keepalived_priority_zero_sent_total" KA "} 0",
     "keepalived_priority_zero_sent_total" KA "} 1"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool has_line(const char *text, const char *line)
{
    const size_t length = strlen(line);

    for (const char *at = text; (at = strstr(at, line)) != NULL; at += length) {
        if ((at == text || at[-1] == '\n') && at[length] == '\n')
            return true;
    }
    return false;
}

static void test_moves(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        char *text;

        start();
        print_message("%s\n", rows[i].metric);
        text = written(false);
        if (rows[i].before)
            assert_true(has_line(text, rows[i].before));
        if (rows[i].after)
            assert_false(has_line(text, rows[i].after));
        free(text);
        if (!rows[i].move)
            continue;
        rows[i].move();
        text = written(false);
        if (rows[i].before)
            assert_false(has_line(text, rows[i].before));
        if (rows[i].after)
            assert_true(has_line(text, rows[i].after));
        free(text);
    }
}

/* No metric of the table without a row above, and no row without its metric. */
static void test_every_metric_moves(void **state)
{
    const struct metrics_row *metric;
    size_t found = 0;

    (void)state;
    for (size_t at = 0; (metric = metrics_at(at)) != NULL; at++) {
        bool moved = false;

        for (size_t i = 0; i < ROWS; i++)
            moved = moved || strcmp(rows[i].metric, metric->name) == 0;
        if (!moved)
            print_error("%s is moved by no row\n", metric->name);
        assert_true(moved);
        found++;
    }
    for (size_t i = 0; i < ROWS; i++) {
        bool there = false;

        for (size_t at = 0; (metric = metrics_at(at)) != NULL; at++)
            there = there || strcmp(rows[i].metric, metric->name) == 0;
        assert_true(there);
    }
    assert_true(found > 60);
}

static bool is_in_manual(const struct metrics_row *metric, const char *line, const char *next)
{
    char wanted[512];

    snprintf(wanted, sizeof(wanted), ".It Sy %s Pq %s\n", metric->name,
             metric_type_name(metric->type));
    if (strcmp(line, wanted) != 0)
        return false;
    snprintf(wanted, sizeof(wanted), "%s\n", metric->help);
    return strcmp(next, wanted) == 0;
}

/* Every metric is in regha-metrics(7) with its type and help; and no other is. */
static void test_manual(void **state)
{
    FILE *manual = fopen("../../../man/regha-metrics.7", "re");
    char line[512] = "", next[512] = "";
    bool seen[128] = {false};
    const struct metrics_row *metric;

    (void)state;
    assert_non_null(manual);
    while (fgets(next, sizeof(next), manual)) {
        bool found = strncmp(line, ".It Sy ", 7) != 0;

        for (size_t at = 0; !found && (metric = metrics_at(at)) != NULL; at++)
            found = is_in_manual(metric, line, next) && (seen[at] = true);
        if (!found)
            fail_msg("in the manual, but not in the table: %s%s", line, next);
        memcpy(line, next, sizeof(line));
    }
    fclose(manual);
    for (size_t at = 0; (metric = metrics_at(at)) != NULL; at++) {
        if (!seen[at])
            fail_msg("not in the manual: %s", metric->name);
    }
}

static void test_labels(void **state)
{
    char text[4096] = "";
    struct metric_labels labels = {0};
    struct metric metric = {fmemopen(text, sizeof(text), "w"), false, "m"};
    char longest[3000];

    (void)state;
    metric_label(&labels, "a", "x\"y\\z\nend");
    metric_label(&labels, "empty", "");
    memset(longest, 'l', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    metric_label(&labels, "too_long", longest);
    metric_label(&labels, "b", "2");
    metric_count(&metric, &labels, 7);
    metric_seconds(&metric, NULL, -1500 * NS_PER_MS);
    fclose(metric.out);
    assert_string_equal(text, "m{a=\"x\\\"y\\\\z\\nend\",b=\"2\"} 7\nm -1.5\n");
}

static void test_files(void **state)
{
    struct metrics_input first = {0}, second = {0};
    int fd;

    (void)state;
    metrics_read_files(&first);
    fd = dup(0);
    metrics_read_files(&second);
    close(fd);
    assert_int_equal(second.open_files, first.open_files + 1);
    assert_true(first.most_files > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden), cmocka_unit_test(test_promtool),
        cmocka_unit_test(test_moves),  cmocka_unit_test(test_every_metric_moves),
        cmocka_unit_test(test_manual), cmocka_unit_test(test_labels),
        cmocka_unit_test(test_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
