// The library as its callers see it: bytes in, verdicts out, and no memory but theirs.
#include "vouch/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "annex/proof_opening.h"
#include "crypto/sign.h"
#include "harness/answers.h"
#include "harness/test.h"

static struct answers model;
static struct answers_proof proven;
static struct vouch_question question;
static struct vouch_result result;

static void start(void)
{
    uint8_t *proof = NULL, *opening = NULL;

    answers_start(&model);
    answers_prove(&proven, &model, &model.annex, model.seed);
    question = (struct vouch_question){
        .manifest = {model.manifest, model.manifest_size},
        .annex = {model.annex_bytes, model.annex_size},
        .owner = model.owner.public_key.bytes,
        .job = proven.order.job.bytes,
        .signature = VOUCH_SIGNATURE_GOOD,
    };
    CHECK_OK(vch_proof_file_encode(&proof, &question.proof.size, &proven.file, &model.arena, NULL));
    CHECK_OK(vch_proof_opening_encode(&opening, &question.opening.size, &proven.opening,
                                      &model.arena, NULL));
    question.proof.bytes = proof;
    question.opening.bytes = opening;
}

// With memory of exactly this size, at an odd address.
static int ask_within(size_t size)
{
    uint8_t *memory = calloc(size + 1, 1);

    CHECK(memory != NULL);
    int code = vouch_verify_proof(&result, &question, memory + 1, size);
    CHECK_EQ(code, result.code);
    free(memory);
    return code;
}

static int ask(void)
{
    return ask_within(vouch_verify_memory(&question));
}

TEST(verify_accepts_an_honest_proof)
{
    start();
    CHECK_EQ(ask(), VOUCH_ACCEPTED);
    for (int claim = 0; claim < VOUCH_CLAIM_COUNT; claim++) {
        CHECK_EQ(result.findings[claim].verdict, VOUCH_SHOWN);
        CHECK(result.findings[claim].reason[0] != '\0');
    }
    question.opening = (struct vouch_bytes){0};
    question.job = NULL;
    CHECK_EQ(ask(), VOUCH_ACCEPTED);
    CHECK_EQ(result.findings[VOUCH_OUTPUT].verdict, VOUCH_NOT_SHOWN);
    vch_arena_release(&model.arena);
}

TEST(verify_rests_on_the_owners_word)
{
    static const uint8_t other[32] = {1};

    start();
    question.signature = VOUCH_SIGNATURE_NOT_CHECKED;
    CHECK_EQ(ask(), VOUCH_REFUSED);
    CHECK_EQ(result.findings[VOUCH_WEIGHTS].verdict, VOUCH_NOT_SHOWN);
    CHECK_EQ(result.findings[VOUCH_RUN].verdict, VOUCH_SHOWN);
    question.signature = 7; // which nobody defined
    CHECK_EQ(ask(), VOUCH_REFUSED);
    question.signature = VOUCH_SIGNATURE_BAD;
    CHECK_EQ(ask(), VOUCH_REFUSED);
    CHECK_EQ(result.findings[VOUCH_WEIGHTS].verdict, VOUCH_FALSE);
    question.signature = VOUCH_SIGNATURE_GOOD;
    question.owner = other;
    CHECK_EQ(ask(), VOUCH_REFUSED);
    question.owner = NULL;
    CHECK_EQ(ask(), VOUCH_REFUSED);
    CHECK_EQ(result.findings[VOUCH_WEIGHTS].verdict, VOUCH_NOT_SHOWN);
    vch_arena_release(&model.arena);
}

TEST(verify_says_what_the_owner_signed)
{
    struct vouch_signed word;
    uint8_t memory[1 << 14];
    struct vch_public_key key;
    struct vch_digest digest;
    struct vch_signature signature;

    start();
    CHECK_EQ(vouch_verify_signed(&word, model.annex_bytes, model.annex_size, memory, sizeof memory),
             VOUCH_ACCEPTED);
    memcpy(key.bytes, word.owner, sizeof key.bytes);
    memcpy(digest.bytes, word.message, sizeof digest.bytes);
    memcpy(signature.bytes, word.signature, sizeof signature.bytes);
    CHECK_OK(vch_sign_verify(&key, &digest, &signature));
    CHECK_EQ(vouch_verify_signed(&word, model.annex_bytes, 100, memory, sizeof memory),
             VOUCH_MALFORMED);
    CHECK_EQ(vouch_verify_signed(&word, model.annex_bytes, model.annex_size, memory, 100),
             VOUCH_NO_MEMORY);
    vch_arena_release(&model.arena);
}

// From none to enough: the answer is "more", then yes, and never anything else.
TEST(verify_needs_no_more_memory_than_it_says)
{
    start();
    const size_t most = vouch_verify_memory(&question);
    size_t least = 0, enough = most;
    CHECK_EQ(ask_within(most), VOUCH_ACCEPTED);
    CHECK_EQ(ask_within(1), VOUCH_NO_MEMORY);
    while (enough - least > 256) {
        size_t size = least + (enough - least) / 2;
        int code = ask_within(size);
        CHECK(code == VOUCH_ACCEPTED || code == VOUCH_NO_MEMORY);
        if (code == VOUCH_ACCEPTED)
            enough = size;
        else
            least = size;
    }
    printf("# %zu bytes of %zu are enough\n", enough, most);
    vch_arena_release(&model.arena);
}

TEST(verify_refuses_every_byte_changed)
{
    struct vouch_bytes *const files[] = {&question.manifest, &question.annex, &question.proof,
                                         &question.opening};

    start();
    for (int i = 0; i < 60; i++) {
        struct vouch_bytes *file = files[i % 4], honest = *file;
        uint8_t *changed = calloc(honest.size, 1);
        CHECK(changed != NULL);
        memcpy(changed, honest.bytes, honest.size);
        changed[test_below((uint32_t)honest.size)] ^= (uint8_t)(1u << test_below(8));
        file->bytes = changed;
        // The signature is the caller's to check, so that its own bytes change nothing here.
        const bool is_signature =
            i % 4 == 1 && memcmp(changed, honest.bytes, honest.size - 64) == 0;
        CHECK(is_signature || ask() != VOUCH_ACCEPTED);
        *file = honest;
        free(changed);
    }
    CHECK_EQ(ask(), VOUCH_ACCEPTED);
    vch_arena_release(&model.arena);
}

TEST(verify_refuses_questions_without_files)
{
    start();
    question.proof = (struct vouch_bytes){0};
    CHECK_EQ(ask(), VOUCH_USAGE);
    question = (struct vouch_question){0};
    CHECK_EQ(ask(), VOUCH_USAGE);
    CHECK(result.text[0] != '\0');
    vch_arena_release(&model.arena);
}
