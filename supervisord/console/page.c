/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/page.h"

#include "supervisord/console/html.h"
#include "supervisord/console/show.h"
#include "supervisord/console/words.h"

#define RELOAD_S 5

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1d2733;--dim:#66727f;--paper:#f5f7f9;--card:#fff;"
    "--line:#dfe5ea;--good:#1a7f4b;--fair:#a86500;--bad:#c02b2b;--calm:#4a6785}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;--dim:#8d99a6;--paper:#12171d;"
    "--card:#1a2129;--line:#2b3540;--good:#4cc38a;--fair:#e2a336;--bad:#ff7b72;--calm:#8fb2d6}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;padding:2rem 1rem 3rem;background:var(--paper);color:var(--ink);"
    "font:15px/1.5 system-ui,sans-serif}\n"
    "main{max-width:76rem;margin:auto}\n"
    "header{display:flex;flex-wrap:wrap;align-items:center;gap:.6rem 1rem;margin-bottom:1.2rem}\n"
    "h1{font-size:1.5rem;margin:0}\n"
    "h2{font-size:.8rem;letter-spacing:.08em;text-transform:uppercase;color:var(--dim);"
    "margin:0 0 .5rem}\n"
    ".badge{padding:.15rem .7rem;border:1px solid currentColor;border-radius:1rem;"
    "font-weight:600;font-size:.85rem}\n"
    "section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;"
    "padding:1rem 1.2rem;margin-bottom:1rem;overflow-x:auto}\n"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\n"
    "th{font-size:.72rem;letter-spacing:.04em;color:var(--dim);font-weight:600}\n"
    "th,td{text-align:left;padding:.3rem .9rem .3rem 0;white-space:nowrap;vertical-align:top}\n"
    "td{border-top:1px solid var(--line)}\n"
    "td:last-child{white-space:normal;min-width:14rem}\n"
    ".number{text-align:right}\n"
    ".good{color:var(--good)}.fair{color:var(--fair)}.bad{color:var(--bad)}"
    ".calm{color:var(--calm)}\n"
    "td.good,td.fair,td.bad,td.calm{font-weight:600}\n"
    "p{margin:0}\n"
    "footer,.dim{color:var(--dim);font-size:.85rem}\n";

static const char *health_word(const struct world *world, struct monotime now)
{
    static const char *const words[] = {"well", "degraded", "down"};

    return words[world_health(world, now, NULL)];
}

static const char *node_name(const struct world *world)
{
    const struct settings *settings = world->settings;

    return settings->self == SETTINGS_NO_NODE ? "this node" : settings->nodes[settings->self].name;
}

static void badge(const char *word, FILE *out)
{
    fprintf(out, "<span class=\"badge %s\">", html_class(word));
    html_write(word, out);
    fputs("</span>\n", out);
}

static void head(const struct world *world, struct monotime now, FILE *out)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", out);
    fprintf(out, "<meta http-equiv=\"refresh\" content=\"%d\">\n", RELOAD_S);
    fputs("<meta name=\"viewport\" content=\"width=device-width\">\n<title>", out);
    html_write(node_name(world), out);
    fprintf(out, " %s, %s</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<header>\n<h1>",
            world_role(world), health_word(world, now), style);
    html_write(node_name(world), out);
    fputs("</h1>\n", out);
    badge(world_role(world), out);
    badge(health_word(world, now), out);
    fputs("<span class=\"dim\">", out);
    html_write(world->settings->cluster.name, out);
    fputs("</span>\n</header>\n", out);
}

static void foot(const struct world *world, struct monotime now, int64_t wall_ns, FILE *out)
{
    char time[WORDS_TIME_BYTES], span[WORDS_SPAN_BYTES];

    fprintf(out,
            "<footer>As reghad %s on this node saw it at %s; it has run for %s. What is said of "
            "other nodes is what they last said themselves. The page loads itself again every %d "
            "seconds; a time that stands still means that reghad, or the way to it, is gone. "
            "Programs read <a href=\"/metrics\">/metrics</a> and "
            "<a href=\"/api/v1/status\">/api/v1/status</a>.</footer>\n"
            "</main>\n</body>\n</html>\n",
            REGHA_VERSION, words_time(wall_ns, time),
            words_span(monotime_since(world->started, now), span), RELOAD_S);
}

int page_write(const struct world *world, struct monotime now, int64_t wall_ns, FILE *out)
{
    static const struct {
        const char *title;
        enum show_what what;
    } parts[] = {
        {"What is not as it should be", SHOW_HEALTH},
        {"Virtual routers", SHOW_ROUTERS},
        {"Virtual addresses in the kernel", SHOW_VIPS},
        {"Registries", SHOW_REGISTRIES},
        {"Probes", SHOW_PROBES},
        {"Nodes", SHOW_NODES},
        {"Processes on this node", SHOW_PROCESSES},
        {"Last changes", SHOW_HISTORY},
    };
    const struct show show = {.world = world, .now = now};

    head(world, now, out);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        int result;

        fprintf(out, "<section>\n<h2>%s</h2>\n", parts[i].title);
        result = show_write_html(&show, parts[i].what, out);
        if (result < 0)
            return result;
        fputs("</section>\n", out);
    }
    foot(world, now, wall_ns, out);
    return 0;
}
