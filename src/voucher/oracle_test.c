// The verifier against a second one, written in Python from specs/ alone: some hundred vouchers,
// honest ones and lies of every kind, and both must give every claim the same verdict.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attest/binder.h"
#include "base/bytes.h"
#include "harness/test.h"
#include "harness/told.h"
#include "harness/vouchers.h"

enum { STORIES = 160, DAMAGES = 3, LINE_SIZE = TOLD_LINE_SIZE };

static struct vouchers v;
static char verdicts[STORIES * (1 + DAMAGES)][LINE_SIZE];
static uint32_t verdict_count;

static bool chance(uint32_t of)
{
    return test_below(of) == 0;
}

static bool is_lying; // half of the stories are honest

static bool lies(uint32_t of)
{
    return is_lying && chance(of);
}

static void tell_plan(void)
{
    static const uint32_t cuts[] = {0, 1, 4, 6, 7};

    v.job.segment_count = 1 + test_below(4);
    v.job.quorum = 1 + test_below(4);
    for (uint32_t i = 0; i < v.job.segment_count; i++)
        v.job.segments[i] = (struct vch_job_segment){
            cuts[i], cuts[i + 1], chance(3) ? VCH_JOB_BY_CLIENT : VCH_JOB_BY_NODES};
    v.job.segments[test_below(v.job.segment_count)].by = VCH_JOB_BY_NODES;
    if (chance(3)) {
        v.job.commitment_kind = VCH_COMMITMENT_MATRIX;
        v.job.log_columns = 9 + test_below(8);
    }
    if (lies(8)) v.registry.expires_ms = 1000 + test_below(1000);
    if (lies(8)) v.registry.expires_ms = 0;
    if (lies(8)) v.founder = v.stranger;
}

static const struct vch_secret_key *voter(uint32_t index)
{
    if (index < VOUCHERS_NODES) return &v.nodes[index];
    return index == VOUCHERS_NODES ? &v.client : &v.stranger;
}

// A vote of that key: mostly honest.
static void tell_vote(uint32_t segment, uint32_t index)
{
    struct vch_vote vote = {.input = v.boundaries[segment], .output = v.boundaries[segment + 1]};
    struct vch_digest job_id = v.job_id;

    if (lies(10)) vote.output = vouchers_digest("dissent");
    if (lies(40)) vote.input = vouchers_digest("another input");
    if (lies(40)) job_id = vouchers_digest("another job");
    vch_vote_sign(&vote, &job_id, lies(40) ? segment + 1 : segment, voter(index));
    if (lies(40)) vote.signature.bytes[test_below(64)] ^= 1;
    if (lies(40)) memset(vote.signature.bytes, 0, 32); // an R of small order, or none
    vouchers_cast(&v, segment, &vote);
}

static void tell_votes(void)
{
    for (uint32_t i = 0; i < v.job.segment_count; i++) {
        uint32_t wanted = lies(8) ? test_below(3) : v.job.quorum;
        if (v.job.segments[i].by != VCH_JOB_BY_NODES) continue;
        // Two nodes of one party, a client or a stranger vote now and then.
        for (uint32_t j = 0; j < VOUCHERS_NODES + 2 && wanted > 0; j++) {
            if (j < VOUCHERS_NODES - 1 ? chance(4) : !lies(6)) continue;
            tell_vote(i, j);
            wanted--;
        }
    }
}

// Proofs of made-up bytes: both verifiers see that they are there, and neither has the model.
static void tell_proofs(void)
{
    static const uint8_t bytes[] = "made up";
    static const struct vch_segment_proof proof = {
        .annex = bytes, .annex_size = sizeof bytes, .proof = bytes, .proof_size = sizeof bytes};
    struct vch_segment_result results[VOUCHERS_SEGMENTS];
    uint32_t count = 0;

    if (v.job.commitment_kind != VCH_COMMITMENT_MATRIX) return;
    for (uint32_t i = 0; i < v.job.segment_count; i++) {
        bool is_own = v.job.segments[i].by == VCH_JOB_BY_CLIENT;
        if (is_own && chance(2)) continue;
        results[count] =
            is_own ? (struct vch_segment_result){.segment = i} : *vouchers_result(&v, i);
        if (is_own || chance(2)) results[count].proof = &proof;
        count++;
    }
    memcpy(v.results, results, count * sizeof *results);
    v.voucher.result_count = count;
}

