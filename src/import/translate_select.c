// sum over k of x[k] * (index == k) is x[index]: exact whatever finite x is, and without products.
#include "import/translate_select.h"

#include "import/translate_build.h"
#include "import/translate_pick.h"
#include "import/translate_producer.h"

enum { CASTS_MAX = 4 }; // that may stand between

struct select {
    struct vch_translate *at;
    uint32_t x, index; // what is chosen from, and by what
    uint32_t depth;
};

// Values are the file's own here, so that nodes lead to them; this is what stands for one.
static uint32_t resolved(const struct vch_translate *at, uint32_t value)
{
    return value < at->alias_count ? at->alias[value] : value;
}

static bool is(const struct vch_network_node *node, const char *operator_)
{
    return node != NULL && vch_network_is(node, operator_);
}

// The OneHot of zeros and ones behind a value, or NULL.
static const struct vch_network_node *find_hot(const struct vch_translate *at, uint32_t value)
{
    const struct vch_network_node *node = vch_translate_producer_of(at, value);

    for (int i = 0; i < CASTS_MAX && is(node, "Cast") && node->input_count == 1; i++)
        node = vch_translate_producer_of(at, node->inputs[0]);
    if (!is(node, "OneHot") || node->input_count != 3) return NULL;
    uint32_t off_on = node->inputs[2];
    const struct vch_network_tensor *values =
        off_on == VCH_NONE ? NULL : at->network->values[resolved(at, off_on)].constant;
    if (values == NULL || values->count != 2) return NULL;
    bool is_zero_one = values->type == VCH_NETWORK_REAL
                           ? values->reals[0] == 0 && values->reals[1] == 1
                           : values->integers[0] == 0 && values->integers[1] == 1;
    return is_zero_one ? node : NULL;
}

// Whether x, beside a one-hot value of shape `hot`, has elements along `axis` alone, and all.
static bool is_along(const struct vch_network_shape *x, const struct vch_network_shape *hot,
                     uint32_t axis)
{
    if (x->rank + axis < hot->rank || x->rank > hot->rank) return false;
    return x->dims[x->rank + axis - hot->rank] == hot->dims[axis] &&
           vch_network_count(x) == hot->dims[axis];
}

static bool is_select(struct select *select, uint32_t axis)
{
    const struct vch_translate *at = select->at;
    const struct vch_network_node *product = NULL,
                                  *sum = vch_translate_producer_of(at, at->node.outputs[0]);

    if (sum != NULL) product = vch_translate_producer_of(at, sum->inputs[0]);
    if (!is(product, "Mul") || product->input_count != 2) return false;
    for (uint32_t i = 0; i < 2; i++) {
        const struct vch_network_node *hot = find_hot(at, product->inputs[i]);
        const struct vch_network_attribute *own =
            hot == NULL ? NULL : vch_network_find(hot, "axis");
        uint32_t mask = resolved(at, product->inputs[i]);
        if (hot == NULL) continue;
        const struct vch_network_shape *shape = vch_translate_shape_of(at, mask);
        int64_t along = own == NULL ? -1 : own->integer;
        if (along < 0) along += shape->rank;
        select->x = resolved(at, product->inputs[1 - i]);
        select->index = resolved(at, hot->inputs[0]);
        select->depth = shape->dims[axis];
        if (along == axis && at->network->values[mask].constant == NULL &&
            at->network->values[select->x].constant == NULL &&
            is_along(vch_translate_shape_of(at, select->x), shape, axis))
            return true;
    }
    return false;
}

// x once for indices from -depth on and once for those from 0 on, between zeros, which is what
// OneHot makes of all others: GATHER takes the nearest end.
static vch_status spread(const struct select *select, uint32_t *output)
{
    struct vch_translate *at = select->at;
    const struct vch_network_shape one = {.rank = 1, .dims = {1}};
    uint32_t parts[4] = {VCH_NONE, VCH_NONE, VCH_NONE, VCH_NONE};

    VCH_TRY(vch_translate_pick_filled(at, &one, at->network->values[select->x].type, 0, &parts[0]));
    VCH_TRY(vch_translate_pick_flatten(at, select->x, &parts[1]));
    parts[2] = parts[1];
    parts[3] = parts[0];
    return vch_translate_pick_join(at, parts, 4, 0, output);
}

vch_status vch_translate_select_match(bool *is_done, struct vch_translate *at, uint32_t axis,
                                      const struct vch_network_shape *result)
{
    struct select select = {.at = at};
    uint32_t list = VCH_NONE, rows = VCH_NONE, chosen = VCH_NONE, output = at->node.outputs[0];

    VCH_TRY(vch_translate_producer_find(at));
    *is_done = is_select(&select, axis);
    if (!*is_done) return VCH_OK;
    VCH_TRY(spread(&select, &list));
    VCH_TRY(vch_translate_build_scaled(at, select.index, 1, select.depth + 1, &rows));
    VCH_TRY(vch_translate_pick_by(at, list, rows, 0, &chosen));
    return vch_translate_reshape_to(at, chosen, result, &output);
}
