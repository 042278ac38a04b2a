#include "voucher/voucher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/test.h"
#include "harness/vouchers.h"
#include "message/message.h"
#include "schema/voucher.pb-c.h"

static struct vouchers v;

static vch_status encode(void)
{
    v.complaint.text[0] = '\0';
    return vch_voucher_encode(&v.bytes, &v.size, &v.voucher, &v.client, &v.arena, &v.complaint);
}

static vch_status decode(struct vch_voucher *out)
{
    v.complaint.text[0] = '\0';
    return vch_voucher_decode(out, v.bytes, v.size, &v.arena, &v.complaint);
}

TEST(voucher_decodes_what_it_encoded)
{
    struct vch_voucher out;

    vouchers_init_honest(&v);
    CHECK_OK(decode(&out));
    CHECK_EQ(out.job_size, v.voucher.job_size);
    CHECK(memcmp(out.job_bytes, v.voucher.job_bytes, out.job_size) == 0); // job_test decodes them
    CHECK_EQ(out.job.segment_count, v.job.segment_count);
    CHECK(vch_hash_is_equal(&out.job_id, &v.job_id));
    CHECK(vch_hash_is_equal(&out.registry.digest, &v.registry.digest));
    CHECK(vch_hash_is_equal(&out.output, &v.voucher.output));
    CHECK_EQ(out.finished_ms, 1500);
    CHECK_EQ(out.result_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_EQ(out.results[i].segment, i + 1);
        CHECK_EQ(out.results[i].vote_count, 3);
        CHECK(memcmp(out.results[i].votes, v.votes[i + 1], 3 * sizeof(struct vch_vote)) == 0);
    }
    CHECK_OK(vch_sign_verify(&out.job.client, &out.signed_digest, &out.client_signature));
    vouchers_release(&v);
}

TEST(voucher_keeps_what_the_client_says_of_faulty_nodes)
{
    struct vch_voucher out;
    struct vch_fault faults[] = {{.kind = VCH_FAULT_SILENT}, {.kind = VCH_FAULT_BAD_INPUT}};

    vouchers_init(&v);
    faults[0].node = faults[1].node = v.nodes[0].public_key;
    vouchers_vote_all(&v);
    v.results[0].faults = faults;
    v.results[0].fault_count = 2;
    vouchers_sign(&v);
    CHECK_OK(decode(&out));
    CHECK_EQ(out.results[0].fault_count, 2);
    CHECK(memcmp(out.results[0].faults, faults, sizeof faults) == 0);

    faults[0].kind = VCH_FAULT_BAD_INPUT; // the same twice
    CHECK_FAILS(encode(), MALFORMED);
    faults[1].kind = VCH_FAULT_SILENT; // descending
    CHECK_FAILS(encode(), MALFORMED);
    faults[0].kind = (enum vch_fault_kind)8;
    CHECK_FAILS(encode(), MALFORMED);
    vouchers_release(&v);
}

TEST(voucher_is_signed_by_the_client_of_its_job_only)
{
    vouchers_init_honest(&v);
    v.client = v.stranger;
    CHECK_FAILS(encode(), REFUSED);
    vouchers_release(&v);
}

TEST(voucher_refuses_results_that_are_out_of_order_or_of_no_network_segment)
{
    vouchers_init_honest(&v);
    struct vch_segment_result first = v.results[0], second = v.results[1];

    v.results[0] = second, v.results[1] = first;
    CHECK_FAILS(encode(), MALFORMED);
    v.results[0] = first, v.results[1] = first;
    CHECK_FAILS(encode(), MALFORMED);
    v.results[0] = first, v.results[1] = second;
    v.results[0].segment = 0; // the client's
    CHECK_FAILS(encode(), MALFORMED);
    v.results[0] = first;
    v.results[1].segment = 4; // there is none
    CHECK_FAILS(encode(), MALFORMED);
    vouchers_release(&v);
}

TEST(voucher_refuses_votes_out_of_order_or_twice)
{
    vouchers_init_honest(&v);
    struct vch_vote *votes = v.votes[1], first = votes[0];

    votes[0] = votes[1], votes[1] = first;
    CHECK_FAILS(encode(), MALFORMED);
    votes[0] = first;
    CHECK_FAILS(encode(), MALFORMED);
    vouchers_release(&v);
}

