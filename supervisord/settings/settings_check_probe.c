/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/settings_check_probe.h"

#include <assert.h>
#include <string.h>

#include "supervisord/settings/url.h"

struct list {
    struct settings_finding *findings;
    size_t count;
};

static void find(struct list *list, enum settings_fault fault, const void *field, const void *other)
{
    assert(list->count < SETTINGS_CHECK_PROBE_FINDINGS);
    list->findings[list->count++] = (struct settings_finding){fault, field, other};
}

#define OF(type)      (1u << PROBE_TYPE_##type)
#define KEY_AT(field) offsetof(struct probe_params, field)
#define OF_TLS        (~(OF(EXEC) | OF(FILE) | OF(PING) | OF(REDIS) | OF(TCP)))

/* Whose key it is; none of others. A field that is not set begins with a byte of 0. */
static const struct {
    size_t offset;
    unsigned types;
    enum settings_fault fault;
} owners[] = {
    {KEY_AT(check), OF(MINIO), SETTINGS_FAULT_ONLY_MINIO},
    {KEY_AT(read), OF(REGISTRY), SETTINGS_FAULT_ONLY_REGISTRY},
    {KEY_AT(debug_url), OF(REGISTRY), SETTINGS_FAULT_ONLY_REGISTRY},
    {KEY_AT(status_count), OF(HTTP), SETTINGS_FAULT_ONLY_HTTP},
    {KEY_AT(wanted.header), OF(HTTP), SETTINGS_FAULT_ONLY_HTTP},
    {KEY_AT(wanted.body), OF(HTTP), SETTINGS_FAULT_ONLY_HTTP},
    {KEY_AT(wanted.json), OF(HTTP), SETTINGS_FAULT_ONLY_HTTP},
    {KEY_AT(wanted.json_value), OF(HTTP), SETTINGS_FAULT_ONLY_HTTP},
    {KEY_AT(host), OF(HTTP), SETTINGS_FAULT_ONLY_HTTP},
    {KEY_AT(method), OF(HTTP) | OF(S3), SETTINGS_FAULT_ONLY_HTTP_S3},
    {KEY_AT(bucket.name), OF(S3), SETTINGS_FAULT_ONLY_S3},
    {KEY_AT(bucket.region), OF(S3), SETTINGS_FAULT_ONLY_S3},
    {KEY_AT(bucket.read_key), OF(S3), SETTINGS_FAULT_ONLY_S3},
    {KEY_AT(bucket.write_key), OF(S3), SETTINGS_FAULT_ONLY_S3},
    {KEY_AT(components), OF(HARBOR), SETTINGS_FAULT_ONLY_HARBOR},
    {KEY_AT(arguments), OF(EXEC), SETTINGS_FAULT_ONLY_EXEC},
    {KEY_AT(file.mount), OF(FILE), SETTINGS_FAULT_ONLY_FILE},
    {KEY_AT(credentials), OF(HTTP) | OF(REDIS) | OF(REGISTRY) | OF(S3),
     SETTINGS_FAULT_NO_CREDENTIALS},
    {KEY_AT(cert_file), OF_TLS, SETTINGS_FAULT_NO_TLS},
    {KEY_AT(key_file), OF_TLS, SETTINGS_FAULT_NO_TLS},
    {KEY_AT(server_name), OF_TLS, SETTINGS_FAULT_NO_TLS},
};

/* status_count counts what lies in status: the list is where its first element is. */
static const void *field_at(const struct probe_params *probe, size_t offset)
{
    return offset == KEY_AT(status_count) ? (const void *)probe->status
                                          : (const char *)probe + offset;
}

static void check_owners(struct list *list, const struct probe_params *probe)
{
    for (size_t at = 0; at < sizeof(owners) / sizeof(owners[0]); at++)
        if (((const char *)probe)[owners[at].offset] != 0 &&
            !(owners[at].types & 1u << probe->type))
            find(list, owners[at].fault, field_at(probe, owners[at].offset), NULL);
}

static bool is_reference_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '-' ||
           byte == '/' || byte == ':' || byte == '@';
}

/* "repository:tag" or "repository@digest", both parts there; nothing that a URL takes for its own. */
static bool is_reference(const char *text)
{
    size_t divide = 0;

    for (size_t at = 0; text[at]; at++) {
        if (!is_reference_byte(text[at]) || (text[at] == '.' && text[at + 1] == '.'))
            return false;
        if (text[at] == ':' || text[at] == '@')
            divide = at;
    }
    return divide > 0 && text[divide + 1] != '\0' && text[0] != '/';
}

/* What is the same in a URL and in what is signed. */
static bool is_object(const char *text, bool may_have_slash)
{
    for (size_t at = 0; text[at]; at++) {
        if (!is_reference_byte(text[at]) || text[at] == ':' || text[at] == '@')
            return false;
        if (text[at] == '/' && (!may_have_slash || text[at + 1] == '/'))
            return false;
        if (text[at] == '.' && text[at + 1] == '.')
            return false;
    }
    return text[0] != '/';
}

