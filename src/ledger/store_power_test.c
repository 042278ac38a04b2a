// What a power cut, a bad sector or a careless copy leaves of an SQLite store's two files. Opening
// gives a prefix of the log that holds all that was acknowledged before the damage, or a refusal
// that says why; never another log.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/folder.h"
#include "harness/stores.h"

enum {
    PAGE = 4096,
    SECTOR = 512,
    WAL_HEADER = 32, // https://www.sqlite.org/fileformat2.html, section 4
    FRAME = 24 + PAGE,
    SALT_AT = 16, // in the log's header; in a frame's at 8
    ACKS_MAX = 2000,
    FILE_MAX = 6 << 20,
};

// Both files at one moment.
struct image {
    uint8_t *file, *wal;
    size_t file_size, wal_size;
};

// An acknowledged append: the log's size then, and where the write-ahead log ended.
struct ack {
    uint64_t size;
    size_t wal_end;
};

static char folder[256], path[300], where[320];
static struct ack acks[ACKS_MAX];
static int ack_count;
static uint32_t seed;

static void start(void)
{
    if (folder[0] == '\0') folder_make_quick(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/log", folder);
    (void)snprintf(where, sizeof where, "sqlite:%s", path);
    seed = test_below(1 << 30);
    ack_count = 0;
}

__attribute__((destructor)) static void remove_folder(void)
{
    if (folder[0] != '\0') folder_remove(folder);
}

static void name_of(char *out, size_t size, const char *suffix)
{
    (void)snprintf(out, size, "%s%s", path, suffix);
}

static void remove_files(void)
{
    static const char *const SUFFIXES[] = {"", "-wal", "-shm"};
    char name[320];

    for (int i = 0; i < 3; i++) {
        name_of(name, sizeof name, SUFFIXES[i]);
        (void)unlink(name);
    }
}

static void load(uint8_t **bytes, size_t *size, const char *suffix)
{
    char name[320];

    name_of(name, sizeof name, suffix);
    *bytes = calloc(1, FILE_MAX);
    int file = open(name, O_RDONLY);
    ssize_t got = file >= 0 ? read(file, *bytes, FILE_MAX) : 0;
    if (file >= 0) (void)close(file);
    CHECK(*bytes != NULL && got >= 0 && got < FILE_MAX);
    *size = (size_t)got;
}

static void save(const uint8_t *bytes, size_t size, const char *suffix)
{
    char name[320];

    name_of(name, sizeof name, suffix);
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(file >= 0 && write(file, bytes, size) == (ssize_t)size);
    (void)close(file);
}

static struct image take_image(void)
{
    struct image image = {0};

    load(&image.file, &image.file_size, "");
    load(&image.wal, &image.wal_size, "-wal");
    return image;
}

static void free_image(struct image *image)
{
    free(image->file);
    free(image->wal);
}

static struct image copy_image(const struct image *image)
{
    struct image copy = *image;

    copy.file = calloc(1, FILE_MAX);
    copy.wal = calloc(1, FILE_MAX);
    CHECK(copy.file != NULL && copy.wal != NULL);
    memcpy(copy.file, image->file, image->file_size);
    memcpy(copy.wal, image->wal, image->wal_size);
    return copy;
}

// Frames of a log that was begun anew carry its salt; older ones behind them do not.
static size_t wal_end(void)
{
    uint8_t *wal = NULL;
    size_t size = 0, end = WAL_HEADER;

    load(&wal, &size, "-wal");
    while (end + FRAME <= size && memcmp(wal + end + 8, wal + SALT_AT, 8) == 0)
        end += FRAME;
    free(wal);
    return size < WAL_HEADER ? 0 : end;
}

// A store that grew by `appends` groups, each of them acknowledged.
static struct vch_store *grow(struct vch_store *store, int appends, uint32_t group_max)
{
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};

    if (store == NULL) {
        remove_files();
        store = stores_open(where, true);
    }
    stores_must(vch_store_head(store, &head, &complaint), &complaint);
    for (int i = 0; i < appends; i++) {
        uint64_t size = (ack_count > 0 ? acks[ack_count - 1].size : 0) + 1 + test_below(group_max);
        stores_grow(store, seed, size, group_max);
        acks[ack_count++] = (struct ack){size, wal_end()};
    }
    return store;
}

