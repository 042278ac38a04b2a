// A contest that was really held, and what its client tells of it: an agreement, and a voucher
// around it. Whoever tests with it may then change one thing in the log. The clerk of these lies
// has its witnesses on its side: a changed log is hashed, proven and cosigned anew.
#pragma once

#include "base/bytes.h"
#include "harness/ledger.h"
#include "harness/logs.h"
#include "harness/test.h"
#include "harness/told.h"
#include "tlog/cosignature.h"
#include "tlog/inclusion.h"
#include "voucher/contest.h"
#include "voucher/verify.h"

enum { SCENE_ITEMS_MAX = 400, SCENE_NOTE_MAX = 4096, SEGMENT = 1, ROUNDS = 2 };

struct scene_item {
    const uint8_t *bytes;
    size_t size;
    bool is_told; // a leaf of the agreement
};

// What a contest left behind, as the client tells it.
static struct scene {
    struct vch_arena arena;
    struct vch_complaint complaint;
    struct vch_contest_id id; // of the round that decided
    uint32_t count;           // of the whole log
    struct scene_item items[SCENE_ITEMS_MAX];
    struct log log;
    struct vch_digest paths[SCENE_ITEMS_MAX][VCH_TREE_PATH_MAX];
    struct vch_agreement_leaf leaves[SCENE_ITEMS_MAX];
    char note[SCENE_NOTE_MAX];
    struct vch_segment_agreement agreement;
    struct vch_vote vote;
    struct vch_segment_result result;
    struct vch_voucher voucher;
    struct vch_contest_finding found;
    struct vch_verify_report report;
    // How it is sealed.
    const struct vch_secret_key *clerk;
    uint32_t cosigners;
} scene;

static inline struct vch_entry scene_entry_at(uint32_t i)
{
    struct vch_entry entry;

    CHECK_OK(vch_entry_decode(&entry, scene.items[i].bytes, scene.items[i].size, &scene.arena,
                              &scene.complaint));
    return entry;
}

static inline bool scene_is_of_job(const struct vch_entry *entry)
{
    return entry->kind >= VCH_ENTRY_SORTITION && entry->kind <= VCH_ENTRY_VERDICT &&
           vch_hash_is_equal(&entry->contest.subject, &scene.id.subject);
}

static inline bool scene_is_told(const struct vch_entry *entry)
{
    return entry->kind == VCH_ENTRY_CHARTER || entry->kind == VCH_ENTRY_REGISTRY ||
           entry->kind == VCH_ENTRY_JOB_OPEN || entry->kind == VCH_ENTRY_INPUT ||
           entry->kind == VCH_ENTRY_ANCHOR || scene_is_of_job(entry);
}

// The nth entry of a kind that is told; of a contest's, the deciding round's.
static inline uint32_t scene_place_of(enum vch_entry_kind kind, uint32_t nth)
{
    for (uint32_t i = 0; i < scene.count; i++) {
        const struct vch_entry entry = scene_entry_at(i);
        if (!scene.items[i].is_told || entry.kind != kind) continue;
        if (scene_is_of_job(&entry) && entry.contest.round != scene.id.round) continue;
        if (nth-- == 0) return i;
    }
    test_fail(__FILE__, __LINE__, "no %s", vch_entry_kind_text(kind));
}

// The sortition, commit or reveal by a seat of the deciding round.
static inline uint32_t scene_place_by(enum vch_entry_kind kind, const struct vch_public_key *node)
{
    for (uint32_t i = 0;; i++) {
        const uint32_t at = scene_place_of(kind, i);
        const struct vch_entry entry = scene_entry_at(at);
        if (vch_is_equal(&entry.writer, node, sizeof *node)) return at;
    }
}

static inline void scene_cosign(size_t length, const char *text, size_t text_size)
{
    for (uint32_t i = 0; i < scene.cosigners; i++) {
        CHECK(length + VCH_NOTE_LINE_MAX < SCENE_NOTE_MAX);
        length += vch_cosignature_sign(scene.note + length, ledger.charter.witnesses[i].name,
                                       &ledger.witnesses[i], ledger.now / 1000, text, text_size);
    }
    scene.agreement.checkpoint = (const uint8_t *)scene.note;
    scene.agreement.checkpoint_size = length;
}

static inline void scene_write_checkpoint(void)
{
    struct vch_checkpoint checkpoint = {.size = scene.count,
                                        .root = log_root(&scene.log, scene.count)};
    char text[VCH_CHECKPOINT_TEXT_MAX + 1];

    memcpy(checkpoint.origin, ledger.charter.origin, sizeof ledger.charter.origin);
    const size_t text_size = vch_checkpoint_encode(text, &checkpoint);
    scene_cosign(vch_checkpoint_sign(scene.note, &checkpoint, scene.clerk), text, text_size);
}

