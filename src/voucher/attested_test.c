// Vouchers of nodes that attested, and those who say that they did.
#include "voucher/attested.h"

#include <string.h>

#include "harness/amd.h"
#include "harness/attesting.h"

static struct vouchers v;
static struct attesting a;

static void begin(enum vch_binder_kind kind)
{
    vouchers_init(&v);
    vouchers_vote_all(&v);
    attesting_all(&a, &v, kind);
}

static void end(void)
{
    results_release(&a.scene);
    vouchers_release(&v);
}

static void sign_and_refuse(void)
{
    vouchers_sign(&v);
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
}

// The one attestation that a test changes.
static struct vch_segment_attestation *one(void)
{
    return &a.attestations[1][1];
}

static uint8_t *block(void)
{
    return (uint8_t *)(uintptr_t)one()->block;
}

TEST(attested_is_shown_where_every_node_that_answered_had_attested)
{
    begin(VCH_BINDER_TPM);
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(
        &v, ATTESTED, SHOWN,
        "what its machine is: 0 at the level tee, 6 at tpm (what was booted, and not which "
        "program answered), by the policy \"test\"");
    CHECK_EQ(v.report.attested_count, 6);
    CHECK_VERDICT(&v, ATTESTED, SHOWN, "of ONE MACHINE"); // whose TPM this test has all of them ask
    FOR_EACH(node, v.report.attested)
    {
        if (node == v.report.attested + 6) break;
        CHECK(node->verdict == VCH_ATTESTED_SHOWN && node->level == VCH_RULES_TPM);
        CHECK(node->word == VCH_RESULT_AFFIRMING && node->failed == 0 && node->passed > 10);
    }
    // Whoever has the machine can have its TPM quote beside any statement: that is no quorum.
    v.policy.quorum_min = 4;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, QUORUM, NOT_SHOWN, "");
    CHECK_VERDICT(&v, ATTESTED, SHOWN, "");
    v.policy.has_requirements = v.policy.requires[VCH_CLAIM_ATTESTED] = true;
    CHECK_OK(vouchers_verify(&v));
    end();
}

// What a processor reports of one block.
static void answer_by_amd(struct amd *amd)
{
    struct vch_exchange_response *response = &a.scene.response;

    results_block(&a.scene);
    vch_binder_report(amd->report_data, a.scene.bytes);
    amd_write_report(amd);
    response->evidence.count = response->endorsements.count = 1;
    response->evidence.items[0] =
        results_item("report", amd->report, sizeof amd->report, VCH_CMW_EVIDENCE);
    response->endorsements.items[0] =
        results_item("vek", amd->evidence.key.bytes, amd->evidence.key.size, VCH_CMW_ENDORSEMENTS);
    response->endorsements.items[response->endorsements.count++] = results_item(
        "issuers", amd->evidence.issuers.bytes, amd->evidence.issuers.size, VCH_CMW_ENDORSEMENTS);
}

// Votes are signed by keys that nodes read from files: whoever has the file signs what no node ever
// said, as this test does, while the node in its TEE shows what it likes.
TEST(attested_stands_in_for_no_quorum_whatever_level_it_is_of)
{
    static struct amd amd;

    begin(VCH_BINDER_TPM);
    amd_begin(&amd, &AMD_TURIN);
    a.scene.response.kind = VCH_BINDER_SNP;
    a.scene.rules.has_snp = true;
    a.scene.rules.snp = amd.policy;
    a.scene.rules.anchors.amd = amd.anchors;
    for (uint32_t i = 0; i < v.voucher.result_count; i++)
        for (uint32_t j = 0; j < v.results[i].vote_count; j++) {
            struct vch_segment_attestation *kept = &a.attestations[i][j];
            attesting_connect(&a, &v, &kept->node, kept->salt);
            answer_by_amd(&amd);
            *kept = attesting_keep(&a, &v, &kept->node, kept->salt);
        }
    vouchers_sign(&v);
    v.evidence_at_s = AMD_NOW;
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ATTESTED, SHOWN, "6 at the level tee, 0 at tpm");
    v.policy.quorum_min = 4;
    CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
    CHECK_VERDICT(&v, QUORUM, NOT_SHOWN, "");
    CHECK_VERDICT(&v, ATTESTED, SHOWN, "");
    v.policy.has_requirements = v.policy.requires[VCH_CLAIM_ATTESTED] = true;
    CHECK_OK(vouchers_verify(&v));
    a.scene.rules.anchors.are_vendors = false;
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ATTESTED, SHOWN, "nothing for production");
    amd_release(&amd);
    end();
}

