/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/settings_scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static enum settings_scan_result
wrong(struct settings_scan *scan, struct mistake_place place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(scan->wrong, sizeof(scan->wrong), format, args);
    va_end(args);
    scan->wrong_place = place;
    return SETTINGS_SCAN_WRONG;
}

static char innermost(const struct settings_scan *scan)
{
    return scan->depth > 0 ? scan->open[scan->depth - 1] : '{';
}

/* Before a value, quoted or not, or an opening bracket. */
static enum settings_scan_result expect_value(struct settings_scan *scan,
                                              struct mistake_place place)
{
    if (scan->last == SETTINGS_SCAN_NAME)
        return wrong(scan, place, "syntax error: \"=\" is missing after %s", scan->name);
    if (innermost(scan) == '{' && scan->last != SETTINGS_SCAN_EQUALS)
        return wrong(scan, place, "syntax error: a name and \"=\" are missing before this value");
    if (innermost(scan) != '{' &&
        (scan->last == SETTINGS_SCAN_VALUE || scan->last == SETTINGS_SCAN_QUOTED))
        return wrong(scan, place, "syntax error: a comma is missing before this");
    return SETTINGS_SCAN_GOES_ON;
}

/* "51", "-1", "0x33", "51L"; how large it is does not matter. */
static bool is_integer(const char *word)
{
    const bool is_hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
    const char *digits = word + (*word == '-' || *word == '+');

    digits += is_hex ? 2 : 0;
    const size_t count = strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789");
    return count > 0 && digits[count + strspn(digits + count, "L")] == '\0';
}

/* libconfig would wrap it to another one. */
static bool is_too_big(const char *word)
{
    const char *digits = word + (*word == '-' || *word == '+');
    const int base = strpbrk(word, "xX") ? 16 : 10;

    errno = 0;
    return strtoull(digits, NULL, base) > INT32_MAX || errno == ERANGE;
}

static bool is_other_value(const char *word)
{
    char *end;

    if (strcasecmp(word, "true") == 0 || strcasecmp(word, "false") == 0)
        return true;
    if (word[strspn(word, "0123456789+-.eE")] != '\0' || !strpbrk(word, "0123456789"))
        return false;
    (void)strtod(word, &end);
    return *end == '\0';
}

static enum settings_scan_result end_value(struct settings_scan *scan, FILE *out)
{
    if (expect_value(scan, scan->token_place) == SETTINGS_SCAN_WRONG)
        return SETTINGS_SCAN_WRONG;
    scan->last = SETTINGS_SCAN_VALUE;
    if (is_integer(scan->word) && is_too_big(scan->word))
        fprintf(out, "\"%c%s\"", SETTINGS_TEXT_NUMBER_MARK, scan->word);
    else if (is_integer(scan->word) || is_other_value(scan->word))
        fputs(scan->word, out);
    else
        return wrong(scan, scan->token_place, "syntax error: %s needs quotes, as in \"%s\"",
                     scan->word, scan->word);
    return SETTINGS_SCAN_GOES_ON;
}

static enum settings_scan_result end_name(struct settings_scan *scan, FILE *out)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*";

    if (scan->last == SETTINGS_SCAN_NAME)
        return wrong(scan, scan->token_place, "syntax error: \"=\" is missing after %s",
                     scan->name);
    if (!isalpha((unsigned char)scan->word[0]) || scan->word[strspn(scan->word, allowed)] != '\0')
        return wrong(scan, scan->token_place, "syntax error: %s is out of place, a name is due",
                     scan->word);
    if (++scan->names > SETTINGS_TEXT_NAMES_MAX)
        return wrong(scan, scan->token_place, "has too many settings, at most %d",
                     SETTINGS_TEXT_NAMES_MAX);
    scan->last = SETTINGS_SCAN_NAME;
    memcpy(scan->name, scan->word, sizeof(scan->name));
    fputs(scan->word, out);
    return SETTINGS_SCAN_GOES_ON;
}

