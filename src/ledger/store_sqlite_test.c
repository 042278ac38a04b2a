// The laws, on one machine; and databases that are not ours.
#include <sqlite3.h>
#include <sys/resource.h>

#include "base/bytes.h"
#include "harness/folder.h"
#include "harness/store_laws.h"
#include "ledger/store_record.h"

enum { TEXT_MAX = 1024 };

static char folder[256];
static int count;

static void laws_where(char out[LAWS_WHERE_MAX])
{
    if (folder[0] == '\0') folder_make_quick(folder, sizeof folder);
    (void)snprintf(out, LAWS_WHERE_MAX, "sqlite:%s/log-%d", folder, count++);
}

__attribute__((destructor)) static void remove_folder(void)
{
    if (folder[0] != '\0') folder_remove(folder);
}

// Runs SQL on the file of a store, as anybody could.
static void meddle(const char *where, const char *text)
{
    sqlite3 *database = NULL;

    CHECK(sqlite3_open(where + strlen("sqlite:"), &database) == SQLITE_OK);
    int result = sqlite3_exec(database, text, NULL, NULL, NULL);
    if (result != SQLITE_OK)
        test_fail(__FILE__, __LINE__, "%s: %s", text, sqlite3_errmsg(database));
    (void)sqlite3_close(database);
}

static vch_status open_code(const char *where, bool create)
{
    struct vch_store_options options = {.create = create};
    struct vch_complaint complaint = {0};
    struct vch_store *store = NULL;
    vch_status status = vch_store_open(&store, where, &options, &complaint);

    CHECK(vch_is_ok(status) == (complaint.text[0] == '\0'));
    vch_store_close(store);
    return status;
}

TEST(store_names_that_mean_nothing_are_refused)
{
    CHECK_FAILS(open_code("log.db", true), USAGE);
    CHECK_FAILS(open_code("", true), USAGE);
    CHECK_FAILS(open_code("sqlite:/no/such/folder/log", true), IO);
    CHECK_FAILS(open_code("sqlite:/tmp", true), USAGE);
}

TEST(store_refuses_a_database_that_is_not_its_own)
{
    static const struct {
        const char *text;
        enum vch_code code;
    } CASES[] = {
        {"PRAGMA application_id = 7", VCH_CODE_REFUSED},
        {"PRAGMA user_version = 99", VCH_CODE_UNSUPPORTED},
        {"CREATE TABLE more (x)", VCH_CODE_MALFORMED},
        {"CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END", VCH_CODE_MALFORMED},
        {"CREATE VIEW v AS SELECT 1", VCH_CODE_MALFORMED},
        {"DROP TABLE head", VCH_CODE_MALFORMED},
        {"ALTER TABLE entry RENAME COLUMN bytes TO b", VCH_CODE_MALFORMED},
        {"DELETE FROM head", VCH_CODE_MALFORMED},
    };
    char where[LAWS_WHERE_MAX];

    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        vch_store_close(laws_new(where));
        meddle(where, CASES[i].text);
        CHECK_CODE(open_code(where, false), CASES[i].code);
        CHECK_CODE(open_code(where, true), CASES[i].code);
    }
    laws_where(where);
    meddle(where, "CREATE TABLE somebody_elses (x)");
    CHECK_FAILS(open_code(where, true), REFUSED);
}

