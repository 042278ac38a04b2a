#include "voucher/opening.h"

#include <string.h>

#include "base/bytes.h"
#include "message/message.h"
#include "schema/voucher.pb-c.h"

enum { VERSION = 1 };

static vch_status check_tensor(const struct vch_tensor *tensor, uint32_t batch, const char *what,
                               struct vch_complaint *complaint)
{
    vch_status status = vch_tensor_shape_check(&tensor->shape);

    if (!vch_is_ok(status))
        return vch_complain(complaint, status.code,
                            "the opening's %s has a shape that no tensor has", what);
    if (!vch_is_ok(vch_tensor_check_range(tensor, batch)))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the opening's %s has numbers outside the range of %s", what,
                            vch_tensor_type_name(tensor->type));
    return VCH_OK;
}

static vch_status check_batch(uint32_t batch, struct vch_complaint *complaint)
{
    if (batch >= 1 && batch <= VCH_BATCH_MAX) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_LIMIT, "the opening's batch is %u, not 1 to %u", batch,
                        VCH_BATCH_MAX);
}

static void fill_tensor(Vouch__Tensor *out, const struct vch_tensor *tensor, uint32_t batch)
{
    vouch__tensor__init(out);
    out->type = (uint32_t)tensor->type;
    out->n_dims = tensor->shape.rank;
    out->dims = (uint32_t *)(uintptr_t)tensor->shape.dims; // protobuf-c has no const
    out->data = vch_message_borrow(tensor->data, batch * vch_tensor_size(tensor));
}

vch_status vch_opening_encode(uint8_t **out, size_t *size, const struct vch_opening *opening,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    Vouch__Opening message = VOUCH__OPENING__INIT;
    Vouch__Tensor input, output;

    VCH_TRY(check_batch(opening->batch, complaint));
    VCH_TRY(check_tensor(&opening->input, opening->batch, "input", complaint));
    VCH_TRY(check_tensor(&opening->output, opening->batch, "output", complaint));
    fill_tensor(&input, &opening->input, opening->batch);
    fill_tensor(&output, &opening->output, opening->batch);
    message.version = VERSION;
    message.job_id = vch_message_borrow(opening->job_id.bytes, sizeof opening->job_id.bytes);
    message.secret = vch_message_borrow(opening->secret, sizeof opening->secret);
    message.batch = opening->batch;
    message.input = &input;
    message.output = &output;
    VCH_TRY(vch_message_pack(out, size, &message.base, arena));
    if (*size > VCH_OPENING_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the opening has %zu bytes, not at most %zu",
                            *size, VCH_OPENING_SIZE_MAX);
    return VCH_OK;
}

static vch_status copy_type(enum vch_type *out, uint32_t type, const char *what,
                            struct vch_complaint *complaint)
{
    if (type < VCH_TYPE_I8 || type > VCH_TYPE_I64)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the opening's %s has type %u, which is unknown", what, type);
    *out = (enum vch_type)type;
    return VCH_OK;
}

static vch_status copy_tensor(struct vch_tensor *out, const Vouch__Tensor *from, uint32_t batch,
                              const char *what, struct vch_complaint *complaint)
{
    if (from == NULL)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "the opening has no %s", what);
    if (from->n_dims > VCH_RANK_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the opening's %s has %zu dimensions, not at most %d", what,
                            from->n_dims, VCH_RANK_MAX);
    VCH_TRY(copy_type(&out->type, from->type, what, complaint));
    out->shape.rank = (uint32_t)from->n_dims;
    for (size_t i = 0; i < from->n_dims; i++)
        out->shape.dims[i] = from->dims[i];
    out->data = from->data.data;
    vch_status status = vch_tensor_shape_check(&out->shape);
    if (!vch_is_ok(status))
        return vch_complain(complaint, status.code,
                            "the opening's %s has a shape that no tensor has", what);
    size_t size = batch * vch_tensor_size(out);
    if (from->data.len != size)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the opening's %s has %zu bytes, not %zu as its shape and batch say",
                            what, from->data.len, size);
    return check_tensor(out, batch, what, complaint);
}

static vch_status copy_opening(struct vch_opening *out, const Vouch__Opening *message,
                               struct vch_complaint *complaint)
{
    if (message->version != VERSION)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the opening has version %u; this program reads version %d",
                            message->version, VERSION);
    VCH_TRY(check_batch(message->batch, complaint));
    out->batch = message->batch;
    VCH_TRY(vch_message_copy(out->job_id.bytes, sizeof out->job_id.bytes, &message->job_id,
                             "opening's job id", complaint));
    VCH_TRY(vch_message_copy(out->secret, sizeof out->secret, &message->secret, "opening's secret",
                             complaint));
    VCH_TRY(copy_tensor(&out->input, message->input, out->batch, "input", complaint));
    return copy_tensor(&out->output, message->output, out->batch, "output", complaint);
}

static vch_status decode(struct vch_opening *out, const uint8_t *bytes, size_t size,
                         struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_opening opening = {0};
    ProtobufCMessage *message = NULL;

    VCH_TRY(vch_message_unpack(&message, &vouch__opening__descriptor, bytes, size, "opening", arena,
                               complaint));
    vch_status status =
        copy_opening(&opening, (const Vouch__Opening *)(const void *)message, complaint);
    if (vch_is_ok(status)) *out = opening;
    vch_wipe(&opening, sizeof opening);
    return status;
}

// The tensors are copied once; all else is small.
size_t vch_opening_memory_max(size_t size)
{
    return ((size_t)4 << 20) + 2 * size;
}

vch_status vch_opening_decode(struct vch_opening *out, const uint8_t *bytes, size_t size,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    size_t limit = arena->limit;

    if (size > VCH_OPENING_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the opening has %zu bytes, not at most %zu",
                            size, VCH_OPENING_SIZE_MAX);
    if (limit - arena->used > vch_opening_memory_max(size))
        arena->limit = arena->used + vch_opening_memory_max(size);
    vch_status status = decode(out, bytes, size, arena, complaint);
    arena->limit = limit;
    return status;
}
