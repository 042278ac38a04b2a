// The laws, on a cluster of three; then members that die, answers that are lost, and an etcd that
// somebody else writes to.
#include <time.h>

#include "harness/etcd.h"
#include "harness/store_laws.h"
#include "ledger/etcd.h"
#include "ledger/store_record.h"

// The short one is for what cannot be answered, and still long enough for a busy machine to answer
// what can.
enum { PATIENCE_MS = 60000, SHORT_MS = 4000, HOPELESS_MS = 300 };

static struct etcd_cluster cluster;
static bool is_running;
static int count;

static void start_once(void)
{
    if (!etcd_is_here()) test_skip("etcd is not installed");
    if (is_running) return;
    etcd_start(&cluster);
    is_running = true;
}

__attribute__((destructor)) static void stop(void)
{
    if (is_running) etcd_stop(&cluster);
}

static void laws_where(char out[LAWS_WHERE_MAX])
{
    const uint16_t *ports = cluster.client_ports;

    start_once();
    (void)snprintf(out, LAWS_WHERE_MAX,
                   "etcd:http://127.0.0.1:%u,http://127.0.0.1:%u,http://127.0.0.1:%u/test/log-%d",
                   ports[0], ports[1], ports[2], count++);
}

TEST(store_on_etcd_refuses_names_that_mean_nothing)
{
    static const char *const NAMES[] = {
        "etcd:",
        "etcd:http://127.0.0.1:2379",
        "etcd:http://127.0.0.1:2379/",
        "etcd:http://127.0.0.1:2379/a b",
        "etcd:http://127.0.0.1/log",
        "etcd:http://127.0.0.1:port/log",
        "etcd:https://127.0.0.1:2379/log",
        "etcd:http://192.0.2.1:2379/log",
        "etcd:http://127.0.0.1.example.com:2379/log",
        "etcd:http://127.0.0.1:2379,/log",
        "etcd:127.0.0.1:2379/log",
    };

    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        struct vch_complaint complaint = {0};
        struct vch_store *store = NULL;
        CHECK_FAILS(vch_store_open(&store, NAMES[i], NULL, &complaint), USAGE);
        CHECK(complaint.text[0] != '\0');
    }
}

// A child that appends without end while members are killed.
static pid_t start_writer(const char *where, uint32_t seed, struct laws_shared *shared)
{
    pid_t child = fork();

    if (child == 0) laws_write_until_killed(where, seed, shared);
    return child;
}

static void await(const struct laws_shared *shared, uint64_t more, pid_t child)
{
    uint64_t wanted = shared->acknowledged + more;

    while (shared->acknowledged < wanted && waitpid(child, NULL, WNOHANG) == 0)
        (void)usleep(1000);
    CHECK(shared->acknowledged >= wanted);
}

TEST(store_on_etcd_goes_on_when_one_of_three_members_dies)
{
    char where[LAWS_WHERE_MAX];
    struct laws_shared *shared = laws_share();
    vch_status how = VCH_OK;

    vch_store_close(laws_new(where));
    pid_t child = start_writer(where, 8, shared);
    for (int member = 0; member < ETCD_MEMBERS; member++) { // one of them leads
        await(shared, 50, child);
        etcd_kill_member(&cluster, member);
        await(shared, 50, child);
        etcd_start_member(&cluster, member);
    }
    await(shared, 50, child);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    struct vch_store *store = stores_open(where, false);
    CHECK(laws_head(store).size >= shared->acknowledged);
    CHECK_EQ(stores_read(store, 8, 0, &how), laws_head(store).size);
    laws_audit(store);
    vch_store_close(store);
    (void)munmap(shared, sizeof *shared);
}

