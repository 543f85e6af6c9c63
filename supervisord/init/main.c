/* SPDX-License-Identifier: GPL-2.0-or-later */
/* regha-init - starts and keeps regha's programs where there is no systemd. */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "supervisord/init/folders.h"
#include "supervisord/init/former.h"
#include "supervisord/init/once.h"
#include "supervisord/init/orphan.h"
#include "supervisord/init/tree.h"

#define EXIT_USAGE 2
#define STALL_NS   (20 * NS_PER_MS)

struct options {
    char folder[PATH_MAX];
    char config[PATH_MAX];
    char *log_level;
    enum log_level level;
    bool is_wanted[INIT_TREE_PROGRAMS];
    bool has_only;
    bool is_policy_only;
};

static const char usage[] =
    "usage: regha-init [-c FILE] [--libexec FOLDER] [--only PROGRAM]... [--log-level LEVEL]\n"
    "       regha-init [-c FILE] --write-policy\n"
    "\n"
    "Starts regha-net, regha-vrrp, regha-launcher and reghad, restarts what dies, and stops them\n"
    "in order: for containers, as PID 1 or below it. Needs root. See reghad(8).\n"
    "\n"
    "  -c, --config FILE      the configuration, /etc/regha/regha.conf\n"
    "      --libexec FOLDER   where the programs are, this one's folder\n"
    "      --only PROGRAM     start only this one; may be repeated\n"
    "      --write-policy     write the launcher's local policy, start nothing\n"
    "      --log-level LEVEL  err, warning, info (default) or debug; for all\n"
    "      --help, --version\n"
    "\n"
    "SIGTERM or SIGINT stops, a second one kills; SIGHUP reloads the configuration.\n";

static int hint(void)
{
    fputs("Try \"regha-init --help\".\n", stderr);
    return EXIT_USAGE;
}

static int want_only(struct options *options, const char *name)
{
    if (!options->has_only)
        memset(options->is_wanted, 0, sizeof(options->is_wanted));
    options->has_only = true;
    for (size_t at = 0; init_tree_name(at) != NULL; at++)
        if (strcmp(name, init_tree_name(at)) == 0) {
            options->is_wanted[at] = true;
            return 0;
        }
    fprintf(stderr, "regha-init: --only is \"%s\", which is none of its programs\n", name);
    return -EINVAL;
}

/* Absolute, for we leave this folder, and the programs outlive who started us. */
static int set_path(const char *text, char path[PATH_MAX])
{
    if (realpath(text, path) != NULL)
        return 0;
    fprintf(stderr, "regha-init: %s: %s\n", text, strerror(errno));
    return -EINVAL;
}

static int set_defaults(struct options *options)
{
    char self[PATH_MAX];

    *options = (struct options){.level = LOG_LEVEL_INFO};
    for (size_t at = 0; at < INIT_TREE_PROGRAMS; at++)
        options->is_wanted[at] = true;
    snprintf(options->config, sizeof(options->config), "/etc/regha/regha.conf");
    const ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length < 0)
        return -errno;
    self[length] = '\0';
    snprintf(options->folder, sizeof(options->folder), "%s", dirname(self));
    return 0;
}

/* Returns 0 to go on, else the status to end with. */
static int take_option(int option, struct options *options)
{
    switch (option) {
    case 'c':
        return set_path(optarg, options->config) < 0 ? EXIT_FAILURE : 0;
    case 'l':
        return set_path(optarg, options->folder) < 0 ? EXIT_FAILURE : 0;
    case 'o':
        return want_only(options, optarg) < 0 ? EXIT_USAGE : 0;
    case 'w':
        options->is_policy_only = true;
        return 0;
    case 'L':
        options->log_level = optarg;
        if (log_level_parse(optarg, &options->level) == 0)
            return 0;
        fprintf(stderr, "regha-init: --log-level is \"%s\", must be err, warning, info or debug\n",
                optarg);
        return EXIT_USAGE;
    default:
        return hint();
    }
}

/* Returns 0 to go on, -1 to end well, or the status to end with. */
static int parse_options(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {
        {"config", required_argument, NULL, 'c'}, {"libexec", required_argument, NULL, 'l'},
        {"only", required_argument, NULL, 'o'},   {"log-level", required_argument, NULL, 'L'},
        {"write-policy", no_argument, NULL, 'w'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "c:h", names, NULL)) != -1) {
        if (option == 'h' || option == 'V') {
            fputs(option == 'h' ? usage : "regha-init " REGHA_VERSION "\n", stdout);
            return -1;
        }
        const int status = take_option(option, options);
        if (status != 0)
            return status;
    }
    if (optind == argc)
        return 0;
    fprintf(stderr, "regha-init: \"%s\" is no option\n", argv[optind]);
    return hint();
}

static int prepare_host(int *ret_former, struct err *err)
{
    if (geteuid() != 0)
        return err_set(err, EPERM, "regha-init needs root: the programs change to their users");
    umask(0022);
    int done = init_folders_make(err);
    if (done < 0)
        return done;
    const int former = init_former_open(INIT_FORMER_PATH, err);
    if (former < 0)
        return former;
    *ret_former = former; /* open until the end, for it holds the lock */
    if (chdir("/") < 0)
        return err_errno(err, "cannot change to /");
    if (init_orphan_adopt() < 0)
        return err_errno(err, "cannot become the parent of orphans");
    return 0;
}

static int run(struct options *options)
{
    struct init_tree *tree = calloc(1, sizeof(*tree));
    struct init_tree_params params = {
        .folder = options->folder, .config = options->config, .log_level = options->log_level};
    struct loop *loop = NULL;
    struct err err = {"memory is short"};
    int status = EXIT_FAILURE;

    memcpy(params.is_wanted, options->is_wanted, sizeof(params.is_wanted));
    if (tree != NULL && prepare_host(&params.former, &err) == 0 &&
        loop_new(STALL_NS, &loop, &err) == 0 && init_tree_start(tree, loop, &params, &err) == 0)
        status = loop_run(loop);
    else
        log_err("regha-init cannot start", "reason=\"%s\"", err.text);
    loop_free(loop);
    free(tree);
    return status;
}

static int write_policy(struct options *options)
{
    struct loop *loop = NULL;
    struct err err;
    int status = loop_new(STALL_NS, &loop, &err);

    if (status == 0)
        status = init_once_write_policy(loop, options->folder, options->config, &err);
    loop_free(loop);
    if (status >= 0)
        return status;
    log_err("the launcher's local policy was not written", "reason=\"%s\"", err.text);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct options options;

    if (set_defaults(&options) < 0)
        return EXIT_FAILURE;
    const int status = parse_options(argc, argv, &options);
    if (status != 0)
        return status < 0 ? EXIT_SUCCESS : status;
    log_open("regha-init", options.level);
    return options.is_policy_only ? write_policy(&options) : run(&options);
}
