#include "consensus/registry.h"

#include <stdio.h>
#include <string.h>

#include "harness/test.h"
#include "message/message.h"
#include "schema/registry.pb-c.h"

enum { MEMBERS = 5 };

static struct vch_arena arena;
static struct vch_complaint complaint;
static struct vch_secret_key founder;
static struct vch_member members[MEMBERS];

static struct vch_secret_key key_of(uint8_t fill)
{
    struct vch_secret_key key;
    uint8_t seed[VCH_SIGN_SEED_SIZE];

    memset(seed, fill, sizeof seed);
    vch_sign_key(&key, seed);
    return key;
}

static struct vch_registry example(void)
{
    struct vch_registry registry = {.network = "clinics.example", .serial = 7, .expires_ms = 1000};

    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 24);
    complaint.text[0] = '\0';
    founder = key_of(200);
    for (uint8_t i = 0; i < MEMBERS; i++) {
        members[i] = (struct vch_member){.key = key_of(i).public_key, .role = VCH_ROLE_NODE};
        (void)snprintf(members[i].operator_name, sizeof members[i].operator_name, "op-%u", i);
    }
    members[1].has_vrf = members[2].has_vrf = true; // members[0] never draws
    members[1].vrf.bytes[0] = 1;
    members[2].vrf.bytes[0] = 2;
    members[MEMBERS - 1].role = VCH_ROLE_CLIENT;
    registry.members = members;
    registry.member_count = MEMBERS;
    return registry;
}

static void encode(uint8_t **bytes, size_t *size, struct vch_registry *registry)
{
    CHECK_OK(vch_registry_encode(bytes, size, registry, &founder, &arena, &complaint));
}

static vch_status decode(struct vch_registry *out, const uint8_t *bytes, size_t size)
{
    complaint.text[0] = '\0';
    return vch_registry_decode(out, bytes, size, &arena, &complaint);
}

TEST(registry_decodes_what_it_encoded)
{
    struct vch_registry registry = example(), again = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;

    encode(&bytes, &size, &registry);
    CHECK_OK(decode(&again, bytes, size));
    CHECK(strcmp(again.network, "clinics.example") == 0);
    CHECK_EQ(again.serial, 7);
    CHECK_EQ(again.expires_ms, 1000);
    CHECK_EQ(again.member_count, MEMBERS);
    for (uint32_t i = 0; i < MEMBERS; i++) { // field by field: structs have holes
        const struct vch_member *got = &again.members[i], *want = &registry.members[i];
        CHECK(memcmp(&got->key, &want->key, sizeof got->key) == 0);
        CHECK(strcmp(got->operator_name, want->operator_name) == 0);
        CHECK_EQ(got->role, want->role);
        CHECK_EQ(got->has_vrf, want->has_vrf);
        CHECK(!got->has_vrf || memcmp(&got->vrf, &want->vrf, sizeof got->vrf) == 0);
    }
    CHECK(vch_hash_is_equal(&again.digest, &registry.digest));
    CHECK(memcmp(&again.founder, &founder.public_key, sizeof again.founder) == 0);
}

TEST(registry_of_no_members_is_one)
{
    struct vch_registry registry = example(), again = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;

    registry.member_count = 0;
    registry.serial = registry.expires_ms = 0;
    encode(&bytes, &size, &registry);
    CHECK_OK(decode(&again, bytes, size));
    CHECK_EQ(again.member_count, 0);
    CHECK(vch_registry_find(&again, &members[0].key) == NULL);
}

TEST(registry_bytes_do_not_depend_on_the_order_of_members)
{
    struct vch_registry registry = example();
    uint8_t *one = NULL, *other = NULL;
    size_t one_size = 0, other_size = 0;

    encode(&one, &one_size, &registry);
    struct vch_member first = members[0];
    members[0] = members[3];
    members[3] = first;
    encode(&other, &other_size, &registry);
    CHECK_EQ(one_size, other_size);
    CHECK(memcmp(one, other, one_size) == 0);
}

