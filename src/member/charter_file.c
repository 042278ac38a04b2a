#include "member/charter_file.h"

#include "base/bytes.h"
#include "entry/entry.h"

enum { DECODE_MAX = 1 << 20 };

static vch_status check(const struct vch_entry *entry, const struct vch_public_key *founder,
                        struct vch_complaint *complaint)
{
    if (entry->kind != VCH_ENTRY_CHARTER || entry->time_ms != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "this is no charter file but another entry of a ledger");
    const struct vch_charter *charter = entry->charter;
    if (!vch_is_equal(&entry->writer, &charter->founder, sizeof entry->writer) ||
        !vch_is_ok(vch_entry_verify(entry, &charter->id)))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the charter is not signed by the founder that it names");
    if (founder != NULL && !vch_is_equal(founder, &charter->founder, sizeof *founder))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the charter of %s is signed by another founder than the one given",
                            charter->origin);
    return VCH_OK;
}

vch_status vch_charter_file_decode(struct vch_charter *out, const uint8_t *bytes, size_t size,
                                   const struct vch_public_key *founder,
                                   struct vch_complaint *complaint)
{
    struct vch_arena arena;
    struct vch_entry entry;

    vch_arena_init(&arena, DECODE_MAX);
    vch_status status = vch_entry_decode(&entry, bytes, size, &arena, complaint);
    if (vch_is_ok(status)) status = check(&entry, founder, complaint);
    if (vch_is_ok(status)) *out = *entry.charter;
    vch_arena_release(&arena);
    return status;
}

vch_status vch_charter_file_encode(uint8_t **out, size_t *size, struct vch_charter *charter,
                                   const struct vch_secret_key *founder, struct vch_arena *arena,
                                   struct vch_complaint *complaint)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_CHARTER, .number = 1, .charter = charter};
    uint8_t *bytes = NULL;
    size_t ignored = 0;

    if (!vch_is_equal(&charter->founder, &founder->public_key, sizeof charter->founder))
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "the charter names another founder than the key that signs it");
    VCH_TRY(vch_charter_encode(&bytes, &ignored, charter, arena, complaint)); // fills the id
    VCH_TRY(vch_entry_sign(&entry, &charter->id, founder, arena, complaint));
    return vch_entry_encode(out, size, &entry, arena, complaint);
}
