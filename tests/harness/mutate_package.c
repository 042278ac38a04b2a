#include "harness/mutate_package.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zstd.h>

#include "base/bytes.h"
#include "harness/mutate.h"
#include "model/manifest.h"
#include "model/package.h"
#include "model/package_format.h"
#include "schema/model.pb-c.h"

enum { ROUNDS_MAX = 4, MENDS_MAX = 12, PARAMETERS_MAX = 64 };

#define MEMORY_MAX ((size_t)128 << 20)
#define PARAMETER_SIZE_MAX ((size_t)1 << 14)

// Where a parameter's bytes are; its root stands for it, wherever the mutation moves it.
struct content {
    const uint8_t *root, *bytes;
    size_t size;
};

struct mutant {
    struct mutate at;
    enum mutate_package_mode mode;
    Vouch__Manifest *manifest;
    uint32_t content_count;
    struct content contents[PARAMETERS_MAX];
};

// 0 where it is no size to store.
static size_t parameter_size(const Vouch__Parameter *parameter)
{
    size_t size =
        parameter->type >= 1 && parameter->type <= 4 ? (size_t)1 << (parameter->type - 1) : 0;

    for (size_t i = 0; parameter->shape != NULL && i < parameter->shape->n_dims; i++)
        if (__builtin_mul_overflow(size, parameter->shape->dims[i], &size) ||
            size > PARAMETER_SIZE_MAX)
            return 0;
    return size;
}

static bool is_envelope(const uint8_t *data, size_t size, size_t *manifest_size,
                        size_t *holder_size)
{
    if (size < MUTATE_PACKAGE_HEAD) return false;
    *manifest_size = vch_get_u32le(data + 1);
    *holder_size = (size_t)data[5] | (size_t)data[6] << 8;
    size -= MUTATE_PACKAGE_HEAD;
    return *manifest_size <= size && *holder_size <= size - *manifest_size;
}

static void note_contents(struct mutant *mutant, const uint8_t *holder_bytes, size_t holder_size,
                          const uint8_t *data, size_t size)
{
    ProtobufCMessage *message =
        mutate_read(&mutant->at, &vouch__holder__descriptor, holder_bytes, holder_size);
    const Vouch__Holder *holder = (const Vouch__Holder *)(const void *)message;
    size_t offset = 0;

    for (size_t i = 0; holder != NULL && i < holder->n_parameters && i < PARAMETERS_MAX; i++) {
        if (holder->parameters[i]->index >= mutant->manifest->n_parameters) return;
        const Vouch__Parameter *parameter =
            mutant->manifest->parameters[holder->parameters[i]->index];
        size_t own = parameter_size(parameter);
        offset = (size_t)vch_package_format_align(offset);
        if (parameter->root.len != VCH_DIGEST_SIZE || offset > size || own > size - offset) return;
        uint8_t *kept = vch_arena_alloc(mutant->at.arena, own, 1);
        if (kept == NULL) return;
        memcpy(kept, data + offset, own);
        mutant->contents[mutant->content_count++] =
            (struct content){parameter->root.data, kept, own};
        offset += own;
    }
}

struct sections {
    const uint8_t *manifest, *holder, *data;
    size_t manifest_size, holder_size, data_size;
};

// The manifest of a file, which may be compressed; NULL where it is none.
static const uint8_t *read_manifest(struct vch_arena *arena, const uint8_t *file,
                                    const struct vch_package_format *format)
{
    const uint8_t *stored = file + VCH_PACKAGE_FORMAT_HEADER_SIZE;

    if (format->stored_size == format->manifest_size) return stored;
    uint8_t *manifest = vch_arena_alloc(arena, format->manifest_size, 1);
    if (manifest == NULL) return NULL;
    size_t size = ZSTD_decompress(manifest, format->manifest_size, stored, format->stored_size);
    return size == format->manifest_size ? manifest : NULL;
}

static bool take_file_apart(struct sections *out, struct vch_arena *arena, const uint8_t *file,
                            size_t size)
{
    struct vch_package_format format;

    if (!vch_is_ok(vch_package_format_read(&format, file, size, NULL))) return false;
    *out = (struct sections){
        .manifest = read_manifest(arena, file, &format),
        .holder = file + vch_package_format_holder_offset(&format),
        .data = file + vch_package_format_data_offset(&format),
        .manifest_size = format.manifest_size,
        .holder_size = format.holder_size,
        .data_size = size - vch_package_format_data_offset(&format),
    };
    return out->manifest != NULL;
}

