/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/facts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/bundle.h"
#include "registry-launcher/message.h"
#include "supervisord/settings/host.h"

static struct facts_entry *find_entry(struct facts *facts, const char *path)
{
    for (size_t at = 0; at < FACTS_MAX; at++)
        if (strcmp(facts->entries[at].path, path) == 0)
            return &facts->entries[at];
    return NULL;
}

/* A file that cannot be understood now is no mistake of regha.conf: what was known of it counts. */
static int answer_facts(void *owner, const char *path, const struct registry_facts **ret_facts)
{
    const struct facts_entry *entry = facts_find(host_owner(owner), path);

    if (!entry || !entry->known)
        return -EAGAIN;
    *ret_facts = entry->has_running ? &entry->both : &entry->facts;
    return 0;
}

int facts_read_settings(struct facts *facts, const char *path, FILE *mistakes, FILE *warnings,
                        struct settings **ret_settings)
{
    struct settings_host answers;
    struct host *host;
    struct err err;
    int failed = host_new(&host, &err);

    if (failed < 0) {
        fprintf(mistakes, "%s\n", err.text);
        return failed;
    }
    host_set_owner(host, facts);
    answers = host_settings(host);
    answers.find_facts = answer_facts;
    answers.facts_error = NULL;
    failed = settings_read(path, &answers, mistakes, warnings, ret_settings);
    host_free(host);
    return failed;
}

static int parse(const uint8_t *bytes, size_t length_bytes, struct registry_facts *ret_facts,
                 struct err *err)
{
    struct bundle bundle;

    if (bundle_decode(bytes, length_bytes, &bundle) < 0)
        return err_set(err, EPROTO, "what the launcher captured is no bundle");
    const struct bundle_item *config = bundle_config(&bundle);
    return registry_yaml_read(config->data, config->data_bytes, ret_facts, err);
}

/* The file is sealed by its writer, but its size is what it says, not what the message says. */
static int parse_file(int fd, size_t length_bytes, struct registry_facts *ret_facts,
                      struct err *err)
{
    struct stat status;

    if (fd < 0 || length_bytes == 0 || length_bytes > BUNDLE_BYTES_MAX)
        return err_set(err, EINVAL, "the captured configuration is empty");
    if (fstat(fd, &status) < 0 || status.st_size < (off_t)length_bytes)
        return err_set(err, EINVAL, "the captured configuration is shorter than announced");
    void *bytes = mmap(NULL, length_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return err_errno(err, "cannot map the captured configuration");
    const int failed = parse(bytes, length_bytes, ret_facts, err);
    (void)munmap(bytes, length_bytes);
    return failed;
}

static void combine(struct facts_entry *entry)
{
    entry->both = entry->running;
    entry->both.has_secret = entry->facts.has_secret;
    entry->both.files_bytes = entry->facts.files_bytes;
    memcpy(entry->both.files, entry->facts.files, sizeof(entry->both.files));
}

int facts_take(struct facts *facts, const char *path, int fd, size_t length_bytes, struct err *err)
{
    struct facts_entry *entry = find_entry(facts, path);
    struct registry_facts parsed;

    if (!entry)
        entry = find_entry(facts, "");
    if (!entry)
        return err_set(err, ENOSPC, "more than %d configurations of registries", FACTS_MAX);
    snprintf(entry->path, sizeof(entry->path), "%s", path);
    memset(&parsed, 0, sizeof(parsed)); /* compared as a whole, padding too */
    const int failed = parse_file(fd, length_bytes, &parsed, err);
    if (failed < 0) {
        snprintf(entry->error, sizeof(entry->error), "%.191s", err->text);
        return failed;
    }
    entry->error[0] = '\0';
    if (entry->known && memcmp(&entry->facts, &parsed, sizeof(parsed)) == 0)
        return 0;
    memcpy(&entry->facts, &parsed, sizeof(parsed));
    entry->known = true;
    combine(entry);
    return 1;
}

bool facts_run(struct facts *facts, const char *path, const uint8_t *bytes, size_t length_bytes)
{
    struct facts_entry *entry = find_entry(facts, path);
    struct registry_facts parsed;
    struct err err;

    if (!entry || !entry->known)
        return false;
    memset(&parsed, 0, sizeof(parsed));
    const bool has_running = bytes && parse(bytes, length_bytes, &parsed, &err) == 0;
    const bool changed = has_running != entry->has_running ||
                         (has_running && memcmp(&parsed, &entry->running, sizeof(parsed)) != 0);
    entry->has_running = has_running;
    memcpy(&entry->running, &parsed, sizeof(parsed));
    combine(entry);
    return changed;
}

static bool is_used(const struct settings *settings, const char *path)
{
    for (size_t at = 0; at < settings->registry_count; at++)
        if (strcmp(settings->registries[at].params.config, path) == 0)
            return true;
    return false;
}

void facts_keep(struct facts *facts, const struct settings *settings)
{
    for (size_t at = 0; at < FACTS_MAX; at++)
        if (!is_used(settings, facts->entries[at].path))
            memset(&facts->entries[at], 0, sizeof(facts->entries[at]));
}

const struct facts_entry *facts_find(const struct facts *facts, const char *path)
{
    for (size_t at = 0; at < FACTS_MAX; at++)
        if (facts->entries[at].path[0] != '\0' && strcmp(facts->entries[at].path, path) == 0)
            return &facts->entries[at];
    return NULL;
}
