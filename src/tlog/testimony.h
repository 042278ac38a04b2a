// What a witness says of a log beside its cosignatures, signed so that it can be shown to others
// (specs/witness.md, sections 2 to 4): that it promised somebody a draft, that the log refused it,
// how many trees of the log it has cosigned. Texts of lines, which the witness serves as they are.
//
//     vouch/promise/v1 | vouch/refusal/v1          vouch/log/v1
//     <origin>                                     <origin>
//     <handed over at, Unix ms>                    <size>
//     <size cosigned then>                         base64(<root>)
//     base64(<draft>)                              <count>
//     <witness> base64(<its signature>)            <now, Unix ms>
//     of a refusal, what the log's key signed:     <witness> base64(<its signature>)
//     <size>
//     base64(<root>)
//     <refused at, Unix ms>
//     base64(<the log's signature>)
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "tlog/vkey.h"

#define VCH_TESTIMONY_DRAFT_MAX 512u
#define VCH_TESTIMONY_SIZE_MAX 2048u // characters, with a NUL

enum vch_testimony_kind { VCH_TESTIMONY_PROMISE, VCH_TESTIMONY_REFUSAL, VCH_TESTIMONY_LOG };

struct vch_testimony {
    enum vch_testimony_kind kind;
    char origin[VCH_VKEY_NAME_MAX + 1];
    char witness[VCH_VKEY_NAME_MAX + 1];
    struct vch_signature signature; // the witness's

    // Of a promise, and of a refusal the promise that it answers.
    uint64_t handed_ms, handed_size; // when, and the size of the last tree cosigned before
    size_t draft_size;
    uint8_t draft[VCH_TESTIMONY_DRAFT_MAX];

    // Of a refusal: what the log's state was, its clock, and what it signed (tlog/refusal.h).
    // Of a log: the last tree cosigned.
    uint64_t size;
    struct vch_digest root;
    uint64_t refused_ms;
    struct vch_signature refusal;

    // Of a log: how many trees, each larger than the one before, and the witness's clock.
    uint64_t count, time_ms;
};

// What the witness signs. `ledger` is the log's ledger id; of no concern where the kind is LOG.
struct vch_digest vch_testimony_digest(const struct vch_testimony *testimony,
                                       const struct vch_digest *ledger);

// Returns the characters; `out` gets a NUL.
size_t vch_testimony_encode(char out[static VCH_TESTIMONY_SIZE_MAX],
                            const struct vch_testimony *testimony);

// The one text that encode writes: MALFORMED, LIMIT or TRUNCATED otherwise. No signature is
// verified.
vch_status vch_testimony_decode(struct vch_testimony *out, const char *text, size_t size,
                                struct vch_complaint *complaint);
