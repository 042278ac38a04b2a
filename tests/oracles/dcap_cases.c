// vouch's verifier of DCAP, asked set by set, for dcap_test.py: each line of standard input is
//
//     FOLDER TIME
//
// with the files of a set and seconds since 1970; the answer is one line: the status, the checks
// that failed, and in brackets the statuses of platform, module and quoting enclave.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "evidence/dcap.h"
#include "evidence/roots.h"

enum { FILES = 6, LINE_SIZE = 4096 };

static struct vch_dcap_policy policy;
static struct vch_appraisal appraisal;
static struct vch_dcap_claims claims;

// Statuses, floors and ages are not what the two are compared about.
static void allow(struct vch_dcap_rules *rules)
{
    rules->versions = rules->types = ~0u;
    rules->statuses = rules->module_statuses = rules->quoting_statuses = ~0u;
    rules->min_evaluation = 1;
    rules->collateral_age_max_s = INT64_MAX;
}

static struct vch_certificate_bytes read_file(const char *folder, int which)
{
    static const char *const names[FILES] = {"quote.bin",        "tcb_info.json",
                                             "qe_identity.json", "tcb_signing_chain.pem",
                                             "root_ca.crl",      "pck.crl"};
    char path[LINE_SIZE + 64];

    (void)snprintf(path, sizeof path, "%s/%s", folder, names[which]);
    return cases_read(path, which);
}

static void answer(const char *folder, int64_t time_s)
{
    static struct vch_arena arena;
    const struct vch_certificate_bytes quote = read_file(folder, 0);
    const struct vch_dcap_collateral collateral = {.tcb_info = read_file(folder, 1),
                                                   .identity = read_file(folder, 2),
                                                   .signer = read_file(folder, 3),
                                                   .root_crl = read_file(folder, 4),
                                                   .pck_crl = read_file(folder, 5)};
    const struct vch_dcap_question question = {.root =
                                                   vch_roots_get(VCH_ROOTS_INTEL_SGX)->certificate,
                                               .time_s = time_s,
                                               .policy = &policy};

    vch_arena_release(&arena);
    vch_arena_init(&arena, VCH_DCAP_ARENA_SIZE);
    vch_status status =
        vch_dcap_verify(&appraisal, &claims, &quote, &collateral, &question, &arena, NULL);
    cases_answer(&appraisal, status);
    if (claims.is_status_known)
        printf(" [%s,%s,%s]", vch_dcap_collateral_status_text(claims.platform),
               vch_dcap_collateral_status_text(claims.module),
               vch_dcap_collateral_status_text(claims.quoting));
    printf("\n");
    (void)fflush(stdout);
}

int main(void)
{
    char line[LINE_SIZE];

    allow(&policy.tdx.rules);
    allow(&policy.sgx.rules);
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *space = strrchr(line, ' ');
        if (space == NULL) return EXIT_FAILURE;
        *space = '\0';
        answer(line, strtoll(space + 1, NULL, 10));
    }
    return EXIT_SUCCESS;
}
