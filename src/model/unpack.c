#include "model/unpack.h"

#include <string.h>

enum { SLAB_SIZE = 1 << 14, OBJECT_SIZE_MAX = 1 << 11, ALIGNMENT = 16 };

static void *take(void *context, size_t size)
{
    struct vch_unpack *unpack = context;
    void *out = NULL;

    if (size <= OBJECT_SIZE_MAX) {
        size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (rounded > unpack->slab_left) {
            unpack->slab = vch_arena_alloc(unpack->arena, 1, SLAB_SIZE);
            unpack->slab_left = unpack->slab ? SLAB_SIZE : 0;
        }
        if (rounded <= unpack->slab_left) {
            unpack->slab_left -= rounded;
            out = unpack->slab + unpack->slab_left;
        }
    } else {
        out = vch_arena_alloc(unpack->arena, 1, size);
    }
    if (out == NULL) unpack->is_exhausted = true;
    return out;
}

static void leave(void *context, void *object)
{
    (void)context;
    (void)object;
}

ProtobufCMessage *vch_unpack_message(vch_status *status, const ProtobufCMessageDescriptor *type,
                                     const uint8_t *bytes, size_t size, struct vch_arena *arena)
{
    struct vch_unpack unpack = {.arena = arena};

    unpack.allocator = (ProtobufCAllocator){take, leave, &unpack};
    ProtobufCMessage *message = protobuf_c_message_unpack(type, &unpack.allocator, size, bytes);
    *status = VCH_OK;
    if (message == NULL) *status = unpack.is_exhausted ? VCH_FAIL(LIMIT) : VCH_FAIL(MALFORMED);
    return message;
}

// Compares as the packer writes, so that a second copy of a large message is never made.
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

// NOLINTBEGIN(misc-no-recursion): as deep as the schemas nest, which no message can change
// Protobuf-c keeps fields that its schema lacks and packs them again behind the others, so packing
// alone would not notice them.
static bool has_unknown(const ProtobufCMessage *message);

static bool is_unknown_inside(const ProtobufCMessage *message,
                              const ProtobufCFieldDescriptor *field)
{
    const uint8_t *base = (const uint8_t *)message;
    const void *member = base + field->offset;

    if (field->type != PROTOBUF_C_TYPE_MESSAGE) return false;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
        const ProtobufCMessage *const *items = *(const ProtobufCMessage *const *const *)member;
        for (size_t i = 0; i < count; i++)
            if (has_unknown(items[i])) return true;
        return false;
    }
    bool is_oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    if (is_oneof && *(const uint32_t *)(const void *)(base + field->quantifier_offset) != field->id)
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

vch_status vch_unpack_check_canonical(const ProtobufCMessage *message, const uint8_t *bytes,
                                      size_t size)
{
    struct comparison comparison = {{compare}, bytes, size, false};

    if (has_unknown(message)) return VCH_FAIL(MALFORMED);
    // An unfinished packing of anything larger than the bytes would waste time: sizes first.
    if (protobuf_c_message_get_packed_size(message) != size) return VCH_FAIL(MALFORMED);
    (void)protobuf_c_message_pack_to_buffer(message, &comparison.buffer);
    if (comparison.is_different || comparison.left != 0) return VCH_FAIL(MALFORMED);
    return VCH_OK;
}
