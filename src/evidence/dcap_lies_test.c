// What real evidence becomes when somebody changes it on its way.
#include "evidence/dcap.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "harness/dcap_set.h"
#include "harness/test.h"

// A step between the bytes that are changed, from a place that the seed draws: VCH_EVERY=1 changes
// every one.
enum { STEP = 61 };

static struct dcap_set set;

static const char *const versions[] = {"sgx/sets/phala-v3-swhardening",
                                       "tdx/sets/phala-v4-uptodate", "tdx/sets/oe-v5-moduleupdate"};

static void check_fails(const char *name)
{
    const struct vch_appraisal_check *check = vch_appraisal_find(&set.appraisal, name);

    CHECK(check != NULL && check->result == VCH_APPRAISAL_FAILED);
}

static void load(const char *folder)
{
    dcap_set_load(&set, folder);
    set.policy.sgx.rules.statuses = ~0u;
    CHECK_OK(dcap_set_verify(&set));
}

static size_t step(void)
{
    return getenv("VCH_EVERY") != NULL ? 1 : STEP;
}

// Behind the chain's end there are zeros, and space within it is nobody's: one for the other.
static bool is_blank(uint8_t byte)
{
    return byte == '\0' || byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

TEST(dcap_quote_with_any_byte_changed_is_refused)
{
    FOR_EACH(folder, versions)
    {
        load(*folder);
        for (size_t i = test_below((uint32_t)step()); i < set.own.size; i += step()) {
            uint8_t *byte = &set.bytes[DCAP_QUOTE][i], own = *byte;
            *byte ^= (uint8_t)(1 << test_below(8));
            if (!(is_blank(own) && is_blank(*byte)) && vch_is_ok(dcap_set_verify(&set)))
                test_fail(__FILE__, __LINE__, "%s: byte %zu may be %02x", *folder, i, *byte);
            *byte = own;
        }
        CHECK_OK(dcap_set_verify(&set));
    }
}

TEST(dcap_quote_is_refused_at_any_truncation)
{
    FOR_EACH(folder, versions)
    {
        load(*folder);
        for (size_t size = 0; size < set.own.size; size++) {
            set.files[DCAP_QUOTE].size = size;
            CHECK_FAILS(dcap_set_verify(&set), TRUNCATED);
            CHECK(set.complaint.text[0] != '\0');
        }
    }
}

TEST(dcap_collateral_with_any_byte_changed_is_refused)
{
    load("tdx/sets/phala-v4-uptodate");
    for (int file = DCAP_TCB_INFO; file < DCAP_FILES; file++) {
        size_t size = set.files[file].size;
        for (size_t i = test_below((uint32_t)step()); i < size; i += step()) {
            uint8_t *byte = &set.bytes[file][i], own = *byte;
            // White space becomes other white space, and digits of a signature have two cases.
            *byte ^= (uint8_t)(1 << test_below(own >= 'A' && own <= 'z' ? 5 : 8));
            if (vch_is_ok(dcap_set_verify(&set)))
                test_fail(__FILE__, __LINE__, "file %d: byte %zu may be %02x", file, i, *byte);
            *byte = own;
        }
    }
    CHECK_OK(dcap_set_verify(&set));
}

TEST(dcap_collateral_that_was_written_anew_is_refused)
{
    static char text[DCAP_FILE_MAX];
    load("tdx/sets/phala-v4-uptodate");
    const char *own = (const char *)set.bytes[DCAP_TCB_INFO];
    const char *at = strstr(own, "\"version\":3");

    CHECK(at != NULL);
    size_t head = (size_t)(at - own), size = set.files[DCAP_TCB_INFO].size;
    memcpy(text, own, head);
    text[head] = ' '; // one space that a serializer of its own would add
    memcpy(text + head + 1, at, size - head);
    dcap_set_file(&set, DCAP_TCB_INFO, text, size + 1);
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    check_fails("dcap.tcb_info.signature");
}

// Puts other text into collateral. Its signature is broken by that, which the verifier says and
// then goes on: what else is wrong shows.
static void edit(int file, const char *from, const char *to)
{
    static char text[DCAP_FILE_MAX];
    const char *own = (const char *)set.bytes[file];

    set.bytes[file][set.files[file].size] = '\0';
    const char *at = strstr(own, from);
    CHECK(at != NULL);
    int size = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - own), own, to, at + strlen(from));
    dcap_set_file(&set, file, text, (size_t)size);
}

