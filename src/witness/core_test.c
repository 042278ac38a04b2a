// The witness's laws, and a log and members that lie to it. Nothing here has a socket or a disk.
#include "witness/core.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "crypto/transcript.h"
#include "harness/logs.h"
#include "tlog/consistency.h"
#include "tlog/cosignature.h"
#include "tlog/inclusion.h"
#include "tlog/refusal.h"

enum { NOW_MS = 1790000000 };

static const char origin[] = "clinics.example/ledger";
static const struct vch_digest ledger = {{0x1d}};
static struct vch_core_log logs[2];
static struct vch_core_writer writers[64]; // of any key up to 63
static struct vch_core core;
static struct vch_core_reply reply;
static struct vch_core_change change;
static struct vch_secret_key log_key, writer;
static struct log entries, forked;
static uint64_t now_ms;

struct text {
    size_t size;
    char bytes[65536];
};

static void add(struct text *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int size = vsnprintf(out->bytes + out->size, sizeof out->bytes - out->size, format, args);
    va_end(args);
    CHECK(size >= 0 && (size_t)size < sizeof out->bytes - out->size);
    out->size += (size_t)size;
}

static void add_base64(struct text *out, const void *bytes, size_t size)
{
    char base64[1024];

    (void)vch_base64_encode(base64, bytes, size);
    add(out, "%s\n", base64);
}

static void add_path(struct text *out, const struct vch_tree_path *path)
{
    for (uint32_t i = 0; i < path->count; i++)
        add_base64(out, path->nodes[i].bytes, VCH_DIGEST_SIZE);
    add(out, "\n");
}

static void key_of(struct vch_secret_key *out, uint8_t seed)
{
    const uint8_t seeds[VCH_SIGN_SEED_SIZE] = {seed};
    vch_sign_key(out, seeds);
}

static int compare_writers(const void *a, const void *b)
{
    return memcmp(a, b, VCH_SIGN_PUBLIC_SIZE);
}

static void begin_writers(void)
{
    struct vch_secret_key key;

    for (uint8_t i = 0; i < 64; i++) {
        key_of(&key, i);
        writers[i] = (struct vch_core_writer){.key = key.public_key};
    }
    qsort(writers, 64, sizeof *writers, compare_writers);
    core.writers = writers;
    core.writer_count = 64;
}

// A witness of one log that takes commits and of another that does not, neither seen yet.
static void begin(void)
{
    struct vch_vkey vkey;

    now_ms = NOW_MS;
    key_of(&log_key, 1);
    key_of(&writer, 2);
    memset(&core, 0, sizeof core);
    key_of(&core.key, 3);
    (void)snprintf(core.name, sizeof core.name, "witness.example/w1");
    core.logs = logs;
    core.log_count = 2;
    begin_writers();
    CHECK_OK(vch_vkey_init(&vkey, origin, VCH_VKEY_ED25519, &log_key.public_key, NULL));
    vch_core_log_init(&logs[0], &vkey, &ledger);
    CHECK_OK(
        vch_vkey_init(&vkey, "other.example/log", VCH_VKEY_ED25519, &log_key.public_key, NULL));
    vch_core_log_init(&logs[1], &vkey, NULL);
    log_fill(&entries, 200, "entry");
}

static void add_note(struct text *out, const struct log *log, uint64_t size, const char *name)
{
    struct vch_checkpoint checkpoint = {.size = size, .root = log_root(log, size)};
    char note[VCH_CHECKPOINT_NOTE_MAX + 1];

    (void)snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", name);
    (void)vch_checkpoint_sign(note, &checkpoint, &log_key);
    add(out, "%s", note);
}

static void add_request(struct text *out, struct log *log, uint64_t old, uint64_t size)
{
    struct vch_tree_nodes nodes = log_nodes(log);
    struct vch_tree_path path = {0};

    if (old <= size) CHECK_OK(vch_consistency_prove(&path, old, size, &nodes));
    add(out, "old %" PRIu64 "\n", old);
    add_path(out, &path);
    add_note(out, log, size, origin);
}

// Asks, and applies what comes of it, as a daemon does.
static int ask_text(const struct text *text, bool may_answer)
{
    vch_core_add_checkpoint(&reply, &change, &core, text->bytes, text->size, may_answer, now_ms);
    CHECK((change.kind != VCH_CORE_NOTHING) == (reply.code == 200));
    CHECK_EQ(strlen(reply.body), reply.size);
    vch_core_apply(&core, &change);
    return reply.code;
}

