#include "harness/mutate.h"

#include <string.h>

#include "message/message.h"

enum { LIST_MAX = 4096, BYTES_MAX = 1 << 16 };

// SplitMix64.
static uint64_t next(struct mutate *at)
{
    uint64_t z = at->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint32_t mutate_below(struct mutate *at, uint32_t bound)
{
    return (uint32_t)(next(at) % bound);
}

bool mutate_chance(struct mutate *at, uint32_t one_in)
{
    return mutate_below(at, one_in) == 0;
}

int64_t mutate_integer(struct mutate *at, int64_t old)
{
    static const int64_t edges[] = {
        0,         1,         2,         3,          4,           5,           7,         8,
        16,        63,        64,        65,         127,         128,         255,       256,
        1024,      4096,      32767,     32768,      65535,       65536,       1 << 20,   1 << 26,
        1 << 28,   INT32_MAX, INT32_MIN, UINT32_MAX, 1LL << 32,   1LL << 33,   1LL << 40, 1LL << 61,
        1LL << 62, INT64_MAX, INT64_MIN, -1,         -2147483649, 4294967294L,
    };
    uint64_t bits = (uint64_t)old;

    switch (mutate_below(at, 8)) {
    case 0: return (int64_t)(bits + 1);
    case 1: return (int64_t)(bits - 1);
    case 2: return (int64_t)(0 - bits);
    case 3: return (int64_t)(bits * 2);
    case 4: return old / 2;
    case 5: return (int64_t)(bits ^ (uint64_t)1 << mutate_below(at, 64));
    case 6: return (int64_t)mutate_below(at, 9);
    default: return edges[mutate_below(at, sizeof edges / sizeof *edges)];
    }
}

static double mutate_real(struct mutate *at, double old)
{
    static const double edges[] = {
        0,
        1,
        -1,
        0.5,
        2,
        -0.0,
        1e-6,
        1e6,
        1e-30,
        1e30,
        3.4e38,
        1e-38,
        1e-310,
        1e-320,
        -3.4e38,
        1e300,
        __builtin_inf(),
        -1e9,
        127,
        255,
        -128,
        32767,
        65536,
        1e-45f,
        __builtin_nan(""),
    };

    switch (mutate_below(at, 5)) {
    case 0: return -old;
    case 1: return old * 2;
    case 2: return old / 2;
    case 3: return old + (double)mutate_below(at, 17) - 8;
    default: return edges[mutate_below(at, sizeof edges / sizeof *edges)];
    }
}

ProtobufCMessage *mutate_read(struct mutate *at, const ProtobufCMessageDescriptor *type,
                              const uint8_t *bytes, size_t size)
{
    ProtobufCMessage *message = NULL;

    return vch_is_ok(vch_message_read(&message, type, bytes, size, at->arena)) ? message : NULL;
}

size_t mutate_write(uint8_t *out, size_t size_max, const ProtobufCMessage *message)
{
    if (protobuf_c_message_get_packed_size(message) > size_max) return 0;
    return protobuf_c_message_pack(message, out);
}

ProtobufCMessage *mutate_copy(struct mutate *at, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = vch_arena_alloc(at->arena, size, 1);

    if (bytes == NULL) return NULL;
    (void)protobuf_c_message_pack(message, bytes);
    return mutate_read(at, message->descriptor, bytes, size);
}

// The members of a protobuf-c message, which its descriptor places.

static void *member_of(const ProtobufCMessage *message, unsigned offset)
{
    return (uint8_t *)(uintptr_t)message + offset;
}

static bool is_list(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED;
}

static size_t *list_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return member_of(message, field->quantifier_offset);
}

static size_t element_size(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM: break;
    }
    return 4;
}

// Elements of a field: of a list, or the one of an optional field that is there.
static size_t element_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const void *member = member_of(message, field->offset);

    if (is_list(field)) return *list_count(message, field);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING)
        return *(void *const *)member != NULL;
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
        return *(const protobuf_c_boolean *)member_of(message, field->quantifier_offset) != 0;
    return 1;
}

