/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/options.h"

#include <getopt.h>
#include <stdio.h>

enum long_option {
    OPTION_LOG_LEVEL = 256,
};

static void print_help(const char *program, const char *purpose)
{
    printf("usage: %s [--log-level err|warning|info|debug]\n\n"
           "%s\n\n"
           "      --log-level LEVEL  the least grave lines to log, info by default\n"
           "  -h, --help             print this\n"
           "  -V, --version          print the version\n",
           program, purpose);
}

static int take_level(const char *program, enum log_level *ret_level)
{
    if (log_level_parse(optarg, ret_level) == 0)
        return 0;
    fprintf(stderr, "%s: --log-level is \"%s\", must be err, warning, info or debug\n", program,
            optarg);
    return OPTIONS_USAGE;
}

int options_parse(int argc, char **argv, const char *program, const char *purpose,
                  enum log_level *ret_level)
{
    static const struct option names[] = {
        {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int option, failed = 0;

    *ret_level = LOG_LEVEL_INFO;
    while (failed == 0 && (option = getopt_long(argc, argv, "hV", names, NULL)) != -1) {
        if (option == OPTION_LOG_LEVEL) {
            failed = take_level(program, ret_level);
        } else if (option == 'h') {
            print_help(program, purpose);
            return OPTIONS_DONE;
        } else if (option == 'V') {
            printf("%s %s\n", program, REGHA_VERSION);
            return OPTIONS_DONE;
        } else {
            failed = OPTIONS_USAGE;
        }
    }
    if (failed == 0 && optind < argc) {
        fprintf(stderr, "%s: \"%s\" is no option\n", program, argv[optind]);
        failed = OPTIONS_USAGE;
    }
    if (failed != 0)
        fprintf(stderr, "%s: see %s --help\n", program, program);
    return failed;
}
