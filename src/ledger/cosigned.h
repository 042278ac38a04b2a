// A checkpoint of the ledger's log, and those of the charter's witnesses who have cosigned it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/sign.h"
#include "entry/charter.h"
#include "entry/charter_notes.h"
#include "entry/entry.h"
#include "tlog/checkpoint.h"

#define VCH_COSIGNED_NOTE_MAX 8192u

struct vch_cosigned {
    const struct vch_charter *charter;
    const struct vch_charter_notes *notes;
    struct vch_checkpoint checkpoint;
    char note[VCH_COSIGNED_NOTE_MAX]; // as the clerk signed it
    size_t note_size;
    bool has[VCH_CHARTER_WITNESSES_MAX];
    struct vch_entry_cosignature cosignatures[VCH_CHARTER_WITNESSES_MAX];
    uint32_t count; // of those that it has
};

// By nobody yet. Charter and notes are borrowed.
void vch_cosigned_init(struct vch_cosigned *out, const struct vch_charter *charter,
                       const struct vch_charter_notes *notes);
void vch_cosigned_begin(struct vch_cosigned *cosigned, uint64_t size, const struct vch_digest *root,
                        const struct vch_secret_key *clerk);

// Takes the lines that witnesses put below the note. False: none of them is a cosignature of a
// witness of the charter, at this time.
bool vch_cosigned_take(struct vch_cosigned *cosigned, const char *lines, size_t size,
                       uint64_t now_ms);
bool vch_cosigned_is_enough(const struct vch_cosigned *cosigned);

// The clerk's note with a line of each witness: as witnesses said it, written by us. Returns its
// bytes.
size_t vch_cosigned_write(char out[static VCH_COSIGNED_NOTE_MAX],
                          const struct vch_cosigned *cosigned);
// What is to be entered; the clerk has not signed it.
struct vch_entry vch_cosigned_anchor(const struct vch_cosigned *cosigned);
