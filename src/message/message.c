#include "message/message.h"

#include <stdbool.h>
#include <string.h>

enum { SLAB_SIZE_MIN = 1 << 10, SLAB_SIZE_MAX = 1 << 14, SMALL_SIZE_MAX = 1 << 8, ALIGNMENT = 16 };

// The arena aligns everything to a cache line, which would waste most of it on small messages:
// these share slabs, each twice the one before, so that a short message takes little.
struct source {
    struct vch_arena *arena;
    uint8_t *slab;
    size_t slab_size;
    size_t slab_left;
    bool is_exhausted; // the arena said no
};

static void *take_small(struct source *source, size_t size)
{
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

    if (rounded > source->slab_left) {
        if (source->slab_size < SLAB_SIZE_MAX) source->slab_size *= 2;
        source->slab = vch_arena_alloc(source->arena, 1, source->slab_size);
        source->slab_left = source->slab != NULL ? source->slab_size : 0;
    }
    if (rounded > source->slab_left) return NULL;
    source->slab_left -= rounded;
    return source->slab + source->slab_left;
}

static void *take(void *context, size_t size)
{
    struct source *source = context;
    void *out =
        size <= SMALL_SIZE_MAX ? take_small(source, size) : vch_arena_alloc(source->arena, 1, size);

    if (out == NULL) source->is_exhausted = true;
    return out;
}

static void leave(void *context, void *object)
{
    (void)context;
    (void)object;
}

// Compares as the packer writes, so that no second copy of a large message is made.
struct comparison {
    ProtobufCBuffer buffer; // first: the packer hands its address back
    const uint8_t *bytes;
    size_t left;
    bool is_different;
};

static void compare(ProtobufCBuffer *buffer, size_t size, const uint8_t *packed)
{
    struct comparison *comparison = (struct comparison *)(void *)buffer;

    if (comparison->is_different || size > comparison->left ||
        memcmp(comparison->bytes, packed, size) != 0) {
        comparison->is_different = true;
        return;
    }
    comparison->bytes += size;
    comparison->left -= size;
}

static const void *member_of(const ProtobufCMessage *message, unsigned offset)
{
    return (const uint8_t *)message + offset;
}

// NOLINTBEGIN(misc-no-recursion): as deep as the schemas nest, which no message can change
// Protobuf-c keeps fields that its schema lacks and packs them again behind the others, so that
// comparing bytes alone would not notice them.
static bool has_unknown(const ProtobufCMessage *message);

static bool is_unknown_inside(const ProtobufCMessage *message,
                              const ProtobufCFieldDescriptor *field)
{
    const void *member = member_of(message, field->offset);

    if (field->type != PROTOBUF_C_TYPE_MESSAGE) return false;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = *(const size_t *)member_of(message, field->quantifier_offset);
        const ProtobufCMessage *const *items = *(const ProtobufCMessage *const *const *)member;
        for (size_t i = 0; i < count; i++)
            if (has_unknown(items[i])) return true;
        return false;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
        *(const uint32_t *)member_of(message, field->quantifier_offset) != field->id)
        return false;
    const ProtobufCMessage *item = *(const ProtobufCMessage *const *)member;
    return item != NULL && has_unknown(item);
}

static bool has_unknown(const ProtobufCMessage *message)
{
    if (message->n_unknown_fields > 0) return true;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        if (is_unknown_inside(message, &message->descriptor->fields[i])) return true;
    return false;
}
// NOLINTEND(misc-no-recursion)

vch_status vch_message_check_canonical(const ProtobufCMessage *message, const uint8_t *bytes,
                                       size_t size)
{
    struct comparison comparison = {{compare}, bytes, size, false};

    if (has_unknown(message)) return VCH_FAIL(MALFORMED);
    if (protobuf_c_message_get_packed_size(message) != size) return VCH_FAIL(MALFORMED);
    (void)protobuf_c_message_pack_to_buffer(message, &comparison.buffer);
    if (comparison.is_different || comparison.left != 0) return VCH_FAIL(MALFORMED);
    return VCH_OK;
}

vch_status vch_message_read(ProtobufCMessage **out, const ProtobufCMessageDescriptor *type,
                            const uint8_t *bytes, size_t size, struct vch_arena *arena)
{
    struct source source = {.arena = arena, .slab_size = SLAB_SIZE_MIN / 2};
    ProtobufCAllocator allocator = {take, leave, &source};

    *out = protobuf_c_message_unpack(type, &allocator, size, bytes);
    if (*out != NULL) return VCH_OK;
    return source.is_exhausted ? VCH_FAIL(LIMIT) : VCH_FAIL(MALFORMED);
}

vch_status vch_message_unpack(ProtobufCMessage **out, const ProtobufCMessageDescriptor *type,
                              const uint8_t *bytes, size_t size, const char *what,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    ProtobufCMessage *message = NULL;

    if (size == 0) return vch_complain(complaint, VCH_CODE_TRUNCATED, "the %s is empty", what);
    vch_status status = vch_message_read(&message, type, bytes, size, arena);
    if (status.code == VCH_CODE_LIMIT) return vch_message_no_room(what, arena, complaint);
    if (!vch_is_ok(status))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the %s is not a protobuf message of its kind, or is cut short", what);
    if (!vch_is_ok(vch_message_check_canonical(message, bytes, size)))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the %s is not in canonical form: it has unknown fields, or fields "
                            "out of order, repeated, or written at their default",
                            what);
    *out = message;
    return VCH_OK;
}

vch_status vch_message_pack(uint8_t **out, size_t *size, const ProtobufCMessage *message,
                            struct vch_arena *arena)
{
    size_t packed_size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = vch_arena_alloc(arena, packed_size, 1);

    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    *size = protobuf_c_message_pack(message, bytes);
    *out = bytes;
    return VCH_OK;
}

ProtobufCBinaryData vch_message_borrow(const void *bytes, size_t size)
{
    return (ProtobufCBinaryData){size, (uint8_t *)(uintptr_t)bytes}; // protobuf-c has no const
}

vch_status vch_message_copy(void *out, size_t size, const ProtobufCBinaryData *field,
                            const char *what, struct vch_complaint *complaint)
{
    if (field->len != size)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "the %s has %zu bytes, not %zu", what,
                            field->len, size);
    memcpy(out, field->data, size);
    return VCH_OK;
}

vch_status vch_message_no_room(const char *what, const struct vch_arena *arena,
                               struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_LIMIT,
                        "the %s needs more than the %zu bytes of memory allowed for it", what,
                        arena->limit);
}
