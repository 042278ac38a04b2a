#include "node/metrics.h"

#include <inttypes.h>
#include <string.h>

static const char *const CODE_LABELS[] = {
#define X(name, text) #name,
    VCH_CODES(X)
#undef X
};
enum { CODE_COUNT = sizeof CODE_LABELS / sizeof *CODE_LABELS };
_Static_assert(CODE_COUNT <= VCH_METRICS_CODES, "every code has its counter");

void vch_metrics_refuse(struct vch_metrics *metrics, enum vch_code code)
{
    if ((unsigned)code < CODE_COUNT) metrics->refusals[code]++;
}

static uint64_t bucket_limit_us(int bucket)
{
    return (uint64_t)1000 << (2 * bucket);
}

void vch_metrics_observe(struct vch_metrics_histogram *histogram, uint64_t us)
{
    int bucket = 0;

    while (bucket < VCH_METRICS_BUCKETS - 1 && us > bucket_limit_us(bucket))
        bucket++;
    histogram->buckets[bucket]++;
    histogram->count++;
    histogram->sum_us += us;
}

static void write_head(struct evbuffer *out, const char *name, const char *help, const char *type)
{
    (void)evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_value(struct evbuffer *out, const char *name, const char *help, const char *type,
                        uint64_t value)
{
    write_head(out, name, help, type);
    (void)evbuffer_add_printf(out, "%s %" PRIu64 "\n", name, value);
}

static void write_seconds(struct evbuffer *out, uint64_t us)
{
    (void)evbuffer_add_printf(out, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

static void write_histogram(struct evbuffer *out, const char *name, const char *help,
                            const struct vch_metrics_histogram *histogram)
{
    uint64_t total = 0;

    write_head(out, name, help, "histogram");
    for (int i = 0; i < VCH_METRICS_BUCKETS; i++) {
        total += histogram->buckets[i];
        (void)evbuffer_add_printf(out, "%s_bucket{le=\"", name);
        if (i == VCH_METRICS_BUCKETS - 1)
            (void)evbuffer_add_printf(out, "+Inf");
        else
            write_seconds(out, bucket_limit_us(i));
        (void)evbuffer_add_printf(out, "\"} %" PRIu64 "\n", total);
    }
    (void)evbuffer_add_printf(out, "%s_sum ", name);
    write_seconds(out, histogram->sum_us);
    (void)evbuffer_add_printf(out, "\n%s_count %" PRIu64 "\n", name, histogram->count);
}

static void write_refusals(struct evbuffer *out, const struct vch_metrics *metrics)
{
    write_head(out, "vouch_refusals_total", "requests and streams refused, by reason", "counter");
    for (int code = 1; code < CODE_COUNT; code++)
        (void)evbuffer_add_printf(out, "vouch_refusals_total{reason=\"%s\"} %" PRIu64 "\n",
                                  CODE_LABELS[code], metrics->refusals[code]);
}

void vch_metrics_write(struct evbuffer *out, const struct vch_metrics *metrics,
                       const struct vch_metrics_gauges *gauges)
{
#define X(field, name, help) write_value(out, name, help, "counter", metrics->field);
    VCH_METRICS_COUNTERS(X)
#undef X
    write_refusals(out, metrics);
    write_value(out, "vouch_connections", "open connections", "gauge", gauges->connections);
    write_value(out, "vouch_queue_depth", "requests waiting for the worker or with it", "gauge",
                gauges->queue_depth);
    write_value(out, "vouch_memory_used_bytes", "memory set aside for requests", "gauge",
                gauges->memory_used);
    write_value(out, "vouch_memory_max_bytes", "memory that requests may take together", "gauge",
                gauges->memory_max);
    write_value(out, "vouch_draining", "1 while the node finishes its work to stop", "gauge",
                gauges->is_draining);
    write_histogram(out, "vouch_compute_seconds", "time to compute a request", &metrics->compute);
    write_histogram(out, "vouch_turnaround_seconds",
                    "time from admission to the last byte of the result", &metrics->turnaround);
}