static bool take_apart(struct sections *out, struct vch_arena *arena, const uint8_t *data,
                       size_t size)
{
    if (size > 0 && data[0] % MUTATE_PACKAGE_MODES == MUTATE_PACKAGE_FILE)
        return take_file_apart(out, arena, data + 1, size - 1);
    if (!is_envelope(data, size, &out->manifest_size, &out->holder_size)) return false;
    out->manifest = data + MUTATE_PACKAGE_HEAD;
    out->holder = out->manifest + out->manifest_size;
    out->data = out->holder + out->holder_size;
    out->data_size = size - (size_t)(out->data - data);
    return true;
}

// What was a file becomes an envelope, whose digests and signature will be made to fit.
static bool open_mutant(struct mutant *mutant, const uint8_t *data, size_t size)
{
    struct sections sections;

    if (!take_apart(&sections, mutant->at.arena, data, size)) return false;
    ProtobufCMessage *message = mutate_read(&mutant->at, &vouch__manifest__descriptor,
                                            sections.manifest, sections.manifest_size);
    if (message == NULL) return false;
    mutant->mode = (enum mutate_package_mode)(data[0] % MUTATE_PACKAGE_MODES);
    if (mutant->mode == MUTATE_PACKAGE_FILE) mutant->mode = MUTATE_PACKAGE_REPAIRED;
    mutant->manifest = (Vouch__Manifest *)(void *)message;
    note_contents(mutant, sections.holder, sections.holder_size, sections.data, sections.data_size);
    return true;
}

// Zeros at the end of these lists are not written.
static void trim(Vouch__Manifest *manifest)
{
    for (size_t i = 0; i < manifest->n_operators; i++) {
        Vouch__Operator *o = manifest->operators[i];
        while (o->n_order > 0 && o->order[o->n_order - 1] == 0)
            o->n_order--;
        while (o->n_begin > 0 && o->begin[o->n_begin - 1] == 0)
            o->n_begin--;
        while (o->n_end > 0 && o->end[o->n_end - 1] == 0)
            o->n_end--;
        while (o->n_step > 0 && o->step[o->n_step - 1] == 0)
            o->n_step--;
    }
}

static void mend_shape(struct mutant *mutant, const Vouch__Operator *operator_, const char *text)
{
    Vouch__Shape *shape = vch_arena_alloc(mutant->at.arena, 1, sizeof *shape);
    uint32_t *dims = vch_arena_alloc(mutant->at.arena, VCH_RANK_MAX, sizeof *dims);
    int used = 0;

    if (shape == NULL || dims == NULL || operator_->output >= mutant->manifest->n_values) return;
    vouch__shape__init(shape);
    shape->dims = dims;
    while (shape->n_dims < VCH_RANK_MAX &&
           sscanf(text, "%*[( ,]%" SCNu32 "%n", &dims[shape->n_dims], &used) == 1) {
        shape->n_dims++;
        text += used;
    }
    mutant->manifest->values[operator_->output]->shape = shape;
}

static void mend_scaling(struct mutant *mutant, Vouch__Operator *operator_, uint32_t count)
{
    Vouch__Scaling *scaling = operator_->scaling;
    size_t old = scaling == NULL ? 0 : scaling->n_multipliers;
    bool is_shared = scaling != NULL && scaling->n_shifts == 1 && old != 1;
    int32_t *multipliers = vch_arena_alloc(mutant->at.arena, count, sizeof *multipliers);
    uint32_t *shifts = vch_arena_alloc(mutant->at.arena, count, sizeof *shifts);

    if (count > 1 << 12 || multipliers == NULL || shifts == NULL) return;
    if (scaling == NULL) {
        scaling = vch_arena_alloc(mutant->at.arena, 1, sizeof *scaling);
        if (scaling == NULL) return;
        vouch__scaling__init(scaling);
        scaling->lo = -127;
        scaling->hi = 127;
    }
    for (uint32_t i = 0; i < count; i++) {
        multipliers[i] = old > 0 ? scaling->multipliers[i % old] : 20000;
        shifts[i] = scaling->n_shifts > 0 ? scaling->shifts[i % scaling->n_shifts] : 20;
    }
    scaling->multipliers = multipliers;
    scaling->n_multipliers = count;
    scaling->shifts = shifts;
    scaling->n_shifts = is_shared ? 1 : count;
    operator_->scaling = scaling;
}

