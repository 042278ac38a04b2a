// Any bytes at all: what is accepted lies within them, and is the same without its padding.
#include "evidence/dcap_quote.h"

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_complaint complaint = {0};
    struct vch_dcap_quote quote, again;
    vch_status status = vch_dcap_quote_decode(&quote, data, size, &complaint);

    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status)) return 0;
    VCH_ASSERT(quote.size <= size && quote.signed_size < quote.size);
    VCH_ASSERT((const uint8_t *)quote.chain + quote.chain_size <= data + quote.size);
    VCH_ASSERT(vch_is_ok(vch_dcap_quote_decode(&again, data, quote.size, NULL)));
    VCH_ASSERT(again.chain == quote.chain && again.size == quote.size);
    return 0;
}
