// Operators, the largest of a manifest's messages.
#include <string.h>

#include "model/manifest.h"
#include "model/manifest_reader.h"

// A list into a fixed array of 32-bit numbers.
static vch_status read_list(void *out, uint32_t *count, uint32_t capacity,
                            struct vch_canonical *message, uint32_t field,
                            struct vch_manifest_reader *at)
{
    const uint32_t *items = vch_manifest_reader_numbers(count, message, field, at);

    if (*count > capacity)
        return vch_manifest_reader_refuse(at, "a list of an operator is too long");
    if (*count > 0) memcpy(out, items, *count * sizeof *items);
    return VCH_OK;
}

// The zeros at its end are not written.
static vch_status read_trimmed(uint32_t *out, struct vch_canonical *message, uint32_t field,
                               struct vch_manifest_reader *at)
{
    uint32_t count = 0;

    VCH_TRY(read_list(out, &count, VCH_RANK_MAX, message, field, at));
    if (count > 0 && out[count - 1] == 0) at->is_bad = true;
    return VCH_OK;
}

static vch_status read_trimmed_integers(int32_t *out, struct vch_canonical *message, uint32_t field,
                                        struct vch_manifest_reader *at)
{
    uint32_t count = 0;
    const int32_t *items = vch_manifest_reader_integers(&count, message, field, at);

    if (count > VCH_RANK_MAX)
        return vch_manifest_reader_refuse(at, "a list of an operator is too long");
    if (count > 0) memcpy(out, items, count * sizeof *items);
    if (count > 0 && out[count - 1] == 0) at->is_bad = true;
    return VCH_OK;
}

static vch_status read_scaling(struct vch_operator *out, struct vch_canonical *message,
                               uint32_t field, struct vch_manifest_reader *at)
{
    struct vch_scaling *scaling = &out->scaling;
    struct vch_canonical inside;
    uint32_t shift_count = 0;

    if (!vch_canonical_bytes(&inside, message, field)) return VCH_OK;
    scaling->multipliers = vch_manifest_reader_integers(&scaling->count, &inside, 1, at);
    scaling->shifts = vch_manifest_reader_numbers(&shift_count, &inside, 2, at);
    if (shift_count != vch_manifest_shift_count(out->kind, scaling->count))
        return vch_manifest_reader_refuse(
            at, "the shifts of an operator do not go with its multipliers");
    scaling->lo = vch_canonical_s64(&inside, 3);
    scaling->hi = vch_canonical_s64(&inside, 4);
    vch_canonical_end(&inside);
    return VCH_OK;
}

static vch_status read_window(struct vch_window *out, struct vch_canonical *message, uint32_t field,
                              struct vch_manifest_reader *at)
{
    uint32_t *const pairs[] = {out->kernel, out->stride, out->dilation, out->pad_begin,
                               out->pad_end};
    struct vch_canonical inside;
    uint32_t any = 0, count = 0;

    if (!vch_canonical_bytes(&inside, message, field)) return VCH_OK;
    for (uint32_t i = 0; i < 5; i++) {
        VCH_TRY(read_list(pairs[i], &count, 2, &inside, i + 1, at));
        if (count != 2) return vch_manifest_reader_refuse(at, "a window does not have two axes");
        any |= pairs[i][0] | pairs[i][1];
    }
    out->groups = vch_canonical_u32(&inside, 6);
    out->count_includes_pad = vch_canonical_bool(&inside, 7);
    if ((any | out->groups) == 0 && !out->count_includes_pad) at->is_bad = true;
    vch_canonical_end(&inside);
    return VCH_OK;
}

static void read_norm(struct vch_norm *out, struct vch_canonical *message, uint32_t field)
{
    struct vch_canonical inside;

    if (!vch_canonical_bytes(&inside, message, field)) return;
    out->is_centred = vch_canonical_bool(&inside, 1);
    out->root_shift = vch_canonical_u32(&inside, 2);
    out->epsilon = vch_canonical_u64(&inside, 3);
    out->factor = vch_canonical_u64(&inside, 4);
    vch_canonical_end(&inside);
}

static vch_status read_operands(struct vch_operator *out, struct vch_canonical *message,
                                struct vch_manifest_reader *at)
{
    const uint32_t kind = vch_canonical_u32(message, 1);

    if (kind >= VCH_OPERATOR_COUNT && !at->is_bad)
        return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED,
                            "manifest: operator kind %u is unknown to this version", kind);
    out->kind = (enum vch_operator_kind)kind;
    VCH_TRY(vch_manifest_reader_name(&out->name, message, 2, at));
    out->inputs = vch_manifest_reader_numbers(&out->input_count, message, 3, at);
    if (out->input_count > VCH_GRAPH_OPERANDS_MAX)
        return vch_manifest_reader_refuse(at, "an operator has too many inputs");
    out->output = vch_canonical_u32(message, 4);
    return read_list(out->parameters, &out->parameter_count, 4, message, 5, at);
}

vch_status vch_manifest_reader_operator(void *item, struct vch_canonical *message,
                                        struct vch_manifest_reader *at)
{
    struct vch_operator *out = item;
    VCH_TRY(read_operands(out, message, at));
    VCH_TRY(read_scaling(out, message, 6, at));
    VCH_TRY(read_window(&out->window, message, 7, at));
    out->table = vch_canonical_u32(message, 8) - 1; // 0 wraps to VCH_NONE
    out->axis = vch_canonical_u32(message, 9);
    VCH_TRY(read_trimmed(out->order, message, 10, at));
    VCH_TRY(read_trimmed_integers(out->begin, message, 11, at));
    VCH_TRY(read_trimmed_integers(out->end, message, 12, at));
    VCH_TRY(read_trimmed_integers(out->step, message, 13, at));
    out->fill = vch_canonical_s64(message, 14);
    out->depth_max = vch_canonical_u32(message, 15);
    out->public_bound = vch_canonical_u64(message, 16);
    out->bias_bound = vch_canonical_u64(message, 17);
    read_norm(&out->norm, message, 18);
    out->rounding = (enum vch_rounding)vch_canonical_u32(message, 19);
    return VCH_OK;
}
