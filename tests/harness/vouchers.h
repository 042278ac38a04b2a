// A small network and one job of its, for tests about vouchers: told step by step, so that a test
// can lie at any of them.
//
//     vouchers_init     keys, members, a plan of four segments, made-up commitments
//     vouchers_found    the founder signs the registry
//     vouchers_ask      the client fixes the job
//     vouchers_vote     a node signs what a segment gave
//     vouchers_sign     the client signs the voucher
//
// All keys and numbers are fixed: the same steps give the same bytes. Each step may be repeated
// after changing what it reads; those after it then have to be repeated too.
#pragma once

#include <stdio.h>
#include <string.h>

#include "harness/test.h"
#include "model/package.h"
#include "voucher/verify.h"

enum {
    VOUCHERS_NODES = 9,    // node 8 is a second one of node 7's party
    VOUCHERS_SEGMENTS = 8, // room
    VOUCHERS_VOTES = 16,
    VOUCHERS_MEMBERS = VOUCHERS_NODES + 1,
};

struct vouchers {
    struct vch_arena arena;
    struct vch_complaint complaint;
    struct vch_secret_key founder, owner, client, stranger, nodes[VOUCHERS_NODES];
    struct vch_member members[VOUCHERS_MEMBERS];
    struct vch_registry registry;
    uint8_t secret[32];
    struct vch_job job;
    struct vch_digest job_id;
    struct vch_digest boundaries[VOUCHERS_SEGMENTS + 1]; // what honest nodes commit to
    struct vch_vote votes[VOUCHERS_SEGMENTS][VOUCHERS_VOTES];
    struct vch_segment_result results[VOUCHERS_SEGMENTS]; // of the segments by nodes, in order
    struct vch_voucher voucher;
    uint8_t *bytes;
    size_t size;

    // A reader who trusts all of the above, and what they were told last.
    struct vch_policy policy;
    const struct vch_package *package;
    const struct vch_opening *opening;
    const struct vch_rules *rules;
    int64_t evidence_at_s;
    struct vch_verify_report report;
};

static inline struct vch_secret_key vouchers_key(uint8_t fill)
{
    struct vch_secret_key key;
    uint8_t seed[VCH_SIGN_SEED_SIZE];

    memset(seed, fill, sizeof seed);
    vch_sign_key(&key, seed);
    return key;
}

static inline struct vch_digest vouchers_digest(const char *text)
{
    return vch_hash_bytes(text, strlen(text));
}

static inline struct vch_signature vouchers_own(const struct vch_secret_key *owner,
                                                const struct vch_digest *model)
{
    struct vch_digest digest = vch_package_signed_digest(model);
    struct vch_signature signature;

    vch_sign_digest(&signature, owner, &digest);
    return signature;
}

static inline void vouchers_add_member(struct vouchers *v, const struct vch_secret_key *key,
                                       const char *party, enum vch_role role)
{
    struct vch_member *member = &v->members[v->registry.member_count++];

    *member = (struct vch_member){.key = key->public_key, .role = role};
    (void)snprintf(member->operator_name, sizeof member->operator_name, "%s", party);
}

static inline void vouchers_init_members(struct vouchers *v)
{
    char party[16];

    v->registry = (struct vch_registry){
        .network = "clinics.example", .serial = 1, .expires_ms = 3000, .members = v->members};
    for (uint8_t i = 0; i < VOUCHERS_NODES; i++) {
        v->nodes[i] = vouchers_key((uint8_t)(10 + i));
        (void)snprintf(party, sizeof party, "party-%d", i < 8 ? i : 7);
        vouchers_add_member(v, &v->nodes[i], party, VCH_ROLE_NODE);
    }
    vouchers_add_member(v, &v->client, "party-client", VCH_ROLE_CLIENT);
}

static inline void vouchers_init_job(struct vouchers *v)
{
    char text[32];

    memset(v->secret, 77, sizeof v->secret);
    for (int i = 0; i <= VOUCHERS_SEGMENTS; i++) {
        (void)snprintf(text, sizeof text, "boundary %d", i);
        v->boundaries[i] = vouchers_digest(text);
    }
    v->job = (struct vch_job){.model = vouchers_digest("model"),
                              .client = v->client.public_key,
                              .nonce = vouchers_digest("nonce"),
                              .batch = 2,
                              .commitment_kind = VCH_COMMITMENT_SHA256,
                              .input = v->boundaries[0],
                              .segment_count = 4,
                              .segments = {{0, 1, VCH_JOB_BY_CLIENT},
                                           {1, 4, VCH_JOB_BY_NODES},
                                           {4, 6, VCH_JOB_BY_NODES},
                                           {6, 7, VCH_JOB_BY_CLIENT}},
                              .quorum = 3,
                              .deadline_ms = 2000};
    for (uint32_t i = 0; i <= v->job.segment_count; i++) {
        struct vch_nonce nonce;
        vch_commitment_nonce(&nonce, v->secret, i);
        v->job.nonces[i] = vch_commitment_pin(&nonce);
    }
}

// Call vouchers_release at the end; a test that fails before leaves its memory to the process.
static inline void vouchers_init(struct vouchers *v)
{
    *v = (struct vouchers){0};
    vch_arena_init(&v->arena, 1 << 26);
    v->founder = vouchers_key(1);
    v->owner = vouchers_key(2);
    v->client = vouchers_key(3);
    v->stranger = vouchers_key(4);
    vouchers_init_members(v);
    vouchers_init_job(v);
    v->policy.founder_count = v->policy.owner_count = 1;
    v->policy.founders[0] = v->founder.public_key;
    v->policy.owners[0] = v->owner.public_key;
}

static inline void vouchers_release(struct vouchers *v)
{
    vch_arena_release(&v->arena);
}

