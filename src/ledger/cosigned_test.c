// A checkpoint and its cosignatures: whose count, and that what is written of them is believed.
#include "ledger/cosigned.h"

#include <stdio.h>
#include <string.h>

#include "harness/test.h"
#include "tlog/cosignature.h"

enum { WITNESSES = 4, NEEDED = 3 };

static const uint64_t NOW_MS = 1790000000000;

static struct {
    struct vch_secret_key clerk, witnesses[WITNESSES];
    struct vch_charter charter;
    struct vch_charter_notes notes;
    struct vch_cosigned cosigned;
} f;

static void begin(void)
{
    const struct vch_digest root = {{7}};
    uint8_t seed[VCH_SIGN_SEED_SIZE] = {1};

    memset(&f, 0, sizeof f);
    vch_sign_key(&f.clerk, seed);
    f.charter = (struct vch_charter){.origin = "test.example/ledger",
                                     .clerk = f.clerk.public_key,
                                     .witness_count = WITNESSES,
                                     .parameters = vch_charter_default_parameters()};
    for (uint32_t i = 0; i < WITNESSES; i++) {
        seed[1] = (uint8_t)(i + 1);
        vch_sign_key(&f.witnesses[i], seed);
        f.charter.witnesses[i].key = f.witnesses[i].public_key;
        (void)snprintf(f.charter.witnesses[i].name, sizeof f.charter.witnesses[i].name, "w%u", i);
    }
    CHECK_OK(vch_charter_notes_init(&f.notes, &f.charter, NULL));
    vch_cosigned_init(&f.cosigned, &f.charter, &f.notes);
    vch_cosigned_begin(&f.cosigned, 12, &root, &f.clerk);
}

// What the witness `index` says, by this key and at this time, to a tree of this size.
static bool take(uint32_t index, const struct vch_secret_key *key, uint64_t time_s, uint64_t size)
{
    struct vch_checkpoint checkpoint = f.cosigned.checkpoint;
    char text[VCH_CHECKPOINT_TEXT_MAX + 1], line[VCH_NOTE_LINE_MAX + 1];

    checkpoint.size = size;
    size_t text_size = vch_checkpoint_encode(text, &checkpoint);
    size_t line_size =
        vch_cosignature_sign(line, f.charter.witnesses[index].name, key, time_s, text, text_size);
    return vch_cosigned_take(&f.cosigned, line, line_size, NOW_MS);
}

static bool take_honest(uint32_t index)
{
    return take(index, &f.witnesses[index], NOW_MS / 1000, 12);
}

TEST(a_checkpoint_that_enough_cosigned_is_written_as_everyone_believes_it)
{
    char note[VCH_COSIGNED_NOTE_MAX];
    struct vch_checkpoint opened;

    begin();
    for (uint32_t i = 0; i < NEEDED; i++) {
        CHECK(!vch_cosigned_is_enough(&f.cosigned));
        CHECK(take_honest(WITNESSES - 1 - i));
    }
    CHECK(vch_cosigned_is_enough(&f.cosigned));
    size_t size = vch_cosigned_write(note, &f.cosigned);
    CHECK_OK(vch_quorum_open(&opened, note, size, &f.notes.log, &f.notes.quorum, NULL));
    CHECK(opened.size == 12 && opened.root.bytes[0] == 7);
    const struct vch_entry entry = vch_cosigned_anchor(&f.cosigned);
    CHECK(entry.kind == VCH_ENTRY_ANCHOR && entry.anchor.size == 12);
    CHECK_EQ(entry.anchor.count, NEEDED);
    for (uint32_t i = 0; i < NEEDED; i++)
        CHECK_EQ(entry.anchor.cosignatures[i].witness, i + 1); // ascending
}

TEST(a_witness_that_says_it_twice_counts_once)
{
    begin();
    for (uint32_t i = 0; i < WITNESSES; i++)
        CHECK(take_honest(0));
    CHECK_EQ(f.cosigned.count, 1);
    CHECK(!vch_cosigned_is_enough(&f.cosigned));
}

TEST(what_is_no_cosignature_of_this_checkpoint_at_this_time_counts_for_nothing)
{
    char line[VCH_COSIGNED_NOTE_MAX] = {0};

    begin();
    CHECK(!take(0, &f.witnesses[1], NOW_MS / 1000, 12)); // in another's name
    CHECK(!take(0, &f.clerk, NOW_MS / 1000, 12));
    CHECK(!take(0, &f.witnesses[0], NOW_MS / 1000, 11)); // of another tree
    CHECK(!take(0, &f.witnesses[0], NOW_MS / 1000 - 86400, 12));
    CHECK(!take(0, &f.witnesses[0], NOW_MS / 1000 + 86400, 12));
    CHECK(!vch_cosigned_take(&f.cosigned, "", 0, NOW_MS));
    CHECK(!vch_cosigned_take(&f.cosigned, "nonsense\n", 9, NOW_MS));
    CHECK(!vch_cosigned_take(&f.cosigned, line, sizeof line, NOW_MS)); // more than a note holds
    CHECK_EQ(f.cosigned.count, 0);
}

TEST(the_next_checkpoint_begins_with_nobody)
{
    begin();
    CHECK(take_honest(0));
    vch_cosigned_begin(&f.cosigned, 13, &f.cosigned.checkpoint.root, &f.clerk);
    CHECK_EQ(f.cosigned.count, 0);
    CHECK(!take_honest(0)); // of the one before
    CHECK_EQ(vch_cosigned_anchor(&f.cosigned).anchor.count, 0);
}
