// The process that computes, from inside: holds packages and annexes, takes orders (node/order.h),
// signs nothing and keeps nothing. Who orders is node/apart.h.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "node/node.h"
#include "node/order.h"

// What both processes see: texts, then tensors. Each copies before it looks.
struct vch_inference_shared {
    atomic_bool stop; // the order in hand is not wanted any more
    _Alignas(64) uint8_t text[VCH_ORDER_SIZE_MAX];
    _Alignas(64) uint8_t data[]; // vch_inference_setup.data_max bytes
};

//   X(NAME, by whom): a word on the channel; what goes with it lies in `text`
#define VCH_INFERENCE_WORDS(X) \
    X(READY, "computes") \
    X(ORDER, "orders") \
    X(ANSWER, "computes") \
    X(SEED, "computes")    /* of an annex, asked for */ \
    X(OPENING, "computes") /* likewise */ \
    X(GRANT, "orders")     /* what was asked for */ \
    X(MODEL, "orders")     /* a descriptor goes with it: a package */ \
    X(TAKEN, "computes")   /* that package, or why not */

enum vch_inference_kind {
#define X(name, by) VCH_INFERENCE_##name,
    VCH_INFERENCE_WORDS(X)
#undef X
};

struct vch_inference_word {
    uint32_t kind, index; // index: of an annex
    uint64_t size;        // of what is in `text`, or of a package
};

// In `text` with READY, TAKEN and GRANT.
struct vch_inference_report {
    vch_status status;
    struct vch_complaint complaint;
    uint64_t speed;                    // READY
    uint8_t seed[VCH_ANNEX_SEED_SIZE]; // GRANT
};

struct vch_inference_setup {
    const struct vch_node_package *packages;
    uint32_t package_count;
    const struct vch_annex_source *annexes; // for their bytes alone
    uint32_t annex_count;
    const struct vch_kernels *kernels;
    unsigned threads; // 0: one per processor
    size_t memory_max, prove_memory_max, data_max;
    uint64_t later_max; // bytes of the packages that may come later
    // How long one may take to stop when it is told to, to load what is named here, and to take one
    // package that comes later; 0: VCH_APART_STOP_MS, and VCH_APART_LOAD_MS or more by size.
    uint32_t stop_ms, load_ms, take_ms;
    struct vch_inference_shared *shared;
    vch_engine_executor execute; // for tests: what computes there; NULL in earnest
    void *execute_context;
    void (*before_report)(void *context, enum vch_inference_kind kind); // likewise; same context
};

// A vch_child_work; `setup` is a struct vch_inference_setup.
int vch_inference_work(int channel, void *setup);
