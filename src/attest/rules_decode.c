// The file: who signed it, then what it says.
#include <stdio.h>
#include <string.h>

#include "attest/rules_parts.h"
#include "base/bytes.h"
#include "evidence/roots.h"

enum { VERSION = 1 };

struct file {
    const struct vch_json_value *policy;
    struct vch_public_key key;
    struct vch_signature signature;
};

static const struct vch_rules_name environments[] = {
    {"production", VCH_RULES_PRODUCTION},
    {"test", VCH_RULES_TEST},
    {0},
};
#define X(name, text) {text, 1u << VCH_RULES_##name},
static const struct vch_rules_name levels[] = {VCH_RULES_LEVELS(X){0}};
#undef X

static vch_rules_reader read_levels;

#define AT(field) offsetof(struct vch_rules, field)
#define X(name, text) {text, read_levels, VCH_RULES_##name * sizeof(unsigned), false, 0, levels},
static const struct vch_rules_object levels_object = {
    "levels", (const struct vch_rules_member[]){VCH_RULES_CLASSES(X){0}}};
#undef X

static vch_rules_reader read_version, read_environment;

// Sections that need more than one field are read into the whole.
static const struct vch_rules_object policy_object = {
    "policy", (const struct vch_rules_member[]){
                  {"version", read_version, 0, true, 0, NULL},
                  {"name", vch_rules_read_text, AT(name), true, 0, NULL},
                  {"environment", read_environment, AT(environment), true, 0, environments},
                  {"not_after", vch_rules_read_time, AT(until_s), true, 0, NULL},
                  {"levels", vch_rules_read_inside, AT(levels), true, 0, &levels_object},
                  {"facts", vch_rules_read_facts, AT(facts), true, 0, NULL},
                  {"snp", vch_rules_read_snp, 0, false, 0, NULL},
                  {"tdx", vch_rules_read_tdx, 0, false, 0, NULL},
                  {"sgx", vch_rules_read_sgx, 0, false, 0, NULL},
                  {"tpm", vch_rules_read_tpm, 0, false, 0, NULL},
                  {"gpu", vch_rules_read_gpu, AT(gpu), false, 0, NULL},
                  {"hardware", vch_rules_read_hardware, 0, true, 0, NULL},
                  {"freshness", vch_rules_read_freshness, AT(freshness), true, 0, NULL},
                  {"anchors", vch_rules_read_anchors, AT(anchors), false, 0, NULL},
                  {0}}};

static vch_status read_levels(const struct vch_rules_at *at, const struct vch_json_value *value,
                              void *out)
{
    uint64_t bits = 0;

    VCH_TRY(vch_rules_read_names(at, value, &bits));
    *(unsigned *)out = (unsigned)bits;
    return VCH_OK;
}

static vch_status read_version(const struct vch_rules_at *at, const struct vch_json_value *value,
                               void *out)
{
    uint64_t version = 0;

    (void)out;
    if (!vch_json_u64(value, UINT64_MAX, &version)) return vch_rules_read_expected(at, "a number");
    if (version == VERSION) return VCH_OK;
    return vch_complain(at->source->complaint, VCH_CODE_UNSUPPORTED,
                        "expected rules of version %d, found %llu: use a program of their time",
                        VERSION, (unsigned long long)version);
}

static vch_status read_environment(const struct vch_rules_at *at,
                                   const struct vch_json_value *value, void *out)
{
    uint64_t which = 0;

    VCH_TRY(vch_rules_read_name(at, value, &which));
    *(enum vch_rules_environment *)out = (enum vch_rules_environment)which;
    return VCH_OK;
}

static struct vch_rules_anchors vendors(void)
{
    return (struct vch_rules_anchors){
        .are_vendors = true,
        .amd = vch_snp_amd(),
        .intel = vch_roots_get(VCH_ROOTS_INTEL_SGX)->certificate,
        .nvidia = vch_roots_get(VCH_ROOTS_NVIDIA_DEVICE)->certificate,
    };
}

static bool has_software_tpm(const struct vch_rules_tpm *tpm)
{
    if ((tpm->places >> VCH_RULES_TPM_SOFTWARE & 1) != 0) return true;
    for (size_t i = 0; i < tpm->key_count; i++)
        if (tpm->keys[i].place == VCH_RULES_TPM_SOFTWARE) return true;
    return false;
}

// What would make production of a test.
static vch_status check_environment(const struct vch_rules *rules, struct vch_complaint *complaint)
{
    if (rules->environment == VCH_RULES_TEST) return VCH_OK;
    if (!rules->anchors.are_vendors)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the rules \"%s\" are for production and name roots of their own: only "
                            "the vendors' count there; leave \"anchors\" out, or say "
                            "\"environment\": \"test\"",
                            rules->name);
    if (has_software_tpm(&rules->tpm))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the rules \"%s\" are for production and take TPMs in software, whose "
                            "keys their operator has: leave them out, or say \"environment\": "
                            "\"test\"",
                            rules->name);
    return VCH_OK;
}

static vch_status read_policy(struct vch_rules *out, const struct vch_json_value *policy,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_rules_source source = {arena, complaint};

    *out = (struct vch_rules){.anchors = vendors()};
    VCH_TRY(vch_rules_read_object(&source, &policy_object, policy, out));
    out->id = vch_rules_digest(policy->text, policy->text_size);
    return check_environment(out, complaint);
}

