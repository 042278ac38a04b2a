// Agreements: a contest that was really held, with real signatures, draws and a real tree, is
// accepted; and whatever its clerk, its witnesses, its nodes or its client might change in it is
// refused, each by the check that is there for it. The clerk of these lies has all of its witnesses
// on its side: every changed log is hashed, proven and cosigned anew.
#include "voucher/contest.h"

#include "base/bytes.h"
#include "harness/ledger.h"
#include "harness/logs.h"
#include "harness/test.h"
#include "tlog/cosignature.h"
#include "tlog/inclusion.h"
#include "voucher/verify.h"

enum { ITEMS_MAX = 400, NOTE_MAX = 4096, SEGMENT = 1, ROUNDS = 2 };

struct item {
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
    struct item items[ITEMS_MAX];
    struct log log;
    struct vch_digest paths[ITEMS_MAX][VCH_TREE_PATH_MAX];
    struct vch_agreement_leaf leaves[ITEMS_MAX];
    char note[NOTE_MAX];
    struct vch_segment_agreement agreement;
    struct vch_vote vote;
    struct vch_segment_result result;
    struct vch_voucher voucher;
    struct vch_contest_finding found;
    // How it is sealed.
    const struct vch_secret_key *clerk;
    uint32_t cosigners;
} scene;

static struct vch_entry entry_at(uint32_t i)
{
    struct vch_entry entry;

    CHECK_OK(vch_entry_decode(&entry, scene.items[i].bytes, scene.items[i].size, &scene.arena,
                              &scene.complaint));
    return entry;
}

static bool is_of_job(const struct vch_entry *entry)
{
    return entry->kind >= VCH_ENTRY_SORTITION && entry->kind <= VCH_ENTRY_VERDICT &&
           vch_hash_is_equal(&entry->contest.subject, &scene.id.subject);
}

static bool is_told(const struct vch_entry *entry)
{
    return entry->kind == VCH_ENTRY_CHARTER || entry->kind == VCH_ENTRY_REGISTRY ||
           entry->kind == VCH_ENTRY_JOB_OPEN || entry->kind == VCH_ENTRY_ANCHOR || is_of_job(entry);
}

// The nth entry of a kind that is told; of a contest's, the deciding round's.
static uint32_t place_of(enum vch_entry_kind kind, uint32_t nth)
{
    for (uint32_t i = 0; i < scene.count; i++) {
        const struct vch_entry entry = entry_at(i);
        if (!scene.items[i].is_told || entry.kind != kind) continue;
        if (is_of_job(&entry) && entry.contest.round != scene.id.round) continue;
        if (nth-- == 0) return i;
    }
    test_fail(__FILE__, __LINE__, "no %s", vch_entry_kind_text(kind));
}

// The sortition, commit or reveal by a seat of the deciding round.
static uint32_t place_by(enum vch_entry_kind kind, const struct vch_public_key *node)
{
    for (uint32_t i = 0;; i++) {
        const uint32_t at = place_of(kind, i);
        const struct vch_entry entry = entry_at(at);
        if (vch_is_equal(&entry.writer, node, sizeof *node)) return at;
    }
}

static void cosign(size_t length, const char *text, size_t text_size)
{
    for (uint32_t i = 0; i < scene.cosigners; i++) {
        CHECK(length + VCH_NOTE_LINE_MAX < NOTE_MAX);
        length += vch_cosignature_sign(scene.note + length, ledger.charter.witnesses[i].name,
                                       &ledger.witnesses[i], ledger.now / 1000, text, text_size);
    }
    scene.agreement.checkpoint = (const uint8_t *)scene.note;
    scene.agreement.checkpoint_size = length;
}

static void write_checkpoint(void)
{
    struct vch_checkpoint checkpoint = {.size = scene.count,
                                        .root = log_root(&scene.log, scene.count)};
    char text[VCH_CHECKPOINT_TEXT_MAX + 1];

    memcpy(checkpoint.origin, ledger.charter.origin, sizeof ledger.charter.origin);
    const size_t text_size = vch_checkpoint_encode(text, &checkpoint);
    cosign(vch_checkpoint_sign(scene.note, &checkpoint, scene.clerk), text, text_size);
}

static void add_leaf(uint32_t i)
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
static void seal(void)
{
    scene.log.size = scene.count;
    for (uint32_t i = 0; i < scene.count; i++)
        scene.log.leaves[i] = vch_merkle_leaf(scene.items[i].bytes, scene.items[i].size);
    write_checkpoint();
    scene.agreement.leaf_count = 0;
    scene.agreement.leaves = scene.leaves;
    for (uint32_t i = 0; i < scene.count; i++)
        if (scene.items[i].is_told) add_leaf(i);
}

