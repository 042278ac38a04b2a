#include "tlog/quorum.h"

#include <string.h>

#include "base/bytes.h"
#include "tlog/cosignature.h"

uint32_t vch_quorum_needed(uint32_t count)
{
    uint32_t liars = count > 0 ? (count - 1) / 3 : 0;
    return (count + liars) / 2 + 1;
}

static vch_status check_witness(const struct vch_quorum *quorum, uint32_t index,
                                struct vch_complaint *complaint)
{
    const struct vch_vkey *witness = &quorum->witnesses[index];

    if (witness->type != VCH_VKEY_COSIGNATURE)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "the key of witness %s is not one of cosignatures (type 0x04)",
                            witness->name);
    for (uint32_t i = 0; i < index; i++) {
        const struct vch_vkey *other = &quorum->witnesses[i];
        // A cosignature does not cover the witness's name, so that one key is one witness.
        if (strcmp(witness->name, other->name) == 0 ||
            vch_is_equal(witness->key.bytes, other->key.bytes, VCH_SIGN_PUBLIC_SIZE))
            return vch_complain(complaint, VCH_CODE_USAGE,
                                "witnesses %s and %s share a name or a key: each counts once",
                                other->name, witness->name);
    }
    return VCH_OK;
}

vch_status vch_quorum_check(const struct vch_quorum *quorum, struct vch_complaint *complaint)
{
    if (quorum->count == 0 || quorum->count > VCH_QUORUM_WITNESSES_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE, "expected 1 to %u witnesses, found %u",
                            VCH_QUORUM_WITNESSES_MAX, quorum->count);
    for (uint32_t i = 0; i < quorum->count; i++)
        VCH_TRY(check_witness(quorum, i, complaint));
    return VCH_OK;
}

vch_status vch_quorum_verify(struct vch_quorum_tally *out, const struct vch_note *note,
                             const struct vch_quorum *quorum, struct vch_complaint *complaint)
{
    *out = (struct vch_quorum_tally){.needed = vch_quorum_needed(quorum->count)};
    VCH_TRY(vch_quorum_check(quorum, complaint));
    for (uint32_t i = 0; i < quorum->count; i++)
        out->counted += vch_is_ok(vch_cosignature_verify(NULL, note, &quorum->witnesses[i]));
    if (out->counted < out->needed)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "%u of %u witnesses cosigned the checkpoint, and %u are needed",
                            out->counted, quorum->count, out->needed);
    return VCH_OK;
}

vch_status vch_quorum_open(struct vch_checkpoint *out, const char *bytes, size_t size,
                           const struct vch_vkey *log, const struct vch_quorum *quorum,
                           struct vch_complaint *complaint)
{
    struct vch_note note;
    struct vch_quorum_tally tally;

    VCH_TRY(vch_checkpoint_open(out, &note, bytes, size, log, complaint));
    return vch_quorum_verify(&tally, &note, quorum, complaint);
}