// What nobody but Intel could sign, since no real collateral says it.
TEST(dcap_collateral_says_who_is_refused)
{
    static const struct {
        const char *folder;
        int file;
        const char *from, *to, *failed;
    } lies[] = {
        // Another enclave certified as a quoting enclave.
        {"tdx/sets/phala-v4-uptodate", DCAP_IDENTITY, "\"mrsigner\":\"DC9E", "\"mrsigner\":\"DC9F",
         "dcap.identity.signature dcap.quoting.signer "},
        {"tdx/sets/phala-v4-uptodate", DCAP_IDENTITY, "\"isvprodid\":2", "\"isvprodid\":1",
         "dcap.identity.signature dcap.quoting.product "},
        {"tdx/sets/phala-v4-uptodate", DCAP_IDENTITY, "\"attributes\":\"11", "\"attributes\":\"13",
         "dcap.identity.signature dcap.quoting.attributes "},
        {"tdx/sets/phala-v4-uptodate", DCAP_IDENTITY, "\"miscselect\":\"00", "\"miscselect\":\"01",
         "dcap.identity.signature dcap.quoting.misc_select "},
        {"tdx/sets/phala-v4-uptodate", DCAP_IDENTITY, "{\"isvsvn\":4}", "{\"isvsvn\":999}",
         "dcap.identity.signature dcap.quoting.level dcap.status "},
        // Revoked counts wherever it stands, and whatever policy lists.
        {"tdx/sets/phala-v4-uptodate", DCAP_IDENTITY, "\"UpToDate\"", "\"Revoked\"",
         "dcap.identity.signature dcap.quoting.level dcap.status "},
        {"sgx/sets/phala-v3-swhardening", DCAP_TCB_INFO, "\"ConfigurationAndSWHardeningNeeded\"",
         "\"Revoked\"", "dcap.tcb_info.signature dcap.status "},
        // A module that Intel does not list, or lists otherwise.
        {"tdx/sets/phala-v4-uptodate", DCAP_TCB_INFO, "\"TDX_01\"", "\"TDX_99\"",
         "dcap.tcb_info.signature dcap.module.identity dcap.module.level dcap.status "},
        {"tdx/sets/phala-v4-uptodate", DCAP_TCB_INFO, "\"TDX_01\",\"mrsigner\":\"00",
         "\"TDX_01\",\"mrsigner\":\"01", "dcap.tcb_info.signature dcap.module.identity "},
        {"tdx/sets/oe-v4", DCAP_TCB_INFO, "\"mrsigner\":\"00", "\"mrsigner\":\"01",
         "dcap.tcb_info.signature dcap.module.identity dcap.report_data "},
        {"tdx/sets/oe-v4", DCAP_TCB_INFO, "\"attributes\":\"00", "\"attributes\":\"01",
         "dcap.tcb_info.signature dcap.module.identity dcap.report_data "},
        {"tdx/sets/phala-v4-uptodate", DCAP_TCB_INFO, "\"pceId\":\"00", "\"pceId\":\"01",
         "dcap.tcb_info.signature dcap.tcb_info.pce "},
        {"tdx/sets/phala-v4-uptodate", DCAP_TCB_INFO, "\"tcbType\":0", "\"tcbType\":1",
         "dcap.tcb_info.signature dcap.tcb_info.pce "},
    };

    FOR_EACH(lie, lies)
    {
        dcap_set_load(&set, lie->folder);
        struct vch_dcap_rules *rules[] = {&set.policy.sgx.rules, &set.policy.tdx.rules};
        FOR_EACH(each, rules)
        (*each)->statuses = (*each)->module_statuses = (*each)->quoting_statuses = ~0u;
        edit(lie->file, lie->from, lie->to);
        CHECK_FAILS(dcap_set_verify(&set), REFUSED);
        const char *found = dcap_set_names(&set, VCH_APPRAISAL_FAILED);
        if (strcmp(found, lie->failed) != 0)
            test_fail(__FILE__, __LINE__, "%s for %s: %s", lie->to, lie->from, found);
    }
}