static vch_status check(void)
{
    scene.complaint.text[0] = '\0';
    return vch_contest_verify(&scene.found, &scene.voucher, &scene.result, &scene.arena,
                              &scene.complaint);
}

#define REFUSES(words) \
    do { \
        CHECK_FAILS(check(), BAD_PROOF); \
        if (strstr(scene.complaint.text, words) == NULL) \
            test_fail(__FILE__, __LINE__, "refused, but for: %s", scene.complaint.text); \
    } while (0)

#define SEALED_REFUSES(words) \
    do { \
        seal(); \
        REFUSES(words); \
    } while (0)

// What a node signs besides, for the client.
static struct vch_vote vote_of(uint32_t node)
{
    struct vch_vote vote = {.input = ledger_digest(0x12), .output = ledger_output(1)};

    vch_vote_sign(&vote, &scene.voucher.job_id, SEGMENT, &ledger.nodes[node].key);
    return vote;
}

static void fill_voucher(const struct vch_entry_job_open *open)
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
    scene.vote = vote_of(0);
    scene.result = (struct vch_segment_result){
        .segment = SEGMENT, .vote_count = 1, .votes = &scene.vote, .agreement = &scene.agreement};
}

static void collect(void)
{
    scene.count = ledger.log_count;
    CHECK(scene.count <= ITEMS_MAX);
    for (uint32_t i = 0; i < scene.count; i++) {
        scene.items[i] = (struct item){ledger.log[i].bytes, ledger.log[i].size, false};
        const struct vch_entry entry = entry_at(i);
        scene.items[i].is_told = is_told(&entry);
    }
    const struct vch_entry opening = entry_at(place_of(VCH_ENTRY_JOB_OPEN, 0));
    fill_voucher(opening.job_open);
    scene.voucher.output = entry_at(place_of(VCH_ENTRY_VERDICT, 0)).verdict.output;
    seal();
}

// Nine nodes, a committee of three; where `rounds` is 2, the first three all differ.
static void hold_contest(uint32_t rounds, uint32_t per_operator, const char *excluded)
{
    static const uint32_t all_differ[] = {1, 2, 3}, most_agree[] = {1, 1, 1, 1, 1, 1, 1};
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
    ledger_draw(&scene.id);
    ledger_vote(&scene.id, rounds == 1 ? most_agree : all_differ);
    if (rounds == ROUNDS) {
        scene.id.round = 1;
        ledger_draw(&scene.id);
        ledger_vote(&scene.id, most_agree);
    }
    collect();
}

static void put(uint32_t i, const struct vch_entry *entry)
{
    uint8_t *bytes = NULL;

    CHECK_OK(vch_entry_encode(&bytes, &scene.items[i].size, entry, &scene.arena, &scene.complaint));
    scene.items[i].bytes = bytes;
}

static void put_signed(uint32_t i, struct vch_entry entry, const struct vch_secret_key *key)
{
    CHECK_OK(vch_entry_sign(&entry, &ledger.charter.id, key, &scene.arena, &scene.complaint));
    put(i, &entry);
}

static const struct vch_secret_key *key_of(const struct vch_entry *entry)
{
    return &ledger.nodes[ledger_node_of(&entry->writer)].key;
}

// Before another; its time is that of its new neighbour.
static void move(uint32_t from, uint32_t to)
{
    struct item moved = scene.items[from];
    struct vch_entry entry = entry_at(from);
    const uint64_t time_ms = entry_at(from < to ? to - 1 : to).time_ms;

    if (from < to) {
        to--;
        memmove(scene.items + from, scene.items + from + 1, (to - from) * sizeof moved);
    } else {
        memmove(scene.items + to + 1, scene.items + to, (from - to) * sizeof moved);
    }
    scene.items[to] = moved;
    entry.time_ms = time_ms;
    put(to, &entry);
}

static void insert(uint32_t at, struct vch_entry entry, const struct vch_secret_key *key)
{
    CHECK(scene.count < ITEMS_MAX);
    memmove(scene.items + at + 1, scene.items + at, (scene.count - at) * sizeof *scene.items);
    scene.count++;
    scene.items[at] = (struct item){.is_told = true};
    put_signed(at, entry, key);
}

