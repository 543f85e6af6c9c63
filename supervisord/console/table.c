/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/table.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/monotime.h"
#include "supervisord/console/html.h"
#include "supervisord/console/words.h"

#define CELL_TEXT_BYTES 2048
#define COLUMNS_MAX     40
#define TITLES          SIZE_MAX /* instead of the number of a row */

struct table_cell {
    char *text;
    struct json_object *value; /* NULL: null */
    bool is_number;
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    size_t cell_count, cell_room;
    struct table_cell *cells;
    bool failed;
};

struct table *table_new(const struct table_column *columns)
{
    struct table *table = calloc(1, sizeof(*table));

    if (!table)
        return NULL;
    table->columns = columns;
    while (columns[table->column_count].key)
        table->column_count++;
    assert(table->column_count <= COLUMNS_MAX);
    return table;
}

void table_free(struct table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->cell_count; i++) {
        free(table->cells[i].text);
        json_object_put(table->cells[i].value);
    }
    free(table->cells);
    free(table);
}

static bool make_room(struct table *table)
{
    const size_t room = table->cell_room ? 2 * table->cell_room : 4 * table->column_count;
    struct table_cell *cells;

    if (table->cell_count < table->cell_room)
        return true;
    cells = reallocarray(table->cells, room, sizeof(*cells));
    if (!cells)
        return false;
    table->cells = cells;
    table->cell_room = room;
    return true;
}

/* Takes `value` over. */
static void add(struct table *table, const char *text, struct json_object *value, bool is_number)
{
    char *copy = strdup(text);

    if (!copy || !make_room(table)) {
        free(copy);
        json_object_put(value);
        table->failed = true;
        return;
    }
    table->cells[table->cell_count++] = (struct table_cell){words_clean(copy), value, is_number};
}

static struct json_object *clean_string(const char *text)
{
    struct json_object *value;
    char *copy = strdup(text);

    value = copy ? json_object_new_string(words_clean(copy)) : NULL;
    free(copy);
    return value;
}