// Changes to the tables that leave every page well formed. Each is refused on opening, on reading
// or by the audit; where reading succeeds it is the old log.
TEST(store_refuses_rows_that_were_changed)
{
    static const struct {
        const char *text;
        bool is_seen_on_opening, is_seen_on_reading;
    } CASES[] = {
        {"DELETE FROM entry WHERE position = 0", true, true},
        {"DELETE FROM entry WHERE position = 99", true, true},
        {"DELETE FROM entry WHERE position = 50", false, true},
        {"DELETE FROM entry WHERE position >= 90", true, true},
        {"INSERT INTO entry SELECT 100, nodes, bytes FROM entry WHERE position = 0", true, true},
        {"UPDATE entry SET bytes = x'00' WHERE position = 50", false, true},
        {"UPDATE entry SET bytes = (SELECT bytes FROM entry WHERE position = 51) "
         "WHERE position = 50",
         false, true},
        {"UPDATE entry SET nodes = (SELECT nodes FROM entry WHERE position = 51), "
         "bytes = (SELECT bytes FROM entry WHERE position = 51) WHERE position = 50",
         false, true},
        {"UPDATE entry SET nodes = x'' WHERE position = 63", true, true},
        {"UPDATE head SET record = x'00'", true, true},
        {"UPDATE head SET one = 2", true, true},
    };
    char where[LAWS_WHERE_MAX];

    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct vch_complaint complaint = {0};
        struct vch_store *store = laws_new(where);
        vch_status how = VCH_OK;
        stores_grow(store, 4, 100, 30);
        vch_store_close(store);
        meddle(where, CASES[i].text);
        bool is_open = vch_is_ok(open_code(where, false));
        CHECK(is_open == !CASES[i].is_seen_on_opening);
        if (!is_open) continue;
        store = stores_open(where, false);
        (void)stores_read(store, 4, 0, &how);
        CHECK(vch_is_ok(how) == !CASES[i].is_seen_on_reading);
        CHECK(!vch_is_ok(vch_store_audit(store, &complaint)) && complaint.text[0] != '\0');
        vch_store_close(store);
    }
}

// Another log, consistent in itself, in place of the one that a store has open.
static void check_replaced(uint32_t seed, uint64_t size)
{
    char where[LAWS_WHERE_MAX], other[LAWS_WHERE_MAX], text[3 * LAWS_WHERE_MAX];
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};
    struct vch_store *store = laws_new(where);

    stores_grow(store, 1, 20, 20);
    struct vch_store *replacement = laws_new(other);
    stores_grow(replacement, seed, size, 20);
    vch_store_close(replacement);
    (void)snprintf(text, sizeof text,
                   "ATTACH '%s' AS other; DELETE FROM entry; DELETE FROM head;"
                   "INSERT INTO entry SELECT * FROM other.entry;"
                   "INSERT INTO head SELECT * FROM other.head",
                   other + strlen("sqlite:"));
    meddle(where, text);
    CHECK_FAILS(vch_store_head(store, &head, &complaint), BAD_PROOF);
    CHECK(complaint.text[0] != '\0');
    CHECK_FAILS(vch_store_append(store, 20, laws_group.entries, 1, &head, NULL), BAD_PROOF);
    vch_store_close(store);
    CHECK_OK(open_code(where, false)); // only who saw the old one can tell
}

TEST(store_notices_that_its_log_was_replaced_behind_its_back)
{
    check_replaced(2, 20);
    check_replaced(2, 30);
    check_replaced(1, 19);
}

static void write_hex(char *out, const void *bytes, size_t size)
{
    CHECK(2 * size < TEXT_MAX);
    vch_hex_encode(out, bytes, size);
}

// Puts another digest on top of a tree of 32 entries, with a head that says the same.
static void change_top(const char *where, struct vch_store *store)
{
    struct vch_digest nodes[6];
    struct vch_complaint complaint = {0};
    struct vch_arena arena;
    uint8_t head[VCH_STORE_RECORD_HEAD_SIZE];
    char head_hex[TEXT_MAX], nodes_hex[TEXT_MAX], text[3 * TEXT_MAX];
    size_t size = 0;

    vch_arena_init(&arena, 1 << 20);
    for (unsigned level = 0; level < 6; level++)
        stores_must(vch_store_nodes(store, level, (32u >> level) - 1, 1, &nodes[level], &complaint),
                    &complaint);
    nodes[5].bytes[0] ^= 1;
    uint8_t *record = vch_store_record_encode_nodes(&size, 31, 1, nodes, &arena);
    vch_store_record_encode_head(head, &(struct vch_store_head){32, nodes[5]});
    write_hex(nodes_hex, record, size);
    write_hex(head_hex, head, sizeof head);
    (void)snprintf(text, sizeof text,
                   "UPDATE entry SET nodes = x'%s' WHERE position = 31;"
                   "UPDATE head SET record = x'%s'",
                   nodes_hex, head_hex);
    meddle(where, text);
    vch_arena_release(&arena);
}

