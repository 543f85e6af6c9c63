/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/line.h"

#include <stdbool.h>
#include <string.h>

struct cutter {
    char *line;
    size_t length_bytes;
    size_t at;  /* to read */
    size_t out; /* to write: a word without its quotes is shorter */
};

static bool is_blank(char character)
{
    return character == ' ';
}

static bool is_control(char character)
{
    const unsigned char byte = (unsigned char)character;

    return byte < 0x20 || byte == 0x7f;
}

/* Returns whether the quotes of the word are closed. */
static bool cut_word(struct cutter *cutter)
{
    bool quoted = false;

    for (; cutter->at < cutter->length_bytes; cutter->at++) {
        const char character = cutter->line[cutter->at];

        if (character == '"')
            quoted = !quoted;
        else if (character == '\\' && cutter->at + 1 < cutter->length_bytes)
            cutter->line[cutter->out++] = cutter->line[++cutter->at];
        else if (!quoted && (is_blank(character) || character == ';'))
            break;
        else
            cutter->line[cutter->out++] = character;
    }
    return !quoted;
}

static enum line_mistake cut_command(struct cutter *cutter, struct line_command *command)
{
    for (;;) {
        char *word, end;

        while (cutter->at < cutter->length_bytes && is_blank(cutter->line[cutter->at]))
            cutter->at++;
        if (cutter->at == cutter->length_bytes || cutter->line[cutter->at] == ';')
            return LINE_GOOD;
        if (command->count == LINE_WORDS)
            return LINE_TOO_MANY_WORDS;
        cutter->out = cutter->at;
        word = cutter->line + cutter->out;
        if (!cut_word(cutter))
            return LINE_OPEN_QUOTE;
        command->words[command->count++] = word;
        end = cutter->at < cutter->length_bytes ? cutter->line[cutter->at] : ' ';
        cutter->line[cutter->out] = '\0'; /* may overwrite what ended the word */
        if (end == ';')
            return LINE_GOOD;
        cutter->at += cutter->at < cutter->length_bytes;
    }
}

enum line_mistake line_next(char *line, size_t length_bytes, size_t *ret_at,
                            struct line_command *ret_command)
{
    struct cutter cutter = {line, length_bytes, *ret_at, 0};
    enum line_mistake mistake;

    ret_command->count = 0;
    for (size_t i = cutter.at; i < length_bytes; i++) {
        if (line[i] == '\t')
            line[i] = ' '; /* everywhere, so that none gets into a word and out again */
        if (is_control(line[i])) {
            *ret_at = length_bytes;
            return LINE_CONTROL_CHARACTER;
        }
    }
    mistake = cut_command(&cutter, ret_command);
    *ret_at = mistake == LINE_GOOD && cutter.at < length_bytes ? cutter.at + 1 : length_bytes;
    if (mistake != LINE_GOOD)
        ret_command->count = 0;
    return mistake;
}

const char *line_mistake_text(enum line_mistake mistake)
{
    switch (mistake) {
    case LINE_GOOD:
        return "";
    case LINE_CONTROL_CHARACTER:
        return "the line holds a control character";
    case LINE_OPEN_QUOTE:
        return "a quote is not closed";
    case LINE_TOO_MANY_WORDS:
        return "too many words";
    }
    return "";
}
