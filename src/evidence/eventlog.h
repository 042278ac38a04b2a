// The log of a measured boot (TCG PC Client Platform Firmware Profile, crypto-agile form): what
// firmware and loader extended into the PCRs, in order. It is a claim; what makes it evidence is
// that its replay gives the PCRs of a quote.
#pragma once

#include "base/complaint.h"
#include "base/reader.h"
#include "crypto/hash.h"
#include "evidence/appraisal.h"

#define VCH_EVENTLOG_PCRS 24
#define VCH_EVENTLOG_SIZE_MAX (1u << 20)
#define VCH_EVENTLOG_ALGORITHMS_MAX 8
#define VCH_EVENTLOG_RULES_MAX 64

struct vch_eventlog_event {
    uint32_t pcr, type;
    struct vch_digest digest; // what was extended into the SHA-256 bank
    const uint8_t *data;      // borrowed
    uint32_t size;
    bool is_extended; // false: EV_NO_ACTION, which no PCR knows of
    bool is_bound;    // the digest is SHA-256 of the data; else the data may say anything
};

struct vch_eventlog {
    struct vch_reader reader;
    uint32_t algorithm_count;
    struct {
        uint16_t id, size;
    } algorithms[VCH_EVENTLOG_ALGORITHMS_MAX]; // in the order that every event has
};

struct vch_eventlog_rule {
    uint32_t pcr, type;
    struct vch_digest digest;
};

struct vch_eventlog_replay {
    struct vch_digest pcrs[VCH_EVENTLOG_PCRS];
    uint32_t touched; // bit i: the log extends PCR i
};

// Reads the head. Logs of the older form, with SHA-1 alone, are UNSUPPORTED.
vch_status vch_eventlog_open(struct vch_eventlog *out, const uint8_t *bytes, size_t size,
                             struct vch_complaint *complaint);

// The next event; *is_end where there is none.
vch_status vch_eventlog_next(struct vch_eventlog *log, struct vch_eventlog_event *out, bool *is_end,
                             struct vch_complaint *complaint);

// The PCRs that the log comes to.
vch_status vch_eventlog_run(struct vch_eventlog_replay *out, const uint8_t *bytes, size_t size,
                            struct vch_complaint *complaint);

// Checks "eventlog.replay" (each PCR of `mask` is what the log comes to), "eventlog.bound" (where
// its type says that the digest is of the data, it is), "eventlog.required" (each rule has its
// event). `pcrs` are VCH_EVENTLOG_PCRS values that a verified quote covers.
vch_status vch_eventlog_verify(struct vch_appraisal *appraisal, const uint8_t *bytes, size_t size,
                               const struct vch_digest *pcrs, uint32_t mask,
                               const struct vch_eventlog_rule *rules, uint32_t rule_count,
                               struct vch_complaint *complaint);
