// Any bytes at all as a certificate table: what comes out lies within it.
#include "collect/cert_table.h"

#include "base/check.h"

static void check(const uint8_t *part, size_t part_size, const uint8_t *data, size_t size)
{
    if (part == NULL) {
        VCH_ASSERT(part_size == 0);
        return;
    }
    VCH_ASSERT(part > data && part_size > 0 && part_size <= size - (size_t)(part - data));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_complaint complaint = {{0}};
    struct vch_cert_table table;

    vch_status status = vch_cert_table_decode(&table, data, size, &complaint);
    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status)) return 0;
    check(table.vek, table.vek_size, data, size);
    check(table.issuer, table.issuer_size, data, size);
    check(table.crl, table.crl_size, data, size);
    return 0;
}
