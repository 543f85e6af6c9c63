/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/html.h"

#include <stddef.h>
#include <string.h>

static const char *entity(char character)
{
    switch (character) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_write(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        const char *escaped = entity(*text);

        if (escaped)
            fputs(escaped, out);
        else
            fputc(*text, out);
    }
}

const char *html_class(const char *word)
{
    static const struct {
        const char *word, *class;
    } words[] = {
        {"active", "good"},   {"up", "good"},
        {"running", "good"},  {"well", "good"},
        {"backup", "calm"},   {"stopped", "calm"},
        {"mixed", "calm"},    {"not-applicable", "calm"},
        {"starting", "fair"}, {"stopping", "fair"},
        {"back-off", "fair"}, {"unknown", "fair"},
        {"degraded", "fair"}, {"initialize", "fair"},
        {"failed", "bad"},    {"down", "bad"},
        {"note", "calm"},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i].word, word) == 0)
            return words[i].class;
    }
    return "";
}
