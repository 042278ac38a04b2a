// Azure's machines: hardware report, runtime data, vTPM quote, PCRs, and each link broken.
#include "evidence/azure.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "evidence/json.h"
#include "evidence/tpm_quote.h"
#include "harness/vector.h"

enum { SNP_REPORT_DATA_AT = 0x50, TDX_REPORT_DATA_AT = 48 + 520 };

struct sample {
    uint8_t report_data[VCH_AZURE_REPORT_DATA_SIZE];
    uint8_t runtime[4096], attest[256], signature[256];
    size_t runtime_size, attest_size, signature_size;
    struct vch_digest pcrs[VCH_TPM_QUOTE_PCRS];
    uint8_t nonce[64];
    size_t nonce_size;
};

static struct sample sample, other;
static struct vector file;
static struct vch_arena arena;
static struct vch_appraisal appraisal;
static struct vch_tpm_quote quote;

static void read_into(void *out, size_t size_max, size_t *size, const char *set, const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof path, "snp/sets/%s/%s", set, name);
    vector_read(&file, path);
    CHECK(file.size <= size_max);
    memcpy(out, file.bytes, file.size);
    *size = file.size;
}

static void take_nonce(struct sample *out)
{
    CHECK_OK(vch_tpm_quote_decode(&quote, out->attest, out->attest_size, NULL));
    CHECK(quote.nonce_size <= sizeof out->nonce);
    memcpy(out->nonce, quote.nonce, quote.nonce_size);
    out->nonce_size = quote.nonce_size;
}

static void read_snp(struct sample *out, const char *set)
{
    uint8_t report[1184];
    size_t size;

    memset(out, 0, sizeof *out);
    read_into(report, sizeof report, &size, set, "report.bin");
    memcpy(out->report_data, report + SNP_REPORT_DATA_AT, sizeof out->report_data);
    read_into(out->runtime, sizeof out->runtime, &out->runtime_size, set, "runtime_data.json");
    read_into(out->attest, sizeof out->attest, &out->attest_size, set, "tpm_quote.msg");
    read_into(out->signature, sizeof out->signature, &out->signature_size, set, "tpm_quote.sig");
    read_into(out->pcrs, sizeof out->pcrs, &size, set, "pcrs.bin");
    CHECK_EQ(size, sizeof out->pcrs);
    take_nonce(out);
}

// Base64 for URLs, padded or not, which only this vector has.
static size_t decode_url(uint8_t *out, size_t size_max, const struct vch_json_value *value)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *text;
    size_t text_size, size = 0;
    uint32_t bits = 0, count = 0;

    CHECK(vch_json_string(value, &text, &text_size));
    for (size_t i = 0; i < text_size && text[i] != '='; i++) {
        const char *digit = strchr(digits, text[i]);
        CHECK(digit != NULL);
        bits = bits << 6 | (uint32_t)(digit - digits);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        CHECK(size < size_max);
        out[size++] = (uint8_t)(bits >> count);
    }
    return size;
}

static size_t decode_hex(uint8_t *out, size_t size_max, const struct vch_json_value *value)
{
    const char *text;
    size_t size;

    CHECK(vch_json_string(value, &text, &size));
    CHECK(size / 2 <= size_max);
    CHECK(vch_json_hex(value, out, size / 2));
    return size / 2;
}

static void read_tdx(struct sample *out)
{
    static uint8_t bytes[8192];
    const struct vch_json_value *root, *object, *value;
    struct vch_azure_hcl hcl;

    memset(out, 0, sizeof *out);
    vector_read(&file, "tdx/az-evidence-v1.json");
    CHECK_OK(vch_json_decode(&root, &arena, file.bytes, file.size, NULL));
    size_t size = decode_url(bytes, sizeof bytes, vch_json_member(root, "td_quote"));
    CHECK(size > TDX_REPORT_DATA_AT + sizeof out->report_data);
    memcpy(out->report_data, bytes + TDX_REPORT_DATA_AT, sizeof out->report_data);
    size = decode_url(bytes, sizeof bytes, vch_json_member(root, "hcl_report"));
    CHECK_OK(vch_azure_hcl_decode(&hcl, bytes, size, NULL));
    CHECK_EQ(hcl.kind, VCH_AZURE_TDX);
    CHECK(hcl.runtime_size <= sizeof out->runtime);
    memcpy(out->runtime, hcl.runtime, out->runtime_size = hcl.runtime_size);
    object = vch_json_member(root, "tpm_quote");
    out->attest_size =
        decode_hex(out->attest, sizeof out->attest, vch_json_member(object, "message"));
    out->signature_size =
        decode_hex(out->signature, sizeof out->signature, vch_json_member(object, "signature"));
    value = vch_json_member(object, "pcrs");
    CHECK_EQ(value->count, VCH_TPM_QUOTE_PCRS);
    value = vch_json_first(value);
    for (uint32_t i = 0; i < VCH_TPM_QUOTE_PCRS; i++, value = vch_json_next(value))
        CHECK(vch_json_hex(value, out->pcrs[i].bytes, VCH_DIGEST_SIZE));
    take_nonce(out);
}

