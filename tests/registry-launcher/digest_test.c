/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/monotime.h"

#define SET_LIST(params, list, text)                                                               \
    do {                                                                                           \
        memcpy((params)->list, text, sizeof(text) - 1);                                            \
        (params)->list##_bytes = sizeof(text) - 1;                                                 \
    } while (0)

struct sample {
    char text[REGISTRY_DIGEST_BYTES];
};

static struct registry_params params(void)
{
    struct registry_params value = {.name = "registry"};

    SET_LIST(&value, argv, "/b\0serve\0");
    SET_LIST(&value, environment, "A=1\0B=2\0");
    return value;
}

static struct sample hash(const struct registry_params *of, const char *config, const char *path,
                          const char *file)
{
    struct registry_digest digest;
    struct sample sample;

    registry_digest_start(&digest, of);
    registry_digest_config(&digest, config, strlen(config));
    if (path != NULL && file != NULL)
        registry_digest_file(&digest, path, file, strlen(file));
    else if (path != NULL)
        registry_digest_other(&digest, path, "absent");
    registry_digest_end(&digest, sample.text);
    return sample;
}

/* The input written out by hand: tag, length, bytes; so another build of regha agrees. */
static void framing(void **state)
{
    static const uint8_t input[] = "\1\2\0\0\0\0\0\0\0/b"
                                   "\1\5\0\0\0\0\0\0\0serve"
                                   "\2\3\0\0\0\0\0\0\0A=1"
                                   "\2\3\0\0\0\0\0\0\0B=2"
                                   "\3\1\0\0\0\0\0\0\0c"
                                   "\4\2\0\0\0\0\0\0\0/f"
                                   "\5\1\0\0\0\0\0\0\0x";
    const struct registry_params of = params();
    uint8_t bytes[crypto_hash_sha256_BYTES];
    char want[REGISTRY_DIGEST_BYTES];

    (void)state;
    crypto_hash_sha256(bytes, input, sizeof(input) - 1);
    sodium_bin2hex(want, sizeof(want), bytes, sizeof(bytes));
    assert_string_equal(hash(&of, "c", "/f", "x").text, want);
}

static void order_of_environment_does_not_count(void **state)
{
    const struct registry_params a = params();
    struct registry_params b = params();

    (void)state;
    SET_LIST(&b, environment, "B=2\0A=1\0");
    assert_string_equal(hash(&a, "c", NULL, NULL).text, hash(&b, "c", NULL, NULL).text);
}

static void everything_counts(void **state)
{
    const struct registry_params usual = params();
    struct registry_params argv = params(), environment = params(), moved = params();

    (void)state;
    SET_LIST(&argv, argv, "/b\0serv\0");
    SET_LIST(&environment, environment, "A=1\0B=3\0");
    SET_LIST(&moved, argv, "/b\0serve\0A=1\0");
    SET_LIST(&moved, environment, "B=2\0");

    const struct sample samples[] = {
        hash(&usual, "c", NULL, NULL),       hash(&argv, "c", NULL, NULL),
        hash(&environment, "c", NULL, NULL), hash(&moved, "c", NULL, NULL),
        hash(&usual, "C", NULL, NULL),       hash(&usual, "", NULL, NULL),
        hash(&usual, "c", "/f", ""),         hash(&usual, "c", "/f", NULL),
        hash(&usual, "c", "/g", ""),         hash(&usual, "c", "/f", "absent"),
    };
    for (size_t a = 0; a < sizeof(samples) / sizeof(samples[0]); a++)
        for (size_t b = 0; b < a; b++)
            assert_string_not_equal(samples[a].text, samples[b].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(framing),
        cmocka_unit_test(order_of_environment_does_not_count),
        cmocka_unit_test(everything_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
