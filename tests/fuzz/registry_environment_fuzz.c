/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A registry's environment file of any bytes: what comes out are texts with a name that is not the
 * dynamic loader's, none of them twice, all of them inside the bytes.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "registry-launcher/environment.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *const text = malloc(size + 1);
    struct registry_environment environment = {.count = 0};
    size_t line = 0;

    assert(text != NULL);
    memcpy(text, bytes, size);
    const enum registry_environment_result result =
        registry_environment_add_file(&environment, text, size, &line);
    assert((result == REGISTRY_ENVIRONMENT_FINE) == (line == 0));
    assert(environment.count <= REGISTRY_GOAL_TEXTS_MAX);
    assert(environment.texts[environment.count] == NULL);
    for (size_t at = 0; at < environment.count; at++) {
        assert(environment.texts[at] >= text && environment.texts[at] < text + size);
        assert(strncmp(environment.texts[at], "LD_", 3) != 0);
        assert(strchr(environment.texts[at], '=') > environment.texts[at]);
    }
    free(text);
    return 0;
}