TEST(store_refuses_a_tree_whose_top_is_not_over_what_is_below)
{
    char where[LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where);
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};
    struct vch_digest root;

    stores_grow(store, 1, 20, 20);
    struct vch_store *other = stores_open(where, false);
    stores_grow(other, 1, 32, 12);
    change_top(where, other);
    vch_store_close(other);
    CHECK_FAILS(vch_store_head(store, &head, &complaint), BAD_PROOF);
    CHECK(strstr(complaint.text, "do not hash") != NULL);
    vch_store_close(store);
    store = stores_open(where, false); // which saw no other
    CHECK_FAILS(vch_store_root(store, 20, &root, NULL), BAD_PROOF);
    CHECK_FAILS(vch_store_audit(store, NULL), BAD_PROOF);
    vch_store_close(store);
}

// Appends until a file may not grow any more, and then once more.
static void append_until_full(const char *where, struct laws_shared *shared)
{
    struct rlimit limit = {.rlim_cur = 400000, .rlim_max = 400000};
    struct vch_store *store = stores_open(where, false);
    struct vch_store_head head = {0};

    (void)signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    for (int failures = 0; failures < 2;) {
        struct vch_complaint complaint = {0};
        stores_fill(&laws_group, 1, head.size, 1 + test_below(30));
        vch_status status = vch_store_append(store, head.size, laws_group.entries, laws_group.count,
                                             &head, &complaint);
        if (vch_is_ok(status)) shared->acknowledged = head.size;
        failures += !vch_is_ok(status);
        CHECK(vch_is_ok(status) || (status.code == VCH_CODE_IO && complaint.text[0] != '\0'));
    }
    vch_store_close(store);
}

TEST(store_on_a_full_disk_says_so_and_keeps_what_it_has)
{
    char where[LAWS_WHERE_MAX];
    struct laws_shared *shared = laws_share();

    vch_store_close(laws_new(where));
    pid_t child = fork();
    if (child == 0) {
        append_until_full(where, shared);
        _exit(0);
    }
    laws_reap(child);
    struct vch_store *store = stores_open(where, false);
    CHECK(shared->acknowledged > 0);
    laws_all_there(store, 1, shared->acknowledged);
    stores_grow(store, 1, shared->acknowledged + 100, 30); // there is room again
    laws_audit(store);
    vch_store_close(store);
    (void)munmap(shared, sizeof *shared);
}

TEST(store_refuses_a_checkpoint_that_outlived_its_entries)
{
    char where[LAWS_WHERE_MAX], old[LAWS_WHERE_MAX], text[3 * LAWS_WHERE_MAX];
    struct vch_complaint complaint = {0};
    struct vch_store *store = laws_new(where);

    stores_grow(store, 1, 20, 20);
    laws_where(old);
    (void)snprintf(text, sizeof text, "VACUUM INTO '%s'", old + strlen("sqlite:"));
    meddle(where, text);
    stores_grow(store, 1, 30, 20);
    struct vch_store_checkpoint put = laws_checkpoint(1, 30, "thirty");
    stores_must(vch_store_put_checkpoint(store, &put, &complaint), &complaint);
    vch_store_close(store);
    CHECK_OK(open_code(old, false)); // an old copy by itself is a log
    (void)snprintf(text, sizeof text,
                   "ATTACH '%s' AS later; INSERT INTO checkpoint SELECT * FROM later.checkpoint",
                   where + strlen("sqlite:"));
    meddle(old, text);
    CHECK_FAILS(open_code(old, false), BAD_PROOF);
}
