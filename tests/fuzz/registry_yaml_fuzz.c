/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A registry's own configuration, as the launcher sends it: what is accepted is whole, what is
 * refused is explained in one printable line.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "supervisord/settings/registry_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define IS_TEXT(field) (memchr((field), '\0', sizeof(field)) != NULL)

static void check_accepted(const struct registry_facts *facts)
{
    assert(IS_TEXT(facts->addr) && IS_TEXT(facts->host) && IS_TEXT(facts->auth));
    assert(IS_TEXT(facts->storage) && IS_TEXT(facts->endpoint) && IS_TEXT(facts->bucket));
    assert(facts->port != 0 && facts->storage[0] != '\0' && facts->drain_ns >= 0);
    assert(facts->files_bytes <= sizeof(facts->files));
    for (size_t at = 0; at < facts->files_bytes; at += strlen(facts->files + at) + 1)
        assert(facts->files[at] == '/');
    assert(facts->files_bytes == 0 || facts->files[facts->files_bytes - 1] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    /* Memory of exactly this size, so that reading beyond it is seen. */
    char *const copy = malloc(size != 0 ? size : 1);
    struct registry_facts facts;
    struct err err = {""};

    assert(copy != NULL);
    memcpy(copy, bytes, size);
    if (registry_yaml_read(copy, size, &facts, &err) == 0)
        check_accepted(&facts);
    else
        assert(err.text[0] != '\0' && strchr(err.text, '\n') == NULL);
    free(copy);
    return 0;
}
