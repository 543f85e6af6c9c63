/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/operator.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

/*
 * A line of words each: what, then its values. The first line names the format, the last one shows
 * that nothing is missing.
 */
#define HEAD       "regha-operator 1"
#define TAIL       "end"
#define FILE_BYTES 4096
#define WORDS_MAX  8
#define TEMPORARY  ".new"

bool operator_is_paused(const struct operator_state *state, int64_t wall_ns)
{
    return state->paused_until_wall_ns > wall_ns;
}

const char *operator_mode_name(enum operator_mode mode)
{
    static const char *const names[OPERATOR_MODES] = {"ready", "drained", "maintenance"};

    return names[mode];
}

const struct operator_registry *operator_registry(const struct operator_state *state,
                                                  const char *name)
{
    for (size_t at = 0; at < state->registry_count; at++)
        if (strcmp(state->registries[at].name, name) == 0)
            return &state->registries[at];
    return NULL;
}

struct operator_registry *operator_add_registry(struct operator_state *state, const char *name)
{
    for (size_t at = 0; at < state->registry_count; at++)
        if (strcmp(state->registries[at].name, name) == 0)
            return &state->registries[at];
    if (state->registry_count == OPERATOR_REGISTRIES || strlen(name) >= OPERATOR_NAME_BYTES)
        return NULL;
    struct operator_registry *added = &state->registries[state->registry_count++];
    *added = (struct operator_registry){.run = OPERATOR_RUN_AUTO};
    memcpy(added->name, name, strlen(name));
    return added;
}

void operator_tidy(struct operator_state *state)
{
    size_t kept = 0;

    for (size_t at = 0; at < state->registry_count; at++)
        if (state->registries[at].run != OPERATOR_RUN_AUTO ||
            state->registries[at].write != OPERATOR_WRITE_AUTO)
            state->registries[kept++] = state->registries[at];
    state->registry_count = kept;
}

/* Reading. */

struct line {
    size_t count;
    char *words[WORDS_MAX];
};

static struct line split(char *text)
{
    struct line line = {0};
    char *word;

    while (line.count < WORDS_MAX && (word = strsep(&text, " ")))
        if (word[0] != '\0')
            line.words[line.count++] = word;
    return line;
}

static bool take_number(const char *word, int64_t most, int64_t *ret_number)
{
    char *end;

    errno = 0;
    const long long number = strtoll(word, &end, 10);
    if (errno != 0 || end == word || *end != '\0' || number < 0 || number > most)
        return false;
    *ret_number = number;
    return true;
}

static bool take_uid(const char *word, uid_t *ret_uid)
{
    int64_t number;

    if (!take_number(word, UINT32_MAX, &number))
        return false;
    *ret_uid = (uid_t)number;
    return true;
}

/* mode NAME WHEN UID [once] */
static bool take_mode(const struct line *line, struct operator_state *state)
{
    if (line->count < 4 || line->count > 5)
        return false;
    for (int mode = 0; mode < OPERATOR_MODES; mode++)
        if (strcmp(line->words[1], operator_mode_name((enum operator_mode)mode)) == 0) {
            state->mode = (enum operator_mode)mode;
            state->mode_is_once = line->count == 5 && strcmp(line->words[4], "once") == 0;
            return take_number(line->words[2], INT64_MAX, &state->mode_wall_ns) &&
                   take_uid(line->words[3], &state->mode_uid);
        }
    return false;
}

/* paused UNTIL WHEN UID */
static bool take_paused(const struct line *line, struct operator_state *state)
{
    return line->count == 4 &&
           take_number(line->words[1], INT64_MAX, &state->paused_until_wall_ns) &&
           take_number(line->words[2], INT64_MAX, &state->paused_wall_ns) &&
           take_uid(line->words[3], &state->paused_uid);
}

/* registry NAME RUN WRITE WHEN UID */
static bool take_registry(const struct line *line, struct operator_state *state)
{
    int64_t run, write;

    if (line->count != 6 || !take_number(line->words[2], OPERATOR_RUN_STOP, &run) ||
        !take_number(line->words[3], OPERATOR_WRITE_READWRITE, &write))
        return false;
    struct operator_registry *registry = operator_add_registry(state, line->words[1]);
    if (!registry)
        return false;
    registry->run = (enum operator_run)run;
    registry->write = (enum operator_write)write;
    return take_number(line->words[4], INT64_MAX, &registry->wall_ns) &&
           take_uid(line->words[5], &registry->uid);
}

