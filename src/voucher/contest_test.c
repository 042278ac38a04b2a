// Agreements: a contest that was really held, with real signatures, draws and a real tree, is
// accepted; and whatever its clerk, its witnesses, its nodes or its client might change in it is
// refused, each by the check that is there for it. The clerk of these lies has all of its witnesses
// on its side: every changed log is hashed, proven and cosigned anew.
#include "harness/scene.h"

TEST(a_contest_that_was_held_is_accepted)
{
    scene_hold_contest(1, 1, NULL);
    CHECK_OK(scene_check());
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
    scene_hold_contest(ROUNDS, 1, NULL);
    CHECK_OK(scene_check());
    CHECK_EQ(scene.found.round, 1);
    CHECK_EQ(scene.found.wanted, 7);
    CHECK_EQ(scene.found.agreeing, 7);
}

// Nobody was at fault in it but its clerk. Whether it was late is for the times in the log to say.
TEST(a_late_round_is_followed_by_one_of_the_same_size)
{
    static const uint32_t most_agree[] = {1, 1, 1};

    scene_open(1, NULL);
    ledger.now += vch_charter_anchor_ms(&ledger.charter) + 1;
    ledger_anchor();
    ledger_clerk(); // its draw and its verdict
    scene.id.round = 1;
    ledger_draw(&scene.id);
    ledger_vote(&scene.id, most_agree);
    scene_collect();
    CHECK_OK(scene_check());
    CHECK_EQ(scene.found.round, 1);
    CHECK_EQ(scene.found.wanted, 3);
    CHECK_EQ(scene.found.agreeing, 3);
}