static void start(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 20);
}

// The whole way, as a verifier of reports would go on.
static vch_status verify(void)
{
    struct vch_spki ak;
    struct vch_complaint complaint = {0};
    struct vch_arena_mark mark = vch_arena_mark(&arena);

    vch_appraisal_init(&appraisal);
    vch_status status = vch_azure_verify(&appraisal, &ak, &arena, sample.report_data,
                                         sample.runtime, sample.runtime_size, &complaint);
    vch_arena_rewind(&arena, mark);
    if (!vch_is_ok(status)) return status;
    const struct vch_tpm_quote_evidence evidence = {
        .attest = sample.attest,
        .attest_size = sample.attest_size,
        .signature = {VCH_TPM_SIGNATURE_PLAIN, sample.signature, sample.signature_size},
        .pcrs = sample.pcrs};
    const struct vch_tpm_quote_expected expected = {
        .nonce = sample.nonce, .nonce_size = sample.nonce_size, .pcrs = 0xffffff};
    return vch_tpm_quote_verify(&appraisal, &quote, &evidence, &ak, &expected, &complaint);
}

static void check_refused_by(const char *name)
{
    CHECK_FAILS(verify(), REFUSED);
    CHECK_EQ(vch_appraisal_find(&appraisal, name)->result, VCH_APPRAISAL_FAILED);
}

TEST(azures_machines_are_accepted_from_report_to_pcrs)
{
    static const char *const sets[] = {"az-milan", "az-milan-nonce", "az-genoa"};

    start();
    FOR_EACH(set, sets)
    {
        read_snp(&sample, *set);
        CHECK_OK(verify());
        CHECK_EQ(sample.nonce_size, set == sets ? strlen("challenge") : 48);
    }
    read_tdx(&sample);
    CHECK_OK(verify());
    CHECK(memcmp(sample.nonce, "challenge", sample.nonce_size) == 0);
}

TEST(azures_machine_with_any_byte_flipped_is_refused)
{
    start();
    read_snp(&sample, "az-genoa");
    const struct {
        uint8_t *bytes;
        size_t size;
    } parts[] = {{sample.report_data, sizeof sample.report_data},
                 {sample.runtime, sample.runtime_size},
                 {sample.attest, sample.attest_size},
                 {sample.signature, sample.signature_size},
                 {sample.pcrs[0].bytes, sizeof sample.pcrs}};

    FOR_EACH(part, parts)
    for (size_t i = 0; i < part->size; i++) {
        uint8_t flip = (uint8_t)(1 + test_below(255));
        part->bytes[i] ^= flip;
        CHECK(!vch_is_ok(verify()));
        part->bytes[i] ^= flip;
    }
    CHECK_OK(verify());
    for (sample.runtime_size--; sample.runtime_size > 0; sample.runtime_size--)
        CHECK(!vch_is_ok(verify()));
}

TEST(parts_of_two_machines_are_refused_where_they_meet)
{
    start();
    read_snp(&sample, "az-milan");
    read_snp(&other, "az-genoa");
    memcpy(sample.report_data, other.report_data, sizeof sample.report_data);
    check_refused_by("azure.runtime");
    read_snp(&sample, "az-milan");
    memcpy(sample.attest, other.attest, sample.attest_size = other.attest_size);
    memcpy(sample.signature, other.signature, sizeof sample.signature);
    memcpy(sample.pcrs, other.pcrs, sizeof sample.pcrs);
    memcpy(sample.nonce, other.nonce, sample.nonce_size = other.nonce_size);
    check_refused_by("tpm.signature"); // all of it true, of another machine
    read_snp(&sample, "az-milan-nonce");
    read_snp(&other, "az-milan");
    memcpy(sample.nonce, other.nonce, sample.nonce_size = other.nonce_size);
    check_refused_by("tpm.nonce");
}

// The second half has to be zero: report_data is compared in full.
TEST(report_data_that_is_only_half_equal_is_refused)
{
    start();
    read_snp(&sample, "az-milan");
    for (size_t i = VCH_DIGEST_SIZE; i < VCH_AZURE_REPORT_DATA_SIZE; i++) {
        sample.report_data[i] = 1;
        check_refused_by("azure.runtime");
        sample.report_data[i] = 0;
    }
    memset(sample.report_data, 0, sizeof sample.report_data);
    check_refused_by("azure.runtime");
}

