// A node's journal: what was synced is there after any crash, whatever a crash tore is not, and
// nobody else's file is touched.
#include "node/journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/folder.h"
#include "harness/test.h"

enum { MAGIC_SIZE = 13, RECORD_SIZE = 112, RECORDS = 5, ROOM = 2048 };

static struct vch_journal_record taken[RECORDS + 1];
static uint32_t taken_count;
static struct vch_complaint complaint;
static char folder[4096], path[4200];

static void take(void *context, const struct vch_journal_record *record)
{
    (void)context;
    CHECK(taken_count < RECORDS + 1);
    taken[taken_count++] = *record;
}

static vch_status open_journal(struct vch_journal *journal)
{
    taken_count = 0;
    complaint.text[0] = '\0';
    return vch_journal_open(journal, path, take, NULL, &complaint);
}

static struct vch_journal_record record_of(uint32_t number)
{
    struct vch_journal_record record = {.contest = {.segment = number, .round = number % 3}};

    memset(record.contest.subject.bytes, (int)(number + 1), VCH_DIGEST_SIZE);
    memset(record.output.bytes, (int)(number + 50), VCH_DIGEST_SIZE);
    memset(record.trace.bytes, (int)(number + 100), VCH_DIGEST_SIZE);
    return record;
}

static void check_taken(uint32_t count)
{
    CHECK_EQ(taken_count, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct vch_journal_record record = record_of(i);
        CHECK_EQ(memcmp(&taken[i], &record, sizeof record), 0);
    }
}

static void begin(void)
{
    folder_make(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/node.seats", folder);
}

static void write_records(uint32_t count)
{
    struct vch_journal journal;

    CHECK_OK(open_journal(&journal));
    for (uint32_t i = taken_count; i < count; i++) {
        const struct vch_journal_record record = record_of(i);
        CHECK_OK(vch_journal_add(&journal, &record));
    }
    CHECK_OK(vch_journal_sync(&journal));
    vch_journal_close(&journal);
}

static size_t read_file(uint8_t *out)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t size = read(file, out, ROOM);

    CHECK(file >= 0 && size >= 0 && size < ROOM);
    CHECK(close(file) == 0);
    return (size_t)size;
}

static void write_file(const uint8_t *bytes, size_t size)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    CHECK(file >= 0 && write(file, bytes, size) == (ssize_t)size);
    CHECK(close(file) == 0);
}

TEST(journal_gives_back_what_was_added_in_order)
{
    struct vch_journal journal;
    struct stat facts;

    begin();
    write_records(2);
    write_records(RECORDS);
    CHECK_OK(open_journal(&journal));
    check_taken(RECORDS);
    CHECK_EQ(journal.count, RECORDS);
    vch_journal_close(&journal);
    CHECK(stat(path, &facts) == 0);
    CHECK_EQ(facts.st_size, MAGIC_SIZE + RECORDS * RECORD_SIZE);
    CHECK_EQ(facts.st_mode & 0777, 0600); // answers before they may be shown
    folder_remove(folder);
}

// Cut anywhere, it holds the records that are whole; and what is added then stands behind them.
TEST(journal_that_was_cut_at_any_byte_keeps_its_whole_records)
{
    static uint8_t whole[ROOM];
    struct vch_journal journal;

    begin();
    write_records(RECORDS);
    const size_t size = read_file(whole);
    for (size_t cut = 0; cut <= size; cut++) {
        const uint32_t count = cut < MAGIC_SIZE ? 0 : (uint32_t)(cut - MAGIC_SIZE) / RECORD_SIZE;
        write_file(whole, cut);
        CHECK_OK(open_journal(&journal));
        check_taken(count);
        vch_journal_close(&journal);
        write_records(RECORDS);
        CHECK_OK(open_journal(&journal));
        check_taken(RECORDS);
        vch_journal_close(&journal);
    }
    folder_remove(folder);
}

