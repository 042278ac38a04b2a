// A node's vault: what was synced is there after any crash and under no other key, whatever a crash
// tore is not, what was dropped is gone from the disk, and nothing lies there in the clear.
#include "node/vault.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/folder.h"
#include "harness/test.h"
#include "node/vault_volume.h"

enum { RECORDS = 5, RECORD_MAX = 300, ROOM = 8192, WINDOW_MS = 1000 };

static struct taken {
    struct vch_vault_place place;
    uint8_t bytes[RECORD_MAX];
} taken[2 * RECORDS];
static uint32_t taken_count;
static bool is_wanted;
static struct vch_complaint complaint;
static struct vch_arena arena;
static char outside[4096], folder[4200];
static uint8_t key_byte;
static uint64_t size_max;

static bool take(void *context, const struct vch_vault_place *place, const uint8_t *bytes)
{
    (void)context;
    CHECK(taken_count < 2 * RECORDS && place->size <= RECORD_MAX);
    taken[taken_count].place = *place;
    memcpy(taken[taken_count++].bytes, bytes, place->size);
    return is_wanted;
}

static vch_status open_vault(struct vch_vault *vault)
{
    const struct vch_vault_setup setup = {
        .folder = folder, .key = {key_byte, 9}, .size_max = size_max, .volume_ms = WINDOW_MS};

    taken_count = 0;
    complaint.text[0] = '\0';
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 24);
    return vch_vault_open(vault, &setup, take, NULL, &arena, &complaint);
}

static void begin(void)
{
    key_byte = 1;
    size_max = 1 << 20;
    is_wanted = true;
    folder_make_quick(outside, sizeof outside);
    (void)snprintf(folder, sizeof folder, "%s/node.seats.runs", outside);
}

static void end(struct vch_vault *vault)
{
    vch_vault_close(vault);
    vch_arena_release(&arena);
    folder_remove(outside);
}

// Sizes differ, one record is empty, and all hold a word to look for.
static size_t record_of(uint8_t out[static RECORD_MAX], uint32_t number)
{
    const size_t size = number == 2 ? 0 : 40 + 7 * number;

    memset(out, (int)('a' + number), size);
    if (size > 0) memcpy(out, "patient", 7);
    return size;
}

static struct vch_vault_place add(struct vch_vault *vault, uint32_t number, uint64_t now_ms)
{
    struct vch_vault_place place;
    uint8_t bytes[RECORD_MAX];
    const size_t size = record_of(bytes, number);

    CHECK_OK(vch_vault_add(vault, &place, bytes, size, now_ms));
    return place;
}

static void check_record(const uint8_t *bytes, size_t size, uint32_t number)
{
    uint8_t wanted[RECORD_MAX];

    CHECK_EQ(size, record_of(wanted, number));
    CHECK_EQ(memcmp(bytes, wanted, size), 0);
}

static void check_taken(uint32_t count)
{
    CHECK_EQ(taken_count, count);
    for (uint32_t i = 0; i < count; i++)
        check_record(taken[i].bytes, taken[i].place.size, i);
}

static void path_of(char out[static 4300], uint32_t number)
{
    (void)snprintf(out, 4300, "%s/%08" PRIx32 ".runs", folder, number);
}

static uint32_t count_files(void)
{
    DIR *list = opendir(folder);
    uint32_t count = 0;

    CHECK(list != NULL);
    for (struct dirent *at = readdir(list); at != NULL; at = readdir(list))
        count += at->d_name[0] != '.';
    (void)closedir(list);
    return count;
}

static size_t read_volume(uint8_t *out, uint32_t number)
{
    char path[4300];

    path_of(path, number);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t size = read(file, out, ROOM);
    CHECK(file >= 0 && size >= 0 && size < ROOM);
    CHECK(close(file) == 0);
    return (size_t)size;
}

static void write_volume(uint32_t number, const uint8_t *bytes, size_t size)
{
    char path[4300];

    path_of(path, number);
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(file >= 0 && write(file, bytes, size) == (ssize_t)size);
    CHECK(close(file) == 0);
}

// One volume of all records, closed.
static size_t fill(uint8_t *out)
{
    struct vch_vault vault;

    CHECK_OK(open_vault(&vault));
    for (uint32_t i = 0; i < RECORDS; i++)
        (void)add(&vault, i, 0);
    CHECK_OK(vch_vault_sync(&vault));
    vch_vault_close(&vault);
    CHECK_EQ(count_files(), 1);
    return read_volume(out, 1);
}