TEST(dcap_collateral_of_something_else_is_refused)
{
    static const struct {
        int file;
        const char *folder, *name, *check;
    } lies[] = {
        // TCB Info of another platform, of SGX; the identity of SGX's quoting enclave.
        {DCAP_TCB_INFO, "tdx/sets/fb-v4-2025-12", "tcb_info.json", "dcap.tcb_info.fmspc"},
        {DCAP_TCB_INFO, "sgx/sets/phala-v3-swhardening", "tcb_info.json", "dcap.tcb_info.kind"},
        {DCAP_IDENTITY, "sgx/sets/phala-v3-swhardening", "qe_identity.json", "dcap.identity.kind"},
        {DCAP_IDENTITY, "sgx/sets/phala-v3-swhardening", "qe_identity.json",
         "dcap.quoting.product"},
        // Revocation lists of another time, of another authority, twice the same.
        {DCAP_PCK_CRL, "tdx/sets/gcp-v4-2026-06", "pck.crl", "dcap.pck.chain"},
        {DCAP_PCK_CRL, "sgx/sets/phala-v3-swhardening", "pck.crl", "dcap.pck.chain"},
        {DCAP_PCK_CRL, "tdx/sets/phala-v4-uptodate", "root_ca.crl", "dcap.pck.chain"},
        {DCAP_ROOT_CRL, "tdx/sets/phala-v4-uptodate", "pck.crl", "dcap.signer.chain"},
        // Other certificates of Intel than the signer's.
        {DCAP_SIGNER, "tdx/sets/phala-v4-uptodate", "pck_crl_chain.pem", "dcap.signer.name"},
        {DCAP_SIGNER, "tdx/sets/phala-v4-uptodate", "pck_crl_chain.pem", "dcap.tcb_info.signature"},
    };

    FOR_EACH(lie, lies)
    {
        load("tdx/sets/phala-v4-uptodate");
        dcap_set_read(&set, lie->file, lie->folder, lie->name);
        printf("# %s/%s\n", lie->folder, lie->name);
        CHECK_FAILS(dcap_set_verify(&set), REFUSED);
        check_fails(lie->check);
    }
}

// Lists of Intel's that a verifier may have: those that came, a later one, one of another
// authority; and one whose time was over.
TEST(dcap_lists_of_the_verifiers_own_are_held_to_their_time)
{
    static const struct {
        const char *path;
        bool holds;
    } rows[] = {
        {"tdx/sets/phala-v4-uptodate/pck.crl", true},
        {"tdx/sets/phala-v4-uptodate/root_ca.crl", true},
        {"tdx/sets/gcp-v4-2026-06/pck.crl", true},
        {"sgx/sets/phala-v3-swhardening/pck.crl", true},
        {"tdx/google-pck.crl", false},
    };

    FOR_EACH(row, rows)
    {
        struct vch_certificate_bytes own = {0};
        load("tdx/sets/phala-v4-uptodate");
        own.bytes = vectors_read(row->path, &own.size);
        set.question.own = (struct vch_crl_own){&own, 1};
        printf("# %s\n", row->path);
        CHECK(vch_is_ok(dcap_set_verify(&set)) == row->holds);
        if (!row->holds) check_fails("dcap.pck.chain");
    }
}

TEST(dcap_collateral_that_is_missing_is_no_excuse)
{
    for (int file = DCAP_TCB_INFO; file < DCAP_FILES; file++) {
        load("tdx/sets/phala-v4-uptodate");
        dcap_set_file(&set, file, "", 0);
        CHECK(!vch_is_ok(dcap_set_verify(&set)));
        CHECK(set.complaint.text[0] != '\0');
        CHECK(dcap_set_names(&set, VCH_APPRAISAL_FAILED)[0] != '\0');
    }
}

// The chain of a platform's key is no chain of a signer: whoever has one such key could write
// collateral.
TEST(dcap_collateral_is_signed_by_no_platform)
{
    load("tdx/sets/phala-v4-uptodate");
    dcap_set_file(&set, DCAP_SIGNER, set.own.chain, set.own.chain_size);
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
    check_fails("dcap.signer.name");
    check_fails("dcap.tcb_info.signature");
}

