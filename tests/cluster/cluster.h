// A whole network in one thread: clerk, witnesses, followers, nodes, clients and founder over a
// network and clocks of its own, all of it decided by one seed. The state machine, the clerk's and
// the nodes' parts are the product's; what lies, stalls, crashes and forks is here.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agreement/clerk.h"
#include "agreement/seat.h"
#include "agreement/state.h"
#include "entry/entry.h"
#include "tlog/tree.h"
#include "witness/core.h"

#define CLUSTER_START_MS UINT64_C(1700000000000)
#define CLUSTER_OPERATORS_MAX 16u // of the model
#define CLUSTER_GROUPS_MAX 3u
#define CLUSTER_FORKS 2u
#define CLUSTER_TREE_LEVELS 18u // of logs with real signatures, which are short
#define CLUSTER_CLIENTS 64u
#define CLUSTER_WITNESSES 4u // of which one may be dishonest

// X(NAME, what it does)
#define CLUSTER_ROLES(X) \
    X(HONEST, "honest") \
    X(LONE, "lies alone") \
    X(COLLUDE, "tells one lie with others") \
    X(COPY, "copies another's commit") \
    X(MUTE_COMMIT, "draws and does not commit") \
    X(MUTE_REVEAL, "commits and does not reveal") \
    X(GARBAGE, "reveals what it did not commit to") \
    X(EQUIVOCATE, "commits twice") \
    X(FRIVOLOUS, "disputes what is right") \
    X(MUTE_MOVES, "lies with others and is silent in disputes") \
    X(GRIND, "stakes more once it knows what it drew") \
    X(TRACE, "gives the right output with a wrong trace")

enum cluster_role {
#define X(name, text) CLUSTER_##name,
    CLUSTER_ROLES(X)
#undef X
        CLUSTER_ROLE_COUNT,
};

struct cluster;

struct cluster_random {
    uint64_t state;
};
uint64_t cluster_random_next(struct cluster_random *random);
uint32_t cluster_random_below(struct cluster_random *random, uint32_t bound);
bool cluster_random_chance(struct cluster_random *random, uint32_t permille);

// What a seed decides.
struct cluster_plan {
    uint64_t seed;
    uint32_t nodes, jobs, groups, operators_per_mille; // operators: of nodes
    uint32_t dishonest_permille;
    bool roles[CLUSTER_ROLE_COUNT]; // that the dishonest may have
    uint32_t quorum, job_every_ms;
    uint32_t drop_permille, twice_permille, delay_ms; // of messages
    uint32_t partition_every_ms, crash_every_ms;      // 0: never
    uint32_t client_permille;                         // jobs whose client misbehaves
    uint32_t audit_permille;                          // verdicts that an outsider re-runs
    uint32_t censor_permille;                         // nodes whose drafts the clerk drops
    uint32_t lie_every_ms;                            // of the clerk, to followers
    bool is_forking, has_trials, is_real, is_plain, has_new_registry;
    struct vch_parameters parameters;
};
struct cluster_plan cluster_plan_of(uint64_t seed, uint32_t jobs, uint32_t nodes);
void cluster_plan_everything(struct cluster_plan *plan); // that can go wrong, at once

struct cluster_node {
    struct vch_secret_key key;
    struct vch_seat_keys seat;
    enum cluster_role role;
    uint32_t group, operator_;
    uint64_t number, down_until, grown; // position of its last stake or hold
    bool is_censored;
    uint32_t excused; // slashings that are no fault of agreement's
};

// What one runs on a segment, and where it lies.
struct cluster_recipe {
    uint32_t lie_at; // operator of the segment; none: UINT32_MAX
    uint64_t salt;
    bool is_trace_only;
};

struct cluster_answer {
    uint32_t count;
    struct vch_digest values[CLUSTER_OPERATORS_MAX], leaves[CLUSTER_OPERATORS_MAX];
    struct vch_digest output, trace;
};

struct cluster_drawn { // a sortition in the log
    struct cluster_drawn *next;
    uint32_t node;
    double priority; // the less, the better
};

struct cluster_contest { // what the simulator remembers of one
    struct vch_contest_id id;
    uint64_t draw_again_ms[CLUSTER_GROUPS_MAX];
    uint32_t draws[CLUSTER_GROUPS_MAX];
    uint32_t *drawers[CLUSTER_GROUPS_MAX], drawer_count[CLUSTER_GROUPS_MAX]; // who was inside
    bool is_used;
    uint32_t excluded;           // of a job's first: an operator's number and 1, or 0
    struct cluster_drawn *drawn; // on the first log
};

struct cluster_dispute {
    struct vch_digest id;
    bool is_used, is_honest[2];
    uint32_t disputer; // a node
    struct cluster_recipe recipes[2];
    struct vch_contest_id contest;
    struct vch_digest input;
    uint32_t count; // operators
};

struct cluster_event {
    uint64_t time_ms, order;
    void (*happen)(struct cluster *world, const struct cluster_event *event);
    uint32_t a, b;
    uint64_t c;
    uint8_t *bytes;
    size_t size;
};

