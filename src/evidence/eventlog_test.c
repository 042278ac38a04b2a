#include "evidence/eventlog.h"

#include <string.h>

#include "base/bytes.h"
#include "harness/vector.h"

#define UBUNTU "eventlog/ubuntu-2104-no-secure-boot.bin"
enum { UBUNTU_MASK = 0x43ff }; // PCRs 0 to 9, and 14
enum { EVENTS_MAX = 256 };

// What the machine that made the log said of its PCRs (go-tpm-tools, server/eventlog_test.go).
static const struct {
    uint32_t pcr;
    const char *hex;
} ubuntu_pcrs[] = {
    {0, "24af52a4f429b71a3184a6d64cddad17e54ea030e2aa6576bf3a5a3d8bd3328f"},
    {1, "45ed8540f34db53220ef197e5fb8a3835b2095454349e445f397f13d91c509a5"},
    {2, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
    {3, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
    {4, "ebc7ae25d0347868250995c9a8fff16bf79e048453262d0ef2756e213c76181c"},
    {5, "47715f9f2c10769da6ee23be5633fd88e247caf162f4eeb0b6f8482ccfeadfb5"},
    {6, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969"},
    {7, "0d8847bc5eca06452df10e2f214363845c7ac11d47525a5474e225e72ce25dfe"},
    {8, "b9a324947de94ec2fd4b04483ecfcb37dfdd520a7c0ecf73c77bf2595549c84f"},
    {9, "adb87be3efd96cc3a2f66b8aa7564f9727563ef494a95d571a3f38ff4afb25dd"},
    {14, "8351c65483c5419079e8c96758dd2130bee075d71fea226f68ec4eb5bfc71983"},
};

static struct vector file, lie;
static struct vch_appraisal appraisal;
static struct vch_digest pcrs[VCH_EVENTLOG_PCRS];
static size_t starts[EVENTS_MAX + 1]; // of each event, and the end
static struct vch_eventlog_event events[EVENTS_MAX];
static uint32_t event_count;

static void read_ubuntu(void)
{
    struct vch_eventlog log;
    bool is_end = false;

    memset(pcrs, 0, sizeof pcrs);
    FOR_EACH(p, ubuntu_pcrs)
    CHECK_OK(vch_hex_decode(pcrs[p->pcr].bytes, VCH_DIGEST_SIZE, p->hex));
    vector_read(&file, UBUNTU);
    CHECK_OK(vch_eventlog_open(&log, file.bytes, file.size, NULL));
    for (event_count = 0; !is_end; event_count++) {
        CHECK(event_count < EVENTS_MAX);
        starts[event_count] = log.reader.offset;
        CHECK_OK(vch_eventlog_next(&log, &events[event_count], &is_end, NULL));
    }
    event_count--;
}

static vch_status verify(const struct vector *log, const struct vch_eventlog_rule *rules,
                         uint32_t rule_count)
{
    struct vch_complaint complaint = {0};

    vch_appraisal_init(&appraisal);
    vch_status status = vch_eventlog_verify(&appraisal, log->bytes, log->size, pcrs, UBUNTU_MASK,
                                            rules, rule_count, &complaint);
    CHECK(vch_is_ok(status) || status.code == VCH_CODE_REFUSED || complaint.text[0] != '\0');
    return status;
}

static void check_refused_by(const struct vector *log, const char *name)
{
    CHECK_FAILS(verify(log, NULL, 0), REFUSED);
    CHECK_EQ(vch_appraisal_find(&appraisal, name)->result, VCH_APPRAISAL_FAILED);
}

static void lie_begin(void)
{
    lie.size = 0;
}

static void lie_add(size_t from, size_t to)
{
    memcpy(lie.bytes + lie.size, file.bytes + from, to - from);
    lie.size += to - from;
}

TEST(log_comes_to_the_pcrs_of_the_machine_that_made_it)
{
    read_ubuntu();
    CHECK_OK(verify(&file, NULL, 0));
    CHECK_EQ(appraisal.count, 3);
    CHECK(event_count > 50);
}

TEST(log_with_an_event_removed_added_or_moved_is_refused)
{
    read_ubuntu();
    for (uint32_t i = 0; i < event_count; i++) {
        if (!events[i].is_extended) continue;
        lie_begin(); // without it
        lie_add(0, starts[i]);
        lie_add(starts[i + 1], file.size);
        check_refused_by(&lie, "eventlog.replay");
        lie_begin(); // twice
        lie_add(0, starts[i + 1]);
        lie_add(starts[i], file.size);
        check_refused_by(&lie, "eventlog.replay");
        uint32_t k = i + 1; // after the next that is of the same PCR and says something else
        while (k < event_count && (events[k].pcr != events[i].pcr || !events[k].is_extended ||
                                   vch_hash_is_equal(&events[k].digest, &events[i].digest)))
            k++;
        if (k == event_count) continue;
        lie_begin();
        lie_add(0, starts[i]);
        lie_add(starts[i + 1], starts[k + 1]);
        lie_add(starts[i], starts[i + 1]);
        lie_add(starts[k + 1], file.size);
        check_refused_by(&lie, "eventlog.replay");
    }
}

// Digests of other algorithms, and data that no digest is of, are not what the quote covers.
TEST(log_with_a_byte_of_a_digest_or_of_bound_data_altered_is_refused)
{
    read_ubuntu();
    for (uint32_t i = 0; i < event_count; i++) {
        size_t digest = starts[i];
        if (!events[i].is_extended) continue;
        while (memcmp(file.bytes + digest, events[i].digest.bytes, VCH_DIGEST_SIZE) != 0)
            digest++;
        for (size_t k = 0; k < VCH_DIGEST_SIZE; k++) {
            file.bytes[digest + k] ^= 0x40;
            check_refused_by(&file, "eventlog.replay");
            file.bytes[digest + k] ^= 0x40;
        }
        if (!events[i].is_bound || events[i].size == 0) continue;
        size_t at = starts[i + 1] - 1 - test_below(events[i].size);
        struct vch_eventlog log;
        struct vch_eventlog_event event;
        bool is_end;
        file.bytes[at] ^= 0x40;
        log = (struct vch_eventlog){0};
        CHECK_OK(vch_eventlog_open(&log, file.bytes, file.size, NULL));
        log.reader.offset = starts[i];
        CHECK_OK(vch_eventlog_next(&log, &event, &is_end, NULL));
        CHECK(!event.is_bound);
        file.bytes[at] ^= 0x40;
    }
    CHECK_OK(verify(&file, NULL, 0));
}

TEST(separator_whose_data_was_altered_is_refused)
{
    bool is_found = false;

    read_ubuntu();
    for (uint32_t i = 0; i < event_count; i++) {
        if (events[i].type != 4) continue;
        is_found = true;
        file.bytes[starts[i + 1] - 1] ^= 1;
        check_refused_by(&file, "eventlog.bound");
        file.bytes[starts[i + 1] - 1] ^= 1;
    }
    CHECK(is_found);
}

TEST(log_cut_anywhere_is_refused)
{
    read_ubuntu();
    size_t whole = file.size;
    for (file.size = 0; file.size < whole; file.size += 1 + test_below(29)) {
        vch_status status = verify(&file, NULL, 0);
        CHECK(!vch_is_ok(status));
    }
    for (uint32_t i = 0; i < event_count; i++) { // between events
        file.size = starts[i];
        CHECK_FAILS(verify(&file, NULL, 0), REFUSED);
    }
}

TEST(log_that_replays_without_the_policys_event_is_refused)
{
    read_ubuntu();
    uint32_t last = event_count - 1;
    while (!events[last].is_extended)
        last--;
    struct vch_eventlog_rule rules[] = {{events[last].pcr, events[last].type, events[last].digest},
                                        {events[last].pcr, events[last].type, events[last].digest}};
    CHECK_OK(verify(&file, rules, 2));
    rules[1].digest.bytes[0] ^= 1;
    CHECK_FAILS(verify(&file, rules, 2), REFUSED);
    CHECK_EQ(vch_appraisal_find(&appraisal, "eventlog.required")->result, VCH_APPRAISAL_FAILED);
    CHECK_EQ(vch_appraisal_find(&appraisal, "eventlog.replay")->result, VCH_APPRAISAL_PASSED);
    rules[1].digest.bytes[0] ^= 1;
    rules[1].pcr++; // of another PCR
    CHECK_FAILS(verify(&file, rules, 2), REFUSED);
}

TEST(required_event_of_a_pcr_that_nobody_quoted_counts_for_nothing)
{
    struct vch_complaint complaint = {0};

    read_ubuntu();
    uint32_t last = event_count - 1;
    while (!events[last].is_extended)
        last--;
    struct vch_eventlog_rule rule = {events[last].pcr, events[last].type, events[last].digest};
    vch_appraisal_init(&appraisal);
    CHECK_FAILS(vch_eventlog_verify(&appraisal, file.bytes, file.size, pcrs,
                                    UBUNTU_MASK & ~(1u << rule.pcr), &rule, 1, &complaint),
                REFUSED);
    CHECK_EQ(vch_appraisal_find(&appraisal, "eventlog.required")->result, VCH_APPRAISAL_FAILED);
    vch_appraisal_init(&appraisal); // and a log held against no PCR is held against nothing
    CHECK_FAILS(
        vch_eventlog_verify(&appraisal, file.bytes, file.size, pcrs, 0, NULL, 0, &complaint),
        REFUSED);
}

TEST(log_of_the_older_form_is_not_supported)
{
    struct vch_complaint complaint = {0};
    struct vch_eventlog_replay replay;

    vector_read(&file, "eventlog/debian-10.bin");
    CHECK_FAILS(vch_eventlog_run(&replay, file.bytes, file.size, &complaint), UNSUPPORTED);
    CHECK(strstr(complaint.text, "SHA-256") != NULL);
}

// Logs made here. The head has SHA-256 alone.
static void put(const void *bytes, size_t size)
{
    memcpy(lie.bytes + lie.size, bytes, size);
    lie.size += size;
}

static void put_u32(uint32_t value)
{
    uint8_t bytes[4];

    vch_put_u32le(bytes, value);
    put(bytes, sizeof bytes);
}

static void put_head(void)
{
    static const uint8_t zeroes[20];
    static const uint8_t spec[] = "Spec ID Event03\0\0\0\0\0\0\2\0\2\1\0\0\0\x0b\0\x20\0";

    lie_begin();
    put_u32(0);
    put_u32(3);
    put(zeroes, sizeof zeroes);
    put_u32(sizeof spec); // the literal's NUL is the vendor's part, of no bytes
    put(spec, sizeof spec);
}

static void put_event(uint32_t pcr, uint32_t type, const struct vch_digest *digest,
                      const void *data, uint32_t size)
{
    put_u32(pcr);
    put_u32(type);
    put_u32(1);
    put("\x0b", 2);
    put(digest->bytes, sizeof digest->bytes);
    put_u32(size);
    put(data, size);
}

TEST(locality_of_the_start_is_where_pcr_0_begins)
{
    static const struct vch_digest none;
    struct vch_digest digest = vch_hash_bytes("x", 1), begun[2] = {0};
    struct vch_eventlog_replay replay;
    uint8_t notice[17] = "StartupLocality";

    for (uint8_t locality = 0; locality < 6; locality++) {
        bool is_known = locality == 0 || locality == 3 || locality == 4;
        notice[16] = locality;
        put_head();
        put_event(0, 3, &none, notice, sizeof notice);
        put_event(0, 8, &digest, "x", 1);
        CHECK_CODE(vch_eventlog_run(&replay, lie.bytes, lie.size, NULL),
                   is_known ? VCH_CODE_NONE : VCH_CODE_MALFORMED);
        if (!is_known) continue;
        begun[0].bytes[VCH_DIGEST_SIZE - 1] = locality;
        begun[1] = digest;
        struct vch_digest expected = vch_hash_bytes(begun, sizeof begun);
        CHECK(vch_hash_is_equal(&replay.pcrs[0], &expected));
        CHECK_EQ(replay.touched, 1);
    }
    put_event(0, 3, &none, notice, sizeof notice); // too late
    CHECK_FAILS(vch_eventlog_run(&replay, lie.bytes, lie.size, NULL), MALFORMED);
}

TEST(event_of_a_pcr_that_no_tpm_has_is_malformed)
{
    struct vch_digest digest = vch_hash_bytes("x", 1);
    struct vch_eventlog_replay replay;

    put_head();
    put_event(24, 8, &digest, "x", 1);
    CHECK_FAILS(vch_eventlog_run(&replay, lie.bytes, lie.size, NULL), MALFORMED);
    put_head();
    put_event(0xffffffff, 3, &digest, "x", 1); // but for notices
    CHECK_OK(vch_eventlog_run(&replay, lie.bytes, lie.size, NULL));
}

TEST(event_with_a_size_beyond_the_log_is_truncated)
{
    struct vch_digest digest = vch_hash_bytes("x", 1);
    struct vch_eventlog_replay replay;

    put_head();
    size_t at = lie.size + 4 + 4 + 4 + 2 + VCH_DIGEST_SIZE;
    put_event(0, 8, &digest, "x", 1);
    vch_put_u32le(lie.bytes + at, 0xffffffff);
    CHECK_FAILS(vch_eventlog_run(&replay, lie.bytes, lie.size, NULL), TRUNCATED);
}
