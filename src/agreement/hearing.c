#include "agreement/hearing.h"

#include <inttypes.h>
#include <string.h>

#include "tlog/refusal.h"

enum { STEP_MS = 10 }; // of the log's time, between looks at whether the state takes a draft

static vch_status check_witness(struct vch_hearing *hearing, const struct vch_charter *charter,
                                struct vch_complaint *complaint)
{
    const struct vch_testimony *said = &hearing->said;
    struct vch_digest digest = vch_testimony_digest(said, &charter->id);
    uint32_t i = 0;

    if (strcmp(said->origin, charter->origin) != 0)
        return vch_complain(complaint, VCH_CODE_REFUSED, "it is about %s, not about %s",
                            said->origin, charter->origin);
    while (i < charter->witness_count && strcmp(charter->witnesses[i].name, said->witness) != 0)
        i++;
    hearing->witness = i;
    if (i == charter->witness_count)
        return vch_complain(complaint, VCH_CODE_REFUSED, "the charter names no witness %s",
                            said->witness);
    if (vch_is_ok(vch_sign_verify(&charter->witnesses[i].key, &digest, &said->signature)))
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF, "witness %s did not sign it", said->witness);
}

static vch_status check_refusal(const struct vch_testimony *said, const struct vch_charter *charter,
                                struct vch_complaint *complaint)
{
    if (said->kind != VCH_TESTIMONY_REFUSAL) return VCH_OK;
    struct vch_digest digest = vch_refusal_digest(&charter->id, said->size, &said->root,
                                                  said->refused_ms, said->draft, said->draft_size);
    if (vch_is_ok(vch_sign_verify(&charter->clerk, &digest, &said->refusal))) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF, "the clerk did not sign this refusal");
}

vch_status vch_hearing_open(struct vch_hearing *out, const char *text, size_t size,
                            const struct vch_charter *charter, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    const struct vch_testimony *said = &out->said;

    memset(out, 0, sizeof *out);
    VCH_TRY(vch_testimony_decode(&out->said, text, size, complaint));
    VCH_TRY(check_witness(out, charter, complaint));
    VCH_TRY(check_refusal(said, charter, complaint));
    if (said->kind == VCH_TESTIMONY_LOG) return VCH_OK;
    out->next_ms = said->handed_ms;
    // What is no draft of this ledger no state takes.
    vch_status status =
        vch_entry_decode(&out->entry, said->draft, said->draft_size, arena, &out->why);
    out->is_draft = vch_is_ok(status) && out->entry.time_ms == 0;
    return status.code == VCH_CODE_NO_MEMORY ? status : VCH_OK;
}

// What the state says to the draft at that time.
static vch_status judge(struct vch_hearing *hearing, struct vch_state *state, uint64_t time_ms,
                        struct vch_complaint *why)
{
    const uint64_t last_ms = vch_state_time(state);

    if (!hearing->is_draft) return VCH_FAIL(MALFORMED);
    hearing->entry.time_ms = time_ms > last_ms ? time_ms : last_ms;
    return vch_state_judge(state, &hearing->entry, why);
}

// The state is that of the tree which the clerk, or the witness, spoke of.
static void compare(struct vch_hearing *hearing, struct vch_state *state)
{
    const struct vch_testimony *said = &hearing->said;
    const struct vch_digest root = vch_state_root(state);

    if (!vch_hash_is_equal(&root, &said->root)) {
        hearing->finding = VCH_HEARING_FORKED;
        return;
    }
    if (said->kind == VCH_TESTIMONY_LOG) {
        hearing->finding = VCH_HEARING_RIGHT;
        return;
    }
    vch_status status = judge(hearing, state, said->refused_ms, &hearing->why);
    if (vch_is_ok(status)) hearing->finding = VCH_HEARING_CONVICTED;
    // Where we lack something, nobody is convicted, and nobody acquitted.
    else if (status.code != VCH_CODE_NO_MEMORY && status.code != VCH_CODE_UNAVAILABLE)
        hearing->finding = VCH_HEARING_RIGHT;
}

static void compare_at_size(struct vch_hearing *hearing, struct vch_state *state)
{
    if (hearing->said.kind == VCH_TESTIMONY_PROMISE || vch_state_size(state) != hearing->said.size)
        return;
    compare(hearing, state);
}

// Whether the state would have taken the draft in the place of the entry that comes next. It is
// asked now and then, and not again once its time has come and gone.
static void look_for_room(struct vch_hearing *hearing, struct vch_state *state, uint64_t time_ms)
{
    const struct vch_testimony *said = &hearing->said;
    const uint64_t size = vch_state_size(state);
    bool is_answered = said->kind == VCH_TESTIMONY_REFUSAL && size >= said->size;

    if (said->kind == VCH_TESTIMONY_LOG || is_answered || hearing->was_taken ||
        hearing->finding == VCH_HEARING_KEPT || size < said->handed_size)
        return;
    hearing->passed += hearing->is_taken;
    if (time_ms < hearing->next_ms) return;
    hearing->next_ms = time_ms + STEP_MS;
    bool is_taken = vch_is_ok(judge(hearing, state, time_ms, NULL));
    hearing->was_taken = hearing->is_taken && !is_taken;
    hearing->is_taken = is_taken;
    if (!is_taken) return;
    hearing->late_ms = time_ms - said->handed_ms;
    hearing->late_entries = hearing->passed + 1;
}

void vch_hearing_before(struct vch_hearing *hearing, struct vch_state *state,
                        const struct vch_entry *entry)
{
    compare_at_size(hearing, state);
    look_for_room(hearing, state, entry->time_ms);
}

static bool is_draft_of(const struct vch_hearing *hearing, const struct vch_entry *entry)
{
    const struct vch_entry *draft = &hearing->entry;

    return hearing->is_draft && entry->statement_size == draft->statement_size &&
           memcmp(&entry->signature, &draft->signature, sizeof entry->signature) == 0 &&
           memcmp(&entry->writer, &draft->writer, sizeof entry->writer) == 0 &&
           memcmp(entry->statement, draft->statement, entry->statement_size) == 0;
}

static void count_anchor(struct vch_hearing *hearing, const struct vch_entry *entry)
{
    if (hearing->said.kind != VCH_TESTIMONY_LOG || entry->anchor.size > hearing->said.size) return;
    hearing->anchors++;
    for (uint32_t i = 0; i < entry->anchor.count; i++)
        hearing->own_anchors += entry->anchor.cosignatures[i].witness == hearing->witness;
}

void vch_hearing_after(struct vch_hearing *hearing, uint64_t position,
                       const struct vch_entry *entry)
{
    if (entry->kind == VCH_ENTRY_ANCHOR) count_anchor(hearing, entry);
    if (hearing->said.kind == VCH_TESTIMONY_LOG || hearing->finding != VCH_HEARING_OPEN ||
        !is_draft_of(hearing, entry))
        return;
    hearing->finding = VCH_HEARING_KEPT;
    hearing->position = position;
}

void vch_hearing_end(struct vch_hearing *hearing, struct vch_state *state)
{
    compare_at_size(hearing, state);
}
