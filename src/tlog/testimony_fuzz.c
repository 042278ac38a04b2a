// Any bytes at all as what a witness signed: what is accepted is the one text for what it says.
#include "tlog/testimony.h"

#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_complaint complaint = {{0}};
    struct vch_testimony found;
    char again[VCH_TESTIMONY_SIZE_MAX];
    vch_status status = vch_testimony_decode(&found, (const char *)data, size, &complaint);

    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status)) return 0;
    VCH_ASSERT(vch_testimony_encode(again, &found) == size && memcmp(again, data, size) == 0);
    return 0;
}