static int ask(struct log *log, uint64_t old, uint64_t size)
{
    static struct text text;

    text.size = 0;
    add_request(&text, log, old, size);
    return ask_text(&text, false);
}

static void check_cosigned(const struct log *log, uint64_t size, uint64_t time_s)
{
    static struct text text;
    struct vch_note note;
    struct vch_vkey vkey;
    uint64_t time = 0;

    text.size = 0;
    add_note(&text, log, size, origin);
    add(&text, "%s", reply.body);
    CHECK_OK(vch_vkey_init(&vkey, core.name, VCH_VKEY_COSIGNATURE, &core.key.public_key, NULL));
    CHECK_OK(vch_note_decode(&note, text.bytes, text.size, NULL));
    CHECK_OK(vch_cosignature_verify(&time, &note, &vkey));
    CHECK_EQ(time, time_s);
}

TEST(core_cosigns_a_log_that_grows)
{
    begin();
    for (uint64_t old = 0, size = 1; size < 200; old = size, size += 1 + test_below(9)) {
        CHECK_EQ(ask(&entries, old, size), 200);
        check_cosigned(&entries, size, NOW_MS / 1000);
        CHECK_EQ(logs[0].size, size);
    }
    CHECK_EQ(logs[1].size, 0);
}

// Of two histories it follows the one that it saw first, as far as they differ.
TEST(core_never_cosigns_two_histories_whatever_is_asked)
{
    static struct log signed_one;
    uint64_t signed_size = 0;

    begin();
    for (int round = 0; round < 400; round++) {
        struct log *log = test_below(2) ? &entries : &forked;
        uint64_t size = test_below(200), old = test_below(4) ? logs[0].size : test_below(200);
        forked = entries;
        for (uint64_t i = test_below(199); i < 200; i++)
            forked.leaves[i].bytes[0] ^= 0x80;
        struct vch_digest before = log_root(&signed_one, signed_size);
        struct vch_digest root = log_root(log, signed_size);
        bool is_right = vch_hash_is_equal(&before, &root) && old == signed_size && size >= old;
        int code = ask(log, old, size);
        CHECK_EQ(code == 200, is_right);
        if (code == 200) signed_one = *log;
        if (code == 200) signed_size = size;
        CHECK_EQ(logs[0].size, signed_size);
        if (signed_size > 150) begin(), signed_size = 0;
    }
}

TEST(core_answers_each_mistake_with_its_status)
{
    static struct text text;

    begin();
    CHECK_EQ(ask(&entries, 0, 10), 200);
    CHECK_EQ(ask(&entries, 3, 12), 409);
    CHECK(strcmp(reply.body, "10\n") == 0 && strcmp(reply.content_type, "text/x.tlog.size") == 0);
    CHECK_EQ(ask(&entries, 13, 12), 400);
    CHECK_EQ(ask(&entries, 10, 9), 400);
    forked = entries;
    forked.leaves[4].bytes[0] ^= 1;
    CHECK_EQ(ask(&forked, 10, 10), 409);
    CHECK(strcmp(reply.content_type, "text/x.tlog.size") != 0);
    CHECK_EQ(ask(&forked, 10, 12), 422);
    text.size = 0; // a proof between equal sizes
    add(&text, "old 10\n");
    add_base64(&text, entries.leaves[0].bytes, VCH_DIGEST_SIZE);
    add(&text, "\n");
    add_note(&text, &entries, 10, origin);
    CHECK_EQ(ask_text(&text, false), 422);
    text.size = 0;
    add(&text, "old 0\n\n");
    add_note(&text, &entries, 10, "stranger.example/log");
    CHECK_EQ(ask_text(&text, false), 404);
    key_of(&log_key, 9); // another key under the log's name
    CHECK_EQ(ask(&entries, 10, 12), 403);
    key_of(&log_key, 1);
    CHECK_EQ(ask(&entries, 10, 12), 200);
}

