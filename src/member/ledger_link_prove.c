// Proofs that entries are in the log, believed only under a checkpoint that the charter's witnesses
// stand behind.
#include <string.h>

#include "member/ledger_link_parts.h"
#include "message/message.h"
#include "tlog/inclusion.h"

enum { PROOF_MEMORY = 8 << 20 };

static bool are_positions(const uint64_t *positions, uint32_t count)
{
    for (uint32_t i = 1; i < count && i < VCH_LEDGER_LINK_POSITIONS_MAX; i++)
        if (positions[i] <= positions[i - 1]) return false;
    return count > 0 && count <= VCH_LEDGER_LINK_POSITIONS_MAX;
}

vch_status vch_ledger_link_prove(struct vch_ledger_link *link, const uint64_t *positions,
                                 uint32_t count, vch_ledger_link_on_proof answer, void *context)
{
    struct vch_ledger_link_request *request = NULL;

    if (!are_positions(positions, count)) return VCH_FAIL(USAGE);
    VCH_TRY(vch_ledger_link_parts_new_request(&request, link, VCH_LEDGER_LINK_PROVE, context));
    request->answer.proof = answer;
    request->count = count;
    request->positions = VCH_ARENA_NEW(&request->arena, uint64_t, count);
    if (request->positions != NULL)
        memcpy(request->positions, positions, count * sizeof *positions);
    return vch_ledger_link_parts_enqueue(link, request, request->positions != NULL);
}

vch_status vch_ledger_link_parts_send_prove(struct vch_ledger_link *link,
                                            const struct vch_ledger_link_request *request)
{
    Vouch__LedgerProve prove = VOUCH__LEDGER_PROVE__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    prove.id = request->id;
    prove.n_positions = request->count;
    prove.positions = request->positions;
    frame.body_case = VOUCH__FRAME__BODY_LEDGER_PROVE;
    frame.ledger_prove = &prove;
    return vch_stream_send(link->stream, &frame);
}

static vch_status check_path(struct vch_ledger_link_proven *out, const Vouch__LedgerPath *path,
                             uint64_t position, const struct vch_ledger_link_proof *proof)
{
    out->position = position;
    out->entry = path->entry.data;
    out->entry_size = path->entry.len;
    if (path->n_path > VCH_TREE_PATH_MAX) return VCH_FAIL(BAD_PROOF);
    out->path.count = (uint32_t)path->n_path;
    for (size_t i = 0; i < path->n_path; i++) {
        VCH_TRY(vch_message_copy(out->path.nodes[i].bytes, VCH_DIGEST_SIZE, &path->path[i],
                                 "node of a path", NULL));
    }
    struct vch_digest leaf = vch_merkle_leaf(out->entry, out->entry_size);
    return vch_inclusion_verify(&proof->root, proof->size, &leaf, position, &out->path);
}

static vch_status check_proof(struct vch_ledger_link *link, struct vch_ledger_link_proof *out,
                              const struct vch_ledger_link_request *request,
                              const Vouch__LedgerProof *proof, struct vch_arena *arena,
                              struct vch_complaint *complaint)
{
    struct vch_checkpoint checkpoint;
    struct vch_ledger_link_proven *entries =
        VCH_ARENA_NEW(arena, struct vch_ledger_link_proven, request->count);

    if (entries == NULL) return VCH_FAIL(NO_MEMORY);
    if (proof->n_paths != request->count)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "%zu proofs where %u were asked for",
                            proof->n_paths, request->count);
    out->checkpoint = (const char *)proof->checkpoint.data;
    out->checkpoint_size = proof->checkpoint.len;
    VCH_TRY(vch_quorum_open(&checkpoint, out->checkpoint, out->checkpoint_size, &link->notes.log,
                            &link->notes.quorum, complaint));
    out->size = checkpoint.size;
    out->root = checkpoint.root;
    out->count = request->count;
    out->entries = entries;
    for (uint32_t i = 0; i < request->count; i++)
        if (!vch_is_ok(check_path(&entries[i], proof->paths[i], request->positions[i], out)))
            return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                                "the ledger's proof of an entry does not verify under the "
                                "cosigned checkpoint");
    return VCH_OK;
}

static void answer(struct vch_ledger_link *link, struct vch_ledger_link_request *request,
                   const Vouch__LedgerProof *proof)
{
    struct vch_ledger_link_proof checked = {0};
    struct vch_complaint complaint = {""};
    struct vch_arena arena;

    vch_arena_init(&arena, PROOF_MEMORY);
    vch_status status = check_proof(link, &checked, request, proof, &arena, &complaint);
    if (vch_is_ok(status)) {
        vch_ledger_link_parts_take_out(link, request);
        request->answer.proof(request->context, VCH_OK, &checked, "");
        vch_ledger_link_parts_free_request(request);
    } else {
        vch_ledger_link_parts_fail(link, request, status, complaint.text);
    }
    vch_arena_release(&arena);
}

bool vch_ledger_link_parts_proof(struct vch_ledger_link *link, const Vouch__LedgerProof *proof)
{
    struct vch_ledger_link_request *request =
        vch_ledger_link_parts_find(link, proof->id, VCH_LEDGER_LINK_PROVE);

    if (request == NULL) return vch_ledger_link_parts_is_known(link, proof->id);
    if (proof->code != VCH_CODE_NONE)
        vch_ledger_link_parts_fail(link, request, vch_ledger_link_parts_status(proof->code),
                                   proof->text);
    else
        answer(link, request, proof);
    return true;
}
