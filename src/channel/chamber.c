#include "channel/chamber.h"

#include <poll.h>
#include <unistd.h>

#include "base/check.h"
#include "channel/verdict.h"
#include "host/clock.h"

// What the process that judges is told.
struct question {
    uint32_t judge;
    struct vch_asker_answer answer; // its bytes follow
};

static int judge_one(int channel, void *context)
{
    const struct vch_chamber_court *court = context;
    static uint8_t bytes[VCH_EXCHANGE_SIZE_MAX], said[VCH_VERDICT_SIZE];
    struct vch_asker_verdict verdict;
    struct question question;

    if (!vch_is_ok(vch_child_read(channel, &question, sizeof question))) return 0; // never asked
    if (question.judge >= court->judge_count || question.answer.size > sizeof bytes) return 1;
    if (!vch_is_ok(vch_child_read(channel, bytes, question.answer.size))) return 1;
    question.answer.bytes = bytes;
    court->judge(&verdict, court->judges[question.judge], &question.answer);
    vch_verdict_encode(said, &verdict);
    return vch_is_ok(vch_child_write(channel, said, sizeof said)) ? 0 : 1;
}

vch_status vch_chamber_new(struct vch_chamber *out, const struct vch_chamber_court *court,
                           struct vch_complaint *complaint)
{
    const struct vch_profile profile = vch_profile_parser();

    *out = (struct vch_chamber){.judge = {.channel = -1}};
    return vch_starter_new_inside(&out->starter, &profile, judge_one, (void *)(uintptr_t)court,
                                  complaint); // which is only read
}

// One that was killed while it waited has met no evidence: it is no evidence's fault.
static bool is_waiting(const struct vch_chamber *chamber)
{
    struct pollfd end = {.fd = chamber->judge.channel, .events = POLLIN};

    return end.fd >= 0 && !chamber->is_used && poll(&end, 1, 0) == 0;
}

static vch_status end(struct vch_chamber *chamber, struct vch_complaint *complaint)
{
    chamber->is_used = false;
    return vch_starter_end(&chamber->starter, &chamber->judge, complaint);
}

static vch_status stop(struct vch_chamber *chamber, struct vch_complaint *complaint)
{
    chamber->is_used = false;
    return vch_starter_stop(&chamber->starter, &chamber->judge, complaint);
}

vch_status vch_chamber_prepare(struct vch_chamber *chamber, struct vch_complaint *complaint)
{
    if (is_waiting(chamber)) return VCH_OK;
    vch_chamber_clear(chamber);
    return vch_starter_start(&chamber->starter, &chamber->judge, complaint);
}

// TIMEOUT where nothing comes, or not all of it, in time.
static vch_status hear(int channel, uint8_t said[static VCH_VERDICT_SIZE], uint32_t patience_ms,
                       int stop_descriptor)
{
    const uint64_t start_ms = vch_clock_monotonic_ms();
    struct pollfd ends[2] = {{.fd = channel, .events = POLLIN},
                             {.fd = stop_descriptor, .events = POLLIN}};

    for (size_t done = 0; done < VCH_VERDICT_SIZE;) {
        uint64_t spent_ms = vch_clock_monotonic_ms() - start_ms;
        if (spent_ms >= patience_ms) return VCH_FAIL(TIMEOUT);
        if (poll(ends, 2, (int)(patience_ms - spent_ms)) <= 0) continue;
        if (ends[0].revents == 0) return VCH_FAIL(BUSY);
        ssize_t got = read(channel, said + done, VCH_VERDICT_SIZE - done);
        if (got <= 0) return VCH_FAIL(TRUNCATED);
        done += (size_t)got;
    }
    return VCH_OK;
}

static vch_status converse(struct vch_matter *matter, int channel, uint32_t patience_ms,
                           int stop_descriptor)
{
    const struct question question = {matter->judge, matter->answer};
    uint8_t said[VCH_VERDICT_SIZE];

    VCH_TRY(vch_child_write(channel, &question, sizeof question));
    VCH_TRY(vch_child_write(channel, matter->bytes, matter->answer.size));
    VCH_TRY(hear(channel, said, patience_ms, stop_descriptor));
    return vch_verdict_decode(&matter->verdict, said, &matter->answer);
}

vch_status vch_chamber_judge(struct vch_chamber *chamber, struct vch_matter *matter,
                             uint32_t patience_ms, int stop_descriptor,
                             struct vch_complaint *complaint)
{
    VCH_TRY(vch_chamber_prepare(chamber, complaint));
    chamber->is_used = true;
    vch_status status = converse(matter, chamber->judge.channel, patience_ms, stop_descriptor);
    if (vch_is_ok(status)) return VCH_OK; // how it ends after that does not matter
    bool is_at_it = status.code == VCH_CODE_TIMEOUT || status.code == VCH_CODE_BUSY;
    vch_status ended = is_at_it ? stop(chamber, complaint) : end(chamber, complaint);
    if (vch_is_ok(ended) || status.code == VCH_CODE_MALFORMED) {
        complaint->text[0] = '\0';
        return vch_complain(complaint, status.code, "it said no verdict");
    }
    return status;
}

void vch_chamber_clear(struct vch_chamber *chamber)
{
    if (chamber->judge.channel < 0) return;
    vch_status status = end(chamber, NULL);
    (void)status; // what it said was taken, or nothing was asked
}

void vch_chamber_free(struct vch_chamber *chamber)
{
    if (chamber->starter.pid <= 0) return;
    vch_chamber_clear(chamber);
    vch_starter_free(&chamber->starter);
}