TEST(vault_gives_back_what_was_added_in_order_and_shows_nobody_else)
{
    static uint8_t whole[ROOM];
    struct vch_vault vault;
    struct stat facts;
    char path[4300];
    uint8_t *bytes = NULL;

    begin();
    const size_t size = fill(whole);
    CHECK(memmem(whole, size, "patient", 7) == NULL);
    CHECK(memmem(whole, size, "bbbb", 4) == NULL);
    CHECK_OK(open_vault(&vault));
    check_taken(RECORDS);
    CHECK_EQ(vault.size, size);
    for (uint32_t i = 0; i < RECORDS; i++) {
        CHECK_OK(vch_vault_read(&bytes, &vault, &taken[i].place, &arena));
        check_record(bytes, taken[i].place.size, i);
    }
    const struct vch_vault_place more = add(&vault, 1, 0);
    CHECK_EQ(more.volume, 2); // what was there stays as it is
    CHECK_OK(vch_vault_read(&bytes, &vault, &more, &arena));
    check_record(bytes, more.size, 1);
    CHECK(stat(folder, &facts) == 0);
    CHECK_EQ(facts.st_mode & 0777, 0700);
    path_of(path, 2);
    CHECK(stat(path, &facts) == 0);
    CHECK_EQ(facts.st_mode & 0777, 0600);
    end(&vault);
}

TEST(vault_that_was_cut_at_any_byte_keeps_its_whole_records)
{
    static uint8_t whole[ROOM];
    struct vch_vault vault;
    uint64_t ends[RECORDS];

    begin();
    const size_t size = fill(whole);
    CHECK_OK(open_vault(&vault));
    for (uint32_t i = 0; i < RECORDS; i++)
        ends[i] = taken[i].place.offset + vch_vault_volume_framed(taken[i].place.size);
    vch_vault_close(&vault);
    for (size_t cut = VCH_VAULT_VOLUME_HEAD; cut <= size; cut++) {
        uint32_t count = 0;
        while (count < RECORDS && ends[count] <= cut)
            count++;
        write_volume(1, whole, cut);
        CHECK_OK(open_vault(&vault));
        check_taken(count);
        CHECK_EQ(count_files(), count > 0); // one that holds nothing goes
        vch_vault_close(&vault);
    }
    CHECK_OK(open_vault(&vault));
    end(&vault);
}

// Pages of a torn write may come in any order; and nobody can have changed a record.
TEST(vault_ends_at_a_record_that_does_not_open)
{
    static uint8_t whole[ROOM], torn[ROOM];
    struct vch_vault vault;

    begin();
    const size_t size = fill(whole);
    for (size_t at = VCH_VAULT_VOLUME_HEAD; at < size; at++) {
        memcpy(torn, whole, size);
        test_flip(torn, 8 * at + test_below(8));
        write_volume(1, torn, size);
        CHECK_OK(open_vault(&vault));
        CHECK(taken_count < RECORDS);
        check_taken(taken_count);
        vch_vault_close(&vault);
    }
    CHECK_OK(open_vault(&vault));
    end(&vault);
}

TEST(vault_opens_under_its_key_alone_and_leaves_other_files_as_they_are)
{
    static uint8_t whole[ROOM], found[ROOM];
    struct vch_vault vault;

    begin();
    const size_t size = fill(whole);
    key_byte = 2;
    CHECK_FAILS(open_vault(&vault), MALFORMED);
    CHECK(strstr(complaint.text, "was kept by another node") != NULL);
    CHECK_EQ(taken_count, 0);
    CHECK_EQ(read_volume(found, 1), size);
    CHECK_EQ(memcmp(found, whole, size), 0);
    key_byte = 1;
    write_volume(2, whole, size); // a copy under another number
    CHECK_FAILS(open_vault(&vault), MALFORMED);
    write_volume(2, (const uint8_t *)"notes", 5);
    CHECK_FAILS(open_vault(&vault), MALFORMED);
    CHECK(strstr(complaint.text, "is no file of a node's runs") != NULL);
    CHECK_EQ(read_volume(found, 2), 5);
    CHECK(chmod(folder, 0750) == 0);
    CHECK_FAILS(open_vault(&vault), REFUSED);
    end(&vault);
}