// One that hangs takes requests and answers nothing; what it took it does when it goes on.
TEST(store_on_etcd_goes_on_when_one_of_three_members_hangs)
{
    char where[LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where);
    uint64_t size = 0;

    for (int member = 0; member < ETCD_MEMBERS; member++) {
        stores_grow(store, 8, size += 20, 5);
        (void)kill(cluster.members[member], SIGSTOP);
        stores_grow(store, 8, size += 20, 5);
        (void)kill(cluster.members[member], SIGCONT);
    }
    stores_grow(store, 8, size += 20, 5);
    laws_all_there(store, 8, size);
    laws_audit(store);
    vch_store_close(store);
}

TEST(store_on_etcd_is_unavailable_without_a_majority_and_goes_on_with_one)
{
    char where[LAWS_WHERE_MAX];
    struct vch_store_options options = {.patience_ms = SHORT_MS};
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};
    struct vch_store *store = laws_new(where), *hasty = NULL;

    stores_grow(store, 8, 30, 10);
    stores_must(vch_store_open(&hasty, where, &options, &complaint), &complaint);
    etcd_kill_member(&cluster, 0);
    etcd_kill_member(&cluster, 2);
    stores_fill(&laws_group, 8, 30, 10);
    CHECK_FAILS(vch_store_append(hasty, 30, laws_group.entries, 10, &head, &complaint),
                UNAVAILABLE);
    CHECK(complaint.text[0] != '\0');
    CHECK_FAILS(vch_store_head(hasty, &head, NULL), UNAVAILABLE);
    etcd_start_member(&cluster, 0);
    etcd_start_member(&cluster, 2);
    CHECK(laws_head(store).size == 30 || laws_head(store).size == 40);
    complaint.text[0] = '\0';
    stores_must(vch_store_append(hasty, 30, laws_group.entries, 10, &head, &complaint),
                &complaint); // found, or appended
    laws_all_there(store, 8, 40);
    laws_audit(store);
    vch_store_close(store);
    vch_store_close(hasty);
}

// A store that reaches one member through what loses answers; and one beside it.
struct lossy_store {
    struct etcd_lossy lossy;
    struct vch_store *store, *beside;
};

static void lossy_open(struct lossy_store *out, uint32_t patience_ms)
{
    char where[LAWS_WHERE_MAX], through[LAWS_WHERE_MAX];
    struct vch_store_options options = {.patience_ms = patience_ms};
    struct vch_complaint complaint = {0};

    out->beside = laws_new(where);
    etcd_lossy_start(&out->lossy, cluster.client_ports[1]);
    (void)snprintf(through, sizeof through, "etcd:http://127.0.0.1:%u%s", out->lossy.port,
                   strstr(where, "/test/log"));
    stores_must(vch_store_open(&out->store, through, &options, &complaint), &complaint);
}

static void lossy_close(struct lossy_store *lossy)
{
    laws_audit(lossy->beside);
    vch_store_close(lossy->store);
    vch_store_close(lossy->beside);
    etcd_lossy_stop(&lossy->lossy);
}

TEST(store_on_etcd_appends_once_when_answers_are_lost)
{
    struct lossy_store lossy = {0};
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};

    lossy_open(&lossy, PATIENCE_MS);
    while (head.size < 200) {
        stores_fill(&laws_group, 6, head.size, 1 + test_below(10));
        *lossy.lossy.lose = (int)test_below(4);
        stores_must(vch_store_append(lossy.store, head.size, laws_group.entries, laws_group.count,
                                     &head, &complaint),
                    &complaint);
        CHECK_EQ(*lossy.lossy.lose, 0);
        laws_all_there(lossy.beside, 6, head.size);
    }
    lossy_close(&lossy);
}

// Every answer is lost for as long as the store has patience, so that it cannot know.
static void append_unknowingly(struct lossy_store *lossy, uint64_t expected)
{
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};

    *lossy->lossy.lose = 1 << 20;
    stores_fill(&laws_group, 6, expected, 10);
    CHECK_FAILS(vch_store_append(lossy->store, expected, laws_group.entries, 10, &head, &complaint),
                UNAVAILABLE);
    *lossy->lossy.lose = 0;
}

