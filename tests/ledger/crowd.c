// A crowd on a real ledger: a founder who deposits, a client who opens jobs, nodes that draw,
// commit and reveal, and a follower that recomputes everything. The ledger may be killed at any
// time and come back: what it acknowledged must be there, what it showed must stay, and no segment
// may get two verdicts. Prints one line of JSON; exits with 0 if all of that holds.
//
//     crowd CHARTER FOUNDER.key PORT JOBS DEPOSITS SEED
//
// With CROWD_WITHHOLDS, commits of node 0 are not sent to the ledger: each is printed, "commit" and
// base64, for somebody to hand it to witnesses; and one of a contest that there is not.
// With CROWD_REGISTRY=FILE its registry is written there, for witnesses.
// After each job it prints "progress". SIGUSR1 says that it is enough: what is open is finished.
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreement/seat.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "consensus/job.h"
#include "crypto/keyfile.h"
#include "host/clock.h"
#include "host/file.h"
#include "host/process.h"
#include "member/charter_file.h"
#include "member/ledger_link.h"

enum {
    NODES = 5,
    QUORUM = 3,
    OPEN_MAX = 4, // jobs at a time
    BATCH = 16,   // deposits in one append
    LOG_MAX = 1 << 20,
    DRAFTS_MAX = 4096,
    TIME_MS = 600000,
    RETRY_MS = 300, // before what got no answer, or is not in the state, is said again
};

// A statement under way, so that it is not said twice at the same time.
struct doing {
    struct vch_contest_id contest;
    uint32_t node;
    enum vch_entry_kind kind;
    uint64_t until_ms;
};

struct sent {
    struct vch_signature signatures[BATCH];
    uint32_t count;
    bool is_deposit;
    struct doing *doing;
};

static struct crowd {
    struct vch_arena arena, work;
    struct vch_charter charter;
    struct vch_secret_key founder, client, nodes[NODES];
    struct vch_seat_keys seats[NODES];
    struct vch_registry registry;
    uint8_t *registry_bytes;
    size_t registry_size;
    struct event_base *base;
    struct vch_ledger_link *link;
    struct vch_follower *follower;
    uint32_t live_streams;
    struct vch_signature *log; // of each entry that was followed
    uint64_t log_size, number;
    struct vch_signature *acked;      // of each draft that was acknowledged,
    uint64_t *positions, acked_count; // and where
    uint64_t refused, lost, deposits_wanted, deposits_acked, verdicts, jobs_wanted, jobs_opened;
    uint64_t jobs_decided, double_verdicts, in_flight;
    struct doing doing[256];
    struct {
        struct vch_contest_id contest;
        struct vch_digest output;
    } decided[4096];
    bool is_setting_up;
} crowd;

static _Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static _Noreturn void fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    exit(1);
}

static void must(vch_status status, const char *what, const struct vch_complaint *complaint)
{
    if (!vch_is_ok(status))
        fail("%s: %s: %s", what, vch_code_text(status.code), complaint ? complaint->text : "");
}

// Two verdicts with a majority on one segment of one job would be two truths.
static void note_verdict(const struct vch_entry *entry)
{
    if (!entry->verdict.has_output) return;
    for (uint64_t i = 0; i < crowd.verdicts; i++)
        if (vch_hash_is_equal(&crowd.decided[i].contest.subject, &entry->contest.subject) &&
            crowd.decided[i].contest.segment == entry->contest.segment)
            crowd.double_verdicts++;
    if (crowd.verdicts == sizeof crowd.decided / sizeof *crowd.decided) fail("too many jobs");
    crowd.decided[crowd.verdicts].contest = entry->contest;
    crowd.decided[crowd.verdicts++].output = entry->verdict.output;
    crowd.jobs_decided++;
    printf("progress %" PRIu64 "\n", crowd.jobs_decided);
    (void)fflush(stdout);
}

