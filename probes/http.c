/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "probes/request.h"

/* By the handle, so that connections which began together do not end together. */
#define CONNECTION_LIFE_MIN_S 6L
#define CONNECTION_LIFE_MAX_S 10L
#define BUFFER_BYTES          4096L

/* By a hash of the name, so that no bundle of a hundred and more certificates has to be parsed. */
#define SYSTEM_CERTIFICATES "/etc/ssl/certs"

struct probe_http {
    struct probe_curl_transfer transfer; /* first: libcurl hands it back */
    struct probe_curl_loop *curl;
    CURL *easy;
    struct curl_slist *headers;
    void (*ended)(void *owner, enum probe_transfer transfer, struct monotime now);
    void *owner;
    char url[PROBE_REQUEST_BYTES];
    bool connect_only;
    bool added;      /* libcurl has it */
    bool lingering;  /* stopped, but its lookup is not done */
    bool waiting;    /* lingering, and a new request waits for that */
    bool looking_up; /* the resolver was asked and has not answered */
    bool opened;     /* this request has its own connection */
    int fd;          /* the last one it opened; libcurl's */
    bool enough;     /* we cut the body */
    bool flooded;    /* the headers were too long */
    bool exhausted;  /* this process could not open a socket */
    struct probe_reply reply;
    char detail[CURL_ERROR_SIZE];
};

static size_t receive_header(char *line, size_t one, size_t bytes, void *owner)
{
    struct probe_http *const http = owner;

    (void)one; /* is 1 */
    http->flooded = !probe_reply_header(&http->reply, line, bytes);
    return http->flooded ? 0 : bytes;
}

static size_t receive_body(char *piece, size_t one, size_t bytes, void *owner)
{
    struct probe_http *const http = owner;

    (void)one;
    http->enough = !probe_reply_body(&http->reply, piece, bytes);
    return http->enough ? 0 : bytes;
}

static int begin_lookup(void *resolver, void *reserved, void *owner)
{
    struct probe_http *const http = owner;

    (void)resolver;
    (void)reserved;
    http->looking_up = true;
    return 0;
}

/* After the lookup, for each address that is tried. */
static curl_socket_t open_socket(void *owner, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct probe_http *const http = owner;

    (void)purpose;
    http->looking_up = false;
    http->opened = true;
    if (http->lingering)
        return CURL_SOCKET_BAD; /* only the addresses were wanted: libcurl remembers them */
    http->fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    http->exhausted = http->fd < 0 && errno != EAFNOSUPPORT;
    return http->fd;
}

static enum probe_transfer unconnected(const struct probe_http *http)
{
    long code = 0;

    if (http->exhausted)
        return PROBE_TRANSFER_OURS;
    curl_easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &code);
    switch (code) {
    case ECONNREFUSED:
        return PROBE_TRANSFER_REFUSED;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:
    case EPERM: /* a packet filter of this host */
    case EACCES:
        return PROBE_TRANSFER_UNREACHABLE;
    case ETIMEDOUT:
        return PROBE_TRANSFER_TIMEOUT;
    case ECONNRESET:
        return PROBE_TRANSFER_RESET;
    default:
        return PROBE_TRANSFER_OTHER;
    }
}

static enum probe_transfer transfer_of(const struct probe_http *http, CURLcode code)
{
    /* -Wswitch-enum would want all hundred of them. */
    switch ((int)code) {
    case CURLE_OK:
        return PROBE_TRANSFER_DONE;
    case CURLE_COULDNT_CONNECT:
        return unconnected(http);
    case CURLE_COULDNT_RESOLVE_HOST:
        return PROBE_TRANSFER_RESOLVE;
    case CURLE_OPERATION_TIMEDOUT:
        return PROBE_TRANSFER_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return PROBE_TRANSFER_TLS;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return PROBE_TRANSFER_RESET;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9, that is anything */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        return PROBE_TRANSFER_GARBAGE;
    case CURLE_OUT_OF_MEMORY: /* what libcurl says of a line of 100 KB */
        return http->reply.header_bytes > 0 ? PROBE_TRANSFER_HEADERS : PROBE_TRANSFER_OURS;
    case CURLE_FAILED_INIT:
        return PROBE_TRANSFER_OURS;
    case CURLE_WRITE_ERROR:
        if (http->flooded)
            return PROBE_TRANSFER_HEADERS;
        return http->enough ? PROBE_TRANSFER_DONE : PROBE_TRANSFER_OTHER;
    default:
        return PROBE_TRANSFER_OTHER;
    }
}

static int launch(struct probe_http *http, struct monotime now)
{
    int failed;

    http->looking_up = http->opened = http->enough = http->flooded = http->exhausted = false;
    http->detail[0] = '\0';
    if (curl_easy_setopt(http->easy, CURLOPT_URL, http->url) != CURLE_OK)
        return -ENOMEM;
    failed = probe_curl_loop_add(http->curl, http->easy, now);
    http->added = failed == 0;
    return failed;
}

