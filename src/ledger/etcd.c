#include "ledger/etcd.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/clock.h"
#include "ledger/etcd_request.h"

enum {
    CONNECT_MS = 1000,
    ATTEMPT_MAX_MS = 3000, // an election takes one or two seconds
    ATTEMPT_MIN_MS = 50,
    PAUSE_MS = 50, // after all members were asked in vain
    HTTP_OK = 200,
    HTTP_NOT_FOUND = 404,
};

struct vch_etcd {
    CURL *curl;
    struct curl_slist *headers;
    uint32_t patience_ms, attempt_ms;
    char endpoints[VCH_ETCD_ENDPOINTS_MAX][VCH_ETCD_ENDPOINT_SIZE_MAX]; // http://HOST:PORT
    uint32_t endpoint_count;
    uint32_t current; // the one that answered last
    char why[CURL_ERROR_SIZE];
    size_t size; // of the answer in `bytes`
    bool is_too_long;
    char bytes[VCH_ETCD_REPLY_SIZE_MAX];
};

static bool is_loopback(const char *host)
{
    struct in_addr address;

    if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0) return true;
    return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

// One of the comma-separated addresses, already known to fit.
static vch_status add_endpoint(struct vch_etcd *etcd, const char *text, size_t size,
                               struct vch_complaint *complaint)
{
    static const char scheme[] = "http://";
    char host[VCH_ETCD_ENDPOINT_SIZE_MAX];
    char *endpoint = etcd->endpoints[etcd->endpoint_count];

    (void)snprintf(endpoint, VCH_ETCD_ENDPOINT_SIZE_MAX, "%.*s", (int)size, text);
    if (strncmp(endpoint, scheme, sizeof scheme - 1) != 0)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "\"%s\" is no address of an etcd member: write http://127.0.0.1:2379",
                            endpoint);
    (void)snprintf(host, sizeof host, "%s", endpoint + sizeof scheme - 1);
    char *port = strrchr(host, ':');
    bool has_port = port != NULL && port[1] != '\0' && strlen(port + 1) <= 5 &&
                    strspn(port + 1, "0123456789") == strlen(port + 1);
    if (has_port) *port = '\0';
    if (!has_port || !is_loopback(host))
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "\"%s\" is not on this machine, or has no port: etcd is asked over "
                            "plain HTTP, so run a member or a proxy here and name it as "
                            "http://127.0.0.1:PORT",
                            endpoint);
    etcd->endpoint_count++;
    return VCH_OK;
}

static vch_status add_endpoints(struct vch_etcd *etcd, const char *text, size_t size,
                                struct vch_complaint *complaint)
{
    for (size_t at = 0; at <= size;) {
        const char *comma = memchr(text + at, ',', size - at);
        size_t length = comma != NULL ? (size_t)(comma - text) - at : size - at;
        if (etcd->endpoint_count == VCH_ETCD_ENDPOINTS_MAX || length >= VCH_ETCD_ENDPOINT_SIZE_MAX)
            return vch_complain(complaint, VCH_CODE_LIMIT,
                                "more than %u etcd members, or an address of more than %u bytes",
                                VCH_ETCD_ENDPOINTS_MAX, VCH_ETCD_ENDPOINT_SIZE_MAX - 1);
        VCH_TRY(add_endpoint(etcd, text + at, length, complaint));
        at += length + 1;
    }
    return VCH_OK;
}

static size_t on_bytes(char *bytes, size_t unit, size_t count, void *context)
{
    struct vch_etcd *etcd = context;
    size_t size = unit * count;

    if (size > sizeof etcd->bytes - etcd->size) {
        etcd->is_too_long = true;
        return 0; // which ends the transfer
    }
    memcpy(etcd->bytes + etcd->size, bytes, size);
    etcd->size += size;
    return size;
}

static vch_status set_up(struct vch_etcd *etcd)
{
    CURL *curl = etcd->curl = curl_easy_init();

    if (curl == NULL) return VCH_FAIL(NO_MEMORY);
    etcd->headers = curl_slist_append(NULL, "Content-Type: application/json");
    struct curl_slist *more = curl_slist_append(etcd->headers, "Expect:"); // ask in one go
    if (etcd->headers == NULL || more == NULL) return VCH_FAIL(NO_MEMORY);
    bool is_set = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, etcd->headers) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, etcd->why) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes) == CURLE_OK &&
                  curl_easy_setopt(curl, CURLOPT_WRITEDATA, etcd) == CURLE_OK;
    return is_set ? VCH_OK : VCH_FAIL(UNSUPPORTED);
}

vch_status vch_etcd_new(struct vch_etcd **out, const char *endpoints, size_t size,
                        uint32_t patience_ms, struct vch_complaint *complaint)
{
    struct vch_etcd *etcd = calloc(1, sizeof *etcd);

    if (etcd == NULL) return VCH_FAIL(NO_MEMORY);
    etcd->patience_ms = patience_ms;
    vch_status status = add_endpoints(etcd, endpoints, size, complaint);
    if (vch_is_ok(status)) status = set_up(etcd);
    if (!vch_is_ok(status)) {
        vch_etcd_free(etcd);
        return status;
    }
    // Time for every member, and for the first one again.
    etcd->attempt_ms = patience_ms / (etcd->endpoint_count + 1);
    if (etcd->attempt_ms > ATTEMPT_MAX_MS) etcd->attempt_ms = ATTEMPT_MAX_MS;
    if (etcd->attempt_ms < ATTEMPT_MIN_MS) etcd->attempt_ms = ATTEMPT_MIN_MS;
    *out = etcd;
    return VCH_OK;
}