// An attestation of that vote's node: nobody here has rules, so its response is not looked into.
static struct vch_segment_attestation tell_attestation(const struct vch_vote *vote)
{
    struct vch_segment_attestation out = {.node = vote->node, .time_ms = 1 + test_below(1500)};
    struct vch_binder binder = {.mode = lies(20) ? VCH_BINDER_REGISTRATION : VCH_BINDER_CHANNEL,
                                .role = lies(20) ? VCH_BINDER_CLIENT : VCH_BINDER_SERVER,
                                .kind = 1 + test_below(lies(2) ? VCH_BINDER_NONE : 1)};
    uint8_t *block = vch_arena_alloc(&v.arena, VCH_BINDER_SIZE + 1, 1);

    CHECK(block != NULL);
    if (chance(4)) binder.kind = VCH_BINDER_NONE;
    out.salt[0] = (uint8_t)test_below(256);
    struct vch_digest nonce = vch_binder_nonce(v.job.nonce.bytes, out.salt);
    if (lies(20)) out.salt[1] ^= 1;
    memcpy(binder.nonce, nonce.bytes, sizeof binder.nonce);
    memset(binder.sealing_key, 0x5e, sizeof binder.sealing_key);
    memcpy(binder.node, lies(20) ? v.stranger.public_key.bytes : vote->node.bytes, 32);
    binder.own = vch_binder_identity(lies(20) ? v.stranger.public_key.bytes : vote->node.bytes);
    if (binder.mode == VCH_BINDER_CHANNEL) {
        memset(binder.exporter, 0xe4, sizeof binder.exporter);
        binder.peer = vch_binder_identity(lies(20) ? vote->node.bytes : v.client.public_key.bytes);
    }
    CHECK_OK(vch_binder_encode(block, &binder));
    out.block = block;
    out.response = block;
    out.response_size = VCH_BINDER_SIZE;
    return out;
}

static void tell_attestations(void)
{
    bool are_there = chance(2);

    for (uint32_t i = 0; i < v.voucher.result_count && are_there; i++) {
        struct vch_segment_result *result = &v.results[i];
        struct vch_segment_attestation *list =
            VCH_ARENA_NEW(&v.arena, struct vch_segment_attestation, result->vote_count);
        CHECK(list != NULL);
        for (uint32_t j = 0; j < result->vote_count; j++)
            if (!lies(8)) list[result->attestation_count++] = tell_attestation(&result->votes[j]);
        result->attestations = list;
    }
}

static void tell_end(void)
{
    struct vch_digest other = vouchers_digest("another");

    if (lies(8)) v.voucher.finished_ms = test_below(3000);
    if (lies(12)) v.voucher.output = other;
    if (lies(12)) v.voucher.owner_signature = vouchers_own(&v.owner, &other);
    if (lies(12)) v.voucher.owner_signature = vouchers_own(&v.stranger, &v.job.model);
    if (lies(12)) v.voucher.owner = v.stranger.public_key;
    if (lies(12)) v.voucher.result_count = test_below(v.voucher.result_count + 1);
    if (!lies(12)) return;
    v.registry.serial++; // signed after the job was asked
    vouchers_found(&v);
}

static void tell_reader(void)
{
    v.policy.founder_count = !chance(10);
    v.policy.owner_count = !chance(10);
    v.policy.client_count = chance(6);
    v.policy.clients[0] = chance(2) ? v.client.public_key : v.stranger.public_key;
    v.policy.founders[0] = vouchers_key(1).public_key;
    v.policy.quorum_min = test_below(4);
    v.policy.at_ms = chance(10) ? 1 : 0;
}