static void handle_ended(struct probe_curl_transfer *transfer, int code, struct monotime now)
{
    struct probe_http *const http = (struct probe_http *)transfer;
    const bool lingered = http->lingering, waiting = http->waiting;
    enum probe_transfer end = transfer_of(http, (CURLcode)code);

    probe_curl_loop_remove(http->curl, http->easy, now);
    http->added = http->lingering = http->waiting = false;
    if (lingered && !waiting)
        return;
    if (lingered && end != PROBE_TRANSFER_RESOLVE) {
        if (launch(http, now) == 0)
            return;
        end = PROBE_TRANSFER_OURS;
    }
    http->ended(http->owner, end, now);
}

static int set_headers(struct probe_http *http)
{
    /* Without these a registry converts the manifest to an older kind, or says there is none. */
    http->headers =
        curl_slist_append(NULL, "Accept: application/vnd.oci.image.index.v1+json, "
                                "application/vnd.oci.image.manifest.v1+json, "
                                "application/vnd.docker.distribution.manifest.list.v2+json, "
                                "application/vnd.docker.distribution.manifest.v2+json");
    if (http->headers == NULL)
        return -ENOMEM;
    curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, http->headers);
    return 0;
}

static long connection_life_s(const struct probe_http *http)
{
    const uintptr_t place = (uintptr_t)http / sizeof(*http);

    return CONNECTION_LIFE_MIN_S +
           (long)(place % (CONNECTION_LIFE_MAX_S - CONNECTION_LIFE_MIN_S + 1));
}

/* Each of these only keeps a number or a pointer, or copies a short text. */
static void set_options(struct probe_http *http)
{
    CURL *const easy = http->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, &http->transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->detail);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* else a stop waits for the resolver */
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "regha/" REGHA_VERSION);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
    curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, connection_life_s(http));
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, http->connect_only ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, http);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
    curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, begin_lookup);
    curl_easy_setopt(easy, CURLOPT_RESOLVER_START_DATA, http);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, http);
}

static int set_trust(struct probe_http *http, const struct probe_http_params *params)
{
    CURL *const easy = http->easy;
    const bool is_own = params->ca_file[0] != '\0';

    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, params->tls_verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, params->tls_verify ? 2L : 0L);
    if (curl_easy_setopt(easy, CURLOPT_CAINFO, is_own ? params->ca_file : NULL) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_CAPATH, is_own ? NULL : SYSTEM_CERTIFICATES) != CURLE_OK)
        return -ENOMEM;
    return 0;
}

int probe_http_new(struct probe_curl_loop *curl, const struct probe_http_params *params,
                   struct probe_http **ret_http, struct err *err)
{
    struct probe_http *const http = calloc(1, sizeof(*http));

    if (http == NULL)
        return err_set(err, ENOMEM, "no memory for a probe");
    http->curl = curl;
    http->transfer.ended = handle_ended;
    http->ended = params->ended;
    http->owner = params->owner;
    http->connect_only = params->connect_only;
    http->easy = curl_easy_init();
    if (http->easy == NULL)
        goto fail;
    set_options(http);
    if (set_trust(http, params) < 0 || (params->manifest && set_headers(http) < 0))
        goto fail;
    *ret_http = http;
    return 0;
fail:
    probe_http_free(http, (struct monotime){0});
    return err_set(err, ENOMEM, "no memory for a probe");
}

void probe_http_free(struct probe_http *http, struct monotime now)
{
    if (http == NULL)
        return;
    if (http->added)
        probe_curl_loop_remove(http->curl, http->easy, now);
    curl_easy_cleanup(http->easy);
    curl_slist_free_all(http->headers);
    free(http);
}

int probe_http_start(struct probe_http *http, const char *url, struct monotime now)
{
    snprintf(http->url, sizeof(http->url), "%s", url);
    probe_reply_clear(&http->reply);
    if (!http->lingering)
        return launch(http, now);
    http->waiting = true;
    return 0;
}

void probe_http_stop(struct probe_http *http, struct monotime now)
{
    http->waiting = false;
    if (!http->added)
        return;
    if (http->looking_up) {
        http->lingering = true;
        return;
    }
    probe_curl_loop_remove(http->curl, http->easy, now);
    http->added = false;
}

/* libcurl's own word comes only after the TLS handshake. */
static bool is_connected(const struct probe_http *http)
{
    struct sockaddr_storage peer;
    socklen_t bytes = sizeof(peer);

    return getpeername(http->fd, (struct sockaddr *)&peer, &bytes) == 0;
}

enum probe_stage probe_http_stage(const struct probe_http *http)
{
    curl_off_t agreed_us = 0;

    if (http->looking_up)
        return PROBE_STAGE_LOOKUP;
    curl_easy_getinfo(http->easy, CURLINFO_APPCONNECT_TIME_T, &agreed_us);
    if (http->opened && !is_connected(http))
        return PROBE_STAGE_CONNECT;
    if (http->opened && agreed_us == 0 && strncmp(http->url, "https:", 6) == 0)
        return PROBE_STAGE_HANDSHAKE;
    return http->reply.status >= 200 ? PROBE_STAGE_BODY : PROBE_STAGE_ANSWER;
}

const struct probe_reply *probe_http_reply(const struct probe_http *http)
{
    return &http->reply;
}

const char *probe_http_detail(const struct probe_http *http)
{
    return http->detail;
}