static void on_entry(void *context, uint64_t position, const struct vch_entry *entry)
{
    (void)context;
    if (position >= LOG_MAX) fail("too many entries");
    if (position != crowd.log_size) fail("entry %" PRIu64 " comes twice", position);
    crowd.log[crowd.log_size++] = entry->signature;
    if (entry->kind == VCH_ENTRY_VERDICT) note_verdict(entry);
}

static void on_appended(void *context, vch_status status,
                        const struct vch_ledger_link_taken *results, uint32_t count)
{
    struct sent *sent = context;

    crowd.in_flight--;
    if (!vch_is_ok(status)) crowd.lost += sent->count;
    for (uint32_t i = 0; i < count; i++) {
        if (!vch_is_ok(results[i].status)) {
            crowd.refused++;
            if (getenv("CROWD_VERBOSE") != NULL) (void)fprintf(stderr, "%s\n", results[i].text);
            continue;
        }
        if (crowd.acked_count == LOG_MAX) fail("too many acknowledgements");
        crowd.acked[crowd.acked_count] = sent->signatures[i];
        crowd.positions[crowd.acked_count++] = results[i].position;
        crowd.deposits_acked += sent->is_deposit;
    }
    if (sent->doing != NULL) sent->doing->until_ms = vch_clock_monotonic_ms() + RETRY_MS;
    free(sent);
}

static uint64_t next_number(void)
{
    uint64_t now = vch_clock_unix_ms() * 1000;

    crowd.number = now > crowd.number ? now : crowd.number + 1;
    return crowd.number;
}

static void sign(struct vch_follower_bytes *out, struct sent *sent, struct vch_entry *entry,
                 const struct vch_secret_key *key)
{
    uint8_t *bytes = NULL;

    if (entry->kind <= VCH_ENTRY_JOB_OPEN) entry->number = next_number();
    must(vch_entry_sign(entry, &crowd.charter.id, key, &crowd.work, NULL), "sign", NULL);
    must(vch_entry_encode(&bytes, &out->size, entry, &crowd.work, NULL), "encode", NULL);
    out->bytes = bytes;
    sent->signatures[sent->count++] = entry->signature;
}

static struct sent *new_sent(void)
{
    struct sent *sent = calloc(1, sizeof *sent);

    if (sent == NULL) fail("no memory");
    return sent;
}

static bool say(struct vch_entry *entry, const struct vch_secret_key *key, struct doing *doing)
{
    struct sent *sent = new_sent();
    struct vch_follower_bytes draft;

    sign(&draft, sent, entry, key);
    sent->doing = doing;
    bool is_sent = vch_is_ok(vch_ledger_link_append(crowd.link, &draft, 1, on_appended, sent));
    vch_arena_rewind(&crowd.work, (struct vch_arena_mark){0});
    if (!is_sent)
        free(sent);
    else
        crowd.in_flight++;
    return is_sent;
}

// The slot of what is under way; NULL: it is, or too much is.
static struct doing *begin(const struct vch_contest_id *contest, uint32_t node,
                           enum vch_entry_kind kind)
{
    struct doing *free_slot = NULL;

    for (size_t i = 0; i < sizeof crowd.doing / sizeof *crowd.doing; i++) {
        struct doing *at = &crowd.doing[i];
        bool is_same = at->node == node && at->kind == kind &&
                       memcmp(&at->contest, contest, sizeof *contest) == 0;
        if (is_same && vch_clock_monotonic_ms() < at->until_ms) return NULL;
        if (is_same || (free_slot == NULL && vch_clock_monotonic_ms() >= at->until_ms))
            free_slot = at;
        if (is_same) break;
    }
    if (free_slot != NULL) *free_slot = (struct doing){*contest, node, kind, UINT64_MAX};
    return free_slot;
}

// Honest nodes find the same.
static struct vch_seat_answer answer_to(const struct vch_contest *contest)
{
    struct vch_seat_answer answer = {.is_there = true};

    answer.output = vch_hash_bytes(&contest->id.subject, sizeof contest->id.subject);
    answer.trace = vch_hash_bytes(&answer.output, sizeof answer.output);
    return answer;
}