TEST(core_cosigns_the_same_again_and_writes_nothing_down)
{
    begin();
    CHECK_EQ(ask(&entries, 0, 0), 200); // the empty tree
    CHECK_EQ(change.kind, VCH_CORE_AGAIN);
    CHECK_EQ(ask(&entries, 0, 7), 200);
    CHECK_EQ(change.kind, VCH_CORE_CHECKPOINT);
    for (int i = 0; i < 5; i++, now_ms += 900) { // nobody collects signatures of one tree
        CHECK_EQ(ask(&entries, 7, 7), 200);
        CHECK_EQ(change.kind, VCH_CORE_AGAIN);
        check_cosigned(&entries, 7, NOW_MS / 1000);
    }
    now_ms = NOW_MS + 1000 * VCH_CORE_FRESH_S;
    CHECK_EQ(ask(&entries, 7, 7), 200);
    check_cosigned(&entries, 7, NOW_MS / 1000 + VCH_CORE_FRESH_S);
    now_ms -= 9000; // a clock that was put back
    CHECK_EQ(ask(&entries, 7, 9), 200);
    check_cosigned(&entries, 9, NOW_MS / 1000 + VCH_CORE_FRESH_S);
}

TEST(core_reads_requests_in_their_one_form)
{
    static struct text text, lie;

    begin();
    CHECK_EQ(ask(&entries, 0, 10), 200);
    text.size = 0;
    add_request(&text, &entries, 10, 13);
    for (size_t cut = 0; cut < text.size; cut++) {
        lie = text;
        lie.size = cut;
        CHECK_EQ(ask_text(&lie, false), 400);
    }
    static const char *const heads[] = {
        "old 010\n", "old  10\n",  "old 10 \n", "old -10\n",  "Old 10\n",
        "old\n",     "old 10\r\n", "size 10\n", "\nold 10\n", "included 0\nAA==\n\nold 10\n"};
    FOR_EACH(head, heads)
    {
        lie.size = 0;
        add(&lie, "%s%s", *head, text.bytes + strlen("old 10\n"));
        CHECK_EQ(ask_text(&lie, false), 400);
    }
    lie.size = 0;
    add(&lie, "old 10\n");
    for (int i = 0; i < 64; i++) // one more than C2SP allows
        add_base64(&lie, entries.leaves[0].bytes, VCH_DIGEST_SIZE);
    add(&lie, "\n");
    add_note(&lie, &entries, 13, origin);
    CHECK_EQ(ask_text(&lie, false), 400);
    CHECK_EQ(ask_text(&text, false), 200);
}

TEST(core_accepts_no_request_with_a_flipped_bit)
{
    static struct text text;

    begin();
    CHECK_EQ(ask(&entries, 0, 10), 200);
    text.size = 0;
    add_request(&text, &entries, 10, 13);
    for (size_t bit = 0; bit < 8 * text.size; bit++) {
        test_flip(text.bytes, bit);
        CHECK(ask_text(&text, false) != 200);
        test_flip(text.bytes, bit);
    }
    CHECK_EQ(ask_text(&text, false), 200);
}

// Drafts.
struct draft {
    size_t size, entry_size;
    uint8_t bytes[VCH_DRAFT_SIZE_MAX], entry[VCH_DRAFT_ENTRY_MAX];
};

static size_t put_field(uint8_t *out, uint8_t tag, const void *bytes, size_t size)
{
    CHECK(size < 128);
    out[0] = tag;
    out[1] = (uint8_t)size;
    memcpy(out + 2, bytes, size);
    return size + 2;
}

static void write_draft(struct draft *out, uint8_t number)
{
    const uint8_t subject[32] = {number}, commitment[32] = {0xcc};
    uint8_t commit[128], statement[128];
    struct vch_transcript transcript;
    struct vch_signature signature;

    size_t size = put_field(commit, 0x0a, subject, sizeof subject);
    size += put_field(commit + size, 0x22, commitment, sizeof commitment);
    size = put_field(statement, 0x72, commit, size);
    vch_transcript_init(&transcript, "vouch/entry/v1");
    vch_transcript_absorb_digest(&transcript, "ledger", &ledger);
    vch_transcript_absorb(&transcript, "statement", statement, size);
    struct vch_digest digest = vch_transcript_final(&transcript);
    vch_sign_digest(&signature, &writer, &digest);
    out->size = put_field(out->bytes, 0x12, statement, size);
    out->size += put_field(out->bytes + out->size, 0x1a, writer.public_key.bytes, 32);
    out->size += put_field(out->bytes + out->size, 0x22, signature.bytes, 64);
    out->entry[0] = 0x08;
    out->entry[1] = 0x05;
    memcpy(out->entry + 2, out->bytes, out->size);
    out->entry_size = out->size + 2;
}

