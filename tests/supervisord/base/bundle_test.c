/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same content gives the same bytes, and nothing else is a bundle. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bundle.h"
#include "base/digest.h"

#define ITEM(kind, name, data)                                                                     \
    {                                                                                              \
        kind, name, data, sizeof(data) - 1                                                         \
    }

static const struct bundle_item items[] = {
    ITEM(BUNDLE_CONFIG, "", "version: 0.1\n\0x"),
    ITEM(BUNDLE_FILE, "/etc/htpasswd", "user:hash"),
    ITEM(BUNDLE_ABSENT, "/etc/none", ""),
    ITEM(BUNDLE_FOLDER, "/etc/registry", ""),
    ITEM(BUNDLE_ARGUMENT, "", "/usr/bin/registry"),
    ITEM(BUNDLE_ARGUMENT, "", "serve"),
    ITEM(BUNDLE_ARGUMENT, "", ""),
    ITEM(BUNDLE_ARGUMENT, "", "{bundle}/registry.yml"),
    ITEM(BUNDLE_ENVIRONMENT, "A", "1"),
    ITEM(BUNDLE_ENVIRONMENT, "REGISTRY_HTTP_SECRET", ""),
};

#define COUNT (sizeof(items) / sizeof(items[0]))

static struct bundle sample(void)
{
    struct bundle bundle = {.count = 0};

    for (size_t at = 0; at < COUNT; at++)
        assert_true(bundle_add(&bundle, &items[at]));
    return bundle;
}

static size_t encode(const struct bundle *bundle, uint8_t *bytes, size_t size_bytes)
{
    const int64_t length = bundle_encode(bundle, bytes, size_bytes);

    assert_true(length > 0);
    assert_int_equal(length, bundle_encoded_bytes(bundle));
    return (size_t)length;
}

static void test_there_and_back(void **state)
{
    const struct bundle bundle = sample();
    uint8_t bytes[1024], again[1024];
    struct bundle decoded;

    (void)state;
    const size_t length = encode(&bundle, bytes, sizeof(bytes));
    assert_int_equal(bundle_decode(bytes, length, &decoded), 0);
    assert_int_equal(decoded.count, COUNT);
    for (size_t at = 0; at < COUNT; at++) {
        assert_int_equal(decoded.items[at].kind, items[at].kind);
        assert_string_equal(decoded.items[at].name, items[at].name);
        assert_int_equal(decoded.items[at].data_bytes, items[at].data_bytes);
        assert_memory_equal(decoded.items[at].data, items[at].data, items[at].data_bytes);
        assert_int_equal(decoded.items[at].data[items[at].data_bytes], '\0');
    }
    assert_int_equal(encode(&decoded, again, sizeof(again)), length);
    assert_memory_equal(again, bytes, length);
    assert_int_equal(bundle_config(&decoded)->data_bytes, items[0].data_bytes);
    for (size_t size = 0; size < length; size++)
        assert_int_equal(bundle_encode(&bundle, again, size), -EMSGSIZE);
}

/* Other nodes read their files and settings in another order. */
static void test_sorted(void **state)
{
    static const size_t order[COUNT] = {9, 3, 4, 2, 5, 0, 6, 1, 7, 8};
    const struct bundle bundle = sample();
    struct bundle other = {.count = 0};
    uint8_t bytes[1024], again[1024];

    (void)state;
    for (size_t at = 0; at < COUNT; at++)
        assert_true(bundle_add(&other, &items[order[at]]));
    assert_int_equal(bundle_encode(&other, again, sizeof(again)), -EINVAL);
    bundle_sort(&other);
    const size_t length = encode(&bundle, bytes, sizeof(bytes));
    assert_int_equal(encode(&other, again, sizeof(again)), length);
    assert_memory_equal(again, bytes, length);
}

