// Rotary position embedding: pairs of numbers turned by an angle that their position gives.
#include <string.h>

#include "import/translate_build.h"
#include "import/translate_pick.h"

struct rotary {
    uint32_t x;                            // (B, L, heads, width) or (B, heads, L, width)
    uint32_t batch, length, width, turned; // `turned` numbers of each head's `width`
    bool is_flat;                          // (B, L, heads * width)
    bool is_interleaved;                   // pairs are neighbours, not halves
};

static vch_status read_rotary(struct rotary *r, struct vch_translate *at)
{
    int64_t heads = 0, turned = 0, interleaved = 0;
    uint32_t split = VCH_NONE;

    VCH_TRY(vch_translate_operand(&r->x, at, 0));
    VCH_TRY(vch_network_integer(&heads, &at->node, "num_heads", 0, at->complaint));
    VCH_TRY(vch_network_integer(&turned, &at->node, "rotary_embedding_dim", 0, at->complaint));
    VCH_TRY(vch_network_integer(&interleaved, &at->node, "interleaved", 0, at->complaint));
    const struct vch_network_shape whole = *vch_translate_shape_of(at, r->x);
    r->is_interleaved = interleaved != 0;
    r->is_flat = whole.rank == 3;
    if (whole.rank != 3 && whole.rank != 4)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its operand has %u dimensions",
                                    whole.rank);
    r->batch = whole.dims[0];
    r->length = whole.dims[r->is_flat ? 1 : 2];
    r->width = whole.dims[whole.rank - 1];
    if (r->is_flat) {
        if (heads < 1 || heads > r->width || r->width % heads != 0)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%lld heads of %u numbers",
                                        (long long)heads, r->width);
        r->width /= (uint32_t)heads;
        const struct vch_network_shape shape = {
            .rank = 4, .dims = {r->batch, r->length, (uint32_t)heads, r->width}};
        VCH_TRY(vch_translate_reshape_to(at, r->x, &shape, &split));
        r->x = split;
    }
    if (turned == 0) turned = r->width;
    if (turned < 2 || turned > r->width || turned % 2 != 0)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%lld of %u numbers to turn",
                                    (long long)turned, r->width);
    r->turned = (uint32_t)turned;
    return VCH_OK;
}

// The cosines (operand 1) or sines (operand 2) of each position, to go with x.
static vch_status read_angles(const struct rotary *r, struct vch_translate *at, uint32_t i,
                              uint32_t *output)
{
    struct vch_network_shape shape = {.rank = 4, .dims = {r->batch, 1, r->length, r->turned / 2}};
    uint32_t cache = 0, picked = VCH_NONE;

    VCH_TRY(vch_translate_operand(&cache, at, i));
    if (vch_translate_has(at, 3)) {
        VCH_TRY(vch_translate_pick_by(at, cache, at->node.inputs[3], 0, &picked));
        cache = picked;
    }
    const struct vch_network_shape *angles = vch_translate_shape_of(at, cache);
    if (angles->rank > 0 && angles->dims[angles->rank - 1] > r->turned / 2) { // only the first
        picked = VCH_NONE;
        VCH_TRY(
            vch_translate_build_slice(at, cache, angles->rank - 1, 0, 1, r->turned / 2, &picked));
        cache = picked;
    }
    if (vch_network_count(vch_translate_shape_of(at, cache)) != vch_network_count(&shape))
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "operand %u does not have %u angles for each of %u positions",
                                    i, r->turned / 2, r->length);
    if (r->is_flat) {
        shape.dims[1] = r->length;
        shape.dims[2] = 1;
    }
    return vch_translate_reshape_to(at, cache, &shape, output);
}

// first * cos - second * sin, or first * sin + second * cos.
static vch_status turn(struct vch_translate *at, const uint32_t parts[2], uint32_t with_first,
                       uint32_t with_second, double sign, uint32_t *output)
{
    uint32_t products[2] = {VCH_NONE, VCH_NONE};

    VCH_TRY(vch_translate_build_product(at, parts[0], with_first, &products[0]));
    VCH_TRY(vch_translate_build_product(at, parts[1], with_second, &products[1]));
    return vch_translate_build_sum(at, products[0], products[1], sign, output);
}

static vch_status join(const struct rotary *r, struct vch_translate *at, uint32_t *parts,
                       uint32_t *output)
{
    struct vch_network_shape whole = *vch_translate_shape_of(at, parts[0]), pair = whole;
    uint32_t joined = VCH_NONE;

    if (!r->is_interleaved) return vch_translate_build_concat(at, parts, 2, 3, output);
    pair.dims[pair.rank++] = 1;
    whole.dims[3] *= 2;
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t single = VCH_NONE;
        VCH_TRY(vch_translate_reshape_to(at, parts[i], &pair, &single));
        parts[i] = single;
    }
    VCH_TRY(vch_translate_build_concat(at, parts, 2, 4, &joined));
    return vch_translate_reshape_to(at, joined, &whole, output);
}

vch_status vch_translate_rotary_embedding(struct vch_translate *at)
{
    struct rotary r = {.x = 0};
    uint32_t cosines = VCH_NONE, sines = VCH_NONE, parts[2] = {VCH_NONE, VCH_NONE};
    uint32_t turned[3] = {VCH_NONE, VCH_NONE, VCH_NONE}, output = at->node.outputs[0];

    VCH_TRY(read_rotary(&r, at));
    VCH_TRY(read_angles(&r, at, 1, &cosines));
    VCH_TRY(read_angles(&r, at, 2, &sines));
    uint32_t half = r.turned / 2;
    for (uint32_t i = 0; i < 2; i++)
        VCH_TRY(vch_translate_build_slice(at, r.x, 3, r.is_interleaved ? i : i * half,
                                          r.is_interleaved ? 2 : 1, half, &parts[i]));
    VCH_TRY(turn(at, parts, cosines, sines, -1, &turned[0]));
    VCH_TRY(turn(at, parts, sines, cosines, 1, &turned[1]));
    uint32_t whole[2] = {VCH_NONE, VCH_NONE}, count = 1, joined = VCH_NONE;
    VCH_TRY(join(&r, at, turned, &whole[0]));
    if (r.turned < r.width)
        VCH_TRY(vch_translate_build_slice(at, r.x, 3, r.turned, 1, r.width - r.turned,
                                          &whole[count++]));
    VCH_TRY(vch_translate_build_concat(at, whole, count, 3, &joined));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, at->node.inputs[0]);
    return vch_translate_reshape_to(at, joined, &shape, &output);
}
