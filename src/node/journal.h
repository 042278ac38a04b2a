// What a node has committed to, or is about to: kept on disk, so that a node that was killed can
// still reveal it. Without its answer a seat pays for silence; the nonce it needs besides derives
// from its key.
//
//     "VOUCHSEATS 1\n"
//     then for each answer 32 bytes subject, u32le segment, u32le round, 32 bytes output, 32 bytes
//     trace, and the first 8 bytes of the SHA-256 of all these
//
// Records are appended. A tail that is cut or does not check, as a crash leaves it, is dropped. A
// file that has grown is replaced by one with its newest records: written beside it (JOURNAL.new),
// synced, renamed.
#pragma once

#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "entry/entry.h"

#define VCH_JOURNAL_MAX 65536u  // records; then it keeps the
#define VCH_JOURNAL_KEEP 16384u // newest: nobody remembers more (node/answers.h)

struct vch_journal_record {
    struct vch_contest_id contest;
    struct vch_digest output, trace;
};

struct vch_journal {
    int file;
    char *path;
    uint64_t count;  // records in it
    uint64_t max;    // beyond it, it is replaced
    int is_unsynced; // something was added since
};

// Opens or makes the file and hands every record in it to `take`, in order. A second process that
// holds it is BUSY. MALFORMED where it is another kind of file.
vch_status vch_journal_open(struct vch_journal *out, const char *path,
                            void (*take)(void *context, const struct vch_journal_record *record),
                            void *context, struct vch_complaint *complaint);
vch_status vch_journal_add(struct vch_journal *journal, const struct vch_journal_record *record);
// The same, of what is kept elsewhere, too (node/kept.h), for as long as it may be needed: nothing
// has to wait until it is on disk.
vch_status vch_journal_note(struct vch_journal *journal, const struct vch_journal_record *record);
// Everything added so far is on disk when this returns VCH_OK; before it, nothing may be committed
// to.
vch_status vch_journal_sync(struct vch_journal *journal);
void vch_journal_close(struct vch_journal *journal);
