#include "cli/audit_disputes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agreement/outcome.h"
#include "base/bytes.h"
#include "cli/tool.h"

enum { ROOM_MIN = 16 };

struct vch_audit_dispute {
    struct vch_dispute last; // as the state had it before the entry at hand
    uint64_t opened, ended;  // positions
    enum vch_audit_outcome outcome;
};

static const char *const NAMES[] = {[VCH_AUDIT_OPEN] = "open",
                                    [VCH_AUDIT_NOTHING] = "nothing",
                                    [VCH_AUDIT_OVERTURNED] = "overturned"};

static struct vch_audit_dispute *add_row(struct vch_audit_disputes *disputes)
{
    if (disputes->count == disputes->room) {
        const uint32_t room = disputes->room > 0 ? 2 * disputes->room : ROOM_MIN;
        struct vch_audit_dispute *rows =
            VCH_ARENA_NEW(disputes->arena, struct vch_audit_dispute, room);
        if (rows == NULL) return NULL;
        if (disputes->count > 0) memcpy(rows, disputes->rows, disputes->count * sizeof *rows);
        disputes->rows = rows;
        disputes->room = room;
    }
    return &disputes->rows[disputes->count++];
}

static void add_dispute(struct vch_audit_disputes *disputes, const struct vch_state *state,
                        uint64_t position, const struct vch_entry *entry)
{
    const struct vch_digest id =
        vch_entry_dispute_id(&entry->dispute_open.job, entry->dispute_open.segment, &entry->writer,
                             &entry->dispute_open.output, &entry->dispute_open.trace);
    const struct vch_dispute *found = vch_state_dispute(state, &id);
    struct vch_audit_dispute *row = found != NULL ? add_row(disputes) : NULL;
    if (row == NULL) {
        disputes->lacks_memory = true;
        return;
    }
    *row = (struct vch_audit_dispute){.last = *found, .opened = position};
}

static enum vch_audit_outcome outcome_of(enum vch_dispute_result result)
{
    return vch_outcome_overturns(result) ? VCH_AUDIT_OVERTURNED : VCH_AUDIT_NOTHING;
}

void vch_audit_disputes_note(struct vch_audit_disputes *disputes, const struct vch_state *state,
                             uint64_t position, const struct vch_entry *entry)
{
    for (uint32_t i = 0; i < disputes->count; i++) {
        struct vch_audit_dispute *row = &disputes->rows[i];
        if (row->outcome != VCH_AUDIT_OPEN) continue;
        const struct vch_dispute *now = vch_state_dispute(state, &row->last.id);
        if (now == NULL)
            row->outcome = outcome_of(vch_outcome_of(&row->last, entry));
        else if (now->phase == VCH_DISPUTE_OVER)
            row->outcome = outcome_of(now->result);
        row->ended = position;
        if (now != NULL) row->last = *now;
    }
    if (entry->kind == VCH_ENTRY_DISPUTE_OPEN) add_dispute(disputes, state, position, entry);
}

vch_status vch_audit_disputes_print(const struct vch_audit_disputes *disputes)
{
    char job[2 * VCH_DIGEST_SIZE + 1];

    for (uint32_t i = 0; i < disputes->count; i++) {
        const struct vch_audit_dispute *row = &disputes->rows[i];
        vch_hex_encode(job, row->last.job.bytes, VCH_DIGEST_SIZE);
        printf("job %s, segment %u: disputed at position %" PRIu64, job, row->last.segment,
               row->opened);
        if (row->outcome == VCH_AUDIT_OPEN)
            printf(", which is not decided yet\n");
        else
            printf(", which %s at %" PRIu64 "\n",
                   row->outcome == VCH_AUDIT_NOTHING ? "came to nothing" : "OVERTURNED its verdict",
                   row->ended);
    }
    if (disputes->count > 0) putchar('\n');
    return disputes->lacks_memory ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

vch_status vch_audit_disputes_json(json_t **out, const struct vch_audit_disputes *disputes)
{
    *out = json_array();
    for (uint32_t i = 0; i < disputes->count; i++) {
        const struct vch_audit_dispute *row = &disputes->rows[i];
        json_array_append_new(
            *out, json_pack("{s:o, s:i, s:o, s:I, s:s}", "job",
                            vch_tool_json_hex(row->last.job.bytes, VCH_DIGEST_SIZE), "segment",
                            (int)row->last.segment, "by",
                            vch_tool_json_hex(row->last.by.bytes, sizeof row->last.by.bytes),
                            "position", (json_int_t)row->opened, "outcome", NAMES[row->outcome]));
    }
    return disputes->lacks_memory ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}