static void print_commit(struct vch_entry *entry, const struct vch_secret_key *key)
{
    char text[VCH_BASE64_SIZE(1024) + 1];
    struct vch_follower_bytes draft;
    struct sent ignored = {0};

    sign(&draft, &ignored, entry, key);
    if (draft.size > 1024) fail("a large commit");
    (void)vch_base64_encode(text, draft.bytes, draft.size);
    printf("commit %s\n", text);
    (void)fflush(stdout);
    vch_arena_rewind(&crowd.work, (struct vch_arena_mark){0});
}

static void withhold(struct vch_entry *entry, struct doing *doing)
{
    static bool has_invented;
    struct vch_entry invented = *entry;

    doing->until_ms = vch_clock_monotonic_ms() + TIME_MS; // once
    print_commit(entry, &crowd.nodes[0]);
    if (has_invented) return;
    has_invented = true;
    invented.contest.subject = vch_hash_bytes("nothing", 7);
    print_commit(&invented, &crowd.nodes[0]);
}

static void act(const struct vch_contest *contest, uint32_t node)
{
    const struct vch_state *state = vch_follower_state(crowd.follower);
    struct vch_seat_answer answer = answer_to(contest);
    struct vch_entry entry;

    if (!vch_seat_next(&entry, state, contest, &crowd.seats[node], &answer, vch_clock_unix_ms()))
        return;
    struct doing *doing = begin(&contest->id, node, entry.kind);
    if (doing == NULL) return;
    if (entry.kind == VCH_ENTRY_COMMIT && node == 0 && getenv("CROWD_WITHHOLDS") != NULL)
        withhold(&entry, doing);
    else if (!say(&entry, &crowd.nodes[node], doing))
        doing->until_ms = 0;
}

static void act_all(void)
{
    const struct vch_state *state = vch_follower_state(crowd.follower);

    for (const struct vch_contest *contest = vch_state_next_contest(state, NULL); contest != NULL;
         contest = vch_state_next_contest(state, contest))
        for (uint32_t i = 0; i < NODES; i++)
            act(contest, i);
}

static uint64_t count_open(void)
{
    const struct vch_state *state = vch_follower_state(crowd.follower);
    uint64_t count = 0;

    for (const struct vch_job_record *job = vch_state_next_job(state, NULL); job != NULL;
         job = vch_state_next_job(state, job))
        count += job->phase == VCH_JOB_PENDING;
    return count;
}

static void open_job(void)
{
    struct vch_entry_job_open open = {.fee = 1, .has_input = false};
    struct vch_entry entry = {.kind = VCH_ENTRY_JOB_OPEN, .job_open = &open};
    uint64_t number = next_number();
    struct vch_contest_id id = {.subject = vch_hash_bytes("open", 4)};
    uint8_t *bytes = NULL;

    open.job = (struct vch_job){.model = vch_hash_bytes("model", 5),
                                .client = crowd.client.public_key,
                                .nonce = vch_hash_bytes(&number, sizeof number),
                                .batch = 1,
                                .commitment_kind = VCH_COMMITMENT_SHA256,
                                .input = vch_hash_bytes("input", 5),
                                .segment_count = 1,
                                .segments = {{0, 4, VCH_JOB_BY_NODES}},
                                .quorum = QUORUM,
                                .deadline_ms = vch_clock_unix_ms() + 120000,
                                .registry = crowd.registry.digest};
    must(vch_job_encode(&bytes, &open.job_size, &open.job, &crowd.work, NULL), "job", NULL);
    open.job_bytes = bytes;
    open.job_id = vch_job_id(bytes, open.job_size);
    struct doing *doing = begin(&id, (uint32_t)(crowd.jobs_opened % OPEN_MAX), entry.kind);
    if (doing == NULL) return;
    if (say(&entry, &crowd.client, doing))
        crowd.jobs_opened++;
    else
        doing->until_ms = 0;
}