static int hand_over(const struct draft *draft, const char *to)
{
    static struct text text;

    text.size = 0;
    add(&text, "%s\n", to);
    add_base64(&text, draft->bytes, draft->size);
    vch_core_add_draft(&reply, &change, &core, text.bytes, text.size, now_ms);
    CHECK(change.kind == VCH_CORE_NOTHING || reply.code == 200);
    vch_core_apply(&core, &change);
    return reply.code;
}

// By the witness, for whoever knows its key and the ledger.
static void check_signed(const struct vch_testimony *testimony)
{
    struct vch_digest digest = vch_testimony_digest(testimony, &ledger);

    CHECK(strcmp(testimony->witness, core.name) == 0);
    CHECK_OK(vch_sign_verify(&core.key.public_key, &digest, &testimony->signature));
}

static void place(struct draft *draft, uint64_t index)
{
    entries.leaves[index] = vch_merkle_leaf(draft->entry, draft->entry_size);
}

static void add_included(struct text *out, const struct draft *draft, uint64_t index, uint64_t size)
{
    struct vch_tree_nodes nodes = log_nodes(&entries);
    struct vch_tree_path path;

    CHECK_OK(vch_inclusion_prove(&path, index, size, &nodes));
    add(out, "included %" PRIu64 "\n", index);
    add_base64(out, draft->entry, draft->entry_size);
    add_path(out, &path);
}

static void add_refused(struct text *out, const struct draft *draft, uint64_t size)
{
    struct vch_digest root = log_root(&entries, size);
    struct vch_digest digest =
        vch_refusal_digest(&ledger, size, &root, now_ms, draft->bytes, draft->size);
    struct vch_signature signature;

    vch_sign_digest(&signature, &log_key, &digest);
    add(out, "refused %" PRIu64 "\n", now_ms);
    add_base64(out, draft->bytes, draft->size);
    add_base64(out, signature.bytes, sizeof signature.bytes);
    add(out, "\n");
}

// One promise, overdue at size 12.
static void begin_overdue(struct draft *draft)
{
    begin();
    write_draft(draft, 1);
    CHECK_EQ(ask(&entries, 0, 10), 200);
    CHECK_EQ(hand_over(draft, origin), 200);
    CHECK_EQ(logs[0].promise_count, 1);
    CHECK_EQ(ask(&entries, 10, 11), 200);
    CHECK_EQ(ask(&entries, 11, 12), 200);
    now_ms += VCH_CORE_PATIENCE_MS;
}

TEST(core_is_patient_for_a_while_and_some_checkpoints)
{
    struct draft draft;

    begin();
    write_draft(&draft, 1);
    CHECK_EQ(ask(&entries, 0, 10), 200);
    CHECK_EQ(hand_over(&draft, origin), 200);
    now_ms += (uint64_t)10 * VCH_CORE_PATIENCE_MS;
    CHECK_EQ(ask(&entries, 10, 11), 200); // the log was idle: it gets two
    CHECK_EQ(ask(&entries, 11, 11), 200); // one that is no larger does not count
    CHECK_EQ(ask(&entries, 11, 12), 200);
    CHECK_EQ(ask(&entries, 12, 13), 428);
    begin_overdue(&draft);
    now_ms--;
    CHECK_EQ(ask(&entries, 12, 13), 200);
    now_ms++;
    CHECK_EQ(ask(&entries, 13, 14), 428);
    CHECK_EQ(reply.promise_count, 1);
    CHECK(strcmp(reply.content_type, "text/x.vouch.promises") == 0);
}

TEST(core_goes_on_once_the_draft_is_shown)
{
    static struct text text;
    struct draft draft;

    begin_overdue(&draft);
    place(&draft, 12);
    text.size = 0;
    add_included(&text, &draft, 12, 13);
    add_request(&text, &entries, 12, 13);
    CHECK_EQ(ask_text(&text, false), 400); // C2SP's own request has no answers
    CHECK_EQ(ask_text(&text, true), 200);
    check_cosigned(&entries, 13, now_ms / 1000);
    CHECK_EQ(logs[0].promise_count, 0);
    CHECK_EQ(ask(&entries, 13, 14), 200);
}

