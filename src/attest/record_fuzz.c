// Any bytes as a file of evidence: what is accepted is what would be written.
#include "attest/record.h"

#include <string.h>

#include "base/check.h"

static uint8_t again[VCH_RECORD_SIZE_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_complaint complaint = {{0}};
    struct vch_record record;
    size_t again_size = 0;

    vch_status status = vch_record_decode(&record, data, size, &complaint);
    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status)) return 0;
    VCH_ASSERT(vch_is_ok(vch_record_encode(again, sizeof again, &again_size, &record)));
    VCH_ASSERT(again_size == size && memcmp(again, data, size) == 0);
    return 0;
}