static void deposit_some(void)
{
    struct vch_follower_bytes drafts[BATCH];
    struct sent *sent = new_sent();

    sent->is_deposit = true;
    for (uint32_t i = 0; i < BATCH; i++) {
        struct vch_entry entry = {.kind = VCH_ENTRY_DEPOSIT,
                                  .deposit = {crowd.client.public_key, 1}};
        sign(&drafts[i], sent, &entry, &crowd.founder);
    }
    if (vch_is_ok(vch_ledger_link_append(crowd.link, drafts, BATCH, on_appended, sent)))
        crowd.in_flight++;
    else
        free(sent);
    vch_arena_rewind(&crowd.work, (struct vch_arena_mark){0});
}

static bool is_over(void *context)
{
    (void)context;
    if (crowd.is_setting_up || vch_clock_monotonic_ms() == 0) return false;
    return crowd.jobs_decided >= crowd.jobs_wanted &&
           crowd.deposits_acked >= crowd.deposits_wanted && crowd.in_flight == 0;
}

static void go_on(void)
{
    act_all();
    if (crowd.jobs_decided < crowd.jobs_wanted && count_open() < OPEN_MAX) open_job();
    if (crowd.deposits_acked < crowd.deposits_wanted && crowd.in_flight < 8) deposit_some();
}

// Until the state shows it: said again whenever the ledger was killed in between.
static void insist(bool (*is_done)(uint32_t), struct vch_entry (*make)(uint32_t),
                   const struct vch_secret_key *(*who)(uint32_t), uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        while (!is_done(i)) {
            struct vch_entry entry = make(i);
            uint64_t end = vch_clock_monotonic_ms() + RETRY_MS;
            (void)say(&entry, who(i), NULL);
            while (!is_done(i) && vch_clock_monotonic_ms() < end)
                if (event_base_loop(crowd.base, EVLOOP_ONCE) < 0) fail("no loop");
        }
}

static const struct vch_account *account_of(const struct vch_secret_key *key)
{
    return vch_state_account(vch_follower_state(crowd.follower), &key->public_key);
}

static const struct vch_secret_key *founder_of(uint32_t i)
{
    (void)i;
    return &crowd.founder;
}

static const struct vch_secret_key *node_of(uint32_t i)
{
    return &crowd.nodes[i];
}

static bool has_registry(uint32_t i)
{
    (void)i;
    return vch_follower_registry(crowd.follower, &crowd.registry.digest) != NULL;
}

static struct vch_entry make_registry(uint32_t i)
{
    (void)i;
    vch_status status =
        vch_ledger_link_put_blob_now(crowd.link, crowd.registry_bytes, crowd.registry_size, NULL);
    (void)status; // without it the entry is refused, and both are said again
    return (struct vch_entry){.kind = VCH_ENTRY_REGISTRY,
                              .registry = {crowd.registry.digest, crowd.registry.serial}};
}

static const struct vch_secret_key *member_of(uint32_t i)
{
    return i < NODES ? &crowd.nodes[i] : &crowd.client;
}

static bool has_money(uint32_t i)
{
    const struct vch_account *account = account_of(member_of(i));

    return account != NULL && account->balance + account->stake >= 1000;
}

static struct vch_entry make_money(uint32_t i)
{
    return (struct vch_entry){.kind = VCH_ENTRY_DEPOSIT,
                              .deposit = {member_of(i)->public_key, i < NODES ? 1000 : 1000000}};
}

static bool has_stake(uint32_t i)
{
    const struct vch_account *account = account_of(&crowd.nodes[i]);

    return account != NULL && account->stake >= 100;
}

static struct vch_entry make_stake(uint32_t i)
{
    (void)i;
    return (struct vch_entry){.kind = VCH_ENTRY_STAKE, .amount = 100};
}

static bool holds(uint32_t i)
{
    static uint64_t seen[NODES];
    const struct vch_account *account = account_of(&crowd.nodes[i]);

    // A hold changes nothing that the state shows but the account's number.
    if (seen[i] == 0) seen[i] = account->number;
    return account->number > seen[i];
}

