// The process that asks the hardware, taken over by what it read: nothing it says harms who
// listens.
#include "collect/hearing.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/test.h"

static struct vch_inquiry_reply reply;
static struct vch_cmw evidence, endorsements;
static struct vch_hearing question;
static struct vch_complaint complaint;
static struct vch_arena arena;
static uint8_t bytes[4096];
static size_t size;

// An honest answer of two collections.
static void start(void)
{
    struct vch_cmw items = {.count = 1};
    struct vch_cbor_writer writer = {.bytes = bytes, .room = sizeof bytes};

    items.items[0] = (struct vch_cmw_item){.label = "ak",
                                           .label_size = 2,
                                           .type = "a/b",
                                           .type_size = 3,
                                           .bytes = (const uint8_t *)"key",
                                           .size = 3};
    memset(&reply, 0, sizeof reply);
    reply.kind = VCH_BINDER_TPM;
    CHECK_OK(vch_cmw_write(&writer, &items));
    reply.evidence_size = (uint32_t)writer.size;
    CHECK_OK(vch_cmw_write(&writer, &items));
    reply.endorsements_size = (uint32_t)writer.size - reply.evidence_size;
    size = writer.size;
    complaint.text[0] = '\0';
}

// Says it and closes: whoever waits for more sees that there is none.
static vch_status hear(size_t reply_size)
{
    int ends[2];

    question =
        (struct vch_hearing){.evidence = &evidence, .endorsements = &endorsements, .arena = &arena};
    vch_arena_init(&arena, 1 << 20);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    CHECK_EQ(write(ends[1], &reply, reply_size), (ssize_t)reply_size);
    CHECK_EQ(write(ends[1], bytes, size), (ssize_t)size);
    CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
    vch_status status = vch_hearing_ask(&question, ends[0], 1000, &complaint);
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
    return status;
}

TEST(answer_is_heard)
{
    start();
    CHECK_OK(hear(sizeof reply));
    CHECK(question.reply.kind == VCH_BINDER_TPM && vch_cmw_find(&evidence, "ak") != NULL);
    CHECK(vch_cmw_find(&endorsements, "ak") != NULL);
    vch_arena_release(&arena);
    start();
    reply.status = VCH_FAIL(UNAVAILABLE);
    memset(reply.complaint.text, 'x', sizeof reply.complaint.text); // without an end
    CHECK_FAILS(hear(sizeof reply), UNAVAILABLE);
    CHECK_EQ(strlen(complaint.text), VCH_COMPLAINT_SIZE - 1);
    vch_arena_release(&arena);
}

TEST(answer_that_is_none_is_malformed)
{
    for (int lie = 0; lie < 6; lie++) {
        start();
        if (lie == 0) memset(&reply.kind, 0xff, sizeof reply.kind);
        if (lie == 1) memset(&reply.status, 0x7f, sizeof reply.status);
        if (lie == 2) reply.evidence_size = VCH_CMW_SIZE_MAX + 1;
        if (lie == 3) reply.endorsements_size = UINT32_MAX;
        if (lie == 4) reply.secret_size = VCH_TPM_CREDENTIAL_SECRET_MAX + 1;
        if (lie == 5) bytes[0] ^= 0xff; // no collection
        CHECK(!vch_is_ok(hear(sizeof reply)));
        vch_arena_release(&arena);
    }
}

TEST(answer_that_is_cut_is_truncated)
{
    start();
    reply.endorsements_size++;
    CHECK_FAILS(hear(sizeof reply), TRUNCATED);
    vch_arena_release(&arena);
    start();
    size = 0;
    for (size_t cut = 0; cut < sizeof reply; cut += 100) {
        CHECK_FAILS(hear(cut), TRUNCATED);
        vch_arena_release(&arena);
    }
}
