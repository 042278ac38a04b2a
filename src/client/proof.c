#include "client/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "host/clock.h"

enum { WHO_SIZE = 320 };

// One segment's proof, as far as it is.
struct seeking {
    struct vch_proof_ask *ask;
    uint32_t next;         // candidate
    struct vch_link *link; // of the one being asked; NULL: nobody is
    uint64_t start_us, until_us;
    bool has_answered, has_proof, is_shown;
    char why[160];      // there is no proof
    char who[WHO_SIZE]; // did not prove it, and why not: for the complaint
};

struct asking {
    uint32_t count;
    struct seeking *seeking;
    struct vch_pool *pool;
    uint64_t deadline_us;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
    vch_status status; // NO_MEMORY and the like: our own trouble
};

static struct seeking *find_seeking(struct asking *asking, const struct vch_link *link)
{
    for (uint32_t i = 0; i < asking->count; i++)
        if (asking->seeking[i].link == link) return &asking->seeking[i];
    return NULL;
}

static void fail(struct seeking *s, const char *why)
{
    s->has_answered = true;
    s->has_proof = false;
    (void)snprintf(s->why, sizeof s->why, "%s", why);
}

static void on_fault(void *context, struct vch_link *link, enum vch_fault_kind kind,
                     const char *why)
{
    struct seeking *s = find_seeking(context, link);

    (void)kind;
    if (s != NULL) fail(s, why);
}

static void on_proof(void *context, struct vch_link *link, const struct vch_link_proof *came)
{
    struct asking *asking = context;
    struct seeking *s = find_seeking(asking, link);

    if (s == NULL) return;
    uint8_t *bytes = vch_link_detach(link);
    size_t size = came->annex_size + came->proof_size;
    uint8_t *kept = vch_arena_alloc(asking->arena, size, 1);
    if (kept == NULL) {
        asking->status = VCH_FAIL(NO_MEMORY);
    } else {
        memcpy(kept, bytes, size);
        s->ask->proof = (struct vch_segment_proof){.input_root = s->ask->input_root,
                                                   .output_root = s->ask->output_root,
                                                   .annex = kept,
                                                   .proof = kept + came->annex_size,
                                                   .annex_size = came->annex_size,
                                                   .proof_size = came->proof_size};
        s->ask->compute_us = came->compute_us;
        s->has_answered = s->has_proof = true;
    }
    free(bytes);
}

static struct vch_link *link_of(const struct vch_proof_ask *ask, uint32_t index)
{
    return &ask->asked->pool->nodes[ask->asked->candidates[index].node].link;
}

// Of the majority, and says that it can.
static bool can_prove(const struct vch_proof_ask *ask, uint32_t index)
{
    const struct vch_round_candidate *candidate = &ask->asked->round.candidates[index];

    return candidate->state == VCH_ROUND_VOTED &&
           vch_hash_is_equal(&candidate->vote.output, &ask->asked->tally.output) &&
           vch_link_proves(link_of(ask, index), ask->asked->first, ask->asked->last,
                           ask->asked->question.crossing.log_columns);
}

static uint32_t count_provers(const struct vch_proof_ask *ask, uint32_t from)
{
    uint32_t count = 0;

    for (uint32_t i = from; i < ask->asked->round.candidate_count; i++)
        count += can_prove(ask, i);
    return count;
}

// Asks the next candidate, unless it works on another segment's proof. Those after it are to have
// as much time as it has.
static void request(struct asking *asking, struct seeking *s, uint64_t now_us)
{
    struct vch_link_question question = s->ask->asked->question;
    struct vch_link *link = link_of(s->ask, s->next);
    uint64_t left_us = asking->deadline_us > now_us ? asking->deadline_us - now_us : 0;
    uint32_t provers = count_provers(s->ask, s->next);

    VCH_ASSERT(provers > 0); // this one
    uint64_t share_us = left_us / provers;
    if (find_seeking(asking, link) != NULL) return;
    question.is_proof = true;
    question.budget_ms = share_us / 1000 + 1;
    s->link = link;
    s->until_us = now_us + share_us;
    s->has_answered = s->has_proof = false;
    if (!vch_is_ok(vch_link_ask(link, &question))) fail(s, link->down_reason);
}

static void blame(struct seeking *s, enum vch_fault_kind kind, const char *why)
{
    const struct vch_ask *asked = s->ask->asked;
    const struct vch_public_key *node = &asked->round.candidates[s->next].node;
    const struct vch_member *member = vch_registry_find(asked->registry, node);
    size_t used = strlen(s->who);

    s->ask->faults[s->ask->fault_count++] = (struct vch_fault){*node, kind};
    asked->pool->nodes[asked->candidates[s->next].node].penalties += 2;
    (void)snprintf(s->who + used, sizeof s->who - used, "; %s: %s",
                   member != NULL ? member->operator_name : "unknown", why);
}

