// Files of opened releases: what decodes encodes to the same bytes.
#include <string.h>

#include "base/check.h"
#include "sealing/counters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct vch_counters counters;
    static uint8_t again[VCH_COUNTERS_SIZE_MAX];
    struct vch_complaint complaint = {0};
    vch_status status = vch_counters_decode(&counters, data, size, &complaint);

    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status)) return 0;
    VCH_ASSERT(vch_counters_encode(again, &counters) == size);
    VCH_ASSERT(memcmp(again, data, size) == 0);
    return 0;
}
