/* SPDX-License-Identifier: GPL-2.0-or-later */
/* WWW-Authenticate as servers send it, and as they should not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "probes/challenge.h"

#define NONE   PROBE_SCHEME_NONE
#define BASIC  PROBE_SCHEME_BASIC
#define BEARER PROBE_SCHEME_BEARER

static const struct {
    const char *rule, *text;
    enum probe_scheme scheme;
    const char *realm, *service;
} rows[] = {
    {"nothing", "", NONE, "", ""},
    {"a registry with a password file", "Basic realm=\"lab\"", BASIC, "lab", ""},
    {"a registry with a token server",
     "Bearer realm=\"https://auth/token\",service=\"registry\",scope=\"repository:a:pull\"", BEARER,
     "https://auth/token", "registry"},
    {"blanks and case", "bEARER  Realm = \"r\" ,\tSERVICE=s", BEARER, "r", "s"},
    {"Bearer before Basic", "Basic realm=\"a\", Bearer realm=\"b\"", BEARER, "b", ""},
    {"in whatever order", "Bearer realm=\"b\", Basic realm=\"a\"", BEARER, "b", ""},
    {"others are passed over", "Negotiate, Digest nonce=\"x\", Basic realm=\"a\"", BASIC, "a", ""},
    {"token68 is no parameter of ours", "NTLM TlRMTVNTUAAC==, Basic realm=\"a\"", BASIC, "a", ""},
    {"11.2 quoted pairs", "Bearer realm=\"a\\\"b\\\\c\"", BEARER, "a\"b\\c", ""},
    {"a comma within quotes", "Bearer realm=\"a,Basic\"", BEARER, "a,Basic", ""},
    {"no second quote", "Bearer service=\"s\", realm=\"a", BEARER, "", "s"},
    {"a backslash at the end", "Bearer realm=\"a\\", BEARER, "", ""},
    {"parameters without a scheme", "realm=\"a\"", NONE, "", ""},
    {"garbage", "\"\"=,;", NONE, "", ""},
};

static void test_rows(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct probe_challenge got;

        probe_challenge_decode(rows[at].text, &got);
        if (got.scheme != rows[at].scheme || strcmp(got.realm, rows[at].realm) != 0 ||
            strcmp(got.service, rows[at].service) != 0)
            fail_msg("%s: %d \"%s\" \"%s\"", rows[at].rule, (int)got.scheme, got.realm,
                     got.service);
    }
}

/* Half of a URL is another URL. */
static void test_too_long(void **unused)
{
    char text[PROBE_CHALLENGE_REALM_BYTES + 40];
    struct probe_challenge got;

    (void)unused;
    memset(text, 'a', sizeof(text));
    memcpy(text, "Bearer realm=\"", strlen("Bearer realm=\""));
    memcpy(text + sizeof(text) - 2, "\"", 2);
    probe_challenge_decode(text, &got);
    assert_int_equal(got.scheme, BEARER);
    assert_string_equal(got.realm, "");
}

static const struct {
    const char *realm, *asked, *wanted; /* NULL: no mistake */
} mistakes[] = {
    {"https://auth/token", "https://h", NULL},
    {"https://auth/token?a=b", "http://h", NULL},
    {"http://auth", "http://h", NULL},
    {"http://auth", "https://h", "is http, while"},
    {"", "http://h", "no http(s) URL"},
    {"lab", "http://h", "no http(s) URL"},
    {"file:///etc/passwd", "http://h", "no http(s) URL"},
    {"https://a b", "http://h", "no http(s) URL"},
    {"https://a\r\nX: y", "http://h", "no http(s) URL"},
    {"https:///x", "http://h", "no host"},
    {"https://me:secret@auth", "http://h", "user"},
};

static void test_mistakes(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(mistakes) / sizeof(mistakes[0]); at++) {
        struct probe_challenge challenge = {.scheme = BEARER};
        const char *got;

        memcpy(challenge.realm, mistakes[at].realm, strlen(mistakes[at].realm) + 1);
        got = probe_challenge_mistake(&challenge, mistakes[at].asked);
        if ((got == NULL) != (mistakes[at].wanted == NULL) ||
            (got != NULL && strstr(got, mistakes[at].wanted) == NULL))
            fail_msg("%s: %s", mistakes[at].realm, got != NULL ? got : "no mistake");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_mistakes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
