// Paravisors' reports and their runtime data.
#include "evidence/azure.h"

#include <string.h>

#include "base/check.h"
#include "crypto/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_runtime(const uint8_t *data, size_t size)
{
    uint8_t report_data[VCH_AZURE_REPORT_DATA_SIZE] = {0};
    struct vch_digest digest = vch_hash_bytes(data, size);
    struct vch_appraisal appraisal;
    struct vch_arena arena;
    struct vch_spki ak;

    memcpy(report_data, digest.bytes, sizeof digest.bytes);
    vch_arena_init(&arena, 8 << 20);
    vch_appraisal_init(&appraisal);
    vch_status status = vch_azure_verify(&appraisal, &ak, &arena, report_data, data, size, NULL);
    if (vch_is_ok(status)) VCH_ASSERT(ak.kind == VCH_SPKI_RSA && ak.size <= sizeof ak.bytes);
    vch_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_azure_hcl hcl;
    struct vch_complaint complaint = {0};
    vch_status status = vch_azure_hcl_decode(&hcl, data, size, &complaint);

    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (vch_is_ok(status)) {
        VCH_ASSERT(hcl.report + hcl.report_size <= hcl.runtime);
        VCH_ASSERT(hcl.runtime + hcl.runtime_size <= data + size);
        try_runtime(hcl.runtime, hcl.runtime_size);
    }
    try_runtime(data, size);
    return 0;
}