TEST(a_contest_that_was_held_is_accepted)
{
    hold_contest(1, 1, NULL);
    CHECK_OK(check());
    CHECK_EQ(scene.found.round, 0);
    CHECK_EQ(scene.found.wanted, 3);
    CHECK_EQ(scene.found.seats, 3);
    CHECK_EQ(scene.found.agreeing, 3);
    CHECK_EQ(scene.found.eligible, 9);
    CHECK_EQ(scene.found.cosigned, 3);
    CHECK_EQ(scene.found.witnesses, 4);
    CHECK_EQ(scene.found.size, scene.count);
    const struct vch_digest input = ledger_digest(0x12), output = ledger_output(1);
    CHECK(scene.found.has_input && vch_hash_is_equal(&scene.found.input, &input));
    CHECK(vch_hash_is_equal(&scene.found.output, &output));
    CHECK(vch_hash_is_equal(&scene.found.ledger, &ledger.charter.id));
}

TEST(a_contest_of_two_rounds_is_accepted)
{
    hold_contest(ROUNDS, 1, NULL);
    CHECK_OK(check());
    CHECK_EQ(scene.found.round, 1);
    CHECK_EQ(scene.found.wanted, 7);
    CHECK_EQ(scene.found.agreeing, 7);
}

static bool is_seat(const struct vch_public_key *node)
{
    const struct vch_entry draw = entry_at(place_of(VCH_ENTRY_DRAW, 0));

    for (uint32_t i = 0; i < draw.draw.count; i++)
        if (vch_is_equal(&draw.draw.seats[i].node, node, sizeof *node)) return true;
    return false;
}

// What is said where a leaf is left out; NULL: nothing rests on it.
static const char *missing(const struct vch_entry *entry, bool is_first_anchor)
{
    switch ((int)entry->kind) {
    case VCH_ENTRY_CHARTER: return "does not begin with a charter";
    case VCH_ENTRY_REGISTRY: return "no registry was entered in an epoch before the job";
    case VCH_ENTRY_JOB_OPEN: return "the job was not opened in that log";
    case VCH_ENTRY_ANCHOR:
        return is_first_anchor ? "there is no draw" : "before witnesses had seen all commits";
    case VCH_ENTRY_SORTITION: return is_seat(&entry->writer) ? "a seat was never drawn for" : NULL;
    case VCH_ENTRY_DRAW: return "there is no draw";
    case VCH_ENTRY_CLOSE: return "its commits were never closed";
    case VCH_ENTRY_VERDICT: return "there is no verdict";
    default: return "its verdict speaks of 3 equal answers of 3; 2 are there"; // commit, reveal
    }
}

TEST(no_leaf_can_be_left_out)
{
    uint32_t anchors = 0, refused = 0;

    hold_contest(1, 1, NULL);
    for (uint32_t i = 0; i < scene.count; i++) {
        if (!scene.items[i].is_told) continue;
        const struct vch_entry entry = entry_at(i);
        const char *words = missing(&entry, anchors == 0);
        anchors += entry.kind == VCH_ENTRY_ANCHOR;
        scene.items[i].is_told = false;
        seal();
        scene.items[i].is_told = true;
        if (words == NULL) {
            CHECK_OK(check());
            continue;
        }
        REFUSES(words);
        refused++;
    }
    CHECK_EQ(refused,
             17); // charter, registry, job, 2 anchors, 3 seats, draw, 3 + 3, close, verdict
}

TEST(leaves_are_what_the_log_holds_where_they_say)
{
    hold_contest(1, 1, NULL);
    for (uint32_t i = 1; i < scene.agreement.leaf_count; i++) {
        struct vch_agreement_leaf *leaf = &scene.leaves[i], kept = *leaf;
        leaf->position++; // another place
        REFUSES("does not hold this entry");
        *leaf = kept;
        leaf->entry = leaf[-1].entry; // another entry
        leaf->entry_size = leaf[-1].entry_size;
        REFUSES("does not hold this entry");
        *leaf = kept;
        leaf->path = leaf[-1].path; // another path
        leaf->path_count = leaf[-1].path_count;
        REFUSES("does not hold this entry");
        *leaf = kept;
        leaf->path_count--; // a shorter one
        REFUSES("does not hold this entry");
        *leaf = kept;
    }
    CHECK_OK(check());
}

TEST(a_checkpoint_is_the_ledgers_own_and_cosigned)
{
    hold_contest(1, 1, NULL);
    scene.cosigners = 2;
    SEALED_REFUSES("");
    scene.cosigners = 4;
    seal();
    CHECK_OK(check());
    CHECK_EQ(scene.found.cosigned, 4);
    scene.clerk = &ledger.stranger;
    SEALED_REFUSES("");
    scene.clerk = &ledger.clerk;
    scene.count--; // of another size: all paths are another tree's
    write_checkpoint();
    scene.count++;
    REFUSES("does not hold this entry");
    seal();
    CHECK_OK(check());
}