TEST(store_on_etcd_finds_an_append_that_it_could_not_know_of)
{
    struct lossy_store lossy = {0};
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};

    lossy_open(&lossy, SHORT_MS);
    append_unknowingly(&lossy, 0);
    laws_all_there(lossy.beside, 6, 10); // it had happened
    stores_must(vch_store_append(lossy.store, 0, laws_group.entries, 10, &head, &complaint),
                &complaint);
    CHECK_EQ(head.size, 10);

    append_unknowingly(&lossy, 10);
    CHECK_EQ(laws_head(lossy.store).size, 20); // the store sees the end before it asks again
    stores_grow(lossy.beside, 6, 25, 5);       // and others go on
    stores_must(vch_store_append(lossy.store, 10, laws_group.entries, 10, &head, &complaint),
                &complaint);
    CHECK_EQ(head.size, 20);
    laws_all_there(lossy.store, 6, 25);

    append_unknowingly(&lossy, 25);
    stores_fill(&laws_group, 7, 25, 10); // other entries are not what was appended
    CHECK_FAILS(vch_store_append(lossy.store, 25, laws_group.entries, 10, &head, &complaint),
                REFUSED);
    CHECK_EQ(head.size, 35);
    laws_all_there(lossy.store, 6, 35);
    lossy_close(&lossy);
}

// Answers that no etcd gives, by whoever listens at its address.
static const struct {
    const char *answer;
    enum vch_code code;
} STRANGE[] = {
    {"", VCH_CODE_UNAVAILABLE},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", VCH_CODE_MALFORMED},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"header\"", VCH_CODE_MALFORMED},
    {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"header\"", VCH_CODE_UNAVAILABLE},
    {"HTTP/1.1 200 OK\r\n\r\n{\"header\":{},\"succeeded\":true}", VCH_CODE_MALFORMED},
    {"HTTP/1.1 200 OK\r\n\r\n{\"header\":{},\"succeeded\":true,\"responses\":[{},{}]}",
     VCH_CODE_MALFORMED},
    {"HTTP/1.1 200 OK\r\n\r\n{\"header\":{},\"succeeded\":true,\"responses\":"
     "[{\"response_range\":{\"kvs\":[{\"key\":\"YQ==\",\"value\":\"YQ==\"}]}}]}",
     VCH_CODE_MALFORMED}, // another key
    {"HTTP/1.1 200 OK\r\n\r\n{\"header\":{},\"succeeded\":true,\"responses\":"
     "[{\"response_range\":{}}]}",
     VCH_CODE_REFUSED}, // no log
    {"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
     VCH_CODE_UNAVAILABLE},
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", VCH_CODE_UNSUPPORTED},
    {"HTTP/1.1 503 Busy\r\n\r\n{\"error\":\"no leader\",\"code\":14}", VCH_CODE_UNAVAILABLE},
    {"HTTP/1.1 400 Bad\r\n\r\n{\"error\":\"no space\",\"code\":8}", VCH_CODE_IO},
};

TEST(store_on_etcd_survives_whoever_answers_at_its_address)
{
    for (size_t i = 0; i < sizeof STRANGE / sizeof *STRANGE; i++) {
        bool is_hopeless = STRANGE[i].code == VCH_CODE_UNAVAILABLE;
        struct vch_store_options options = {.patience_ms = is_hopeless ? HOPELESS_MS : PATIENCE_MS};
        struct vch_complaint complaint = {0};
        struct vch_store *store = NULL;
        struct etcd_stranger stranger;
        char where[LAWS_WHERE_MAX];
        etcd_stranger_start(&stranger, STRANGE[i].answer);
        (void)snprintf(where, sizeof where, "etcd:http://127.0.0.1:%u/log", stranger.port);
        enum vch_code code = vch_store_open(&store, where, &options, &complaint).code;
        etcd_stranger_stop(&stranger);
        if (code != STRANGE[i].code)
            test_fail(__FILE__, __LINE__, "answer %zu: %s: %s", i, vch_code_text(code),
                      complaint.text);
        CHECK(store == NULL && complaint.text[0] != '\0');
    }
}

