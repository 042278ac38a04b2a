// An annex for the node of harness/session.h, whose owner the node itself is.
#pragma once

#include "annex/annex_prove.h"
#include "base/check.h"
#include "harness/session.h"

enum { SESSION_COLUMNS = 9 };

static inline vch_status session_read(void *context, uint8_t seed[static VCH_ANNEX_SEED_SIZE],
                                      struct vch_complaint *complaint)
{
    const struct session_fixture *f = context;

    (void)complaint;
    memcpy(seed, f->annex_seed, VCH_ANNEX_SEED_SIZE);
    return VCH_OK;
}

static inline vch_status session_take(void *context, struct vch_complaint *complaint)
{
    struct session_fixture *f = context;

    if (f->openings_left == 0)
        return vch_complain(complaint, VCH_CODE_REFUSED, "no opening of the annex is left");
    f->openings_left--;
    return VCH_OK;
}

// Made once: every fixture has the same model and the same keys.
static inline struct vch_annex_source session_annex(const struct session_fixture *f)
{
    static struct vch_arena arena;
    static struct vch_annex_source source;
    struct vch_annex_order order = {.model = {.graph = &f->graph,
                                              .identity = f->models.models[0].package.identity,
                                              .log_columns = SESSION_COLUMNS},
                                    .level = VCH_CPU_PORTABLE};
    struct vch_complaint complaint = {0};
    uint8_t *bytes = NULL;

    if (source.bytes != NULL) return source;
    vch_arena_init(&arena, 1 << 26);
    memcpy(order.seed, f->annex_seed, sizeof order.seed);
    VCH_ASSERT(vch_is_ok(
        vch_annex_prove(&bytes, &source.size, &order, 0, &f->node_key, &arena, &complaint)));
    source.bytes = bytes;
    return source;
}

static inline void session_add_annex(struct session_fixture *f, uint32_t openings)
{
    struct vch_complaint complaint = {0};

    memset(f->annex_seed, 9, sizeof f->annex_seed);
    struct vch_annex_source source = session_annex(f);
    source.context = f;
    source.read = session_read;
    source.take = session_take;
    f->models.models[0].package.owner = f->node_key.public_key;
    f->openings_left = openings;
    f->provers.memory = SESSION_MEMORY_MAX;
    VCH_ASSERT(vch_is_ok(vch_provers_add(&f->provers, &f->models, &source, &f->arena, &complaint)));
}
