// Any bytes at all: a key that is accepted is written as the same text.
#include "tlog/vkey.h"

#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_complaint complaint = {0};
    struct vch_vkey vkey;
    char text[VCH_VKEY_TEXT_MAX + 1];
    vch_status status = vch_vkey_decode(&vkey, (const char *)data, size, &complaint);

    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (vch_is_ok(status))
        VCH_ASSERT(vch_vkey_encode(text, &vkey) == size && memcmp(text, data, size) == 0);
    return 0;
}
