// Quotes of real TPMs, and every byte of them flipped.
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "evidence/json.h"
#include "evidence/tpm_public.h"
#include "evidence/tpm_quote.h"
#include "harness/vector.h"

enum { ALL = 0xffffff, SWTPM_SELECTED = 0x00089f };

struct sample {
    struct vch_spki ak;
    uint8_t attest[512], signature[512], nonce[64];
    size_t attest_size, signature_size, nonce_size;
    struct vch_digest pcrs[VCH_TPM_QUOTE_PCRS];
    enum vch_tpm_signature_form form;
    uint32_t selected;
};

static struct sample sample;
static struct vector file;
static struct vch_appraisal appraisal;
static struct vch_tpm_quote quote;

static vch_status verify(void)
{
    struct vch_complaint complaint = {0};
    const struct vch_tpm_quote_evidence evidence = {
        .attest = sample.attest,
        .attest_size = sample.attest_size,
        .signature = {sample.form, sample.signature, sample.signature_size},
        .pcrs = sample.pcrs};
    const struct vch_tpm_quote_expected expected = {
        .nonce = sample.nonce, .nonce_size = sample.nonce_size, .pcrs = sample.selected};

    vch_appraisal_init(&appraisal);
    vch_status status =
        vch_tpm_quote_verify(&appraisal, &quote, &evidence, &sample.ak, &expected, &complaint);
    CHECK(vch_is_ok(status) || complaint.text[0] != '\0' || status.code == VCH_CODE_REFUSED);
    return status;
}

static void read_into(uint8_t *out, size_t size_max, size_t *size, const char *name)
{
    vector_read(&file, name);
    CHECK(file.size <= size_max);
    memcpy(out, file.bytes, file.size);
    *size = file.size;
}

// The one block of a PEM file.
static void read_pem_key(struct vch_spki *out, const char *name)
{
    char text[1024] = "";
    uint8_t der[512];
    size_t size = 0, length = 0;

    vector_read(&file, name);
    file.bytes[file.size] = '\0';
    for (char *line = strtok((char *)file.bytes, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (line[0] == '-') continue;
        CHECK(length + strlen(line) < sizeof text);
        memcpy(text + length, line, strlen(line));
        length += strlen(line);
    }
    CHECK_OK(vch_base64_decode(der, &size, sizeof der, text, length));
    CHECK_OK(vch_spki_decode(out, der, size));
}

// ECDSA, DER; PCR values one after another.
static void read_swtpm(void)
{
    size_t at = 0;

    memset(&sample, 0, sizeof sample);
    read_pem_key(&sample.ak, "tpm/swtpm-own/ak.pub");
    read_into(sample.attest, sizeof sample.attest, &sample.attest_size, "tpm/swtpm-own/q.msg");
    read_into(sample.signature, sizeof sample.signature, &sample.signature_size,
              "tpm/swtpm-own/q.sig");
    vector_read(&file, "tpm/swtpm-own/nonce.hex");
    file.bytes[64] = '\0';
    sample.nonce_size = 32;
    CHECK_OK(vch_hex_decode(sample.nonce, 32, (const char *)file.bytes));
    vector_read(&file, "tpm/swtpm-own/pcrs.raw");
    sample.selected = SWTPM_SELECTED;
    for (uint32_t i = 0; i < VCH_TPM_QUOTE_PCRS; i++)
        if ((SWTPM_SELECTED >> i & 1) != 0) {
            CHECK(at + VCH_DIGEST_SIZE <= file.size);
            memcpy(sample.pcrs[i].bytes, file.bytes + at, VCH_DIGEST_SIZE);
            at += VCH_DIGEST_SIZE;
        }
    CHECK_EQ(at, file.size);
    sample.form = VCH_TPM_SIGNATURE_PLAIN;
}

static size_t decode_member(uint8_t *out, size_t size_max, const struct vch_json_value *object,
                            const char *key)
{
    const char *text;
    size_t text_size, size = 0;

    CHECK(vch_json_string(vch_json_member(object, key), &text, &text_size));
    CHECK_OK(vch_base64_decode(out, &size, size_max, text, text_size));
    return size;
}

// RSA, TPMT_SIGNATURE, all PCRs.
static void read_trustee(void)
{
    static struct vch_arena arena;
    const struct vch_json_value *root, *object, *value;
    uint8_t der[512];

    memset(&sample, 0, sizeof sample);
    vector_read(&file, "tpm/trustee-tpm-evidence.json");
    vch_arena_init(&arena, 1 << 20);
    CHECK_OK(vch_json_decode(&root, &arena, file.bytes, file.size, NULL));
    size_t size = decode_member(der, sizeof der, root, "ak_public");
    CHECK_OK(vch_spki_decode(&sample.ak, der, size));
    object = vch_json_member(root, "tpm_quote");
    sample.attest_size = decode_member(sample.attest, sizeof sample.attest, object, "message");
    sample.signature_size =
        decode_member(sample.signature, sizeof sample.signature, object, "signature");
    value = vch_json_member(object, "pcrs");
    CHECK_EQ(value->count, VCH_TPM_QUOTE_PCRS);
    value = vch_json_first(value);
    for (uint32_t i = 0; i < VCH_TPM_QUOTE_PCRS; i++, value = vch_json_next(value))
        CHECK(vch_json_hex(value, sample.pcrs[i].bytes, VCH_DIGEST_SIZE));
    sample.form = VCH_TPM_SIGNATURE_TPMT;
    sample.selected = ALL;
    CHECK_OK(vch_tpm_quote_decode(&quote, sample.attest, sample.attest_size, NULL));
    sample.nonce_size = quote.nonce_size;
    CHECK_EQ(sample.nonce_size, 64);
    memcpy(sample.nonce, quote.nonce, quote.nonce_size);
    vch_arena_release(&arena);
}

static void flip_each_byte(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const uint8_t own = bytes[i];

        bytes[i] ^= (uint8_t)(1 + test_below(255));
        CHECK(!vch_is_ok(verify()));
        bytes[i] = own; // or what comes after it would be refused for this one
    }
    CHECK_OK(verify());
}

