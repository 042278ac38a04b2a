// Collections: what is written is read, and everything else about them that somebody may try.
#include "evidence/cmw.h"

#include <stdio.h>
#include <string.h>

#include "harness/test.h"

static uint8_t bytes[4096];
static struct vch_complaint complaint;

static struct vch_cmw_item item(const char *label, const char *type, const char *value,
                                uint32_t purposes)
{
    return (struct vch_cmw_item){
        .label = label,
        .label_size = strlen(label),
        .type = type,
        .type_size = type == NULL ? 0 : strlen(type),
        .format = 258,
        .bytes = (const uint8_t *)value,
        .size = strlen(value),
        .purposes = purposes,
    };
}

static struct vch_cmw example(void)
{
    return (struct vch_cmw){
        .items = {item("quote", "application/x", "abc", VCH_CMW_EVIDENCE),
                  item("ak", NULL, "key", 0), item("ab", "text/plain", "z", 3)},
        .count = 3,
    };
}

static size_t write(const struct vch_cmw *collection)
{
    struct vch_cbor_writer writer = {bytes, sizeof bytes, 0};
    size_t size = 0;

    CHECK_OK(vch_cmw_write(&writer, collection));
    CHECK_OK(vch_cbor_write_end(&writer, &size));
    return size;
}

TEST(cmw_reads_what_it_wrote_in_the_order_of_labels)
{
    struct vch_cmw collection = example(), again;
    size_t size = write(&collection);

    CHECK_OK(vch_cmw_decode(&again, bytes, size, &complaint));
    CHECK_EQ(again.count, 3);
    CHECK(memcmp(again.items[0].label, "ab", 2) == 0 && again.items[0].purposes == 3);
    CHECK(memcmp(again.items[1].label, "ak", 2) == 0 && again.items[1].format == 258);
    CHECK(again.items[1].type == NULL && again.items[1].purposes == 0);
    const struct vch_cmw_item *found = vch_cmw_find(&again, "quote");
    CHECK(found != NULL && found->size == 3 && memcmp(found->bytes, "abc", 3) == 0);
    CHECK(found->type_size == 13 && memcmp(found->type, "application/x", 13) == 0);
    CHECK(vch_cmw_find(&again, "quot") == NULL);
    for (size_t i = 0; i < size; i++)
        CHECK(!vch_is_ok(vch_cmw_decode(&again, bytes, i, &complaint)));
}

// Whatever one changes, what is then read is in its one form: it would be written just so.
TEST(cmw_of_any_other_bit_is_another_collection_or_none)
{
    static uint8_t kept[4096];
    struct vch_cmw collection = example(), again;
    size_t size = write(&collection);

    memcpy(kept, bytes, size);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        test_flip(kept, bit);
        if (vch_is_ok(vch_cmw_decode(&again, kept, size, NULL))) {
            CHECK_EQ(write(&again), size);
            CHECK(memcmp(kept, bytes, size) == 0);
        }
        test_flip(kept, bit);
    }
}

TEST(cmw_writes_nothing_that_would_not_be_read)
{
    static const char long_label[] = "a23456789012345678901234567890123";
    const struct vch_cmw_item rows[] = {
        item("", "a/b", "v", 0),         item("Quote", "a/b", "v", 0), item("1a", "a/b", "v", 0),
        item(long_label, "a/b", "v", 0), item("a b", "a/b", "v", 0),   item("_a", "a/b", "v", 0),
        item("a", "ab", "v", 0),         item("a", "abc", "v", 0),     item("a", "a /b", "v", 0),
        item("a", "a/b", "", 0),         item("a", "a/b", "v", 32),
    };
    struct vch_cmw collection = example();
    struct vch_cbor_writer writer = {bytes, sizeof bytes, 0};

    FOR_EACH(row, rows)
    {
        collection.items[1] = *row;
        CHECK_FAILS(vch_cmw_write(&writer, &collection), USAGE);
    }
    collection = example();
    collection.items[1].format = 65536;
    CHECK_FAILS(vch_cmw_write(&writer, &collection), USAGE);
    collection.items[1] = collection.items[0];
    CHECK_FAILS(vch_cmw_write(&writer, &collection), USAGE); // twice
    collection.count = 0;
    CHECK_FAILS(vch_cmw_write(&writer, &collection), USAGE);
}

