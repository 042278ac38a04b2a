// What witnesses promised to members: asked for, read, and judged as soon as it is known.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "host/clock.h"
#include "ledger/cosigners_parts.h"

enum {
    PATH_SIZE = 352,
    POLL_MS = 500, // between looks at what a witness was handed
};

void vch_cosigners_parts_forget_promises(struct vch_cosigners_peer *peer)
{
    free(peer->promises);
    peer->promises = NULL;
}

static bool has_promise(const struct vch_promises *promises, const struct vch_digest *digest)
{
    for (uint32_t i = 0; i < promises->count; i++)
        if (vch_hash_is_equal(&promises->all[i].digest, digest)) return true;
    return false;
}

bool vch_cosigners_parts_take_promises(struct vch_cosigners_peer *peer, const char *text,
                                       size_t size, const struct vch_promises *kept)
{
    struct vch_promises *named = calloc(1, sizeof *named);
    bool is_fine = named != NULL && vch_is_ok(vch_promises_decode(named, text, size));

    for (uint32_t i = 0; is_fine && kept != NULL && i < kept->count; i++)
        if (named->count < VCH_PROMISES_MAX && !has_promise(named, &kept->all[i].digest))
            named->all[named->count++] = kept->all[i];
    vch_cosigners_parts_forget_promises(peer); // `kept` may be these
    peer->promises = is_fine ? named : NULL;
    if (!is_fine) free(named);
    return is_fine;
}

// A draft that the state takes is on its way at once, and need not wait for a checkpoint.
static void judge_early(struct vch_cosigners_peer *peer)
{
    const struct vch_cosigners_setup *setup = &peer->cosigners->setup;
    static const struct vch_digest no_root;

    setup->judge(setup->context, peer->promises, 0, &no_root);
}

static void on_list(struct evhttp_request *request, void *context)
{
    struct vch_cosigners_peer *peer = context;

    peer->is_listing = false;
    if (peer->cosigners->is_ending || request == NULL ||
        evhttp_request_get_response_code(request) != HTTP_OK)
        return;
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    size_t size = evbuffer_get_length(input);
    const char *text = size > 0 ? (const char *)evbuffer_pullup(input, -1) : NULL;
    if (text == NULL) return;
    if (vch_cosigners_parts_take_promises(peer, text, size, NULL))
        judge_early(peer);
    else
        vch_cosigners_parts_note_failure(peer, "a list of promises that cannot be read");
}

void vch_cosigners_parts_list_promises(struct vch_cosigners_peer *peer)
{
    const char *origin = peer->cosigners->setup.charter->origin;
    struct vch_digest digest = vch_hash_bytes(origin, strlen(origin));
    char hex[2 * VCH_DIGEST_SIZE + 1], path[PATH_SIZE];
    struct evhttp_request *request = peer->is_listing ? NULL : evhttp_request_new(on_list, peer);

    if (request == NULL) return;
    vch_hex_encode(hex, digest.bytes, VCH_DIGEST_SIZE);
    (void)snprintf(path, sizeof path, "%s/vouch/v1/promises/%s", peer->url.path, hex);
    (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Host", peer->url.host);
    // Where no connection can even be begun, on_list is called from inside this call.
    peer->is_listing = true;
    if (evhttp_make_request(peer->connection, request, EVHTTP_REQ_GET, path) != 0)
        peer->is_listing = false;
}

// Witnesses that do not list what they were handed say it when they are to cosign.
void vch_cosigners_parts_poll(struct vch_cosigners *cosigners)
{
    for (uint32_t i = 0; i < cosigners->setup.url_count; i++) {
        struct vch_cosigners_peer *peer = &cosigners->peers[i];
        if (peer->is_asking || peer->failures > 0 || vch_clock_monotonic_ms() < peer->poll_ms)
            continue;
        peer->poll_ms = vch_clock_monotonic_ms() + POLL_MS;
        vch_cosigners_parts_list_promises(peer);
    }
}
