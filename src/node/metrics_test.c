#include "node/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "harness/test.h"

static char *written(const struct vch_metrics *metrics)
{
    static char text[16384];
    struct vch_metrics_gauges gauges = {.connections = 3, .memory_max = 1000};
    struct evbuffer *out = evbuffer_new();

    CHECK(out != NULL);
    vch_metrics_write(out, metrics, &gauges);
    int size = evbuffer_remove(out, text, sizeof text - 1);
    CHECK(size > 0 && evbuffer_get_length(out) == 0);
    text[size] = '\0';
    evbuffer_free(out);
    return text;
}

static void check_line(const struct vch_metrics *metrics, const char *line)
{
    if (strstr(written(metrics), line) == NULL) test_fail(__FILE__, __LINE__, "no line %s", line);
}

TEST(metrics_are_shown_with_their_names)
{
    struct vch_metrics metrics = {.jobs_admitted = 5, .bytes_in = UINT64_MAX};

    vch_metrics_refuse(&metrics, VCH_CODE_BUSY);
    vch_metrics_refuse(&metrics, VCH_CODE_BUSY);
    check_line(&metrics, "\nvouch_jobs_admitted_total 5\n");
    check_line(&metrics, "\nvouch_bytes_in_total 18446744073709551615\n");
    check_line(&metrics, "\nvouch_refusals_total{reason=\"BUSY\"} 2\n");
    check_line(&metrics, "\nvouch_refusals_total{reason=\"TIMEOUT\"} 0\n");
    check_line(&metrics, "\nvouch_connections 3\n");
    check_line(&metrics, "# TYPE vouch_compute_seconds histogram\n");
}

TEST(metrics_histograms_are_cumulative_and_hold_their_edges)
{
    struct vch_metrics metrics = {0};

    vch_metrics_observe(&metrics.compute, 1000);     // le 1 ms
    vch_metrics_observe(&metrics.compute, 1001);     // le 4 ms
    vch_metrics_observe(&metrics.compute, 4000);     // le 4 ms
    vch_metrics_observe(&metrics.compute, 1u << 31); // le 4,194.304 s is the last but infinity
    check_line(&metrics, "vouch_compute_seconds_bucket{le=\"0.001000\"} 1\n");
    check_line(&metrics, "vouch_compute_seconds_bucket{le=\"0.004000\"} 3\n");
    check_line(&metrics, "vouch_compute_seconds_bucket{le=\"+Inf\"} 4\n");
    check_line(&metrics, "vouch_compute_seconds_sum 2147.489649\n");
    check_line(&metrics, "vouch_compute_seconds_count 4\n");
}