TEST(no_bit_of_an_agreement_can_change)
{
    hold_contest(1, 1, NULL);
    for (int i = 0; i < 600; i++) {
        const uint32_t at = test_below(scene.agreement.leaf_count);
        struct vch_agreement_leaf *leaf = &scene.leaves[at], kept = *leaf;
        uint8_t *entry = (uint8_t *)vch_arena_string(&scene.arena, kept.entry, kept.entry_size);
        test_flip(entry, test_below((uint32_t)(8 * kept.entry_size)));
        leaf->entry = entry;
        CHECK(!vch_is_ok(check()));
        *leaf = kept;
        test_flip(scene.paths[at], test_below((uint32_t)(8 * VCH_DIGEST_SIZE * kept.path_count)));
        CHECK(!vch_is_ok(check()));
        seal();
    }
    // Of a note one cosignature too many may be spoilt, but three of four are needed.
    for (size_t bit = 0; bit < 8 * scene.agreement.checkpoint_size; bit += 5) {
        test_flip(scene.note, bit);
        CHECK(!vch_is_ok(check()));
        test_flip(scene.note, bit);
    }
    CHECK_OK(check());
}

// Every entry is its writer's: what a clerk changes in another's shows, whatever it hashes anew.
TEST(entries_are_signed_by_their_writers)
{
    hold_contest(1, 1, NULL);
    for (uint32_t i = 1; i < scene.count; i++) {
        const struct item kept = scene.items[i];
        if (!kept.is_told) continue;
        struct vch_entry entry = entry_at(i);
        test_flip(entry.signature.bytes, test_below(8 * sizeof entry.signature.bytes));
        put(i, &entry);
        SEALED_REFUSES("is not signed by its writer");
        scene.items[i] = kept;
    }
    struct vch_entry entry = entry_at(place_of(VCH_ENTRY_VERDICT, 0));
    entry.time_ms = 1;
    put(place_of(VCH_ENTRY_VERDICT, 0), &entry);
    SEALED_REFUSES("time runs backwards");
}

TEST(an_agreement_is_of_this_job_registry_and_founder)
{
    struct vch_voucher *voucher = &scene.voucher;

    hold_contest(1, 1, NULL);
    const struct vch_voucher kept = *voucher;
    voucher->job_id.bytes[0] ^= 1;
    REFUSES("the job was not opened in that log");
    *voucher = kept;
    voucher->job.client = ledger.auditor.public_key;
    REFUSES("the job was not opened in that log");
    *voucher = kept;
    voucher->registry.digest.bytes[0] ^= 1;
    REFUSES("another registry than the voucher's was in force");
    *voucher = kept;
    voucher->registry.founder = ledger.stranger.public_key;
    REFUSES("its charter is by another founder than the registry");
    *voucher = kept;
    scene.result.segment = 0;
    REFUSES("there is no draw");
    scene.result.segment = SEGMENT;
    voucher->job.quorum = 1;
    REFUSES("more seats were drawn than the round has");
    voucher->job.quorum = 7;
    REFUSES("its verdict speaks of 3 equal answers of 7; 3 are there");
    *voucher = kept;
    CHECK_OK(check());
}

// Where something untold stands, so that no position changes.
static void put_registry(uint32_t at, uint64_t time_ms, const struct vch_secret_key *key)
{
    struct vch_entry registry = entry_at(place_of(VCH_ENTRY_REGISTRY, 0));

    CHECK(!scene.items[at].is_told);
    registry.registry.digest.bytes[0] ^= 1;
    registry.registry.serial++;
    registry.number += 100;
    registry.time_ms = time_ms;
    put_signed(at, registry, key);
    scene.items[at].is_told = true;
}

TEST(the_registry_is_the_newest_of_an_earlier_epoch)
{
    hold_contest(1, 1, NULL);
    const uint32_t opening = place_of(VCH_ENTRY_JOB_OPEN, 0), at = opening - 1;
    const struct item kept = scene.items[at];
    const uint64_t earlier = entry_at(at).time_ms, same = entry_at(opening).time_ms;
    put_registry(at, earlier, &ledger.founder);
    SEALED_REFUSES("another registry than the voucher's was in force");
    scene.items[at] = kept;
    put_registry(at, earlier, &ledger.stranger); // no founder: no registry
    seal();
    CHECK_OK(check());
    scene.items[at] = kept;
    put_registry(at, same, &ledger.founder); // of the job's own epoch: not yet in force
    seal();
    CHECK_OK(check());
}

static void by_another(enum vch_entry_kind kind, const char *words)
{
    const uint32_t at = place_of(kind, 0);
    const struct item kept = scene.items[at];

    put_signed(at, entry_at(at), &ledger.stranger);
    SEALED_REFUSES(words);
    scene.items[at] = kept;
}

