// Boot logs from anywhere.
#include "base/check.h"
#include "evidence/eventlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_eventlog_replay replay;
    struct vch_appraisal appraisal;
    struct vch_complaint complaint = {0};
    vch_status status = vch_eventlog_run(&replay, data, size, &complaint);

    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status)) return 0;
    VCH_ASSERT(replay.touched < 1u << VCH_EVENTLOG_PCRS);
    vch_appraisal_init(&appraisal); // what it comes to, it comes to again
    (void)vch_eventlog_verify(&appraisal, data, size, replay.pcrs, 0xffffff, NULL, 0, NULL);
    VCH_ASSERT(vch_appraisal_find(&appraisal, "eventlog.replay")->result == VCH_APPRAISAL_PASSED);
    replay.pcrs[0].bytes[0] ^= 1;
    vch_appraisal_init(&appraisal);
    status = vch_eventlog_verify(&appraisal, data, size, replay.pcrs, 0xffffff, NULL, 0, NULL);
    VCH_ASSERT(!vch_is_ok(status));
    return 0;
}