static void *element_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                        size_t index)
{
    void *member = member_of(message, field->offset);

    return is_list(field) ? *(uint8_t **)member + index * element_size(field) : member;
}

void *mutate_insert(struct mutate *at, ProtobufCMessage *message,
                    const ProtobufCFieldDescriptor *field, size_t index)
{
    size_t size = element_size(field), *count = list_count(message, field);
    uint8_t **list = member_of(message, field->offset);

    if (*count >= LIST_MAX) return NULL;
    uint8_t *grown = vch_arena_alloc(at->arena, *count + 1, size);
    if (grown == NULL) return NULL;
    if (index > 0) memcpy(grown, *list, index * size);
    if (index < *count)
        memcpy(grown + (index + 1) * size, *list + index * size, (*count - index) * size);
    *list = grown;
    ++*count;
    return grown + index * size;
}

static void drop(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t index)
{
    size_t size = element_size(field), *count = list_count(message, field);
    uint8_t *list = *(uint8_t **)member_of(message, field->offset);

    --*count;
    memmove(list + index * size, list + (index + 1) * size, (*count - index) * size);
}

static void swap(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t a,
                 size_t b)
{
    uint8_t kept[sizeof(ProtobufCBinaryData)];
    size_t size = element_size(field);

    memcpy(kept, element_at(message, field, a), size);
    memmove(element_at(message, field, a), element_at(message, field, b), size);
    memcpy(element_at(message, field, b), kept, size);
}

// One field of one message inside the message under mutation.
struct site {
    ProtobufCMessage *message;
    const ProtobufCFieldDescriptor *field;
};

// A choice among the sites that qualify, each as likely as another, made while walking past them.
struct choice {
    struct mutate *at;
    bool (*qualifies)(const struct choice *choice, const struct site *site);
    const ProtobufCFieldDescriptor *like; // for `qualifies`
    bool is_present;                      // likewise
    uint32_t seen;
    struct site site;
};

// NOLINTBEGIN(misc-no-recursion): as deep as the schemas nest, none of which is recursive
static void choose(struct choice *choice, ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const struct site site = {message, &message->descriptor->fields[i]};
        size_t count = element_count(message, site.field);
        if (choice->qualifies(choice, &site) && mutate_chance(choice->at, ++choice->seen))
            choice->site = site;
        if (site.field->type != PROTOBUF_C_TYPE_MESSAGE) continue;
        for (size_t j = 0; j < count; j++)
            choose(choice, *(ProtobufCMessage **)element_at(message, site.field, j));
    }
}
// NOLINTEND(misc-no-recursion)

static bool is_present(const struct choice *choice, const struct site *site)
{
    return (element_count(site->message, site->field) > 0) == choice->is_present;
}

static bool names_a_value(const ProtobufCFieldDescriptor *field)
{
    return strcmp(field->name, "name") == 0 || strcmp(field->name, "input") == 0 ||
           strcmp(field->name, "output") == 0;
}

// Does the site hold what could stand in a field like the one asked about? Names of values stand
// for each other wherever they are: that is what rewires a graph.
static bool is_peer(const struct choice *choice, const struct site *site)
{
    const ProtobufCFieldDescriptor *like = choice->like;

    if (site->field->type != like->type || element_count(site->message, site->field) == 0)
        return false;
    if (like->type == PROTOBUF_C_TYPE_MESSAGE) return site->field->descriptor == like->descriptor;
    if (like->type == PROTOBUF_C_TYPE_STRING && names_a_value(like))
        return names_a_value(site->field);
    return site->field == like;
}

// An element like those of `field`, from anywhere in `message`; NULL where there is none.
static void *find_peer(struct mutate *at, ProtobufCMessage *message,
                       const ProtobufCFieldDescriptor *field)
{
    struct choice choice = {.at = at, .qualifies = is_peer, .like = field};

    choose(&choice, message);
    if (choice.seen == 0) return NULL;
    size_t count = element_count(choice.site.message, choice.site.field);
    return element_at(choice.site.message, choice.site.field, mutate_below(at, (uint32_t)count));
}

