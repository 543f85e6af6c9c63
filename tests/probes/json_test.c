/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens, components and pointers in bodies that are right, and in some that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "probes/json.h"

#define FITS    PROBE_JSON_FITS
#define BROKEN  PROBE_JSON_BROKEN
#define MISSING PROBE_JSON_MISSING
#define DIFFERS PROBE_JSON_DIFFERS

static const struct {
    const char *rule, *body, *pointer, *value;
    enum probe_json wanted;
    const char *found;
} finds[] = {
    {"a text", "{\"status\":\"up\"}", "/status", "up", FITS, "up"},
    {"anything", "{\"status\":\"up\"}", "/status", "", FITS, "up"},
    {"another text", "{\"status\":\"down\"}", "/status", "up", DIFFERS, "down"},
    {"a number", "{\"n\":5}", "/n", "5", FITS, "5"},
    {"a truth", "{\"ok\":true}", "/ok", "true", FITS, "true"},
    {"null is there", "{\"ok\":null}", "/ok", "null", FITS, "null"},
    {"an element", "[{\"a\":1},{\"a\":2}]", "/1/a", "2", FITS, "2"},
    {"6901 section 4: ~1 is /", "{\"a/b\":\"x\"}", "/a~1b", "x", FITS, "x"},
    {"an object as JSON", "{\"a\":{\"b\":1}}", "/a", "{\"b\":1}", FITS, "{\"b\":1}"},
    {"nothing there", "{\"a\":1}", "/b", "", MISSING, ""},
    {"nothing in a text", "{\"a\":\"b\"}", "/a/b", "", MISSING, ""},
    {"no JSON", "<html>", "/a", "", BROKEN, ""},
    {"empty", "", "/a", "", BROKEN, ""},
    {"cut", "{\"a\":", "/a", "", BROKEN, ""},
    {"more behind it", "{\"a\":1} x", "/a", "", BROKEN, ""},
    {"a line's end behind it", "{\"a\":1}\r\n", "/a", "1", FITS, "1"},
    {"too deep", "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", "/0", "", BROKEN, ""},
    {"what steers terminals", "{\"a\":\"\\u001b[2J\"}", "/a", "x", DIFFERS, "?[2J"},
};

static void test_find(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(finds) / sizeof(finds[0]); at++) {
        struct probe_wanted wanted = {.header = ""};
        char found[PROBE_JSON_TEXT_BYTES];
        enum probe_json got;

        memcpy(wanted.json, finds[at].pointer, strlen(finds[at].pointer) + 1);
        memcpy(wanted.json_value, finds[at].value, strlen(finds[at].value) + 1);
        got = probe_json_find(finds[at].body, strlen(finds[at].body), &wanted, found);
        if (got != finds[at].wanted || strcmp(found, finds[at].found) != 0)
            fail_msg("%s: %d, \"%s\"", finds[at].rule, (int)got, found);
    }
}

#define HEAD       "{\"status\":\"unhealthy\",\"components\":["
#define GOOD(name) "{\"name\":\"" name "\",\"status\":\"healthy\"}"
#define BAD(name)  "{\"name\":\"" name "\",\"status\":\"unhealthy\",\"error\":\"gone\"}"

static const struct {
    const char *rule, *body, *component;
    enum probe_json wanted;
    const char *sick;
} harbors[] = {
    {"all are well", HEAD GOOD("core") "," GOOD("redis") "]}", "", FITS, ""},
    {"one is not", HEAD GOOD("core") "," BAD("redis") "]}", "", DIFFERS, "redis (gone)"},
    {"two are not", HEAD BAD("core") "," BAD("redis") "]}", "", DIFFERS, "core (gone), redis"},
    {"one that does not count", HEAD GOOD("core") "," BAD("redis") "]}", "core", FITS, ""},
    {"one that there is not", HEAD GOOD("core") "]}", "trivy", MISSING, "trivy"},
    {"no status at all", HEAD "{\"name\":\"core\"}]}", "", DIFFERS, "core"},
    {"no components", HEAD "]}", "", MISSING, ""},
    {"another JSON", "{\"status\":\"healthy\"}", "", MISSING, ""},
    {"components of another kind", "{\"components\":{\"a\":1}}", "", MISSING, ""},
    {"elements of another kind", "{\"components\":[1,\"a\",null]}", "", DIFFERS, "?, ?, ?"},
    {"a web page", "<html>", "", BROKEN, ""},
};

static void test_harbor(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(harbors) / sizeof(harbors[0]); at++) {
        struct probe_params params = {.type = PROBE_TYPE_HARBOR};
        char sick[PROBE_JSON_TEXT_BYTES];
        enum probe_json got;

        if (harbors[at].component[0] != '\0') {
            params.components_bytes = strlen(harbors[at].component) + 1;
            memcpy(params.components, harbors[at].component, params.components_bytes);
        }
        got = probe_json_harbor(harbors[at].body, strlen(harbors[at].body), &params, sick);
        if (got != harbors[at].wanted || strcmp(sick, harbors[at].sick) != 0)
            fail_msg("%s: %d, \"%s\"", harbors[at].rule, (int)got, sick);
    }
}

static const struct {
    const char *rule, *body, *token; /* NULL: none */
    int life_s;
} tokens[] = {
    {"as the specification has it", "{\"token\":\"a.b-c_d\",\"expires_in\":300}", "a.b-c_d", 300},
    {"as OAuth has it", "{\"access_token\":\"x==\"}", "x==", 60},
    {"the first one counts", "{\"token\":\"a\",\"access_token\":\"b\"}", "a", 60},
    {"a life without end is a day", "{\"token\":\"a\",\"expires_in\":99999999999}", "a", 86400},
    {"a life that is over", "{\"token\":\"a\",\"expires_in\":-1}", "a", 0},
    {"a life of another kind", "{\"token\":\"a\",\"expires_in\":\"x\"}", "a", 60},
    {"no token", "{\"expires_in\":300}", NULL, 0},
    {"an empty one", "{\"token\":\"\"}", NULL, 0},
    {"one that breaks a header", "{\"token\":\"a\\r\\nX: y\"}", NULL, 0},
    {"one with a NUL", "{\"token\":\"a\\u0000b\"}", "a", 60},
    {"a number", "{\"token\":5}", NULL, 0},
    {"a list", "[\"token\"]", NULL, 0},
    {"no JSON", "token", NULL, 0},
};

static void test_token(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(tokens) / sizeof(tokens[0]); at++) {
        char token[PROBE_JSON_TOKEN_BYTES];
        int life_s = 0;
        const bool got = probe_json_token(tokens[at].body, strlen(tokens[at].body), token, &life_s);

        if (got != (tokens[at].token != NULL) || life_s != tokens[at].life_s ||
            (got && strcmp(token, tokens[at].token) != 0))
            fail_msg("%s: %s, %d s", tokens[at].rule, got ? token : "none", life_s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_harbor),
        cmocka_unit_test(test_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
