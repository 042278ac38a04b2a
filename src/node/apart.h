// Computing in another process: what its network process has in the place of an engine.
//
// One thread at a time executes (the worker's). Where the other process ends, the task in hand is
// refused and the next task finds a new one, VCH_APART_STARTS_MAX of them in VCH_APART_WINDOW_MS at
// most. One that hangs is ended: as it loads or takes a package, after its time; as it computes,
// once its task is not wanted any more, after its time to stop.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "confine/confine.h"
#include "node/engine.h"
#include "node/inference.h"
#include "node/metrics.h"

#define VCH_APART_STARTS_MAX 5u
#define VCH_APART_WINDOW_MS 60000u
#define VCH_APART_STOP_MS 60000u            // for one that was told to stop
#define VCH_APART_LOAD_MS 60000u            // to load, and so much more for each MiB:
#define VCH_APART_LOAD_MIB_MS 50u           // far slower than any disk and processor together
#define VCH_APART_HANGS_MAX 2u              // in a row: then none is started in VCH_APART_WINDOW_MS
#define VCH_APART_MODELS_MAX VCH_MODELS_MAX // added later

struct vch_apart;

// Starts the process, which begins to load. Call it before there are keys, threads and connections
// in this process: what is in its memory now is in the other's. `setup->shared` and `data_max` are
// filled here; what the setup points to must outlive `out`.
vch_status vch_apart_new(struct vch_apart **out, const struct vch_inference_setup *setup,
                         struct vch_complaint *complaint);

// Waits until it has loaded what the setup names: REFUSED, MALFORMED ... as vch_models_add.
vch_status vch_apart_wait(struct vch_apart *apart, struct vch_complaint *complaint);
uint64_t vch_apart_speed(const struct vch_apart *apart); // as vch_engine_speed; once it has loaded

// A vch_engine_executor; `context` is the apart. Signs with the engine's key, here.
void vch_apart_execute(void *context, const struct vch_engine *engine, struct vch_task *task);

// A model more, from any thread: `memory` is a memfd with the bytes of a package, sealed against
// writing, growing and shrinking; it is duplicated. The other process has it before the next task.
vch_status vch_apart_add(struct vch_apart *apart, int memory, size_t size,
                         struct vch_complaint *complaint);

// From any thread: what was granted to the process that runs, and what became of those before.
struct vch_confine_facts vch_apart_facts(struct vch_apart *apart);
void vch_apart_count(struct vch_apart *apart, struct vch_metrics *out);

void vch_apart_free(struct vch_apart *apart);
