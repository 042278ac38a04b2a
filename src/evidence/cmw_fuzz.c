// Any bytes at all as a collection: what is accepted is what would be written.
#include "evidence/cmw.h"

#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[VCH_CMW_SIZE_MAX];
    struct vch_cbor_writer writer = {again, sizeof again, 0};
    struct vch_complaint complaint = {{0}};
    struct vch_cmw collection;

    vch_status status = vch_cmw_decode(&collection, data, size, &complaint);
    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status)) return 0;
    VCH_ASSERT(vch_is_ok(vch_cmw_write(&writer, &collection)));
    VCH_ASSERT(writer.size == size && memcmp(again, data, size) == 0);
    return 0;
}
