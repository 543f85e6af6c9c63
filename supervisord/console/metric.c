/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/metric.h"

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

/*
 * A thousand probes are 30,000 lines, so lines are put together from pieces: fprintf() takes three times
 * as long. Nobody else writes to the stream.
 */
static void put(FILE *out, const char *text)
{
    (void)fputs_unlocked(text,
                         out); /* a stream in memory: its end tells whether all of it fitted */
}

static void put_number(FILE *out, uint64_t number)
{
    char digits[24];
    size_t at = sizeof(digits);

    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    (void)fwrite_unlocked(digits + at, 1, sizeof(digits) - at, out);
}

static void sample_head(const struct metric *metric, const char *suffix,
                        const struct metric_labels *labels)
{
    put(metric->out, metric->name);
    put(metric->out, suffix);
    if (labels && labels->used > 0) {
        put(metric->out, "{");
        put(metric->out, labels->text);
        put(metric->out, "}");
    }
    put(metric->out, " ");
}

void metric_count(const struct metric *metric, const struct metric_labels *labels, uint64_t value)
{
    sample_head(metric, "", labels);
    put_number(metric->out, value);
    put(metric->out, "\n");
}

/* All nanoseconds, without zeros at the end. */
static void write_seconds(FILE *out, int64_t span_ns)
{
    const uint64_t ns = span_ns < 0 ? (uint64_t)-span_ns : (uint64_t)span_ns;
    char fraction[] = ".000000000";
    uint64_t rest = ns % (uint64_t)NS_PER_S;
    size_t digits = sizeof(fraction) - 1;

    for (size_t at = digits - 1; at > 0; at--, rest /= 10)
        fraction[at] = (char)('0' + rest % 10);
    while (digits > 0 && (fraction[digits - 1] == '0' || fraction[digits - 1] == '.'))
        digits--;
    if (span_ns < 0)
        put(out, "-");
    put_number(out, ns / (uint64_t)NS_PER_S);
    (void)fwrite_unlocked(fraction, 1, digits, out);
}

void metric_seconds(const struct metric *metric, const struct metric_labels *labels,
                    int64_t span_ns)
{
    sample_head(metric, "", labels);
    write_seconds(metric->out, span_ns);
    put(metric->out, "\n");
}

static void write_bucket(const struct metric *metric, const struct metric_labels *labels,
                         int64_t bound_ns, uint64_t count)
{
    put(metric->out, metric->name);
    put(metric->out, "_bucket{");
    if (labels && labels->used > 0) {
        put(metric->out, labels->text);
        put(metric->out, ",");
    }
    put(metric->out, "le=\"");
    if (bound_ns == INT64_MAX)
        put(metric->out, "+Inf");
    else
        write_seconds(metric->out, bound_ns);
    /* OpenMetrics: a bound is a float, "1.0". */
    if (metric->openmetrics && bound_ns != INT64_MAX && bound_ns % NS_PER_S == 0)
        put(metric->out, ".0");
    put(metric->out, "\"} ");
    put_number(metric->out, count);
    put(metric->out, "\n");
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
    put(metric->out, "\n");
    sample_head(metric, "_count", labels);
    put_number(metric->out, histogram->count);
    put(metric->out, "\n");
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