static enum settings_scan_result end_word(struct settings_scan *scan, FILE *out)
{
    scan->word[scan->word_bytes] = '\0';
    scan->state = SETTINGS_SCAN_BETWEEN;
    if (scan->word[0] != '@') {
        const bool is_value = scan->last == SETTINGS_SCAN_EQUALS || innermost(scan) != '{';
        return is_value ? end_value(scan, out) : end_name(scan, out);
    }
    if (strcmp(scan->word, "@include") != 0)
        return wrong(scan, scan->token_place, "syntax error: %s is unknown, there is @include",
                     scan->word);
    scan->state = SETTINGS_SCAN_INCLUDE_BLANK;
    return SETTINGS_SCAN_GOES_ON;
}

static enum settings_scan_result open_bracket(struct settings_scan *scan, char byte,
                                              struct mistake_place place)
{
    if (expect_value(scan, place) == SETTINGS_SCAN_WRONG)
        return SETTINGS_SCAN_WRONG;
    if (innermost(scan) == '[')
        return wrong(scan, place, "syntax error: a list of lists or groups is written in ( )");
    if (scan->depth >= SETTINGS_TEXT_NESTING_MAX)
        return wrong(scan, place, "syntax error: nested too deep");
    scan->open[scan->depth] = byte;
    scan->open_places[scan->depth++] = place;
    scan->last = SETTINGS_SCAN_OPENED;
    return SETTINGS_SCAN_GOES_ON;
}

/* Before a separator or a closing bracket: is something begun that has no value yet? */
static enum settings_scan_result expect_end(struct settings_scan *scan, struct mistake_place place)
{
    if (scan->last == SETTINGS_SCAN_EQUALS)
        return wrong(scan, place, "syntax error: a value is missing after %s =", scan->name);
    if (scan->last == SETTINGS_SCAN_NAME)
        return wrong(scan, place, "syntax error: \"=\" is missing after %s", scan->name);
    return SETTINGS_SCAN_GOES_ON;
}

static char opening_of(char closing)
{
    return closing == ')' ? '(' : closing == ']' ? '[' : '{';
}

static enum settings_scan_result close_bracket(struct settings_scan *scan, char byte,
                                               struct mistake_place place)
{
    if (expect_end(scan, place) == SETTINGS_SCAN_WRONG)
        return SETTINGS_SCAN_WRONG;
    if (scan->depth == 0)
        return wrong(scan, place, "syntax error: this %c closes nothing", byte);
    if (innermost(scan) != opening_of(byte))
        return wrong(scan, place, "syntax error: %c comes before the %c of line %u is closed", byte,
                     innermost(scan), scan->open_places[scan->depth - 1].line);
    if (byte != '}' && scan->last == SETTINGS_SCAN_COMMA)
        return wrong(scan, place, "syntax error: the comma before %c is one too many", byte);
    scan->depth--;
    scan->last = SETTINGS_SCAN_VALUE;
    return SETTINGS_SCAN_GOES_ON;
}

static enum settings_scan_result equate(struct settings_scan *scan, char byte,
                                        struct mistake_place place)
{
    if (scan->last != SETTINGS_SCAN_NAME)
        return wrong(scan, place, "syntax error: \"%c\" is out of place", byte);
    scan->last = SETTINGS_SCAN_EQUALS;
    return SETTINGS_SCAN_GOES_ON;
}

static enum settings_scan_result separate(struct settings_scan *scan, char byte,
                                          struct mistake_place place)
{
    const bool in_list = innermost(scan) != '{';

    if (expect_end(scan, place) == SETTINGS_SCAN_WRONG)
        return SETTINGS_SCAN_WRONG;
    if (byte == ';' && in_list)
        return wrong(scan, place, "syntax error: %c comes before the %c of line %u is closed", byte,
                     innermost(scan), scan->open_places[scan->depth - 1].line);
    if (scan->last != SETTINGS_SCAN_VALUE && scan->last != SETTINGS_SCAN_QUOTED)
        return wrong(scan, place, "syntax error: this %c is one too many", byte);
    scan->last = in_list ? SETTINGS_SCAN_COMMA : SETTINGS_SCAN_NOTHING;
    return SETTINGS_SCAN_GOES_ON;
}

static enum settings_scan_result begin_text(struct settings_scan *scan, struct mistake_place place)
{
    if (scan->last == SETTINGS_SCAN_QUOTED)
        return wrong(scan, place, "syntax error: nothing between two texts; a comma is missing");
    if (expect_value(scan, place) == SETTINGS_SCAN_WRONG)
        return SETTINGS_SCAN_WRONG;
    scan->token_place = place;
    scan->state = SETTINGS_SCAN_TEXT;
    return SETTINGS_SCAN_GOES_ON;
}