static bool is_same(const char *a, const char *b)
{
    const size_t length_bytes = strlen(a);

    return length_bytes == strlen(b) && memcmp(a, b, length_bytes) == 0;
}

static void check_store(struct list *list, const struct probe_params *probe)
{
    const struct probe_bucket *bucket = &probe->bucket;

    if (bucket->name[0] == '\0' || bucket->read_key[0] == '\0' || probe->credentials[0] == '\0')
        find(list, SETTINGS_FAULT_S3_INCOMPLETE, &probe->type, NULL);
    if (!is_object(bucket->name, false))
        find(list, SETTINGS_FAULT_OBJECT_FORM, bucket->name, NULL);
    if (!is_object(bucket->read_key, true))
        find(list, SETTINGS_FAULT_OBJECT_FORM, bucket->read_key, NULL);
    if (!is_object(bucket->write_key, true))
        find(list, SETTINGS_FAULT_OBJECT_FORM, bucket->write_key, NULL);
    /* A write that hangs locks its object, and the read would hang with it. */
    if (bucket->write_key[0] && is_same(bucket->read_key, bucket->write_key))
        find(list, SETTINGS_FAULT_TWICE, bucket->write_key, bucket->read_key);
}

/* A name of RFC 9110 section 5.1, and behind a colon what it must be. */
static bool is_header(const char *text)
{
    size_t name_bytes = 0;

    while (is_reference_byte(text[name_bytes]) && text[name_bytes] != ':' &&
           text[name_bytes] != '/' && text[name_bytes] != '@')
        name_bytes++;
    if (name_bytes == 0 || (text[name_bytes] != '\0' && text[name_bytes] != ':'))
        return false;
    return text[name_bytes] == '\0' || text[name_bytes + 1] != '\0';
}

static bool is_word(const char *text)
{
    while (*text > ' ' && *text <= '~')
        text++;
    return *text == '\0';
}

static void check_page(struct list *list, const struct probe_params *probe)
{
    const struct probe_wanted *wanted = &probe->wanted;

    if (wanted->header[0] && !is_header(wanted->header))
        find(list, SETTINGS_FAULT_HEADER_FORM, wanted->header, NULL);
    if (wanted->json[0] && wanted->json[0] != '/')
        find(list, SETTINGS_FAULT_POINTER_FORM, wanted->json, NULL);
    if (wanted->json_value[0] && !wanted->json[0])
        find(list, SETTINGS_FAULT_VALUE_ALONE, wanted->json_value, NULL);
    if (!is_word(probe->host))
        find(list, SETTINGS_FAULT_URL_BYTES, probe->host, NULL);
    if (probe->method == PROBE_METHOD_HEAD && (wanted->body[0] || wanted->json[0]))
        find(list, SETTINGS_FAULT_HEAD_BODY, &probe->method, NULL);
}

static void check_registry(struct list *list, const struct probe_params *probe)
{
    struct url url;

    if (probe->read[0] && !is_reference(probe->read))
        find(list, SETTINGS_FAULT_READ_FORM, probe->read, NULL);
    if (probe->debug_url[0] &&
        (!is_word(probe->debug_url) || url_parse(probe->debug_url, &url) != URL_FINE ||
         url.has_path || url.scheme[0] != 'h'))
        find(list, SETTINGS_FAULT_DEBUG_URL, probe->debug_url, NULL);
}

static void check_tls(struct list *list, const struct probe_params *probe)
{
    const bool is_tls = strlen(probe->url) > 8 && memcmp(probe->url, "https://", 8) == 0;

    if (probe->url[0] == '\0')
        return;
    if (!is_tls && probe->cert_file[0])
        find(list, SETTINGS_FAULT_NOT_HTTPS, probe->cert_file, NULL);
    if (!is_tls && probe->server_name[0])
        find(list, SETTINGS_FAULT_NOT_HTTPS, probe->server_name, NULL);
    if (probe->key_file[0] && !probe->cert_file[0])
        find(list, SETTINGS_FAULT_KEY_ALONE, probe->key_file, NULL);
}

size_t settings_check_probe_keys(const struct probe_params *probe,
                                 struct settings_finding findings[SETTINGS_CHECK_PROBE_FINDINGS])
{
    struct list list = {.findings = findings};

    check_owners(&list, probe);
    if (probe->file.max_age_ns != 0 && probe->type != PROBE_TYPE_FILE)
        find(&list, SETTINGS_FAULT_ONLY_FILE, &probe->file.max_age_ns, NULL);
    if (probe->type == PROBE_TYPE_S3)
        check_store(&list, probe);
    if (probe->type == PROBE_TYPE_HTTP)
        check_page(&list, probe);
    if (probe->type == PROBE_TYPE_REGISTRY)
        check_registry(&list, probe);
    if (OF_TLS & 1u << probe->type)
        check_tls(&list, probe);
    return list.count;
}
