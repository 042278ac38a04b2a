#include "collect/collector.h"

#include <string.h>

enum { TIMEOUT_MS = 20000 };

vch_status vch_collector_read(struct vch_collector_setup *out, const char *text,
                              struct vch_complaint *complaint)
{
    if (strcmp(text, "none") != 0)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "\"%.40s\" collects nothing: this program knows \"none\"", text);
    *out = (struct vch_collector_setup){.source = VCH_COLLECTOR_NONE, .timeout_ms = TIMEOUT_MS};
    return VCH_OK;
}

vch_status vch_collector_start(struct vch_collector *out, const struct vch_collector_setup *setup,
                               struct vch_complaint *complaint)
{
    *out = (struct vch_collector){.kind = VCH_BINDER_NONE, .keeper = {.channel = -1}};
    if (setup->source != VCH_COLLECTOR_NONE)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "this program collects no evidence from hardware");
    return VCH_OK;
}

vch_status vch_collector_collect(struct vch_collector *collector,
                                 const uint8_t binder[static VCH_BINDER_SIZE],
                                 struct vch_cmw *evidence, struct vch_cmw *endorsements,
                                 struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_binder block;

    (void)arena;
    VCH_TRY(vch_binder_decode(&block, binder, VCH_BINDER_SIZE, complaint));
    if (block.kind != collector->kind)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "the block is of kind %d, and this collector's of kind %d", block.kind,
                            collector->kind);
    evidence->count = 0;
    endorsements->count = 0;
    return VCH_OK;
}

void vch_collector_stop(struct vch_collector *collector)
{
    (void)collector;
}
