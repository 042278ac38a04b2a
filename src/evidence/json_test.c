#include "evidence/json.h"

#include <stdio.h>
#include <string.h>

#include "harness/test.h"

static struct vch_arena arena;
static struct vch_complaint complaint;

static vch_status decode(const struct vch_json_value **root, const char *text, size_t size)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 20);
    complaint = (struct vch_complaint){0};
    vch_status status = vch_json_decode(root, &arena, text, size, &complaint);
    CHECK(vch_is_ok(status) == (complaint.text[0] == '\0'));
    CHECK(vch_is_ok(status) == (*root != NULL));
    return status;
}

static const struct vch_json_value *read(const char *text)
{
    const struct vch_json_value *root = NULL;

    CHECK_OK(decode(&root, text, strlen(text)));
    return root;
}

static const char signed_text[] =
    "{\"body\" : { \"a\":[1, 22,{}],\"b\":\"x\" } ,\n\"signature\":\"0aFf\"}\n";

TEST(json_keeps_the_bytes_of_every_value)
{
    const struct vch_json_value *root = read(signed_text), *body = vch_json_member(root, "body");
    static const char raw[] = "{ \"a\":[1, 22,{}],\"b\":\"x\" }";

    CHECK(body != NULL && body->text_size == sizeof raw - 1);
    CHECK(memcmp(body->text, raw, sizeof raw - 1) == 0);
    const struct vch_json_value *a = vch_json_member(body, "a");
    CHECK(vch_json_is(a, VCH_JSON_ARRAY) && a->count == 3);
    uint64_t number = 0;
    CHECK(vch_json_u64(vch_json_next(vch_json_first(a)), 22, &number) && number == 22);
    CHECK(!vch_json_u64(vch_json_next(vch_json_first(a)), 21, &number));
    CHECK(vch_json_is_string(vch_json_member(body, "b"), "x"));
    CHECK(!vch_json_is_string(vch_json_member(body, "b"), "xy"));
    uint8_t bytes[2];
    CHECK(vch_json_hex(vch_json_member(root, "signature"), bytes, 2));
    CHECK_HEX(bytes, 2, "0aff");
    CHECK(!vch_json_hex(vch_json_member(root, "signature"), bytes, 1));
    CHECK(vch_json_member(body, "signature") == NULL && vch_json_member(a, "a") == NULL);
}

TEST(json_ends_nowhere_but_at_its_end)
{
    const struct vch_json_value *root = NULL;
    size_t size = strlen(signed_text) - 1; // without the line's end

    for (size_t i = 0; i < size; i++)
        CHECK_FAILS(decode(&root, signed_text, i), MALFORMED);
    CHECK_OK(decode(&root, signed_text, size));
}

TEST(json_takes_every_kind)
{
    const struct vch_json_value *root = read("[true,false,null,0,\"\",{},[]]");
    static const enum vch_json_kind kinds[] = {VCH_JSON_TRUE,   VCH_JSON_FALSE,  VCH_JSON_NULL,
                                               VCH_JSON_NUMBER, VCH_JSON_STRING, VCH_JSON_OBJECT,
                                               VCH_JSON_ARRAY};
    const struct vch_json_value *value = vch_json_first(root);

    CHECK_EQ(root->count, 7);
    FOR_EACH(kind, kinds)
    {
        CHECK(vch_json_is(value, *kind));
        value = vch_json_next(value);
    }
    uint64_t number = 0;
    CHECK(vch_json_u64(read("18446744073709551615"), UINT64_MAX, &number) && number == UINT64_MAX);
}

TEST(json_refuses_what_two_readers_could_see_differently)
{
    static const char *const lies[] = {
        "{\"a\":1,\"a\":1}", // a key twice
        "{\"a\":{},\"b\":1,\"a\":2}",
        "1.0",
        "1e3",
        "-1",
        "+1",
        "01",
        "18446744073709551616",
        "\"a\\u0041\"",
        "\"a\\\"\"",
        "\"\xc3\xa4\"",
        "\"\t\"",
        "\"\x7f\"",
        "{} {}",
        "{}x",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{a:1}",
        "{'a':1}",
        "{1:1}",
        "[1}",
        "{\"a\":1]",
        "tru",
        "True",
        "nul",
        "NaN",
        "\v1",
        "\xef\xbb\xbf{}",
        "/* */1",
        "",
        " ",
        "[[[[[[[[[1]]]]]]]]]",
    };
    const struct vch_json_value *root = NULL;

    FOR_EACH(lie, lies)
    {
        printf("# %s\n", *lie);
        CHECK_FAILS(decode(&root, *lie, strlen(*lie)), MALFORMED);
    }
    CHECK_FAILS(decode(&root, "{}\0", 3), MALFORMED);
    CHECK_OK(decode(&root, "[[[[[[[[1]]]]]]]]", 17));
}

TEST(json_is_bounded)
{
    static char text[VCH_JSON_SIZE_MAX + 2];
    const struct vch_json_value *root = NULL;
    size_t size = 1;

    memset(text, ' ', sizeof text);
    CHECK_FAILS(decode(&root, text, VCH_JSON_SIZE_MAX + 1), LIMIT);
    memset(text, ',', sizeof text);
    CHECK_FAILS(decode(&root, text, VCH_JSON_SIZE_MAX), NO_MEMORY);
    text[0] = '{';
    for (unsigned i = 0; i < VCH_JSON_MEMBERS_MAX + 1; i++)
        size += (size_t)snprintf(text + size, 32, "%s\"k%u\":0", i == 0 ? "" : ",", i);
    (void)snprintf(text + size, 2, "}");
    CHECK_FAILS(decode(&root, text, size + 1), MALFORMED);
}

TEST(json_knows_the_calendar)
{
    static const struct {
        const char *text;
        int64_t time_s;
    } times[] = {
        {"\"1970-01-01T00:00:00Z\"", 0},          {"\"2000-02-29T23:59:59Z\"", 951868799},
        {"\"2025-06-19T10:56:11Z\"", 1750330571}, {"\"2049-12-31T23:59:59Z\"", 2524607999},
        {"\"2100-03-01T00:00:00Z\"", 4107542400},
    };
    static const char *const lies[] = {
        "\"2018-16-06T10:12:17Z\"",  "\"2100-02-29T00:00:00Z\"",      "\"2025-06-19T24:00:00Z\"",
        "\"2025-06-19 10:56:11Z\"",  "\"2025-06-19T10:56:11\"",       "\"2025-06-19T10:56:60Z\"",
        "\"1969-12-31T23:59:59Z\"",  "\"2025-06-00T10:56:11Z\"",      "\"2025-00-19T10:56:11Z\"",
        "\"2025-06-19T10:56:11ZZ\"", "\"2025-06-19T10:56:11+00:00\"", "20250619105611"};
    int64_t time_s = 0;

    FOR_EACH(time, times)
    {
        CHECK(vch_json_time(read(time->text), &time_s));
        CHECK_EQ(time_s, time->time_s);
    }
    FOR_EACH(lie, lies)
    CHECK(!vch_json_time(read(*lie), &time_s));
    CHECK(!vch_json_time(NULL, &time_s));
}