TEST(quote_of_another_machines_key_is_refused)
{
    struct vch_azure_hcl hcl;

    start();
    memset(&sample, 0, sizeof sample);
    vector_read(&file, "snp/az-hcl-report.bin");
    CHECK_OK(vch_azure_hcl_decode(&hcl, file.bytes, file.size, NULL));
    CHECK_EQ(hcl.kind, VCH_AZURE_SNP);
    CHECK_EQ(hcl.report_size, 1184);
    memcpy(sample.report_data, hcl.report + SNP_REPORT_DATA_AT, sizeof sample.report_data);
    memcpy(sample.runtime, hcl.runtime, sample.runtime_size = hcl.runtime_size);
    vector_read(&file, "snp/az-tpm-quote.msg");
    memcpy(sample.attest, file.bytes, sample.attest_size = file.size);
    vector_read(&file, "snp/az-tpm-quote.sig");
    memcpy(sample.signature, file.bytes, sample.signature_size = file.size);
    take_nonce(&sample);
    check_refused_by("tpm.signature");
    CHECK_EQ(vch_appraisal_find(&appraisal, "azure.runtime")->result, VCH_APPRAISAL_PASSED);
    CHECK_EQ(vch_appraisal_find(&appraisal, "azure.ak")->result, VCH_APPRAISAL_PASSED);
}

TEST(paravisors_report_cut_or_of_another_kind_is_refused)
{
    static const char *const names[] = {"snp/az-hcl-report.bin", "tdx/az-hcl-report.bin"};
    struct vch_azure_hcl hcl;

    FOR_EACH(name, names)
    {
        vector_read(&file, *name);
        CHECK_OK(vch_azure_hcl_decode(&hcl, file.bytes, file.size, NULL));
        size_t end = (size_t)(hcl.runtime - file.bytes) + hcl.runtime_size;
        for (size_t size = 0; size < end; size++)
            CHECK(!vch_is_ok(vch_azure_hcl_decode(&hcl, file.bytes, size, NULL)));
        file.bytes[file.size++] = 1; // something behind the zeroes
        CHECK_FAILS(vch_azure_hcl_decode(&hcl, file.bytes, file.size--, NULL), MALFORMED);
        file.bytes[0x4c0 + 8] = 3;
        CHECK_FAILS(vch_azure_hcl_decode(&hcl, file.bytes, file.size, NULL), UNSUPPORTED);
    }
}

// Runtime data made here, which its report names.
static vch_status verify_runtime(const char *text)
{
    struct vch_digest digest = vch_hash_bytes(text, strlen(text));
    struct vch_spki ak;

    memset(sample.report_data, 0, sizeof sample.report_data);
    memcpy(sample.report_data, digest.bytes, sizeof digest.bytes);
    vch_appraisal_init(&appraisal);
    return vch_azure_verify(&appraisal, &ak, &arena, sample.report_data, (const uint8_t *)text,
                            strlen(text), NULL);
}

#define N64 "xMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM"
#define MODULUS N64 N64 N64 N64 N64 "zMzMzMzMzMzMzMzMzMzMzA"
#define AK(kid, use, e) \
    "{\"kid\":\"" kid "\",\"key_ops\":[" use "],\"kty\":\"RSA\",\"e\":\"" e "\",\"n\":\"" MODULUS \
    "\"}"

TEST(runtime_data_has_to_name_one_key_for_signing)
{
    static const char *const lies[] = {
        "{\"keys\":[]}",
        "{}",
        "{\"keys\":{}}",
        "{\"keys\":[" AK("HCLEkPub", "\"sign\"", "AQAB") "]}",
        "{\"keys\":[" AK("HCLAkPub", "\"sign\"", "AQAB") "," AK("HCLAkPub", "\"sign\"",
                                                                "AQAB") "]}",
        "{\"keys\":[" AK("HCLAkPub", "\"encrypt\"", "AQAB") "]}",
        "{\"keys\":[" AK("HCLAkPub", "\"sign\",\"encrypt\"", "AQAB") "]}",
        "{\"keys\":[" AK("HCLAkPub", "", "AQAB") "]}",
        "{\"keys\":[" AK("HCLAkPub", "\"sign\"", "Aw") "]}",
        "{\"keys\":[{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\"],\"kty\":\"RSA\",\"e\":\"AQAB\","
        "\"n\":\"" N64 "\"}]}", // a short one
        "{\"keys\":[{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\"],\"kty\":\"RSA\",\"e\":\"AQAB\","
        "\"n\":\"" N64 N64 N64 N64 N64 "zMzMzMzMzMzMzMzMzMzM+A\"}]}",
    };

    start();
    CHECK_OK(verify_runtime("{\"keys\":[" AK("HCLAkPub", "\"sign\"", "AQAB") "]}"));
    FOR_EACH(lie, lies)
    {
        CHECK_FAILS(verify_runtime(*lie), REFUSED);
        CHECK_EQ(vch_appraisal_find(&appraisal, "azure.ak")->result, VCH_APPRAISAL_FAILED);
    }
    CHECK_FAILS(verify_runtime("{\"keys\":[],\"keys\":[]}"), MALFORMED);
    vch_arena_release(&arena);
}
