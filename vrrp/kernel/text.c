/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/text.h"

#include <stdlib.h>
#include <string.h>

bool kernel_text_begin(struct kernel_text *text)
{
    *text = (struct kernel_text){0};
    text->file = open_memstream(&text->bytes, &text->length);
    return text->file != NULL;
}

char *kernel_text_end(struct kernel_text *text)
{
    const bool failed = ferror(text->file) != 0;

    if (fclose(text->file) == 0 && !failed)
        return text->bytes;
    free(text->bytes);
    return NULL;
}

char *kernel_text_join(const char *first, const char *second)
{
    if (first == NULL || second == NULL)
        return NULL;
    const size_t first_bytes = strlen(first), second_bytes = strlen(second);
    char *joined = malloc(first_bytes + second_bytes + 1);

    if (joined == NULL)
        return NULL;
    memcpy(joined, first, first_bytes);
    memcpy(joined + first_bytes, second, second_bytes + 1);
    return joined;
}