TEST(core_goes_on_once_the_log_signs_that_it_refuses)
{
    static struct text text;
    struct draft draft;
    char record[VCH_TESTIMONY_SIZE_MAX];
    struct vch_testimony kept;

    begin_overdue(&draft);
    text.size = 0;
    add_refused(&text, &draft, 12); // of another checkpoint
    add_request(&text, &entries, 12, 13);
    CHECK_EQ(ask_text(&text, true), 422);
    text.size = 0;
    add_refused(&text, &draft, 13);
    add_request(&text, &entries, 12, 13);
    vch_core_add_checkpoint(&reply, &change, &core, text.bytes, text.size, true, now_ms);
    CHECK_EQ(reply.code, 200);
    CHECK_EQ(change.refused_count, 1);
    size_t size = vch_core_refusal_text(record, &core, &change, &change.refused[0]);
    CHECK_OK(vch_testimony_decode(&kept, record, size, NULL));
    CHECK(kept.kind == VCH_TESTIMONY_REFUSAL && kept.size == 13 && kept.refused_ms == now_ms);
    CHECK(strcmp(kept.origin, origin) == 0 && kept.handed_ms == NOW_MS && kept.handed_size == 10);
    check_signed(&kept);
    vch_core_apply(&core, &change);
    CHECK_EQ(logs[0].promise_count, 0);
}

TEST(core_believes_no_answer_that_is_not_true)
{
    static struct text answer, text;
    struct draft draft, other;

    begin_overdue(&draft);
    write_draft(&other, 2);
    place(&draft, 12);
    answer.size = 0;
    add_included(&answer, &draft, 12, 14);
    for (size_t bit = 0; bit < 8 * answer.size; bit++) {
        test_flip(answer.bytes, bit);
        text = answer;
        add_request(&text, &entries, 12, 14);
        CHECK(ask_text(&text, true) != 200);
        test_flip(answer.bytes, bit);
    }
    text.size = 0; // an answer under another size of the same log
    add_included(&text, &draft, 12, 13);
    add_request(&text, &entries, 12, 14);
    CHECK_EQ(ask_text(&text, true), 422);
    text.size = 0; // a true one, to what nobody asked
    place(&other, 13);
    add_included(&text, &other, 13, 14);
    add_request(&text, &entries, 12, 14);
    CHECK_EQ(ask_text(&text, true), 428);
    text.size = 0;
    add_included(&text, &draft, 12, 14);
    add_included(&text, &draft, 12, 14); // twice is once
    add_request(&text, &entries, 12, 14);
    CHECK_EQ(ask_text(&text, true), 200);
    CHECK_EQ(change.answered_count, 1);
}

TEST(core_takes_drafts_for_logs_with_a_ledger_alone)
{
    struct draft draft;

    begin();
    write_draft(&draft, 1);
    CHECK_EQ(hand_over(&draft, "other.example/log"), 404);
    CHECK_EQ(hand_over(&draft, "stranger.example/log"), 404);
    draft.bytes[draft.size - 1] ^= 1;
    CHECK_EQ(hand_over(&draft, origin), 403);
    draft.bytes[draft.size - 1] ^= 1;
    draft.size--;
    CHECK_EQ(hand_over(&draft, origin), 400);
    draft.size++;
    CHECK_EQ(hand_over(&draft, origin), 200);
    CHECK_EQ(hand_over(&draft, origin), 200);
    CHECK_EQ(logs[0].promise_count, 1);
}

TEST(core_promises_only_what_it_has_room_for)
{
    struct draft draft;

    begin();
    for (unsigned i = 0; i < VCH_CORE_PROMISES_MAX; i++) {
        if (i % VCH_CORE_WRITER_MAX == 0) key_of(&writer, (uint8_t)(10 + i / VCH_CORE_WRITER_MAX));
        write_draft(&draft, (uint8_t)i);
        CHECK_EQ(hand_over(&draft, origin), 200);
    }
    write_draft(&draft, 0);
    CHECK_EQ(hand_over(&draft, origin), 503);
    key_of(&writer, 60);
    write_draft(&draft, 1);
    CHECK_EQ(hand_over(&draft, origin), 503);
    CHECK_EQ(logs[0].promise_count, VCH_CORE_PROMISES_MAX);
}

