/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/metric.h"

#include <string.h>

#include "base/monotime.h"

const char *metric_type_name(enum metric_type type)
{
    static const char *const names[] = {"counter", "gauge", "histogram", "info"};

    return names[type];
}

/* OpenMetrics names the family without the suffix that the sample has. */
static int family_length(const struct metric *metric, enum metric_type type)
{
    const size_t length = strlen(metric->name);

    if (metric->openmetrics && type == METRIC_COUNTER)
        return (int)(length - strlen("_total"));
    if (metric->openmetrics && type == METRIC_INFO)
        return (int)(length - strlen("_info"));
    return (int)length;
}

void metric_head(const struct metric *metric, enum metric_type type, const char *help)
{
    const int length = family_length(metric, type);
    const bool plain_info = type == METRIC_INFO && !metric->openmetrics;

    fprintf(metric->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", length, metric->name, help, length,
            metric->name, metric_type_name(plain_info ? METRIC_GAUGE : type));
}

void metric_end(FILE *out)
{
    fputs("# EOF\n", out);
}

static const char *escaped(char character)
{
    switch (character) {
    case '\\':
        return "\\\\";
    case '"':
        return "\\\"";
    case '\n':
        return "\\n";
    default:
        return NULL;
    }
}

void metric_label(struct metric_labels *labels, const char *name, const char *value)
{
    char text[METRIC_LABELS_BYTES];
    size_t used = (size_t)snprintf(text, sizeof(text), "%s%s=\"", labels->used ? "," : "", name);

    if (value[0] == '\0')
        return;
    for (; *value != '\0' && used + 4 < sizeof(text); value++) {
        const char *escape = escaped(*value);

        if (escape)
            text[used++] = escape[0];
        text[used++] = escape ? escape[1] : *value;
    }
    text[used++] = '"';
    if (labels->used + used >= METRIC_LABELS_BYTES)
        return;
    memcpy(labels->text + labels->used, text, used);
    labels->used += used;
    labels->text[labels->used] = '\0';
}

static void sample_head(const struct metric *metric, const char *suffix,
                        const struct metric_labels *labels)
{
    if (labels && labels->used > 0)
        fprintf(metric->out, "%s%s{%s} ", metric->name, suffix, labels->text);
    else
        fprintf(metric->out, "%s%s ", metric->name, suffix);
}

void metric_count(const struct metric *metric, const struct metric_labels *labels, uint64_t value)
{
    sample_head(metric, "", labels);
    fprintf(metric->out, "%llu\n", (unsigned long long)value);
}

/* All nanoseconds, without zeros at the end. */
static void write_seconds(FILE *out, int64_t span_ns)
{
    const uint64_t ns = span_ns < 0 ? (uint64_t)-span_ns : (uint64_t)span_ns;
    char fraction[16];
    int digits = snprintf(fraction, sizeof(fraction), "%09llu",
                          (unsigned long long)(ns % (uint64_t)NS_PER_S));

    while (digits > 0 && fraction[digits - 1] == '0')
        digits--;
    fprintf(out, "%s%llu", span_ns < 0 ? "-" : "", (unsigned long long)(ns / (uint64_t)NS_PER_S));
    if (digits > 0)
        fprintf(out, ".%.*s", digits, fraction);
}

void metric_seconds(const struct metric *metric, const struct metric_labels *labels,
                    int64_t span_ns)
{
    sample_head(metric, "", labels);
    write_seconds(metric->out, span_ns);
    fputc('\n', metric->out);
}

static void write_bucket(const struct metric *metric, const struct metric_labels *labels,
                         int64_t bound_ns, uint64_t count)
{
    fprintf(metric->out, "%s_bucket{%s%sle=\"", metric->name, labels ? labels->text : "",
            labels && labels->used > 0 ? "," : "");
    if (bound_ns == INT64_MAX)
        fputs("+Inf", metric->out);
    else
        write_seconds(metric->out, bound_ns);
    /* OpenMetrics: a bound is a float, "1.0". */
    if (metric->openmetrics && bound_ns != INT64_MAX && bound_ns % NS_PER_S == 0)
        fputs(".0", metric->out);
    fprintf(metric->out, "\"} %llu\n", (unsigned long long)count);
}

void metric_histogram(const struct metric *metric, const struct metric_labels *labels,
                      const struct histogram *histogram)
{
    uint64_t below = 0;

    for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
        below += histogram->counts[i];
        write_bucket(metric, labels, histogram_bounds_ns[i], below);
    }
    write_bucket(metric, labels, INT64_MAX, histogram->count);
    sample_head(metric, "_sum", labels);
    write_seconds(metric->out, histogram->sum_ns);
    fputc('\n', metric->out);
    sample_head(metric, "_count", labels);
    fprintf(metric->out, "%llu\n", (unsigned long long)histogram->count);
}

void metric_states(const struct metric *metric, const struct metric_labels *labels,
                   const char *(*name_of)(int state), int count, int state)
{
    for (int i = 0; i < count; i++) {
        struct metric_labels with_state = *labels;

        metric_label(&with_state, "state", name_of(i));
        metric_count(metric, &with_state, i == state);
    }
}
