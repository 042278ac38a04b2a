// A link for those who have nothing else to do: calls that turn the loop until there is an answer.
#include <string.h>

#include "host/clock.h"
#include "member/ledger_link_parts.h"

vch_status vch_ledger_link_wait(struct vch_ledger_link *link, bool (*is_done)(void *context),
                                void *context, uint32_t limit_ms)
{
    uint64_t end_ms = vch_clock_monotonic_ms() + limit_ms;

    while (!is_done(context)) {
        if (link->state == VCH_LEDGER_LINK_BROKEN) return VCH_FAIL(BAD_PROOF);
        if (vch_clock_monotonic_ms() >= end_ms) return VCH_FAIL(TIMEOUT);
        // The link's own tick ends each turn soon.
        if (event_base_loop(link->setup.base, EVLOOP_ONCE) < 0) return VCH_FAIL(IO);
    }
    return VCH_OK;
}

static bool is_ready(void *context)
{
    const struct vch_ledger_link *link = context;

    return link->state == VCH_LEDGER_LINK_READY;
}

vch_status vch_ledger_link_wait_ready(struct vch_ledger_link *link, uint32_t limit_ms,
                                      struct vch_complaint *complaint)
{
    vch_status status = vch_ledger_link_wait(link, is_ready, link, limit_ms);

    if (vch_is_ok(status)) return status;
    if (status.code == VCH_CODE_TIMEOUT) status = VCH_FAIL(UNAVAILABLE);
    return vch_complain(complaint, status.code, "no ledger at %s port %u: %s", link->host,
                        link->setup.port, vch_ledger_link_trouble(link));
}

struct answer {
    bool is_there;
    vch_status status;
    struct vch_ledger_link_taken *results;
    struct vch_ledger_link_proof *proof;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
};

// Requests end by their patience at the latest.
static vch_status wait_for(struct vch_ledger_link *link, const struct answer *answer)
{
    while (!answer->is_there)
        if (event_base_loop(link->setup.base, EVLOOP_ONCE) < 0) return VCH_FAIL(IO);
    return answer->status;
}

static void on_appended(void *context, vch_status status,
                        const struct vch_ledger_link_taken *results, uint32_t count)
{
    struct answer *answer = context;

    answer->is_there = true;
    answer->status = status;
    if (vch_is_ok(status)) memcpy(answer->results, results, count * sizeof *results);
}

vch_status vch_ledger_link_append_now(struct vch_ledger_link *link,
                                      const struct vch_follower_bytes *drafts, uint32_t count,
                                      struct vch_ledger_link_taken *results,
                                      struct vch_complaint *complaint)
{
    struct answer answer = {.results = results};

    VCH_TRY(vch_ledger_link_append(link, drafts, count, on_appended, &answer));
    vch_status status = wait_for(link, &answer);
    if (vch_is_ok(status)) return status;
    return vch_complain(complaint, status.code,
                        "the ledger gave no answer; what was sent may be in its log or not: %s",
                        vch_ledger_link_trouble(link));
}

// The proof's memory is the frame's: it is copied.
static vch_status copy_proof(const struct answer *answer, const struct vch_ledger_link_proof *proof)
{
    struct vch_ledger_link_proven *entries =
        VCH_ARENA_NEW(answer->arena, struct vch_ledger_link_proven, proof->count);

    if (entries == NULL) return VCH_FAIL(NO_MEMORY);
    *answer->proof = *proof;
    answer->proof->entries = entries;
    answer->proof->checkpoint =
        vch_arena_string(answer->arena, proof->checkpoint, proof->checkpoint_size);
    if (answer->proof->checkpoint == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < proof->count; i++) {
        entries[i] = proof->entries[i];
        entries[i].entry = (const uint8_t *)vch_arena_string(answer->arena, proof->entries[i].entry,
                                                             proof->entries[i].entry_size);
        if (entries[i].entry == NULL) return VCH_FAIL(NO_MEMORY);
    }
    return VCH_OK;
}

static void on_proof(void *context, vch_status status, const struct vch_ledger_link_proof *proof,
                     const char *text)
{
    struct answer *answer = context;

    answer->is_there = true;
    answer->status = vch_is_ok(status) ? copy_proof(answer, proof)
                                       : vch_complain(answer->complaint, status.code, "%s", text);
}

vch_status vch_ledger_link_prove_now(struct vch_ledger_link *link, const uint64_t *positions,
                                     uint32_t count, struct vch_ledger_link_proof *out,
                                     struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct answer answer = {.proof = out, .arena = arena, .complaint = complaint};

    VCH_TRY(vch_ledger_link_prove(link, positions, count, on_proof, &answer));
    return wait_for(link, &answer);
}

static void on_put(void *context, vch_status status, const char *text)
{
    struct answer *answer = context;

    answer->is_there = true;
    answer->status =
        vch_is_ok(status) ? status : vch_complain(answer->complaint, status.code, "%s", text);
}

vch_status vch_ledger_link_put_blob_now(struct vch_ledger_link *link, const uint8_t *bytes,
                                        size_t size, struct vch_complaint *complaint)
{
    struct answer answer = {.complaint = complaint};

    VCH_TRY(vch_ledger_link_put_blob(link, bytes, size, on_put, &answer));
    return wait_for(link, &answer);
}