static enum settings_scan_result begin_word(struct settings_scan *scan, char byte,
                                            struct mistake_place place)
{
    if (byte == '@' && scan->in_line)
        return wrong(scan, place, "syntax error: @include must be the first on its line");
    scan->token_place = place;
    scan->word[0] = byte;
    scan->word_bytes = 1;
    scan->state = SETTINGS_SCAN_WORD;
    return SETTINGS_SCAN_GOES_ON;
}

static bool is_word(char byte)
{
    return isalnum((unsigned char)byte) || (byte != '\0' && strchr("_*+-.@%", byte));
}

/* Blanks and all that is no word, no text and no comment; `out` gets it. */
static enum settings_scan_result punctuate(struct settings_scan *scan, char byte,
                                           struct mistake_place place)
{
    switch (byte) {
    case '(':
    case '[':
    case '{':
        return open_bracket(scan, byte, place);
    case ')':
    case ']':
    case '}':
        return close_bracket(scan, byte, place);
    case '=':
    case ':':
        return equate(scan, byte, place);
    case ',':
    case ';':
        return separate(scan, byte, place);
    case ' ':
    case '\t':
    case '\n':
    case '\f':
        return SETTINGS_SCAN_GOES_ON;
    default:
        return wrong(scan, place,
                     isprint((unsigned char)byte)
                         ? "syntax error: \"%c\" is out of place"
                         : "syntax error: a strange character (byte %#04x) outside of quotes",
                     (unsigned char)byte);
    }
}

static enum settings_scan_result between(struct settings_scan *scan, char byte,
                                         struct mistake_place place, FILE *out)
{
    enum settings_scan_result result = SETTINGS_SCAN_GOES_ON;

    if (byte == '#')
        scan->state = SETTINGS_SCAN_LINE_COMMENT;
    else if (byte == '/')
        scan->state = SETTINGS_SCAN_SLASH;
    else if (is_word(byte))
        result = begin_word(scan, byte, place);
    else {
        result = byte == '"' ? begin_text(scan, place) : punctuate(scan, byte, place);
        fputc(byte, out);
    }
    scan->in_line = byte != '\n' && (scan->in_line || !isblank((unsigned char)byte));
    return result;
}

static enum settings_scan_result refuse_open_text(struct settings_scan *scan)
{
    return wrong(scan, scan->token_place,
                 "syntax error: the text that begins here has no closing quote");
}

static enum settings_scan_result in_escape(struct settings_scan *scan, char byte, FILE *out)
{
    if (byte == '\n')
        return refuse_open_text(scan);
    fputc(byte, out);
    scan->state = SETTINGS_SCAN_TEXT;
    return SETTINGS_SCAN_GOES_ON;
}

static enum settings_scan_result in_text(struct settings_scan *scan, char byte, FILE *out)
{
    if (byte == '\n')
        return refuse_open_text(scan);
    fputc(byte, out);
    if (byte == '\\')
        scan->state = SETTINGS_SCAN_ESCAPE;
    if (byte == '"') {
        scan->state = SETTINGS_SCAN_BETWEEN;
        scan->last = SETTINGS_SCAN_QUOTED;
    }
    return SETTINGS_SCAN_GOES_ON;
}

static enum settings_scan_result in_word(struct settings_scan *scan, char byte,
                                         struct mistake_place place, FILE *out)
{
    if (is_word(byte)) {
        if (scan->word_bytes >= sizeof(scan->word) - 1)
            return wrong(scan, scan->token_place, "syntax error: a word is too long");
        scan->word[scan->word_bytes++] = byte;
        return SETTINGS_SCAN_GOES_ON;
    }
    const enum settings_scan_result result = end_word(scan, out);
    if (result != SETTINGS_SCAN_GOES_ON)
        return result;
    return settings_scan_feed(scan, byte, place, out);
}

