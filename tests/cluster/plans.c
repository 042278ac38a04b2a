// What a seed decides before anything happens.
#include "cluster/cluster.h"

static struct vch_parameters quick(void)
{
    struct vch_parameters p = vch_charter_default_parameters();

    p.epoch_ms = 1000;
    p.draw_ms = 4000;
    p.commit_ms = 12000;
    p.reveal_ms = 6000;
    p.dispute_ms = 40000;
    p.move_ms = 8000;
    p.unbonding_ms = 200000;
    p.job_ms_max = 120000;
    p.trials = 0;
    p.draw_all = 24;
    p.dispute_bond = 50;
    return p;
}

static void plan_faults(struct cluster_plan *plan, struct cluster_random *random)
{
    plan->drop_permille = cluster_random_below(random, 60);
    plan->twice_permille = cluster_random_below(random, 80);
    plan->delay_ms = 10 + cluster_random_below(random, 300);
    plan->partition_every_ms =
        cluster_random_chance(random, 500) ? 15000 + cluster_random_below(random, 60000) : 0;
    plan->crash_every_ms = cluster_random_chance(random, 700) ? 500 : 0;
    plan->client_permille = cluster_random_below(random, 100);
    plan->audit_permille = cluster_random_below(random, 500);
    plan->censor_permille = cluster_random_chance(random, 250) ? 50 : 0;
    plan->lie_every_ms = 5000;
    plan->is_forking = cluster_random_chance(random, 100);
    plan->has_new_registry = cluster_random_chance(random, 300);
}

struct cluster_plan cluster_plan_of(uint64_t seed, uint32_t jobs, uint32_t nodes)
{
    struct cluster_random random = {cluster_mix(seed, 77)};
    struct cluster_plan plan = {.seed = seed, .jobs = jobs, .parameters = quick()};

    plan.nodes = nodes > 0 ? nodes : 80 + cluster_random_below(&random, 240);
    if (nodes == 0 && seed % 20 == 7) { // thousands, for a part of the jobs
        plan.nodes = 1500 + cluster_random_below(&random, 2500);
        plan.jobs = jobs / 4 + 1;
    }
    if (seed % 10 == 3) { // real signatures: fewer
        plan.is_real = true;
        plan.nodes = plan.nodes > 40 ? 40 : plan.nodes;
        plan.jobs = jobs > 20 ? 20 : jobs;
    }
    plan.groups = 2 + (seed % 4 == 1);
    plan.operators_per_mille = 300 + cluster_random_below(&random, 701);
    plan.dishonest_permille = cluster_random_below(&random, 400);
    plan.quorum = (uint32_t[]){1, 3, 3, 5, 5, 5, 7, 11}[cluster_random_below(&random, 8)];
    plan.job_every_ms = 100 + cluster_random_below(&random, 200);
    plan.roles[CLUSTER_COLLUDE] = true;
    for (uint32_t i = 0; i < CLUSTER_ROLE_COUNT; i++)
        if (cluster_random_chance(&random, 600)) plan.roles[i] = true;
    plan_faults(&plan, &random);
    if (plan.is_real && seed % 20 == 3) plan.is_forking = true; // before the product's witnesses
    plan.has_trials = plan.nodes <= 150 && cluster_random_chance(&random, 400);
    plan.parameters.trials = plan.has_trials ? 1 : 0;
    plan.parameters.rounds = 1 + cluster_random_below(&random, 3);
    plan.parameters.referees = (uint32_t[]){3, 5, 7}[cluster_random_below(&random, 3)];
    return plan;
}

static void at_least(uint32_t *what, uint32_t least)
{
    if (*what < least) *what = least;
}

void cluster_plan_everything(struct cluster_plan *plan)
{
    for (uint32_t i = 0; i < CLUSTER_ROLE_COUNT; i++)
        plan->roles[i] = true;
    at_least(&plan->dishonest_permille, 150);
    at_least(&plan->drop_permille, 15);
    at_least(&plan->twice_permille, 15);
    at_least(&plan->delay_ms, 60);
    at_least(&plan->client_permille, 30);
    at_least(&plan->audit_permille, 150);
    at_least(&plan->censor_permille, 30);
    at_least(&plan->partition_every_ms, 25000);
    at_least(&plan->crash_every_ms, 500);
    plan->has_new_registry = true;
}
