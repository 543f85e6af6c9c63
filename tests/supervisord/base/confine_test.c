/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is left after confine_self(), seen from a child that does it for real. Needs root. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cap-ng.h>
#include <cmocka.h>

#include "base/confine.h"

/* Debian has this user and group everywhere. */
#define USER  "daemon"
#define GROUP "www-data"

/* What a child found out about itself, in memory it shares with the test. */
struct found {
    int returned;
    struct err err;
    uid_t uid;
    uid_t saved_uid;
    gid_t gid;
    int group_count;
    gid_t group;
    bool has_kept;     /* CAP_NET_RAW, effective */
    bool has_optional; /* CAP_SYS_NICE */
    bool has_other;    /* CAP_SYS_ADMIN or CAP_SETUID */
    bool has_inherited;
    bool has_bounding;
    bool can_return_to_root;
    int no_new_privileges;
    int dumpable;
    rlim_t core;
    mode_t mask;
};

static bool has(capng_type_t set, unsigned capability)
{
    return capng_have_capability(set, capability) == 1;
}

static void look(struct found *found)
{
    uid_t effective;
    struct rlimit core;

    getresuid(&found->uid, &effective, &found->saved_uid);
    found->gid = getegid();
    found->group_count = getgroups(1, &found->group);
    capng_get_caps_process();
    found->has_kept = has(CAPNG_EFFECTIVE, CAP_NET_RAW);
    found->has_optional = has(CAPNG_EFFECTIVE, CAP_SYS_NICE);
    found->has_other = has(CAPNG_PERMITTED, CAP_SYS_ADMIN) || has(CAPNG_PERMITTED, CAP_SETUID);
    found->has_inherited = has(CAPNG_INHERITABLE, CAP_NET_RAW) || has(CAPNG_AMBIENT, CAP_NET_RAW);
    found->has_bounding =
        prctl(PR_CAPBSET_READ, CAP_NET_RAW) == 1 || prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) == 1;
    found->no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    found->dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    getrlimit(RLIMIT_CORE, &core);
    found->core = core.rlim_max;
    found->mask = umask(0);
    found->can_return_to_root = setuid(0) == 0;
}

struct step {
    void (*before)(void); /* in the child; may be NULL */
    struct confine_params params;
};

/* The child ends by a signal, so that nothing of the test's own is run or checked twice. */
static void confine_in_child(const struct step *step, struct found *ret_found)
{
    struct found *found =
        mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(found != MAP_FAILED);
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        if (step->before != NULL)
            step->before();
        found->returned = confine_self(&step->params, &found->err);
        look(found);
        raise(SIGKILL);
    }
    waitpid(pid, NULL, 0);
    *ret_found = *found;
    munmap(found, sizeof(*found));
}

static void need_root(void)
{
    if (geteuid() != 0) {
        print_message("skipped: needs root\n");
        skip();
    }
}

static void check_confined(const struct found *found)
{
    uid_t uid;
    gid_t gid;
    struct err err;

    assert_int_equal(confine_user(USER, &uid, &gid, &err), 0);
    if (found->returned != 0)
        fail_msg("refused: %s", found->err.text);
    assert_int_equal(found->uid, uid);
    assert_int_equal(found->saved_uid, uid);
    assert_int_equal(found->gid, gid);
    assert_false(found->has_other);
    assert_false(found->has_inherited);
    assert_false(found->can_return_to_root);
    assert_int_equal(found->dumpable, 0);
    assert_int_equal(found->core, 0);
    assert_int_equal(found->mask, 0077);
}

static void root_becomes_the_user_with_what_it_keeps(void **state)
{
    const struct step step = {
        .params = {.user = USER,
                   .capabilities = {CAP_NET_RAW},
                   .capability_count = 1,
                   .optional = {CAP_SYS_NICE},
                   .optional_count = 1,
                   .group = GROUP},
    };
    struct found found;

    (void)state;
    need_root();
    confine_in_child(&step, &found);
    check_confined(&found);
    assert_true(found.has_kept);
    assert_true(found.has_optional);
    assert_false(found.has_bounding);
    assert_int_equal(found.group_count, 1);
    assert_int_equal(found.group, getgrnam(GROUP)->gr_gid);
    assert_int_equal(found.no_new_privileges, 1);
}

static void without_capabilities_nothing_is_left(void **state)
{
    const struct step step = {.params = {.user = USER}};
    struct found found;

    (void)state;
    need_root();
    confine_in_child(&step, &found);
    check_confined(&found);
    assert_false(found.has_kept);
    assert_false(found.has_optional);
    assert_int_equal(found.group_count, 0);
}

static void the_launcher_may_leave_new_privileges_to_its_children(void **state)
{
    const struct step step = {.params = {.user = USER, .keep_new_privileges = true}};
    struct found found;

    (void)state;
    need_root();
    confine_in_child(&step, &found);
    check_confined(&found);
    assert_int_equal(found.no_new_privileges, 0);
}

/* As systemd starts us: User= and AmbientCapabilities=. */
static void be_started_by_systemd(void)
{
    uid_t uid;
    gid_t gid;
    struct err err;

    confine_user(USER, &uid, &gid, &err);
    capng_clear(CAPNG_SELECT_ALL);
    capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE, CAP_NET_RAW);
    setgroups(0, NULL);
    capng_change_id((int)uid, (int)gid, CAPNG_NO_FLAG);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0);
}

static void a_user_already_keeps_what_it_was_given(void **state)
{
    const struct step step = {
        .before = be_started_by_systemd,
        .params = {.user = USER,
                   .capabilities = {CAP_NET_RAW},
                   .capability_count = 1,
                   .optional = {CAP_SYS_NICE},
                   .optional_count = 1},
    };
    struct found found;

    (void)state;
    need_root();
    confine_in_child(&step, &found);
    check_confined(&found);
    assert_true(found.has_kept);
    assert_false(found.has_optional);
    assert_int_equal(found.no_new_privileges, 1);
}

static void a_missing_capability_is_named(void **state)
{
    const struct step step = {
        .before = be_started_by_systemd,
        .params = {.user = USER, .capabilities = {CAP_NET_ADMIN}, .capability_count = 1},
    };
    struct found found;

    (void)state;
    need_root();
    confine_in_child(&step, &found);
    assert_int_equal(found.returned, -EPERM);
    assert_non_null(strstr(found.err.text, "net_admin"));
}

static void an_unknown_user_or_group_is_named(void **state)
{
    const struct step no_user = {.params = {.user = "nobody-has-this-name"}};
    const struct step no_group = {.params = {.user = USER, .group = "nobody-has-this-group"}};
    struct found found;

    (void)state;
    need_root();
    confine_in_child(&no_user, &found);
    assert_int_equal(found.returned, -ENOENT);
    assert_non_null(strstr(found.err.text, "user nobody-has-this-name"));
    confine_in_child(&no_group, &found);
    assert_int_equal(found.returned, -ENOENT);
    assert_non_null(strstr(found.err.text, "group nobody-has-this-group"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_becomes_the_user_with_what_it_keeps),
        cmocka_unit_test(without_capabilities_nothing_is_left),
        cmocka_unit_test(the_launcher_may_leave_new_privileges_to_its_children),
        cmocka_unit_test(a_user_already_keeps_what_it_was_given),
        cmocka_unit_test(a_missing_capability_is_named),
        cmocka_unit_test(an_unknown_user_or_group_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
