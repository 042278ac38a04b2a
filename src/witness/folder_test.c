// What a witness keeps of refusals: the first of each draft, and how many count for its writer.
#include "witness/folder.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/folder.h"
#include "harness/test.h"

enum { DAY = 20000 };

static struct vch_core_log live;
static struct vch_core_writer writers[2]; // ascending by key
static struct vch_core core;
static struct vch_folder folder;
static char path[256];

static size_t put_field(uint8_t *out, uint8_t tag, const void *bytes, size_t size)
{
    out[0] = tag;
    out[1] = (uint8_t)size;
    memcpy(out + 2, bytes, size);
    return size + 2;
}

// A draft in form: nobody asks for its signature again.
static void promise(uint8_t number, const struct vch_public_key *writer)
{
    static struct vch_core_change change;
    struct vch_core_promise *out = &change.promise;
    uint8_t commit[128], statement[128], bytes[64] = {number};

    change = (struct vch_core_change){.kind = VCH_CORE_PROMISE};
    out->writer = *writer;
    size_t size = put_field(commit, 0x0a, bytes, 32);
    size += put_field(commit + size, 0x22, bytes, 32);
    size = put_field(statement, 0x72, commit, size);
    size = put_field(out->draft, 0x12, statement, size);
    size += put_field(out->draft + size, 0x1a, writer->bytes, 32);
    size += put_field(out->draft + size, 0x22, bytes, 64);
    out->draft_size = (uint32_t)size;
    out->digest = vch_hash_bytes(out->draft, size);
    CHECK_OK(vch_folder_keep(&folder, &core, &change, NULL));
    vch_core_apply(&core, &change);
}

// As a process that starts on this day.
static void open_on(uint64_t day)
{
    static const uint8_t seed[VCH_SIGN_SEED_SIZE] = {3};
    struct vch_vkey witness, log = {.type = VCH_VKEY_ED25519};

    memset(writers, 0, sizeof writers);
    writers[0].key.bytes[0] = 1;
    writers[1].key.bytes[0] = 2;
    core = (struct vch_core){.name = "w.example",
                             .log_count = 1,
                             .logs = &live,
                             .writer_count = 2,
                             .writers = writers,
                             .day = day};
    vch_sign_key(&core.key, seed);
    CHECK_OK(vch_vkey_init(&witness, core.name, VCH_VKEY_COSIGNATURE, &core.key.public_key, NULL));
    (void)snprintf(log.name, sizeof log.name, "a.example/log");
    vch_core_log_init(&live, &log, &(struct vch_digest){{0x1d}});
    CHECK_OK(vch_folder_open(&folder, path, &witness, NULL));
    CHECK_OK(vch_folder_load(&folder, &core, &live, NULL));
}

// All that waits is refused.
static void refuse_on(uint64_t day)
{
    static struct vch_core_change change;

    change = (struct vch_core_change){.kind = VCH_CORE_CHECKPOINT,
                                      .size = live.size + 1,
                                      .count = live.count + 1,
                                      .day = day,
                                      .answered_count = live.promise_count,
                                      .refused_count = live.promise_count};
    for (uint32_t i = 0; i < live.promise_count; i++) {
        change.answered[i] = i;
        change.refused[i] =
            (struct vch_core_refusal){.promise = i, .time_ms = day * VCH_CORE_DAY_MS + i};
    }
    CHECK_OK(vch_folder_keep(&folder, &core, &change, NULL));
    vch_core_apply(&core, &change);
    CHECK_OK(vch_folder_sync(&folder, &core, NULL));
    CHECK_EQ(live.promise_count, 0);
}

static void check_counts(uint32_t first, uint32_t second)
{
    CHECK_EQ(writers[0].refusal_count, first);
    CHECK_EQ(writers[1].refusal_count, second);
}

TEST(folder_counts_a_draft_s_refusal_once_for_its_writer_alone)
{
    folder_make_quick(path, sizeof path);
    open_on(DAY);
    for (int turn = 0; turn < 3; turn++) { // the same drafts again and again
        for (uint8_t i = 0; i < 3; i++)
            promise(i, &writers[0].key);
        promise(0, &writers[1].key);
        refuse_on(DAY);
        check_counts(3, 1);
    }
    vch_folder_close(&folder);
    folder_remove(path);
}

TEST(folder_counts_again_at_start_what_was_refused_on_that_day)
{
    folder_make_quick(path, sizeof path);
    open_on(DAY);
    promise(1, &writers[0].key);
    refuse_on(DAY);
    promise(2, &writers[0].key);
    promise(3, &writers[1].key);
    refuse_on(DAY + 1);
    check_counts(1, 1);
    vch_folder_close(&folder);
    open_on(DAY + 1);
    check_counts(1, 1);
    promise(2, &writers[0].key); // kept by the process before
    refuse_on(DAY + 1);
    check_counts(1, 1);
    vch_folder_close(&folder);
    open_on(DAY);
    check_counts(1, 0);
    vch_folder_close(&folder);
    open_on(DAY + 2);
    check_counts(0, 0);
    vch_folder_close(&folder);
    folder_remove(path);
}
