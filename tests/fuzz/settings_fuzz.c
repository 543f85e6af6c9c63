/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration file: what is refused has a mistake to show, in printable lines; what is
 * accepted is dumped, and the dump reads back and is dumped the same.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/supervisord/host_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 loses the text at hand when it stops at a syntax error. */
const char *__lsan_default_suppressions(void)
{
    return "leak:strbuf_append\n";
}

static const struct registry_facts known = {
    .addr = ":5000",
    .port = 5000,
    .storage = "s3",
    .endpoint = "http://127.0.0.1:9000",
    .endpoint_verify = true,
    .files_bytes = sizeof("/etc/htpasswd"),
    .files = "/etc/htpasswd",
};

/* A path that ends in x has not been read yet. */
static int find_facts(void *owner, const char *path, const struct registry_facts **ret_facts)
{
    (void)owner;
    if (path[strlen(path) - 1] == 'x')
        return -EAGAIN;
    *ret_facts = &known;
    return 0;
}

struct saying {
    char *text;
    size_t length_bytes;
    FILE *out;
};

static void begin(struct saying *saying)
{
    *saying = (struct saying){.text = NULL};
    saying->out = open_memstream(&saying->text, &saying->length_bytes);
    assert(saying->out != NULL);
}

static void end(struct saying *saying)
{
    assert(fclose(saying->out) == 0);
}

static struct settings *read_bytes(const void *bytes, size_t size, struct saying *mistakes)
{
    struct host_fixture fixture = {.folder = "."};
    struct settings_host host = host_fixture_settings(&fixture);
    struct settings *settings = NULL;
    char path[64];
    const int fd = memfd_create("settings", MFD_CLOEXEC);

    assert(fd >= 0);
    assert(write(fd, bytes, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    host.find_facts = find_facts;
    host.facts_error = NULL;
    const int result = settings_read(path, &host, mistakes->out, NULL, &settings);
    assert((result == 0) == (settings != NULL));
    close(fd);
    return settings;
}

static void check_printable(const char *text)
{
    for (; *text; text++)
        assert(*text == '\n' || ((unsigned char)*text >= ' ' && *text != '\x7f'));
}

/* Origins aside, which end each line. */
static void strip_origins(char *text)
{
    char *to = text;

    while (*text) {
        const size_t line_bytes = strcspn(text, "\n");
        char *comment = memmem(text, line_bytes, " # ", 3);
        const size_t kept_bytes = comment ? (size_t)(comment - text) : line_bytes;
        memmove(to, text, kept_bytes);
        to += kept_bytes;
        *to++ = '\n';
        text += line_bytes + (text[line_bytes] == '\n');
    }
    *to = '\0';
}

static bool is_whole(const struct settings *settings)
{
    for (size_t at = 0; at < settings->registry_count; at++)
        if (!settings->registries[at].facts_known)
            return false;
    return true;
}

static void check_dump(const struct settings *settings)
{
    struct saying dump, mistakes, dump_again;

    begin(&dump);
    settings_dump(settings, dump.out);
    end(&dump);
    begin(&mistakes);
    struct settings *again = read_bytes(dump.text, dump.length_bytes, &mistakes);
    end(&mistakes);
    if (!again)
        fprintf(stderr, "%s\n%s", dump.text, mistakes.text);
    assert(again != NULL);
    begin(&dump_again);
    settings_dump(again, dump_again.out);
    end(&dump_again);
    strip_origins(dump.text);
    strip_origins(dump_again.text);
    assert(!is_whole(settings) || strcmp(dump.text, dump_again.text) == 0);
    settings_free(again);
    free(dump.text);
    free(dump_again.text);
    free(mistakes.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct saying mistakes;

    begin(&mistakes);
    struct settings *settings = read_bytes(bytes, size, &mistakes);
    end(&mistakes);
    assert((settings == NULL) == (mistakes.length_bytes > 0));
    check_printable(mistakes.text);
    if (settings)
        check_dump(settings);
    settings_free(settings);
    free(mistakes.text);
    return 0;
}