static vch_status read_json(const struct vch_json_value **out, const void *bytes, size_t size,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    if (size > VCH_RULES_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "expected rules of %u bytes at most, found %zu", VCH_RULES_SIZE_MAX,
                            size);
    return vch_json_decode(out, arena, bytes, size, complaint);
}

static vch_status read_file(struct file *out, const struct vch_json_value *root,
                            struct vch_complaint *complaint)
{
    const struct vch_json_value *signature = vch_json_member(root, "signature");

    out->policy = vch_json_member(root, "policy");
    if (!vch_json_is(out->policy, VCH_JSON_OBJECT) || signature == NULL || root->count != 2)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "expected rules as {\"policy\": {...}, \"signature\": {...}}; `vouch "
                            "attest policy sign` makes them");
    if (signature->count != 2 ||
        !vch_json_hex(vch_json_member(signature, "key"), out->key.bytes, sizeof out->key.bytes) ||
        !vch_json_hex(vch_json_member(signature, "sig"), out->signature.bytes,
                      sizeof out->signature.bytes))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "expected the rules' signature as {\"key\": 64 hexadecimal digits, "
                            "\"sig\": 128}");
    return VCH_OK;
}

static vch_status check_signer(const struct file *file, const struct vch_rules_trust *trust,
                               struct vch_complaint *complaint)
{
    char key[2 * sizeof file->key.bytes + 1];
    bool is_trusted = false;

    vch_hex_encode(key, file->key.bytes, sizeof file->key.bytes);
    for (size_t i = 0; i < trust->signer_count; i++)
        is_trusted |= vch_is_equal(&trust->signers[i], &file->key, sizeof file->key);
    if (!is_trusted)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the rules are signed by %s, which is none of the %zu keys trusted to: "
                            "name its key, if you know whose it is",
                            key, trust->signer_count);
    const struct vch_digest digest = vch_rules_digest(file->policy->text, file->policy->text_size);
    if (!vch_is_ok(vch_sign_verify(&file->key, &digest, &file->signature)))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the rules are not what %s signed: get them again from whoever signs "
                            "them",
                            key);
    return VCH_OK;
}

static vch_status decode(struct vch_rules *out, const struct vch_json_value *root,
                         const struct vch_rules_trust *trust, struct vch_arena *arena,
                         struct vch_complaint *complaint)
{
    struct file file;

    VCH_TRY(read_file(&file, root, complaint));
    VCH_TRY(check_signer(&file, trust, complaint));
    VCH_TRY(read_policy(out, file.policy, arena, complaint));
    out->signer = file.key;
    if (trust->time_s <= out->until_s) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the rules \"%s\" are over since %lld s: ask whoever signs them for newer "
                        "ones",
                        out->name, (long long)(trust->time_s - out->until_s));
}

// Whoever does not look at the status finds rules that allow nothing.
static vch_status only_if(struct vch_rules *rules, vch_status status)
{
    if (!vch_is_ok(status)) *rules = (struct vch_rules){0};
    return status;
}

vch_status vch_rules_decode(struct vch_rules *out, const void *bytes, size_t size,
                            const struct vch_rules_trust *trust, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    const struct vch_json_value *root = NULL;

    *out = (struct vch_rules){0};
    VCH_TRY(read_json(&root, bytes, size, arena, complaint));
    return only_if(out, decode(out, root, trust, arena, complaint));
}

vch_status vch_rules_claimed_signer(struct vch_public_key *out, const void *bytes, size_t size,
                                    struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_json_value *root = NULL;
    struct file file;

    VCH_TRY(read_json(&root, bytes, size, arena, complaint));
    VCH_TRY(read_file(&file, root, complaint));
    *out = file.key;
    return VCH_OK;
}

vch_status vch_rules_draft(struct vch_rules *out, const void *policy, size_t size,
                           struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_json_value *root = NULL;

    *out = (struct vch_rules){0};
    VCH_TRY(read_json(&root, policy, size, arena, complaint));
    return only_if(out, read_policy(out, root, arena, complaint));
}

vch_status vch_rules_sign(char **out, size_t *out_size, const void *policy, size_t size,
                          const struct vch_secret_key *key, struct vch_arena *arena,
                          struct vch_complaint *complaint)
{
    static const char form[] =
        "{\"policy\":%.*s,\n\"signature\":{\"key\":\"%s\",\"sig\":\"%s\"}}\n";
    char key_text[2 * VCH_SIGN_PUBLIC_SIZE + 1], text[2 * VCH_SIGN_SIGNATURE_SIZE + 1];
    const struct vch_json_value *root = NULL;
    struct vch_signature signature;
    struct vch_rules rules;

    VCH_TRY(read_json(&root, policy, size, arena, complaint));
    VCH_TRY(read_policy(&rules, root, arena, complaint));
    vch_sign_digest(&signature, key, &rules.id);
    vch_hex_encode(key_text, key->public_key.bytes, sizeof key->public_key.bytes);
    vch_hex_encode(text, signature.bytes, sizeof signature.bytes);
    if (root->text_size > VCH_RULES_SIZE_MAX - sizeof form - sizeof key_text - sizeof text)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "expected rules that are of %u bytes at most with their signature",
                            VCH_RULES_SIZE_MAX);
    size_t room = root->text_size + sizeof form + sizeof key_text + sizeof text;
    *out = vch_arena_alloc(arena, room, 1);
    if (*out == NULL)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY, "no memory for the signed rules");
    *out_size =
        (size_t)snprintf(*out, room, form, (int)root->text_size, root->text, key_text, text);
    return VCH_OK;
}
