#include "crypto/keyfile.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "base/reader.h"
#include "crypto/transcript.h"

enum {
    VERSION = 1,
    MAGIC_SIZE = 8,
    SALT_SIZE = 16,
    NONCE_SIZE = 24,
    SEAL_KEY_SIZE = 32,
    SEED_SIZE = 32,
    PUBLIC_SIZE = 32,
    SEALED_OFFSET = 96,
    SEALED_SIZE = VCH_KEYFILE_SIZE - SEALED_OFFSET,
};

_Static_assert(SALT_SIZE == crypto_pwhash_argon2id_SALTBYTES, "libsodium's sizes");
_Static_assert(NONCE_SIZE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "libsodium's sizes");
_Static_assert(SEAL_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "libsodium's sizes");
_Static_assert(SEALED_SIZE == VCH_SIGN_SEED_SIZE + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "libsodium's sizes");

_Static_assert(VCH_SIGN_SEED_SIZE == SEED_SIZE && VCH_VRF_SEED_SIZE == SEED_SIZE, "one layout");
_Static_assert(VCH_SIGN_PUBLIC_SIZE == PUBLIC_SIZE && VCH_VRF_PUBLIC_SIZE == PUBLIC_SIZE,
               "one layout");
_Static_assert(VCH_KEYFILE_DATA_SIZE == SEED_SIZE && VCH_DIGEST_SIZE == PUBLIC_SIZE, "one layout");

// What a file holds: the name it starts with, and how its public half grows from the seed.
struct kind {
    char magic[MAGIC_SIZE + 1];
    const char *what;
    void (*grow)(uint8_t public_key[static PUBLIC_SIZE], const uint8_t seed[static SEED_SIZE]);
};

static void grow_signing(uint8_t public_key[static PUBLIC_SIZE],
                         const uint8_t seed[static SEED_SIZE])
{
    struct vch_secret_key key;

    vch_sign_key(&key, seed);
    memcpy(public_key, key.public_key.bytes, PUBLIC_SIZE);
    vch_wipe(&key, sizeof key);
}

static void grow_vrf(uint8_t public_key[static PUBLIC_SIZE], const uint8_t seed[static SEED_SIZE])
{
    struct vch_vrf_secret key;

    vch_vrf_key(&key, seed);
    memcpy(public_key, key.public_key.bytes, PUBLIC_SIZE);
    vch_wipe(&key, sizeof key);
}

static void grow_data(uint8_t public_key[static PUBLIC_SIZE], const uint8_t seed[static SEED_SIZE])
{
    const struct vch_digest check = vch_keyfile_data_check(seed);

    memcpy(public_key, check.bytes, PUBLIC_SIZE);
}

static const struct kind signing = {"VOUCHKEY", "a signing key", grow_signing};
static const struct kind vrf = {"VOUCHVRF", "a VRF key", grow_vrf};
static const struct kind data = {"VOUCHDAT", "a data key", grow_data};
enum { KINDS = 3 };
static const struct kind *const kinds[KINDS] = {&signing, &vrf, &data};

struct cost { // of Argon2id
    uint32_t opslimit;
    uint64_t memlimit;
};

// RFC 9106's second choice, with one lane. Where there is no passphrase there is nothing to slow
// down, and a daemon should not wait for it.
static const struct cost strong = {3, 64 << 20};
static const struct cost minimal = {crypto_pwhash_argon2id_OPSLIMIT_MIN,
                                    crypto_pwhash_argon2id_MEMLIMIT_MIN};

struct fields { // all borrowed from the file's bytes
    struct cost cost;
    const uint8_t *salt, *public_key, *nonce, *sealed;
};

static vch_status derive(uint8_t seal_key[static SEAL_KEY_SIZE], const char *passphrase,
                         const uint8_t *salt, struct cost cost)
{
    int failed = crypto_pwhash_argon2id(seal_key, SEAL_KEY_SIZE, passphrase, strlen(passphrase),
                                        salt, cost.opslimit, (size_t)cost.memlimit,
                                        crypto_pwhash_argon2id_ALG_ARGON2ID13);
    return failed == 0 ? VCH_OK : VCH_FAIL(NO_MEMORY); // the costs were checked before
}

static vch_status seal(uint8_t out[static VCH_KEYFILE_SIZE], const struct kind *kind,
                       const uint8_t *seed, const uint8_t *public_key, const char *passphrase,
                       const uint8_t random[static VCH_KEYFILE_RANDOM_SIZE])
{
    struct cost cost = passphrase[0] != '\0' ? strong : minimal;
    const uint8_t *salt = random, *nonce = random + SALT_SIZE;
    uint8_t seal_key[SEAL_KEY_SIZE];

    VCH_TRY(derive(seal_key, passphrase, salt, cost)); // nothing secret on failure
    memcpy(out, kind->magic, MAGIC_SIZE);
    vch_put_u32le(out + 8, VERSION);
    vch_put_u32le(out + 12, cost.opslimit);
    vch_put_u64le(out + 16, cost.memlimit);
    memcpy(out + 24, salt, SALT_SIZE);
    memcpy(out + 40, public_key, PUBLIC_SIZE);
    memcpy(out + 72, nonce, NONCE_SIZE);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + SEALED_OFFSET, NULL, seed, SEED_SIZE,
                                                     out, SEALED_OFFSET, NULL, nonce, seal_key);
    vch_wipe(seal_key, sizeof seal_key);
    return VCH_OK;
}