// The log as it is on opening what is left: its size, or that it is refused.
struct verdict {
    bool is_refused;
    uint64_t size;
};

static void write_image(const struct image *image)
{
    remove_files();
    save(image->file, image->file_size, "");
    if (image->wal_size > 0) save(image->wal, image->wal_size, "-wal");
}

// Every entry that is given is compared with what was appended.
static struct verdict judge(const struct image *image, bool goes_on)
{
    struct vch_store_options options = {0};
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};
    struct vch_store *store = NULL;
    struct verdict verdict = {0};

    write_image(image);
    vch_status how = vch_store_open(&store, where, &options, &complaint);
    if (vch_is_ok(how)) how = vch_store_head(store, &head, &complaint);
    if (vch_is_ok(how)) {
        verdict.size = stores_read(store, seed, 0, &how);
        if (vch_is_ok(how)) {
            struct vch_digest root = stores_root(seed, 0, (uint32_t)head.size);
            CHECK_EQ(verdict.size, head.size);
            CHECK(vch_hash_is_equal(&root, &head.root));
        }
    } else {
        CHECK(complaint.text[0] != '\0');
    }
    verdict.is_refused = !vch_is_ok(how);
    if (goes_on && !verdict.is_refused) {
        stores_grow(store, seed, head.size + 5, 3);
        stores_must(vch_store_audit(store, &complaint), &complaint);
    }
    vch_store_close(store);
    return verdict;
}

// The size that was acknowledged when the write-ahead log ended at `end` or before.
static uint64_t acknowledged_at(size_t end)
{
    uint64_t size = 0;

    for (int i = 0; i < ack_count; i++)
        if (acks[i].wal_end <= end && acks[i].size > size) size = acks[i].size;
    return size;
}

static uint64_t acknowledged(void)
{
    return acks[ack_count - 1].size;
}

static void check_cut(const struct image *image, size_t length)
{
    struct image cut = *image;

    cut.wal_size = length;
    struct verdict verdict = judge(&cut, true);
    CHECK(!verdict.is_refused);
    CHECK_EQ(verdict.size, acknowledged_at(length));
}

// A multiple of what ctest tries, for `make soak`.
static int times(int count)
{
    const char *wanted = getenv("VOUCH_STORE_CUTS");

    return count * (wanted != NULL ? (int)strtol(wanted, NULL, 10) : 1);
}

TEST(store_with_its_log_cut_anywhere_is_the_prefix_that_was_synced_by_then)
{
    start();
    struct vch_store *store = grow(NULL, 40, 30);
    struct image image = take_image();

    vch_store_close(store);
    CHECK(acks[ack_count - 1].wal_end == image.wal_size);
    for (size_t length = 0; length <= WAL_HEADER + 24; length += 4)
        check_cut(&image, length);
    for (int i = 0; i < ack_count; i++)
        for (size_t before = 0; before < 2; before++)
            check_cut(&image, acks[i].wal_end - before);
    for (int i = 0; i < times(40); i++)
        check_cut(&image, test_below((uint32_t)image.wal_size));
    free_image(&image);
}

// Sectors of the append that was going on reach the disk in any order, or not at all.
TEST(store_with_half_an_append_on_disk_has_all_of_the_appends_before)
{
    start();
    struct vch_store *store = grow(NULL, 30, 30);
    struct image image = take_image();

    vch_store_close(store);
    for (int i = 0; i < times(150); i++) {
        struct image torn = copy_image(&image);
        int last = 1 + (int)test_below((uint32_t)ack_count - 1);
        uint32_t share = test_below(5);
        torn.wal_size = acks[last].wal_end;
        for (size_t at = acks[last - 1].wal_end / SECTOR + 1; at * SECTOR < torn.wal_size; at++) {
            size_t left = torn.wal_size - at * SECTOR;
            if (test_below(4) < share)
                memset(torn.wal + at * SECTOR, 0, left < SECTOR ? left : SECTOR);
        }
        struct verdict verdict = judge(&torn, true);
        CHECK(!verdict.is_refused);
        CHECK(verdict.size == acks[last].size || verdict.size == acks[last - 1].size);
        free_image(&torn);
    }
    free_image(&image);
}