struct cluster_log {
    uint8_t *bytes;
    size_t size, room;
    size_t *ends;
    uint64_t count, ends_room;
};

struct cluster_witness {
    struct vch_secret_key key;
    uint64_t size;
    struct vch_digest root;
    struct vch_core *core; // where signatures are real
    uint64_t down_until;
    bool is_dishonest;
    int64_t skew_ms;
};

struct cluster_checkpoint { // under way
    bool is_open;
    uint64_t size, since_ms, news;
    struct vch_digest root;
    uint32_t count;
    bool has[CLUSTER_WITNESSES];
    struct vch_entry_cosignature cosignatures[CLUSTER_WITNESSES];
};

struct cluster_fork { // one log, and its clerk's state
    bool exists;
    struct vch_arena arena;
    struct vch_state *state;
    struct cluster_log log;
    struct vch_tree tree; // where signatures are real, with its nodes
    struct vch_digest *levels[CLUSTER_TREE_LEVELS];
    struct cluster_checkpoint checkpoint;
    uint64_t news; // entries other than anchors
    uint64_t news_at_settled;
    uint64_t wake_ms;
    bool is_checkpoint_due;
    uint64_t begun; // size at which it left the other
    uint64_t digest_at;
    struct vch_digest digest;
};

struct cluster_replica { // what a group of nodes follows
    struct vch_arena arena;
    struct vch_state *state;
    uint32_t fork;
    uint64_t cut_until, heard_ms; // when its last entry came
    bool is_delivery_due;
};

struct cluster_figures {
    uint64_t entries, drafts, refused, jobs, opened, decided, failed, verdicts, wrong, captured,
        splits;
    uint64_t waited, late; // seats that were paid as an input never came; rounds without a draw
    uint64_t disputes, overturned, evidence, slashes, lies, anchors;
    uint64_t first_rounds, first_captured; // drawn in full; with a dishonest majority
    uint64_t forks, forks_anchored, trials, defaults, liveness_misses;
};

struct cluster {
    struct cluster_plan plan;
    struct cluster_random random;
    uint64_t now_ms, orders;
    struct cluster_event *events;
    size_t event_count, event_room;
    struct vch_charter charter;
    struct vch_secret_key founder, clerk, clients[CLUSTER_CLIENTS];
    uint64_t founder_number, client_numbers[CLUSTER_CLIENTS];
    int64_t clerk_skew_ms;
    uint64_t clerk_down_until;
    struct cluster_node *nodes;
    uint32_t *by_key; // open addressing over nodes
    uint32_t by_key_mask;
    struct vch_registry registries[8];
    uint32_t registry_count;
    struct cluster_witness witnesses[CLUSTER_WITNESSES];
    struct cluster_fork forks[CLUSTER_FORKS];
    struct cluster_replica replicas[CLUSTER_GROUPS_MAX];
    struct cluster_contest *contests;
    size_t contest_count, contest_mask;
    struct cluster_dispute *disputes;
    size_t dispute_count, dispute_mask;
    uint64_t *sent; // pairs: what, when
    size_t sent_count, sent_mask;
    struct vch_arena arena; // lives as long as the world
    struct vch_arena work;  // rewound all the time
    struct vch_complaint complaint;
    struct cluster_figures figures;
    uint32_t jobs_left, jobs_opened, jobs_under_way; // sent, and not in the log yet
    uint64_t weight;                                 // of who draws with the entry at hand
    uint64_t owed;                                   // to a client whose job expires
    uint32_t marks[VCH_ENTRY_SEATS_MAX];             // of whom a verdict is about, before it
    bool is_over, is_broken;
    char trouble[768];
};

// Runs a seed to its end. False: something that must hold does not; `trouble` says what.
bool cluster_run(struct cluster *world, const struct cluster_plan *plan);
void cluster_release(struct cluster *world);

