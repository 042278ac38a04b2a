// Vouchers for verifiers that are not ours: where the environment names a file in VOUCHERS_TOLD,
// each one that is judged here is written there, as words of tests/oracles/verify_voucher.py, with
// our verdict.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "voucher/verify.h"

enum { TOLD_LINE_SIZE = 512 };

// "accepted" or "refused" and each claim's verdict; "malformed" where `report` is NULL.
static inline void told_verdict(char out[static TOLD_LINE_SIZE],
                                const struct vch_verify_report *report, bool is_accepted)
{
    static const char *const words[] = {[VCH_VERDICT_NOT_CLAIMED] = "not-claimed",
                                        [VCH_VERDICT_NOT_SHOWN] = "not-shown",
                                        [VCH_VERDICT_SHOWN] = "shown",
                                        [VCH_VERDICT_FALSE] = "false"};
    int used = snprintf(out, TOLD_LINE_SIZE, "%s",
                        is_accepted      ? "accepted"
                        : report != NULL ? "refused"
                                         : "malformed");

    for (enum vch_claim i = 0; report != NULL && i < VCH_CLAIM_COUNT; i++)
        used += snprintf(out + used, TOLD_LINE_SIZE - (size_t)used, " %s=%s",
                         vch_verify_claim_name(i), words[report->findings[i].verdict]);
}

static inline void told_put_word(FILE *file, const char *name, const uint8_t bytes[static 32])
{
    char hex[2 * 32 + 1];

    vch_hex_encode(hex, bytes, 32);
    (void)fprintf(file, "%s=%s ", name, hex);
}

static inline void told_put_keys(FILE *file, const char *name, const struct vch_public_key *keys,
                                 uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        told_put_word(file, name, keys[i].bytes);
}

static inline void told_put(FILE *file, const struct vch_policy *policy, const uint8_t *bytes,
                            size_t size)
{
    told_put_keys(file, "founder", policy->founders, policy->founder_count);
    told_put_keys(file, "owner", policy->owners, policy->owner_count);
    told_put_keys(file, "client", policy->clients, policy->client_count);
    for (uint32_t i = 0; i < policy->ledger_count; i++)
        told_put_word(file, "ledger", policy->ledgers[i].bytes);
    (void)fprintf(file, "quorum=%u at=%llu voucher=", policy->quorum_min,
                  (unsigned long long)policy->at_ms);
    for (size_t i = 0; i < size; i++)
        (void)fprintf(file, "%02x", bytes[i]);
    (void)fputc('\n', file);
}

// A line with the verdict, then one with the voucher.
static inline void told_note(const struct vch_policy *policy, const uint8_t *bytes, size_t size,
                             const struct vch_verify_report *report, bool is_accepted)
{
    const char *path = getenv("VOUCHERS_TOLD");
    FILE *file = path != NULL ? fopen(path, "a") : NULL;
    char line[TOLD_LINE_SIZE];

    if (file == NULL) return;
    told_verdict(line, report, is_accepted);
    (void)fprintf(file, "%s\n", line);
    told_put(file, policy, bytes, size);
    (void)fclose(file);
}
