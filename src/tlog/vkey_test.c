// Verifier keys in use elsewhere, and what their implementations refuse.
#include "tlog/vkey.h"

#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

// Of Go's sumdb/note tests, of the Go checksum database, of witnesses in operation, and of
// transparency-dev/formats.
static const struct {
    const char *text, *name;
    enum vch_vkey_type type;
    uint32_t id;
} known[] = {
    {"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "PeterNeumann",
     VCH_VKEY_ED25519, 0xc74f20a3},
    {"sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8", "sum.golang.org",
     VCH_VKEY_ED25519, 0x033de0ae},
    {"monkeys+db4d9f7e+AULaJMvTtDLHPUcUrjdDad9vDlh/PTfC2VV60JUtCfWT", "monkeys", VCH_VKEY_ED25519,
     0xdb4d9f7e},
    {"remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2", "remora.n621.de",
     VCH_VKEY_COSIGNATURE, 0xda77ade7},
    {"transparency.dev/DEV:witness-little-garden+d8042a87+"
     "BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
     "transparency.dev/DEV:witness-little-garden", VCH_VKEY_COSIGNATURE, 0xd8042a87},
};

static vch_status decode(struct vch_vkey *out, const char *text)
{
    return vch_vkey_decode(out, text, strlen(text), NULL);
}

TEST(vkey_agrees_with_keys_in_use)
{
    char text[VCH_VKEY_TEXT_MAX + 1];
    struct vch_vkey vkey, again;

    FOR_EACH(row, known)
    {
        CHECK_OK(decode(&vkey, row->text));
        CHECK(strcmp(vkey.name, row->name) == 0);
        CHECK_EQ(vkey.type, row->type);
        CHECK_EQ(vch_vkey_id(&vkey), row->id);
        CHECK_OK(vch_vkey_init(&again, row->name, row->type, &vkey.key, NULL));
        CHECK_EQ(vch_vkey_encode(text, &again), strlen(row->text));
        CHECK(strcmp(text, row->text) == 0);
    }
}

// What Go's tests try: every part of a key, and every byte moved by one.
TEST(vkey_refuses_parts_and_changed_bytes)
{
    const char *text = known[0].text;
    char changed[128];
    struct vch_vkey vkey;
    size_t size = strlen(text);

    for (size_t i = 0; i <= size; i++)
        for (size_t j = i; j <= size; j++)
            CHECK(vch_is_ok(vch_vkey_decode(&vkey, text + i, j - i, NULL)) ==
                  (i == 0 && j == size));
    for (size_t i = 0; i < size; i++) {
        memcpy(changed, text, size + 1);
        changed[i]++;
        CHECK(!vch_is_ok(vch_vkey_decode(&vkey, changed, size, NULL)));
        changed[i]--;
        for (int bit = 0; bit < 8; bit++) {
            test_flip(changed, 8 * i + (size_t)bit);
            CHECK(!vch_is_ok(vch_vkey_decode(&vkey, changed, size, NULL)));
            test_flip(changed, 8 * i + (size_t)bit);
        }
    }
}

TEST(vkey_refuses_other_types_forms_and_names)
{
    static const struct {
        const char *text;
        enum vch_code code;
    } lies[] = {
        {"PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
         VCH_CODE_MALFORMED},
        {"PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
         VCH_CODE_UNSUPPORTED},
        {"PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", VCH_CODE_MALFORMED},
        {"+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", VCH_CODE_MALFORMED},
        {"Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", VCH_CODE_MALFORMED},
        {"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
         VCH_CODE_MALFORMED},
    };
    struct vch_vkey vkey;

    FOR_EACH(lie, lies)
    {
        struct vch_complaint complaint = {0};
        CHECK_CODE(vch_vkey_decode(&vkey, lie->text, strlen(lie->text), &complaint), lie->code);
        CHECK(complaint.text[0] != '\0');
    }
}

TEST(vkey_is_made_of_printable_names_only)
{
    static const char *const lies[] = {"", "a b", "a+b", "a\n", "\xc3\xa8", "\x7f"};
    char longest[VCH_VKEY_NAME_MAX + 2];
    const struct vch_public_key key = {{1}};
    struct vch_vkey vkey;

    FOR_EACH(lie, lies) CHECK_FAILS(vch_vkey_init(&vkey, *lie, 1, &key, NULL), USAGE);
    memset(longest, 'x', sizeof longest);
    longest[VCH_VKEY_NAME_MAX + 1] = '\0';
    CHECK_FAILS(vch_vkey_init(&vkey, longest, 1, &key, NULL), USAGE);
    longest[VCH_VKEY_NAME_MAX] = '\0';
    char text[VCH_VKEY_TEXT_MAX + 1];
    CHECK_OK(vch_vkey_init(&vkey, longest, VCH_VKEY_ED25519, &key, NULL));
    CHECK_EQ(vch_vkey_encode(text, &vkey), VCH_VKEY_TEXT_MAX);
    CHECK_OK(decode(&vkey, text));
}
