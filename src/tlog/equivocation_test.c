#include "tlog/equivocation.h"

#include <string.h>

#include "harness/test.h"
#include "tlog/consistency.h"

enum { LEAVES = 40, ROOM = 8192 };

// Two logs by one key that part at leaf `fork`.
struct forks {
    struct vch_secret_key key;
    struct vch_vkey vkey;
    struct vch_digest leaves[2][LEAVES];
};

static void begin(struct forks *forks, uint32_t fork)
{
    static const uint8_t seed[VCH_SIGN_SEED_SIZE] = {1};

    vch_sign_key(&forks->key, seed);
    CHECK_OK(vch_vkey_init(&forks->vkey, "example.org/log", VCH_VKEY_ED25519,
                           &forks->key.public_key, NULL));
    for (uint32_t side = 0; side < 2; side++)
        for (uint32_t i = 0; i < LEAVES; i++) {
            uint8_t content[2] = {(uint8_t)i, i >= fork ? (uint8_t)side : 0};
            forks->leaves[side][i] = vch_merkle_leaf(content, sizeof content);
        }
}

static struct vch_digest root_of(const struct forks *forks, uint32_t side, uint64_t size)
{
    struct vch_tree tree = {0};

    for (uint64_t i = 0; i < size; i++)
        (void)vch_tree_append(&tree, &forks->leaves[side][i], NULL);
    return vch_tree_root(&tree);
}

static size_t note_of(char *out, const struct forks *forks, uint32_t side, uint64_t size)
{
    struct vch_checkpoint checkpoint = {
        .origin = "example.org/log", .size = size, .root = root_of(forks, side, size)};

    return vch_checkpoint_sign(out, &checkpoint, &forks->key);
}

struct level_reader {
    const struct forks *forks;
    uint32_t side;
};

static vch_status read_node(void *context, unsigned level, uint64_t index, struct vch_digest *out)
{
    const struct level_reader *reader = context;
    struct vch_tree tree = {0};

    for (uint64_t i = index << level; i < (index + 1) << level; i++)
        (void)vch_tree_append(&tree, &reader->forks->leaves[reader->side][i], NULL);
    *out = vch_tree_root(&tree);
    return VCH_OK;
}

// Evidence from the first log at `a` and the second at `b`.
static size_t evidence(char *out, const struct forks *forks, uint64_t a, uint64_t b)
{
    char first[VCH_CHECKPOINT_NOTE_MAX + 1], second[VCH_CHECKPOINT_NOTE_MAX + 1];
    size_t first_size = note_of(first, forks, 0, a), second_size = note_of(second, forks, 1, b);
    struct vch_digest root = root_of(forks, 1, a);
    struct level_reader reader = {forks, 1};
    const struct vch_tree_nodes nodes = {read_node, &reader};
    struct vch_tree_path path;

    CHECK_OK(vch_consistency_prove(&path, a, b, &nodes));
    return vch_equivocation_encode(out, ROOM, first, first_size, second, second_size,
                                   a == b ? NULL : &root, a == b ? NULL : &path);
}

static vch_status verify(const struct forks *forks, const char *bytes, size_t size)
{
    struct vch_equivocation found;

    return vch_equivocation_verify(&found, bytes, size, &forks->vkey, NULL);
}

TEST(a_log_that_forked_is_convicted_at_every_pair_of_sizes)
{
    struct forks forks;
    char bytes[ROOM];

    begin(&forks, 7);
    for (uint64_t a = 8; a <= LEAVES; a += 5)
        for (uint64_t b = a; b <= LEAVES; b += 3) {
            size_t size = evidence(bytes, &forks, a, b);
            CHECK(size > 0);
            CHECK_OK(verify(&forks, bytes, size));
        }
}

TEST(a_log_that_only_grew_is_not)
{
    struct forks forks;
    char bytes[ROOM];

    begin(&forks, 30);
    for (uint64_t a = 1; a <= 30; a += 3)
        for (uint64_t b = a; b <= LEAVES; b += 7) {
            size_t size = evidence(bytes, &forks, a, b);
            CHECK(verify(&forks, bytes, size).code == VCH_CODE_BAD_PROOF);
        }
}

TEST(every_changed_bit_and_every_cut_acquits)
{
    struct forks forks;
    char bytes[ROOM];

    begin(&forks, 7);
    size_t size = evidence(bytes, &forks, 11, 29);
    for (size_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            test_flip(bytes, 8 * i + (size_t)bit);
            CHECK(!vch_is_ok(verify(&forks, bytes, size)));
            test_flip(bytes, 8 * i + (size_t)bit);
        }
        CHECK(!vch_is_ok(verify(&forks, bytes, i)));
    }
    CHECK_OK(verify(&forks, bytes, size));
    bytes[size] = '\n';
    CHECK(!vch_is_ok(verify(&forks, bytes, size + 1)));
}

TEST(another_log_is_not_convicted)
{
    struct forks forks;
    struct vch_equivocation found;
    struct vch_vkey other;
    char bytes[ROOM];

    begin(&forks, 7);
    size_t size = evidence(bytes, &forks, 11, 29);
    other = forks.vkey;
    other.key.bytes[3] ^= 4;
    CHECK(!vch_is_ok(vch_equivocation_verify(&found, bytes, size, &other, NULL)));
    CHECK(vch_equivocation_encode(bytes, 100, bytes, 60, bytes, 60, NULL, NULL) == 0);
}
