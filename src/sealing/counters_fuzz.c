// Files of opened releases: what is read comes back as the shortest file that says the same.
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sealing/counters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct vch_counters counters, again;
    static uint8_t bytes[VCH_COUNTERS_SIZE_MAX];
    struct vch_complaint complaint = {0};
    size_t whole = 0, same = 0;

    vch_status status = vch_counters_decode(&counters, &whole, data, size, &complaint);
    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status)) return 0;
    VCH_ASSERT(whole <= size && whole % VCH_COUNTERS_RECORD_SIZE == 0);
    VCH_ASSERT(size - whole <= VCH_COUNTERS_RECORD_SIZE);
    size_t shortest = vch_counters_encode(bytes, &counters);
    VCH_ASSERT(shortest <= whole);
    VCH_ASSERT(vch_is_ok(vch_counters_decode(&again, &same, bytes, shortest, NULL)));
    VCH_ASSERT(same == shortest && again.count == counters.count);
    VCH_ASSERT(memcmp(again.all, counters.all, counters.count * sizeof *counters.all) == 0);
    return 0;
}
