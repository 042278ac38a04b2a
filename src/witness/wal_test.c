// The file of a log's records, cut, flipped and torn at every place; what was synced is never lost,
// and what is damaged never believed.
#include "witness/wal.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "harness/folder.h"
#include "harness/test.h"
#include "host/file.h"

enum { DRAFTS = 6, FILE_SIZE = VCH_RECORDS_HEAD + 9 * VCH_RECORDS_SIZE };

static struct vch_core_log live;
static struct vch_core core = {.log_count = 1, .logs = &live};
static struct vch_wal wal;
static char folder[256], path[300];

static size_t put_field(uint8_t *out, uint8_t tag, const void *bytes, size_t size)
{
    out[0] = tag;
    out[1] = (uint8_t)size;
    memcpy(out + 2, bytes, size);
    return size + 2;
}

// A draft in form: nobody asks for its signature again.
static struct vch_core_change promise_of(uint8_t number)
{
    struct vch_core_change change = {.kind = VCH_CORE_PROMISE};
    struct vch_core_promise *promise = &change.promise;
    uint8_t commit[128], statement[128], bytes[64] = {number};
    struct vch_draft draft;

    size_t size = put_field(commit, 0x0a, bytes, 32);
    bytes[0] = 0xcc;
    size += put_field(commit + size, 0x22, bytes, 32);
    size = put_field(statement, 0x72, commit, size);
    size = put_field(promise->draft, 0x12, statement, size);
    size += put_field(promise->draft + size, 0x1a, bytes, 32);
    size += put_field(promise->draft + size, 0x22, bytes, 64);
    promise->draft_size = (uint32_t)size;
    promise->handed_ms = 1000u + number;
    promise->handed_count = live.count;
    promise->handed_size = live.size;
    promise->digest = vch_hash_bytes(promise->draft, size);
    CHECK_OK(vch_draft_decode(&draft, promise->draft, size));
    promise->writer = draft.writer;
    return change;
}

static struct vch_core_change checkpoint(uint32_t answered_count, uint32_t first)
{
    struct vch_core_change change = {.kind = VCH_CORE_CHECKPOINT,
                                     .size = live.size + 3,
                                     .count = live.count + 1,
                                     .time_s = live.time_s + 1,
                                     .root = {{(uint8_t)(live.size + 3)}},
                                     .answered_count = answered_count};
    for (uint32_t i = 0; i < answered_count; i++)
        change.answered[i] = first + i;
    return change;
}

static void begin_log(struct vch_core_log *log, const char *origin)
{
    struct vch_vkey vkey = {.type = VCH_VKEY_ED25519};

    (void)snprintf(vkey.name, sizeof vkey.name, "%s", origin);
    vch_core_log_init(log, &vkey, NULL);
}

