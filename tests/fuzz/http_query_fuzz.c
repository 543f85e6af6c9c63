/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request over HTTP, after the library took it apart: "METHOD\nPATH\nACCEPT\nVROUTER". There is
 * always an answer with a status, and nothing of the request stands in it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "supervisord/console/http_page.h"
#include "tests/supervisord/world_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define PARTS 4

static struct world_fixture fixture;
static bool filled;

/* Cuts at line breaks; parts that are missing are NULL. */
static void cut(char *text, const char *parts[PARTS])
{
    for (int i = 0; i < PARTS && text; i++) {
        parts[i] = text;
        text = strchr(text, '\n');
        if (text)
            *text++ = '\0';
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *parts[PARTS] = {NULL};
    char *text = calloc(1, size + 1);
    struct http_page_request request;
    struct http_page_answer answer;

    assert(text);
    memcpy(text, bytes, size);
    cut(text, parts);
    if (!filled)
        world_fixture_init(&fixture);
    filled = true;
    request = (struct http_page_request){
        .method = parts[0],
        .path = parts[1] ? parts[1] : "/",
        .accept = parts[2],
        .vrouter = parts[3],
        .has_body = size % 7 == 6,
    };
    answer = http_page_answer(&fixture.world, &request, fixture.now, NS_PER_S);
    assert(answer.body && answer.body_bytes == strlen(answer.body));
    assert(answer.status == 200 || answer.status == 404 || answer.status == 405 ||
           answer.status == 413 || answer.status == 503);
    assert(answer.status != 405 || answer.allow);
    free(answer.body);
    free(text);
    return 0;
}