static void cut_at_each_byte(size_t *size)
{
    size_t whole = *size;

    for (*size = 0; *size < whole; ++*size)
        CHECK(!vch_is_ok(verify()));
    CHECK_OK(verify());
}

static void lie(void)
{
    CHECK_OK(verify());
    flip_each_byte(sample.attest, sample.attest_size);
    flip_each_byte(sample.signature, sample.signature_size);
    for (uint32_t i = 0; i < VCH_TPM_QUOTE_PCRS; i++)
        if ((sample.selected >> i & 1) != 0) flip_each_byte(sample.pcrs[i].bytes, VCH_DIGEST_SIZE);
    flip_each_byte(sample.nonce, sample.nonce_size);
    cut_at_each_byte(&sample.attest_size);
    cut_at_each_byte(&sample.signature_size);
    cut_at_each_byte(&sample.nonce_size);
}

TEST(swtpms_quote_is_accepted_and_no_byte_of_it_may_differ)
{
    read_swtpm();
    CHECK_OK(verify());
    CHECK_EQ(quote.clock.reset_count, 2);
    CHECK_EQ(quote.firmware, 0x2019102300163636);
    lie();
}

TEST(swtpms_pcr_11_is_the_hash_of_the_weights_version)
{
    struct vch_digest digest[2] = {{{0}}, vch_hash_bytes("weights v1", 10)};

    read_swtpm();
    CHECK_OK(verify());
    struct vch_digest extended = vch_hash_bytes(digest, sizeof digest);
    CHECK(vch_hash_is_equal(&extended, &sample.pcrs[11]));
}

TEST(trustees_quote_is_accepted_and_no_byte_of_it_may_differ)
{
    read_trustee();
    lie();
}

TEST(quote_of_one_machine_is_not_anothers)
{
    static struct sample other;

    read_trustee();
    other = sample;
    read_swtpm();
    sample.ak = other.ak;
    CHECK_FAILS(verify(), REFUSED);
    CHECK_EQ(vch_appraisal_find(&appraisal, "tpm.signature")->result, VCH_APPRAISAL_FAILED);
    read_swtpm();
    sample.form = VCH_TPM_SIGNATURE_TPMT; // and its signature no TPMT_SIGNATURE
    CHECK_FAILS(verify(), REFUSED);
}

TEST(attestation_without_signature_is_read)
{
    static const uint8_t nonce[] = {0x12, 0x34, 0x56, 0x78};

    vector_read(&file, "tpm/dstack-tpms-attest.bin");
    CHECK_OK(vch_tpm_quote_decode(&quote, file.bytes, file.size, NULL));
    CHECK_EQ(quote.nonce_size, sizeof nonce);
    CHECK(memcmp(quote.nonce, nonce, sizeof nonce) == 0);
    CHECK_EQ(quote.bank_count, 1);
    CHECK_EQ(quote.banks[0].algorithm, 0x000b);
    CHECK_EQ(quote.banks[0].pcrs, 0x000007);
    CHECK_EQ(quote.clock.reset_count, 16);
    for (size_t size = 0; size < file.size; size++)
        CHECK(!vch_is_ok(vch_tpm_quote_decode(&quote, file.bytes, size, NULL)));
}