static inline void vouchers_found(struct vouchers *v)
{
    uint8_t *bytes = NULL;

    CHECK_OK(vch_registry_encode(&bytes, &v->voucher.registry_size, &v->registry, &v->founder,
                                 &v->arena, &v->complaint));
    v->voucher.registry_bytes = bytes;
    v->job.registry = v->registry.digest;
}

// Also begins the voucher: results without votes, and what the client says itself.
static inline void vouchers_ask(struct vouchers *v)
{
    uint8_t *bytes = NULL;

    CHECK_OK(vch_job_encode(&bytes, &v->voucher.job_size, &v->job, &v->arena, &v->complaint));
    v->voucher.job_bytes = bytes;
    v->job_id = vch_job_id(bytes, v->voucher.job_size);
    v->voucher.owner = v->owner.public_key;
    v->voucher.owner_signature = vouchers_own(&v->owner, &v->job.model);
    v->voucher.commitment_kind = v->job.commitment_kind;
    v->voucher.log_columns = v->job.log_columns;
    v->voucher.output = v->boundaries[v->job.segment_count];
    v->voucher.finished_ms = 1500;
    v->voucher.results = v->results;
    v->voucher.result_count = 0;
    memset(v->results, 0, sizeof v->results);
    for (uint32_t i = 0; i < v->job.segment_count; i++)
        if (v->job.segments[i].by == VCH_JOB_BY_NODES)
            v->results[v->voucher.result_count++] =
                (struct vch_segment_result){.segment = i, .votes = v->votes[i]};
}

static inline struct vch_segment_result *vouchers_result(struct vouchers *v, uint32_t segment)
{
    FOR_EACH(result, v->results)
    if (result->votes == v->votes[segment]) return result;
    test_fail(__FILE__, __LINE__, "segment %u has no result", segment);
}

// Puts a vote, right or wrong, where its node's key belongs.
static inline void vouchers_cast(struct vouchers *v, uint32_t segment, const struct vch_vote *vote)
{
    struct vch_segment_result *result = vouchers_result(v, segment);
    struct vch_vote *votes = v->votes[segment];
    uint32_t place = result->vote_count++;

    CHECK(place < VOUCHERS_VOTES);
    for (; place > 0 && memcmp(&votes[place - 1].node, &vote->node, sizeof vote->node) > 0; place--)
        votes[place] = votes[place - 1];
    votes[place] = *vote;
}

static inline void vouchers_vote_by(struct vouchers *v, uint32_t segment,
                                    const struct vch_secret_key *key,
                                    const struct vch_digest *output)
{
    struct vch_vote vote = {.input = v->boundaries[segment], .output = *output};

    vch_vote_sign(&vote, &v->job_id, segment, key);
    vouchers_cast(v, segment, &vote);
}

static inline void vouchers_vote(struct vouchers *v, uint32_t segment, int node)
{
    vouchers_vote_by(v, segment, &v->nodes[node], &v->boundaries[segment + 1]);
}

static inline void vouchers_sign(struct vouchers *v)
{
    v->complaint.text[0] = '\0';
    if (!vch_is_ok(vch_voucher_encode(&v->bytes, &v->size, &v->voucher, &v->client, &v->arena,
                                      &v->complaint)))
        test_fail(__FILE__, __LINE__, "%s", v->complaint.text);
}

// An honest voucher up to the client's signature, of nodes 0, 1, 2, then 3, 4, 5, and so on.
static inline void vouchers_vote_all(struct vouchers *v)
{
    int node = 0;

    vouchers_found(v);
    vouchers_ask(v);
    for (uint32_t i = 0; i < v->job.segment_count; i++)
        for (int j = 0; v->job.segments[i].by == VCH_JOB_BY_NODES && j < 3; j++)
            vouchers_vote(v, i, node++ % 6);
}

static inline void vouchers_init_honest(struct vouchers *v)
{
    vouchers_init(v);
    vouchers_vote_all(v);
    vouchers_sign(v);
}

static inline vch_status vouchers_verify_bytes(struct vouchers *v, const uint8_t *bytes,
                                               size_t size)
{
    struct vch_arena_mark mark = vch_arena_mark(&v->arena);
    struct vch_kernels kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    struct vch_voucher voucher;
    struct vch_verify_input input = {.voucher = &voucher,
                                     .package = v->package,
                                     .opening = v->opening,
                                     .policy = &v->policy,
                                     .kernels = &kernels,
                                     .rules = v->rules,
                                     .evidence_at_s = v->evidence_at_s};

    v->complaint.text[0] = '\0';
    vch_status status = vch_voucher_decode(&voucher, bytes, size, &v->arena, &v->complaint);
    if (vch_is_ok(status))
        status = vch_verify_voucher(&v->report, &input, &v->arena, &v->complaint);
    vch_arena_rewind(&v->arena, mark);
    return status;
}

static inline vch_status vouchers_verify(struct vouchers *v)
{
    return vouchers_verify_bytes(v, v->bytes, v->size);
}

static inline enum vch_verdict vouchers_verdict(const struct vouchers *v, enum vch_claim claim)
{
    return v->report.findings[claim].verdict;
}

// The claim has that verdict, for a reason that says so.
#define CHECK_VERDICT(v, claim, wanted, words) \
    do { \
        const struct vch_finding *finding_ = &(v)->report.findings[VCH_CLAIM_##claim]; \
        if (finding_->verdict != VCH_VERDICT_##wanted || strstr(finding_->reason, words) == NULL) \
            test_fail(__FILE__, __LINE__, #claim " is %s: %s", \
                      vch_verify_verdict_text(finding_->verdict), finding_->reason); \
    } while (0)