static inline void scene_add_leaf(uint32_t i)
{
    const struct vch_tree_nodes nodes = log_nodes(&scene.log);
    struct vch_tree_path path;
    const uint32_t at = scene.agreement.leaf_count++;

    CHECK_OK(vch_inclusion_prove(&path, i, scene.count, &nodes));
    memcpy(scene.paths[at], path.nodes, path.count * sizeof *path.nodes);
    scene.leaves[at] = (struct vch_agreement_leaf){i, scene.items[i].bytes, scene.items[i].size,
                                                   path.count, scene.paths[at]};
}

// The log as it is now, hashed, proven and cosigned.
static inline void scene_seal(void)
{
    scene.log.size = scene.count;
    for (uint32_t i = 0; i < scene.count; i++)
        scene.log.leaves[i] = vch_merkle_leaf(scene.items[i].bytes, scene.items[i].size);
    scene_write_checkpoint();
    scene.agreement.leaf_count = 0;
    scene.agreement.leaves = scene.leaves;
    for (uint32_t i = 0; i < scene.count; i++)
        if (scene.items[i].is_told) scene_add_leaf(i);
}

static inline void scene_tell(void);

static inline vch_status scene_check(void)
{
    scene_tell();
    scene.complaint.text[0] = '\0';
    return vch_contest_verify(&scene.found, &scene.voucher, &scene.result, &scene.arena,
                              &scene.complaint);
}

#define REFUSES(words) \
    do { \
        CHECK_FAILS(scene_check(), BAD_PROOF); \
        if (strstr(scene.complaint.text, words) == NULL) \
            test_fail(__FILE__, __LINE__, "refused, but for: %s", scene.complaint.text); \
    } while (0)

#define SEALED_REFUSES(words) \
    do { \
        scene_seal(); \
        REFUSES(words); \
    } while (0)

// What a node signs besides, for the client.
static inline struct vch_vote scene_vote_of(uint32_t node)
{
    struct vch_vote vote = {.input = ledger_digest(0x12), .output = ledger_output(1)};

    vch_vote_sign(&vote, &scene.voucher.job_id, SEGMENT, &ledger.nodes[node].key);
    return vote;
}

static inline void scene_fill_voucher(const struct vch_entry_job_open *open)
{
    static uint8_t *registry;
    struct vch_voucher *voucher = &scene.voucher;
    const struct vch_digest signed_digest = vch_package_signed_digest(&open->job.model);

    CHECK_OK(vch_registry_encode(&registry, &voucher->registry_size, &ledger.registries[0],
                                 &ledger.founder, &scene.arena, &scene.complaint));
    CHECK_OK(vch_registry_decode(&voucher->registry, registry, voucher->registry_size, &scene.arena,
                                 &scene.complaint));
    voucher->registry_bytes = registry;
    voucher->job_bytes = open->job_bytes;
    voucher->job_size = open->job_size;
    voucher->job = open->job;
    voucher->job_id = open->job_id;
    voucher->owner = ledger.auditor.public_key;
    vch_sign_digest(&voucher->owner_signature, &ledger.auditor, &signed_digest);
    voucher->commitment_kind = VCH_COMMITMENT_SHA256;
    voucher->finished_ms = ledger.now;
    voucher->result_count = 1;
    voucher->results = &scene.result;
    scene.vote = scene_vote_of(0);
    scene.result = (struct vch_segment_result){
        .segment = SEGMENT, .vote_count = 1, .votes = &scene.vote, .agreement = &scene.agreement};
}

static inline void scene_collect(void)
{
    scene.count = ledger.log_count;
    CHECK(scene.count <= SCENE_ITEMS_MAX);
    for (uint32_t i = 0; i < scene.count; i++) {
        scene.items[i] = (struct scene_item){ledger.log[i].bytes, ledger.log[i].size, false};
        const struct vch_entry entry = scene_entry_at(i);
        scene.items[i].is_told = scene_is_told(&entry);
    }
    const struct vch_entry opening = scene_entry_at(scene_place_of(VCH_ENTRY_JOB_OPEN, 0));
    scene_fill_voucher(opening.job_open);
    scene.voucher.output = scene_entry_at(scene_place_of(VCH_ENTRY_VERDICT, 0)).verdict.output;
    scene_seal();
}

// Nine nodes, a committee of three.
static inline void scene_open(uint32_t per_operator, const char *excluded)
{
    const struct vch_parameters parameters = ledger_parameters();
    struct ledger_job job = ledger_plain_job(3);

    ledger_found(9, per_operator, &parameters);
    vch_arena_release(&scene.arena);
    scene = (struct scene){.clerk = &ledger.clerk, .cosigners = 3};
    vch_arena_init(&scene.arena, 1 << 28);
    job.gaps = 1;
    job.excluded_count = excluded != NULL;
    job.excluded[0] = excluded;
    scene.id = (struct vch_contest_id){ledger_open(&job), SEGMENT, 0};
}

