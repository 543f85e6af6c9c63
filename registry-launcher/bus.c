/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/bus.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-login.h>

#define SERVICE      "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER      SERVICE ".Manager"
#define UNIT         SERVICE ".Unit"
#define UNIT_SERVICE SERVICE ".Service"
#define JOB          SERVICE ".Job"
#define PROPERTIES   "org.freedesktop.DBus.Properties"
#define RECONNECT_NS (1 * NS_PER_S)
#define ERROR_BYTES  192

/* Places in registry_bus_watch.slots. */
enum slot {
    SLOT_MATCH,
    SLOT_QUEUED,
    SLOT_ASKED,
};

struct registry_bus {
    struct loop *loop;
    sd_bus *bus; /* NULL: to be connected again */
    struct loop_io io;
    struct loop_timer timer;
    struct registry_bus_watch *watches;
    void *asker; /* of the restart */
    void (*answered)(void *owner, bool restart, struct monotime now);
};

static void process(struct registry_bus *bus, struct monotime now);

static void set_timer(struct registry_bus *bus, struct monotime at)
{
    (void)loop_timer_set(bus->loop, &bus->timer, at);
}

static void disconnect(struct registry_bus *bus, struct monotime now)
{
    for (struct registry_bus_watch *watch = bus->watches; watch != NULL; watch = watch->next)
        for (size_t at = 0; at < 3; at++)
            watch->slots[at] = sd_bus_slot_unref(watch->slots[at]);
    loop_io_stop(bus->loop, &bus->io);
    bus->bus = sd_bus_close_unref(bus->bus);
    set_timer(bus, monotime_add(now, RECONNECT_NS));
}

/* What sd-bus waits for now: its events, and the next of its own deadlines. */
static void arm(struct registry_bus *bus, struct monotime now)
{
    uint64_t until_us = UINT64_MAX;
    const int events = sd_bus_get_events(bus->bus);
    const unsigned wanted = (events > 0 && (events & POLLIN) ? (unsigned)LOOP_READ : 0) |
                            (events > 0 && (events & POLLOUT) ? (unsigned)LOOP_WRITE : 0);

    if (events < 0 || loop_io_start(bus->loop, &bus->io, wanted) < 0) {
        disconnect(bus, now);
        return;
    }
    if (sd_bus_get_timeout(bus->bus, &until_us) >= 0 && until_us < INT64_MAX / 1000)
        set_timer(bus, (struct monotime){(int64_t)until_us * 1000}); /* CLOCK_MONOTONIC */
    else
        loop_timer_cancel(bus->loop, &bus->timer);
}

/* A call was queued: write it, and learn what to wait for. */
static void push(struct registry_bus *bus)
{
    set_timer(bus, (struct monotime){0});
}

static int call(struct registry_bus *bus, sd_bus_slot **slot, sd_bus_message *message,
                sd_bus_message_handler_t handle, void *owner)
{
    const int failed = sd_bus_call_async(bus->bus, slot, message, handle, owner, 0);

    push(bus);
    return failed < 0 ? failed : 0;
}

static void copy_text(char *to, size_t size_bytes, const char *from)
{
    snprintf(to, size_bytes, "%s", from);
}

static int read_text(sd_bus_message *message, char *to, size_t size_bytes)
{
    const char *text;
    const int failed = sd_bus_message_read(message, "v", "s", &text);

    if (failed >= 0)
        copy_text(to, size_bytes, text);
    return failed;
}

static int read_property(sd_bus_message *message, const char *name, struct registry_bus_unit *unit)
{
    const char *path;
    uint32_t job;
    int failed;

    if (strcmp(name, "ActiveState") == 0)
        return read_text(message, unit->active_state, sizeof(unit->active_state));
    if (strcmp(name, "Result") == 0)
        return read_text(message, unit->result, sizeof(unit->result));
    if (strcmp(name, "MainPID") == 0)
        return sd_bus_message_read(message, "v", "u", &unit->main_pid);
    if (strcmp(name, "ExecMainCode") == 0)
        return sd_bus_message_read(message, "v", "i", &unit->main_code);
    if (strcmp(name, "ExecMainStatus") == 0)
        return sd_bus_message_read(message, "v", "i", &unit->main_status);
    if (strcmp(name, "Job") != 0)
        return sd_bus_message_skip(message, "v");
    failed = sd_bus_message_read(message, "v", "(uo)", &job, &path);
    if (failed >= 0)
        unit->has_job = job != 0;
    return failed;
}

