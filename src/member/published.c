#include "member/published.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"

enum { URL_MAX = 2048, PATIENCE_S = 30 };

struct vch_published {
    CURL *curl; // NULL: a folder
    char where[URL_MAX];
};

struct download {
    uint8_t *bytes;
    size_t size, room;
};

static size_t on_data(char *data, size_t one, size_t count, void *context)
{
    struct download *download = context;
    size_t size = one * count;

    if (size > download->room - download->size) return 0; // ends the transfer
    memcpy(download->bytes + download->size, data, size);
    download->size += size;
    return size;
}

static bool set_up(struct vch_published *published)
{
    CURL *curl = published->curl = curl_easy_init();

    return curl != NULL &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)PATIENCE_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "vouch/" VCH_VERSION) == CURLE_OK;
}

vch_status vch_published_open(struct vch_published **out, const char *where,
                              struct vch_complaint *complaint)
{
    bool is_url = strncmp(where, "http://", 7) == 0 || strncmp(where, "https://", 8) == 0;
    size_t size = strlen(where);
    struct vch_published *published = calloc(1, sizeof *published);

    if (published == NULL) return VCH_FAIL(NO_MEMORY);
    while (size > 1 && where[size - 1] == '/')
        size--;
    if (size + 256 > sizeof published->where || (is_url && !set_up(published))) {
        vch_published_close(published);
        return vch_complain(complaint, VCH_CODE_USAGE, "cannot read from \"%.80s\"", where);
    }
    memcpy(published->where, where, size);
    *out = published;
    return VCH_OK;
}

void vch_published_close(struct vch_published *published)
{
    if (published == NULL) return;
    if (published->curl != NULL) curl_easy_cleanup(published->curl);
    free(published);
}

static vch_status complain_about(const struct vch_published *published, const char *path,
                                 CURLcode code, long http, struct vch_complaint *complaint)
{
    if (code == CURLE_WRITE_ERROR)
        return vch_complain(complaint, VCH_CODE_LIMIT, "%.200s/%s is larger than it may be",
                            published->where, path);
    if (code != CURLE_OK)
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE, "cannot read %.200s/%s: %s",
                            published->where, path, curl_easy_strerror(code));
    return vch_complain(complaint, VCH_CODE_UNAVAILABLE, "%.200s/%s is not there: HTTP status %ld",
                        published->where, path, http);
}

static vch_status download(struct vch_published *published, const char *path, size_t size_max,
                           uint8_t **bytes, size_t *size, struct vch_arena *arena,
                           struct vch_complaint *complaint)
{
    struct download got = {.room = size_max, .bytes = calloc(size_max, 1)};
    char url[URL_MAX + 256];
    long http = 0;

    if (got.bytes == NULL) return VCH_FAIL(NO_MEMORY);
    (void)snprintf(url, sizeof url, "%s/%s", published->where, path);
    CURLcode code = curl_easy_setopt(published->curl, CURLOPT_URL, url);
    if (code == CURLE_OK) code = curl_easy_setopt(published->curl, CURLOPT_WRITEDATA, &got);
    if (code == CURLE_OK) code = curl_easy_perform(published->curl);
    (void)curl_easy_getinfo(published->curl, CURLINFO_RESPONSE_CODE, &http);
    vch_status status = code == CURLE_OK && http == 200
                            ? VCH_OK
                            : complain_about(published, path, code, http, complaint);
    if (vch_is_ok(status)) {
        *bytes = vch_arena_alloc(arena, got.size, 1);
        *size = got.size;
        if (*bytes != NULL)
            memcpy(*bytes, got.bytes, got.size);
        else
            status = VCH_FAIL(NO_MEMORY);
    }
    free(got.bytes);
    return status;
}

vch_status vch_published_post(struct vch_published *published, const char *path, const char *body,
                              size_t size_max, uint8_t **bytes, size_t *size,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    if (published->curl == NULL)
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE, "%.200s is no address to post to",
                            published->where);
    if (curl_easy_setopt(published->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body)) != CURLE_OK ||
        curl_easy_setopt(published->curl, CURLOPT_COPYPOSTFIELDS, body) != CURLE_OK)
        return VCH_FAIL(NO_MEMORY);
    vch_status status = download(published, path, size_max, bytes, size, arena, complaint);
    (void)curl_easy_setopt(published->curl, CURLOPT_HTTPGET, 1L);
    return status;
}

vch_status vch_published_get(struct vch_published *published, const char *path, size_t size_max,
                             uint8_t **bytes, size_t *size, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    if (published->curl != NULL)
        return download(published, path, size_max, bytes, size, arena, complaint);
    vch_status status =
        vch_file_read_beneath(bytes, size, published->where, path, size_max, arena, complaint);
    return status.code == VCH_CODE_IO ? VCH_FAIL(UNAVAILABLE) : status;
}
