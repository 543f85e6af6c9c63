/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "probes/request.h"
#include "probes/transfer.h"

/* By the handle, so that connections which began together do not end together. */
#define CONNECTION_LIFE_MIN_S 6L
#define CONNECTION_LIFE_MAX_S 10L
#define BUFFER_BYTES          4096L

/* By a hash of the name, so that no bundle of a hundred and more certificates has to be parsed. */
#define SYSTEM_CERTIFICATES "/etc/ssl/certs"

/* What an s3 probe writes, and the SHA-256 of it and of nothing. */
#define CANARY        "regha canary\n"
#define CANARY_SHA256 "b12f501190edbe153071380db25eea2848c6aa26db21f59ed68b50b043e90360"
#define EMPTY_SHA256  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct probe_http {
    struct probe_curl_transfer transfer; /* first: libcurl hands it back */
    struct probe_curl_loop *curl;
    CURL *easy;
    struct curl_slist *headers;        /* of each request */
    struct curl_slist *signed_headers; /* of a signed one that has no body */
    struct curl_slist *put_headers;
    struct curl_slist *connect_to;
    void (*ended)(void *owner, enum probe_transfer transfer, struct monotime now);
    void *owner;
    struct probe_http_call call;
    bool connect_only;
    bool plain;      /* what libcurl was told last: an anonymous GET */
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
    return probe_transfer_of_error((int)code);
}

/* TLS 1.3 refuses a client's certificate only after the handshake. RFC 8446 section 4.4.2.4. */
static bool is_alert(const struct probe_http *http)
{
    return strstr(http->detail, " alert ") != NULL;
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
    case CURLE_RECV_ERROR:
        return is_alert(http) ? PROBE_TRANSFER_TLS : PROBE_TRANSFER_RESET;
    case CURLE_SEND_ERROR:
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

/* Returns 0 or -ENOMEM; the list is as it was then. */
static int add_header(struct curl_slist **headers, const char *line)
{
    struct curl_slist *const longer = curl_slist_append(*headers, line);

    if (longer == NULL)
        return -ENOMEM;
    *headers = longer;
    return 0;
}

/* Whoever stores objects wants the hash of the body said, also where there is none. */
static int make_signed_headers(struct probe_http *http)
{
    if (http->put_headers != NULL)
        return 0;
    if (add_header(&http->signed_headers, "x-amz-content-sha256: " EMPTY_SHA256) < 0 ||
        add_header(&http->put_headers, "x-amz-content-sha256: " CANARY_SHA256) < 0 ||
        add_header(&http->put_headers, "Content-Type: text/plain") < 0)
        return -ENOMEM;
    return 0;
}

static void choose_method(struct probe_http *http)
{
    CURL *const easy = http->easy;

    /* GET takes back what the others have set. */
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    switch (http->call.method) {
    case PROBE_HTTP_GET:
        break;
    case PROBE_HTTP_HEAD:
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        break;
    case PROBE_HTTP_PUT:
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)(sizeof(CANARY) - 1));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, CANARY);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PUT");
        break;
    }
}

/* libcurl copies the texts; its copies are wiped when it frees them, see curl_loop. */
static CURLcode choose_proof(struct probe_http *http)
{
    static const long schemes[] = {
        [PROBE_HTTP_ANONYMOUS] = (long)CURLAUTH_NONE,
        [PROBE_HTTP_BASIC] = (long)CURLAUTH_BASIC,
        [PROBE_HTTP_BEARER] = (long)CURLAUTH_BEARER,
        [PROBE_HTTP_SIGNED] = (long)CURLAUTH_AWS_SIGV4,
    };
    const struct probe_http_call *const call = &http->call;
    const bool is_signed = call->proof == PROBE_HTTP_SIGNED;
    const bool has_user = is_signed || call->proof == PROBE_HTTP_BASIC;
    CURL *const easy = http->easy;
    char provider[64];
    CURLcode code;

    (void)snprintf(provider, sizeof(provider), "aws:amz:%s:s3", is_signed ? call->region : "");
    code = curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, is_signed ? provider : NULL);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_HTTPAUTH, schemes[call->proof]);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_USERNAME, has_user ? call->user : NULL);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PASSWORD, has_user ? call->password : NULL);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER,
                                call->proof == PROBE_HTTP_BEARER ? call->token : NULL);
    return code;
}

static void choose_headers(struct probe_http *http)
{
    struct curl_slist *headers = http->headers;

    if (http->call.proof == PROBE_HTTP_SIGNED)
        headers = http->call.method == PROBE_HTTP_PUT ? http->put_headers : http->signed_headers;
    curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, headers);
}