TEST(core_promises_nothing_to_who_is_no_writer)
{
    struct draft draft;

    begin();
    key_of(&writer, 200);
    write_draft(&draft, 1);
    CHECK_EQ(hand_over(&draft, origin), 403);
    CHECK(strstr(reply.body, "no member") != NULL);
    draft.bytes[draft.size - 1] ^= 1; // its signature is of no concern
    CHECK_EQ(hand_over(&draft, origin), 403);
    CHECK(strstr(reply.body, "no member") != NULL);
    key_of(&writer, 2);
    write_draft(&draft, 1);
    core.writer_count = 0; // no registry
    CHECK_EQ(hand_over(&draft, origin), 403);
    CHECK(strstr(reply.body, "--registry") != NULL);
    CHECK_EQ(logs[0].promise_count, 0);
    core.writer_count = 64;
    CHECK_EQ(hand_over(&draft, origin), 200);
}

// One draft, handed over and refused; its code.
static int have_refused(uint8_t number, bool was_kept)
{
    static struct text text;
    struct draft draft;
    const uint64_t size = logs[0].size;

    write_draft(&draft, number);
    int code = hand_over(&draft, origin);
    if (code != 200) return code;
    text.size = 0;
    add_refused(&text, &draft, size);
    add_request(&text, &entries, size, size);
    vch_core_add_checkpoint(&reply, &change, &core, text.bytes, text.size, true, now_ms);
    CHECK_EQ(reply.code, 200);
    CHECK_EQ(change.refused_count, 1);
    change.refused[0].was_kept = was_kept; // as a folder says
    vch_core_apply(&core, &change);
    return code;
}

TEST(core_promises_no_more_to_whom_much_was_refused_today)
{
    begin();
    CHECK_EQ(ask(&entries, 0, 10), 200);
    now_ms = VCH_CORE_DAY_MS * 20000ull;
    for (unsigned i = 0; i < 20; i++) // the same once more counts once
        CHECK_EQ(have_refused(7, i > 0), 200);
    for (unsigned i = 1; i < VCH_CORE_REFUSALS_MAX; i++)
        CHECK_EQ(have_refused((uint8_t)i, false), 200);
    CHECK_EQ(have_refused(9, false), 503);
    key_of(&writer, 5); // nobody else is the worse for it
    CHECK_EQ(have_refused(9, false), 200);
    key_of(&writer, 2);
    now_ms += VCH_CORE_DAY_MS - 1;
    CHECK_EQ(have_refused(9, false), 503);
    now_ms++; // the day is over
    CHECK_EQ(have_refused(9, false), 200);
    CHECK_EQ(have_refused(9, false), 200);
}

TEST(core_signs_what_it_promises_and_says_the_same_again)
{
    struct vch_testimony first, second;
    struct draft draft;

    begin();
    write_draft(&draft, 1);
    CHECK_EQ(ask(&entries, 0, 10), 200);
    CHECK_EQ(hand_over(&draft, origin), 200);
    CHECK_OK(vch_testimony_decode(&first, reply.body, reply.size, NULL));
    CHECK(first.kind == VCH_TESTIMONY_PROMISE && strcmp(first.origin, origin) == 0);
    CHECK(first.handed_ms == now_ms && first.handed_size == 10);
    CHECK(first.draft_size == draft.size && memcmp(first.draft, draft.bytes, draft.size) == 0);
    check_signed(&first);
    CHECK_EQ(ask(&entries, 10, 12), 200);
    now_ms += 50;
    CHECK_EQ(hand_over(&draft, origin), 200);
    CHECK_OK(vch_testimony_decode(&second, reply.body, reply.size, NULL));
    CHECK(memcmp(&first, &second, sizeof first) == 0);
    first.handed_ms++;
    struct vch_digest digest = vch_testimony_digest(&first, &ledger);
    CHECK_FAILS(vch_sign_verify(&core.key.public_key, &digest, &first.signature), BAD_PROOF);
}

TEST(core_takes_no_refusal_of_another_time)
{
    static const int64_t offs[] = {-(int64_t)VCH_CORE_SKEW_MS - 1, VCH_CORE_SKEW_MS + 1,
                                   -(int64_t)VCH_CORE_SKEW_MS, VCH_CORE_SKEW_MS};
    static struct text text;
    struct draft draft;

    FOR_EACH(off, offs)
    {
        begin_overdue(&draft);
        const uint64_t now = now_ms;
        now_ms = (uint64_t)((int64_t)now + *off);
        text.size = 0;
        add_refused(&text, &draft, 13);
        now_ms = now;
        add_request(&text, &entries, 12, 13);
        bool is_near = *off == VCH_CORE_SKEW_MS || *off == -(int64_t)VCH_CORE_SKEW_MS;
        CHECK_EQ(ask_text(&text, true), is_near ? 200 : 422);
    }
}