static bool take_line(char *text, struct operator_state *state)
{
    const struct line line = split(text);

    if (line.count == 0)
        return true;
    if (strcmp(line.words[0], "mode") == 0)
        return take_mode(&line, state);
    if (strcmp(line.words[0], "paused") == 0)
        return take_paused(&line, state);
    if (strcmp(line.words[0], "registry") == 0)
        return take_registry(&line, state);
    return true; /* a later version said more */
}

static bool parse(char *text, struct operator_state *ret_state)
{
    struct operator_state state = {0};
    char *rest = text, *line = strsep(&rest, "\n");

    if (!line || strcmp(line, HEAD) != 0)
        return false;
    while ((line = strsep(&rest, "\n")) && strcmp(line, TAIL) != 0)
        if (!take_line(line, &state))
            return false;
    if (!line)
        return false; /* cut short */
    *ret_state = state;
    return true;
}

int operator_read(const char *path, struct operator_state *ret_state, struct err *err)
{
    struct file file;
    struct err why;

    *ret_state = (struct operator_state){0};
    const int failed = file_read(path, FILE_BYTES, &file, &why);
    if (failed == -ENOENT)
        return 0;
    if (failed < 0)
        return err_set(err, -failed, "%s %s", path, why.text);
    const bool understood = strlen(file.bytes) == file.length_bytes && parse(file.bytes, ret_state);
    file_free(&file);
    if (!understood)
        return err_set(err, EINVAL, "%s cannot be understood", path);
    return 0;
}

/* Writing. */

static size_t format(const struct operator_state *state, char *text, size_t size_bytes)
{
    size_t used =
        (size_t)snprintf(text, size_bytes, HEAD "\nmode %s %lld %lu%s\npaused %lld %lld %lu\n",
                         operator_mode_name(state->mode), (long long)state->mode_wall_ns,
                         (unsigned long)state->mode_uid, state->mode_is_once ? " once" : "",
                         (long long)state->paused_until_wall_ns, (long long)state->paused_wall_ns,
                         (unsigned long)state->paused_uid);

    for (size_t at = 0; at < state->registry_count; at++) {
        const struct operator_registry *registry = &state->registries[at];
        used += (size_t)snprintf(text + used, size_bytes - used, "registry %s %d %d %lld %lu\n",
                                 registry->name, (int)registry->run, (int)registry->write,
                                 (long long)registry->wall_ns, (unsigned long)registry->uid);
    }
    return used + (size_t)snprintf(text + used, size_bytes - used, TAIL "\n");
}

/* The name in the folder is as durable as the content only once the folder is synced, too. */
static int sync_folder(const char *path, struct err *err)
{
    char folder[4096];

    snprintf(folder, sizeof(folder), "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash)
        return err_set(err, EINVAL, "%s has no folder", path);
    *slash = '\0';
    CLEANUP(cleanup_close)
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return err_errno(err, "cannot sync the folder %s", folder);
    return 0;
}

static int write_new(const char *path, const char *text, size_t length_bytes, struct err *err)
{
    CLEANUP(cleanup_close)
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return err_errno(err, "cannot write %s", path);
    const ssize_t written = write(fd, text, length_bytes);
    if (written >= 0 && (size_t)written < length_bytes)
        return err_set(err, ENOSPC, "cannot write all of %s", path);
    if (written < 0 || fsync(fd) < 0)
        return err_errno(err, "cannot write %s", path);
    return 0;
}

int operator_write(const char *path, const struct operator_state *state, struct err *err)
{
    char text[FILE_BYTES], temporary[4096];
    const size_t length_bytes = format(state, text, sizeof(text));

    if ((size_t)snprintf(temporary, sizeof(temporary), "%s" TEMPORARY, path) >= sizeof(temporary))
        return err_set(err, ENAMETOOLONG, "%s is too long", path);
    const int failed = write_new(temporary, text, length_bytes, err);
    if (failed < 0)
        return failed;
    if (rename(temporary, path) < 0)
        return err_errno(err, "cannot replace %s", path);
    return sync_folder(path, err);
}
