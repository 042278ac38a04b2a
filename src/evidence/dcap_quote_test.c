#include "evidence/dcap_quote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/dcap.h"
#include "harness/test.h"
#include "harness/vectors.h"

static const char chain[] = "-----BEGIN CERTIFICATE-----\n";
static struct vch_dcap_quote quote;
static struct vch_complaint complaint;

// On an exact-size copy, so that the address sanitizer sees a read past the end.
static vch_status decode(const uint8_t *bytes, size_t size)
{
    static uint8_t *copy;

    free(copy);
    copy = calloc(size > 0 ? size : 1, 1);
    CHECK(copy != NULL);
    if (size > 0) memcpy(copy, bytes, size);
    complaint = (struct vch_complaint){0};
    vch_status status = vch_dcap_quote_decode(&quote, copy, size, &complaint);
    CHECK(vch_is_ok(status) == (complaint.text[0] == '\0'));
    return status;
}

TEST(dcap_quote_of_every_form_is_read_to_its_end)
{
    static uint8_t bytes[8192];

    FOR_EACH(form, dcap_forms)
    {
        size_t size = dcap_quote(bytes, form, chain, sizeof chain); // with the NUL
        CHECK_OK(decode(bytes, size));
        CHECK_EQ(quote.version, form->version);
        CHECK_EQ(quote.tee, form->tee);
        CHECK_EQ(quote.size, size);
        CHECK_EQ(quote.signed_size, 48 + (form->version == 5 ? 6u : 0u) + form->body_size);
        CHECK(quote.key[0] == 0x4b && quote.key[63] == 0x4b && quote.signature[0] == 0x51);
        CHECK(quote.quoting.bytes[0] == 0xe0 && quote.quoting_signature[63] == 0x52);
        CHECK(quote.authenticated_size == 32 && quote.authenticated[31] == 0xa0);
        CHECK(quote.chain_size == sizeof chain - 1 && memcmp(quote.chain, chain, 27) == 0);
        CHECK(quote.report_data[0] == 0xb0 && quote.report_data[63] == 0xb0);
        if (form->tee != 0) CHECK((quote.domain.service != NULL) == (form->body_size == 648));
    }
}

TEST(dcap_quote_is_refused_at_every_truncation)
{
    static uint8_t bytes[8192];

    FOR_EACH(form, dcap_forms)
    {
        size_t size = dcap_quote(bytes, form, chain, sizeof chain);
        for (size_t i = 0; i < size; i++)
            CHECK(!vch_is_ok(decode(bytes, i)));
    }
}

TEST(dcap_quote_is_followed_by_zeros_alone)
{
    static uint8_t bytes[VCH_DCAP_QUOTE_SIZE_MAX + 1];
    size_t size = dcap_quote(bytes, &dcap_forms[2], chain, sizeof chain);

    CHECK_OK(decode(bytes, 8000));
    CHECK_EQ(quote.size, size);
    CHECK_OK(decode(bytes, VCH_DCAP_QUOTE_SIZE_MAX));
    CHECK_FAILS(decode(bytes, VCH_DCAP_QUOTE_SIZE_MAX + 1), LIMIT);
    bytes[7999] = 1;
    CHECK_FAILS(decode(bytes, 8000), MALFORMED);
}