TEST(registry_finds_every_member_and_nobody_else)
{
    struct vch_registry registry = example(), again = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;

    encode(&bytes, &size, &registry);
    CHECK_OK(decode(&again, bytes, size));
    for (uint8_t i = 0; i < MEMBERS; i++) {
        struct vch_secret_key key = key_of(i);
        const struct vch_member *member = vch_registry_find(&again, &key.public_key);
        CHECK(member != NULL);
        CHECK_EQ(member->operator_name[3], '0' + i);
    }
    struct vch_secret_key stranger = key_of(77);
    CHECK(vch_registry_find(&again, &stranger.public_key) == NULL);
}

TEST(registry_refuses_to_encode_a_key_twice)
{
    struct vch_registry registry = example();
    uint8_t *bytes = NULL;
    size_t size = 0;

    members[1].key = members[3].key;
    CHECK_FAILS(vch_registry_encode(&bytes, &size, &registry, &founder, &arena, &complaint),
                MALFORMED);
    CHECK(strstr(complaint.text, "twice") != NULL);
}

TEST(registry_refuses_two_nodes_with_one_vrf_key_and_clients_that_draw)
{
    struct vch_registry registry = example();
    uint8_t *bytes = NULL;
    size_t size = 0;

    members[2].vrf = members[1].vrf;
    CHECK_FAILS(vch_registry_encode(&bytes, &size, &registry, &founder, &arena, &complaint),
                MALFORMED);
    CHECK(strstr(complaint.text, "same VRF key") != NULL);
    registry = example();
    for (uint32_t i = 0; i < MEMBERS; i++)
        members[i].has_vrf = members[i].role == VCH_ROLE_CLIENT;
    CHECK_FAILS(vch_registry_encode(&bytes, &size, &registry, &founder, &arena, &complaint),
                MALFORMED);
    CHECK(strstr(complaint.text, "only nodes draw") != NULL);
}

static vch_status encode_with_names(const char *network, const char *operator_name)
{
    struct vch_registry registry = example();
    uint8_t *bytes = NULL;
    size_t size = 0;

    memset(registry.network, 0, sizeof registry.network);
    // A name longer than it may be leaves no room for its NUL.
    memcpy(registry.network, network, strnlen(network, VCH_REGISTRY_NAME_MAX + 1));
    memset(members[2].operator_name, 0, sizeof members[2].operator_name);
    memcpy(members[2].operator_name, operator_name,
           strnlen(operator_name, VCH_REGISTRY_NAME_MAX + 1));
    return vch_registry_encode(&bytes, &size, &registry, &founder, &arena, &complaint);
}

TEST(registry_refuses_bad_names)
{
    static const char *const bad[] = {"",       "Upper", "under_score", "sp ace",
                                      "slash/", "\n",    "\xc3\xa4"};
    char longest[VCH_REGISTRY_NAME_MAX + 2] = {0};

    FOR_EACH(name, bad)
    {
        CHECK_FAILS(encode_with_names("net", *name), MALFORMED);
        CHECK_FAILS(encode_with_names(*name, "op"), MALFORMED);
    }
    memset(longest, 'a', VCH_REGISTRY_NAME_MAX);
    CHECK_OK(encode_with_names(longest, longest));
    longest[VCH_REGISTRY_NAME_MAX] = 'a';
    CHECK_FAILS(encode_with_names("net", longest), MALFORMED);
    CHECK_FAILS(encode_with_names(longest, "op"), MALFORMED);
}

TEST(registry_refuses_an_unknown_role)
{
    struct vch_registry registry = example();
    uint8_t *bytes = NULL;
    size_t size = 0;

    members[2].role = (enum vch_role)3;
    CHECK_FAILS(vch_registry_encode(&bytes, &size, &registry, &founder, &arena, &complaint),
                MALFORMED);
    CHECK(strstr(complaint.text, "role 3") != NULL);
}