static bool starts_as(const uint8_t *bytes, size_t size, const struct kind *kind)
{
    size_t compared = size < MAGIC_SIZE ? size : MAGIC_SIZE;
    return compared == 0 || memcmp(bytes, kind->magic, compared) == 0;
}

static vch_status check_name(const struct kind *kind, const uint8_t *bytes, size_t size,
                             struct vch_complaint *complaint)
{
    if (starts_as(bytes, size, kind)) return VCH_OK;
    for (size_t i = 0; size >= MAGIC_SIZE && i < KINDS; i++)
        if (starts_as(bytes, size, kinds[i]))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "the key file holds %s where %s is needed: name another file",
                                kinds[i]->what, kind->what);
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "not a key file: it does not start with \"%s\"", kind->magic);
}

static vch_status check_size(size_t size, struct vch_complaint *complaint)
{
    if (size < VCH_KEYFILE_SIZE)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "the key file has %zu bytes, not %d: restore it from a copy", size,
                            VCH_KEYFILE_SIZE);
    if (size > VCH_KEYFILE_SIZE)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the key file has %zu bytes, not %d: something was added to it", size,
                            VCH_KEYFILE_SIZE);
    return VCH_OK;
}

static vch_status check_cost(struct cost cost, struct vch_complaint *complaint)
{
    if (cost.opslimit < minimal.opslimit || cost.opslimit > VCH_KEYFILE_OPSLIMIT_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the key file asks for %u passes of Argon2id, not %u to %u",
                            cost.opslimit, minimal.opslimit, VCH_KEYFILE_OPSLIMIT_MAX);
    if (cost.memlimit < minimal.memlimit || cost.memlimit > VCH_KEYFILE_MEMLIMIT_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the key file asks for %llu bytes for Argon2id, not %llu to %u",
                            (unsigned long long)cost.memlimit, (unsigned long long)minimal.memlimit,
                            VCH_KEYFILE_MEMLIMIT_MAX);
    return VCH_OK;
}

static vch_status parse(struct fields *out, const struct kind *kind, const uint8_t *bytes,
                        size_t size, struct vch_complaint *complaint)
{
    struct vch_reader reader = {.bytes = bytes, .size = size, .offset = MAGIC_SIZE};
    uint32_t version = 0;

    VCH_TRY(check_name(kind, bytes, size, complaint));
    VCH_TRY(check_size(size, complaint));
    VCH_TRY(vch_reader_u32le(&reader, &version));
    if (version != VERSION)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the key file has version %u; this program reads version %d", version,
                            VERSION);
    VCH_TRY(vch_reader_u32le(&reader, &out->cost.opslimit));
    VCH_TRY(vch_reader_u64le(&reader, &out->cost.memlimit));
    VCH_TRY(check_cost(out->cost, complaint));
    VCH_TRY(vch_reader_bytes(&reader, SALT_SIZE, &out->salt));
    VCH_TRY(vch_reader_bytes(&reader, PUBLIC_SIZE, &out->public_key));
    VCH_TRY(vch_reader_bytes(&reader, NONCE_SIZE, &out->nonce));
    return vch_reader_bytes(&reader, SEALED_SIZE, &out->sealed);
}

// The seed, wiped again unless it is that of the file's public key: the seal covers the public key,
// but whoever sealed it may have written another's.
static vch_status unseal(uint8_t seed[static SEED_SIZE], const struct kind *kind,
                         const uint8_t *bytes, const struct fields *fields, const uint8_t *seal_key)
{
    uint8_t public_key[PUBLIC_SIZE];

    if (crypto_aead_xchacha20poly1305_ietf_decrypt(seed, NULL, NULL, fields->sealed, SEALED_SIZE,
                                                   bytes, SEALED_OFFSET, fields->nonce,
                                                   seal_key) != 0)
        return VCH_FAIL(REFUSED);
    kind->grow(public_key, seed);
    if (vch_is_equal(public_key, fields->public_key, PUBLIC_SIZE)) return VCH_OK;
    vch_wipe(seed, SEED_SIZE);
    return VCH_FAIL(REFUSED);
}

static vch_status open_file(uint8_t seed[static SEED_SIZE], const struct kind *kind,
                            const uint8_t *bytes, size_t size, const char *passphrase,
                            struct vch_complaint *complaint)
{
    struct fields fields = {0};
    uint8_t seal_key[SEAL_KEY_SIZE];