TEST(what_a_clerk_has_to_say_nobody_else_says)
{
    hold_contest(1, 1, NULL);
    by_another(VCH_ENTRY_ANCHOR, "no cosigned anchor fixes its draw");
    by_another(VCH_ENTRY_DRAW, "there is no draw");
    by_another(VCH_ENTRY_CLOSE, "its commits were never closed");
    by_another(VCH_ENTRY_VERDICT, "there is no verdict");
    by_another(VCH_ENTRY_JOB_OPEN, "the job was not opened in that log");
}

// The anchors of the contest stand as nth; each lie is told by a clerk that signs it.
static void lie_about_anchor(uint32_t nth, struct vch_entry lie, const char *words)
{
    const uint32_t at = place_of(VCH_ENTRY_ANCHOR, nth);
    const struct item kept = scene.items[at];

    lie.time_ms = entry_at(at).time_ms;
    put_signed(at, lie, &ledger.clerk);
    SEALED_REFUSES(words);
    scene.items[at] = kept;
}

TEST(anchors_are_cosigned_in_time_and_cover_what_they_fix)
{
    const char *words[] = {"no cosigned anchor fixes its draw",
                           "before witnesses had seen all commits"};

    hold_contest(1, 1, NULL);
    for (uint32_t nth = 0; nth < 2; nth++) {
        const uint64_t size = entry_at(place_of(VCH_ENTRY_ANCHOR, nth)).anchor.size;
        const uint64_t now_s = entry_at(place_of(VCH_ENTRY_ANCHOR, nth)).time_ms / 1000;
        const uint64_t skew_s = ledger.charter.parameters.skew_ms / 1000;
        lie_about_anchor(nth, ledger_anchor_of(size, 0, 2, now_s), words[nth]);
        lie_about_anchor(nth, ledger_anchor_of(size, 0, 3, now_s + skew_s + 2), words[nth]);
        lie_about_anchor(nth, ledger_anchor_of(size, 0, 3, now_s - skew_s - 2), words[nth]);
        struct vch_entry forged = ledger_anchor_of(size, 0, 3, now_s);
        forged.anchor.root.bytes[0] ^= 1; // which nobody cosigned
        lie_about_anchor(nth, forged, words[nth]);
        forged = ledger_anchor_of(size + 5, 0, 3, now_s); // covers what is not there yet
        lie_about_anchor(nth, forged, words[nth]);
    }
    const uint32_t close = place_of(VCH_ENTRY_CLOSE, 0);
    const uint64_t now_s = entry_at(close).time_ms / 1000;
    lie_about_anchor(1, ledger_anchor_of(close, 0, 3, now_s), words[1]); // all but the close
    // Another set of cosignatures is another draw.
    lie_about_anchor(
        0, ledger_anchor_of(entry_at(place_of(VCH_ENTRY_ANCHOR, 0)).anchor.size, 1, 4, now_s),
        "a seat's draw does not verify");
}

static struct vch_entry_seat *seats_of(struct vch_entry *draw, uint32_t room)
{
    struct vch_entry_seat *seats = VCH_ARENA_NEW(&scene.arena, struct vch_entry_seat, room);

    memcpy(seats, draw->draw.seats, draw->draw.count * sizeof *seats);
    draw->draw.seats = seats;
    return seats;
}

static void lie_about_draw(const struct vch_entry *lie, const char *words)
{
    const uint32_t at = place_of(VCH_ENTRY_DRAW, 0);
    const struct item kept = scene.items[at];

    put_signed(at, *lie, &ledger.clerk);
    SEALED_REFUSES(words);
    scene.items[at] = kept;
}

static struct vch_entry true_draw(struct vch_entry_seat **seats)
{
    struct vch_entry draw = entry_at(place_of(VCH_ENTRY_DRAW, 0));

    *seats = seats_of(&draw, 9);
    return draw;
}

// Everybody who drew, the best first.
static uint32_t rank(struct vch_draw_candidate *out)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < ledger.node_count; i++) {
        const struct vch_public_key *node = &ledger.nodes[i].key.public_key;
        const struct vch_entry sortition = entry_at(place_by(VCH_ENTRY_SORTITION, node));
        const struct vch_vrf_beta beta = vch_vrf_beta(&sortition.sortition.proof);
        out[count++] = (struct vch_draw_candidate){.node = *node,
                                                   .operator_id = i,
                                                   .weight = LEDGER_STAKE,
                                                   .exponent = vch_draw_exponent(&beta)};
    }
    CHECK_EQ(vch_draw_winners(out, count, count), count);
    return count;
}

