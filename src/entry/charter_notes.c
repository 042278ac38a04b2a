#include "entry/charter_notes.h"

vch_status vch_charter_notes_init(struct vch_charter_notes *out, const struct vch_charter *charter,
                                  struct vch_complaint *complaint)
{
    *out = (struct vch_charter_notes){0};
    VCH_TRY(
        vch_vkey_init(&out->log, charter->origin, VCH_VKEY_ED25519, &charter->clerk, complaint));
    for (uint32_t i = 0; i < charter->witness_count; i++)
        VCH_TRY(vch_vkey_init(&out->witnesses[i], charter->witnesses[i].name, VCH_VKEY_COSIGNATURE,
                              &charter->witnesses[i].key, complaint));
    out->quorum = (struct vch_quorum){out->witnesses, charter->witness_count};
    return vch_quorum_check(&out->quorum, complaint);
}
