#include "voucher/agreement.h"

#include <inttypes.h>
#include <string.h>

#include "message/message.h"

enum {
    ENTRY_SIZE_MAX = 65535, // specs/ledger.md, section 2
    LEAF_PATH_MAX = 63,
};

vch_status vch_agreement_check(const struct vch_segment_agreement *agreement, uint32_t segment,
                               struct vch_complaint *complaint)
{
    if (agreement == NULL) return VCH_OK;
    if (agreement->checkpoint_size == 0 || agreement->checkpoint_size > VCH_VOUCHER_CHECKPOINT_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the agreement on segment %u has a checkpoint of %zu bytes, not 1 to "
                            "%u",
                            segment, agreement->checkpoint_size, VCH_VOUCHER_CHECKPOINT_MAX);
    if (agreement->leaf_count == 0 || agreement->leaf_count > VCH_VOUCHER_LEAVES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the agreement on segment %u has %u leaves, not 1 to %u", segment,
                            agreement->leaf_count, VCH_VOUCHER_LEAVES_MAX);
    for (uint32_t i = 0; i < agreement->leaf_count; i++) {
        const struct vch_agreement_leaf *leaf = &agreement->leaves[i];
        if (i > 0 && leaf->position <= leaf[-1].position)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "the leaves of the agreement on segment %u are not in ascending "
                                "order at position %" PRIu64,
                                segment, leaf->position);
        if (leaf->entry_size == 0 || leaf->entry_size > ENTRY_SIZE_MAX ||
            leaf->path_count > LEAF_PATH_MAX)
            return vch_complain(complaint, VCH_CODE_LIMIT,
                                "the leaf at position %" PRIu64 " has an entry of %zu bytes and a "
                                "path of %u digests, not 1 to %d and at most %d",
                                leaf->position, leaf->entry_size, leaf->path_count, ENTRY_SIZE_MAX,
                                LEAF_PATH_MAX);
    }
    return VCH_OK;
}

static vch_status fill_path(Vouch__AgreementLeaf *message, const struct vch_agreement_leaf *leaf,
                            struct vch_arena *arena)
{
    ProtobufCBinaryData *path = VCH_ARENA_NEW(arena, ProtobufCBinaryData, leaf->path_count);

    if (path == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < leaf->path_count; i++)
        path[i] = vch_message_borrow(leaf->path[i].bytes, VCH_DIGEST_SIZE);
    message->n_path = leaf->path_count;
    message->path = path;
    return VCH_OK;
}

vch_status vch_agreement_fill(Vouch__Agreement **out, const struct vch_segment_agreement *agreement,
                              struct vch_arena *arena)
{
    *out = NULL;
    if (agreement == NULL) return VCH_OK;
    uint32_t count = agreement->leaf_count;
    Vouch__Agreement *message = VCH_ARENA_NEW(arena, Vouch__Agreement, 1);
    Vouch__AgreementLeaf *leaves = VCH_ARENA_NEW(arena, Vouch__AgreementLeaf, count);
    Vouch__AgreementLeaf **list = VCH_ARENA_NEW(arena, Vouch__AgreementLeaf *, count);

    if (message == NULL || leaves == NULL || list == NULL) return VCH_FAIL(NO_MEMORY);
    vouch__agreement__init(message);
    message->checkpoint = vch_message_borrow(agreement->checkpoint, agreement->checkpoint_size);
    for (uint32_t i = 0; i < count; i++) {
        const struct vch_agreement_leaf *leaf = &agreement->leaves[i];
        vouch__agreement_leaf__init(&leaves[i]);
        leaves[i].position = leaf->position;
        leaves[i].entry = vch_message_borrow(leaf->entry, leaf->entry_size);
        VCH_TRY(fill_path(&leaves[i], leaf, arena));
        list[i] = &leaves[i];
    }
    message->n_leaves = count;
    message->leaves = list;
    *out = message;
    return VCH_OK;
}

static vch_status copy_leaf(struct vch_agreement_leaf *out, const Vouch__AgreementLeaf *from,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    if (from->n_path > LEAF_PATH_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "an inclusion proof of %zu digests; at most %d are possible",
                            from->n_path, LEAF_PATH_MAX);
    struct vch_digest *path = VCH_ARENA_NEW(arena, struct vch_digest, from->n_path);
    if (path == NULL) return vch_message_no_room("voucher", arena, complaint);
    for (size_t i = 0; i < from->n_path; i++)
        VCH_TRY(vch_message_copy(path[i].bytes, sizeof path[i].bytes, &from->path[i],
                                 "digest of an inclusion proof", complaint));
    *out = (struct vch_agreement_leaf){.position = from->position,
                                       .entry = from->entry.data,
                                       .entry_size = from->entry.len,
                                       .path_count = (uint32_t)from->n_path,
                                       .path = path};
    return VCH_OK;
}

vch_status vch_agreement_copy(const struct vch_segment_agreement **out,
                              const Vouch__Agreement *message, uint32_t segment,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    *out = NULL;
    if (message == NULL) return VCH_OK;
    if (message->n_leaves > VCH_VOUCHER_LEAVES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the agreement on segment %u has %zu leaves, not at most %u", segment,
                            message->n_leaves, VCH_VOUCHER_LEAVES_MAX);
    struct vch_segment_agreement *agreement = VCH_ARENA_NEW(arena, struct vch_segment_agreement, 1);
    struct vch_agreement_leaf *leaves =
        VCH_ARENA_NEW(arena, struct vch_agreement_leaf, message->n_leaves);
    if (agreement == NULL || leaves == NULL)
        return vch_message_no_room("voucher", arena, complaint);
    for (size_t i = 0; i < message->n_leaves; i++)
        VCH_TRY(copy_leaf(&leaves[i], message->leaves[i], arena, complaint));
    *agreement = (struct vch_segment_agreement){.checkpoint = message->checkpoint.data,
                                                .checkpoint_size = message->checkpoint.len,
                                                .leaf_count = (uint32_t)message->n_leaves,
                                                .leaves = leaves};
    *out = agreement;
    return VCH_OK;
}
