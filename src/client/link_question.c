// What the node is asked: request, tensor, and an end to both.
#include <stdlib.h>

#include "client/link_parts.h"
#include "host/clock.h"

void vch_link_parts_forget_question(struct vch_link *link)
{
    free(link->tensor);
    link->tensor = NULL;
    link->is_asking = link->has_header = false;
}

void vch_link_parts_report_fault(struct vch_link *link, enum vch_fault_kind kind, const char *why)
{
    if (!link->is_asking) return;
    vch_link_parts_forget_question(link);
    link->setup.events.on_fault(link->setup.context, link, kind, why);
}

static vch_status send_request(struct vch_link *link)
{
    const struct vch_link_question *question = &link->question;
    Vouch__RunRequest request = VOUCH__RUN_REQUEST__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    request.id = link->id;
    request.job = (ProtobufCBinaryData){question->job_size, (uint8_t *)(uintptr_t)question->job};
    request.segment = question->segment;
    request.input_nonce =
        (ProtobufCBinaryData){VCH_COMMITMENT_NONCE_SIZE, link->question.input_nonce.bytes};
    request.output_nonce =
        (ProtobufCBinaryData){VCH_COMMITMENT_NONCE_SIZE, link->question.output_nonce.bytes};
    request.budget_ms = question->budget_ms;
    request.size = question->tensor_size;
    request.prove = question->is_proof;
    request.agreed = question->is_agreed;
    request.round = question->round;
    frame.body_case = VOUCH__FRAME__BODY_RUN_REQUEST;
    frame.run_request = &request;
    return vch_stream_send(link->stream, &frame);
}

void vch_link_parts_send_chunks(struct vch_link *link)
{
    const struct vch_link_question *question = &link->question;

    while (link->is_asking && link->sent < question->tensor_size &&
           vch_link_parts_is_trusted(link) && vch_stream_has_room(link->stream)) {
        Vouch__Chunk chunk = VOUCH__CHUNK__INIT;
        Vouch__Frame frame = VOUCH__FRAME__INIT;
        size_t left = question->tensor_size - link->sent;

        chunk.id = link->id;
        chunk.data.len = left < VCH_FRAME_CHUNK_MAX ? left : VCH_FRAME_CHUNK_MAX;
        // protobuf-c's structs are not const, but packing only reads them.
        chunk.data.data = (uint8_t *)(uintptr_t)(question->tensor + link->sent);
        frame.body_case = VOUCH__FRAME__BODY_CHUNK;
        frame.chunk = &chunk;
        if (!vch_is_ok(vch_stream_send(link->stream, &frame))) return; // on_close will tell
        link->sent += chunk.data.len;
    }
}

vch_status vch_link_ask(struct vch_link *link, const struct vch_link_question *question)
{
    if (link->state != VCH_LINK_READY || link->is_asking || !vch_link_parts_is_trusted(link))
        return VCH_FAIL(UNAVAILABLE);
    link->question = *question;
    link->id++;
    link->sent = link->received = 0;
    link->asked_us = vch_clock_monotonic_us();
    link->was_told = true;
    VCH_TRY(send_request(link));
    link->is_asking = true;
    vch_link_parts_send_chunks(link);
    return VCH_OK;
}

void vch_link_cancel(struct vch_link *link)
{
    Vouch__Cancel cancel = VOUCH__CANCEL__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    if (!link->is_asking) return;
    vch_link_parts_forget_question(link);
    if (link->stream == NULL) return;
    vch_stream_set_owed(link->stream, false);
    cancel.id = link->id;
    frame.body_case = VOUCH__FRAME__BODY_CANCEL;
    frame.cancel = &cancel;
    if (!vch_is_ok(vch_stream_send(link->stream, &frame)))
        vch_link_parts_break_off(link, VCH_FAULT_UNREACHABLE, "the connection takes no frames");
}