TEST(seats_are_those_that_were_drawn)
{
    struct vch_draw_candidate ranked[LEDGER_NODES_MAX];
    struct vch_entry_seat *seats = NULL, kept;

    hold_contest(1, 1, NULL);
    struct vch_entry draw = true_draw(&seats);
    kept = seats[0];
    seats[0] = seats[1];
    seats[1] = kept;
    lie_about_draw(&draw, "do not stand in the order of their draws");

    draw = true_draw(&seats);
    seats[2].weight /= 1000000; // a friend that would never win
    seats[1].weight /= 1000;
    seats[0].weight /= 1000000;
    lie_about_draw(&draw, seats[0].weight == 0 ? "" : "order");

    draw = true_draw(&seats);
    seats[2].node = ledger.client.public_key;
    lie_about_draw(&draw, "a seat is not held by a node with a VRF key in the registry");

    draw = true_draw(&seats);
    CHECK_EQ(rank(ranked), 9);
    seats[3] = (struct vch_entry_seat){ranked[3].node, ranked[3].weight};
    draw.draw.count = 4;
    lie_about_draw(&draw, "more seats were drawn than the round has");
}

TEST(a_seat_has_a_sortition_of_its_own_for_this_contest)
{
    hold_contest(ROUNDS, 1, NULL);
    const struct vch_entry draw = entry_at(place_of(VCH_ENTRY_DRAW, 0));
    const uint32_t at = place_by(VCH_ENTRY_SORTITION, &draw.draw.seats[0].node);
    const uint32_t other = place_by(VCH_ENTRY_SORTITION, &draw.draw.seats[1].node);
    const struct vch_secret_key *key = &ledger.nodes[ledger_node_of(&draw.draw.seats[0].node)].key;
    const struct item kept = scene.items[at];
    struct vch_entry lie = entry_at(at);
    lie.sortition.proof = entry_at(other).sortition.proof;
    put_signed(at, lie, key);
    SEALED_REFUSES("a seat's draw does not verify");
    lie = entry_at(at);
    for (uint32_t i = 0; i < scene.count; i++) { // its own proof of the round before
        const struct vch_entry entry = entry_at(i);
        if (entry.kind == VCH_ENTRY_SORTITION && entry.contest.round == 0 &&
            vch_is_equal(&entry.writer, &key->public_key, sizeof key->public_key))
            lie.sortition.proof = entry.sortition.proof;
    }
    put_signed(at, lie, key);
    SEALED_REFUSES("a seat's draw does not verify");
    scene.items[at] = kept;
    move(at, place_of(VCH_ENTRY_COMMIT, 0)); // after the draw
    SEALED_REFUSES("a seat was never drawn for");
}

TEST(an_operator_has_one_seat)
{
    struct vch_draw_candidate ranked[LEDGER_NODES_MAX];
    struct vch_entry_seat *seats = NULL;

    hold_contest(1, 3, NULL); // nine nodes of three operators
    CHECK_OK(check());
    struct vch_entry draw = true_draw(&seats);
    const uint32_t count = rank(ranked);
    draw.draw.count = 0;
    for (uint32_t i = 0; i < count && draw.draw.count < 3; i++) // the nodes of one
        if (ledger_node_of(&ranked[i].node) / 3 == 0)
            seats[draw.draw.count++] = (struct vch_entry_seat){ranked[i].node, ranked[i].weight};
    lie_about_draw(&draw, "two seats are held by one operator");
}

TEST(an_excluded_operator_has_no_seat)
{
    struct vch_draw_candidate ranked[LEDGER_NODES_MAX];
    struct vch_entry_seat *seats = NULL;
    const uint32_t excluded = 4;

    hold_contest(1, 1, "op-004");
    CHECK_OK(check());
    CHECK_EQ(scene.found.eligible, 8);
    struct vch_entry sortition = ledger_sortition(&scene.id, excluded); // true, and not asked for
    const uint32_t at = place_of(VCH_ENTRY_DRAW, 0);
    sortition.time_ms = entry_at(at).time_ms;
    insert(at, sortition, &ledger.nodes[excluded].key);
    struct vch_entry draw = true_draw(&seats);
    const uint32_t count = rank(ranked);
    draw.draw.count = 0;
    for (uint32_t i = 0; i < count; i++) // it, and whoever stands beside it
        if (ledger_node_of(&ranked[i].node) == excluded || (ledger_node_of(&ranked[i].node) < 2))
            seats[draw.draw.count++] = (struct vch_entry_seat){ranked[i].node, ranked[i].weight};
    lie_about_draw(&draw, "a seat is held by an operator that the client excluded");
}

static const char *const TWO_ARE_THERE = "its verdict speaks of 3 equal answers of 3; 2 are there";