// Puts a chain of other certificates into the quote; nothing signs that part of it.
static void put_chain(const char *chain, size_t size)
{
    static uint8_t bytes[DCAP_FILE_MAX];
    size_t head = (size_t)((const uint8_t *)set.claims.quote.chain - set.bytes[DCAP_QUOTE]);

    memcpy(bytes, set.bytes[DCAP_QUOTE], head);
    memcpy(bytes + head, chain, size);
    vch_put_u32le(bytes + head - 4, (uint32_t)size);
    // Version 4: the data around it, and those around both.
    vch_put_u32le(bytes + 48 + 584, (uint32_t)(head + size - 48 - 584 - 4));
    vch_put_u32le(bytes + 48 + 584 + 4 + 130, (uint32_t)(head + size - 48 - 584 - 4 - 134));
    dcap_set_file(&set, DCAP_QUOTE, bytes, head + size);
}

// Certificate `which` of a PEM file, with its lines.
static size_t pem_part(char *out, const char *name, int which)
{
    static const char begin[] = "-----BEGIN";
    char text[8192];
    size_t size = 0;
    const uint8_t *bytes = vectors_read(name, &size);

    CHECK(size < sizeof text);
    memcpy(text, bytes, size);
    text[size] = '\0';
    char *at = strstr(text, begin);
    for (int i = 0; i < which && at != NULL; i++)
        at = strstr(at + 1, begin);
    CHECK(at != NULL);
    char *end = strstr(at + 1, begin);
    size = end != NULL ? (size_t)(end - at) : strlen(at);
    memcpy(out, at, size);
    return size;
}

#define LOOK_ALIKE "tdx/sets/neg-lookalike-root"

// Intel's own sample: all of it consistent, under a root that is named as Intel's is.
TEST(dcap_root_that_only_looks_alike_is_refused)
{
    static const char *const names[] = {"quote.dat",       "tcbInfo.json",
                                        "qeIdentity.json", "tcbSignChain.pem",
                                        "rootCaCrl.der",   "intermediateCaCrl.der"};
    static char chain[8192];
    static uint8_t root[4096];

    for (int i = 0; i < DCAP_FILES; i++)
        dcap_set_read(&set, i, LOOK_ALIKE, names[i]);
    set.question =
        (struct vch_dcap_question){.root = vch_roots_get(VCH_ROOTS_INTEL_SGX)->certificate,
                                   .time_s = dcap_time("2023-01-01T00:00:00Z")};
    dcap_set_own(&set);
    CHECK(!vch_is_ok(dcap_set_verify(&set)));

    size_t size = pem_part(chain, LOOK_ALIKE "/pckCert.pem", 0);
    size += pem_part(chain + size, LOOK_ALIKE "/pckSignChain.pem", 1);
    size += pem_part(chain + size, LOOK_ALIKE "/pckSignChain.pem", 0);
    put_chain(chain, size);
    size = pem_part(chain, LOOK_ALIKE "/tcbSignChain.pem", 1); // leaf first
    dcap_set_file(&set, DCAP_SIGNER, chain, size);
    CHECK(!vch_is_ok(dcap_set_verify(&set)));
    check_fails("dcap.pck.chain");
    check_fails("dcap.signer.chain");

    // Under its own root those two hold, and all that is signed below them.
    struct vch_certificate_list list;
    vch_certificate_init(&list);
    size = pem_part(chain, LOOK_ALIKE "/trustedRootCaCert.pem", 0);
    CHECK_OK(vch_certificate_read(&list, (const uint8_t *)chain, size, NULL));
    unsigned char *end = root;
    size = (size_t)i2d_X509(list.items[0], &end);
    vch_certificate_release(&list);
    set.question.root = (struct vch_certificate_bytes){root, size};
    CHECK(!vch_is_ok(dcap_set_verify(&set)));
    static const char *const hold[] = {"dcap.pck.chain", "dcap.signer.chain",
                                       "dcap.quoting.signature", "dcap.quoting.key",
                                       "dcap.quote.signature"};
    FOR_EACH(name, hold)
    {
        const struct vch_appraisal_check *check = vch_appraisal_find(&set.appraisal, *name);
        if (check->result != VCH_APPRAISAL_PASSED)
            test_fail(__FILE__, __LINE__, "%s: %s", *name, check->text);
    }
}