static void test_not_canonical(void **state)
{
    static const struct {
        const char *rule;
        size_t at;
        struct bundle_item item;
    } rows[] = {
        {"a configuration comes first", 0, ITEM(BUNDLE_FILE, "/a", "")},
        {"and has no name", 0, ITEM(BUNDLE_CONFIG, "/a", "")},
        {"there is one of it", 1, ITEM(BUNDLE_CONFIG, "", "")},
        {"a path is absolute", 1, ITEM(BUNDLE_FILE, "etc/htpasswd", "")},
        {"files are in order", 1, ITEM(BUNDLE_FILE, "/var", "")},
        {"each is there once", 1, ITEM(BUNDLE_FILE, "/etc/none", "")},
        {"what is absent has no content", 2, ITEM(BUNDLE_ABSENT, "/etc/none", "x")},
        {"nor has a folder", 3, ITEM(BUNDLE_FOLDER, "/etc/registry", "x")},
        {"an argument has no name", 4, ITEM(BUNDLE_ARGUMENT, "a", "b")},
        {"and no NUL", 4, ITEM(BUNDLE_ARGUMENT, "", "a\0b")},
        {"a variable has a name", 8, ITEM(BUNDLE_ENVIRONMENT, "", "b")},
        {"without =", 8, ITEM(BUNDLE_ENVIRONMENT, "A=B", "b")},
        {"and no NUL in its value", 8, ITEM(BUNDLE_ENVIRONMENT, "A", "a\0b")},
        {"variables are in order", 8, ITEM(BUNDLE_ENVIRONMENT, "S", "")},
        {"each is there once, too", 8, ITEM(BUNDLE_ENVIRONMENT, "REGISTRY_HTTP_SECRET", "")},
        {"a kind that there is not", 9, {(enum bundle_kind)7, "Z", "", 0}},
    };
    uint8_t bytes[1024];

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct bundle bundle = sample();

        bundle.items[rows[at].at] = rows[at].item;
        if (bundle_encode(&bundle, bytes, sizeof(bytes)) != -EINVAL)
            fail_msg("%s", rows[at].rule);
    }
    const struct bundle without = {.count = 1, .items = {ITEM(BUNDLE_CONFIG, "", "")}};
    assert_false(bundle_is_canonical(&without));
}

static void test_wrong_bytes(void **state)
{
    const struct bundle bundle = sample();
    uint8_t bytes[1024];
    struct bundle decoded;

    (void)state;
    const size_t length = encode(&bundle, bytes, sizeof(bytes));
    for (size_t cut = 0; cut < length; cut++) {
        uint8_t *part = malloc(cut > 0 ? cut : 1); /* so that a read beyond it is seen */
        assert_non_null(part);
        memcpy(part, bytes, cut);
        assert_int_equal(bundle_decode(part, cut, &decoded), -EPROTO);
        assert_int_equal(decoded.count, 0);
        free(part);
    }
    bytes[length] = 0;
    assert_int_equal(bundle_decode(bytes, length + 1, &decoded), -EPROTO);
    for (size_t at = 0; at < 7; at++) { /* magic, version, count */
        bytes[at] ^= 1;
        assert_int_equal(bundle_decode(bytes, length, &decoded), -EPROTO);
        bytes[at] ^= 1;
    }
    assert_int_equal(bundle_decode(bytes, length, &decoded), 0);
}

static void test_no_room(void **state)
{
    struct bundle bundle = {.count = BUNDLE_ITEMS_MAX};

    (void)state;
    assert_false(bundle_add(&bundle, &items[0]));
}

static void test_digest(void **state)
{
    char text[DIGEST_TEXT_BYTES];

    (void)state;
    digest_of("abc", 3, text); /* FIPS 180-2, appendix B.1 */
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(digest_is_text(text));
    text[3] = 'G';
    assert_false(digest_is_text(text));
    assert_false(digest_is_text("ba7816"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_sorted),
        cmocka_unit_test(test_not_canonical),  cmocka_unit_test(test_wrong_bytes),
        cmocka_unit_test(test_no_room),        cmocka_unit_test(test_digest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
