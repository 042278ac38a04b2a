// A network in which everything goes wrong, seed by seed: 20 small ones, or as asked.
//
//     cluster_campaign [--seeds=N] [--jobs=N] [--nodes=N] [--first=SEED] [--everything=1]
//                      [--capture=JOBS] [--jobs-total=N] [--processes=N]
//
// --jobs is of each seed; --jobs-total is shared out among the seeds, and further seeds follow
// until so many jobs were opened. --processes splits the seeds; each says in one line what it has
// seen.
// --everything has each fault in each network. VCH_SEED=N runs that one alone. --capture measures
// how often committees are captured, against the exact figure, over so many jobs for each case.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cluster/cluster.h"
#include "consensus/capture.h"

enum { PROCESSES_MAX = 256 };

struct options {
    uint64_t seeds, jobs, nodes, capture, first, everything, jobs_total, processes;
};

struct campaign { // what one process has seen
    struct cluster_figures figures;
    uint64_t seeds, broken;
};

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void add(struct cluster_figures *sum, const struct cluster_figures *one)
{
    uint64_t *to = (uint64_t *)(void *)sum;
    const uint64_t *from = (const uint64_t *)(const void *)one;

    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

static void show(const char *what, const struct cluster_figures *f)
{
    printf("%s: %" PRIu64 " jobs (%" PRIu64 " opened, %" PRIu64 " decided, %" PRIu64
           " failed), %" PRIu64 " entries, %" PRIu64 " drafts (%" PRIu64 " refused), %" PRIu64
           " verdicts, %" PRIu64 " without majority, %" PRIu64 " wrong, disputes %" PRIu64
           " (%" PRIu64 " won, %" PRIu64 " by default), evidence %" PRIu64 ", slashed %" PRIu64
           ", trials %" PRIu64 ", seats that waited %" PRIu64 ", late anchors %" PRIu64
           ", lies of the clerk %" PRIu64 ", forks %" PRIu64 " (%" PRIu64 " went on)\n",
           what, f->jobs, f->opened, f->decided, f->failed, f->entries, f->drafts, f->refused,
           f->verdicts, f->splits, f->wrong, f->disputes, f->overturned, f->defaults, f->evidence,
           f->slashes, f->trials, f->waited, f->late, f->lies, f->forks, f->forks_anchored);
}

static void run_seed(uint64_t seed, const struct options *options, struct campaign *campaign)
{
    static struct cluster world;
    struct cluster_plan plan =
        cluster_plan_of(seed, (uint32_t)options->jobs, (uint32_t)options->nodes);
    const double begun = seconds();
    char what[160];

    if (options->everything) cluster_plan_everything(&plan);
    const bool holds = cluster_run(&world, &plan);
    (void)snprintf(what, sizeof what, "# seed %" PRIu64 ", %u nodes%s, %.1f s", seed, plan.nodes,
                   plan.is_real ? ", real signatures" : "", seconds() - begun);
    show(what, &world.figures);
    if (!holds)
        printf("# VCH_SEED=%" PRIu64 " --jobs=%" PRIu64 " --nodes=%" PRIu64 " --everything=%" PRIu64
               ": after %" PRIu64 " entries: %s\n",
               seed, options->jobs, options->nodes, options->everything, world.figures.entries,
               world.trouble);
    add(&campaign->figures, &world.figures);
    campaign->seeds++;
    campaign->broken += !holds;
    cluster_release(&world);
    (void)fflush(stdout);
}

// As many for each seed as come to the total: some networks run fewer (cluster_plan_of).
static void share_out(struct options *options)
{
    uint64_t planned = 0;

    if (options->jobs_total == 0) return;
    for (options->jobs = 1; planned < options->jobs_total;
         options->jobs += options->jobs / 16 + 1) {
        planned = 0;
        for (uint64_t i = 0; i < options->seeds; i++)
            planned += cluster_plan_of(options->first + i, (uint32_t)options->jobs,
                                       (uint32_t)options->nodes)
                           .jobs;
    }
}

static void summarise(const char *who, const struct campaign *campaign, double lasted)
{
    const struct cluster_figures *f = &campaign->figures;

    printf("# %s: seeds %" PRIu64 ", jobs %" PRIu64 ", entries %" PRIu64 ", verdicts %" PRIu64
           ", disputes %" PRIu64 ", lies refused %" PRIu64 ", invariants broken %" PRIu64
           ", %.0f s\n",
           who, campaign->seeds, f->opened, f->entries, f->verdicts, f->disputes, f->lies,
           campaign->broken, lasted);
    (void)fflush(stdout);
}

// Every so-many-th seed, and further ones until this process has its share of the total.
static struct campaign run_share(const struct options *options, uint64_t process)
{
    struct campaign campaign = {0};
    const uint64_t share = (options->jobs_total + options->processes - 1) / options->processes;
    const double begun = seconds();
    char who[32];

    for (uint64_t i = process; i < options->seeds || campaign.figures.opened < share;
         i += options->processes)
        run_seed(options->first + i, options, &campaign);
    (void)snprintf(who, sizeof who, "process %" PRIu64, process);
    summarise(who, &campaign, seconds() - begun);
    return campaign;
}

static int start_process(const struct options *options, uint64_t process)
{
    int ends[2];

    (void)fflush(stdout);
    if (pipe(ends) != 0) abort();
    const pid_t child = fork();
    if (child < 0) abort();
    if (child == 0) {
        const struct campaign campaign = run_share(options, process);
        const bool is_told = write(ends[1], &campaign, sizeof campaign) == sizeof campaign;
        _exit(is_told && campaign.broken == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    (void)close(ends[1]);
    return ends[0];
}

// A process that ends without a word has broken something.
static struct campaign run_all(const struct options *options)
{
    struct campaign all = {0}, one;
    int answers[PROCESSES_MAX];

    if (options->processes == 1) return run_share(options, 0);
    for (uint64_t i = 0; i < options->processes; i++)
        answers[i] = start_process(options, i);
    for (uint64_t i = 0; i < options->processes; i++) {
        const bool is_told = read(answers[i], &one, sizeof one) == sizeof one;
        (void)close(answers[i]);
        if (is_told) {
            add(&all.figures, &one.figures);
            all.seeds += one.seeds;
            all.broken += one.broken;
        } else {
            all.broken++;
        }
    }
    while (wait(NULL) > 0)
        continue;
    return all;
}

// Equal stakes, marks that do not move, no disputes, a network that loses nothing: whoever is drawn
// answers, and nobody's weight ever changes.
static struct cluster_plan capture_plan(uint32_t permille, uint32_t quorum,
                                        const struct options *options)
{
    const uint32_t jobs = (uint32_t)options->capture;
    struct cluster_plan plan = cluster_plan_of(1, jobs, 200);
    const struct vch_parameters parameters = plan.parameters;

    plan = (struct cluster_plan){.seed = options->first << 16 | (permille + quorum),
                                 .nodes = 200,
                                 .jobs = jobs,
                                 .groups = 2,
                                 .operators_per_mille = 1000,
                                 .dishonest_permille = permille,
                                 .quorum = quorum,
                                 .job_every_ms = 150,
                                 .delay_ms = 50,
                                 .is_plain = true,
                                 .parameters = parameters};
    plan.roles[CLUSTER_COLLUDE] = true;
    plan.parameters.rounds = 1;
    plan.parameters.fault_factor = 65535;
    plan.parameters.success_factor = 65536;
    plan.parameters.trust_min = 65536;
    plan.parameters.trust_max = 65536;
    return plan;
}

static bool measure(uint32_t permille, uint32_t quorum, const struct options *options)
{
    static struct cluster world;
    const struct cluster_plan plan = capture_plan(permille, quorum, options);
    const uint32_t dishonest = plan.nodes * permille / 1000;
    char exact[VCH_CAPTURE_TEXT_SIZE];

    const bool holds = cluster_run(&world, &plan);
    const uint64_t units = vch_capture_equal(plan.nodes, dishonest, quorum);
    const double p = (double)units / 18446744073709551616.0, n = (double)world.figures.first_rounds;
    const double z = ((double)world.figures.captured - n * p) / sqrt(n * p * (1 - p));
    vch_capture_text(exact, units);
    printf("# %u of %u dishonest, committees of %u: %" PRIu64 " of %" PRIu64
           " captured (%.4f), exact %s (%.4f), z = %+.2f\n",
           dishonest, plan.nodes, quorum, world.figures.captured, world.figures.first_rounds,
           (double)world.figures.captured / n, exact, p, z);
    if (!holds) printf("# %s\n", world.trouble);
    const bool is_all = world.figures.first_rounds == plan.jobs &&
                        world.figures.captured == world.figures.first_captured;
    if (!is_all) printf("# not every committee was full, or a captured one gave a right verdict\n");
    cluster_release(&world);
    (void)fflush(stdout);
    return holds && is_all && fabs(z) < 4;
}

static bool read_number(uint64_t *out, const char *argument, const char *name)
{
    const size_t size = strlen(name);

    if (strncmp(argument, name, size) != 0) return false;
    *out = strtoull(argument + size, NULL, 0);
    return true;
}

static bool read_options(struct options *out, int argc, char **argv)
{
    const char *seed = getenv("VCH_SEED");

    if (seed != NULL) {
        out->first = strtoull(seed, NULL, 0);
        out->seeds = 1;
    }
    for (int i = 1; i < argc; i++)
        if (!read_number(&out->seeds, argv[i], "--seeds=") &&
            !read_number(&out->jobs, argv[i], "--jobs=") &&
            !read_number(&out->nodes, argv[i], "--nodes=") &&
            !read_number(&out->everything, argv[i], "--everything=") &&
            !read_number(&out->first, argv[i], "--first=") &&
            !read_number(&out->capture, argv[i], "--capture=") &&
            !read_number(&out->jobs_total, argv[i], "--jobs-total=") &&
            !read_number(&out->processes, argv[i], "--processes="))
            return false;
    return out->processes >= 1 && out->processes <= PROCESSES_MAX;
}

int main(int argc, char **argv)
{
    static const uint32_t CASES[][2] = {{100, 5}, {200, 5}, {200, 11}, {300, 7}};
    struct options options = {.seeds = 20, .jobs = 60, .capture = 300, .first = 1, .processes = 1};

    if (!read_options(&options, argc, argv)) {
        (void)fprintf(stderr,
                      "usage: %s [--seeds=N] [--jobs=N] [--nodes=N] [--first=SEED] "
                      "[--everything=1] [--capture=JOBS] [--jobs-total=N] [--processes=1 to %d]\n",
                      argv[0], PROCESSES_MAX);
        return EXIT_FAILURE;
    }
    const double begun = seconds();
    share_out(&options);
    const struct campaign all = run_all(&options);
    const bool holds = all.broken == 0;
    show("# all", &all.figures);
    summarise("all", &all, seconds() - begun);
    printf("%sok 1 - what agreement promises holds in %" PRIu64 " networks\n", holds ? "" : "not ",
           all.seeds);
    bool measured = true;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES && options.capture > 0; i++)
        measured = measure(CASES[i][0], CASES[i][1], &options) && measured;
    printf("%sok 2 - committees are captured as often as they should\n1..2\n",
           measured ? "" : "not ");
    printf("# %.0f s\n", seconds() - begun);
    return holds && measured ? EXIT_SUCCESS : EXIT_FAILURE;
}
