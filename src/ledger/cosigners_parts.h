// What the parts of the cosigners share: cosigners.c is the round that is under way,
// cosigners_ask.c and cosigners_answer.c one witness asked to cosign and what it says,
// cosigners_promises.c what it has promised to members.
#pragma once

#include <event2/buffer.h>
#include <event2/http.h>

#include "ledger/cosigned.h"
#include "ledger/cosigners.h"
#include "net/url.h"

// One address of a witness. Which of the charter's it is, its cosignatures say.
struct vch_cosigners_peer {
    struct vch_cosigners *cosigners;
    struct vch_url url;
    struct evhttp_connection *connection;
    bool is_asking, is_reachable;
    bool is_done;         // not to be asked again in this round
    bool has_answered;    // promises, in the request under way
    bool is_listing;      // its promises
    uint64_t known;       // the size that it cosigned last, as far as we know
    uint64_t asked_round; // of the request under way
    uint64_t asked_size;
    uint64_t retry_ms, poll_ms;
    uint32_t failures, conflicts;
    struct vch_promises *promises; // that it waits for; NULL: none that we know of
};

struct vch_cosigners {
    struct vch_cosigners_setup setup;
    struct vch_cosigners_counts counts;
    struct event *tick;
    struct vch_cosigners_peer peers[VCH_COSIGNERS_MAX];
    bool is_busy, is_keeping, is_ending; // keeping: enough is there, the store is writing it
    uint64_t round, end_ms;
    struct vch_cosigned cosigned;
};

// A new cosignature is there: is it enough?
void vch_cosigners_parts_note_cosignature(struct vch_cosigners *cosigners);
// A witness will not cosign: can enough of the others?
void vch_cosigners_parts_note_refusal(struct vch_cosigners *cosigners);

// Asks the witness about the checkpoint under way, if it is its turn.
void vch_cosigners_parts_ask(struct vch_cosigners_peer *peer);
// It is left alone for a while, longer each time.
void vch_cosigners_parts_note_failure(struct vch_cosigners_peer *peer, const char *what);
// evhttp's callback: the answer to that, or NULL. The context is the witness.
void vch_cosigners_parts_on_answer(struct evhttp_request *request, void *context);

// What a witness says that it waits for; the next checkpoint has the answers. `kept`, which may be
// NULL, is what it waits for besides. False: it cannot be read.
bool vch_cosigners_parts_take_promises(struct vch_cosigners_peer *peer, const char *text,
                                       size_t size, const struct vch_promises *kept);
void vch_cosigners_parts_forget_promises(struct vch_cosigners_peer *peer);
// Some wait, which had better be answered before they are overdue: it is asked which.
void vch_cosigners_parts_list_promises(struct vch_cosigners_peer *peer);
// Now and then all are asked that.
void vch_cosigners_parts_poll(struct vch_cosigners *cosigners);
