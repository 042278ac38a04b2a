// Records: their bytes, and parts that do not belong together.
#include "attest/record.h"

#include <string.h>

#include "harness/results.h"

static uint8_t bytes[RESULTS_RECORD_ROOM];
static struct results scene;

static size_t make(enum vch_binder_kind kind)
{
    results_init(&scene, kind);
    results_answer(&scene);
    size_t size = results_record(&scene, bytes);
    results_release(&scene);
    return size;
}

static vch_status decode(size_t size)
{
    struct vch_complaint complaint = {{0}};
    struct vch_record record;
    vch_status status = vch_record_decode(&record, bytes, size, &complaint);

    CHECK(vch_is_ok(status) == (complaint.text[0] == '\0'));
    return status;
}

TEST(record_holds_block_and_response_as_they_were)
{
    struct vch_record record;
    size_t size = make(VCH_BINDER_TPM);

    CHECK(memcmp(bytes, "vouch evidence1\n", 16) == 0);
    CHECK_OK(vch_record_decode(&record, bytes, size, NULL));
    CHECK(record.binder == bytes + 16 && record.response == bytes + 292);
    CHECK(record.response_size == size - 292);
    CHECK(memcmp(record.binder, scene.bytes, VCH_BINDER_SIZE) == 0);
}

TEST(record_is_refused_where_it_is_cut_or_longer)
{
    size_t size = make(VCH_BINDER_TPM);

    for (size_t cut = 0; cut < size; cut++)
        CHECK(!vch_is_ok(decode(cut)));
    bytes[size] = 0;
    CHECK_FAILS(decode(size + 1), MALFORMED);
    CHECK_OK(decode(size));
}

// What of the block the response speaks of too: kind, statement, sealing key. The rest is for
// evidence to show.
TEST(record_is_refused_where_block_and_response_are_of_two)
{
    size_t size = make(VCH_BINDER_NONE);
    static const size_t places[] = {0, 16 + 19, 16 + 148, 16 + 212};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        bytes[places[i]] ^= 3;
        CHECK_FAILS(decode(size), MALFORMED);
        bytes[places[i]] ^= 3;
    }
    bytes[16 + 20] ^= 1;
    CHECK_OK(decode(size));
}

TEST(record_that_would_not_be_read_is_not_written)
{
    struct vch_record record;
    size_t size = make(VCH_BINDER_NONE), written = 0;
    static uint8_t out[RESULTS_RECORD_ROOM];

    CHECK_OK(vch_record_decode(&record, bytes, size, NULL));
    CHECK_FAILS(vch_record_encode(out, size - 1, &written, &record), LIMIT);
    record.response_size--;
    CHECK_FAILS(vch_record_encode(out, sizeof out, &written, &record), USAGE);
}