// A record moved to another place does not open there.
TEST(vault_refuses_records_that_changed_places)
{
    static uint8_t whole[ROOM], moved[ROOM];
    struct vch_vault vault;
    struct vch_vault_place same;

    begin();
    CHECK_OK(open_vault(&vault));
    same = add(&vault, 1, 0);
    CHECK_EQ(add(&vault, 1, 0).size, same.size);
    vch_vault_close(&vault);
    const size_t size = read_volume(whole, 1);
    const size_t frame = (size_t)vch_vault_volume_framed(same.size);
    CHECK_EQ(size, VCH_VAULT_VOLUME_HEAD + 2 * frame);
    memcpy(moved, whole, size);
    memcpy(moved + same.offset, whole + same.offset + frame, frame);
    memcpy(moved + same.offset + frame, whole + same.offset, frame);
    write_volume(1, moved, size);
    CHECK_OK(open_vault(&vault));
    CHECK_EQ(taken_count, 0);
    end(&vault);
}

TEST(vault_volumes_end_with_their_last_record)
{
    struct vch_vault vault;
    struct vch_vault_place places[RECORDS];

    begin();
    CHECK_OK(open_vault(&vault));
    for (uint32_t i = 0; i < RECORDS; i++) // a window's worth a volume: 0, 1; 2, 3; 4
        places[i] = add(&vault, i, (uint64_t)i * (WINDOW_MS / 2));
    CHECK_EQ(count_files(), 3);
    CHECK_EQ(places[1].volume, places[0].volume);
    CHECK_EQ(places[2].volume, places[0].volume + 1);
    vch_vault_drop(&vault, &places[2]);
    CHECK_EQ(count_files(), 3);
    vch_vault_drop(&vault, &places[3]);
    CHECK_EQ(count_files(), 2);
    vch_vault_drop(&vault, &places[4]); // the one that grows
    CHECK_EQ(count_files(), 1);
    CHECK_OK(vch_vault_sync(&vault));
    vch_vault_drop(&vault, &places[0]);
    vch_vault_drop(&vault, &places[1]);
    CHECK_EQ(count_files(), 0);
    CHECK_EQ(vault.size, 0);
    (void)add(&vault, 3, 0);
    CHECK_EQ(count_files(), 1);
    end(&vault);
}

// What was there is overwritten before its name goes: a second name shows it.
TEST(vault_overwrites_what_it_removes)
{
    static uint8_t whole[ROOM];
    struct vch_vault vault;
    char path[4300], other[4300];

    begin();
    CHECK_OK(open_vault(&vault));
    const struct vch_vault_place place = add(&vault, 1, 0);
    path_of(path, place.volume);
    path_of(other, place.volume + 1);
    CHECK(link(path, other) == 0);
    vch_vault_drop(&vault, &place);
    const size_t size = read_volume(whole, place.volume + 1);
    CHECK_EQ(size, VCH_VAULT_VOLUME_HEAD + vch_vault_volume_framed(place.size));
    for (size_t i = 0; i < size; i++)
        CHECK_EQ(whole[i], 0);
    vch_vault_close(&vault);
    CHECK_OK(open_vault(&vault)); // as if a crash had kept the name: it goes now
    CHECK_EQ(count_files(), 0);
    end(&vault);
}

TEST(vault_removes_at_start_what_nobody_wants)
{
    static uint8_t whole[ROOM];
    struct vch_vault vault;

    begin();
    (void)fill(whole);
    is_wanted = false;
    CHECK_OK(open_vault(&vault));
    CHECK_EQ(taken_count, RECORDS);
    CHECK_EQ(count_files(), 0);
    end(&vault);
}

TEST(vault_takes_no_more_than_its_room)
{
    static uint8_t bytes[2000];
    struct vch_vault vault;
    struct vch_vault_place place;

    begin();
    size_max = 1500;
    CHECK_OK(open_vault(&vault));
    CHECK_FAILS(vch_vault_add(&vault, &place, bytes, sizeof bytes, 0), LIMIT);
    CHECK_EQ(count_files(), 0);
    const uint64_t room = vch_vault_room(&vault);
    CHECK_OK(vch_vault_add(&vault, &place, bytes, (size_t)room, 0));
    CHECK(vault.size <= size_max);
    CHECK_EQ(vch_vault_room(&vault), 0);
    CHECK_FAILS(vch_vault_add(&vault, &place, bytes, 1, 0), LIMIT);
    vch_vault_drop(&vault, &place);
    CHECK_EQ(vch_vault_room(&vault), room);
    end(&vault);
}
