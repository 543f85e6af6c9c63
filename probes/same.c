/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/same.h"

#include <string.h>

static bool is_text(const char *a, const char *b)
{
    const size_t bytes = strlen(a) + 1;

    return strlen(b) + 1 == bytes && memcmp(a, b, bytes) == 0;
}

static bool is_wanted(const struct probe_wanted *a, const struct probe_wanted *b)
{
    return is_text(a->header, b->header) && is_text(a->body, b->body) &&
           is_text(a->json, b->json) && is_text(a->json_value, b->json_value);
}

static bool is_status(const struct probe_params *a, const struct probe_params *b)
{
    return a->status_count == b->status_count &&
           memcmp(a->status, b->status, a->status_count * sizeof(a->status[0])) == 0;
}

static bool is_bucket(const struct probe_bucket *a, const struct probe_bucket *b)
{
    return is_text(a->name, b->name) && is_text(a->region, b->region) &&
           is_text(a->read_key, b->read_key) && is_text(a->write_key, b->write_key);
}

static bool is_tls(const struct probe_params *a, const struct probe_params *b)
{
    return is_text(a->ca_file, b->ca_file) && is_text(a->cert_file, b->cert_file) &&
           is_text(a->key_file, b->key_file) && is_text(a->server_name, b->server_name) &&
           a->tls_verify == b->tls_verify;
}

static bool is_time(const struct probe_params *a, const struct probe_params *b)
{
    return a->interval_ns == b->interval_ns && a->timeout_ns == b->timeout_ns &&
           a->rise == b->rise && a->fall == b->fall;
}

/* What is asked, and whom. */
static bool is_question(const struct probe_params *a, const struct probe_params *b)
{
    return a->type == b->type && a->check == b->check && a->method == b->method &&
           is_text(a->url, b->url) && is_text(a->read, b->read) &&
           is_text(a->debug_url, b->debug_url) && is_text(a->host, b->host) &&
           is_text(a->credentials, b->credentials) && is_bucket(&a->bucket, &b->bucket);
}

static bool is_components(const struct probe_params *a, const struct probe_params *b)
{
    return a->components_bytes == b->components_bytes &&
           memcmp(a->components, b->components, a->components_bytes) == 0;
}

static bool is_arguments(const struct probe_params *a, const struct probe_params *b)
{
    return a->arguments_bytes == b->arguments_bytes &&
           memcmp(a->arguments, b->arguments, a->arguments_bytes) == 0;
}

bool probe_same_params(const struct probe_params *a, const struct probe_params *b)
{
    return is_text(a->name, b->name) && a->scope == b->scope && is_text(a->depends, b->depends) &&
           is_question(a, b) && is_status(a, b) && is_wanted(&a->wanted, &b->wanted) &&
           is_components(a, b) && is_arguments(a, b) && is_tls(a, b) && is_time(a, b) &&
           a->file.max_age_ns == b->file.max_age_ns && a->file.mount == b->file.mount;
}