// Does what the complaint asks for; false where it asks for nothing that is known here.
static bool mend(struct mutant *mutant, const struct vch_complaint *complaint)
{
    static const char bound_text[] = "its bound is ", shape_text[] = "its output must be ",
                      scaling_text[] = "expected ", type_text[] = "its output cannot be of type";
    Vouch__Manifest *manifest = mutant->manifest;
    size_t index = 0;
    const char *found = NULL;

    if (sscanf(complaint->text, "operator %zu,", &index) != 1 || index >= manifest->n_operators)
        return false;
    Vouch__Operator *operator_ = manifest->operators[index];
    if ((found = strstr(complaint->text, bound_text)) != NULL)
        return sscanf(found + sizeof bound_text - 1, "%" SCNu64, &operator_->public_bound) == 1;
    if ((found = strstr(complaint->text, shape_text)) != NULL) {
        mend_shape(mutant, operator_, found + sizeof shape_text - 1);
        return true;
    }
    if (strstr(complaint->text, type_text) != NULL && operator_->output < manifest->n_values) {
        manifest->values[operator_->output]->type = 1 + mutate_below(&mutant->at, 4);
        return true;
    }
    uint32_t count = 0;
    found = strstr(complaint->text, scaling_text);
    if (found == NULL || sscanf(found, "expected %" SCNu32 " multipliers", &count) != 1)
        return false;
    mend_scaling(mutant, operator_, count);
    return true;
}

static void mend_all(struct mutant *mutant)
{
    struct vch_arena *arena = mutant->at.arena;

    trim(mutant->manifest);
    for (int i = 0; i < MENDS_MAX; i++) {
        size_t size = vouch__manifest__get_packed_size(mutant->manifest);
        uint8_t *bytes = vch_arena_alloc(arena, size, 1);
        struct vch_complaint complaint = {{0}};
        struct vch_graph *graph = NULL;
        if (bytes == NULL) return;
        (void)vouch__manifest__pack(mutant->manifest, bytes);
        if (vch_is_ok(vch_manifest_decode(&graph, bytes, size, arena, &complaint))) return;
        if (!mend(mutant, &complaint)) return;
    }
}

static const struct content *find_content(const struct mutant *mutant,
                                          const Vouch__Parameter *parameter)
{
    for (uint32_t i = 0; parameter->root.len == VCH_DIGEST_SIZE && i < mutant->content_count; i++)
        if (memcmp(mutant->contents[i].root, parameter->root.data, VCH_DIGEST_SIZE) == 0)
            return &mutant->contents[i];
    return NULL;
}

// As many bytes as the parameter takes: those that it had, again and again, changed here and there.
static void fill(struct mutant *mutant, uint8_t *out, size_t size,
                 const Vouch__Parameter *parameter)
{
    const struct content *content = find_content(mutant, parameter);
    size_t old = content == NULL ? 0 : content->size;

    for (size_t i = 0; i < size; i++)
        out[i] = old > 0 ? content->bytes[i % old] : (uint8_t)(i % 5);
    if (mutate_chance(&mutant->at, 6) && size >= 4) {
        int32_t number = 0;
        uint8_t *spot = out + (mutate_below(&mutant->at, (uint32_t)size - 3) & ~3u);
        memcpy(&number, spot, sizeof number);
        number = (int32_t)mutate_integer(&mutant->at, number);
        memcpy(spot, &number, sizeof number);
    }
    for (size_t i = 0; i < size && parameter->type == 1; i++)
        if (out[i] == 0x80 && !mutate_chance(&mutant->at, 64)) out[i] = 0x81; // -128 is no weight
}

