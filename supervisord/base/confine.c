/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/confine.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cap-ng.h>

#define IS_EMPTY(text) ((text) == NULL || *(text) == '\0')

int confine_user(const char *user, uid_t *ret_uid, gid_t *ret_gid, struct err *err)
{
    errno = 0;
    const struct passwd *entry = getpwnam(user);
    if (entry == NULL && errno != 0 && errno != ENOENT && errno != ESRCH)
        return err_errno(err, "cannot look up the user %s", user);
    if (entry == NULL)
        return err_set(err, ENOENT,
                       "there is no user %s: systemd-sysusers makes it of sysusers.d/regha.conf",
                       user);
    *ret_uid = entry->pw_uid;
    *ret_gid = entry->pw_gid;
    return 0;
}

static int find_group(const char *group, gid_t *ret_gid, struct err *err)
{
    errno = 0;
    const struct group *entry = getgrnam(group);
    if (entry == NULL && errno != 0 && errno != ENOENT && errno != ESRCH)
        return err_errno(err, "cannot look up the group %s", group);
    if (entry == NULL)
        return err_set(err, ENOENT,
                       "there is no group %s: systemd-sysusers makes it of sysusers.d/regha.conf",
                       group);
    *ret_gid = entry->gr_gid;
    return 0;
}

static bool holds_any(void)
{
    for (unsigned capability = 0; capability <= CAP_LAST_CAP; capability++)
        if (capng_have_capability(CAPNG_PERMITTED, capability) == 1 ||
            capng_have_capability(CAPNG_INHERITABLE, capability) == 1)
            return true;
    return false;
}

static bool is_to_be_had(int capability)
{
    return capng_have_capability(CAPNG_PERMITTED, (unsigned)capability) == 1;
}

/* Note in libcap-ng's state what is to be kept; nothing is changed yet. */
static int choose_capabilities(const struct confine_params *params, struct err *err)
{
    bool has_optional[CONFINE_CAPABILITIES_MAX];

    for (size_t at = 0; at < params->capability_count; at++)
        if (!is_to_be_had(params->capabilities[at]))
            return err_set(err, EPERM, "the capability %s is missing: start as root or by the unit",
                           capng_capability_to_name((unsigned)params->capabilities[at]));
    for (size_t at = 0; at < params->optional_count; at++)
        has_optional[at] = is_to_be_had(params->optional[at]);

    capng_clear(CAPNG_SELECT_ALL);
    for (size_t at = 0; at < params->capability_count; at++)
        capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
                     (unsigned)params->capabilities[at]);
    for (size_t at = 0; at < params->optional_count; at++)
        if (has_optional[at])
            capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
                         (unsigned)params->optional[at]);
    return 0;
}

/* The bounding set is cleared whole: what is exec'd later gets nothing from us. */
static int become(const struct confine_params *params, struct err *err)
{
    uid_t uid;
    gid_t gid;
    gid_t group;
    size_t group_count = 0;

    int found = confine_user(params->user, &uid, &gid, err);
    if (found == 0 && !IS_EMPTY(params->group)) {
        found = find_group(params->group, &group, err);
        group_count = 1;
    }
    if (found < 0)
        return found;
    if (setgroups(group_count, &group) < 0)
        return err_errno(err, "cannot change the supplementary groups");
    const int changed = capng_change_id((int)uid, (int)gid, CAPNG_CLEAR_BOUNDING);
    if (changed < 0)
        return err_set(err, EPERM, "cannot become the user %s: libcap-ng step %d", params->user,
                       -changed);
    return 0;
}

struct held {
    bool any;       /* capability at all */
    bool may_bound; /* shrink the bounding set */
};

/* Not root, or to stay root: only what we hold can shrink. */
static int shrink(const struct held *held, struct err *err)
{
    /* A unit's filter may refuse capset(2) to whom it gave none. */
    if (!held->any)
        return 0;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return err_errno(err, "cannot clear the ambient capabilities");
    if (capng_apply(held->may_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) < 0)
        return err_set(err, EPERM, "cannot give up capabilities");
    return 0;
}

static int forbid_the_rest(const struct confine_params *params, struct err *err)
{
    const struct rlimit none = {0, 0};

    if (!params->keep_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_errno(err, "cannot set no_new_privs");
    /* A core or a debugger of the same user would show the cluster key. */
    if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return err_errno(err, "cannot forbid core dumps");
    umask(0077);
    return 0;
}

int confine_self(const struct confine_params *params, struct err *err)
{
    if (capng_get_caps_process() < 0)
        return err_set(err, EPERM, "cannot read the capabilities of this process");
    const struct held held = {
        .any = holds_any(),
        .may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) == 1,
    };
    int done = choose_capabilities(params, err);
    if (done == 0 && geteuid() == 0 && !IS_EMPTY(params->user))
        done = become(params, err);
    else if (done == 0)
        done = shrink(&held, err);
    if (done == 0)
        done = forbid_the_rest(params, err);
    return done;
}