static enum settings_scan_result after_slash(struct settings_scan *scan, char byte,
                                             struct mistake_place place)
{
    scan->token_place = place;
    if (byte == '/')
        scan->state = SETTINGS_SCAN_LINE_COMMENT;
    else if (byte == '*')
        scan->state = SETTINGS_SCAN_COMMENT;
    else
        return wrong(scan, place, "syntax error: \"/\" is out of place; a path needs quotes");
    return SETTINGS_SCAN_GOES_ON;
}

static enum settings_scan_result in_comment(struct settings_scan *scan, char byte, FILE *out)
{
    if (byte == '\n' || (byte == '/' && scan->state == SETTINGS_SCAN_COMMENT_STAR))
        fputc(byte == '\n' ? '\n' : ' ', out);
    if (scan->state == SETTINGS_SCAN_LINE_COMMENT)
        scan->state = byte == '\n' ? SETTINGS_SCAN_BETWEEN : SETTINGS_SCAN_LINE_COMMENT;
    else if (scan->state == SETTINGS_SCAN_COMMENT_STAR && byte == '/')
        scan->state = SETTINGS_SCAN_BETWEEN;
    else
        scan->state = byte == '*' ? SETTINGS_SCAN_COMMENT_STAR : SETTINGS_SCAN_COMMENT;
    if (byte == '\n')
        scan->in_line = false;
    return SETTINGS_SCAN_GOES_ON;
}

static enum settings_scan_result in_include(struct settings_scan *scan, char byte,
                                            struct mistake_place place)
{
    if (scan->state == SETTINGS_SCAN_INCLUDE_BLANK && isblank((unsigned char)byte))
        return SETTINGS_SCAN_GOES_ON;
    if (scan->state == SETTINGS_SCAN_INCLUDE_BLANK && byte == '"') {
        scan->state = SETTINGS_SCAN_INCLUDE_NAME;
        scan->word_bytes = 0;
        return SETTINGS_SCAN_GOES_ON;
    }
    if (iscntrl((unsigned char)byte) || scan->state == SETTINGS_SCAN_INCLUDE_BLANK ||
        scan->word_bytes >= sizeof(scan->include) - 1)
        return wrong(scan, place, "syntax error: @include takes one file name in quotes");
    if (byte != '"') {
        scan->include[scan->word_bytes++] = byte;
        return SETTINGS_SCAN_GOES_ON;
    }
    scan->include[scan->word_bytes] = '\0';
    scan->state = SETTINGS_SCAN_BETWEEN;
    scan->in_line = true;
    return SETTINGS_SCAN_INCLUDE;
}

enum settings_scan_result settings_scan_feed(struct settings_scan *scan, char byte,
                                             struct mistake_place place, FILE *out)
{
    if (byte == '\r')
        return SETTINGS_SCAN_GOES_ON;
    switch (scan->state) {
    case SETTINGS_SCAN_BETWEEN:
        return between(scan, byte, place, out);
    case SETTINGS_SCAN_WORD:
        return in_word(scan, byte, place, out);
    case SETTINGS_SCAN_TEXT:
        return in_text(scan, byte, out);
    case SETTINGS_SCAN_ESCAPE:
        return in_escape(scan, byte, out);
    case SETTINGS_SCAN_SLASH:
        return after_slash(scan, byte, place);
    case SETTINGS_SCAN_LINE_COMMENT:
    case SETTINGS_SCAN_COMMENT:
    case SETTINGS_SCAN_COMMENT_STAR:
        return in_comment(scan, byte, out);
    case SETTINGS_SCAN_INCLUDE_BLANK:
    case SETTINGS_SCAN_INCLUDE_NAME:
        return in_include(scan, byte, place);
    }
    return SETTINGS_SCAN_GOES_ON;
}

enum settings_scan_result settings_scan_end(struct settings_scan *scan)
{
    if (scan->state == SETTINGS_SCAN_COMMENT || scan->state == SETTINGS_SCAN_COMMENT_STAR)
        return wrong(scan, scan->token_place, "syntax error: this comment is never closed");
    if (scan->depth > 0)
        return wrong(scan, scan->open_places[scan->depth - 1],
                     "syntax error: this %c is never closed", innermost(scan));
    if (scan->last == SETTINGS_SCAN_EQUALS || scan->last == SETTINGS_SCAN_NAME)
        return wrong(scan, scan->token_place, "syntax error: %s has no value", scan->name);
    return SETTINGS_SCAN_GOES_ON;
}