    VCH_TRY(parse(&fields, kind, bytes, size, complaint));
    vch_status derived = derive(seal_key, passphrase, fields.salt, fields.cost);
    if (!vch_is_ok(derived))
        return vch_complain(complaint, derived.code,
                            "not enough memory to open the key file: %llu "
                            "bytes are needed for a moment",
                            (unsigned long long)fields.cost.memlimit);
    vch_status status = unseal(seed, kind, bytes, &fields, seal_key);
    vch_wipe(seal_key, sizeof seal_key);
    if (!vch_is_ok(status))
        return vch_complain(complaint, status.code,
                            "the passphrase does not open the key file, or the file was altered");
    return VCH_OK;
}

static vch_status show(uint8_t out[static PUBLIC_SIZE], const struct kind *kind,
                       const uint8_t *bytes, size_t size, struct vch_complaint *complaint)
{
    struct fields fields = {0};

    VCH_TRY(parse(&fields, kind, bytes, size, complaint));
    memcpy(out, fields.public_key, PUBLIC_SIZE);
    return VCH_OK;
}

vch_status vch_keyfile_encode(uint8_t out[static VCH_KEYFILE_SIZE],
                              const struct vch_secret_key *key, const char *passphrase,
                              const uint8_t random[static VCH_KEYFILE_RANDOM_SIZE])
{
    return seal(out, &signing, key->seed, key->public_key.bytes, passphrase, random);
}

vch_status vch_keyfile_decode(struct vch_secret_key *out, const uint8_t *bytes, size_t size,
                              const char *passphrase, struct vch_complaint *complaint)
{
    uint8_t seed[SEED_SIZE];

    VCH_TRY(open_file(seed, &signing, bytes, size, passphrase, complaint));
    vch_sign_key(out, seed);
    vch_wipe(seed, sizeof seed);
    return VCH_OK;
}

vch_status vch_keyfile_public(struct vch_public_key *out, const uint8_t *bytes, size_t size,
                              struct vch_complaint *complaint)
{
    return show(out->bytes, &signing, bytes, size, complaint);
}

vch_status vch_keyfile_encode_vrf(uint8_t out[static VCH_KEYFILE_SIZE],
                                  const struct vch_vrf_secret *key, const char *passphrase,
                                  const uint8_t random[static VCH_KEYFILE_RANDOM_SIZE])
{
    return seal(out, &vrf, key->seed, key->public_key.bytes, passphrase, random);
}

vch_status vch_keyfile_decode_vrf(struct vch_vrf_secret *out, const uint8_t *bytes, size_t size,
                                  const char *passphrase, struct vch_complaint *complaint)
{
    uint8_t seed[SEED_SIZE];

    VCH_TRY(open_file(seed, &vrf, bytes, size, passphrase, complaint));
    vch_vrf_key(out, seed);
    vch_wipe(seed, sizeof seed);
    return VCH_OK;
}

vch_status vch_keyfile_public_vrf(struct vch_vrf_public *out, const uint8_t *bytes, size_t size,
                                  struct vch_complaint *complaint)
{
    return show(out->bytes, &vrf, bytes, size, complaint);
}

bool vch_keyfile_is_vrf(const uint8_t *bytes, size_t size)
{
    return size >= MAGIC_SIZE && starts_as(bytes, size, &vrf);
}

struct vch_digest vch_keyfile_data_check(const uint8_t key[static VCH_KEYFILE_DATA_SIZE])
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/sealed-key/v1");
    vch_transcript_absorb(&transcript, "key", key, VCH_KEYFILE_DATA_SIZE);
    struct vch_digest digest = vch_transcript_final(&transcript);
    vch_wipe(&transcript, sizeof transcript);
    return digest;
}

vch_status vch_keyfile_encode_data(uint8_t out[static VCH_KEYFILE_SIZE],
                                   const uint8_t key[static VCH_KEYFILE_DATA_SIZE],
                                   const char *passphrase,
                                   const uint8_t random[static VCH_KEYFILE_RANDOM_SIZE])
{
    const struct vch_digest check = vch_keyfile_data_check(key);

    return seal(out, &data, key, check.bytes, passphrase, random);
}

vch_status vch_keyfile_public_data(struct vch_digest *check, const uint8_t *bytes, size_t size,
                                   struct vch_complaint *complaint)
{
    return show(check->bytes, &data, bytes, size, complaint);
}

vch_status vch_keyfile_decode_data(uint8_t key[static VCH_KEYFILE_DATA_SIZE], const uint8_t *bytes,
                                   size_t size, const char *passphrase,
                                   struct vch_complaint *complaint)
{
    uint8_t seed[SEED_SIZE];

    VCH_TRY(open_file(seed, &data, bytes, size, passphrase, complaint));
    memcpy(key, seed, sizeof seed);
    vch_wipe(seed, sizeof seed);
    return VCH_OK;
}