TEST(attested_is_not_shown_to_a_reader_without_rules)
{
    begin(VCH_BINDER_TPM);
    v.rules = NULL;
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ATTESTED, NOT_SHOWN, "pass --attest-policy");
    CHECK(v.report.attested[0].verdict == VCH_ATTESTED_UNJUDGED);
    end();
}

TEST(attested_never_counts_what_nodes_say_of_themselves)
{
    begin(VCH_BINDER_NONE);
    a.scene.rules.levels[VCH_RULES_PROMPTS] = 7; // whatever the rules let a sandbox have
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ATTESTED, NOT_CLAIMED, "nothing shows it");
    CHECK(v.report.attested[0].verdict == VCH_ATTESTED_STATEMENT);
    v.rules = NULL;
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ATTESTED, NOT_CLAIMED, "nothing shows it");
    end();
}

TEST(attested_is_not_shown_where_one_node_gives_its_word_alone)
{
    struct attesting other;

    begin(VCH_BINDER_TPM);
    results_init(&other.scene, VCH_BINDER_NONE);
    attesting_connect(&other, &v, &one()->node, one()->salt);
    results_answer(&other.scene);
    *one() = attesting_keep(&other, &v, &one()->node, one()->salt);
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ATTESTED, NOT_SHOWN, "a statement alone");
    results_release(&other.scene);
    end();
}

TEST(attested_is_not_shown_where_a_node_that_answered_is_missing)
{
    begin(VCH_BINDER_TPM);
    v.results[1].attestation_count--;
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ATTESTED, NOT_SHOWN, "the voucher has no evidence of what it runs");
    end();
}

TEST(attested_is_not_shown_by_rules_that_refuse_it)
{
    begin(VCH_BINDER_TPM);
    vouchers_sign(&v);
    a.scene.rules.levels[VCH_RULES_PROMPTS] = 1u << VCH_RULES_TEE;
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ATTESTED, NOT_SHOWN, "gives prompts to other levels only");
    a.scene.rules.levels[VCH_RULES_OPEN_WEIGHTS] = 1u << VCH_RULES_TPM;
    v.policy.attest_class = VCH_RULES_OPEN_WEIGHTS; // this reader asks for less
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ATTESTED, SHOWN, "");
    v.policy.attest_class = VCH_RULES_PRIVATE_WEIGHTS;
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ATTESTED, NOT_SHOWN, "gives weights:private to other levels only");
    v.policy.attest_class = VCH_RULES_PROMPTS;
    a.scene.rules.levels[VCH_RULES_PROMPTS] = 7;
    a.scene.key.name[4] ^= 1;
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ATTESTED, NOT_SHOWN, "tpm.ak.enrolled");
    a.scene.key.name[4] ^= 1;
    a.scene.rules.id.bytes[0] ^= 1; // asked for under another policy than the reader's
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ATTESTED, NOT_SHOWN, "result.policy");
    end();
}

TEST(attested_is_judged_at_the_vouchers_time_or_at_the_readers)
{
    begin(VCH_BINDER_TPM);
    vouchers_sign(&v);
    a.scene.rules.until_s = 1;
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ATTESTED, SHOWN, "");
    v.evidence_at_s = 2;
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ATTESTED, NOT_SHOWN, "result.rules");
    a.scene.rules.until_s = 3;
    a.scene.rules.freshness.result_s = 0; // it came 100 ms before the end
    CHECK_OK(vouchers_verify(&v));
    CHECK_VERDICT(&v, ATTESTED, NOT_SHOWN, "before the job had finished");
    end();
}

