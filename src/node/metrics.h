// What a node counts, and how it is shown to Prometheus.
#pragma once

#include <event2/buffer.h>
#include <stdint.h>

#include "base/status.h"

#define VCH_METRICS_BUCKETS 12

// Upper bounds 1 ms, 4 ms, 16 ms, ... and infinity.
struct vch_metrics_histogram {
    uint64_t buckets[VCH_METRICS_BUCKETS]; // not cumulative
    uint64_t count, sum_us;
};

//   X(field, Prometheus name, help)
#define VCH_METRICS_COUNTERS(X) \
    X(connections_accepted, "vouch_connections_accepted_total", "sockets accepted") \
    X(connections_refused, "vouch_connections_refused_total", \
      "sockets closed because too many were open") \
    X(handshakes_failed, "vouch_handshakes_failed_total", \
      "connections that never became an admitted peer") \
    X(streams_failed, "vouch_streams_failed_total", "streams ended by a fault or a limit") \
    X(jobs_admitted, "vouch_jobs_admitted_total", "requests admitted") \
    X(jobs_answered, "vouch_jobs_answered_total", "results sent to the last byte") \
    X(jobs_cancelled, "vouch_jobs_cancelled_total", \
      "requests cancelled by the client or its absence") \
    X(weights_opened, "vouch_weights_opened_total", \
      "sealed weights opened, after a release of their key") \
    X(inference_ended, "vouch_inference_ended_total", \
      "processes that computed and ended, by a crash or because the node ended them") \
    X(inference_stopped, "vouch_inference_stopped_total", \
      "of these, those that did not stop when they were told to") \
    X(evidence_shown, "vouch_evidence_shown_total", "times that this node showed what it is") \
    X(evidence_accepted, "vouch_evidence_accepted_total", \
      "verdicts by which clients hold up to the policy") \
    X(evidence_refused, "vouch_evidence_refused_total", \
      "clients whose evidence did not hold up, or did not come") \
    X(parser_failures, "vouch_parser_failures_total", \
      "processes that were to judge evidence and said no verdict") \
    X(bytes_in, "vouch_bytes_in_total", "bytes received inside TLS") \
    X(bytes_out, "vouch_bytes_out_total", "bytes sent inside TLS")

#define VCH_METRICS_CODES 16 // room for every enum vch_code

struct vch_metrics {
#define X(field, name, help) uint64_t field;
    VCH_METRICS_COUNTERS(X)
#undef X
    uint64_t refusals[VCH_METRICS_CODES]; // by enum vch_code
    struct vch_metrics_histogram compute, turnaround;
};

// What is true now, rather than counted.
struct vch_metrics_gauges {
    uint64_t connections, queue_depth, memory_used, memory_max, is_draining;
};

void vch_metrics_refuse(struct vch_metrics *metrics, enum vch_code code);
void vch_metrics_observe(struct vch_metrics_histogram *histogram, uint64_t us);

// The Prometheus text format, version 0.0.4.
void vch_metrics_write(struct evbuffer *out, const struct vch_metrics *metrics,
                       const struct vch_metrics_gauges *gauges);