static struct vch_entry make_hold(uint32_t i)
{
    (void)i;
    return (struct vch_entry){.kind = VCH_ENTRY_HOLD,
                              .hold = {vch_hash_bytes("model", 5), 0, 4, false}};
}

static void set_up_network(void)
{
    crowd.is_setting_up = true;
    insist(has_registry, make_registry, founder_of, 1);
    insist(has_money, make_money, founder_of, NODES + 1);
    insist(has_stake, make_stake, node_of, NODES);
    insist(holds, make_hold, node_of, NODES);
    crowd.is_setting_up = false;
}

static void make_keys(const char *path, uint8_t seed)
{
    struct vch_member *members = VCH_ARENA_NEW(&crowd.arena, struct vch_member, NODES + 1);
    uint8_t bytes[32] = {seed, 1}, *file = NULL;
    const char *where = getenv("CROWD_REGISTRY");
    size_t size = 0;

    must(vch_file_read(&file, &size, path, 4096, &crowd.arena, NULL), path, NULL);
    must(vch_keyfile_decode(&crowd.founder, file, size, "", NULL), path, NULL);
    vch_sign_key(&crowd.client, bytes);
    for (uint32_t i = 0; i < NODES; i++) {
        bytes[1] = (uint8_t)(2 + i);
        vch_sign_key(&crowd.nodes[i], bytes);
        bytes[2] = 1;
        vch_vrf_key(&crowd.seats[i].vrf, bytes);
        bytes[2] = 0;
        crowd.seats[i].node = crowd.nodes[i].public_key;
        members[i] = (struct vch_member){.key = crowd.nodes[i].public_key,
                                         .role = VCH_ROLE_NODE,
                                         .has_vrf = true,
                                         .vrf = crowd.seats[i].vrf.public_key};
        (void)snprintf(members[i].operator_name, sizeof members[i].operator_name, "op-%u", i);
    }
    members[NODES] = (struct vch_member){
        .key = crowd.client.public_key, .role = VCH_ROLE_CLIENT, .operator_name = "client"};
    crowd.registry = (struct vch_registry){.network = "crowd",
                                           .serial = vch_clock_unix_ms(),
                                           .member_count = NODES + 1,
                                           .members = members};
    must(vch_registry_encode(&crowd.registry_bytes, &crowd.registry_size, &crowd.registry,
                             &crowd.founder, &crowd.arena, NULL),
         "registry", NULL);
    if (where != NULL)
        must(vch_file_write(where, crowd.registry_bytes, crowd.registry_size, false, NULL), where,
             NULL);
}

static void on_enough(evutil_socket_t number, short what, void *context)
{
    (void)number, (void)what, (void)context;
    crowd.jobs_wanted = crowd.jobs_decided + count_open();
    crowd.deposits_wanted = crowd.deposits_acked;
}

static void connect_crowd(uint16_t port)
{
    struct vch_follower_setup follower = {.charter = crowd.charter, .on_entry = on_entry};
    const struct vch_signer founder = vch_signer_local(&crowd.founder);
    struct vch_ledger_link_setup setup = {.base = crowd.base,
                                          .signer = &founder,
                                          .live_count = &crowd.live_streams,
                                          .patience_ms = 5000,
                                          .host = "127.0.0.1",
                                          .port = port,
                                          .charter = crowd.charter};
    struct vch_complaint complaint = {""};

    must(vch_follower_new(&crowd.follower, &follower, &complaint), "follower", &complaint);
    setup.follower = crowd.follower;
    must(vch_ledger_link_new(&crowd.link, &setup, &complaint), "link", &complaint);
}

static bool has_followed(void *context)
{
    (void)context;
    uint64_t highest = 0;

    for (uint64_t i = 0; i < crowd.acked_count; i++)
        if (crowd.positions[i] > highest) highest = crowd.positions[i];
    return crowd.log_size > highest;
}

static uint64_t count_missing(void)
{
    uint64_t missing = 0;

    for (uint64_t i = 0; i < crowd.acked_count; i++)
        missing +=
            memcmp(&crowd.log[crowd.positions[i]], &crowd.acked[i], sizeof crowd.acked[i]) != 0;
    return missing;
}

