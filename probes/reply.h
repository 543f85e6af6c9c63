/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reply - what of an HTTP answer a verdict needs, collected as it arrives.
 *
 * Pure. However long the answer, this does not grow. Header lines come as they were on the wire;
 * those of an informational (1xx) answer are forgotten when the next answer begins, but count
 * towards the limit. Source: RFC 9112 sections 4 and 5.
 */
#ifndef PROBES_REPLY_H
#define PROBES_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#define PROBE_REPLY_HEADERS_BYTES 32768 /* of an attempt; more is a mistake of the server */
#define PROBE_REPLY_BODY_BYTES    65536 /* read, so that the connection can be used again */
#define PROBE_REPLY_KEPT_BYTES    1024
#define PROBE_REPLY_WORD_BYTES    32
#define PROBE_REPLY_LINE_BYTES    512

struct probe_reply {
    int status;                                 /* 0: no answer yet */
    bool registry_api;                          /* Docker-Distribution-Api-Version: registry/2.0 */
    bool content_digest;                        /* Docker-Content-Digest: a manifest */
    bool html;                                  /* Content-Type: text/html */
    int write_quorum;                           /* X-Minio-Write-Quorum; 0: none */
    int read_quorum;                            /* X-Minio-Read-Quorum; 0: none */
    char server_status[PROBE_REPLY_WORD_BYTES]; /* X-Minio-Server-Status */
    char server[PROBE_REPLY_WORD_BYTES];        /* Server */
    char error_code[PROBE_REPLY_WORD_BYTES];    /* X-Minio-Error-Code, of an answer to HEAD */
    /* All of WWW-Authenticate, with a comma between; a challenge that is too long is left out. */
    char challenge[PROBE_REPLY_LINE_BYTES];
    bool has_header;     /* the one looked for */
    bool header_is_good; /* with the value that is wanted, if one is */
    size_t header_bytes;
    size_t body_bytes; /* seen */
    size_t kept_bytes;
    size_t whole_bytes;
    /* From here on it is not cleared. */
    char kept[PROBE_REPLY_KEPT_BYTES]; /* the beginning of the body; no NUL */
    /* Whose memory it is says these before the first answer. */
    const char *wanted_header; /* "Name" or "Name: value"; NULL: none is looked for */
    char *whole;               /* more of the body; NULL: no more is wanted */
    size_t whole_room_bytes;
};

void probe_reply_clear(struct probe_reply *reply);

/* One line, with or without its line end. Returns false when the headers are too long. */
bool probe_reply_header(struct probe_reply *reply, const char *line, size_t bytes);

/* A piece of the body. Returns false when no more of it is wanted. */
bool probe_reply_body(struct probe_reply *reply, const char *piece, size_t bytes);

/*
 * The first error code of the registry API in the body, {"errors":[{"code":"NAME_UNKNOWN",...}]},
 * into `ret_code`. Returns false, and "", if the body has none. Source: the distribution
 * specification, "Error Codes".
 */
bool probe_reply_error_code(const struct probe_reply *reply, char ret_code[PROBE_REPLY_WORD_BYTES]);

/* The text of the first <Code> in the body, an error of S3. Returns false, and "", without one. */
bool probe_reply_s3_code(const struct probe_reply *reply, char ret_code[PROBE_REPLY_WORD_BYTES]);

/* Whether the body was longer than `whole` has room for. */
bool probe_reply_is_cut(const struct probe_reply *reply);

/* Does the body begin with `text`? */
bool probe_reply_begins(const struct probe_reply *reply, const char *text);

#endif