TEST(core_says_how_many_trees_it_has_cosigned)
{
    struct vch_testimony testimony;
    struct vch_digest digest = vch_hash_bytes(origin, strlen(origin));
    char hex[2 * VCH_DIGEST_SIZE + 1];

    begin();
    vch_hex_encode(hex, digest.bytes, VCH_DIGEST_SIZE);
    for (uint64_t size = 1; size <= 5; size++) {
        CHECK_EQ(ask(&entries, size - 1, size), 200);
        CHECK_EQ(ask(&entries, size, size), 200); // the same again counts once
        vch_core_show_log(&reply, &core, hex, now_ms);
        CHECK_EQ(reply.code, 200);
        CHECK_OK(vch_testimony_decode(&testimony, reply.body, reply.size, NULL));
        CHECK(testimony.kind == VCH_TESTIMONY_LOG && testimony.size == size);
        CHECK(testimony.count == size && testimony.time_ms == now_ms);
        CHECK(vch_hash_is_equal(&testimony.root, &logs[0].root));
        check_signed(&testimony);
    }
    hex[0] ^= 1;
    vch_core_show_log(&reply, &core, hex, now_ms);
    CHECK_EQ(reply.code, 404);
}

// However many are overdue, the first 64 answered are enough, so that a log is never stuck.
TEST(core_asks_for_as_many_answers_as_a_request_holds)
{
    enum { COUNT = 100 };
    static struct text text;
    static struct draft drafts[COUNT];

    begin();
    for (unsigned i = 0; i < COUNT; i++) {
        if (i % VCH_CORE_WRITER_MAX == 0) key_of(&writer, (uint8_t)(10 + i / VCH_CORE_WRITER_MAX));
        write_draft(&drafts[i], (uint8_t)i);
        CHECK_EQ(hand_over(&drafts[i], origin), 200);
        place(&drafts[i], 20 + i);
    }
    CHECK_EQ(ask(&entries, 0, 1), 200);
    CHECK_EQ(ask(&entries, 1, 2), 200);
    now_ms += VCH_CORE_PATIENCE_MS;
    CHECK_EQ(ask(&entries, 2, 3), 428);
    unsigned lines = 0;
    for (size_t i = 0; i < reply.size; i++)
        lines += reply.body[i] == '\n';
    CHECK_EQ(lines, VCH_SUBMISSION_ANSWERS_MAX);
    static const struct {
        unsigned first, end;
        uint64_t old, size;
    } turns[] = {{0, 64, 2, 150}, {64, COUNT, 150, 151}};
    FOR_EACH(turn, turns)
    {
        text.size = 0;
        for (unsigned i = turn->first; i < turn->end; i++)
            add_included(&text, &drafts[i], 20 + i, turn->size);
        add_request(&text, &entries, turn->old, turn->size);
        CHECK_EQ(ask_text(&text, true), 200);
        CHECK_EQ(logs[0].promise_count, COUNT - turn->end);
    }
    CHECK_EQ(ask(&entries, 151, 152), 200);
}

TEST(core_lists_what_waits)
{
    struct draft draft;
    char hex[2 * VCH_DIGEST_SIZE + 1];
    struct vch_digest digest = vch_hash_bytes(origin, strlen(origin));

    begin();
    vch_hex_encode(hex, digest.bytes, VCH_DIGEST_SIZE);
    vch_core_promises(&reply, &core, hex);
    CHECK(reply.code == 200 && reply.size == 0);
    write_draft(&draft, 1);
    CHECK_EQ(hand_over(&draft, origin), 200);
    vch_core_promises(&reply, &core, hex);
    CHECK_EQ(reply.code, 200);
    CHECK(strncmp(reply.body, "1790000000 E", 12) == 0);
    hex[0] ^= 1;
    vch_core_promises(&reply, &core, hex);
    CHECK_EQ(reply.code, 404);
    vch_core_promises(&reply, &core, "no hexadecimal");
    CHECK_EQ(reply.code, 404);
}