static void begin(void)
{
    folder_make_quick(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/log", folder);
    begin_log(&live, "a.example/log");
    CHECK_OK(vch_wal_open(&wal, path, &live, NULL));
}

static void end(void)
{
    vch_wal_close(&wal);
    folder_remove(folder);
}

static void add(struct vch_core_change change)
{
    CHECK_OK(vch_wal_add(&wal, &change, NULL));
    vch_core_apply(&core, &change);
}

static bool is_same(const struct vch_core_log *a, const struct vch_core_log *b)
{
    if (a->size != b->size || a->count != b->count || a->time_s != b->time_s ||
        !vch_hash_is_equal(&a->root, &b->root) || a->promise_count != b->promise_count)
        return false;
    for (uint32_t i = 0; i < a->promise_count; i++)
        if (memcmp(&a->promises[i], &b->promises[i], sizeof *a->promises) != 0) return false;
    return true;
}

// Nine records, the first as the file was begun; `after[i]` is the log after i of them.
static void write_some(uint8_t bytes[static FILE_SIZE], struct vch_core_log after[static 10])
{
    struct vch_arena arena;
    uint8_t *read = NULL;
    size_t size = 0;

    begin();
    after[1] = live;
    for (uint8_t i = 0; i < DRAFTS; i++) {
        add(promise_of(i));
        after[2 + i] = live;
    }
    add(checkpoint(3, 1));
    after[8] = live;
    add(checkpoint(0, 0));
    after[9] = live;
    CHECK_OK(vch_wal_sync(&wal, &live, NULL));
    vch_arena_init(&arena, 65536);
    CHECK_OK(vch_file_read(&read, &size, path, FILE_SIZE, &arena, NULL));
    CHECK_EQ(size, FILE_SIZE);
    memcpy(bytes, read, size);
    vch_arena_release(&arena);
}

static vch_status replay(struct vch_core_log *out, size_t *kept, const uint8_t *bytes, size_t size)
{
    begin_log(out, "a.example/log");
    return vch_records_replay(out, kept, bytes, size, NULL);
}

static uint8_t bytes[FILE_SIZE + 8192];
static struct vch_core_log after[10], again;

TEST(wal_gives_back_what_was_synced)
{
    write_some(bytes, after);
    vch_wal_close(&wal);
    begin_log(&again, "a.example/log");
    CHECK_OK(vch_wal_open(&wal, path, &again, NULL));
    CHECK(is_same(&again, &live));
    CHECK_EQ(again.promise_count, DRAFTS - 3);
    vch_wal_close(&wal);
    begin_log(&again, "b.example/log"); // another log's
    CHECK_FAILS(vch_wal_open(&wal, path, &again, NULL), MALFORMED);
    end();
}

TEST(wal_drops_what_a_crash_cut_off_at_any_length)
{
    size_t kept = 0, first = VCH_RECORDS_HEAD + VCH_RECORDS_SIZE;

    write_some(bytes, after);
    for (size_t size = 0; size < first; size++)
        CHECK_FAILS(replay(&again, &kept, bytes, size), MALFORMED);
    for (size_t size = first; size <= FILE_SIZE; size++) {
        size_t whole = (size - VCH_RECORDS_HEAD) / VCH_RECORDS_SIZE;
        CHECK_OK(replay(&again, &kept, bytes, size));
        CHECK_EQ(kept, VCH_RECORDS_HEAD + whole * VCH_RECORDS_SIZE);
        CHECK(is_same(&again, &after[whole]));
    }
    end();
}

// The file has grown, and of its end only zeroes have come.
TEST(wal_drops_zeroes_that_a_power_cut_left)
{
    size_t kept = 0, last = FILE_SIZE - VCH_RECORDS_SIZE;

    write_some(bytes, after);
    for (size_t from = last; from <= FILE_SIZE - VCH_DIGEST_SIZE; from++) {
        memset(bytes + from, 0, sizeof bytes - from);
        bytes[from] = from < last + 40; // something of the record, or nothing
        CHECK_OK(replay(&again, &kept, bytes, sizeof bytes));
        CHECK(kept == last && is_same(&again, &after[8]));
        bytes[from] = 0;
    }
    bytes[sizeof bytes - 1] = 1; // something came behind: that is no crash of ours
    CHECK_FAILS(replay(&again, &kept, bytes, sizeof bytes), MALFORMED);
    end();
}

TEST(wal_with_any_bit_flipped_is_refused)
{
    size_t kept = 0;

    write_some(bytes, after);
    for (size_t bit = 0; bit < (size_t)8 * FILE_SIZE; bit++) {
        test_flip(bytes, bit);
        CHECK_FAILS(replay(&again, &kept, bytes, FILE_SIZE), MALFORMED);
        test_flip(bytes, bit);
    }
    end();
}

TEST(wal_with_a_record_taken_out_or_moved_is_refused)
{
    static uint8_t lie[FILE_SIZE];
    size_t kept = 0;

    write_some(bytes, after);
    for (size_t i = 0; i + 1 < 9; i++) {
        size_t at = VCH_RECORDS_HEAD + i * VCH_RECORDS_SIZE, next = at + VCH_RECORDS_SIZE;
        memcpy(lie, bytes, FILE_SIZE);
        memmove(lie + at, lie + next, FILE_SIZE - next);
        CHECK_FAILS(replay(&again, &kept, lie, FILE_SIZE - VCH_RECORDS_SIZE), MALFORMED);
        memcpy(lie + at, bytes + next, VCH_RECORDS_SIZE);
        memcpy(lie + next, bytes + at, VCH_RECORDS_SIZE);
        CHECK_FAILS(replay(&again, &kept, lie, FILE_SIZE), MALFORMED);
    }
    end();
}

TEST(wal_goes_on_behind_a_torn_tail)
{
    write_some(bytes, after);
    vch_wal_close(&wal);
    CHECK(truncate(path, FILE_SIZE - 1) == 0);
    begin_log(&live, "a.example/log");
    CHECK_OK(vch_wal_open(&wal, path, &live, NULL));
    CHECK(is_same(&live, &after[8]));
    add(promise_of(77));
    CHECK_OK(vch_wal_sync(&wal, &live, NULL));
    vch_wal_close(&wal);
    begin_log(&again, "a.example/log");
    CHECK_OK(vch_wal_open(&wal, path, &again, NULL));
    CHECK(is_same(&again, &live));
    end();
}

static size_t size_of_file(void)
{
    struct stat facts;

    CHECK(stat(path, &facts) == 0);
    return (size_t)facts.st_size;
}

// More in one sync than waits at once, until the file is written anew; before its rename a crash
// leaves the old file, of which what was added last may be missing, and nothing else.
TEST(wal_that_has_grown_is_written_anew_and_says_the_same)
{
    size_t before = 0, size = 0;

    begin();
    for (uint32_t turn = 0; size >= before; turn++) {
        CHECK(turn < 100);
        before = size;
        for (uint32_t i = 0; i < 60; i++) {
            add(promise_of((uint8_t)turn));
            add(checkpoint(1, 0));
        }
        add(promise_of(200));
        add(checkpoint(live.promise_count > 3, 2));
        CHECK_OK(vch_wal_sync(&wal, &live, NULL));
        size = size_of_file();
        if (turn % 16 != 0 && size >= before) continue;
        begin_log(&again, "a.example/log");
        vch_wal_close(&wal);
        CHECK_OK(vch_wal_open(&wal, path, &again, NULL));
        CHECK(is_same(&again, &live));
    }
    CHECK(before >= VCH_WAL_SIZE_MAX && size < 16 * VCH_RECORDS_SIZE);
    end();
}

TEST(wal_says_what_it_could_not_write)
{
    struct vch_complaint complaint = {0};
    struct vch_core_change change = checkpoint(0, 0);

    begin();
    vch_wal_close(&wal);
    CHECK_OK(vch_wal_add(&wal, &change, &complaint));
    CHECK_FAILS(vch_wal_sync(&wal, &live, &complaint), IO);
    CHECK(strstr(complaint.text, path) != NULL);
    end();
}
