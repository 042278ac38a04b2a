#include "import/lower_share.h"

#include <string.h>

// What was lowered before, newest first.
struct vch_lower_shared {
    const struct vch_lower_shared *older;
    const struct vch_layer *layer;
    struct vch_operator operator_;
    double scale_in, scale_out;
    enum vch_type type_in, type_out; // tables
};

static vch_status keep(struct vch_lower *at, const struct vch_lower_shared *what)
{
    struct vch_lower_shared *kept = VCH_ARENA_NEW(at->arena, struct vch_lower_shared, 1);

    if (kept == NULL) return VCH_FAIL(NO_MEMORY);
    *kept = *what;
    kept->layer = at->layer;
    kept->older = at->shared;
    at->shared = kept;
    return VCH_OK;
}

bool vch_lower_share_find_product(struct vch_operator *operator_, const struct vch_lower *at,
                                  double scale_in, double scale_out)
{
    const struct vch_lower_shared *found = at->layer->tie == 0 ? NULL : at->shared;

    while (
        found != NULL &&
        (found->operator_.kind != operator_->kind || found->layer->weights != at->layer->weights ||
         found->layer->bias != at->layer->bias || found->layer->channels != at->layer->channels ||
         vch_layers_fan_in(at->layers, found->layer) != vch_layers_fan_in(at->layers, at->layer) ||
         found->layer->lo != at->layer->lo || found->layer->hi != at->layer->hi ||
         found->scale_in != scale_in || found->scale_out != scale_out))
        found = found->older;
    if (found == NULL) return false;
    operator_->parameter_count = found->operator_.parameter_count;
    memcpy(operator_->parameters, found->operator_.parameters, sizeof operator_->parameters);
    operator_->scaling = found->operator_.scaling;
    operator_->bias_bound = found->operator_.bias_bound;
    return true;
}

vch_status vch_lower_share_keep_product(struct vch_lower *at, const struct vch_operator *operator_,
                                        double scale_in, double scale_out)
{
    return keep(at, &(struct vch_lower_shared){
                        .operator_ = *operator_, .scale_in = scale_in, .scale_out = scale_out});
}

static bool is_same_function(const struct vch_layer *a, const struct vch_layer *b)
{
    return a->composite == b->composite && a->function == b->function && a->alpha == b->alpha &&
           a->beta == b->beta && a->lo == b->lo && a->hi == b->hi;
}

bool vch_lower_share_find_table(struct vch_operator *operator_, const struct vch_lower *at,
                                enum vch_type type_in, double scale_in, enum vch_type type_out,
                                double scale_out)
{
    const struct vch_lower_shared *found = at->shared;

    while (found != NULL && (found->operator_.kind != VCH_OPERATOR_TABLE ||
                             !is_same_function(found->layer, at->layer) ||
                             found->type_in != type_in || found->type_out != type_out ||
                             found->scale_in != scale_in || found->scale_out != scale_out))
        found = found->older;
    if (found == NULL) return false;
    operator_->table = found->operator_.table;
    return true;
}

vch_status vch_lower_share_keep_table(struct vch_lower *at, const struct vch_operator *operator_,
                                      enum vch_type type_in, double scale_in,
                                      enum vch_type type_out, double scale_out)
{
    return keep(at, &(struct vch_lower_shared){.operator_ = *operator_,
                                               .type_in = type_in,
                                               .scale_in = scale_in,
                                               .type_out = type_out,
                                               .scale_out = scale_out});
}
