/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each byte of a value counts, and none of what lies between or behind values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "probes/same.h"

/* Every text, filled so that its NUL is its last byte. */
static void fill(struct probe_params *params)
{
    memset(params, 'x', sizeof(*params));
    params->tls_verify = true;
    params->file.mount = true;
    params->status_count = PROBE_SPANS;
    params->components_bytes = sizeof(params->components);
    params->arguments_bytes = sizeof(params->arguments);
#define END(field) params->field[sizeof(params->field) - 1] = '\0'
    END(name);
    END(url);
    END(read);
    END(debug_url);
    END(wanted.header);
    END(wanted.body);
    END(wanted.json);
    END(wanted.json_value);
    END(host);
    END(bucket.name);
    END(bucket.region);
    END(bucket.read_key);
    END(bucket.write_key);
    END(credentials);
    END(ca_file);
    END(cert_file);
    END(key_file);
    END(server_name);
    END(depends);
}

static bool is_in(size_t at, size_t begin, size_t bytes)
{
    return at >= begin && at < begin + bytes;
}

/*
 * One byte after the other is another one. Those that may differ are padding, so a field that is
 * forgotten is seen: no padding is as long as the shortest field that stands alone.
 */
static void test_each_byte(void **unused)
{
    struct probe_params a, b;
    size_t in_a_row = 0;

    (void)unused;
    fill(&a);
    for (size_t at = 0; at < sizeof(a); at++) {
        unsigned char *const byte = (unsigned char *)&b + at;

        memcpy(&b, &a, sizeof(a));
        if (at == offsetof(struct probe_params, tls_verify) ||
            at == offsetof(struct probe_params, file.mount))
            *byte = 0;
        else if (at == offsetof(struct probe_params, status_count))
            *byte = 1;
        else if (is_in(at, offsetof(struct probe_params, components_bytes),
                       sizeof(a.components_bytes)))
            b.components_bytes = 1;
        else if (is_in(at, offsetof(struct probe_params, arguments_bytes),
                       sizeof(a.arguments_bytes)))
            b.arguments_bytes = 1;
        else
            *byte = *byte == '\0' ? '\0' : 'y';
        if (memcmp(&a, &b, sizeof(a)) != 0 && probe_same_params(&a, &b))
            in_a_row++;
        else
            in_a_row = 0;
        if (in_a_row > 7)
            fail_msg("the %zu bytes before %zu do not count", in_a_row, at);
    }
}

static void test_what_does_not_count(void **unused)
{
    struct probe_params a = {.name = "a", .url = "u", .status = {{1, 2}}}, b = a;

    (void)unused;
    assert_true(probe_same_params(&a, &b));
    memset(b.name + 2, 'x', sizeof(b.name) - 2);
    memset(b.wanted.json + 1, 'x', sizeof(b.wanted.json) - 1);
    b.status[0].most = 3;
    b.components[0] = 'x';
    assert_true(probe_same_params(&a, &b));
    b.name[1] = 'x';
    b.name[2] = '\0';
    assert_false(probe_same_params(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_byte),
        cmocka_unit_test(test_what_does_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