TEST(voucher_refuses_a_job_or_registry_that_is_none)
{
    vouchers_init_honest(&v);
    v.voucher.job_size--;
    CHECK(!vch_is_ok(encode()));
    v.voucher.job_size++;
    v.voucher.registry_size--;
    CHECK(!vch_is_ok(encode()));
    v.voucher.registry_size++;
    v.voucher.commitment_kind = (enum vch_commitment_kind)2;
    CHECK_FAILS(encode(), UNSUPPORTED);
    vouchers_release(&v);
}

static struct vch_segment_proof proof;

// A voucher whose segments 0 (the client's) and 1 (by nodes) carry proofs, as far as form goes.
static void tell_proofs(void)
{
    static const uint8_t annex[] = "an annex", bytes[] = "a proof";

    vouchers_init(&v);
    v.job.commitment_kind = VCH_COMMITMENT_MATRIX;
    v.job.log_columns = 9;
    vouchers_vote_all(&v);
    proof = (struct vch_segment_proof){.input_root = vouchers_digest("root 0"),
                                       .output_root = vouchers_digest("root 1"),
                                       .annex = annex,
                                       .proof = bytes,
                                       .annex_size = sizeof annex,
                                       .proof_size = sizeof bytes};
    memmove(&v.results[1], &v.results[0], v.voucher.result_count++ * sizeof v.results[0]);
    v.results[0] = (struct vch_segment_result){.segment = 0, .proof = &proof};
    v.results[1].proof = &proof;
}

static void check_proof(const struct vch_segment_proof *found)
{
    CHECK(vch_hash_is_equal(&found->input_root, &proof.input_root));
    CHECK(vch_hash_is_equal(&found->output_root, &proof.output_root));
    CHECK_EQ(found->annex_size, proof.annex_size);
    CHECK_EQ(found->proof_size, proof.proof_size);
    CHECK(memcmp(found->annex, proof.annex, proof.annex_size) == 0);
    CHECK(memcmp(found->proof, proof.proof, proof.proof_size) == 0);
}

TEST(voucher_decodes_the_proofs_that_it_encoded)
{
    struct vch_voucher out;

    tell_proofs();
    vouchers_sign(&v);
    CHECK_OK(decode(&out));
    CHECK_EQ(out.log_columns, 9);
    CHECK_EQ(out.result_count, 3);
    check_proof(out.results[0].proof);
    check_proof(out.results[1].proof);
    CHECK(out.results[2].proof == NULL);
    vouchers_release(&v);
}

TEST(voucher_refuses_proofs_where_none_can_be)
{
    tell_proofs();
    v.results[0].proof = NULL; // nothing is said of what the client ran
    CHECK_FAILS(encode(), MALFORMED);
    v.results[0].proof = &proof;
    v.results[0].vote_count = 1; // or too much
    v.results[0].votes = v.votes[1];
    CHECK_FAILS(encode(), MALFORMED);
    v.results[0].vote_count = 0;
    proof.annex_size = 0;
    CHECK_FAILS(encode(), MALFORMED);
    proof.annex_size = 1;
    proof.proof_size = 0;
    CHECK_FAILS(encode(), MALFORMED);
    proof.proof_size = 1;
    CHECK_OK(encode());
    v.voucher.log_columns = 10;
    CHECK_FAILS(encode(), UNSUPPORTED);
    v.job.commitment_kind = v.voucher.commitment_kind = VCH_COMMITMENT_SHA256;
    v.job.log_columns = v.voucher.log_columns = 0;
    uint8_t *bytes = NULL;
    CHECK_OK(vch_job_encode(&bytes, &v.voucher.job_size, &v.job, &v.arena, &v.complaint));
    v.voucher.job_bytes = bytes;
    CHECK_FAILS(encode(), MALFORMED);
    vouchers_release(&v);
}

// What decoding refuses must not rest on encoding having refused it.
static Vouch__Voucher *unpacked_example(void)
{
    ProtobufCMessage *message = NULL;

    vouchers_release(&v);
    vouchers_init_honest(&v);
    CHECK_OK(vch_message_unpack(&message, &vouch__voucher__descriptor, v.bytes, v.size, "voucher",
                                &v.arena, &v.complaint));
    return (Vouch__Voucher *)(void *)message;
}

