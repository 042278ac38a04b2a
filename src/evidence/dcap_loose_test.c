// Real quotes without collateral: all that is signed holds, up to Intel's root, and none is taken.
#include "evidence/dcap.h"

#include <stdio.h>
#include <string.h>

#include "certificate/chain.h"
#include "harness/dcap_set.h"

static const struct loose {
    const char *name;
    unsigned version;
    bool can_be_debugged;
} QUOTES[] = {
    {"tdx/automata-alibaba-5.quote", 5, false},
    {"tdx/automata-tdx-5.quote", 5, false},
    {"tdx/az-td.quote", 4, false},
    {"tdx/cd-v4-live.quote", 4, false},
    {"tdx/fb-gcp-v4-202606.quote", 4, false},
    {"tdx/fb-v4-202512.quote", 4, false},
    {"tdx/google-v4-cos113.quote", 4, false},
    {"tdx/oe-v4.quote", 4, false},
    {"tdx/oe-v5-moduleupdate-seamldr5.quote", 5, false},
    {"tdx/oe-v5.quote", 5, false},
    {"tdx/phala-v4-tappd.quote", 4, false},
    {"tdx/phala-v4.quote", 4, false},
    {"tdx/phala-v5-outdated.quote", 5, false},
    {"tdx/trustee-4.quote", 4, true},
    {"tdx/trustee-6.quote", 4, false},
    {"sgx/automata-v3.quote", 3, false},
    {"sgx/oe-v3.quote", 3, true},
    {"sgx/phala-v3.quote", 3, false},
    {"sgx/trustee-occlum-v3.quote", 3, true},
};

static struct dcap_set set;

static void load(const char *name)
{
    size_t size = 0;
    const uint8_t *bytes = vectors_read(name, &size);

    dcap_set_file(&set, DCAP_QUOTE, bytes, size);
    set.question =
        (struct vch_dcap_question){.root = vch_roots_get(VCH_ROOTS_INTEL_SGX)->certificate,
                                   .time_s = dcap_time("2026-11-01T00:00:00Z")};
}

static enum vch_appraisal_result result_of(const char *name)
{
    const struct vch_appraisal_check *check = vch_appraisal_find(&set.appraisal, name);

    CHECK(check != NULL);
    return check->result;
}

// Without revocation lists, which are collateral.
static void check_chain(void)
{
    struct vch_certificate_list list;
    const struct vch_chain_rules rules = {.root = set.question.root,
                                          .time_s = set.question.time_s,
                                          .signatures = VCH_CHAIN_ECDSA_SHA256};

    vch_certificate_init(&list);
    CHECK_OK(vch_certificate_read(&list, (const uint8_t *)set.own.chain, set.own.chain_size, NULL));
    CHECK_OK(vch_chain_verify(&list, &rules, NULL));
    vch_certificate_release(&list);
}

TEST(dcap_quotes_without_collateral_are_signed_and_not_taken)
{
    static const char *const hold[] = {"dcap.quoting.signature", "dcap.quoting.key",
                                       "dcap.quote.signature",   "dcap.quote.vendor",
                                       "dcap.pck.name",          "dcap.pck.extension"};
    FOR_EACH(it, QUOTES)
    {
        printf("# %s\n", it->name);
        load(it->name);
        dcap_set_own(&set);
        CHECK_EQ(set.own.version, it->version);
        check_chain();
        CHECK(!vch_is_ok(dcap_set_verify(&set)));
        FOR_EACH(name, hold)
        CHECK(result_of(*name) == VCH_APPRAISAL_PASSED);
        CHECK(result_of("dcap.status") == VCH_APPRAISAL_FAILED);
        const char *debug =
            set.own.tee == VCH_DCAP_QUOTE_TDX ? "dcap.domain.debug" : "dcap.enclave.debug";
        CHECK((result_of(debug) == VCH_APPRAISAL_FAILED) == it->can_be_debugged);
    }
    vch_arena_release(&set.arena);
}

TEST(dcap_quote_with_text_behind_it_is_none)
{
    load("tdx/google-v4-spr-e4.quote");
    CHECK_FAILS(dcap_set_verify(&set), MALFORMED);
    CHECK_EQ(set.appraisal.count, 0);
    vch_arena_release(&set.arena);
}