// Pages of a torn write may come in any order: a record that does not check ends the journal.
TEST(journal_ends_at_a_record_that_does_not_check)
{
    static uint8_t whole[ROOM], torn[ROOM];
    struct vch_journal journal;

    begin();
    write_records(RECORDS);
    const size_t size = read_file(whole);
    for (size_t at = MAGIC_SIZE; at < size; at++) {
        memcpy(torn, whole, size);
        test_flip(torn, 8 * at + test_below(8));
        write_file(torn, size);
        CHECK_OK(open_journal(&journal));
        check_taken((uint32_t)(at - MAGIC_SIZE) / RECORD_SIZE);
        vch_journal_close(&journal);
    }
    folder_remove(folder);
}

static struct vch_journal_record numbered(uint32_t number)
{
    struct vch_journal_record record = record_of(1);

    memcpy(record.contest.subject.bytes, &number, sizeof number);
    return record;
}

static uint32_t next_number;

static void take_numbered(void *context, const struct vch_journal_record *record)
{
    const struct vch_journal_record wanted = numbered(next_number++);

    (void)context;
    CHECK_EQ(memcmp(record, &wanted, sizeof wanted), 0);
}

// It goes on from there under the same lock, and a half-written replacement does no harm.
TEST(journal_that_has_grown_keeps_its_newest_records)
{
    enum { MORE = 3 };
    struct vch_journal journal, second;
    char beside[4300];
    struct stat facts;

    begin();
    (void)snprintf(beside, sizeof beside, "%s.new", path);
    CHECK_OK(open_journal(&journal));
    for (uint32_t i = 0; i < VCH_JOURNAL_MAX + MORE; i++) {
        const struct vch_journal_record record = numbered(i);
        if (i == VCH_JOURNAL_MAX) CHECK_OK(vch_journal_sync(&journal));
        CHECK_OK(vch_journal_add(&journal, &record));
    }
    CHECK_OK(vch_journal_sync(&journal));
    CHECK_EQ(journal.count, VCH_JOURNAL_KEEP + MORE);
    CHECK(stat(beside, &facts) != 0);
    CHECK(stat(path, &facts) == 0);
    CHECK_EQ(facts.st_size, MAGIC_SIZE + journal.count * RECORD_SIZE);
    CHECK_EQ(facts.st_mode & 0777, 0600);
    CHECK_FAILS(open_journal(&second), BUSY);
    vch_journal_close(&journal);
    const int torn = open(beside, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK(torn >= 0 && write(torn, "VOUCH", 5) == 5 && close(torn) == 0);
    next_number = VCH_JOURNAL_MAX - VCH_JOURNAL_KEEP;
    CHECK_OK(vch_journal_open(&journal, path, take_numbered, NULL, &complaint));
    CHECK_EQ(next_number, VCH_JOURNAL_MAX + MORE);
    vch_journal_close(&journal);
    folder_remove(folder);
}

TEST(journal_leaves_other_files_as_they_are)
{
    static const char *const others[] = {"-----BEGIN PRIVATE KEY-----\n", "VOUCHSEATS 2\n", "\n",
                                         "VOUCHSEATS 10\n and more"};
    static uint8_t found[ROOM];
    struct vch_journal journal;

    begin();
    FOR_EACH(other, others)
    {
        write_file((const uint8_t *)*other, strlen(*other));
        CHECK_FAILS(open_journal(&journal), MALFORMED);
        CHECK(strstr(complaint.text, "is no journal of a node") != NULL);
        CHECK_EQ(journal.file, -1);
        CHECK_EQ(read_file(found), strlen(*other));
        CHECK_EQ(memcmp(found, *other, strlen(*other)), 0);
    }
    (void)snprintf(path, sizeof path, "%s/there/is/none", folder);
    CHECK_FAILS(open_journal(&journal), IO);
    folder_remove(folder);
}

TEST(journal_serves_one_process_at_a_time)
{
    struct vch_journal first, second;

    begin();
    CHECK_OK(open_journal(&first));
    CHECK_FAILS(open_journal(&second), BUSY);
    CHECK(strstr(complaint.text, "another process has") != NULL);
    vch_journal_close(&second); // harmless
    vch_journal_close(&first);
    CHECK_OK(open_journal(&second));
    vch_journal_close(&second);
    folder_remove(folder);
}