// Where `rounds` is 2, the first three all differ.
static inline void scene_hold_contest(uint32_t rounds, uint32_t per_operator, const char *excluded)
{
    static const uint32_t all_differ[] = {1, 2, 3}, most_agree[] = {1, 1, 1, 1, 1, 1, 1};

    scene_open(per_operator, excluded);
    ledger_draw(&scene.id);
    ledger_vote(&scene.id, rounds == 1 ? most_agree : all_differ);
    if (rounds == ROUNDS) {
        scene.id.round = 1;
        ledger_draw(&scene.id);
        ledger_vote(&scene.id, most_agree);
    }
    scene_collect();
}

static inline void scene_put(uint32_t i, const struct vch_entry *entry)
{
    uint8_t *bytes = NULL;

    CHECK_OK(vch_entry_encode(&bytes, &scene.items[i].size, entry, &scene.arena, &scene.complaint));
    scene.items[i].bytes = bytes;
}

static inline void scene_put_signed(uint32_t i, struct vch_entry entry,
                                    const struct vch_secret_key *key)
{
    CHECK_OK(vch_entry_sign(&entry, &ledger.charter.id, key, &scene.arena, &scene.complaint));
    scene_put(i, &entry);
}

static inline const struct vch_secret_key *scene_key_of(const struct vch_entry *entry)
{
    return &ledger.nodes[ledger_node_of(&entry->writer)].key;
}

// Before another; its time is that of its new neighbour.
static inline void scene_move(uint32_t from, uint32_t to)
{
    struct scene_item moved = scene.items[from];
    struct vch_entry entry = scene_entry_at(from);
    const uint64_t time_ms = scene_entry_at(from < to ? to - 1 : to).time_ms;

    if (from < to) {
        to--;
        memmove(scene.items + from, scene.items + from + 1, (to - from) * sizeof moved);
    } else {
        memmove(scene.items + to + 1, scene.items + to, (from - to) * sizeof moved);
    }
    scene.items[to] = moved;
    entry.time_ms = time_ms;
    scene_put(to, &entry);
}

static inline void scene_insert(uint32_t at, struct vch_entry entry,
                                const struct vch_secret_key *key)
{
    CHECK(scene.count < SCENE_ITEMS_MAX);
    memmove(scene.items + at + 1, scene.items + at, (scene.count - at) * sizeof *scene.items);
    scene.count++;
    scene.items[at] = (struct scene_item){.is_told = true};
    scene_put_signed(at, entry, key);
}

// The whole voucher, as a reader judges it.

static inline vch_status scene_judge(const uint8_t *bytes, size_t size)
{
    const struct vch_arena_mark mark = vch_arena_mark(&scene.arena);
    const struct vch_kernels kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    bool is_read = false;
    struct vch_policy policy = {.founder_count = 1, .owner_count = 1};
    struct vch_voucher voucher;
    const struct vch_verify_input input = {
        .voucher = &voucher, .policy = &policy, .kernels = &kernels};

    policy.founders[0] = ledger.founder.public_key;
    policy.owners[0] = ledger.auditor.public_key;
    vch_status status = vch_voucher_decode(&voucher, bytes, size, &scene.arena, &scene.complaint);
    is_read = vch_is_ok(status);
    if (is_read) status = vch_verify_voucher(&scene.report, &input, &scene.arena, &scene.complaint);
    vch_arena_rewind(&scene.arena, mark);
    told_note(&policy, bytes, size, is_read ? &scene.report : NULL, vch_is_ok(status));
    return status;
}

// What is checked here as an agreement alone is told in a voucher around it.
static inline void scene_tell(void)
{
    const struct vch_arena_mark mark = vch_arena_mark(&scene.arena);
    const struct vch_verify_report report = scene.report;
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (getenv("VOUCHERS_TOLD") == NULL) return;
    if (vch_is_ok(
            vch_voucher_encode(&bytes, &size, &scene.voucher, &ledger.client, &scene.arena, NULL)))
        (void)scene_judge(bytes, size);
    scene.report = report;
    vch_arena_rewind(&scene.arena, mark);
}

static inline uint8_t *scene_sign_voucher(size_t *size)
{
    uint8_t *bytes = NULL;

    if (!vch_is_ok(vch_voucher_encode(&bytes, size, &scene.voucher, &ledger.client, &scene.arena,
                                      &scene.complaint)))
        test_fail(__FILE__, __LINE__, "%s", scene.complaint.text);
    return bytes;
}

#define JUDGES(bytes, size) \
    do { \
        if (!vch_is_ok(scene_judge(bytes, size))) \
            test_fail(__FILE__, __LINE__, "%s", scene.complaint.text); \
    } while (0)

static inline const struct vch_finding *scene_quorum_found(void)
{
    return &scene.report.findings[VCH_CLAIM_QUORUM];
}