TEST(dcap_quote_is_refused_where_what_it_says_of_itself_is_wrong)
{
    enum { V3 = 0, V4 = 2, V5 = 5, BODY4 = 48 + 584, BODY5 = 54 + 648 };
    static const struct {
        int form;
        size_t offset;
        uint8_t value;
        enum vch_code code;
    } lies[] = {
        {V3, 0, 2, VCH_CODE_UNSUPPORTED},
        {V4, 0, 6, VCH_CODE_UNSUPPORTED},
        {V4, 1, 1, VCH_CODE_UNSUPPORTED},
        {V4, 2, 3, VCH_CODE_UNSUPPORTED},    // P-384
        {V4, 4, 0x82, VCH_CODE_UNSUPPORTED}, // no such TEE
        {V3, 4, 0x81, VCH_CODE_UNSUPPORTED}, // TDX in version 3
        {V4, 8, 1, VCH_CODE_MALFORMED},      // reserved
        {V5, 48, 2, VCH_CODE_MALFORMED},     // TD 1.0 of the size of 1.5
        {V5, 48, 1, VCH_CODE_MALFORMED},     // an enclave in a TDX quote
        {V5, 48, 0, VCH_CODE_MALFORMED},
        {V5, 48, 4, VCH_CODE_MALFORMED},
        {V5, 50, 0x89, VCH_CODE_MALFORMED},
        {V4, BODY4 + 3, 0xff, VCH_CODE_TRUNCATED},             // size of the signature data
        {V4, BODY4 + 4 + 128, 5, VCH_CODE_UNSUPPORTED},        // 5 outside, not 6
        {V4, BODY4 + 4 + 128 + 5, 1, VCH_CODE_MALFORMED},      // its size
        {V4, BODY4 + 4 + 134 + 448, 31, VCH_CODE_UNSUPPORTED}, // authentication data one shorter
        {V4, BODY4 + 4 + 134 + 449, 0xff, VCH_CODE_TRUNCATED},
        {V4, BODY4 + 4 + 134 + 482, 6, VCH_CODE_UNSUPPORTED}, // 6 nested twice
        {V4, BODY4 + 4 + 134 + 482, 1, VCH_CODE_UNSUPPORTED}, // identifiers of the platform alone
        {V4, BODY4 + 4 + 134 + 482, 2, VCH_CODE_UNSUPPORTED},
        {V4, BODY4 + 4 + 134 + 482, 3, VCH_CODE_UNSUPPORTED},
        {V4, BODY4 + 4 + 134 + 482, 4, VCH_CODE_UNSUPPORTED}, // the leaf alone
        {V4, BODY4 + 4 + 134 + 486, 1, VCH_CODE_MALFORMED},
        {V3, 48 + 384 + 4 + 128 + 482, 1, VCH_CODE_UNSUPPORTED},
        {V5, BODY5 + 4 + 134 + 482, 1, VCH_CODE_UNSUPPORTED},
    };
    static uint8_t bytes[8192];

    FOR_EACH(lie, lies)
    {
        size_t size = dcap_quote(bytes, &dcap_forms[lie->form], chain, sizeof chain);
        CHECK(bytes[lie->offset] != lie->value);
        bytes[lie->offset] = lie->value;
        CHECK_CODE(decode(bytes, size), lie->code);
    }
}

TEST(dcap_quote_of_real_machines_is_read_and_its_padding_seen)
{
    static const struct {
        const char *name;
        enum vch_code code;
        unsigned version;
        size_t padding;
    } files[] = {
        {"tdx/phala-v4.quote", VCH_CODE_NONE, 4, 70},
        {"tdx/fb-v4-202512.quote", VCH_CODE_NONE, 4, 3065},
        {"tdx/oe-v5.quote", VCH_CODE_NONE, 5, 0},
        {"tdx/google-v4-spr-e4.quote", VCH_CODE_MALFORMED, 0, 0}, // text after its end
        {"tdx/cd-v4-live.quote", VCH_CODE_NONE, 4, 307},
        {"sgx/automata-v3.quote", VCH_CODE_NONE, 3, 0},
        {"sgx/oe-v3.quote", VCH_CODE_NONE, 3, 0},
        {"sgx/trustee-occlum-v3.quote", VCH_CODE_NONE, 3, 0},
        {"sgx/neg-oe-report-bad.bin", VCH_CODE_UNSUPPORTED, 0, 0},
        {"sgx/neg-oe-cert-ec-bad.der", VCH_CODE_UNSUPPORTED, 0, 0},
        {"tdx/sets/neg-lookalike-root/quote.dat", VCH_CODE_NONE, 4, 0}, // its chain is no PEM
    };
    FOR_EACH(it, files)
    {
        size_t size = 0;
        const uint8_t *bytes = vectors_read(it->name, &size);
        printf("# %s\n", it->name);
        CHECK_CODE(decode(bytes, size), it->code);
        if (it->code != VCH_CODE_NONE) continue;
        CHECK_EQ(quote.version, it->version);
        CHECK_EQ(size - quote.size, it->padding);
    }
}
