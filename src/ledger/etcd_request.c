#include "ledger/etcd_request.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/check.h"

static const size_t AROUND_MAX =
    256; // what an operation or comparison needs beside keys and values

struct text {
    char *bytes;
    size_t size, room;
};

static void add(struct text *text, const char *words)
{
    size_t size = strlen(words);

    VCH_ASSERT(size < text->room - text->size);
    memcpy(text->bytes + text->size, words, size + 1);
    text->size += size;
}

static void add_base64(struct text *text, const char *name, const void *bytes, size_t size)
{
    add(text, name);
    VCH_ASSERT(VCH_BASE64_SIZE(size) < text->room - text->size);
    text->size += vch_base64_encode(text->bytes + text->size, bytes, size);
    add(text, "\"");
}

static void add_operation(struct text *text, const struct vch_etcd_operation *operation)
{
    char limit[32];

    add(text, operation->value != NULL ? "{\"request_put\":{" : "{\"request_range\":{");
    add_base64(text, "\"key\":\"", operation->key, strlen(operation->key));
    if (operation->value != NULL)
        add_base64(text, ",\"value\":\"", operation->value, operation->size);
    else if (operation->end != NULL) {
        add_base64(text, ",\"range_end\":\"", operation->end, strlen(operation->end));
        (void)snprintf(limit, sizeof limit, ",\"limit\":\"%u\"", operation->limit);
        add(text, limit);
    }
    add(text, "}}");
}

static void add_operations(struct text *text, const char *name,
                           const struct vch_etcd_operation *operations, uint32_t count)
{
    add(text, name);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) add(text, ",");
        add_operation(text, &operations[i]);
    }
    add(text, "]");
}

static void add_comparison(struct text *text, const struct vch_etcd_transaction *transaction)
{
    add(text, "{\"compare\":[");
    if (transaction->key != NULL) {
        add_base64(text, "{\"result\":\"EQUAL\",\"key\":\"", transaction->key,
                   strlen(transaction->key));
        if (transaction->value != NULL)
            add_base64(text, ",\"target\":\"VALUE\",\"value\":\"", transaction->value,
                       transaction->size);
        else // no key has been created at revision 0
            add(text, ",\"target\":\"CREATE\",\"create_revision\":\"0\"");
        add(text, "}");
    }
    add(text, "],");
}

static size_t room_of(const struct vch_etcd_operation *operations, uint32_t count)
{
    size_t room = 0;

    for (uint32_t i = 0; i < count; i++) {
        size_t keys = strlen(operations[i].key);
        if (operations[i].end != NULL) keys += strlen(operations[i].end);
        room += AROUND_MAX + 2 * keys + VCH_BASE64_SIZE(operations[i].size);
    }
    return room;
}

char *vch_etcd_request_encode(size_t *size, const struct vch_etcd_transaction *transaction,
                              struct vch_arena *arena)
{
    struct text text = {.room = 2 * AROUND_MAX + VCH_BASE64_SIZE(transaction->size)};

    if (transaction->key != NULL) text.room += 2 * strlen(transaction->key);
    text.room += room_of(transaction->then, transaction->then_count);
    text.room += room_of(transaction->otherwise, transaction->otherwise_count);
    text.bytes = vch_arena_alloc(arena, text.room, 1);
    if (text.bytes == NULL) return NULL;
    add_comparison(&text, transaction);
    add_operations(&text, "\"success\":[", transaction->then, transaction->then_count);
    add_operations(&text, ",\"failure\":[", transaction->otherwise, transaction->otherwise_count);
    add(&text, "}");
    *size = text.size;
    return text.bytes;
}