// Moves all of the write-ahead log into the file, as SQLite does now and then and on closing.
static struct image after_moving(struct vch_store *store)
{
    vch_store_close(store);
    return take_image();
}

static void tear_pages(struct image *torn, const struct image *now)
{
    for (size_t at = 0; at < now->file_size; at += PAGE) {
        size_t first = SECTOR * test_below(PAGE / SECTOR + 1);
        switch (test_below(4)) {
        case 0: memcpy(torn->file + at, now->file + at, PAGE); break;
        case 1: memcpy(torn->file + at, now->file + at, first); break;
        case 2: memcpy(torn->file + at + first, now->file + at + first, PAGE - first); break;
        default: break; // as it was
        }
    }
    torn->file_size = test_below(2) == 0 ? now->file_size : torn->file_size;
}

// While pages move into the file, the write-ahead log is whole: what is torn is written again.
TEST(store_with_torn_pages_and_its_log_has_everything)
{
    start();
    struct vch_store *store = grow(NULL, 20, 30);
    vch_store_close(store); // the file has pages now, which the next log replaces
    store = grow(stores_open(where, false), 30, 30);
    struct image before = take_image(), after = after_moving(store);

    CHECK(before.wal_size > 0 && after.wal_size == 0 && after.file_size > before.file_size);
    for (int i = 0; i < times(100); i++) {
        struct image torn = copy_image(&before);
        tear_pages(&torn, &after);
        struct verdict verdict = judge(&torn, true);
        CHECK(!verdict.is_refused);
        CHECK_EQ(verdict.size, acknowledged());
        free_image(&torn);
    }
    free_image(&before);
    free_image(&after);
}

// Torn pages and a log that lost its end are no power cut but a broken disk.
TEST(store_with_torn_pages_and_a_cut_log_is_no_other_log)
{
    int refused = 0;

    start();
    struct vch_store *store = grow(NULL, 20, 30);
    vch_store_close(store);
    store = grow(stores_open(where, false), 30, 30);
    struct image before = take_image(), after = after_moving(store);
    for (int i = 0; i < times(200); i++) {
        struct image torn = copy_image(&before);
        tear_pages(&torn, &after);
        torn.wal_size = test_below((uint32_t)before.wal_size);
        struct verdict verdict = judge(&torn, false);
        CHECK(verdict.is_refused || verdict.size <= acknowledged());
        refused += verdict.is_refused;
        free_image(&torn);
    }
    printf("# %d of %d refused, the others are a prefix\n", refused, times(200));
    free_image(&before);
    free_image(&after);
}

static bool flip_and_judge(const struct image *image, size_t at, struct verdict *verdict)
{
    struct image flipped = copy_image(image);
    bool is_file = at < image->file_size;
    uint8_t *byte = is_file ? flipped.file + at : flipped.wal + at - image->file_size;

    *byte ^= (uint8_t)(1 + test_below(255));
    *verdict = judge(&flipped, false);
    free_image(&flipped);
    return is_file;
}

// A flipped byte of the file: refused, or it was one that nobody needs.
TEST(store_with_a_flipped_byte_in_its_file_is_the_same_log_or_refused)
{
    int refused = 0, tried = 0;
    struct verdict verdict;

    start();
    struct image image = after_moving(grow(NULL, 30, 30));
    CHECK(image.wal_size == 0);
    for (size_t at = 0; at < 100; at++, tried++) { // the file's header
        (void)flip_and_judge(&image, at, &verdict);
        CHECK(verdict.is_refused || verdict.size == acknowledged());
        refused += verdict.is_refused;
    }
    for (int i = 0; i < times(400); i++, tried++) {
        (void)flip_and_judge(&image, test_below((uint32_t)image.file_size), &verdict);
        CHECK(verdict.is_refused || verdict.size == acknowledged());
        refused += verdict.is_refused;
    }
    printf("# %d of %d refused, the others are the whole log\n", refused, tried);
    CHECK(refused > tried / 2);
    free_image(&image);
}

