/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/policy_file.h"

#include <stdbool.h>
#include <string.h>

struct word {
    const char *text;
    size_t length_bytes;
};

enum words {
    WORD_NAME,
    WORD_USER,
    WORD_BINARY,
    WORDS,
};

struct line {
    struct word words[WORDS];
    size_t count; /* WORDS + 1: too many */
};

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* Printable ASCII: what else a name or a path might hold belongs into no policy. */
static bool is_plain(char byte)
{
    return byte > ' ' && byte < 0x7f;
}

/* Splits at blanks; false: a byte that no policy has. */
static bool split(const char *text, size_t length_bytes, struct line *ret_line)
{
    bool inside = false;

    *ret_line = (struct line){.count = 0};
    for (size_t at = 0; at < length_bytes && text[at] != '#'; at++) {
        if (!is_blank(text[at]) && !is_plain(text[at]))
            return false;
        if (is_blank(text[at])) {
            inside = false;
            continue;
        }
        if (!inside && ret_line->count == WORDS)
            return false;
        if (!inside)
            ret_line->words[ret_line->count++] = (struct word){text + at, 0};
        inside = true;
        ret_line->words[ret_line->count - 1].length_bytes++;
    }
    return true;
}

static bool is_word(const struct word *word, const char *text)
{
    return strlen(text) == word->length_bytes && memcmp(word->text, text, word->length_bytes) == 0;
}

static enum registry_policy_result check(const struct line *line)
{
    const struct registry_policy *const sizes = NULL;

    if (line->count != WORDS || line->words[WORD_NAME].length_bytes >= REGISTRY_NAME_BYTES ||
        line->words[WORD_USER].length_bytes >= sizeof(sizes->user) ||
        line->words[WORD_BINARY].length_bytes >= sizeof(sizes->binary))
        return REGISTRY_POLICY_BAD_LINE;
    if (line->words[WORD_BINARY].text[0] != '/')
        return REGISTRY_POLICY_BAD_PATH;
    return REGISTRY_POLICY_FOUND;
}

static void copy(char *to, const struct word *word)
{
    memcpy(to, word->text, word->length_bytes);
    to[word->length_bytes] = '\0';
}

static bool is_asked(const struct line *line, const struct registry_policy_asked *asked)
{
    return is_word(&line->words[WORD_NAME], asked->name) &&
           (asked->program == NULL || is_word(&line->words[WORD_BINARY], asked->program));
}

/* One line; adds to `found` if it is about who is asked for. */
static enum registry_policy_result read_line(const struct word *text,
                                             const struct registry_policy_asked *asked,
                                             struct registry_policy *policy, size_t *found)
{
    struct line line;

    if (!split(text->text, text->length_bytes, &line))
        return REGISTRY_POLICY_BAD_LINE;
    if (line.count == 0)
        return REGISTRY_POLICY_FOUND;

    const enum registry_policy_result result = check(&line);
    if (result != REGISTRY_POLICY_FOUND || !is_asked(&line, asked))
        return result;
    if ((*found)++ > 0)
        return REGISTRY_POLICY_DUPLICATE;
    copy(policy->user, &line.words[WORD_USER]);
    copy(policy->binary, &line.words[WORD_BINARY]);
    return REGISTRY_POLICY_FOUND;
}

static struct word next_line(const char *text, size_t length_bytes)
{
    struct word line = {text, 0};

    while (line.length_bytes < length_bytes && text[line.length_bytes] != '\n')
        line.length_bytes++;
    return line;
}

enum registry_policy_result registry_policy_file_allow(const char *text, size_t length_bytes,
                                                       const struct registry_policy_asked *asked,
                                                       struct registry_policy *ret_policy,
                                                       size_t *ret_line)
{
    struct registry_policy policy;
    size_t found = 0, number = 0, at = 0;

    *ret_line = 0;
    if (length_bytes > REGISTRY_POLICY_FILE_BYTES)
        return REGISTRY_POLICY_TOO_LONG;

    while (at < length_bytes) {
        const struct word line = next_line(text + at, length_bytes - at);
        const enum registry_policy_result result = read_line(&line, asked, &policy, &found);

        number++;
        if (result != REGISTRY_POLICY_FOUND) {
            *ret_line = number;
            return result;
        }
        at += line.length_bytes + 1;
    }
    if (found == 0)
        return REGISTRY_POLICY_NO_SUCH_NAME;
    *ret_policy = policy;
    return REGISTRY_POLICY_FOUND;
}

enum registry_policy_result registry_policy_file_find(const char *text, size_t length_bytes,
                                                      const char *name,
                                                      struct registry_policy *ret_policy,
                                                      size_t *ret_line)
{
    const struct registry_policy_asked asked = {name, NULL};

    return registry_policy_file_allow(text, length_bytes, &asked, ret_policy, ret_line);
}