/* Most requests are like the one before, and cost nothing here. */
static int choose(struct probe_http *http)
{
    const struct probe_http_call *const call = &http->call;
    const bool is_plain = call->proof == PROBE_HTTP_ANONYMOUS && call->method == PROBE_HTTP_GET;

    if (http->connect_only || (is_plain && http->plain))
        return 0;
    http->plain = is_plain;
    if (http->call.proof == PROBE_HTTP_SIGNED && make_signed_headers(http) < 0)
        return -ENOMEM;
    choose_method(http);
    choose_headers(http);
    return choose_proof(http) == CURLE_OK ? 0 : -ENOMEM;
}

static int launch(struct probe_http *http, struct monotime now)
{
    int failed;

    http->looking_up = http->opened = http->enough = http->flooded = http->exhausted = false;
    http->detail[0] = '\0';
    if (choose(http) < 0 || curl_easy_setopt(http->easy, CURLOPT_URL, http->call.url) != CURLE_OK)
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

    /* A connection that is all that was wanted stays, to be used, until it is stopped. */
    if (!http->connect_only || lingered || end != PROBE_TRANSFER_DONE) {
        probe_curl_loop_remove(http->curl, http->easy, now);
        http->added = false;
    }
    http->lingering = http->waiting = false;
    if (lingered && !waiting)
        return;
    if (lingered && end != PROBE_TRANSFER_RESOLVE) {
        if (launch(http, now) == 0)
            return;
        end = PROBE_TRANSFER_OURS;
    }
    http->ended(http->owner, end, now);
}

static int set_headers(struct probe_http *http, const struct probe_http_params *params)
{
    char line[sizeof("Host: ") + PROBE_HOST_BYTES];

    /* Without these a registry converts the manifest to an older kind, or says there is none. */
    if (params->manifest &&
        add_header(&http->headers, "Accept: application/vnd.oci.image.index.v1+json, "
                                   "application/vnd.oci.image.manifest.v1+json, "
                                   "application/vnd.docker.distribution.manifest.list.v2+json, "
                                   "application/vnd.docker.distribution.manifest.v2+json") < 0)
        return -ENOMEM;
    (void)snprintf(line, sizeof(line), "Host: %s", params->host);
    return params->host[0] != '\0' ? add_header(&http->headers, line) : 0;
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
    if (params->cert_file[0] == '\0')
        return 0;
    /* libcurl reads them at each new connection, so that renewed ones are noticed. */
    return curl_easy_setopt(easy, CURLOPT_SSLCERT, params->cert_file) == CURLE_OK &&
                   curl_easy_setopt(easy, CURLOPT_SSLKEY,
                                    params->key_file[0] != '\0' ? params->key_file
                                                                : params->cert_file) == CURLE_OK
               ? 0
               : -ENOMEM;
}

static int set_connect_to(struct probe_http *http, const char *connect_to)
{
    if (connect_to[0] == '\0')
        return 0;
    if (add_header(&http->connect_to, connect_to) < 0)
        return -ENOMEM;
    return curl_easy_setopt(http->easy, CURLOPT_CONNECT_TO, http->connect_to) == CURLE_OK ? 0
                                                                                          : -ENOMEM;
}

static int set_reply(struct probe_http *http, const struct probe_http_params *params)
{
    if (params->wanted_header[0] != '\0')
        http->reply.wanted_header = params->wanted_header;
    if (!params->whole_body)
        return 0;
    /* A text ends behind it: regexec() of a sanitizer reads to there, whatever it is told. */
    http->reply.whole = calloc(1, PROBE_HTTP_WHOLE_BYTES + 1);
    http->reply.whole_room_bytes = PROBE_HTTP_WHOLE_BYTES;
    return http->reply.whole != NULL ? 0 : -ENOMEM;
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
    if (set_trust(http, params) < 0 || set_headers(http, params) < 0 ||
        set_connect_to(http, params->connect_to) < 0 || set_reply(http, params) < 0)
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
    curl_slist_free_all(http->signed_headers);
    curl_slist_free_all(http->put_headers);
    curl_slist_free_all(http->connect_to);
    free(http->reply.whole);
    free(http);
}

int probe_http_start(struct probe_http *http, const struct probe_http_call *call,
                     struct monotime now)
{
    http->call = *call;
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
    if (http->opened && agreed_us == 0 && strncmp(http->call.url, "https:", 6) == 0)
        return PROBE_STAGE_HANDSHAKE;
    return http->reply.status >= 200 ? PROBE_STAGE_BODY : PROBE_STAGE_ANSWER;
}

const struct probe_reply *probe_http_reply(const struct probe_http *http)
{
    return &http->reply;
}

void probe_http_wipe_body(struct probe_http *http)
{
    explicit_bzero(http->reply.kept, http->reply.kept_bytes);
    explicit_bzero(http->reply.whole, http->reply.whole_bytes);
}

const char *probe_http_detail(const struct probe_http *http)
{
    const char *const place = strstr(http->detail, "SSL routines::");

    return place != NULL ? strstr(place, "::") + 2 : http->detail;
}

void *probe_http_connection(struct probe_http *http)
{
    return http->easy;
}