// In the log: what comes before the flipped frame is there.
TEST(store_with_a_flipped_byte_in_its_log_has_what_was_synced_before_it)
{
    struct verdict verdict;
    int refused = 0;

    start();
    struct vch_store *store = grow(NULL, 30, 30);
    vch_store_close(store);
    ack_count = 1; // what the file has by now; the log begins anew
    acks[0].wal_end = 0;
    store = grow(stores_open(where, false), 0, 1);
    struct vch_store_head head = {0};
    CHECK_OK(vch_store_head(store, &head, NULL));
    acks[0].size = head.size;
    store = grow(store, 30, 30);
    struct image image = take_image();
    vch_store_close(store);
    for (int i = 0; i < times(300); i++) {
        size_t at = i < WAL_HEADER ? (size_t)i : test_below((uint32_t)image.wal_size);
        size_t frame = at < WAL_HEADER ? 0 : WAL_HEADER + (at - WAL_HEADER) / FRAME * FRAME;
        (void)flip_and_judge(&image, image.file_size + at, &verdict);
        CHECK(verdict.is_refused || verdict.size >= acknowledged_at(frame));
        refused += verdict.is_refused;
    }
    printf("# %d of %d refused, the others are a prefix\n", refused, times(300));
    free_image(&image);
}

TEST(store_whose_file_lost_its_end_is_refused)
{
    start();
    struct image image = after_moving(grow(NULL, 30, 30));

    for (size_t pages = 0; pages < image.file_size / PAGE; pages++) {
        struct image cut = image;
        cut.file_size = pages * PAGE + test_below(PAGE);
        struct verdict verdict = judge(&cut, false);
        CHECK(verdict.is_refused);
    }
    free_image(&image);
}

// Files of two moments, as a copy of a running store has them.
TEST(store_of_files_that_do_not_belong_together_is_no_other_log)
{
    enum { MOMENTS = 8 };
    struct image moments[MOMENTS];
    struct vch_store *store = NULL;
    int refused = 0;

    start();
    for (int i = 0; i < MOMENTS; i++) {
        store = grow(store, 10, 30);
        if (i % 3 == 2) { // the file takes in the log, and that begins anew
            vch_store_close(store);
            store = stores_open(where, false);
        }
        moments[i] = take_image();
    }
    vch_store_close(store);
    for (int i = 0; i < MOMENTS * MOMENTS; i++) {
        struct image mixed = moments[i / MOMENTS];
        mixed.wal = moments[i % MOMENTS].wal;
        mixed.wal_size = moments[i % MOMENTS].wal_size;
        struct verdict verdict = judge(&mixed, false);
        CHECK(verdict.is_refused || verdict.size <= acknowledged());
        refused += verdict.is_refused;
    }
    printf("# %d of %d refused, the others are a prefix\n", refused, MOMENTS * MOMENTS);
    for (int i = 0; i < MOMENTS; i++)
        free_image(&moments[i]);
}

// Long enough for SQLite to move the log into the file by itself, and to begin it anew over the
// old one, while appending goes on.
TEST(store_keeps_its_word_while_its_log_is_moved_into_the_file)
{
    start();
    struct vch_store *store = grow(NULL, 600, 3);
    struct image image = take_image();
    int moved = 0;

    vch_store_close(store);
    for (int i = 1; i < ack_count; i++)
        if (acks[i].wal_end < acks[i - 1].wal_end) moved = i;
    CHECK(moved > 0);
    for (int i = moved; i < ack_count; i += 1 + (int)test_below(20)) {
        struct image cut = image;
        cut.wal_size = acks[i].wal_end;
        struct verdict verdict = judge(&cut, true);
        CHECK(!verdict.is_refused);
        CHECK_EQ(verdict.size, acks[i].size);
    }
    free_image(&image);
}
