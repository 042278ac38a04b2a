// What a verifier does with a TPM, for tests/e2e/tpm_test.py, which has a real one.
//
//   tpm_verifier credential EK_CERTIFICATE ISSUER ROOT TIME AK_PUBLIC SECRET_HEX OUT
//   tpm_verifier quote AK_PUBLIC NAME_HEX QUOTE SIGNATURE PCRS MASK_HEX NONCE_HEX
//
// 0: accepted; 1: refused, and the checks that failed are on stdout; 2: malformed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "base/bytes.h"
#include "evidence/tpm_credential.h"
#include "evidence/tpm_ek.h"
#include "evidence/tpm_quote.h"

enum { FILE_MAX = 8192 };

struct file {
    uint8_t bytes[FILE_MAX];
    size_t size;
};

static struct vch_appraisal appraisal;
static struct vch_complaint complaint;

static void read_file(struct file *out, const char *name)
{
    FILE *file = fopen(name, "rb");

    if (file == NULL) exit(3);
    out->size = fread(out->bytes, 1, sizeof out->bytes, file);
    (void)fclose(file);
}

static size_t from_hex(uint8_t *out, size_t size_max, const char *text)
{
    size_t size = strlen(text) / 2;

    if (size > size_max || !vch_is_ok(vch_hex_decode(out, size, text))) exit(3);
    return size;
}

static int judge(vch_status status)
{
    for (uint32_t i = 0; i < appraisal.count; i++)
        if (appraisal.checks[i].result == VCH_APPRAISAL_FAILED)
            (void)printf("%s: %s\n", appraisal.checks[i].name, appraisal.checks[i].text);
    if (complaint.text[0] != '\0') (void)printf("%s\n", complaint.text);
    return vch_is_ok(status) ? 0 : status.code == VCH_CODE_REFUSED ? 1 : 2;
}

static vch_status verify_ek(struct vch_spki *ek, char **argv)
{
    static struct file ek_file, issuer, root;
    struct vch_certificate_list list;
    const int64_t time_s = strtoll(argv[3], NULL, 10);

    read_file(&ek_file, argv[0]);
    read_file(&issuer, argv[1]);
    read_file(&root, argv[2]);
    const struct vch_chain_rules rules = {.root = {root.bytes, root.size},
                                          .time_s = time_s,
                                          .signatures = VCH_CHAIN_PKCS1_SHA256,
                                          .crl_rule = VCH_CHAIN_CRLS_IF_PRESENT,
                                          .leaf = VCH_CHAIN_LEAF_DECRYPTS};
    vch_certificate_init(&list);
    vch_status status = vch_certificate_read(&list, ek_file.bytes, ek_file.size, &complaint);
    if (vch_is_ok(status))
        status = vch_certificate_read(&list, issuer.bytes, issuer.size, &complaint);
    if (vch_is_ok(status)) status = vch_tpm_ek_verify(&appraisal, ek, &list, &rules);
    vch_certificate_release(&list);
    return status;
}

static vch_status make(char **argv)
{
    static struct file public;
    struct vch_spki ek;
    struct vch_tpm_public ak;
    struct vch_tpm_credential credential;
    struct vch_tpm_credential_random entropy;
    uint8_t secret[32], head[] = {0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1}; // as tpm2-tools has it

    VCH_TRY(verify_ek(&ek, argv));
    read_file(&public, argv[4]);
    VCH_TRY(vch_tpm_public_decode(&ak, public.bytes, public.size, &complaint));
    VCH_TRY(vch_tpm_public_appraise(&appraisal, &ak));
    size_t size = from_hex(secret, sizeof secret, argv[5]);
    if (RAND_bytes((unsigned char *)&entropy, sizeof entropy) != 1) return VCH_FAIL(IO);
    VCH_TRY(vch_tpm_credential_make(&credential, &ek, ak.name, secret, size, &entropy, &complaint));
    FILE *out = fopen(argv[6], "wb");
    if (out == NULL) return VCH_FAIL(IO);
    (void)fwrite(head, 1, sizeof head, out);
    (void)fwrite(credential.blob, 1, credential.blob_size, out);
    (void)fwrite(credential.seed, 1, credential.seed_size, out);
    return fclose(out) == 0 ? VCH_OK : VCH_FAIL(IO);
}

static vch_status quote(char **argv)
{
    static struct file public, attest, signature, values;
    struct vch_tpm_public ak;
    struct vch_tpm_quote said;
    struct vch_digest pcrs[VCH_TPM_QUOTE_PCRS] = {0};
    uint8_t name[VCH_TPM_PUBLIC_NAME_SIZE], nonce[64];
    const uint32_t mask = (uint32_t)strtoul(argv[5], NULL, 16);

    read_file(&public, argv[0]);
    VCH_TRY(vch_tpm_public_decode(&ak, public.bytes, public.size, &complaint));
    if (from_hex(name, sizeof name, argv[1]) != sizeof name) return VCH_FAIL(USAGE);
    VCH_TRY(vch_tpm_public_appraise(&appraisal, &ak));
    VCH_TRY(vch_tpm_public_match(&appraisal, &ak, name));
    read_file(&attest, argv[2]);
    read_file(&signature, argv[3]);
    read_file(&values, argv[4]); // of the selected ones, one after another
    for (size_t i = 0, at = 0; i < VCH_TPM_QUOTE_PCRS; i++) {
        if ((mask >> i & 1) == 0 || at + VCH_DIGEST_SIZE > values.size) continue;
        memcpy(pcrs[i].bytes, values.bytes + at, VCH_DIGEST_SIZE);
        at += VCH_DIGEST_SIZE;
    }
    size_t nonce_size = from_hex(nonce, sizeof nonce, argv[6]);
    return vch_tpm_quote_verify(
        &appraisal, &said,
        &(struct vch_tpm_quote_evidence){
            .attest = attest.bytes,
            .attest_size = attest.size,
            .signature = {VCH_TPM_SIGNATURE_TPMT, signature.bytes, signature.size},
            .pcrs = pcrs},
        &ak.key,
        &(struct vch_tpm_quote_expected){.nonce = nonce, .nonce_size = nonce_size, .pcrs = mask},
        &complaint);
}

int main(int argc, char **argv)
{
    vch_appraisal_init(&appraisal);
    if (argc != 9) return 3;
    if (strcmp(argv[1], "credential") == 0) return judge(make(argv + 2));
    return judge(quote(argv + 2));
}
