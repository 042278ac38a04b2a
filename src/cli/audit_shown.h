// What witnesses signed, handed to `vouch audit` as files or asked for, heard while the log is
// replayed (agreement/hearing.h).
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "agreement/hearing.h"
#include "cli/tool.h"
#include "entry/charter.h"

struct vch_audit_shown {
    uint32_t count;
    struct vch_audit_shown_one {
        const char *name; // the file, or where it was asked for
        struct vch_hearing hearing;
    } * all; // in the tool's arena
};

// --shown FILE... and --witness URL...: all of them are about this charter's log, and signed.
vch_status vch_audit_shown_open(struct vch_audit_shown *out, struct vch_tool *tool,
                                const struct vch_charter *charter);

void vch_audit_shown_before(struct vch_audit_shown *shown, struct vch_state *state,
                            const struct vch_entry *entry);
void vch_audit_shown_after(struct vch_audit_shown *shown, uint64_t position,
                           const struct vch_entry *entry);
void vch_audit_shown_end(struct vch_audit_shown *shown, struct vch_state *state);

void vch_audit_shown_print(const struct vch_audit_shown *shown);
json_t *vch_audit_shown_json(const struct vch_audit_shown *shown);
// BAD_PROOF with a complaint when one of them convicts the clerk.
vch_status vch_audit_shown_judge(const struct vch_audit_shown *shown, struct vch_tool *tool);
