#include "client/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "host/clock.h"

enum { WHO_SIZE = 320 };

struct asking {
    struct vch_proof_ask *ask;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
    struct vch_link *link; // of the node being asked
    bool is_over;
    vch_status status; // NO_MEMORY and the like: our own trouble
    bool has_proof;
    char why[160];      // it has none
    char who[WHO_SIZE]; // did not prove it, and why not: for the complaint
};

static void fail(struct asking *asking, const char *why)
{
    asking->is_over = true;
    asking->has_proof = false;
    (void)snprintf(asking->why, sizeof asking->why, "%s", why);
}

static void on_fault(void *context, struct vch_link *link, enum vch_fault_kind kind,
                     const char *why)
{
    struct asking *asking = context;

    (void)kind;
    if (link == asking->link) fail(asking, why);
}

static void on_proof(void *context, struct vch_link *link, const struct vch_link_proof *came)
{
    struct asking *asking = context;
    struct vch_proof_ask *ask = asking->ask;

    if (link != asking->link) return;
    uint8_t *bytes = vch_link_detach(link);
    size_t size = came->annex_size + came->proof_size;
    uint8_t *kept = vch_arena_alloc(asking->arena, size, 1);
    asking->is_over = true;
    if (kept == NULL) {
        asking->status = VCH_FAIL(NO_MEMORY);
    } else {
        memcpy(kept, bytes, size);
        ask->proof = (struct vch_segment_proof){.input_root = ask->input_root,
                                                .output_root = ask->output_root,
                                                .annex = kept,
                                                .proof = kept + came->annex_size,
                                                .annex_size = came->annex_size,
                                                .proof_size = came->proof_size};
        ask->compute_us = came->compute_us;
        asking->has_proof = true;
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

static vch_status wait_for(struct asking *asking, uint64_t until_us)
{
    while (!asking->is_over) {
        if (vch_clock_monotonic_us() >= until_us) {
            vch_link_cancel(asking->link);
            fail(asking, "did not prove it in time");
            return VCH_OK;
        }
        vch_link_keep_alive(asking->link);
        VCH_TRY(vch_pool_turn(asking->ask->asked->pool));
    }
    return asking->status;
}

static vch_status request(struct asking *asking, uint32_t index)
{
    const struct vch_proof_ask *ask = asking->ask;
    struct vch_link_question question = ask->asked->question;
    uint64_t now_us = vch_clock_monotonic_us();
    uint64_t left_us = ask->deadline_us > now_us ? ask->deadline_us - now_us : 0;
    uint64_t share_us = left_us / count_provers(ask, index); // time for those after it

    question.is_proof = true;
    question.budget_ms = share_us / 1000 + 1;
    asking->link = link_of(ask, index);
    asking->is_over = asking->has_proof = false;
    if (!vch_is_ok(vch_link_ask(asking->link, &question))) fail(asking, asking->link->down_reason);
    return wait_for(asking, now_us + share_us);
}

static void blame(struct asking *asking, uint32_t index, enum vch_fault_kind kind, const char *why)
{
    struct vch_proof_ask *ask = asking->ask;
    const struct vch_public_key *node = &ask->asked->round.candidates[index].node;
    const struct vch_member *member = vch_registry_find(ask->asked->registry, node);
    size_t used = strlen(asking->who);

    ask->faults[ask->fault_count++] = (struct vch_fault){*node, kind};
    ask->asked->pool->nodes[ask->asked->candidates[index].node].penalties += 2;
    (void)snprintf(asking->who + used, sizeof asking->who - used, "; %s: %s",
                   member != NULL ? member->operator_name : "unknown", why);
}

// Asks one node. True: its proof is there and shows the segment.
static vch_status try_node(struct asking *asking, uint32_t index, bool *is_shown)
{
    struct vch_proof_ask *ask = asking->ask;
    struct vch_complaint lie = {0};

    *is_shown = false;
    VCH_TRY(request(asking, index));
    if (!asking->has_proof) {
        blame(asking, index, VCH_FAULT_NO_PROOF, asking->why);
        return VCH_OK;
    }
    vch_status status = vch_proofs_verify(ask->verifier, ask->asked->question.segment, &ask->proof,
                                          asking->arena, &lie);
    if (!vch_is_ok(status) && status.code != VCH_CODE_BAD_PROOF)
        return vch_complain(asking->complaint, status.code, "we cannot verify proofs here: %s",
                            lie.text[0] != '\0' ? lie.text : vch_code_text(status.code));
    *is_shown = vch_is_ok(status);
    if (*is_shown)
        ask->prover = ask->asked->round.candidates[index].node;
    else
        blame(asking, index, VCH_FAULT_BAD_PROOF, lie.text);
    return VCH_OK;
}

static vch_status ask_in_turn(struct asking *asking)
{
    const struct vch_proof_ask *ask = asking->ask;
    const struct vch_ask *asked = ask->asked;
    bool is_shown = false;

    for (uint32_t i = 0; i < asked->round.candidate_count && !is_shown; i++)
        if (can_prove(ask, i)) VCH_TRY(try_node(asking, i, &is_shown));
    if (is_shown) return VCH_OK;
    bool is_late = vch_clock_monotonic_us() >= ask->deadline_us;
    return vch_complain(asking->complaint, is_late ? VCH_CODE_TIMEOUT : VCH_CODE_UNAVAILABLE,
                        "segment %u (operators %u to %u): no node of its majority has proven it%s",
                        asked->question.segment, asked->first, asked->last,
                        asking->who[0] != '\0' ? asking->who : "; none of them has an annex of it");
}

vch_status vch_proof_ask(struct vch_proof_ask *ask, struct vch_arena *arena,
                         struct vch_complaint *complaint)
{
    struct asking asking = {.ask = ask, .arena = arena, .complaint = complaint};
    struct vch_pool *pool = ask->asked->pool;
    uint64_t start_us = vch_clock_monotonic_us();

    ask->fault_count = 0;
    ask->faults = VCH_ARENA_NEW(arena, struct vch_fault, ask->asked->round.candidate_count);
    if (ask->faults == NULL) return VCH_FAIL(NO_MEMORY);
    pool->events = (struct vch_link_events){.on_fault = on_fault, .on_proof = on_proof};
    pool->context = &asking;
    vch_status status = ask_in_turn(&asking);
    pool->events = (struct vch_link_events){0};
    ask->elapsed_us = vch_clock_monotonic_us() - start_us;
    return status;
}
