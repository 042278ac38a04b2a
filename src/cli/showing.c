#include "cli/showing.h"

#include <string.h>

#include "base/bytes.h"
#include "cli/attest_collect.h"
#include "cli/image.h"
#include "host/random.h"

// By vch_collector_collect, which is any thread's to call.
static vch_status collect(void *context, const uint8_t binder[static VCH_BINDER_SIZE],
                          struct vch_cmw *evidence, struct vch_cmw *endorsements,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    return vch_collector_collect(context, binder, evidence, endorsements, arena, complaint);
}

// A collector wants a process of one thread when it starts.
static vch_status start_collector(struct vch_showing *out, struct vch_tool *tool, const char *text,
                                  const uint8_t *sealing_key)
{
    struct vch_collector_setup setup;
    unsigned threads = 0;

    VCH_TRY(vch_attest_collect_setup(&setup, tool, text));
    setup.sealing_key = sealing_key;
    vch_tool_end_threads(&threads, tool);
    VCH_TRY(vch_collector_start(&out->collector, &setup, &tool->complaint));
    return vch_tool_start_threads(tool, threads);
}

static void make_sealing_key(struct vch_hpke_secret *out)
{
    uint8_t seed[VCH_HPKE_SEED_SIZE];

    vch_random_bytes(seed, sizeof seed);
    vch_hpke_key(out, seed);
    vch_wipe(seed, sizeof seed);
}

vch_status vch_showing_start(struct vch_showing *out, struct vch_tool *tool,
                             const uint8_t *sealing_key)
{
    const char *text = vch_options_text(tool->options, "attest");

    *out = (struct vch_showing){0};
    if (text == NULL) return VCH_OK;
    VCH_TRY(start_collector(out, tool, text, sealing_key));
    out->is_set = true;
    out->setup = (struct vch_attester_setup){
        .kind = out->collector.kind, .collect = collect, .context = &out->collector};
    return vch_image_facts(&out->setup.facts, &tool->complaint);
}

void vch_showing_finish(struct vch_showing *showing, const struct vch_demands *demands,
                        uint32_t confinement, const uint8_t *sealing_key)
{
    if (demands->is_set) showing->setup.facts.policy = demands->rules.id;
    showing->setup.facts.confinement = confinement;
    if (sealing_key == NULL) {
        make_sealing_key(&showing->sealing);
        sealing_key = showing->sealing.public_key.bytes;
    }
    memcpy(showing->setup.sealing_key, sealing_key, sizeof showing->setup.sealing_key);
}

const struct vch_attester_setup *vch_showing_setup(const struct vch_showing *showing)
{
    return showing->is_set ? &showing->setup : NULL;
}

void vch_showing_stop(struct vch_showing *showing)
{
    if (showing->is_set) vch_collector_stop(&showing->collector);
    vch_wipe(&showing->sealing, sizeof showing->sealing);
    showing->is_set = false;
}