static void mutate_bytes(struct mutate *at, ProtobufCBinaryData *data)
{
    static const uint8_t fills[] = {0x00, 0xff, 0x7f, 0x80, 0x01};
    size_t size = data->len > BYTES_MAX ? BYTES_MAX : data->len;
    uint32_t how = mutate_below(at, 7);

    if (how == 0) size = mutate_below(at, (uint32_t)size + 1);
    if (how == 1) size += 1 + mutate_below(at, 64);
    uint8_t *bytes = vch_arena_alloc(at->arena, size, 1);
    if (bytes == NULL) return;
    if (data->len > 0) memcpy(bytes, data->data, size < data->len ? size : data->len);
    *data = (ProtobufCBinaryData){size, bytes};
    if (size == 0 || how < 2) return;
    if (how == 2) memset(bytes, fills[mutate_below(at, sizeof fills)], size);
    if (how == 3) bytes[mutate_below(at, (uint32_t)size)] = (uint8_t)next(at);
    size_t spot = mutate_below(at, (uint32_t)size) & ~(size_t)7;
    if (how == 4 && size - spot >= 4) { // as float32
        float real = 0;
        memcpy(&real, bytes + spot, sizeof real);
        real = (float)mutate_real(at, (double)real);
        memcpy(bytes + spot, &real, sizeof real);
    }
    if (how >= 5 && size - spot >= 8) { // as int64
        int64_t integer = 0;
        memcpy(&integer, bytes + spot, sizeof integer);
        integer = mutate_integer(at, integer);
        memcpy(bytes + spot, &integer, sizeof integer);
    }
}

static void mutate_text(struct mutate *at, char **text)
{
    uint32_t count = 0;

    while (at->words != NULL && at->words[count] != NULL)
        count++;
    if (count > 0 && !mutate_chance(at, 8)) {
        *text = (char *)(uintptr_t)at->words[mutate_below(at, count)];
        return;
    }
    size_t size = *text == NULL ? 0 : strlen(*text);
    char *changed = vch_arena_string(at->arena, *text == NULL ? "" : *text, size);
    if (changed == NULL) return;
    if (size > 0) changed[mutate_below(at, (uint32_t)size)] = (char)mutate_below(at, 128);
    *text = changed;
}

static void mutate_element(struct mutate *at, const ProtobufCFieldDescriptor *field, void *element)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        *(int64_t *)element = mutate_integer(at, *(int64_t *)element);
        return;
    case PROTOBUF_C_TYPE_DOUBLE: *(double *)element = mutate_real(at, *(double *)element); return;
    case PROTOBUF_C_TYPE_FLOAT:
        *(float *)element = (float)mutate_real(at, (double)*(float *)element);
        return;
    case PROTOBUF_C_TYPE_STRING: mutate_text(at, element); return;
    case PROTOBUF_C_TYPE_BYTES: mutate_bytes(at, element); return;
    case PROTOBUF_C_TYPE_BOOL: *(protobuf_c_boolean *)element ^= 1; return;
    case PROTOBUF_C_TYPE_MESSAGE: return; // its own fields are sites
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_ENUM: break;
    }
    *(uint32_t *)element = (uint32_t)mutate_integer(at, *(int32_t *)element);
}

// Puts a copy of `from` into the element. Texts and bytes are never changed in place, so that they
// may be shared.
static bool set_element(struct mutate *at, const ProtobufCFieldDescriptor *field, void *element,
                        const void *from)
{
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
        memmove(element, from, element_size(field));
        return true;
    }
    ProtobufCMessage *copy = mutate_copy(at, *(ProtobufCMessage *const *)from);
    if (copy == NULL) return false;
    *(ProtobufCMessage **)element = copy;
    return true;
}

