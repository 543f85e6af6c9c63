/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces are zero, aligned, apart from each other, and refused when they cannot be. */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void test_pieces(void **state)
{
    struct arena *arena = arena_new();
    unsigned char *pieces[2000];

    (void)state;
    assert_non_null(arena);
    for (size_t at = 0; at < 2000; at++) {
        pieces[at] = arena_allocate(arena, 1, at + 1);
        assert_non_null(pieces[at]);
        assert_int_equal((uintptr_t)pieces[at] % alignof(max_align_t), 0);
        for (size_t byte = 0; byte <= at; byte++)
            assert_int_equal(pieces[at][byte], 0);
        memset(pieces[at], (int)(at % 255) + 1, at + 1);
    }
    for (size_t at = 0; at < 2000; at++)
        assert_true(pieces[at][0] == at % 255 + 1 && pieces[at][at] == at % 255 + 1);
    arena_free(arena);
    arena_free(NULL);
}

static void test_limits(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_null(arena_allocate(arena, SIZE_MAX, 2));
    assert_null(arena_allocate(arena, 1, SIZE_MAX - 3));
    assert_non_null(arena_allocate(arena, 1, 1024 * 1024));
    assert_string_equal(arena_text(arena, "text"), "text");
    assert_string_equal(arena_text(arena, ""), "");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pieces),
                                       cmocka_unit_test(test_limits)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
