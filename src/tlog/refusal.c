#include "tlog/refusal.h"

#include "crypto/transcript.h"

struct vch_digest vch_refusal_digest(const struct vch_digest *ledger, uint64_t size,
                                     const struct vch_digest *root, uint64_t time_ms,
                                     const uint8_t *draft, size_t draft_size)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/refusal/v1");
    vch_transcript_absorb_digest(&transcript, "ledger", ledger);
    vch_transcript_absorb_u64(&transcript, "size", size);
    vch_transcript_absorb_digest(&transcript, "root", root);
    vch_transcript_absorb_u64(&transcript, "time", time_ms);
    vch_transcript_absorb(&transcript, "draft", draft, draft_size);
    return vch_transcript_final(&transcript);
}