void table_text(struct table *table, const char *format, ...)
{
    char text[CELL_TEXT_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    add(table, text, clean_string(text), false);
}

void table_text_or_none(struct table *table, const char *text)
{
    if (text[0] == '\0')
        table_none(table);
    else
        table_text(table, "%s", text);
}

void table_short(struct table *table, const char *text, int characters)
{
    char cut[CELL_TEXT_BYTES];

    if (text[0] == '\0') {
        table_none(table);
        return;
    }
    snprintf(cut, sizeof(cut), "%.*s", characters, text);
    add(table, cut, clean_string(text), false);
}

void table_list(struct table *table, const char *words)
{
    struct json_object *list = json_object_new_array();
    char word[CELL_TEXT_BYTES];

    for (const char *at = words; *at != '\0';) {
        const size_t length = strcspn(at, " ");

        snprintf(word, sizeof(word), "%.*s", (int)length, at);
        json_object_array_add(list, clean_string(word));
        at += length;
        at += strspn(at, " ");
    }
    add(table, words[0] ? words : "-", list, false);
}

void table_int(struct table *table, int64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%lld", (long long)value);
    add(table, text, json_object_new_int64(value), true);
}

void table_bool(struct table *table, bool value)
{
    add(table, value ? "yes" : "no", json_object_new_boolean(value), false);
}

void table_span(struct table *table, int64_t span_ns)
{
    char text[WORDS_SPAN_BYTES], seconds[32];

    snprintf(seconds, sizeof(seconds), "%.6f", (double)span_ns / 1e9);
    add(table, words_span(span_ns, text), json_object_new_double_s((double)span_ns / 1e9, seconds),
        false);
}

void table_time(struct table *table, int64_t wall_ns)
{
    char text[WORDS_TIME_BYTES], utc[WORDS_TIME_BYTES];

    if (wall_ns == 0) {
        table_none(table);
        return;
    }
    add(table, words_time(wall_ns, text), json_object_new_string(words_time_utc(wall_ns, utc)),
        false);
}

void table_none(struct table *table)
{
    add(table, "-", NULL, false);
}

static size_t row_count(const struct table *table)
{
    return table->cell_count / table->column_count;
}

static const struct table_cell *cell(const struct table *table, size_t row, size_t column)
{
    return &table->cells[row * table->column_count + column];
}

/* The last column is never padded, for long sentences stand there. */
static size_t last_column(const struct table *table)
{
    size_t at = table->column_count - 1;

    while (at > 0 && !table->columns[at].title)
        at--;
    return at;
}

static void write_cell(const char *text, int width, bool right, bool last, FILE *out)
{
    if (last)
        fprintf(out, "%s\n", text);
    else
        fprintf(out, "%*s  ", right ? width : -width, text);
}

/* A column of numbers and dashes stands right. */
static bool is_right(const struct table *table, size_t column)
{
    bool numbers = false;

    for (size_t row = 0; row < row_count(table); row++) {
        const struct table_cell *at = cell(table, row, column);

        if (!at->is_number && strcmp(at->text, "-") != 0)
            return false;
        numbers = numbers || at->is_number;
    }
    return numbers;
}

/* How a column is laid out: looked at once, for all of its cells. */
struct layout {
    int width;
    bool right;
};

static struct layout layout_of(const struct table *table, size_t column)
{
    size_t width = strlen(table->columns[column].title);

    for (size_t row = 0; row < row_count(table); row++) {
        const size_t bytes = strlen(cell(table, row, column)->text);

        if (bytes > width)
            width = bytes;
    }
    return (struct layout){(int)width, is_right(table, column)};
}

static void write_row(const struct table *table, const struct layout *layouts, size_t row,
                      FILE *out)
{
    const size_t last = last_column(table);

    for (size_t column = 0; column <= last; column++) {
        const char *title = table->columns[column].title;
        const char *text = row == TITLES ? title : cell(table, row, column)->text;

        if (title)
            write_cell(text, layouts[column].width, layouts[column].right, column == last, out);
    }
}

static void write_rows(const struct table *table, const char *empty, FILE *out)
{
    struct layout layouts[COLUMNS_MAX] = {{0}};

    if (row_count(table) == 0) {
        fprintf(out, "%s\n", empty);
        return;
    }
    for (size_t column = 0; column < table->column_count; column++) {
        if (table->columns[column].title)
            layouts[column] = layout_of(table, column);
    }
    write_row(table, layouts, TITLES, out);
    for (size_t row = 0; row < row_count(table); row++)
        write_row(table, layouts, row, out);
}

static void write_sheet(const struct table *table, FILE *out)
{
    size_t width = 0;

    for (size_t i = 0; i < table->column_count; i++) {
        const char *title = table->columns[i].title;

        if (title && strlen(title) > width)
            width = strlen(title);
    }
    for (size_t i = 0; i < table->column_count && row_count(table) > 0; i++) {
        if (table->columns[i].title)
            fprintf(out, "%-*s  %s\n", (int)width, table->columns[i].title,
                    cell(table, 0, i)->text);
    }
}

static struct json_object *object_of(const struct table *table, size_t row)
{
    struct json_object *object = json_object_new_object();

    for (size_t column = 0; object && column < table->column_count; column++)
        json_object_object_add(object, table->columns[column].key,
                               json_object_get(cell(table, row, column)->value));
    return object;
}

static int write_object(struct json_object *object, FILE *out)
{
    const char *text = object ? json_object_to_json_string_ext(
                                    object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
                              : NULL;

    if (text)
        fputs(text, out);
    json_object_put(object);
    return text ? 0 : -ENOMEM;
}

static int write_json(const struct table *table, FILE *out)
{
    int result = 0;

    fputc('[', out);
    for (size_t row = 0; result == 0 && row < row_count(table); row++) {
        fputs(row > 0 ? ",\n " : "", out);
        result = write_object(object_of(table, row), out);
    }
    fputc(']', out);
    return result;
}

static void write_html_cell(const struct table_cell *at, FILE *out)
{
    const char *class = at->is_number ? "number" : html_class(at->text);

    if (class[0])
        fprintf(out, "<td class=\"%s\">", class);
    else
        fputs("<td>", out);
    html_write(at->text, out);
    fputs("</td>", out);
}

static void write_html(const struct table *table, const char *empty, FILE *out)
{
    if (row_count(table) == 0) {
        fputs("<p class=\"calm\">", out);
        html_write(empty, out);
        fputs("</p>\n", out);
        return;
    }
    fputs("<table>\n<tr>", out);
    for (size_t column = 0; column < table->column_count; column++) {
        if (!table->columns[column].title)
            continue;
        fputs(is_right(table, column) ? "<th class=\"number\">" : "<th>", out);
        html_write(table->columns[column].title, out);
        fputs("</th>", out);
    }
    for (size_t i = 0; i < row_count(table) * table->column_count; i++) {
        const size_t row = i / table->column_count, column = i % table->column_count;

        if (column == 0)
            fputs("</tr>\n<tr>", out);
        if (table->columns[column].title)
            write_html_cell(cell(table, row, column), out);
    }
    fputs("</tr>\n</table>\n", out);
}

int table_write(const struct table *table, enum table_form form, const char *empty, FILE *out)
{
    if (!table || table->failed)
        return -ENOMEM;
    assert(table->cell_count % table->column_count == 0);
    switch (form) {
    case TABLE_ROWS:
        write_rows(table, empty, out);
        return 0;
    case TABLE_SHEET:
        write_sheet(table, out);
        return 0;
    case TABLE_JSON:
        return write_json(table, out);
    case TABLE_JSON_SHEET:
        if (row_count(table) == 0)
            return write_object(json_object_new_object(), out);
        return write_object(object_of(table, 0), out);
    case TABLE_HTML:
        write_html(table, empty, out);
        return 0;
    }
    return -EINVAL;
}

void table_write_json_text(const char *text, FILE *out)
{
    if (write_object(clean_string(text), out) < 0)
        fputs("null", out);
}
