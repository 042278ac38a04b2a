// The models that a node holds, whole or in segments.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "model/graph.h"
#include "model/package.h"
#include "model/program.h"
#include "model/segment.h"

#define VCH_MODELS_MAX 16u
#define VCH_MODELS_RANGES_MAX 64u // held ranges of one model

struct vch_models_range {
    uint32_t first, last;       // operators, both ends legal cuts
    struct vch_program program; // that runs all of it, or any part; or its plan
};

struct vch_model {
    struct vch_package package;
    uint32_t cut_count, range_count;
    struct vch_cut *cuts;                                  // all legal ones, ascending
    struct vch_models_range ranges[VCH_MODELS_RANGES_MAX]; // maximal, ascending
    bool is_past; // another of this identity holds more; tasks that began on this one end on it
};

struct vch_models {
    bool is_planned; // another process runs the programs: here are plans, which have their sizes
    uint32_t count;
    struct vch_model models[VCH_MODELS_MAX];
};

// Decodes a package and adds it; segments of one model come together. `bytes` must outlive the
// models (see vch_package_decode). Memory comes from the arena.
vch_status vch_models_add(struct vch_models *models, const uint8_t *bytes, size_t size,
                          struct vch_arena *arena, struct vch_workers *workers,
                          struct vch_complaint *complaint);

// Works out cuts and held ranges and prepares programs for the level of `kernels`, once every
// package is added. UNSUPPORTED when a model holds no range that could be run.
vch_status vch_models_settle(struct vch_models *models, const struct vch_kernels *kernels,
                             struct vch_arena *arena, struct vch_complaint *complaint);

// The same for one model, whose package was decoded.
vch_status vch_models_prepare(struct vch_model *model, const struct vch_kernels *kernels,
                              bool is_planned, struct vch_arena *arena,
                              struct vch_complaint *complaint);

// Serves a model that was prepared apart, while others are served already; it takes the place of
// one of the same identity, whose parameters it holds besides its own. LIMIT.
vch_status vch_models_adopt(struct vch_models *models, const struct vch_model *model,
                            struct vch_complaint *complaint);

// What a node's statement says that it serves (specs/attest.md, section 4).
struct vch_digest vch_models_digest(const struct vch_models *models);

const struct vch_model *vch_models_find(const struct vch_models *models,
                                        const struct vch_digest *identity);
// The program whose range holds operators [first, last), or NULL.
const struct vch_program *vch_models_program(const struct vch_model *model, uint32_t first,
                                             uint32_t last);
// The legal cut at a position, or NULL.
const struct vch_cut *vch_models_cut_at(const struct vch_model *model, uint32_t position);
// Bytes of so many samples there.
size_t vch_models_cut_size(const struct vch_model *model, const struct vch_cut *cut,
                           uint32_t batch);
bool vch_models_is_held(const struct vch_model *model, uint32_t first, uint32_t last);