// Writes the data and lists what they hold; the size, or SIZE_MAX where there is too much.
static size_t write_data(struct mutant *mutant, Vouch__Holder *holder, uint8_t *out, size_t room)
{
    static uint8_t salt[VCH_PACKAGE_SALT_SIZE];
    const Vouch__Manifest *manifest = mutant->manifest;
    size_t offset = 0;

    vouch__holder__init(holder);
    holder->parameters =
        vch_arena_alloc(mutant->at.arena, manifest->n_parameters, sizeof *holder->parameters);
    if (holder->parameters == NULL) return SIZE_MAX;
    for (size_t i = 0; i < manifest->n_parameters; i++) {
        size_t size = parameter_size(manifest->parameters[i]);
        Vouch__HeldParameter *held = vch_arena_alloc(mutant->at.arena, 1, sizeof *held);
        if (held == NULL) return SIZE_MAX;
        if (size == 0 || mutate_chance(&mutant->at, 64)) continue; // a segment's file
        size_t start = (size_t)vch_package_format_align(offset);
        if (start > room || size > room - start) return SIZE_MAX;
        memset(out + offset, 0, start - offset);
        fill(mutant, out + start, size, manifest->parameters[i]);
        vouch__held_parameter__init(held);
        held->index = (uint32_t)i;
        held->salt = (ProtobufCBinaryData){sizeof salt, salt};
        holder->parameters[holder->n_parameters++] = held;
        offset = start + size;
    }
    return offset;
}

static size_t write_mutant(struct mutant *mutant, uint8_t *out, size_t size_max)
{
    Vouch__Holder holder;
    uint8_t *data = vch_arena_alloc(mutant->at.arena, size_max, 1);

    if (data == NULL) return 0;
    size_t data_size = write_data(mutant, &holder, data, size_max);
    if (data_size == SIZE_MAX) return 0;
    size_t manifest_size = vouch__manifest__get_packed_size(mutant->manifest);
    size_t holder_size = vouch__holder__get_packed_size(&holder);
    size_t size = MUTATE_PACKAGE_HEAD + manifest_size + holder_size + data_size;
    if (holder_size > UINT16_MAX || size > size_max) return 0;
    out[0] = (uint8_t)mutant->mode;
    if (mutate_chance(&mutant->at, 16))
        out[0] = (uint8_t)mutate_below(&mutant->at, MUTATE_PACKAGE_MODES);
    vch_put_u32le(out + 1, (uint32_t)manifest_size);
    out[5] = (uint8_t)holder_size;
    out[6] = (uint8_t)(holder_size >> 8);
    out += MUTATE_PACKAGE_HEAD;
    out += vouch__manifest__pack(mutant->manifest, out);
    out += vouch__holder__pack(&holder, out);
    memcpy(out, data, data_size);
    return size;
}

static size_t close_mutant(struct mutant *mutant, uint8_t *out, size_t size_max)
{
    if (!mutate_chance(&mutant->at, 16)) mend_all(mutant);
    size_t size = write_mutant(mutant, out, size_max);
    vch_arena_release(mutant->at.arena);
    return size;
}

size_t mutate_package(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
    struct vch_arena arena;
    struct mutant mutant = {.at = {.arena = &arena, .random = seed}};

    vch_arena_init(&arena, MEMORY_MAX);
    if (mutate_chance(&mutant.at, 24) || !open_mutant(&mutant, data, size)) {
        vch_arena_release(&arena);
        return LLVMFuzzerMutate(data, size, size_max);
    }
    for (uint32_t i = mutate_below(&mutant.at, ROUNDS_MAX) + 1; i > 0; i--)
        mutate_message(&mutant.at, &mutant.manifest->base);
    size_t changed = close_mutant(&mutant, data, size_max);
    return changed > 0 ? changed : LLVMFuzzerMutate(data, size, size_max);
}

size_t mutate_package_cross(const uint8_t *one, size_t one_size, const uint8_t *other,
                            size_t other_size, uint8_t *out, size_t out_size_max, unsigned seed)
{
    struct vch_arena arena;
    struct mutant mutant = {.at = {.arena = &arena, .random = seed}};
    struct mutant donor = {.at = {.arena = &arena, .random = seed}};

    vch_arena_init(&arena, MEMORY_MAX);
    if (!open_mutant(&mutant, one, one_size) || !open_mutant(&donor, other, other_size)) {
        vch_arena_release(&arena);
        return 0;
    }
    for (uint32_t i = mutate_below(&mutant.at, ROUNDS_MAX) + 1; i > 0; i--)
        mutate_graft(&mutant.at, &mutant.manifest->base, &donor.manifest->base);
    return close_mutant(&mutant, out, out_size_max);
}