TEST(store_on_etcd_ends_an_answer_that_does_not_end)
{
    struct vch_store_options options = {.patience_ms = PATIENCE_MS};
    struct vch_complaint complaint = {0};
    struct vch_store *store = NULL;
    struct etcd_stranger stranger;
    char where[LAWS_WHERE_MAX];

    etcd_stranger_start(&stranger, NULL);
    (void)snprintf(where, sizeof where, "etcd:http://127.0.0.1:%u/log", stranger.port);
    CHECK_FAILS(vch_store_open(&store, where, &options, &complaint), LIMIT);
    etcd_stranger_stop(&stranger);
}

// Somebody else with a connection to the same etcd.
struct meddler {
    struct vch_etcd *etcd;
    struct vch_arena arena;
    char prefix[LAWS_WHERE_MAX];
};

static void meddler_start(struct meddler *meddler, const char *where)
{
    const char *slash = strstr(where, "/test/log");
    const char *endpoints = where + strlen("etcd:");
    struct vch_complaint complaint = {0};

    vch_arena_init(&meddler->arena, 64 << 20);
    (void)snprintf(meddler->prefix, sizeof meddler->prefix, "%s", slash + 1);
    stores_must(vch_etcd_new(&meddler->etcd, endpoints, (size_t)(slash - endpoints), PATIENCE_MS,
                             &complaint),
                &complaint);
}

static void meddler_stop(struct meddler *meddler)
{
    vch_etcd_free(meddler->etcd);
    vch_arena_release(&meddler->arena);
}

static struct vch_etcd_pair meddler_get(struct meddler *meddler, const char *key)
{
    struct vch_etcd_operation operation = {.key = key};
    struct vch_etcd_transaction transaction = {.then = &operation, .then_count = 1};
    struct vch_etcd_reply reply;
    struct vch_complaint complaint = {0};

    stores_must(vch_etcd_ask(meddler->etcd, &transaction, &reply, &meddler->arena, &complaint),
                &complaint);
    CHECK_EQ(reply.answers[0].count, 1);
    return reply.answers[0].pairs[0];
}

static void meddler_put(struct meddler *meddler, const char *key, const uint8_t *value, size_t size)
{
    struct vch_etcd_operation operation = {.key = key, .value = value, .size = size};
    struct vch_etcd_transaction transaction = {.then = &operation, .then_count = 1};
    struct vch_etcd_reply reply;
    struct vch_complaint complaint = {0};

    stores_must(vch_etcd_ask(meddler->etcd, &transaction, &reply, &meddler->arena, &complaint),
                &complaint);
}

static bool is_refused(const char *where, uint32_t seed, uint64_t size)
{
    struct vch_complaint complaint = {0};
    struct vch_store *store = NULL;
    struct vch_store_options options = {.patience_ms = PATIENCE_MS};
    vch_status how = vch_store_open(&store, where, &options, &complaint);

    if (vch_is_ok(how)) {
        uint64_t read = stores_read(store, seed, 0, &how);
        if (vch_is_ok(how)) CHECK_EQ(read, size);
        if (vch_is_ok(how)) how = vch_store_audit(store, &complaint);
    }
    vch_store_close(store);
    if (!vch_is_ok(how)) CHECK(how.code == VCH_CODE_MALFORMED || how.code == VCH_CODE_BAD_PROOF);
    return !vch_is_ok(how);
}

