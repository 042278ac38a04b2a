// Logs of releases: what is in one stays in it, as it was and where it was.
#include "sealing/release.h"

#include <string.h>

#include "harness/sealings.h"
#include "harness/spec.h"
#include "harness/test.h"

enum { NOW = 1800000000, RECORDS = 4 };

static const char page[] = "sealing.md";
static struct sealing made;
static uint8_t records[RECORDS][VCH_RELEASE_SIZE];
static struct vch_complaint complaint;

static struct vch_release grant_at(uint64_t time_s)
{
    struct vch_release release = vch_release_of(&made.sealed, VCH_RELEASE_GRANTED, time_s);

    sealing_fill(release.node.bytes, 32, 4);
    sealing_fill(release.sealing_key, 32, 0xa0);
    sealing_fill(release.block.bytes, 32, 0xc0);
    sealing_fill(release.policy.bytes, 32, 0xe0);
    sealing_fill(release.verdict.bytes, 32, 0x10);
    release.expiry_s = time_s + 600;
    return release;
}

// One sealing, three releases.
static struct vch_release_log make(void)
{
    struct vch_release_log log = {0};

    sealing_make(&made, 5, 7);
    struct vch_release first = vch_release_of(&made.sealed, VCH_RELEASE_SEALED, NOW);
    CHECK_OK(vch_release_append(&log, records[0], &first, &made.owner));
    for (uint64_t i = 1; i < RECORDS; i++) {
        struct vch_release next = grant_at(NOW + i);
        CHECK_OK(vch_release_append(&log, records[i], &next, &made.owner));
    }
    CHECK_EQ(log.count, RECORDS);
    return log;
}

// How far it can be read.
static uint64_t follow(const struct vch_public_key *writer, struct vch_digest *head)
{
    struct vch_release_log log = {0};
    struct vch_release release;

    complaint.text[0] = '\0';
    for (uint64_t i = 0; i < RECORDS; i++)
        if (!vch_is_ok(vch_release_follow(&log, &release, records[i], writer, &complaint))) break;
    if (head != NULL) *head = log.head;
    return log.count;
}

TEST(release_log_is_the_bytes_of_the_page)
{
    struct vch_release_log log = make();

    test_spec_check(records[0], VCH_RELEASE_SIZE, page, "record_sealed");
    test_spec_check(records[1], VCH_RELEASE_SIZE, page, "record_released");
    test_spec_check(log.head.bytes, 32, page, "log_head");
}

TEST(release_log_reads_as_it_was_written)
{
    struct vch_release_log log = make(), again = {0};
    struct vch_digest head;
    struct vch_release release;

    CHECK_EQ(follow(&made.owner.public_key, &head), RECORDS);
    CHECK(vch_hash_is_equal(&head, &log.head));
    CHECK_OK(vch_release_follow(&again, &release, records[0], NULL, NULL));
    CHECK_EQ(release.what, VCH_RELEASE_SEALED);
    CHECK_OK(vch_release_follow(&again, &release, records[1], NULL, NULL));
    const struct vch_release expected = grant_at(NOW + 1);
    CHECK_EQ(release.what, VCH_RELEASE_GRANTED);
    CHECK_EQ(release.index, 1);
    CHECK_EQ(release.counter, 7);
    CHECK_EQ(release.expiry_s, NOW + 601);
    CHECK(memcmp(&release.model, &expected.model, sizeof release.model) == 0);
    CHECK(memcmp(&release.manifest, &expected.manifest, sizeof release.manifest) == 0);
    CHECK(vch_hash_is_equal(&release.key_check, &made.sealed.key_check));
    CHECK(memcmp(&release.node, &expected.node, sizeof release.node) == 0);
    CHECK(memcmp(&release.verdict, &expected.verdict, sizeof release.verdict) == 0);
}

TEST(release_log_with_any_bit_changed_is_read_until_there_alone)
{
    (void)make();
    for (size_t bit = 0; bit < (size_t)8 * VCH_RELEASE_SIZE; bit++) {
        test_flip(records[1], bit);
        CHECK_EQ(follow(NULL, NULL), 1);
        CHECK(complaint.text[0] != '\0');
        test_flip(records[1], bit);
    }
    CHECK_EQ(follow(NULL, NULL), RECORDS);
}

// Of two releases of a model, which the owner says are of one key.
TEST(release_log_shows_whether_two_releases_handed_out_one_key)
{
    struct vch_release_log log = {0}, again = {0};
    struct vch_release release;
    struct vch_digest keys[RECORDS];

    sealing_make(&made, 5, 7);
    for (uint64_t i = 0; i < RECORDS; i++) {
        made.key[0] = (uint8_t)(i / 2); // two, and two of another
        made.sealed.key_check = vch_sealed_key_check(made.key);
        struct vch_release next = grant_at(NOW + i);
        CHECK_OK(vch_release_append(&log, records[i], &next, &made.owner));
        CHECK_OK(vch_release_follow(&again, &release, records[i], NULL, NULL));
        keys[i] = release.key_check;
    }
    CHECK(vch_hash_is_equal(&keys[0], &keys[1]));
    CHECK(vch_hash_is_equal(&keys[2], &keys[3]));
    CHECK(!vch_hash_is_equal(&keys[1], &keys[2]));
    for (uint64_t i = 0; i < RECORDS; i++) // and the key itself is nowhere
        for (size_t at = 0; at + sizeof made.key <= VCH_RELEASE_SIZE; at++)
            CHECK(memcmp(records[i] + at, made.key, sizeof made.key) != 0);
}

