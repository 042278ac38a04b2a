// Readers of a statement's kinds: each fills the entry from its own message and refuses what is out
// of its range. They are for entry_decode.c alone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "entry/entry.h"
#include "schema/ledger.pb-c.h"

struct vch_entry_read {
    struct vch_entry *entry;
    const Vouch__Statement *message;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
};

// What they share: fields of exact size, numbers of a known bound. `what` is for the complaint.
vch_status vch_entry_read_digest(const struct vch_entry_read *reading, struct vch_digest *out,
                                 const ProtobufCBinaryData *field, const char *what);
vch_status vch_entry_read_key(const struct vch_entry_read *reading, struct vch_public_key *out,
                              const ProtobufCBinaryData *field, const char *what);
vch_status vch_entry_read_optional(const struct vch_entry_read *reading, bool *is_there,
                                   struct vch_digest *out, const ProtobufCBinaryData *field,
                                   const char *what); // a digest or nothing
vch_status vch_entry_read_at_most(const struct vch_entry_read *reading, uint64_t value,
                                  uint64_t most, const char *what);
vch_status vch_entry_read_segment_index(const struct vch_entry_read *reading, uint32_t *out,
                                        uint32_t segment);

vch_status vch_entry_read_charter(const struct vch_entry_read *reading);
vch_status vch_entry_read_registry(const struct vch_entry_read *reading);
vch_status vch_entry_read_deposit(const struct vch_entry_read *reading);
vch_status vch_entry_read_withdraw(const struct vch_entry_read *reading);
vch_status vch_entry_read_stake(const struct vch_entry_read *reading);
vch_status vch_entry_read_unstake(const struct vch_entry_read *reading);
vch_status vch_entry_read_release(const struct vch_entry_read *reading);
vch_status vch_entry_read_hold(const struct vch_entry_read *reading);
vch_status vch_entry_read_job_open(const struct vch_entry_read *reading);
vch_status vch_entry_read_input(const struct vch_entry_read *reading);
vch_status vch_entry_read_sortition(const struct vch_entry_read *reading);
vch_status vch_entry_read_draw(const struct vch_entry_read *reading);
vch_status vch_entry_read_commit(const struct vch_entry_read *reading);
vch_status vch_entry_read_close(const struct vch_entry_read *reading);
vch_status vch_entry_read_reveal(const struct vch_entry_read *reading);
vch_status vch_entry_read_verdict(const struct vch_entry_read *reading);
vch_status vch_entry_read_anchor(const struct vch_entry_read *reading);
vch_status vch_entry_read_expire(const struct vch_entry_read *reading);
vch_status vch_entry_read_trial_result(const struct vch_entry_read *reading);
vch_status vch_entry_read_dispute_open(const struct vch_entry_read *reading);
vch_status vch_entry_read_dispute_move(const struct vch_entry_read *reading);
vch_status vch_entry_read_dispute_default(const struct vch_entry_read *reading);

// Reads an entry's statement, which it borrows already, as vch_entry_decode does.
vch_status vch_entry_read_statement(struct vch_entry *entry, struct vch_arena *arena,
                                    struct vch_complaint *complaint);
