// What a proof of the verifiable random function takes its maker, and whoever checks it.
#include "crypto/vrf.h"

#include <stdio.h>
#include <time.h>

#include "harness/test.h"

enum { RUNS = 200, REPEATS = 5 };

static struct vch_vrf_secret key;
static struct vch_vrf_proof proof;
static struct vch_vrf_beta beta;
static const uint8_t alpha[32] = "as long as a transcript's digest";

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void prove(void)
{
    vch_vrf_prove(&proof, &key, alpha, sizeof alpha);
}

static void verify(void)
{
    CHECK_OK(vch_vrf_verify(&beta, &key.public_key, alpha, sizeof alpha, &proof));
}

static void follow(void)
{
    beta = vch_vrf_beta(&proof);
}

static double best_us(void (*run)(void))
{
    double best = 1e9;

    for (int i = 0; i < REPEATS; i++) {
        double before = seconds();
        for (int j = 0; j < RUNS; j++)
            run();
        double taken = (seconds() - before) / RUNS;
        if (taken < best) best = taken;
    }
    return 1e6 * best;
}

TEST(vrf_bench)
{
    static const uint8_t seed[VCH_VRF_SEED_SIZE] = {1};

    vch_vrf_key(&key, seed);
    double proving = best_us(prove), verifying = best_us(verify), following = best_us(follow);
    printf("vrf prove            %7.1f us\n", proving);
    printf("vrf verify           %7.1f us\n", verifying);
    printf("vrf beta of a proof  %7.1f us\n", following);
}