// A log that an earlier program wrote, or no log at all, is not taken for an unfinished record:
// that is cut off.
TEST(release_log_of_another_version_is_named_and_not_cut)
{
    (void)make();
    CHECK_OK(vch_release_check_start(records[1], 1, NULL));
    CHECK_OK(vch_release_check_start(records[1], 20, NULL));
    CHECK_OK(vch_release_check_start(records[1], VCH_RELEASE_SIZE - 1, NULL));
    records[0][16] = 1;
    CHECK_EQ(follow(NULL, NULL), 0);
    CHECK(strstr(complaint.text, "another version") != NULL);
    CHECK_FAILS(vch_release_check_start(records[0], 416, NULL), UNSUPPORTED);
    CHECK_FAILS(vch_release_check_start(records[0], 17, NULL), UNSUPPORTED);
    records[0][3] ^= 1;
    CHECK_FAILS(vch_release_check_start(records[0], 416, NULL), MALFORMED);
    CHECK_FAILS(vch_release_check_start(records[0], 4, NULL), MALFORMED);
    memset(records[0], 0, sizeof records[0]);
    CHECK_OK(vch_release_check_start(records[0], 100, NULL));
}

// Whoever has the file, and not the key of its writer.
TEST(release_log_with_records_taken_out_swapped_or_doubled_is_refused)
{
    uint8_t kept[VCH_RELEASE_SIZE];

    (void)make();
    memcpy(kept, records[1], sizeof kept);
    memmove(records[1], records[2], sizeof kept); // a release that nobody is to know of
    CHECK_EQ(follow(NULL, NULL), 1);
    CHECK(strstr(complaint.text, "does not follow") != NULL);
    memcpy(records[2], kept, sizeof kept);
    CHECK_EQ(follow(NULL, NULL), 1); // swapped
    memcpy(records[1], records[0], sizeof kept);
    CHECK_EQ(follow(NULL, NULL), 1); // doubled
    memmove(records[0], kept, sizeof kept);
    CHECK_EQ(follow(NULL, NULL), 0); // the beginning
}

// Written anew by somebody else, as a whole: a good chain, of another writer. And by the writer
// itself, with one release left out: then the head is another one than whoever kept it has.
TEST(release_log_written_anew_has_another_writer_or_another_head)
{
    struct vch_release_log first = make();
    struct vch_release_log log = {0};
    uint8_t seed[VCH_SIGN_SEED_SIZE] = {9};
    struct vch_secret_key other;
    struct vch_digest head;

    vch_sign_key(&other, seed);
    for (uint64_t i = 0; i < RECORDS; i++) {
        struct vch_release release = grant_at(NOW + i);
        CHECK_OK(vch_release_append(&log, records[i], &release, &other));
    }
    CHECK_EQ(follow(NULL, NULL), RECORDS);
    CHECK_EQ(follow(&made.owner.public_key, NULL), 0);
    CHECK(strstr(complaint.text, "another key") != NULL);
    log = (struct vch_release_log){0};
    for (uint64_t i = 0; i < RECORDS; i++) {
        struct vch_release release = grant_at(NOW + i + (i > 1));
        CHECK_OK(vch_release_append(&log, records[i], &release, &made.owner));
    }
    CHECK_EQ(follow(&made.owner.public_key, &head), RECORDS);
    CHECK(!vch_hash_is_equal(&head, &first.head));
}

TEST(release_log_takes_no_record_that_leaves_something_out)
{
    struct vch_release_log log = make();
    uint8_t out[VCH_RELEASE_SIZE];
    struct vch_release release = grant_at(NOW);

    release.expiry_s = NOW;
    CHECK_FAILS(vch_release_append(&log, out, &release, &made.owner), USAGE);
    release = grant_at(NOW);
    memset(&release.verdict, 0, sizeof release.verdict); // on which verdict?
    CHECK_FAILS(vch_release_append(&log, out, &release, &made.owner), USAGE);
    release = grant_at(NOW);
    memset(&release.node, 0, sizeof release.node);
    CHECK_FAILS(vch_release_append(&log, out, &release, &made.owner), USAGE);
    for (enum vch_release_what what = VCH_RELEASE_SEALED; what <= VCH_RELEASE_GRANTED; what++) {
        release =
            what == VCH_RELEASE_GRANTED ? grant_at(NOW) : vch_release_of(&made.sealed, what, NOW);
        memset(&release.key_check, 0, sizeof release.key_check); // which key?
        CHECK_FAILS(vch_release_append(&log, out, &release, &made.owner), USAGE);
    }
    release = grant_at(NOW);
    release.what = VCH_RELEASE_SEALED; // says more than that something was sealed
    CHECK_FAILS(vch_release_append(&log, out, &release, &made.owner), USAGE);
    release = grant_at(NOW);
    release.counter = 0;
    CHECK_FAILS(vch_release_append(&log, out, &release, &made.owner), USAGE);
    CHECK_EQ(log.count, RECORDS);
}