static vch_status decode(const char *hex_free, size_t size)
{
    struct vch_cmw out;

    return vch_cmw_decode(&out, hex_free, size, &complaint);
}
#define DECODE(text) decode(text, sizeof(text) - 1)

TEST(cmw_refuses_what_is_no_flat_collection_of_records)
{
    CHECK_OK(DECODE("\xa1\x61"
                    "a\x83\x63"
                    "a/b\x41v\x04"));
    CHECK_FAILS(DECODE("\xa0"), MALFORMED);
    CHECK_FAILS(DECODE("\x82\x63"
                       "a/b\x41v"),
                MALFORMED); // a bare record
    CHECK_FAILS(DECODE("\xa1\x61"
                       "a\xa1\x61"
                       "a\x82\x63"
                       "a/b\x41v"),
                UNSUPPORTED); // a collection in it
    CHECK_FAILS(DECODE("\xa1\x01\x82\x63"
                       "a/b\x41v"),
                MALFORMED); // a number as label
    CHECK_FAILS(DECODE("\xa1\x61"
                       "a\x81\x63"
                       "a/b"),
                MALFORMED); // no value
    CHECK_FAILS(DECODE("\xa1\x61"
                       "a\x84\x63"
                       "a/b\x41v\x04\x00"),
                MALFORMED); // more than that
    CHECK_FAILS(DECODE("\xa1\x61"
                       "a\x83\x63"
                       "a/b\x41v\x00"),
                MALFORMED); // an indicator that indicates nothing
    CHECK_FAILS(DECODE("\xa1\x61"
                       "a\x82\x63"
                       "a/b\x61v"),
                MALFORMED); // a text as value
    CHECK_FAILS(DECODE("\xa1\x68__cmwc_t\x63"
                       "a/b"),
                MALFORMED);
    CHECK_FAILS(DECODE("\xa1\x61"
                       "a\x82\x1b\x00\x00\x00\x01\x00\x00\x00\x00\x41v"),
                MALFORMED); // format 2^32, which is not 0
}

TEST(cmw_has_bounds)
{
    static uint8_t large[VCH_CMW_SIZE_MAX + 1];
    struct vch_cmw_item items[VCH_CMW_ITEMS_MAX + 1];
    char labels[VCH_CMW_ITEMS_MAX + 1][4];
    struct vch_cmw collection = {.count = VCH_CMW_ITEMS_MAX}, again;
    struct vch_cbor_writer writer = {bytes, sizeof bytes, 0};

    for (size_t i = 0; i <= VCH_CMW_ITEMS_MAX; i++) {
        (void)snprintf(labels[i], sizeof labels[i], "a%02zu", i);
        items[i] = item(labels[i], "a/b", "v", 0);
    }
    memcpy(collection.items, items, sizeof collection.items);
    CHECK_OK(vch_cmw_decode(&again, bytes, write(&collection), &complaint));
    vch_cbor_write_map(&writer, VCH_CMW_ITEMS_MAX + 1);
    FOR_EACH(row, items)
    {
        vch_cbor_write_text(&writer, row->label, row->label_size);
        vch_cbor_write_array(&writer, 2);
        vch_cbor_write_text(&writer, "a/b", 3);
        vch_cbor_write_bytes(&writer, "v", 1);
    }
    CHECK_FAILS(vch_cmw_decode(&again, bytes, writer.size, &complaint), LIMIT);
    CHECK_FAILS(vch_cmw_decode(&again, large, sizeof large, &complaint), LIMIT);
}
