/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and images as people may write them: what is taken makes a URL that begins as one, has
 * no control characters and fits.
 *
 * Input: type, check, step, a byte each; the url; NUL; what to read.
 */
#include <assert.h>
#include <string.h>

#include "probes/locator.h"
#include "probes/message.h"
#include "probes/request.h"

#define HEAD_BYTES 3

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void fill(char *text, size_t room, const uint8_t *bytes, size_t size)
{
    if (size > room - 1)
        size = room - 1;
    memcpy(text, bytes, size);
    text[size] = '\0';
}

static void check_locator(const struct probe_params *params)
{
    char host[PROBE_LOCATOR_HOST_BYTES];

    if (params->type == PROBE_TYPE_FILE) {
        assert(probe_locator_path(params)[0] == '/');
        return;
    }
    probe_locator_host(params, host);
    assert(host[0] != '\0' && strpbrk(host, "[]/") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < HEAD_BYTES)
        return 0;

    const uint8_t *const divide = memchr(bytes + HEAD_BYTES, '\0', size - HEAD_BYTES);
    const size_t url_bytes =
        divide != NULL ? (size_t)(divide - bytes) - HEAD_BYTES : size - HEAD_BYTES;
    static const uint8_t types[] = {PROBE_TYPE_HARBOR,   PROBE_TYPE_HTTP, PROBE_TYPE_MINIO,
                                    PROBE_TYPE_REGISTRY, PROBE_TYPE_S3,   PROBE_TYPE_TCP};
    struct probe_params params = {
        .name = "probe",
        .type = types[bytes[0] % sizeof(types)],
        .check = bytes[1] % (PROBE_CHECK_MAINTENANCE + 1),
        .bucket = {.name = "registry", .region = "us-east-1", .read_key = "a/b", .write_key = "c"},
        .credentials = "store",
        .interval_ns = 1,
        .timeout_ns = 1,
        .rise = 1,
        .fall = 1,
    };
    char url[PROBE_REQUEST_BYTES], connect_to[PROBE_REQUEST_BYTES];

    fill(params.url, sizeof(params.url), bytes + HEAD_BYTES, url_bytes);
    if (divide != NULL)
        fill(params.read, sizeof(params.read), divide + 1, size - HEAD_BYTES - url_bytes - 1);
    if (probe_request_mistake(&params) != NULL)
        return 0;
    if (params.type == PROBE_TYPE_FILE || params.type == PROBE_TYPE_PING) {
        check_locator(&params);
        return 0;
    }
    if (bytes[2] & 0x80 && params.type != PROBE_TYPE_TCP)
        memcpy(params.server_name, "name.example", sizeof("name.example"));
    memcpy(params.debug_url, "http://h:1/", sizeof("http://h:1/"));
    if (params.type != PROBE_TYPE_TCP)
        probe_request_connect_to(&params, connect_to);
    probe_request_url(&params, bytes[2] % PROBE_REQUEST_STEPS, url);
    assert(strncmp(url, "http", 4) == 0 && strstr(url, "://") != NULL);
    assert(strlen(url) < sizeof(url) - 1); /* not cut */
    for (const char *at = url; *at != '\0'; at++)
        assert(*at > ' ' && *at <= '~');
    return 0;
}
