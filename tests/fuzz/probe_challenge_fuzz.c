/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WWW-Authenticate of any server: what comes out is bounded, and a realm without mistake makes the
 * URL of a token that is one, and one that is not asked without TLS where the registry was.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "probes/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct probe_challenge *challenge, const char *asked)
{
    struct probe_params params = {.type = PROBE_TYPE_REGISTRY, .read = "a/b:c"};
    char url[PROBE_REQUEST_BYTES];

    memcpy(params.url, asked, strlen(asked) + 1);
    if (probe_challenge_mistake(challenge, asked) != NULL)
        return;
    assert(strncmp(challenge->realm, asked, 5) == 0 || strncmp(asked, "https", 5) != 0);
    assert(probe_request_token_url(&params, challenge, url));
    assert(strncmp(url, "http", 4) == 0 && strstr(url, "scope=repository%3Aa%2Fb%3Apull"));
    for (const char *at = url; *at != '\0'; at++)
        assert(*at > ' ' && *at <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *const text = malloc(size + 1);
    struct probe_challenge challenge;

    assert(text != NULL);
    memcpy(text, bytes, size);
    text[size] = '\0';
    probe_challenge_decode(text, &challenge);
    assert(memchr(challenge.realm, '\0', sizeof(challenge.realm)) != NULL);
    assert(memchr(challenge.service, '\0', sizeof(challenge.service)) != NULL);
    assert(challenge.scheme <= PROBE_SCHEME_BEARER);
    check(&challenge, "http://h:5000");
    check(&challenge, "https://h:5000");
    free(text);
    return 0;
}