static vch_status decode_packed(const Vouch__Voucher *message)
{
    struct vch_voucher out;

    CHECK_OK(vch_message_pack(&v.bytes, &v.size, &message->base, &v.arena));
    return decode(&out);
}

TEST(voucher_refuses_hostile_messages)
{
    Vouch__Voucher *message = unpacked_example();
    CHECK_OK(decode_packed(message));
    message->version = 2;
    CHECK_FAILS(decode_packed(message), UNSUPPORTED);
    message = unpacked_example();
    message->output = NULL;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->output->kind = 257;
    CHECK_FAILS(decode_packed(message), UNSUPPORTED);
    message = unpacked_example();
    message->owner.len = 31;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->owner_signature.len = 63;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->client_signature.len = 0;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->job.len = 0;
    CHECK_FAILS(decode_packed(message), TRUNCATED);
    message = unpacked_example();
    message->registry.len = 0;
    CHECK_FAILS(decode_packed(message), TRUNCATED);
    message = unpacked_example();
    message->results[0]->segment = 3;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->results[0]->votes[0]->node.len = 31;
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->results[0]->votes[1] = message->results[0]->votes[0];
    CHECK_FAILS(decode_packed(message), MALFORMED);
    message = unpacked_example();
    message->results[1] = message->results[0];
    CHECK_FAILS(decode_packed(message), MALFORMED);
    vouchers_release(&v);
}

TEST(voucher_refuses_unknown_fields_at_any_depth)
{
    ProtobufCMessageUnknownField field = {.tag = 99, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT};
    uint8_t one[] = {1};
    field.len = sizeof one;
    field.data = one;

    Vouch__Voucher *message = unpacked_example();
    ProtobufCMessage *places[] = {&message->base, &message->output->base,
                                  &message->results[1]->base, &message->results[1]->votes[2]->base};
    FOR_EACH(place, places)
    {
        (*place)->n_unknown_fields = 1;
        (*place)->unknown_fields = &field;
        CHECK_FAILS(decode_packed(message), MALFORMED);
        CHECK(strstr(v.complaint.text, "unknown fields") != NULL);
        (*place)->n_unknown_fields = 0;
    }
    CHECK_OK(decode_packed(message));
    vouchers_release(&v);
}

TEST(voucher_refuses_what_is_too_large_or_does_not_fit)
{
    struct vch_voucher out;
    struct vch_arena small;

    vouchers_init_honest(&v);
    CHECK_FAILS(vch_voucher_decode(&out, v.bytes, VCH_VOUCHER_SIZE_MAX + 1, &v.arena, &v.complaint),
                LIMIT);
    vch_arena_init(&small, 8192);
    CHECK_FAILS(vch_voucher_decode(&out, v.bytes, v.size, &small, &v.complaint), LIMIT);
    vch_arena_release(&small);
    vouchers_release(&v);
}

// Two bytes a result, as many as the largest voucher holds: the parser's own lists would be many
// times as large.
TEST(voucher_bounds_the_memory_that_a_hostile_one_takes)
{
    struct vch_arena arena;
    struct vch_voucher out;
    struct vch_complaint complaint = {.text = ""};
    uint8_t *bytes = calloc(VCH_VOUCHER_SIZE_MAX, 1);

    CHECK(bytes != NULL);
    for (size_t size = 1 << 16; size <= VCH_VOUCHER_SIZE_MAX; size *= 16) {
        for (size_t i = 0; i < size; i += 2)
            bytes[i] = 6 << 3 | 2, bytes[i + 1] = 0;
        vch_arena_init(&arena, (size_t)4 << 30);
        complaint.text[0] = '\0';
        vch_status status = vch_voucher_decode(&out, bytes, size, &arena, &complaint);
        CHECK(!vch_is_ok(status));
        CHECK(complaint.text[0] != '\0');
        printf("# %zu bytes of results take %zu of memory\n", size, arena.used);
        CHECK(arena.used <= vch_voucher_memory_max(size));
        CHECK_EQ(arena.limit, (size_t)4 << 30);
        vch_arena_release(&arena);
    }
    free(bytes);
}
