#include "node/models.h"

#include <stdlib.h>
#include <string.h>

#include "model/tensor.h"

static struct vch_model *find(struct vch_models *models, const struct vch_digest *identity)
{
    for (uint32_t i = 0; i < models->count; i++)
        if (!models->models[i].is_past &&
            vch_hash_is_equal(&models->models[i].package.identity, identity))
            return &models->models[i];
    return NULL;
}

vch_status vch_models_add(struct vch_models *models, const uint8_t *bytes, size_t size,
                          struct vch_arena *arena, struct vch_workers *workers,
                          struct vch_complaint *complaint)
{
    struct vch_package package = {0};

    VCH_TRY(vch_package_decode(&package, bytes, size, arena, workers, complaint));
    struct vch_model *same = find(models, &package.identity);
    if (same != NULL) return vch_package_merge(&same->package, &package, arena, complaint);
    if (models->count == VCH_MODELS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a node holds at most %u models",
                            VCH_MODELS_MAX);
    models->models[models->count++].package = package;
    return VCH_OK;
}

// A range is worth offering when it holds parameters that not everyone has.
static void add_range(struct vch_model *model, uint32_t first, uint32_t last)
{
    if (vch_segment_parameter_size(model->package.graph, first, last) == 0) return;
    if (model->range_count == VCH_MODELS_RANGES_MAX) return;
    model->ranges[model->range_count++] = (struct vch_models_range){.first = first, .last = last};
}

// Joins neighbouring cuts for as long as everything between them is held.
static void find_ranges(struct vch_model *model)
{
    for (uint32_t i = 0; i + 1 < model->cut_count;) {
        uint32_t end = i;
        while (end + 1 < model->cut_count &&
               vch_segment_is_held(model->package.graph, model->cuts[end].position,
                                   model->cuts[end + 1].position))
            end++;
        if (end > i) add_range(model, model->cuts[i].position, model->cuts[end].position);
        i = end + 1 > i + 1 ? end : i + 1;
    }
}

static vch_status prepare_ranges(struct vch_model *model, const struct vch_kernels *kernels,
                                 bool is_planned, struct vch_arena *arena)
{
    for (uint32_t i = 0; i < model->range_count; i++) {
        struct vch_models_range *range = &model->ranges[i];
        VCH_TRY((is_planned ? vch_program_plan : vch_program_prepare)(
            &range->program, model->package.graph, range->first, range->last, 0, kernels, arena));
    }
    return VCH_OK;
}

vch_status vch_models_prepare(struct vch_model *model, const struct vch_kernels *kernels,
                              bool is_planned, struct vch_arena *arena,
                              struct vch_complaint *complaint)
{
    const struct vch_graph *graph = model->package.graph;

    model->cuts = VCH_ARENA_NEW(arena, struct vch_cut, graph->operator_count + 1);
    if (model->cuts == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_segment_cuts(model->cuts, &model->cut_count, graph, arena));
    find_ranges(model);
    if (model->range_count == 0)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "model \"%s\": the packages hold no parameters between two legal "
                            "cuts; give a segment made by `vouch split`",
                            graph->name);
    return prepare_ranges(model, kernels, is_planned, arena);
}

vch_status vch_models_settle(struct vch_models *models, const struct vch_kernels *kernels,
                             struct vch_arena *arena, struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < models->count; i++)
        VCH_TRY(
            vch_models_prepare(&models->models[i], kernels, models->is_planned, arena, complaint));
    return VCH_OK;
}

vch_status vch_models_adopt(struct vch_models *models, const struct vch_model *model,
                            struct vch_complaint *complaint)
{
    struct vch_model *same = find(models, &model->package.identity);

    if (models->count == VCH_MODELS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "a node holds at most %u models, those that others took the place of "
                            "included",
                            VCH_MODELS_MAX);
    models->models[models->count++] = *model;
    if (same != NULL) same->is_past = true;
    return VCH_OK;
}

const struct vch_program *vch_models_program(const struct vch_model *model, uint32_t first,
                                             uint32_t last)
{
    for (uint32_t i = 0; i < model->range_count; i++)
        if (model->ranges[i].first <= first && last <= model->ranges[i].last)
            return &model->ranges[i].program;
    return NULL;
}

const struct vch_model *vch_models_find(const struct vch_models *models,
                                        const struct vch_digest *identity)
{
    for (uint32_t i = 0; i < models->count; i++)
        if (!models->models[i].is_past &&
            vch_hash_is_equal(&models->models[i].package.identity, identity))
            return &models->models[i];
    return NULL;
}

const struct vch_cut *vch_models_cut_at(const struct vch_model *model, uint32_t position)
{
    for (uint32_t low = 0, high = model->cut_count; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        if (model->cuts[middle].position == position) return &model->cuts[middle];
        if (model->cuts[middle].position < position)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

size_t vch_models_cut_size(const struct vch_model *model, const struct vch_cut *cut, uint32_t batch)
{
    const struct vch_value *value = &model->package.graph->values[cut->value];
    const struct vch_tensor tensor = {.type = value->type, .shape = value->shape};

    return vch_tensor_size(&tensor) * batch; // below 2^31 * 2^12: shapes and batch are checked
}

bool vch_models_is_held(const struct vch_model *model, uint32_t first, uint32_t last)
{
    return vch_segment_is_held(model->package.graph, first, last);
}

static int compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, VCH_DIGEST_SIZE);
}

struct vch_digest vch_models_digest(const struct vch_models *models)
{
    struct vch_digest list[VCH_MODELS_MAX] = {0};
    struct vch_hash hash;
    uint32_t count = 0;

    for (uint32_t i = 0; i < models->count; i++)
        if (!models->models[i].is_past) list[count++] = models->models[i].package.identity;
    if (count <= 1) return list[0]; // zeroes: none
    // Ascending: the order of a node's packages does not matter.
    qsort(list, count, sizeof *list, compare_digests);
    vch_hash_init(&hash);
    for (uint32_t i = 0; i < count; i++)
        vch_hash_update(&hash, list[i].bytes, sizeof list[i].bytes);
    return vch_hash_final(&hash);
}