TEST(store_on_etcd_refuses_values_that_were_damaged)
{
    static const char *const KEYS[] = {"head",
                                       "entries/0000000000000009",
                                       "entries/000000000000001d",
                                       "nodes/0000000000000013",
                                       "nodes/000000000000001d",
                                       "checkpoint/ffffffffffffffe6"};
    char where[LAWS_WHERE_MAX], key[2 * LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where);
    struct vch_complaint complaint = {0};
    struct meddler meddler;

    stores_grow(store, 3, 30, 10);
    struct vch_store_checkpoint put = laws_checkpoint(3, 25, "twenty-five");
    stores_must(vch_store_put_checkpoint(store, &put, &complaint), &complaint);
    vch_store_close(store);
    CHECK(!is_refused(where, 3, 30));
    meddler_start(&meddler, where);
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        (void)snprintf(key, sizeof key, "%s/%s", meddler.prefix, KEYS[i]);
        struct vch_etcd_pair pair = meddler_get(&meddler, key);
        uint8_t *changed = vch_arena_alloc(&meddler.arena, pair.size, 1);
        for (int j = 0; j < 6; j++) {
            memcpy(changed, pair.value, pair.size);
            changed[test_below((uint32_t)pair.size)] ^= (uint8_t)(1u << test_below(8));
            meddler_put(&meddler, key, changed, pair.size);
            CHECK(is_refused(where, 3, 30));
            meddler_put(&meddler, key, pair.value, test_below((uint32_t)pair.size));
            CHECK(is_refused(where, 3, 30));
        }
        meddler_put(&meddler, key, pair.value, pair.size);
        CHECK(!is_refused(where, 3, 30));
    }
    meddler_stop(&meddler);
}

// Records that are well formed, of a log that is another: one of them is seen by its neighbours.
TEST(store_on_etcd_refuses_parts_of_another_log)
{
    static const char *const KEYS[] = {"head", "entries/0000000000000009",
                                       "entries/000000000000001d", "nodes/0000000000000013",
                                       "nodes/000000000000001d"};
    char where[LAWS_WHERE_MAX], other[LAWS_WHERE_MAX], key[2 * LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where), *foreign = laws_new(other);
    struct meddler meddler;

    stores_grow(store, 3, 30, 10);
    stores_grow(foreign, 4, 30, 10);
    meddler_start(&meddler, where);
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        (void)snprintf(key, sizeof key, "%s/%s", strstr(other, "/test/log") + 1, KEYS[i]);
        struct vch_etcd_pair lie = meddler_get(&meddler, key);
        (void)snprintf(key, sizeof key, "%s/%s", meddler.prefix, KEYS[i]);
        struct vch_etcd_pair truth = meddler_get(&meddler, key);
        meddler_put(&meddler, key, lie.value, lie.size);
        CHECK(is_refused(where, 3, 30));
        meddler_put(&meddler, key, truth.value, truth.size);
        CHECK(!is_refused(where, 3, 30));
    }
    meddler_stop(&meddler);
    vch_store_close(store);
    vch_store_close(foreign);
}

TEST(store_on_etcd_notices_a_head_that_was_set_back_or_changed)
{
    char where[LAWS_WHERE_MAX], key[2 * LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where);
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};
    uint8_t record[VCH_STORE_RECORD_HEAD_SIZE];
    struct meddler meddler;

    stores_grow(store, 3, 30, 10);
    meddler_start(&meddler, where);
    (void)snprintf(key, sizeof key, "%s/head", meddler.prefix);
    struct vch_store_head lies[] = {{20, stores_root(3, 0, 20)},
                                    {30, stores_root(4, 0, 30)},
                                    {0, stores_root(4, 0, 0)},
                                    {31, stores_root(3, 0, 31)}};
    FOR_EACH(lie, lies)
    {
        vch_store_record_encode_head(record, lie);
        meddler_put(&meddler, key, record, sizeof record);
        complaint.text[0] = '\0';
        CHECK(!vch_is_ok(vch_store_head(store, &head, &complaint)) && complaint.text[0] != '\0');
        stores_fill(&laws_group, 3, 30, 10);
        CHECK(!vch_is_ok(vch_store_append(store, 30, laws_group.entries, 10, &head, NULL)));
    }
    meddler_stop(&meddler);
    vch_store_close(store);
}