// What the parts share.
void cluster_fail(struct cluster *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void cluster_at(struct cluster *world, uint64_t time_ms, struct cluster_event event);
uint32_t cluster_find_node(const struct cluster *world, const struct vch_public_key *key);
struct cluster_contest *cluster_contest_of(struct cluster *world, const struct vch_contest_id *id);
struct cluster_dispute *cluster_dispute_of(struct cluster *world, const struct vch_digest *id);
// Whether this was not sent within the last `again_ms`; then it counts as sent now.
bool cluster_sent(const struct cluster *world, uint64_t what, uint64_t again_ms); // the contrary
bool cluster_sends(struct cluster *world, uint64_t what, uint64_t again_ms);
uint64_t cluster_mix(uint64_t a, uint64_t b);
uint64_t cluster_hash_contest(const struct vch_contest_id *id);

// ideal.c: keyed hashes in the place of signatures and VRFs, or the real ones.
struct vch_state_checks cluster_checks(struct cluster *world);
bool cluster_sign(struct cluster *world, struct vch_entry *entry, const struct vch_secret_key *key);
void cluster_prove(struct cluster *world, const struct cluster_node *node,
                   const struct vch_digest *alpha, struct vch_vrf_proof *proof,
                   struct vch_vrf_beta *beta);
struct vch_vrf_beta cluster_beta(const struct cluster *world, const struct vch_vrf_proof *proof);
void cluster_cosign(struct cluster *world, uint32_t witness, uint64_t time_s, uint64_t size,
                    const struct vch_digest *root, struct vch_signature *out);

// founding.c
#define CLUSTER_MODEL ((struct vch_digest){{0x4d}})
void cluster_make_seed(uint8_t out[static 32], uint64_t seed, const char *what, uint64_t index);
uint32_t cluster_model_operators(const struct cluster *world);
void cluster_enter_registry(struct cluster *world, uint32_t without);

// witnesses.c
void cluster_make_cores(struct cluster *world);
void cluster_grow(struct cluster *world, struct cluster_fork *fork, const uint8_t *bytes,
                  size_t size);
bool cluster_ask_witness(struct cluster *world, uint32_t fork, uint32_t index, uint64_t size,
                         const struct vch_digest *root, struct vch_entry_cosignature *out);

// logs.c, clerks.c, network.c: logs and who follows them, the clerk, messages.
void cluster_push(struct cluster_log *log, const uint8_t *bytes, size_t size);
void cluster_tell_followers(struct cluster *world, uint32_t fork);
uint8_t *cluster_copy(const void *bytes, size_t size);
void cluster_post(struct cluster *world, uint32_t fork, const uint8_t *bytes, size_t size,
                  uint64_t delay_ms);
struct vch_state *cluster_new_state(struct cluster *world, struct vch_arena *arena);
void cluster_append_now(struct cluster *world, struct vch_entry *entry,
                        const struct vch_secret_key *key); // without a network; must be taken
void cluster_send(struct cluster *world, uint32_t group, struct vch_entry *entry,
                  const struct vch_secret_key *key, uint32_t think_ms);
void cluster_send_until_open(struct cluster *world, uint32_t group, struct vch_entry *entry,
                             const struct vch_secret_key *key, const struct vch_digest *job);
void cluster_take(struct cluster *world, uint32_t index, const uint8_t *draft, size_t size);
void cluster_clerk(struct cluster *world, uint32_t index); // of a fork
void cluster_fork_off(struct cluster *world);
uint64_t cluster_ledger_ms(const struct cluster *world, uint32_t group); // as it can tell
void cluster_finish_forks(struct cluster *world);
bool cluster_replay(struct cluster *world, struct vch_state *state, const struct cluster_log *log,
                    uint64_t count);

// answers.c
struct cluster_recipe cluster_recipe_of(const struct cluster *world, uint32_t node,
                                        const struct vch_contest *contest);
void cluster_compute(struct cluster_answer *out, const struct vch_contest_id *id,
                     const struct vch_digest *input, uint32_t count,
                     const struct cluster_recipe *recipe);
struct vch_digest cluster_referee(const struct cluster_dispute *dispute, uint32_t place);

// nodes.c, disputes.c
#define CLUSTER_AGAIN_MS 1500u // until something is sent once more
uint64_t cluster_node_key(uint32_t node, const struct vch_contest_id *id, uint32_t what);
bool cluster_is_up(const struct cluster *world, const struct cluster_node *node);
void cluster_node_send(struct cluster *world, struct cluster_node *node, struct vch_entry *entry);
void cluster_argue(struct cluster *world, uint32_t group, const struct vch_dispute *at);
void cluster_react(struct cluster *world, uint32_t group);
void cluster_saw_verdict(struct cluster *world, uint32_t group, const struct vch_contest_id *id);

// clients.c
void cluster_found(struct cluster *world);
void cluster_open_job(struct cluster *world, const struct cluster_event *event);
void cluster_restock(struct cluster *world, const struct cluster_event *event);
void cluster_give_input(struct cluster *world, uint32_t group, const struct vch_contest *contest);
bool cluster_has_input(const struct cluster *world, uint32_t node,
                       const struct vch_contest *contest);
void cluster_tell_trial(struct cluster *world, uint32_t group, const struct vch_contest *contest);

// invariants.c
void cluster_check_entry(struct cluster *world, uint32_t fork, const struct vch_entry *entry);
void cluster_check_before(struct cluster *world, uint32_t fork, const struct vch_entry *entry);
void cluster_check_all(struct cluster *world);
void cluster_check_end(struct cluster *world);

// draws.c
void cluster_weigh_sortition(struct cluster *world, const struct vch_state *state,
                             const struct vch_entry *entry);
void cluster_note_sortition(struct cluster *world, const struct vch_state *state,
                            const struct vch_entry *entry);
void cluster_note_growth(struct cluster *world, const struct vch_state *state,
                         const struct vch_entry *entry);
void cluster_check_draw(struct cluster *world, const struct vch_state *state,
                        const struct vch_entry *entry);

// lies.c: what a clerk might try on its followers.
void cluster_lie(struct cluster *world, const struct cluster_event *event);
