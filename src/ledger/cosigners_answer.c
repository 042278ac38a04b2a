// What a witness says to a checkpoint: that it cosigns it, that it knows another size, or that it
// promised members what this does not show.
#include <stdio.h>
#include <string.h>

#include "host/clock.h"
#include "ledger/cosigners_parts.h"
#include "tlog/lines.h"

enum { CONFLICTS_MAX = 4 }; // sizes that a witness may name in one round

static void receive_lines(struct vch_cosigners_peer *peer, const char *lines, size_t size)
{
    struct vch_cosigners *cosigners = peer->cosigners;

    peer->is_done = true;
    if (!vch_cosigned_take(&cosigners->cosigned, lines, size, vch_clock_unix_ms())) {
        vch_cosigners_parts_note_failure(
            peer, "an answer that is no cosignature of a witness of the charter, at this time");
        return;
    }
    peer->failures = 0;
    peer->is_reachable = true;
    vch_cosigners_parts_note_cosignature(cosigners);
}

// It cosigned another size than we thought: the proof has to begin there.
static void receive_conflict(struct vch_cosigners_peer *peer, const char *type, const char *body,
                             size_t size)
{
    uint64_t known = 0;

    if (type == NULL || strcmp(type, "text/x.tlog.size") != 0 || size == 0 ||
        body[size - 1] != '\n' ||
        !vch_is_ok(vch_lines_decode_number(&known, body, size - 1, VCH_CHECKPOINT_SIZE_MAX))) {
        vch_cosigners_parts_note_failure(peer, "it refuses this tree: it has seen another one");
        return;
    }
    peer->is_reachable = true;
    peer->known = known;
    if (known > peer->cosigners->cosigned.checkpoint.size || peer->conflicts++ >= CONFLICTS_MAX)
        peer->is_done = true; // the next checkpoint is for it
    else
        peer->retry_ms = 0;
}

static bool has_promises(struct evhttp_request *request)
{
    const char *count =
        evhttp_find_header(evhttp_request_get_input_headers(request), "Vouch-Promises");

    return count != NULL && strcmp(count, "0") != 0;
}

// It promised members what this checkpoint does not show.
static void receive_promises(struct vch_cosigners_peer *peer, const char *body, size_t size)
{
    peer->is_done = true;
    peer->cosigners->counts.promises++;
    // It names what the request did not answer: what that did answer is wanted once more.
    if (!vch_cosigners_parts_take_promises(peer, body, size,
                                           peer->has_answered ? peer->promises : NULL)) {
        vch_cosigners_parts_note_failure(peer, "a list of promises that cannot be read");
        return;
    }
    peer->is_reachable = true;
    vch_cosigners_parts_note_refusal(peer->cosigners);
}

static void receive_answer(struct vch_cosigners_peer *peer, struct evhttp_request *request)
{
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    size_t size = evbuffer_get_length(input);
    const char *body = size > 0 ? (const char *)evbuffer_pullup(input, -1) : "";
    const char *type =
        evhttp_find_header(evhttp_request_get_input_headers(request), "Content-Type");
    bool is_current = peer->cosigners->is_busy && peer->asked_round == peer->cosigners->round;
    int code = evhttp_request_get_response_code(request);
    char what[64];

    if (body == NULL) return;
    if (code == 200) {
        peer->known = peer->asked_size;
        if (peer->has_answered) vch_cosigners_parts_forget_promises(peer);
        if (has_promises(request)) vch_cosigners_parts_list_promises(peer);
        if (is_current && !peer->cosigners->is_keeping) receive_lines(peer, body, size);
    } else if (code == 409) {
        receive_conflict(peer, type, body, size);
    } else if (code == 428) {
        receive_promises(peer, body, size);
    } else {
        peer->cosigners->counts.refusals++;
        (void)snprintf(what, sizeof what, "it answers with code %d", code);
        vch_cosigners_parts_note_failure(peer, what);
    }
}

void vch_cosigners_parts_on_answer(struct evhttp_request *request, void *context)
{
    struct vch_cosigners_peer *peer = context;

    peer->is_asking = false;
    if (peer->cosigners->is_ending) return;
    if (request == NULL || evhttp_request_get_response_code(request) == 0)
        vch_cosigners_parts_note_failure(peer, "no answer");
    else
        receive_answer(peer, request);
    vch_cosigners_parts_ask(peer);
}