TEST(a_reveal_counts_behind_the_anchor_and_as_it_was_committed_to)
{
    hold_contest(1, 1, NULL);
    const uint32_t at = place_of(VCH_ENTRY_REVEAL, 0);
    const struct item kept = scene.items[at];
    const struct vch_entry reveal = entry_at(at);
    struct vch_entry lie = reveal;
    lie.reveal.output.bytes[0] ^= 1;
    put_signed(at, lie, key_of(&reveal));
    SEALED_REFUSES(TWO_ARE_THERE);
    lie = reveal;
    lie.reveal.trace.bytes[0] ^= 1;
    put_signed(at, lie, key_of(&reveal));
    SEALED_REFUSES(TWO_ARE_THERE);
    lie = reveal;
    lie.reveal.nonce[31] ^= 1;
    put_signed(at, lie, key_of(&reveal));
    SEALED_REFUSES(TWO_ARE_THERE);
    lie = reveal;
    lie.reveal.has_trace = false;
    put_signed(at, lie, key_of(&reveal));
    SEALED_REFUSES(TWO_ARE_THERE);
    scene.items[at] = kept;
    move(at, place_of(VCH_ENTRY_ANCHOR, 1)); // shown before all had committed
    SEALED_REFUSES(TWO_ARE_THERE);
}

TEST(a_commit_counts_between_the_draw_and_the_close)
{
    hold_contest(1, 1, NULL);
    const uint32_t at = place_of(VCH_ENTRY_COMMIT, 0);
    const struct item kept = scene.items[at];
    const struct vch_entry commit = entry_at(at);
    struct vch_entry lie = commit;
    lie.commit.commitment.bytes[0] ^= 1;
    put_signed(at, lie, key_of(&commit));
    SEALED_REFUSES(TWO_ARE_THERE);
    lie = entry_at(place_of(VCH_ENTRY_COMMIT, 1)); // another's, copied
    lie.contest = commit.contest;
    put_signed(at, lie, key_of(&commit));
    SEALED_REFUSES(TWO_ARE_THERE);
    scene.items[at] = kept;
    move(at, place_of(VCH_ENTRY_CLOSE, 0) + 1);
    SEALED_REFUSES(TWO_ARE_THERE);
}

TEST(a_verdict_is_what_was_revealed)
{
    hold_contest(1, 1, NULL);
    const uint32_t at = place_of(VCH_ENTRY_VERDICT, 0);
    const struct item kept = scene.items[at];
    struct vch_entry lie = entry_at(at);
    lie.verdict.agreeing = 2;
    put_signed(at, lie, &ledger.clerk);
    SEALED_REFUSES("its verdict speaks of 2 equal answers of 3; 3 are there");
    scene.items[at] = kept;
    lie = entry_at(at);
    lie.verdict.output = ledger_output(2);
    put_signed(at, lie, &ledger.clerk);
    SEALED_REFUSES("3 equal answers of 3; 0 are there");
    scene.items[at] = kept;
    lie = entry_at(at);
    lie.verdict.has_output = false;
    lie.verdict.agreeing = 0;
    put_signed(at, lie, &ledger.clerk);
    SEALED_REFUSES("no cosigned anchor fixes its draw"); // of the round that would follow
    scene.items[at] = kept;
    move(at, place_of(VCH_ENTRY_REVEAL, 1));
    SEALED_REFUSES("3 equal answers of 3; 1 are there");
}

TEST(answers_alike_in_output_alone_are_no_majority)
{
    hold_contest(1, 1, NULL);
    for (uint32_t i = 0; i < 2; i++) { // two of three give each a trace of its own
        const uint32_t at = place_of(VCH_ENTRY_REVEAL, i);
        struct vch_entry reveal = entry_at(at);
        const uint32_t committed = place_by(VCH_ENTRY_COMMIT, &reveal.writer);
        struct vch_entry commit = entry_at(committed);
        reveal.reveal.trace = ledger_digest(0x77 + i);
        commit.commit.commitment =
            vch_entry_commitment(&scene.id, &reveal.writer, &reveal.reveal.output,
                                 &reveal.reveal.trace, reveal.reveal.nonce);
        put_signed(committed, commit, key_of(&commit));
        put_signed(at, reveal, key_of(&reveal));
    }
    SEALED_REFUSES("3 equal answers of 3; 1 are there");
}

TEST(another_ledgers_words_are_worth_nothing_here)
{
    hold_contest(1, 1, NULL);
    struct vch_charter charter = ledger.charter;
    struct vch_entry entry = entry_at(0);
    uint8_t *bytes = NULL;
    size_t size = 0;
    charter.nonce[0] ^= 1; // the same people found another one
    CHECK_OK(vch_charter_encode(&bytes, &size, &charter, &scene.arena, &scene.complaint));
    entry.charter = &charter;
    CHECK_OK(vch_entry_sign(&entry, &charter.id, &ledger.founder, &scene.arena, &scene.complaint));
    put(0, &entry);
    SEALED_REFUSES("is not signed by its writer");
}