// The client signs all of this, so these are its lies.
TEST(attested_is_false_where_the_evidence_is_of_something_else)
{
    begin(VCH_BINDER_TPM);
    const struct vch_segment_attestation honest = *one();
    const struct vch_digest job = v.job.nonce;
    const struct vch_secret_key client = v.client;
    const char *wrong[] = {"another node", "another client", "another job"};

    for (int lie = 0; lie < 3; lie++) {
        const struct vch_public_key *node = lie == 0 ? &a.attestations[1][0].node : &honest.node;
        if (lie == 1) v.client = v.stranger;
        if (lie == 2) v.job.nonce.bytes[0] ^= 1;
        attesting_connect(&a, &v, node, honest.salt);
        results_answer(&a.scene); // genuine, for that one
        *one() = attesting_keep(&a, &v, &honest.node, honest.salt);
        v.client = client;
        v.job.nonce = job;
        sign_and_refuse();
        CHECK_VERDICT(&v, ATTESTED, FALSE, wrong[lie]);
        v.rules = NULL; // whoever has no rules sees it too
        CHECK_FAILS(vouchers_verify(&v), BAD_PROOF);
        CHECK_VERDICT(&v, ATTESTED, FALSE, wrong[lie]);
        v.rules = &a.scene.rules;
    }
    *one() = honest;
    one()->time_ms = v.voucher.finished_ms + 1;
    sign_and_refuse();
    CHECK_VERDICT(&v, ATTESTED, FALSE, "after the job had finished");
    end();
}

TEST(attested_is_false_where_the_block_is_not_the_one_that_was_answered)
{
    static const size_t places[] = {16 + 4, 16 + 36, 16 + 132, 16 + 196}; // exporter and so on

    begin(VCH_BINDER_TPM);
    FOR_EACH(place, places)
    {
        uint8_t *byte = block() + *place + 5;
        *byte ^= 1;
        sign_and_refuse();
        CHECK_EQ(vouchers_verdict(&v, VCH_CLAIM_ATTESTED), VCH_VERDICT_FALSE);
        *byte ^= 1;
    }
    vouchers_sign(&v);
    CHECK_OK(vouchers_verify(&v));
    end();
}

TEST(attested_is_false_where_answers_are_swapped_cut_or_edited)
{
    begin(VCH_BINDER_TPM);
    const struct vch_segment_attestation honest = *one(), *other = &a.attestations[1][0];

    one()->response = other->response;
    one()->response_size = other->response_size;
    sign_and_refuse();
    CHECK_VERDICT(&v, ATTESTED, FALSE, "binding.evidence");
    *one() = honest;
    one()->response_size--;
    sign_and_refuse();
    CHECK_VERDICT(&v, ATTESTED, FALSE, "");
    *one() = honest;
    // A PCR value in the middle of the response, beside the quote.
    uint8_t *response = (uint8_t *)(uintptr_t)honest.response;
    uint8_t *pcr = memmem(response, honest.response_size, a.scene.tpm.pcrs[4].bytes, 32);
    CHECK(pcr != NULL);
    pcr[3] ^= 1;
    sign_and_refuse();
    CHECK_VERDICT(&v, ATTESTED, FALSE, "tpm.pcr.digest");
    end();
}

TEST(attestations_out_of_form_are_not_read)
{
    begin(VCH_BINDER_TPM);
    const struct vch_segment_attestation honest = *one();

    one()->node = v.nodes[8].public_key; // has no vote there
    CHECK_FAILS(vch_voucher_encode(&v.bytes, &v.size, &v.voucher, &v.client, &v.arena, NULL),
                MALFORMED);
    *one() = a.attestations[1][0];
    CHECK_FAILS(vch_voucher_encode(&v.bytes, &v.size, &v.voucher, &v.client, &v.arena, NULL),
                MALFORMED);
    *one() = honest;
    one()->response_size = 0;
    CHECK_FAILS(vch_voucher_encode(&v.bytes, &v.size, &v.voucher, &v.client, &v.arena, NULL),
                LIMIT);
    *one() = honest;
    block()[17] = 3; // a mode that is none
    CHECK_FAILS(vch_voucher_encode(&v.bytes, &v.size, &v.voucher, &v.client, &v.arena, NULL),
                MALFORMED);
    end();
}

TEST(attested_voucher_with_any_bit_flipped_is_refused)
{
    begin(VCH_BINDER_TPM);
    vouchers_sign(&v);
    for (int i = 0; i < 200; i++) {
        size_t at = test_below((uint32_t)v.size);
        uint8_t bit = (uint8_t)(1u << test_below(8));
        v.bytes[at] ^= bit;
        CHECK(!vch_is_ok(vouchers_verify(&v)));
        v.bytes[at] ^= bit;
    }
    CHECK_OK(vouchers_verify(&v));
    end();
}