// A founder may sign anything: the reader's checks have to hold against a signed registry too.
static vch_status decode_signed(Vouch__Registry *message)
{
    Vouch__SignedRegistry outer = VOUCH__SIGNED_REGISTRY__INIT;
    struct vch_signature signature;
    uint8_t *inner = NULL, *bytes = NULL;
    size_t inner_size = 0, size = 0;
    struct vch_registry out;

    CHECK_OK(vch_message_pack(&inner, &inner_size, &message->base, &arena));
    struct vch_digest digest = vch_registry_digest(inner, inner_size);
    vch_sign_digest(&signature, &founder, &digest);
    outer.registry = vch_message_borrow(inner, inner_size);
    outer.founder = vch_message_borrow(founder.public_key.bytes, VCH_SIGN_PUBLIC_SIZE);
    outer.signature = vch_message_borrow(signature.bytes, sizeof signature.bytes);
    CHECK_OK(vch_message_pack(&bytes, &size, &outer.base, &arena));
    return decode(&out, bytes, size);
}

static char network_name[] = "net", operator_text[] = "op", bad_text[] = "No Name";

static struct message_of_two {
    Vouch__Registry registry;
    Vouch__Member members[2], *list[2];
} message_of_two(void)
{
    struct message_of_two out = {.registry = VOUCH__REGISTRY__INIT,
                                 .members = {VOUCH__MEMBER__INIT, VOUCH__MEMBER__INIT}};

    (void)example();
    for (uint8_t i = 0; i < 2; i++) {
        uint8_t *key = vch_arena_alloc(&arena, VCH_SIGN_PUBLIC_SIZE, 1);
        key[0] = i;
        out.members[i].key = vch_message_borrow(key, VCH_SIGN_PUBLIC_SIZE);
        out.members[i].operator_ = operator_text;
        out.members[i].role = VCH_ROLE_NODE;
    }
    out.registry.version = 1;
    out.registry.network = network_name;
    out.registry.n_members = 2;
    return out;
}

static vch_status decode_two(struct message_of_two *two)
{
    two->list[0] = &two->members[0];
    two->list[1] = &two->members[1];
    two->registry.members = two->list;
    return decode_signed(&two->registry);
}

TEST(registry_refuses_what_a_founder_signed_but_should_not_have)
{
    struct message_of_two two = message_of_two();
    CHECK_OK(decode_two(&two));

    two = message_of_two();
    two.members[1].key.data[0] = 0;
    CHECK_FAILS(decode_two(&two), MALFORMED); // twice
    two = message_of_two();
    two.members[0].key.data[0] = 9;
    CHECK_FAILS(decode_two(&two), MALFORMED); // not ascending
    two = message_of_two();
    two.members[0].key.len = 31;
    CHECK_FAILS(decode_two(&two), MALFORMED);
    static uint8_t vrf[VCH_VRF_PUBLIC_SIZE + 1] = {7};
    two = message_of_two();
    two.members[1].vrf = vch_message_borrow(vrf, VCH_VRF_PUBLIC_SIZE);
    CHECK_OK(decode_two(&two));
    two.members[0].vrf = two.members[1].vrf;
    CHECK_FAILS(decode_two(&two), MALFORMED); // one key for two
    two.members[0].role = 2;
    two.members[1].vrf.len = 0;
    CHECK_FAILS(decode_two(&two), MALFORMED); // a client's
    two = message_of_two();
    two.members[1].vrf = vch_message_borrow(vrf, VCH_VRF_PUBLIC_SIZE - 1);
    CHECK_FAILS(decode_two(&two), MALFORMED);
    two.members[1].vrf.len = VCH_VRF_PUBLIC_SIZE + 1;
    CHECK_FAILS(decode_two(&two), MALFORMED);
    two = message_of_two();
    two.members[1].role = 0;
    CHECK_FAILS(decode_two(&two), MALFORMED);
    two = message_of_two();
    two.members[1].role = 1u + (1u << 31);
    CHECK_FAILS(decode_two(&two), MALFORMED);
    two = message_of_two();
    two.members[1].operator_ = bad_text;
    CHECK_FAILS(decode_two(&two), MALFORMED);
    two = message_of_two();
    two.registry.network = bad_text;
    CHECK_FAILS(decode_two(&two), MALFORMED);
    two = message_of_two();
    two.registry.version = 2;
    CHECK_FAILS(decode_two(&two), UNSUPPORTED);
}

