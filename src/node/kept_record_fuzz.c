// Any bytes as a record of a kept run: what is accepted is written the same way again.
#include "node/kept_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_kept_record record;

    if (!vch_is_ok(vch_kept_record_decode(&record, data, size))) return 0;
    VCH_ASSERT(record.first < record.last && record.batch > 0);
    VCH_ASSERT(vch_kept_record_size(&record) == size);
    uint8_t *again = calloc(size, 1);
    VCH_ASSERT(again != NULL);
    vch_kept_record_encode(again, &record);
    VCH_ASSERT(memcmp(again, data, size) == 0);
    free(again);
    return 0;
}