static bool is_seat(const struct vch_public_key *node)
{
    const struct vch_entry draw = scene_entry_at(scene_place_of(VCH_ENTRY_DRAW, 0));

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

    scene_hold_contest(1, 1, NULL);
    for (uint32_t i = 0; i < scene.count; i++) {
        if (!scene.items[i].is_told) continue;
        const struct vch_entry entry = scene_entry_at(i);
        const char *words = missing(&entry, anchors == 0);
        anchors += entry.kind == VCH_ENTRY_ANCHOR;
        scene.items[i].is_told = false;
        scene_seal();
        scene.items[i].is_told = true;
        if (words == NULL) {
            CHECK_OK(scene_check());
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
    scene_hold_contest(1, 1, NULL);
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
    CHECK_OK(scene_check());
}

TEST(a_checkpoint_is_the_ledgers_own_and_cosigned)
{
    scene_hold_contest(1, 1, NULL);
    scene.cosigners = 2;
    SEALED_REFUSES("");
    scene.cosigners = 4;
    scene_seal();
    CHECK_OK(scene_check());
    CHECK_EQ(scene.found.cosigned, 4);
    scene.clerk = &ledger.stranger;
    SEALED_REFUSES("");
    scene.clerk = &ledger.clerk;
    scene.count--; // of another size: all paths are another tree's
    scene_write_checkpoint();
    scene.count++;
    REFUSES("does not hold this entry");
    scene_seal();
    CHECK_OK(scene_check());
}

TEST(no_bit_of_an_agreement_can_change)
{
    scene_hold_contest(1, 1, NULL);
    for (int i = 0; i < 600; i++) {
        const uint32_t at = test_below(scene.agreement.leaf_count);
        struct vch_agreement_leaf *leaf = &scene.leaves[at], kept = *leaf;
        uint8_t *entry = (uint8_t *)vch_arena_string(&scene.arena, kept.entry, kept.entry_size);
        test_flip(entry, test_below((uint32_t)(8 * kept.entry_size)));
        leaf->entry = entry;
        CHECK(!vch_is_ok(scene_check()));
        *leaf = kept;
        test_flip(scene.paths[at], test_below((uint32_t)(8 * VCH_DIGEST_SIZE * kept.path_count)));
        CHECK(!vch_is_ok(scene_check()));
        scene_seal();
    }
    // Of a note one cosignature too many may be spoilt, but three of four are needed.
    for (size_t bit = 0; bit < 8 * scene.agreement.checkpoint_size; bit += 5) {
        test_flip(scene.note, bit);
        CHECK(!vch_is_ok(scene_check()));
        test_flip(scene.note, bit);
    }
    CHECK_OK(scene_check());
}

// Every entry is its writer's: what a clerk changes in another's shows, whatever it hashes anew.
TEST(entries_are_signed_by_their_writers)
{
    scene_hold_contest(1, 1, NULL);
    for (uint32_t i = 1; i < scene.count; i++) {
        const struct scene_item kept = scene.items[i];
        if (!kept.is_told) continue;
        struct vch_entry entry = scene_entry_at(i);
        test_flip(entry.signature.bytes, test_below(8 * sizeof entry.signature.bytes));
        scene_put(i, &entry);
        SEALED_REFUSES("is not signed by its writer");
        scene.items[i] = kept;
    }
    struct vch_entry entry = scene_entry_at(scene_place_of(VCH_ENTRY_VERDICT, 0));
    entry.time_ms = 1;
    scene_put(scene_place_of(VCH_ENTRY_VERDICT, 0), &entry);
    SEALED_REFUSES("time runs backwards");
}

TEST(an_agreement_is_of_this_job_registry_and_founder)
{
    struct vch_voucher *voucher = &scene.voucher;

    scene_hold_contest(1, 1, NULL);
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
    CHECK_OK(scene_check());
}

// Where something untold stands, so that no position changes.
static void put_registry(uint32_t at, uint64_t time_ms, const struct vch_secret_key *key)
{
    struct vch_entry registry = scene_entry_at(scene_place_of(VCH_ENTRY_REGISTRY, 0));

    CHECK(!scene.items[at].is_told);
    registry.registry.digest.bytes[0] ^= 1;
    registry.registry.serial++;
    registry.number += 100;
    registry.time_ms = time_ms;
    scene_put_signed(at, registry, key);
    scene.items[at].is_told = true;
}

TEST(the_registry_is_the_newest_of_an_earlier_epoch)
{
    scene_hold_contest(1, 1, NULL);
    const uint32_t opening = scene_place_of(VCH_ENTRY_JOB_OPEN, 0), at = opening - 1;
    const struct scene_item kept = scene.items[at];
    const uint64_t earlier = scene_entry_at(at).time_ms, same = scene_entry_at(opening).time_ms;
    put_registry(at, earlier, &ledger.founder);
    SEALED_REFUSES("another registry than the voucher's was in force");
    scene.items[at] = kept;
    put_registry(at, earlier, &ledger.stranger); // no founder: no registry
    scene_seal();
    CHECK_OK(scene_check());
    scene.items[at] = kept;
    put_registry(at, same, &ledger.founder); // of the job's own epoch: not yet in force
    scene_seal();
    CHECK_OK(scene_check());
}

static void by_another(enum vch_entry_kind kind, const char *words)
{
    const uint32_t at = scene_place_of(kind, 0);
    const struct scene_item kept = scene.items[at];

    scene_put_signed(at, scene_entry_at(at), &ledger.stranger);
    SEALED_REFUSES(words);
    scene.items[at] = kept;
}

TEST(what_a_clerk_has_to_say_nobody_else_says)
{
    scene_hold_contest(1, 1, NULL);
    by_another(VCH_ENTRY_ANCHOR, "no cosigned anchor fixes its draw");
    by_another(VCH_ENTRY_DRAW, "there is no draw");
    by_another(VCH_ENTRY_CLOSE, "its commits were never closed");
    by_another(VCH_ENTRY_VERDICT, "there is no verdict");
    by_another(VCH_ENTRY_JOB_OPEN, "the job was not opened in that log");
}

// The anchors of the contest stand as nth; each lie is told by a clerk that signs it.
static void lie_about_anchor(uint32_t nth, struct vch_entry lie, const char *words)
{
    const uint32_t at = scene_place_of(VCH_ENTRY_ANCHOR, nth);
    const struct scene_item kept = scene.items[at];

    lie.time_ms = scene_entry_at(at).time_ms;
    scene_put_signed(at, lie, &ledger.clerk);
    SEALED_REFUSES(words);
    scene.items[at] = kept;
}

TEST(anchors_are_cosigned_in_time_and_cover_what_they_fix)
{
    const char *words[] = {"no cosigned anchor fixes its draw",
                           "before witnesses had seen all commits"};

    scene_hold_contest(1, 1, NULL);
    for (uint32_t nth = 0; nth < 2; nth++) {
        const uint64_t size = scene_entry_at(scene_place_of(VCH_ENTRY_ANCHOR, nth)).anchor.size;
        const uint64_t now_s = scene_entry_at(scene_place_of(VCH_ENTRY_ANCHOR, nth)).time_ms / 1000;
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
    const uint32_t close = scene_place_of(VCH_ENTRY_CLOSE, 0);
    const uint64_t now_s = scene_entry_at(close).time_ms / 1000;
    lie_about_anchor(1, ledger_anchor_of(close, 0, 3, now_s), words[1]); // all but the close
    // Another set of cosignatures is another draw.
    lie_about_anchor(
        0,
        ledger_anchor_of(scene_entry_at(scene_place_of(VCH_ENTRY_ANCHOR, 0)).anchor.size, 1, 4,
                         now_s),
        "a seat's draw does not verify");
}

// The first anchor and all behind it happen so much later.
static void delay_draw(uint64_t seconds)
{
    const uint32_t at = scene_place_of(VCH_ENTRY_ANCHOR, 0);
    const struct vch_entry anchor = scene_entry_at(at);
    struct vch_entry later =
        ledger_anchor_of(anchor.anchor.size, 0, 3, anchor.time_ms / 1000 + seconds);

    later.time_ms = anchor.time_ms;
    scene_put_signed(at, later, &ledger.clerk);
    for (uint32_t i = at; i < scene.count; i++) {
        struct vch_entry entry = scene_entry_at(i);
        entry.time_ms += 1000 * seconds;
        scene_put(i, &entry);
    }
}

// A clerk that takes its time chooses among trees; the state would draw nobody by its anchor.
TEST(a_draw_by_an_anchor_that_came_late_does_not_count)
{
    scene_hold_contest(1, 1, NULL);
    const uint64_t opened = scene_entry_at(scene_place_of(VCH_ENTRY_JOB_OPEN, 0)).time_ms;
    const uint64_t anchored = scene_entry_at(scene_place_of(VCH_ENTRY_ANCHOR, 0)).time_ms;
    const uint64_t left_ms = vch_charter_anchor_ms(&ledger.charter) - (anchored - opened);

    delay_draw(left_ms / 1000); // in time, but of course another draw
    SEALED_REFUSES("a seat's draw does not verify");
    delay_draw(1);
    SEALED_REFUSES("seats were drawn by an anchor that came too late");
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
    const uint32_t at = scene_place_of(VCH_ENTRY_DRAW, 0);
    const struct scene_item kept = scene.items[at];

    scene_put_signed(at, *lie, &ledger.clerk);
    SEALED_REFUSES(words);
    scene.items[at] = kept;
}

static struct vch_entry true_draw(struct vch_entry_seat **seats)
{
    struct vch_entry draw = scene_entry_at(scene_place_of(VCH_ENTRY_DRAW, 0));

    *seats = seats_of(&draw, 9);
    return draw;
}

// Everybody who drew, the best first.
static uint32_t rank(struct vch_draw_candidate *out)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < ledger.node_count; i++) {
        const struct vch_public_key *node = &ledger.nodes[i].key.public_key;
        const struct vch_entry sortition =
            scene_entry_at(scene_place_by(VCH_ENTRY_SORTITION, node));
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

    scene_hold_contest(1, 1, NULL);
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
    scene_hold_contest(ROUNDS, 1, NULL);
    const struct vch_entry draw = scene_entry_at(scene_place_of(VCH_ENTRY_DRAW, 0));
    const uint32_t at = scene_place_by(VCH_ENTRY_SORTITION, &draw.draw.seats[0].node);
    const uint32_t other = scene_place_by(VCH_ENTRY_SORTITION, &draw.draw.seats[1].node);
    const struct vch_secret_key *key = &ledger.nodes[ledger_node_of(&draw.draw.seats[0].node)].key;
    const struct scene_item kept = scene.items[at];
    struct vch_entry lie = scene_entry_at(at);
    lie.sortition.proof = scene_entry_at(other).sortition.proof;
    scene_put_signed(at, lie, key);
    SEALED_REFUSES("a seat's draw does not verify");
    lie = scene_entry_at(at);
    for (uint32_t i = 0; i < scene.count; i++) { // its own proof of the round before
        const struct vch_entry entry = scene_entry_at(i);
        if (entry.kind == VCH_ENTRY_SORTITION && entry.contest.round == 0 &&
            vch_is_equal(&entry.writer, &key->public_key, sizeof key->public_key))
            lie.sortition.proof = entry.sortition.proof;
    }
    scene_put_signed(at, lie, key);
    SEALED_REFUSES("a seat's draw does not verify");
    scene.items[at] = kept;
    scene_move(at, scene_place_of(VCH_ENTRY_COMMIT, 0)); // after the draw
    SEALED_REFUSES("a seat was never drawn for");
}

TEST(an_operator_has_one_seat)
{
    struct vch_draw_candidate ranked[LEDGER_NODES_MAX];
    struct vch_entry_seat *seats = NULL;

    scene_hold_contest(1, 3, NULL); // nine nodes of three operators
    CHECK_OK(scene_check());
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

    scene_hold_contest(1, 1, "op-004");
    CHECK_OK(scene_check());
    CHECK_EQ(scene.found.eligible, 8);
    struct vch_entry sortition = ledger_sortition(&scene.id, excluded); // true, and not asked for
    const uint32_t at = scene_place_of(VCH_ENTRY_DRAW, 0);
    sortition.time_ms = scene_entry_at(at).time_ms;
    scene_insert(at, sortition, &ledger.nodes[excluded].key);
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
    scene_hold_contest(1, 1, NULL);
    const uint32_t at = scene_place_of(VCH_ENTRY_REVEAL, 0);
    const struct scene_item kept = scene.items[at];
    const struct vch_entry reveal = scene_entry_at(at);
    struct vch_entry lie = reveal;
    lie.reveal.output.bytes[0] ^= 1;
    scene_put_signed(at, lie, scene_key_of(&reveal));
    SEALED_REFUSES(TWO_ARE_THERE);
    lie = reveal;
    lie.reveal.trace.bytes[0] ^= 1;
    scene_put_signed(at, lie, scene_key_of(&reveal));
    SEALED_REFUSES(TWO_ARE_THERE);
    lie = reveal;
    lie.reveal.nonce[31] ^= 1;
    scene_put_signed(at, lie, scene_key_of(&reveal));
    SEALED_REFUSES(TWO_ARE_THERE);
    lie = reveal;
    lie.reveal.has_trace = false;
    scene_put_signed(at, lie, scene_key_of(&reveal));
    SEALED_REFUSES(TWO_ARE_THERE);
    scene.items[at] = kept;
    scene_move(at, scene_place_of(VCH_ENTRY_ANCHOR, 1)); // shown before all had committed
    SEALED_REFUSES(TWO_ARE_THERE);
}

TEST(a_commit_counts_between_the_draw_and_the_close)
{
    scene_hold_contest(1, 1, NULL);
    const uint32_t at = scene_place_of(VCH_ENTRY_COMMIT, 0);
    const struct scene_item kept = scene.items[at];
    const struct vch_entry commit = scene_entry_at(at);
    struct vch_entry lie = commit;
    lie.commit.commitment.bytes[0] ^= 1;
    scene_put_signed(at, lie, scene_key_of(&commit));
    SEALED_REFUSES(TWO_ARE_THERE);
    lie = scene_entry_at(scene_place_of(VCH_ENTRY_COMMIT, 1)); // another's, copied
    lie.contest = commit.contest;
    scene_put_signed(at, lie, scene_key_of(&commit));
    SEALED_REFUSES(TWO_ARE_THERE);
    scene.items[at] = kept;
    scene_move(at, scene_place_of(VCH_ENTRY_CLOSE, 0) + 1);
    SEALED_REFUSES(TWO_ARE_THERE);
}

TEST(a_verdict_is_what_was_revealed)
{
    scene_hold_contest(1, 1, NULL);
    const uint32_t at = scene_place_of(VCH_ENTRY_VERDICT, 0);
    const struct scene_item kept = scene.items[at];
    struct vch_entry lie = scene_entry_at(at);
    lie.verdict.agreeing = 2;
    scene_put_signed(at, lie, &ledger.clerk);
    SEALED_REFUSES("its verdict speaks of 2 equal answers of 3; 3 are there");
    scene.items[at] = kept;
    lie = scene_entry_at(at);
    lie.verdict.output = ledger_output(2);
    scene_put_signed(at, lie, &ledger.clerk);
    SEALED_REFUSES("3 equal answers of 3; 0 are there");
    scene.items[at] = kept;
    lie = scene_entry_at(at);
    lie.verdict.has_output = false;
    lie.verdict.agreeing = 0;
    scene_put_signed(at, lie, &ledger.clerk);
    SEALED_REFUSES("no cosigned anchor fixes its draw"); // of the round that would follow
    scene.items[at] = kept;
    scene_move(at, scene_place_of(VCH_ENTRY_REVEAL, 1));
    SEALED_REFUSES("3 equal answers of 3; 1 are there");
}

TEST(answers_alike_in_output_alone_are_no_majority)
{
    scene_hold_contest(1, 1, NULL);
    for (uint32_t i = 0; i < 2; i++) { // two of three give each a trace of its own
        const uint32_t at = scene_place_of(VCH_ENTRY_REVEAL, i);
        struct vch_entry reveal = scene_entry_at(at);
        const uint32_t committed = scene_place_by(VCH_ENTRY_COMMIT, &reveal.writer);
        struct vch_entry commit = scene_entry_at(committed);
        reveal.reveal.trace = ledger_digest(0x77 + i);
        commit.commit.commitment =
            vch_entry_commitment(&scene.id, &reveal.writer, &reveal.reveal.output,
                                 &reveal.reveal.trace, reveal.reveal.nonce);
        scene_put_signed(committed, commit, scene_key_of(&commit));
        scene_put_signed(at, reveal, scene_key_of(&reveal));
    }
    SEALED_REFUSES("3 equal answers of 3; 1 are there");
}

TEST(another_ledgers_words_are_worth_nothing_here)
{
    scene_hold_contest(1, 1, NULL);
    struct vch_charter charter = ledger.charter;
    struct vch_entry entry = scene_entry_at(0);
    uint8_t *bytes = NULL;
    size_t size = 0;
    charter.nonce[0] ^= 1; // the same people found another one
    CHECK_OK(vch_charter_encode(&bytes, &size, &charter, &scene.arena, &scene.complaint));
    entry.charter = &charter;
    CHECK_OK(vch_entry_sign(&entry, &charter.id, &ledger.founder, &scene.arena, &scene.complaint));
    scene_put(0, &entry);
    SEALED_REFUSES("is not signed by its writer");
}

TEST(a_draw_cannot_speak_of_more_nodes_than_there_are)
{
    struct vch_entry_seat *seats = NULL;

    scene_hold_contest(1, 1, "op-004");
    struct vch_entry draw = true_draw(&seats);
    draw.draw.eligible = 9; // one more than the registry's nine without the excluded
    lie_about_draw(&draw, "speaks of more nodes than the registry has");
    draw.draw.eligible = 4000000; // a network in which hardly anybody could be captured
    lie_about_draw(&draw, "speaks of more nodes than the registry has");
    draw.draw.eligible = 2;
    lie_about_draw(&draw, "more seats were drawn than its draw speaks of nodes");
}

TEST(a_seat_has_a_weight)
{
    struct vch_entry_seat *seats = NULL;

    scene_hold_contest(1, 1, NULL);
    struct vch_entry draw = true_draw(&seats);
    seats[0].weight = 0;
    lie_about_draw(&draw, "a seat has no weight");
}

// Keys of a registry that has expired may be anybody's: the ledger's clock counts, not the
// client's.
TEST(a_registry_had_not_expired_by_the_ledgers_clock)
{
    scene_hold_contest(1, 1, NULL);
    const uint64_t time_ms = scene_entry_at(scene_place_of(VCH_ENTRY_ANCHOR, 1)).time_ms;
    const uint64_t earliest_ms = time_ms - ledger.charter.parameters.skew_ms;
    scene.voucher.registry.expires_ms = earliest_ms;
    CHECK_OK(scene_check());
    scene.voucher.registry.expires_ms = earliest_ms - 1;
    REFUSES("the registry had expired");
}

TEST(a_log_does_not_begin_with_a_draft)
{
    scene_hold_contest(1, 1, NULL);
    struct vch_entry charter = scene_entry_at(0);
    charter.time_ms = 0;
    scene_put_signed(0, charter, &ledger.founder);
    SEALED_REFUSES("its charter is a draft");
}

// A later round is worth nothing without those that made it necessary.
TEST(no_round_is_left_out)
{
    scene_hold_contest(ROUNDS, 1, NULL);
    CHECK_OK(scene_check());
    for (uint32_t i = 0; i < scene.count; i++) {
        const struct vch_entry entry = scene_entry_at(i);
        if (!scene_is_of_job(&entry) || entry.contest.round != 0) continue;
        const bool is_needed = entry.kind == VCH_ENTRY_DRAW || entry.kind == VCH_ENTRY_VERDICT;
        scene.items[i].is_told = false;
        scene_seal();
        scene.items[i].is_told = true;
        if (is_needed) REFUSES(entry.kind == VCH_ENTRY_DRAW ? "no draw" : "no verdict");
    }
    for (uint32_t i = 0; i < scene.count; i++) {
        const struct vch_entry entry = scene_entry_at(i);
        if (scene_is_of_job(&entry) && entry.contest.round == 0) scene.items[i].is_told = false;
    }
    SEALED_REFUSES("there is no draw");
}

// A second committee where the first had a majority: nobody asks it.
TEST(a_round_behind_a_majority_does_not_count)
{
    scene_hold_contest(ROUNDS, 1, NULL);
    for (uint32_t i = 0; i < scene.count; i++) {
        struct vch_entry entry = scene_entry_at(i);
        if (entry.kind != VCH_ENTRY_VERDICT || entry.contest.round != 0) continue;
        entry.verdict.has_output = true;
        entry.verdict.output = ledger_output(1);
        entry.verdict.agreeing = 3;
        scene_put_signed(i, entry, &ledger.clerk);
    }
    SEALED_REFUSES("its verdict speaks of 3 equal answers of 3; 1 are there");
}
