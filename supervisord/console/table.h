/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table - rows of typed cells, written once and shown twice: aligned text for people, JSON for
 * programs.
 *
 * The only user of json-c. Spans are words in text and seconds in JSON; instants are local time
 * and RFC 3339. A cell without a value is "-" and null. Memory that runs out is remembered and
 * told by table_write().
 */
#ifndef SUPERVISORD_TABLE_H
#define SUPERVISORD_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct table;

/* What a column is called, in JSON and above the column; NULL: in JSON only. */
struct table_column {
    const char *key;
    const char *title;
};

enum table_form {
    TABLE_ROWS,       /* text: a line each, under titles */
    TABLE_SHEET,      /* text: the first row only, a line per cell */
    TABLE_JSON,       /* an array of objects */
    TABLE_JSON_SHEET, /* the first row as one object */
    TABLE_HTML,       /* a table element */
};

/* `columns` end with a key of NULL and outlive the table. Returns NULL without memory. */
struct table *table_new(const struct table_column *columns);
void table_free(struct table *table);

/* The next cell, column after column; past the last column a new row begins. */
__attribute__((format(printf, 2, 3))) void table_text(struct table *table, const char *format, ...);
void table_short(struct table *table, const char *text, int characters); /* JSON: all of it */
void table_list(struct table *table, const char *words); /* between blanks; JSON: an array */
void table_int(struct table *table, int64_t value);
void table_bool(struct table *table, bool value); /* "yes", "no" */
void table_span(struct table *table, int64_t span_ns);
void table_time(struct table *table, int64_t wall_ns);
void table_none(struct table *table);

/* Text, or none if it is empty. */
void table_text_or_none(struct table *table, const char *text);

/* Returns 0 or -ENOMEM. Text of an empty table in rows is `empty` and a newline. */
int table_write(const struct table *table, enum table_form form, const char *empty, FILE *out);

/* `text` as a JSON string, with its quotes. */
void table_write_json_text(const char *text, FILE *out);

#endif