// The candidate has answered: is it a proof?
static vch_status judge(const struct asking *asking, struct seeking *s)
{
    struct vch_proof_ask *ask = s->ask;
    struct vch_complaint lie = {0};

    s->link = NULL;
    if (!s->has_proof) {
        blame(s, VCH_FAULT_NO_PROOF, s->why);
        return VCH_OK;
    }
    vch_status status = vch_proofs_verify(ask->verifier, ask->asked->question.segment, &ask->proof,
                                          asking->arena, &lie);
    if (!vch_is_ok(status) && status.code != VCH_CODE_BAD_PROOF)
        return vch_complain(asking->complaint, status.code, "we cannot verify proofs here: %s",
                            lie.text[0] != '\0' ? lie.text : vch_code_text(status.code));
    s->is_shown = vch_is_ok(status);
    if (s->is_shown) {
        ask->prover = ask->asked->round.candidates[s->next].node;
        ask->elapsed_us = vch_clock_monotonic_us() - s->start_us;
    } else {
        ask->proof = (struct vch_segment_proof){0};
        blame(s, VCH_FAULT_BAD_PROOF, lie.text);
    }
    return VCH_OK;
}

static vch_status complain_unproven(const struct asking *asking, const struct seeking *s)
{
    const struct vch_ask *asked = s->ask->asked;
    bool is_late = vch_clock_monotonic_us() >= asking->deadline_us;

    return vch_complain(asking->complaint, is_late ? VCH_CODE_TIMEOUT : VCH_CODE_UNAVAILABLE,
                        "segment %u (operators %u to %u): no node of its majority has proven it%s",
                        asked->question.segment, asked->first, asked->last,
                        s->who[0] != '\0' ? s->who : "; none of them has an annex of it");
}

// Whatever is to be done for one segment now.
static vch_status advance(struct asking *asking, struct seeking *s, uint64_t now_us)
{
    const uint32_t count = s->ask->asked->round.candidate_count;

    if (s->link != NULL && !s->has_answered) {
        vch_link_keep_alive(s->link);
        if (now_us < s->until_us) return VCH_OK;
        vch_link_cancel(s->link);
        fail(s, "did not prove it in time");
    }
    if (s->link != NULL) {
        VCH_TRY(judge(asking, s));
        s->next += !s->is_shown;
        if (s->is_shown) return VCH_OK;
    }
    while (s->next < count && !can_prove(s->ask, s->next))
        s->next++;
    if (s->next == count || now_us >= asking->deadline_us) return complain_unproven(asking, s);
    request(asking, s, now_us);
    return VCH_OK;
}

static vch_status turn_until_proven(struct asking *asking)
{
    for (;;) {
        bool is_done = true;
        for (uint32_t i = 0; i < asking->count; i++) {
            struct seeking *s = &asking->seeking[i];
            if (!s->is_shown) VCH_TRY(advance(asking, s, vch_clock_monotonic_us()));
            is_done &= s->is_shown;
        }
        if (is_done) return VCH_OK;
        VCH_TRY(vch_pool_turn(asking->pool));
        VCH_TRY(asking->status);
    }
}

static vch_status prepare(struct asking *asking, struct vch_proof_ask *asks)
{
    asking->seeking = VCH_ARENA_NEW(asking->arena, struct seeking, asking->count);
    if (asking->seeking == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < asking->count; i++) {
        asking->seeking[i].ask = &asks[i];
        asking->seeking[i].start_us = vch_clock_monotonic_us();
        asks[i].fault_count = 0;
        asks[i].faults =
            VCH_ARENA_NEW(asking->arena, struct vch_fault, asks[i].asked->round.candidate_count);
        if (asks[i].faults == NULL) return VCH_FAIL(NO_MEMORY);
    }
    return VCH_OK;
}

vch_status vch_proof_ask_all(struct vch_proof_ask *asks, uint32_t count, uint64_t deadline_us,
                             struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct asking asking = {
        .count = count, .deadline_us = deadline_us, .arena = arena, .complaint = complaint};

    if (count == 0) return VCH_OK;
    VCH_TRY(prepare(&asking, asks));
    asking.pool = asks[0].asked->pool;
    asking.pool->events = (struct vch_link_events){.on_fault = on_fault, .on_proof = on_proof};
    asking.pool->context = &asking;
    vch_status status = turn_until_proven(&asking);
    asking.pool->events = (struct vch_link_events){0};
    for (uint32_t i = 0; i < count; i++)
        if (asking.seeking[i].link != NULL) vch_link_cancel(asking.seeking[i].link);
    return status;
}
