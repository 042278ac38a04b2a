// Where whoever proves has an annex from, and its key: files, as far as this module knows none.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "annex/annex_key.h"
#include "base/complaint.h"
#include "base/status.h"

struct vch_annex_source {
    const uint8_t *bytes; // M.annex, must outlive whoever proves with it
    size_t size;
    void *context;
    // The seed of the annex's last root. REFUSED when the key is another's.
    vch_status (*read)(void *context, uint8_t seed[static VCH_ANNEX_SEED_SIZE],
                       struct vch_complaint *complaint);
    // One opening of that root, which nobody else will get: the raised count is durable when this
    // returns. REFUSED when none is left.
    vch_status (*take)(void *context, struct vch_complaint *complaint);
};