TEST(registry_refuses_every_flipped_bit)
{
    struct vch_registry registry = example(), out;
    uint8_t *bytes = NULL;
    size_t size = 0;

    registry.member_count = 2;
    encode(&bytes, &size, &registry);
    for (size_t i = 0; i < 8 * size; i++) {
        struct vch_arena_mark mark = vch_arena_mark(&arena);
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        if (vch_is_ok(decode(&out, bytes, size))) test_fail(__FILE__, __LINE__, "bit %zu", i);
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        vch_arena_rewind(&arena, mark);
    }
    CHECK_OK(decode(&out, bytes, size));
}

TEST(registry_refuses_every_truncation_and_addition)
{
    struct vch_registry registry = example(), out;
    uint8_t *bytes = NULL;
    size_t size = 0;

    encode(&bytes, &size, &registry);
    for (size_t i = 0; i < size; i++)
        CHECK(!vch_is_ok(decode(&out, bytes, i)));
    uint8_t *longer = vch_arena_alloc(&arena, size + 2, 1);
    memcpy(longer, bytes, size);
    longer[size] = 0x20; // field 4, a varint, which the schema does not have
    CHECK_FAILS(decode(&out, longer, size + 2), MALFORMED);
}

TEST(registry_signed_by_another_than_the_founder_inside_is_refused)
{
    struct vch_registry registry = example(), out;
    uint8_t *bytes = NULL;
    size_t size = 0;

    encode(&bytes, &size, &registry);
    ProtobufCMessage *unpacked = NULL;
    CHECK_OK(vch_message_unpack(&unpacked, &vouch__signed_registry__descriptor, bytes, size, "it",
                                &arena, &complaint));
    Vouch__SignedRegistry *message = (Vouch__SignedRegistry *)(void *)unpacked;
    struct vch_secret_key usurper = key_of(66);
    memcpy(message->founder.data, usurper.public_key.bytes, VCH_SIGN_PUBLIC_SIZE);
    CHECK_OK(vch_message_pack(&bytes, &size, unpacked, &arena));
    CHECK_FAILS(decode(&out, bytes, size), BAD_PROOF);
    CHECK(strstr(complaint.text, "altered") != NULL);
}

TEST(registry_refuses_more_than_its_limits)
{
    struct vch_registry registry = example(), out;
    uint8_t *bytes = vch_arena_alloc(&arena, VCH_REGISTRY_SIZE_MAX + 1, 1);
    size_t size = 0;

    CHECK_FAILS(decode(&out, bytes, VCH_REGISTRY_SIZE_MAX + 1), LIMIT);
    registry.member_count = VCH_REGISTRY_MEMBERS_MAX + 1;
    CHECK_FAILS(vch_registry_encode(&bytes, &size, &registry, &founder, &arena, &complaint), LIMIT);
}

TEST(registry_that_does_not_fit_the_arena_is_refused)
{
    struct vch_registry registry = example(), out;
    struct vch_arena small;
    uint8_t *bytes = NULL;
    size_t size = 0;

    encode(&bytes, &size, &registry);
    vch_arena_init(&small, 1024);
    CHECK_FAILS(vch_registry_decode(&out, bytes, size, &small, &complaint), LIMIT);
    vch_arena_release(&small);
}
