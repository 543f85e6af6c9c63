/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/ctl/paint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

bool ctl_paint_wanted(FILE *out)
{
    const char *terminal = getenv("TERM");
    const char *none = getenv("NO_COLOR");

    return isatty(fileno(out)) && terminal && strcmp(terminal, "dumb") != 0 &&
           (!none || none[0] == '\0');
}

static const char *colour_of(const char *word, size_t length)
{
    static const struct {
        const char *word, *colour;
    } words[] = {
        {"active", GREEN},    {"up", GREEN},        {"running", GREEN},     {"well", GREEN},
        {"well:", GREEN},     {"down", RED},        {"down:", RED},         {"failed", RED},
        {"unknown", YELLOW},  {"back-off", YELLOW}, {"degraded", YELLOW},   {"degraded:", YELLOW},
        {"starting", YELLOW}, {"stopping", YELLOW}, {"initialize", YELLOW},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].word) == length && memcmp(words[i].word, word, length) == 0)
            return words[i].colour;
    }
    return NULL;
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\n';
}

/* Only a cell of a table, two blanks or an end of line behind it, or the first word of a line. */
static bool is_cell(const char *text, size_t bytes, size_t at, size_t length)
{
    const size_t end = at + length;
    const bool first = at == 0 || text[at - 1] == '\n';
    const bool last = end == bytes || text[end] == '\n';

    return last || first || (end + 1 < bytes && text[end + 1] == ' ');
}

void ctl_paint_write(const char *text, size_t bytes, FILE *out)
{
    for (size_t at = 0; at < bytes;) {
        const char *colour;
        size_t length = 0;

        while (at + length < bytes && !is_blank(text[at + length]))
            length++;
        colour =
            length > 0 && is_cell(text, bytes, at, length) ? colour_of(text + at, length) : NULL;
        if (colour)
            fprintf(out, "%s%.*s" PLAIN, colour, (int)length, text + at);
        else
            fwrite(text + at, 1, length, out);
        at += length;
        if (at < bytes)
            fputc(text[at++], out);
    }
}