// The whole voucher, as a reader judges it.

static struct vch_verify_report report;

static vch_status judge(const uint8_t *bytes, size_t size)
{
    const struct vch_arena_mark mark = vch_arena_mark(&scene.arena);
    const struct vch_kernels kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    struct vch_policy policy = {.founder_count = 1, .owner_count = 1};
    struct vch_voucher voucher;
    const struct vch_verify_input input = {
        .voucher = &voucher, .policy = &policy, .kernels = &kernels};

    policy.founders[0] = ledger.founder.public_key;
    policy.owners[0] = ledger.auditor.public_key;
    vch_status status = vch_voucher_decode(&voucher, bytes, size, &scene.arena, &scene.complaint);
    if (vch_is_ok(status))
        status = vch_verify_voucher(&report, &input, &scene.arena, &scene.complaint);
    vch_arena_rewind(&scene.arena, mark);
    return status;
}

static uint8_t *sign_voucher(size_t *size)
{
    uint8_t *bytes = NULL;

    if (!vch_is_ok(vch_voucher_encode(&bytes, size, &scene.voucher, &ledger.client, &scene.arena,
                                      &scene.complaint)))
        test_fail(__FILE__, __LINE__, "%s", scene.complaint.text);
    return bytes;
}

#define JUDGES(bytes, size) \
    do { \
        if (!vch_is_ok(judge(bytes, size))) \
            test_fail(__FILE__, __LINE__, "%s", scene.complaint.text); \
    } while (0)

static const struct vch_finding *quorum_found(void)
{
    return &report.findings[VCH_CLAIM_QUORUM];
}

TEST(a_voucher_shows_its_agreement)
{
    size_t size = 0;

    hold_contest(1, 1, NULL);
    uint8_t *bytes = sign_voucher(&size);
    JUDGES(bytes, size);
    if (quorum_found()->verdict != VCH_VERDICT_SHOWN)
        test_fail(__FILE__, __LINE__, "%s", quorum_found()->reason);
    CHECK(strstr(quorum_found()->reason, "3 of 3 agree, 2 needed, drawn by lot out of 9 nodes"));
    CHECK(strstr(quorum_found()->reason, "cosigned by 3 of 4 witnesses"));
    for (int i = 0; i < 300; i++) { // the client's own signature covers all of it
        const uint32_t bit = test_below((uint32_t)(8 * size));
        test_flip(bytes, bit);
        if (vch_is_ok(judge(bytes, size)))
            CHECK(report.findings[VCH_CLAIM_CLIENT].verdict != VCH_VERDICT_SHOWN);
        test_flip(bytes, bit);
    }
}

TEST(a_client_cannot_change_an_agreement_that_it_signs)
{
    size_t size = 0;

    hold_contest(1, 1, NULL);
    for (int i = 0; i < 200; i++) {
        const uint32_t at = test_below(scene.agreement.leaf_count);
        struct vch_agreement_leaf *leaf = &scene.leaves[at], kept = *leaf;
        uint8_t *entry = (uint8_t *)vch_arena_string(&scene.arena, kept.entry, kept.entry_size);
        test_flip(entry, test_below((uint32_t)(8 * kept.entry_size)));
        leaf->entry = entry;
        uint8_t *bytes = sign_voucher(&size);
        CHECK_FAILS(judge(bytes, size), BAD_PROOF);
        CHECK_EQ(quorum_found()->verdict, VCH_VERDICT_FALSE);
        *leaf = kept;
    }
}

TEST(votes_and_output_are_those_of_the_agreement)
{
    size_t size = 0;

    hold_contest(1, 1, NULL);
    scene.vote.input.bytes[0] ^= 1; // what the ledger says the segment was given is another
    vch_vote_sign(&scene.vote, &scene.voucher.job_id, SEGMENT, &ledger.nodes[0].key);
    uint8_t *bytes = sign_voucher(&size);
    CHECK_FAILS(judge(bytes, size), BAD_PROOF);
    CHECK_EQ(quorum_found()->verdict, VCH_VERDICT_FALSE);
    scene.vote = vote_of(0);
    scene.voucher.output.bytes[0] ^= 1; // nor is the answer what they agreed on
    bytes = sign_voucher(&size);
    CHECK_FAILS(judge(bytes, size), BAD_PROOF);
    CHECK_EQ(report.findings[VCH_CLAIM_OUTPUT].verdict, VCH_VERDICT_FALSE);
}
