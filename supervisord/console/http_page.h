/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http_page - which request gets which answer; knows the world, and no sockets.
 */
#ifndef SUPERVISORD_HTTP_PAGE_H
#define SUPERVISORD_HTTP_PAGE_H

#include "supervisord/world.h"

struct http_page_request {
    const char *method;
    const char *path;    /* without the query */
    const char *accept;  /* of the header; NULL: none */
    const char *vrouter; /* of the query; NULL: none */
    bool has_body;
};

struct http_page_answer {
    unsigned status;
    const char *type;  /* Content-Type */
    const char *allow; /* of 405 and of OPTIONS; NULL: none */
    char *body;        /* heap, the caller's; NULL: no memory */
    size_t body_bytes;
};

/* `wall_ns`: CLOCK_REALTIME, for the page. */
struct http_page_answer http_page_answer(const struct world *world,
                                         const struct http_page_request *request,
                                         struct monotime now, int64_t wall_ns);

#endif