/* a{sv}, of the properties of a unit or a service. */
static int read_properties(sd_bus_message *message, struct registry_bus_unit *unit)
{
    const char *name;
    int more = sd_bus_message_enter_container(message, 'a', "{sv}");

    while (more >= 0 && (more = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
        more = sd_bus_message_read(message, "s", &name);
        if (more >= 0)
            more = read_property(message, name, unit);
        if (more >= 0)
            more = sd_bus_message_exit_container(message);
    }
    return more < 0 ? more : sd_bus_message_exit_container(message);
}

static int handle_signal(sd_bus_message *message, void *owner, sd_bus_error *error)
{
    struct registry_bus_watch *watch = owner;
    const char *interface;

    (void)error;
    if (sd_bus_message_read(message, "s", &interface) < 0 ||
        read_properties(message, &watch->state) < 0)
        return 0;
    /* systemd sends those of the service first, then those of the unit. */
    if (strcmp(interface, UNIT) == 0)
        watch->changed(watch->owner, monotime_now());
    return 0;
}

static int get_all(struct registry_bus_watch *watch, const char *interface,
                   sd_bus_message_handler_t handle);

static int handle_service(sd_bus_message *message, void *owner, sd_bus_error *error)
{
    struct registry_bus_watch *watch = owner;

    (void)error;
    if (!sd_bus_message_is_method_error(message, NULL) &&
        read_properties(message, &watch->state) >= 0)
        watch->changed(watch->owner, monotime_now());
    return 0;
}

static int handle_unit(sd_bus_message *message, void *owner, sd_bus_error *error)
{
    struct registry_bus_watch *watch = owner;

    (void)error;
    if (!sd_bus_message_is_method_error(message, NULL) &&
        read_properties(message, &watch->state) >= 0)
        (void)get_all(watch, UNIT_SERVICE, handle_service);
    return 0;
}

static int get_all(struct registry_bus_watch *watch, const char *interface,
                   sd_bus_message_handler_t handle)
{
    struct registry_bus *bus = watch->bus;
    sd_bus_message *message = NULL;
    sd_bus_slot *slot = watch->slots[SLOT_ASKED];

    if (bus->bus == NULL)
        return -ENOTCONN;
    watch->slots[SLOT_ASKED] = sd_bus_slot_unref(slot);
    slot = NULL;
    int failed = sd_bus_message_new_method_call(bus->bus, &message, SERVICE, watch->path,
                                                PROPERTIES, "GetAll");
    if (failed >= 0)
        failed = sd_bus_message_append(message, "s", interface);
    if (failed >= 0)
        failed = call(bus, &slot, message, handle, watch);
    sd_bus_message_unref(message);
    watch->slots[SLOT_ASKED] = slot;
    return failed < 0 ? failed : 0;
}

void registry_bus_ask(struct registry_bus_watch *watch)
{
    /* Without a connection it is asked when there is one again. */
    if (watch->bus != NULL)
        (void)get_all(watch, UNIT, handle_unit);
}

static int subscribe(struct registry_bus *bus)
{
    sd_bus_message *message = NULL;
    int failed = sd_bus_message_new_method_call(bus->bus, &message, SERVICE, MANAGER_PATH, MANAGER,
                                                "Subscribe");
    if (failed >= 0)
        failed = sd_bus_message_set_expect_reply(message, 0);
    if (failed >= 0)
        failed = sd_bus_send(bus->bus, message, NULL);
    sd_bus_message_unref(message);
    return failed < 0 ? failed : 0;
}

static int match(struct registry_bus_watch *watch)
{
    sd_bus_slot *slot = NULL;
    const int failed =
        sd_bus_match_signal_async(watch->bus->bus, &slot, SERVICE, watch->path, PROPERTIES,
                                  "PropertiesChanged", handle_signal, NULL, watch);

    watch->slots[SLOT_MATCH] = slot;
    push(watch->bus);
    return failed < 0 ? failed : 0;
}

static void handle_io(struct loop_io *io, unsigned events, struct monotime now)
{
    (void)events;
    process(io->owner, now);
}

static int connect_bus(struct registry_bus *bus)
{
    int failed = sd_bus_open_system(&bus->bus);

    if (failed >= 0)
        failed = subscribe(bus);
    if (failed < 0) {
        bus->bus = sd_bus_close_unref(bus->bus);
        return failed;
    }
    bus->io.fd = sd_bus_get_fd(bus->bus);
    for (struct registry_bus_watch *watch = bus->watches; watch != NULL; watch = watch->next) {
        (void)match(watch);
        registry_bus_ask(watch);
    }
    return 0;
}

static void process(struct registry_bus *bus, struct monotime now)
{
    int more;

    do
        more = sd_bus_process(bus->bus, NULL);
    while (more > 0);
    if (more < 0)
        disconnect(bus, now);
    else
        arm(bus, now);
}

static void handle_timer(struct loop_timer *timer, struct monotime now)
{
    struct registry_bus *bus = timer->owner;

    if (bus->bus == NULL && connect_bus(bus) < 0)
        set_timer(bus, monotime_add(now, RECONNECT_NS));
    else
        process(bus, now);
}

bool registry_bus_is_there(void)
{
    return sd_booted() > 0;
}

bool registry_bus_is_our_manager(void)
{
    char *unit = NULL;
    const bool is = registry_bus_is_there() && sd_pid_get_unit(0, &unit) >= 0 &&
                    strcmp(unit, "regha-launcher.service") == 0;

    free(unit);
    return is;
}

int registry_bus_open(struct loop *loop, struct registry_bus **ret_bus, struct err *err)
{
    struct registry_bus *bus = calloc(1, sizeof(*bus));

    if (bus == NULL)
        return err_set(err, ENOMEM, "no memory for the system bus");
    bus->loop = loop;
    bus->io = (struct loop_io){.name = "bus", .fd = -1, .handle = handle_io, .owner = bus};
    loop_timer_init(&bus->timer, "bus", handle_timer, bus);
    /* What is asked before the bus has answered waits in its queue. */
    (void)connect_bus(bus);
    push(bus);
    *ret_bus = bus;
    return 0;
}

void registry_bus_close(struct registry_bus *bus)
{
    if (bus == NULL)
        return;
    disconnect(bus, (struct monotime){0});
    loop_timer_cancel(bus->loop, &bus->timer);
    free(bus);
}

int registry_bus_watch(struct registry_bus *bus, struct registry_bus_watch *watch, const char *name)
{
    char *path = NULL;

    registry_bus_unwatch(watch);
    snprintf(watch->unit, sizeof(watch->unit), "regha-registry@%s.service", name);
    if (sd_bus_path_encode(MANAGER_PATH "/unit", watch->unit, &path) < 0)
        return -ENOMEM;
    const bool fits = strlen(path) < sizeof(watch->path);
    copy_text(watch->path, sizeof(watch->path), path);
    free(path);
    if (!fits)
        return -ENAMETOOLONG;
    memset(&watch->state, 0, sizeof(watch->state));
    watch->bus = bus;
    watch->next = bus->watches;
    bus->watches = watch;
    return bus->bus != NULL ? match(watch) : 0;
}

void registry_bus_unwatch(struct registry_bus_watch *watch)
{
    if (watch->bus == NULL)
        return;
    struct registry_bus_watch **link = &watch->bus->watches;
    while (*link != watch)
        link = &(*link)->next;
    *link = watch->next;
    for (size_t at = 0; at < 3; at++)
        watch->slots[at] = sd_bus_slot_unref(watch->slots[at]);
    watch->bus = NULL;
}

static int handle_queued(sd_bus_message *message, void *owner, sd_bus_error *error)
{
    struct registry_bus_watch *watch = owner;
    const sd_bus_error *failed = sd_bus_message_get_error(message);
    char words[ERROR_BYTES];

    (void)error;
    if (failed != NULL)
        snprintf(words, sizeof(words), "systemd does not start %.60s: %.80s", watch->unit,
                 failed->message != NULL ? failed->message : failed->name);
    watch->queued(watch->owner, failed != NULL ? words : NULL, monotime_now());
    return 0;
}

static int ask_manager(struct registry_bus_watch *watch, const char *method)
{
    struct registry_bus *bus = watch->bus;
    sd_bus_message *message = NULL;
    sd_bus_slot *slot = NULL;

    if (bus == NULL || bus->bus == NULL)
        return -ENOTCONN;
    watch->slots[SLOT_QUEUED] = sd_bus_slot_unref(watch->slots[SLOT_QUEUED]);
    int failed =
        sd_bus_message_new_method_call(bus->bus, &message, SERVICE, MANAGER_PATH, MANAGER, method);
    if (failed >= 0)
        failed = sd_bus_message_append(message, "ss", watch->unit, "replace");
    if (failed >= 0)
        failed = call(bus, &slot, message, handle_queued, watch);
    sd_bus_message_unref(message);
    watch->slots[SLOT_QUEUED] = slot;
    return failed < 0 ? failed : 0;
}

int registry_bus_start_unit(struct registry_bus_watch *watch)
{
    return ask_manager(watch, "StartUnit");
}

int registry_bus_stop_unit(struct registry_bus_watch *watch)
{
    return ask_manager(watch, "StopUnit");
}

void registry_bus_kill_unit(struct registry_bus_watch *watch)
{
    struct registry_bus *bus = watch->bus;
    sd_bus_message *message = NULL;

    if (bus == NULL || bus->bus == NULL)
        return;
    int failed = sd_bus_message_new_method_call(bus->bus, &message, SERVICE, MANAGER_PATH, MANAGER,
                                                "KillUnit");
    if (failed >= 0)
        failed = sd_bus_message_append(message, "ssi", watch->unit, "all", SIGKILL);
    if (failed >= 0)
        failed = sd_bus_message_set_expect_reply(message, 0);
    if (failed >= 0)
        (void)sd_bus_send(bus->bus, message, NULL);
    sd_bus_message_unref(message);
    push(bus);
}

static void answer_restart(struct registry_bus *bus, bool restart)
{
    bus->answered(bus->asker, restart, monotime_now());
}

static int handle_job_type(sd_bus_message *message, void *owner, sd_bus_error *error)
{
    const char *type = "";

    (void)error;
    if (sd_bus_message_is_method_error(message, NULL) ||
        sd_bus_message_read(message, "v", "s", &type) < 0)
        type = "";
    answer_restart(owner, strcmp(type, "restart") == 0 || strcmp(type, "try-restart") == 0);
    return 0;
}

static int get_property(struct registry_bus *bus, const char *path, const char *interface,
                        const char *property, sd_bus_message_handler_t handle)
{
    sd_bus_message *message = NULL;
    int failed =
        sd_bus_message_new_method_call(bus->bus, &message, SERVICE, path, PROPERTIES, "Get");

    if (failed >= 0)
        failed = sd_bus_message_append(message, "ss", interface, property);
    if (failed >= 0)
        failed = call(bus, NULL, message, handle, bus);
    sd_bus_message_unref(message);
    return failed < 0 ? failed : 0;
}

static int handle_own_job(sd_bus_message *message, void *owner, sd_bus_error *error)
{
    const char *path;
    uint32_t job;

    (void)error;
    if (sd_bus_message_is_method_error(message, NULL) ||
        sd_bus_message_read(message, "v", "(uo)", &job, &path) < 0 || job == 0 ||
        get_property(owner, path, JOB, "JobType", handle_job_type) < 0)
        answer_restart(owner, false);
    return 0;
}

void registry_bus_ask_restart(struct registry_bus *bus, void *owner,
                              void (*answered)(void *owner, bool restart, struct monotime now))
{
    char *unit = NULL, *path = NULL;
    int failed = bus->bus == NULL ? -ENOTCONN : sd_pid_get_unit(0, &unit);

    bus->asker = owner;
    bus->answered = answered;
    if (failed >= 0)
        failed = sd_bus_path_encode(MANAGER_PATH "/unit", unit, &path);
    if (failed >= 0)
        failed = get_property(bus, path, UNIT, "Job", handle_own_job);
    free(unit);
    free(path);
    if (failed < 0)
        answer_restart(bus, false);
}
