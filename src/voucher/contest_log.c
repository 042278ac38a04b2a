// Entries are nothing but bytes until the ledger's own log is seen to hold each of them. Whose log
// it is follows from its charter, which the founder of the voucher's registry has signed.
#include <inttypes.h>
#include <string.h>

#include "entry/charter_notes.h"
#include "tlog/inclusion.h"
#include "voucher/contest_parts.h"

static vch_status decode_entries(struct vch_contest_parts *contest)
{
    const struct vch_segment_agreement *agreement = contest->agreement;
    struct vch_entry *entries =
        VCH_ARENA_NEW(contest->scratch, struct vch_entry, agreement->leaf_count);

    if (entries == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < agreement->leaf_count; i++)
        VCH_TRY(vch_entry_decode(&entries[i], agreement->leaves[i].entry,
                                 agreement->leaves[i].entry_size, contest->scratch,
                                 contest->complaint));
    contest->entries = entries;
    contest->end = entries + agreement->leaf_count;
    return VCH_OK;
}

static vch_status find_charter(struct vch_contest_parts *contest)
{
    const struct vch_entry *first = contest->entries;
    const struct vch_public_key *founder = &contest->voucher->registry.founder;

    if (contest->agreement->leaves[0].position != 0 || first->kind != VCH_ENTRY_CHARTER)
        return vch_contest_parts_refuse(contest, "it does not begin with a charter");
    contest->charter = first->charter;
    if (!vch_is_equal(&contest->charter->founder, founder, sizeof *founder) ||
        !vch_contest_parts_is_by(first, founder))
        return vch_contest_parts_refuse(contest,
                                        "its charter is by another founder than the registry");
    return VCH_OK;
}

static vch_status open_checkpoint(const struct vch_contest_parts *contest,
                                  struct vch_checkpoint *checkpoint)
{
    const struct vch_segment_agreement *agreement = contest->agreement;
    struct vch_charter_notes *notes = VCH_ARENA_NEW(contest->scratch, struct vch_charter_notes, 1);
    const char *bytes = (const char *)agreement->checkpoint;
    struct vch_quorum_tally tally;
    struct vch_note note;

    if (notes == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_charter_notes_init(notes, contest->charter, contest->complaint));
    VCH_TRY(vch_checkpoint_open(checkpoint, &note, bytes, agreement->checkpoint_size, &notes->log,
                                contest->complaint));
    VCH_TRY(vch_quorum_verify(&tally, &note, &notes->quorum, contest->complaint));
    contest->out->cosigned = tally.counted;
    contest->out->witnesses = notes->quorum.count;
    contest->out->size = checkpoint->size;
    return VCH_OK;
}

static vch_status check_leaf(const struct vch_contest_parts *contest, const struct vch_entry *entry,
                             const struct vch_checkpoint *checkpoint)
{
    const struct vch_agreement_leaf *leaf = vch_contest_parts_leaf(contest, entry);
    struct vch_digest digest = vch_merkle_leaf(leaf->entry, leaf->entry_size);
    struct vch_tree_path path = {.count = leaf->path_count};

    if (leaf->path_count > VCH_TREE_PATH_MAX)
        return vch_contest_parts_refuse(contest, "a path is too long");
    memcpy(path.nodes, leaf->path, leaf->path_count * sizeof *leaf->path);
    if (!vch_is_ok(vch_inclusion_verify(&checkpoint->root, checkpoint->size, &digest,
                                        leaf->position, &path)))
        return vch_complain(contest->complaint, VCH_CODE_BAD_PROOF,
                            "the agreement on segment %u: position %" PRIu64
                            " of the log does not hold this entry",
                            contest->segment, leaf->position);
    if (!vch_is_ok(vch_entry_verify(entry, &contest->charter->id)))
        return vch_complain(contest->complaint, VCH_CODE_BAD_PROOF,
                            "the agreement on segment %u: the %s at position %" PRIu64
                            " is not signed by its writer",
                            contest->segment, vch_entry_kind_text(entry->kind), leaf->position);
    return VCH_OK;
}

vch_status vch_contest_parts_read_log(struct vch_contest_parts *contest)
{
    struct vch_checkpoint checkpoint;

    VCH_TRY(decode_entries(contest));
    VCH_TRY(find_charter(contest));
    VCH_TRY(open_checkpoint(contest, &checkpoint));
    if (contest->entries->time_ms == 0)
        return vch_contest_parts_refuse(contest, "its charter is a draft");
    for (const struct vch_entry *at = contest->entries; at < contest->end; at++) {
        VCH_TRY(check_leaf(contest, at, &checkpoint));
        if (at > contest->entries && at->time_ms < at[-1].time_ms)
            return vch_contest_parts_refuse(contest, "time runs backwards in it");
    }
    memcpy(contest->out->origin, contest->charter->origin, sizeof contest->out->origin);
    contest->out->ledger = contest->charter->id;
    return VCH_OK;
}