static int report(uint64_t started_ms)
{
    struct vch_digest root = vch_state_root(vch_follower_state(crowd.follower));
    struct vch_complaint complaint = {""};
    char hex[2 * VCH_DIGEST_SIZE + 1];
    uint64_t missing = count_missing();
    bool holds_together =
        vch_is_ok(vch_state_check_invariants(vch_follower_state(crowd.follower), &complaint));

    vch_hex_encode(hex, root.bytes, sizeof root.bytes);
    printf("{\"acked\": %" PRIu64 ", \"missing\": %" PRIu64 ", \"refused\": %" PRIu64
           ", \"lost\": %" PRIu64 ", \"jobs\": %" PRIu64 ", \"double_verdicts\": %" PRIu64
           ", \"size\": %" PRIu64 ", \"root\": \"%s\", \"ms\": %" PRIu64 "}\n",
           crowd.acked_count, missing, crowd.refused, crowd.lost, crowd.jobs_decided,
           crowd.double_verdicts, crowd.log_size, hex, vch_clock_monotonic_ms() - started_ms);
    if (!holds_together) (void)fprintf(stderr, "invariants: %s\n", complaint.text);
    return missing == 0 && crowd.double_verdicts == 0 && holds_together ? 0 : 1;
}

int main(int argc, char **argv)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    uint64_t started_ms = vch_clock_monotonic_ms();

    if (argc != 7) fail("usage: crowd CHARTER FOUNDER.key PORT JOBS DEPOSITS SEED");
    vch_process_harden();
    vch_arena_init(&crowd.arena, (size_t)1 << 28);
    vch_arena_init(&crowd.work, 1 << 24);
    crowd.log = VCH_ARENA_NEW(&crowd.arena, struct vch_signature, LOG_MAX);
    crowd.acked = VCH_ARENA_NEW(&crowd.arena, struct vch_signature, LOG_MAX);
    crowd.positions = VCH_ARENA_NEW(&crowd.arena, uint64_t, LOG_MAX);
    crowd.base = event_base_new();
    if (crowd.log == NULL || crowd.acked == NULL || crowd.positions == NULL || crowd.base == NULL)
        fail("no memory");
    crowd.jobs_wanted = strtoull(argv[4], NULL, 10);
    crowd.deposits_wanted = strtoull(argv[5], NULL, 10);
    make_keys(argv[2], (uint8_t)strtoull(argv[6], NULL, 10));
    must(vch_file_read(&bytes, &size, argv[1], VCH_CHARTER_FILE_MAX, &crowd.arena, NULL), argv[1],
         NULL);
    must(vch_charter_file_decode(&crowd.charter, bytes, size, &crowd.founder.public_key, NULL),
         argv[1], NULL);
    connect_crowd((uint16_t)strtoull(argv[3], NULL, 10));
    struct event *enough = event_new(crowd.base, SIGUSR1, EV_SIGNAL | EV_PERSIST, on_enough, NULL);
    if (enough == NULL || event_add(enough, NULL) != 0) fail("no signals");
    set_up_network();
    while (!is_over(NULL) || !has_followed(NULL)) {
        if (vch_ledger_link_state(crowd.link) == VCH_LEDGER_LINK_BROKEN)
            fail("the ledger lied: %s", vch_ledger_link_trouble(crowd.link));
        if (vch_clock_monotonic_ms() - started_ms > TIME_MS) fail("this takes too long");
        if (!is_over(NULL)) go_on();
        if (event_base_loop(crowd.base, EVLOOP_ONCE) < 0) fail("no loop");
    }
    int code = report(started_ms);
    vch_ledger_link_free(crowd.link);
    while (crowd.live_streams > 0 && event_base_loop(crowd.base, EVLOOP_ONCE) == 0)
        continue;
    event_free(enough);
    vch_follower_free(crowd.follower);
    event_base_free(crowd.base);
    vch_arena_release(&crowd.work);
    vch_arena_release(&crowd.arena);
    return code;
}
