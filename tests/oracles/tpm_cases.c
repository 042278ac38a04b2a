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
#include "cases.h"
#include "evidence/tpm_quote.h"

enum { FILES = 4, NAME_SIZE = 1024, NONCE_MAX = 64 };

int main(void)
{
    static char form[16], names[FILES][NAME_SIZE], nonce_hex[2 * NONCE_MAX + 1];
    static char mask_hex[16];
    static struct vch_appraisal appraisal;

    while (scanf("%15s %1023s %1023s %1023s %1023s %15s %128s", form, names[0], names[1], names[2],
                 names[3], mask_hex, nonce_hex) == 7) {
        struct vch_digest pcrs[VCH_TPM_QUOTE_PCRS] = {0};
        struct vch_certificate_bytes files[FILES];
        size_t nonce_size = strlen(nonce_hex) / 2;
        uint8_t nonce[NONCE_MAX];
        struct vch_spki key;
        struct vch_tpm_quote quote;

        for (int i = 0; i < FILES; i++)
            files[i] = cases_read(names[i], i);
        memcpy(pcrs, files[3].bytes, files[3].size < sizeof pcrs ? files[3].size : sizeof pcrs);
        if (!vch_is_ok(vch_hex_decode(nonce, nonce_size, nonce_hex))) abort();
        const struct vch_tpm_quote_evidence evidence = {
            .attest = files[1].bytes,
            .attest_size = files[1].size,
            .signature = {strcmp(form, "tpmt") == 0 ? VCH_TPM_SIGNATURE_TPMT
                                                    : VCH_TPM_SIGNATURE_PLAIN,
                          files[2].bytes, files[2].size},
            .pcrs = pcrs};
        const struct vch_tpm_quote_expected expected = {.nonce = nonce,
                                                        .nonce_size = nonce_size,
                                                        .pcrs =
                                                            (uint32_t)strtoul(mask_hex, NULL, 16)};
        vch_appraisal_init(&appraisal);
        vch_status status = vch_spki_decode(&key, files[0].bytes, files[0].size);
        if (vch_is_ok(status))
            status = vch_tpm_quote_verify(&appraisal, &quote, &evidence, &key, &expected, NULL);
        cases_answer(&appraisal, status);
        printf("\n");
        (void)fflush(stdout);
    }
    return 0;
}
