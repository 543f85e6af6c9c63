/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local policy of any bytes: who is found has a user and an absolute path, of plain characters,
 * and stands on a line of its own; no byte beyond the text is read.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "registry-launcher/listen.h"
#include "registry-launcher/policy_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_plain(const char *text, size_t size_bytes)
{
    const size_t length = strnlen(text, size_bytes);

    assert(length > 0 && length < size_bytes);
    for (size_t at = 0; at < length; at++)
        assert(text[at] > ' ' && text[at] < 0x7f && text[at] != '#');
}

static void check_policy(const char *text, size_t size)
{
    struct registry_policy policy;
    size_t line = SIZE_MAX;
    const enum registry_policy_result result =
        registry_policy_file_find(text, size, "registry", &policy, &line);

    if (result == REGISTRY_POLICY_FOUND) {
        check_plain(policy.user, sizeof(policy.user));
        check_plain(policy.binary, sizeof(policy.binary));
        assert(policy.binary[0] == '/');
        assert(memmem(text, size, "registry", strlen("registry")) != NULL);
    } else if (result != REGISTRY_POLICY_NO_SUCH_NAME && result != REGISTRY_POLICY_TOO_LONG) {
        assert(line > 0 && line <= size);
    }
}

/* Of a goal: the address a registry will bind. */
static void check_listen(const char *text, size_t size)
{
    char copy[REGISTRY_LISTEN_BYTES] = "";
    struct registry_listen listen;

    memcpy(copy, text, size < sizeof(copy) ? size : sizeof(copy) - 1);
    if (registry_listen_parse(copy, &listen)) {
        assert(listen.port > 0);
        assert(strnlen(listen.host, sizeof(listen.host)) < sizeof(listen.host));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *const text = malloc(size != 0 ? size : 1);

    assert(text != NULL);
    memcpy(text, bytes, size);
    check_policy(text, size);
    check_listen(text, size);
    free(text);
    return 0;
}
