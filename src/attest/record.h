// Evidence that is kept or handed on: the block that it is bound to, and the response, to be judged
// later, by whoever it is shown to (specs/attest.md, section 7).
//
// Who reads a record has the block from whoever wrote it: what the block says is to be compared
// with what the reader knows (which node, which client, which occasion), and what of it evidence
// does not show is nobody's word.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attest/binder.h"
#include "attest/exchange.h"

#define VCH_RECORD_HEAD_SIZE 16
#define VCH_RECORD_SIZE_MAX (VCH_RECORD_HEAD_SIZE + VCH_BINDER_SIZE + VCH_EXCHANGE_SIZE_MAX)

struct vch_record {
    const uint8_t *binder;   // VCH_BINDER_SIZE bytes; borrowed, like the response
    const uint8_t *response; // as it was said
    size_t response_size;
};

// USAGE: what decode would refuse. LIMIT: too little room.
vch_status vch_record_encode(uint8_t *out, size_t room, size_t *size,
                             const struct vch_record *record);

// The form of both parts is checked, and that they are of one kind, statement and sealing key.
// TRUNCATED, MALFORMED, UNSUPPORTED or LIMIT.
vch_status vch_record_decode(struct vch_record *out, const void *bytes, size_t size,
                             struct vch_complaint *complaint);
