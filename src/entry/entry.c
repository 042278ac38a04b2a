#include "entry/entry.h"

#include <string.h>

#include "crypto/transcript.h"

const char *vch_entry_kind_text(enum vch_entry_kind kind)
{
    switch (kind) {
#define X(name, number, field, text) \
    case VCH_ENTRY_##name: return text;
        VCH_ENTRY_KINDS(X)
#undef X
    }
    return "unknown";
}

enum { TIME_TAG = 0x08, VARINT_MAX = 10 };

static size_t put_varint(uint8_t *out, uint64_t value)
{
    size_t size = 0;

    for (; value >= 0x80; value >>= 7)
        out[size++] = (uint8_t)(value | 0x80);
    out[size++] = (uint8_t)value;
    return size;
}

vch_status vch_entry_stamp(uint8_t **out, size_t *size, const uint8_t *draft, size_t draft_size,
                           uint64_t time_ms, struct vch_arena *arena)
{
    uint8_t prefix[1 + VARINT_MAX] = {TIME_TAG};
    const size_t prefix_size = time_ms > 0 ? 1 + put_varint(prefix + 1, time_ms) : 0;

    if (time_ms > VCH_ENTRY_TIME_MAX) return VCH_FAIL(LIMIT);
    if (draft_size > VCH_ENTRY_CHARTER_SIZE_MAX) return VCH_FAIL(LIMIT);
    if (draft_size == 0 || draft[0] == TIME_TAG) return VCH_FAIL(MALFORMED);
    uint8_t *bytes = vch_arena_alloc(arena, prefix_size + draft_size, 1);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(bytes, prefix, prefix_size);
    memcpy(bytes + prefix_size, draft, draft_size);
    *out = bytes;
    *size = prefix_size + draft_size;
    return VCH_OK;
}

struct vch_digest vch_entry_digest(const struct vch_digest *ledger, const uint8_t *statement,
                                   size_t statement_size)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/entry/v1");
    vch_transcript_absorb_digest(&transcript, "ledger", ledger);
    vch_transcript_absorb(&transcript, "statement", statement, statement_size);
    return vch_transcript_final(&transcript);
}

vch_status vch_entry_verify(const struct vch_entry *entry, const struct vch_digest *ledger)
{
    struct vch_digest digest = vch_entry_digest(ledger, entry->statement, entry->statement_size);
    return vch_sign_verify(&entry->writer, &digest, &entry->signature);
}

struct vch_digest vch_entry_commitment(const struct vch_contest_id *contest,
                                       const struct vch_public_key *node,
                                       const struct vch_digest *output,
                                       const struct vch_digest *trace,
                                       const uint8_t nonce[static 32])
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/commit/v1");
    vch_transcript_absorb_digest(&transcript, "subject", &contest->subject);
    vch_transcript_absorb_u64(&transcript, "segment", contest->segment);
    vch_transcript_absorb_u64(&transcript, "round", contest->round);
    vch_transcript_absorb(&transcript, "node", node->bytes, sizeof node->bytes);
    vch_transcript_absorb_digest(&transcript, "output", output);
    vch_transcript_absorb(&transcript, "trace", trace != NULL ? trace->bytes : output->bytes,
                          trace != NULL ? sizeof trace->bytes : 0);
    vch_transcript_absorb(&transcript, "nonce", nonce, 32);
    return vch_transcript_final(&transcript);
}

struct vch_digest vch_entry_anchor_seed(const struct vch_entry *anchor)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/anchor/v1");
    vch_transcript_absorb_u64(&transcript, "size", anchor->anchor.size);
    vch_transcript_absorb_digest(&transcript, "root", &anchor->anchor.root);
    for (uint32_t i = 0; i < anchor->anchor.count; i++) {
        const struct vch_entry_cosignature *mark = &anchor->anchor.cosignatures[i];
        vch_transcript_absorb_u64(&transcript, "witness", mark->witness);
        vch_transcript_absorb_u64(&transcript, "time", mark->time_s);
        vch_transcript_absorb(&transcript, "signature", mark->signature.bytes,
                              sizeof mark->signature.bytes);
    }
    return vch_transcript_final(&transcript);
}

struct vch_digest vch_entry_trial_expected(const struct vch_digest *job,
                                           const struct vch_digest *output,
                                           const uint8_t nonce[static 32])
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/trial/v1");
    vch_transcript_absorb_digest(&transcript, "job", job);
    vch_transcript_absorb_digest(&transcript, "output", output);
    vch_transcript_absorb(&transcript, "nonce", nonce, 32);
    return vch_transcript_final(&transcript);
}

struct vch_digest vch_entry_dispute_id(const struct vch_digest *job, uint32_t segment,
                                       const struct vch_public_key *by,
                                       const struct vch_digest *output,
                                       const struct vch_digest *trace)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/dispute/v1");
    vch_transcript_absorb_digest(&transcript, "job", job);
    vch_transcript_absorb_u64(&transcript, "segment", segment);
    vch_transcript_absorb(&transcript, "by", by->bytes, sizeof by->bytes);
    vch_transcript_absorb_digest(&transcript, "output", output);
    vch_transcript_absorb_digest(&transcript, "trace", trace);
    return vch_transcript_final(&transcript);
}
