// vouch's verifier of TPM quotes, asked piece by piece, for tpm_test.py: each line of standard
// input is
//
//     FORM KEY ATTEST SIGNATURE PCRS MASK NONCE
//
// with FORM tpmt or plain, four files (the key as SubjectPublicKeyInfo; 24 PCRs), and two numbers
// in hexadecimal; the answer is one line: the status and the checks that failed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "evidence/tpm_quote.h"

enum { FILES = 4, FILE_MAX = 1 << 14, NAME_SIZE = 1024, NONCE_MAX = 64 };

static uint8_t bytes[FILES][FILE_MAX];

static size_t read_file(const char *name, int which)
{
    FILE *file = fopen(name, "rb");

    if (file == NULL) abort();
    size_t size = fread(bytes[which], 1, FILE_MAX, file);
    (void)fclose(file);
    return size;
}

int main(void)
{
    static char form[16], names[FILES][NAME_SIZE], nonce_hex[2 * NONCE_MAX + 1];
    static char mask_hex[16];
    static struct vch_appraisal appraisal;

    while (scanf("%15s %1023s %1023s %1023s %1023s %15s %128s", form, names[0], names[1], names[2],
                 names[3], mask_hex, nonce_hex) == 7) {
        struct vch_digest pcrs[VCH_TPM_QUOTE_PCRS] = {0};
        size_t sizes[FILES], nonce_size = strlen(nonce_hex) / 2;
        uint8_t nonce[NONCE_MAX];
        struct vch_spki key;
        struct vch_tpm_quote quote;

        for (int i = 0; i < FILES; i++)
            sizes[i] = read_file(names[i], i);
        memcpy(pcrs, bytes[3], sizes[3] < sizeof pcrs ? sizes[3] : sizeof pcrs);
        if (!vch_is_ok(vch_hex_decode(nonce, nonce_size, nonce_hex))) abort();
        const struct vch_tpm_quote_evidence evidence = {.attest = bytes[1],
                                                        .attest_size = sizes[1],
                                                        .signature = {strcmp(form, "tpmt") == 0
                                                                          ? VCH_TPM_SIGNATURE_TPMT
                                                                          : VCH_TPM_SIGNATURE_PLAIN,
                                                                      bytes[2], sizes[2]},
                                                        .pcrs = pcrs};
        const struct vch_tpm_quote_expected expected = {.nonce = nonce,
                                                        .nonce_size = nonce_size,
                                                        .pcrs =
                                                            (uint32_t)strtoul(mask_hex, NULL, 16)};
        vch_appraisal_init(&appraisal);
        vch_status status = vch_spki_decode(&key, bytes[0], sizes[0]);
        if (vch_is_ok(status))
            status = vch_tpm_quote_verify(&appraisal, &quote, &evidence, &key, &expected, NULL);
        printf("%d", (int)status.code);
        for (uint32_t i = 0; i < appraisal.count; i++)
            if (appraisal.checks[i].result == VCH_APPRAISAL_FAILED)
                printf(" %s", appraisal.checks[i].name);
        printf("\n");
        (void)fflush(stdout);
    }
    return 0;
}
