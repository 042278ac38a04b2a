// Any bytes at all: no extension but one with everything in it is accepted.
#include "evidence/dcap_pck.h"

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_complaint complaint = {0};
    struct vch_dcap_pck pck;
    vch_status status = vch_dcap_pck_decode(&pck, data, size, &complaint);

    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (vch_is_ok(status)) VCH_ASSERT(size > 300 && pck.type <= 2);
    return 0;
}