// One more element, after one from elsewhere or, where there is none, from nothing.
static void add_element(struct mutate *at, ProtobufCMessage *whole, const struct site *site)
{
    size_t count = *list_count(site->message, site->field);
    const void *peer = find_peer(at, whole, site->field);
    uint8_t kept[sizeof(ProtobufCBinaryData)];

    if (peer == NULL && site->field->type == PROTOBUF_C_TYPE_MESSAGE) return;
    if (peer != NULL) memcpy(kept, peer, element_size(site->field)); // before the list moves
    ProtobufCMessage *copy = NULL;
    if (site->field->type == PROTOBUF_C_TYPE_MESSAGE) {
        copy = mutate_copy(at, *(ProtobufCMessage *const *)peer);
        if (copy == NULL) return;
        memcpy(kept, &copy, sizeof(void *));
    }
    void *element =
        mutate_insert(at, site->message, site->field, mutate_below(at, (uint32_t)count + 1));
    if (element == NULL) return;
    if (peer != NULL) memcpy(element, kept, element_size(site->field));
    if (peer == NULL && site->field->type == PROTOBUF_C_TYPE_STRING)
        *(char **)element = (char *)(uintptr_t) "";
    if (peer == NULL) mutate_element(at, site->field, element);
}

static void mutate_list(struct mutate *at, ProtobufCMessage *whole, const struct site *site)
{
    uint32_t count = (uint32_t)*list_count(site->message, site->field);
    uint32_t how = mutate_below(at, 8), index = count > 0 ? mutate_below(at, count) : 0;

    if (count == 0 || how == 0) {
        add_element(at, whole, site);
    } else if (how == 1) {
        drop(site->message, site->field, index);
    } else if (how == 2) {
        swap(site->message, site->field, index, mutate_below(at, count));
    } else if (how == 3 && mutate_chance(at, 4)) {
        *list_count(site->message, site->field) = index;
    } else if (how < 6) {
        const void *peer = find_peer(at, whole, site->field);
        if (peer != NULL)
            (void)set_element(at, site->field, element_at(site->message, site->field, index), peer);
    } else {
        mutate_element(at, site->field, element_at(site->message, site->field, index));
    }
}

static void set_presence(const struct site *site, bool is_there)
{
    bool is_pointer =
        site->field->type == PROTOBUF_C_TYPE_MESSAGE || site->field->type == PROTOBUF_C_TYPE_STRING;

    if (is_pointer && !is_there) *(void **)member_of(site->message, site->field->offset) = NULL;
    if (!is_pointer && site->field->label == PROTOBUF_C_LABEL_OPTIONAL)
        *(protobuf_c_boolean *)member_of(site->message, site->field->quantifier_offset) = is_there;
}

static void mutate_single(struct mutate *at, ProtobufCMessage *whole, const struct site *site)
{
    void *element = member_of(site->message, site->field->offset);
    const void *peer = mutate_chance(at, 2) ? find_peer(at, whole, site->field) : NULL;

    if (element_count(site->message, site->field) > 0 && mutate_chance(at, 16)) {
        set_presence(site, false);
        return;
    }
    if (peer != NULL) {
        if (!set_element(at, site->field, element, peer)) return;
    } else {
        mutate_element(at, site->field, element);
    }
    set_presence(site, true);
}

void mutate_message(struct mutate *at, ProtobufCMessage *message)
{
    struct choice choice = {
        .at = at, .qualifies = is_present, .is_present = !mutate_chance(at, 10)};

    choose(&choice, message);
    if (choice.seen == 0) return;
    if (is_list(choice.site.field))
        mutate_list(at, message, &choice.site);
    else
        mutate_single(at, message, &choice.site);
}

void mutate_graft(struct mutate *at, ProtobufCMessage *message, const ProtobufCMessage *other)
{
    struct choice choice = {.at = at, .qualifies = is_present, .is_present = true};
    ProtobufCMessage *donor = mutate_copy(at, other);

    choose(&choice, message);
    if (choice.seen == 0 || donor == NULL) return;
    const void *part = find_peer(at, donor, choice.site.field);
    if (part == NULL) return;
    void *element = member_of(choice.site.message, choice.site.field->offset);
    if (is_list(choice.site.field)) {
        uint32_t count = (uint32_t)*list_count(choice.site.message, choice.site.field);
        element =
            mutate_insert(at, choice.site.message, choice.site.field, mutate_below(at, count + 1));
    }
    if (element == NULL) return;
    memcpy(element, part, element_size(choice.site.field));
    if (!is_list(choice.site.field)) set_presence(&choice.site, true);
}