void vch_etcd_free(struct vch_etcd *etcd)
{
    if (etcd == NULL) return;
    curl_easy_cleanup(etcd->curl);
    curl_slist_free_all(etcd->headers);
    free(etcd);
}

// One request to the current member. Any CURLcode but CURLE_OK: no whole answer came.
static CURLcode post(struct vch_etcd *etcd, const char *body, size_t size, uint64_t limit_ms,
                     long *http)
{
    char url[VCH_ETCD_ENDPOINT_SIZE_MAX + 16];
    CURL *curl = etcd->curl;

    (void)snprintf(url, sizeof url, "%s/v3/kv/txn", etcd->endpoints[etcd->current]);
    etcd->size = 0;
    etcd->is_too_long = false;
    etcd->why[0] = '\0';
    bool is_set =
        curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)limit_ms) == CURLE_OK;
    if (!is_set) return CURLE_OUT_OF_MEMORY;
    CURLcode result = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, http);
    return result;
}

// gRPC's codes for "not now": another member, or the same one later, may do it.
static bool is_passing(int code)
{
    enum { CANCELLED = 1, UNKNOWN = 2, DEADLINE_EXCEEDED = 4, INTERNAL = 13, UNAVAILABLE = 14 };

    return code == CANCELLED || code == UNKNOWN || code == DEADLINE_EXCEEDED || code == INTERNAL ||
           code == UNAVAILABLE;
}

// What a member's answer comes to: OK, UNAVAILABLE when another one should be asked, or the end.
static vch_status judge(struct vch_etcd *etcd, CURLcode result, long http,
                        struct vch_complaint *complaint)
{
    char text[VCH_ETCD_REPLY_ERROR_MAX];
    int code = 0;

    if (etcd->is_too_long)
        return vch_complain(complaint, VCH_CODE_LIMIT, "%s answered with more than %u bytes",
                            etcd->endpoints[etcd->current], VCH_ETCD_REPLY_SIZE_MAX);
    if (result != CURLE_OK) return VCH_FAIL(UNAVAILABLE);
    if (http == HTTP_OK) return VCH_OK;
    if (http == HTTP_NOT_FOUND)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "%s has no /v3/kv/txn: etcd 3.4 or later is needed",
                            etcd->endpoints[etcd->current]);
    vch_etcd_reply_decode_error(text, &code, etcd->bytes, etcd->size);
    (void)snprintf(etcd->why, sizeof etcd->why, "%s", text);
    if (is_passing(code)) return VCH_FAIL(UNAVAILABLE);
    return vch_complain(complaint, VCH_CODE_IO,
                        "%s refused (HTTP %ld, code %d): %s; see to that member, then open the "
                        "store again",
                        etcd->endpoints[etcd->current], http, code, text);
}

// Asks one member after another until one answers or time is up.
static vch_status post_to_any(struct vch_etcd *etcd, const char *body, size_t size,
                              struct vch_complaint *complaint)
{
    uint64_t end_us = vch_clock_monotonic_us() + (uint64_t)etcd->patience_ms * 1000, now_us = 0;

    for (uint32_t asked = 1; (now_us = vch_clock_monotonic_us()) < end_us; asked++) {
        uint64_t left_ms = (end_us - now_us) / 1000 + 1;
        long http = 0;
        CURLcode result =
            post(etcd, body, size, left_ms < etcd->attempt_ms ? left_ms : etcd->attempt_ms, &http);
        vch_status status = judge(etcd, result, http, complaint);
        if (status.code != VCH_CODE_UNAVAILABLE) return status;
        etcd->current = (etcd->current + 1) % etcd->endpoint_count;
        if (asked % etcd->endpoint_count == 0)
            (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
    }
    return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                        "no etcd member answered within %u ms (the last of %u said: %s): more than "
                        "half of the cluster must run",
                        etcd->patience_ms, etcd->endpoint_count,
                        etcd->why[0] != '\0' ? etcd->why : "nothing");
}

vch_status vch_etcd_ask(struct vch_etcd *etcd, const struct vch_etcd_transaction *transaction,
                        struct vch_etcd_reply *out, struct vch_arena *arena,
                        struct vch_complaint *complaint)
{
    size_t size = 0;
    char *body = vch_etcd_request_encode(&size, transaction, arena);

    if (body == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(post_to_any(etcd, body, size, complaint));
    VCH_TRY(vch_etcd_reply_decode(out, etcd->bytes, etcd->size, arena, complaint));
    bool is_then = transaction->key == NULL || out->succeeded;
    uint32_t wanted = is_then ? transaction->then_count : transaction->otherwise_count;
    if (out->count == wanted && (out->succeeded || transaction->key != NULL)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "%s answered %u operations of %u: it is no etcd",
                        etcd->endpoints[etcd->current], out->count, wanted);
}