// Our own verdict, in the other one's words.
static void note_verdict(const uint8_t *bytes, size_t size)
{
    memset(&v.report, 0xff, sizeof v.report); // to see whether it was judged at all
    vch_status status = vouchers_verify_bytes(&v, bytes, size);
    const struct vch_verify_report *report =
        v.report.dissenter_count != UINT32_MAX ? &v.report : NULL;

    told_verdict(verdicts[verdict_count++], report, vch_is_ok(status));
    told_note(&v.policy, bytes, size, report, vch_is_ok(status));
}

static void compare_later(FILE *file, const uint8_t *bytes, size_t size)
{
    told_put(file, &v.policy, bytes, size);
    note_verdict(bytes, size);
}

// What happens to bytes on their way: a flipped bit, a lost end, something repeated or inserted.
static void damage(FILE *file)
{
    uint8_t *bytes = vch_arena_alloc(&v.arena, v.size + 64, 1);
    size_t size = v.size, at = test_below((uint32_t)v.size), run = 1 + test_below(64);

    CHECK(bytes != NULL);
    memcpy(bytes, v.bytes, size);
    if (run > size - at) run = size - at;
    switch (test_below(4)) {
    case 0: bytes[at] ^= (uint8_t)(1u << test_below(8)); break;
    case 1: size = at; break;
    case 2:
        memmove(bytes + at + run, bytes + at, size - at);
        size += run;
        break;
    default: bytes[at] = (uint8_t)test_below(256); break;
    }
    compare_later(file, bytes, size);
}

static void tell_story(FILE *file)
{
    vouchers_init(&v);
    is_lying = chance(2);
    tell_plan();
    vouchers_found(&v);
    vouchers_ask(&v);
    tell_votes();
    tell_proofs();
    tell_attestations();
    tell_end();
    vouchers_sign(&v);
    tell_reader();
    compare_later(file, v.bytes, v.size);
    for (int i = 0; i < DAMAGES; i++)
        damage(file);
    vouchers_release(&v);
}

static bool has_python(void)
{
    FILE *pipe = popen("python3 -c 'import hashlib' 2>/dev/null", "r");
    return pipe != NULL && pclose(pipe) == 0;
}

static void compare(const char *path)
{
    static const char here[] = "src/voucher/oracle_test.c", file[] = __FILE__;
    char command[4096], line[LINE_SIZE];
    int root = (int)(sizeof file - sizeof here);

    (void)snprintf(command, sizeof command,
                   "python3 '%.*stests/oracles/verify_voucher.py' --batch '%s'", root, file, path);
    FILE *pipe = popen(command, "r");
    CHECK(pipe != NULL);
    for (uint32_t i = 0; i < verdict_count; i++) {
        CHECK(fgets(line, sizeof line, pipe) != NULL);
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, verdicts[i]) != 0)
            test_fail(__FILE__, __LINE__, "voucher %u: we say\n#   %s\n# and the other\n#   %s", i,
                      verdicts[i], line);
    }
    (void)pclose(pipe);
}

static uint32_t count_verdicts(const char *word)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < verdict_count; i++)
        count += strstr(verdicts[i], word) != NULL;
    return count;
}

TEST(verify_agrees_with_a_second_verifier)
{
    char path[] = "/tmp/vouchers-XXXXXX";
    int descriptor = mkstemp(path);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;

    CHECK(file != NULL);
    verdict_count = 0;
    for (int i = 0; i < STORIES; i++)
        tell_story(file);
    CHECK(fclose(file) == 0);
    // Stories that all end the same way would compare nothing.
    CHECK(count_verdicts("accepted") > STORIES / 16);
    CHECK(count_verdicts("refused") > STORIES / 4);
    CHECK(count_verdicts("malformed") > STORIES / 4);
    if (has_python())
        compare(path);
    else
        printf("# skipped: there is no python3 to ask\n");
    printf("# %u vouchers: %u accepted, %u refused, %u malformed\n", verdict_count,
           count_verdicts("accepted"), count_verdicts("refused"), count_verdicts("malformed"));
    (void)unlink(path);
}
