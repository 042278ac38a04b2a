#include "cli/attest_refvalues.h"

#include <stdio.h>
#include <string.h>

#include "cli/attest_launch.h"
#include "cli/operands.h"
#include "cli/options.h"
#include "evidence/eventlog.h"

enum { RESET_FIRST = 17, RESET_LAST = 22 };

// The registers as they will be, and which of them anything is known of.
struct registers {
    struct vch_digest values[VCH_EVENTLOG_PCRS];
    uint32_t logged, measured;
};

static json_t *digest_json(const struct vch_digest *digest)
{
    return vch_tool_json_hex(digest->bytes, sizeof digest->bytes);
}

static vch_status hash_file(struct vch_digest *out, struct vch_tool *tool, const char *path)
{
    struct vch_file_map map;

    VCH_TRY(vch_file_map(&map, path, &tool->complaint));
    *out = vch_hash_bytes(map.bytes, map.size);
    vch_file_unmap(&map);
    return VCH_OK;
}

// The SHA-256 of each file that the option names.
static vch_status hash_files(json_t *out, struct vch_tool *tool, const char *option)
{
    const char *path = NULL;
    struct vch_digest digest;

    for (uint32_t i = 0; (path = vch_options_nth(tool->options, option, i)) != NULL; i++) {
        VCH_TRY(hash_file(&digest, tool, path));
        json_array_append_new(out, digest_json(&digest));
    }
    return VCH_OK;
}

static vch_status find_builds(json_t *facts, struct vch_tool *tool)
{
    json_t *builds = json_array();
    struct vch_digest digest;

    json_object_set_new(facts, "builds", builds);
    if (vch_options_has(tool->options, "program")) return hash_files(builds, tool, "program");
    VCH_TRY(hash_file(&digest, tool, "/proc/self/exe"));
    json_array_append_new(builds, digest_json(&digest));
    return VCH_OK;
}

static vch_status find_models(json_t *facts, struct vch_tool *tool)
{
    const char *path = NULL;
    struct vch_digest identity;
    json_t *models = NULL;

    for (uint32_t i = 0; (path = vch_options_nth(tool->options, "model", i)) != NULL; i++) {
        if (i == 0) json_object_set_new(facts, "models", models = json_array());
        VCH_TRY(vch_operands_model(&identity, tool, path));
        json_array_append_new(models, digest_json(&identity));
    }
    return VCH_OK;
}

static vch_status find_guest(json_t *out, struct vch_tool *tool)
{
    json_t *snp = json_object(), *values = NULL;

    json_object_set_new(out, "snp", snp);
    VCH_TRY(vch_attest_launch_find(snp, tool));
    if (vch_options_has(tool->options, "host-data")) {
        json_object_set_new(snp, "host_data", values = json_array());
        VCH_TRY(hash_files(values, tool, "host-data"));
    }
    if (json_object_size(snp) == 0) json_object_del(out, "snp");
    return VCH_OK;
}

static vch_status read_register(uint64_t *out, struct vch_tool *tool, const char *text)
{
    if (vch_options_is_number(out, text, 0, VCH_EVENTLOG_PCRS - 1)) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "expected a register, 0 to 23, found \"%.40s\"", text);
}

static vch_status replay_log(struct registers *registers, struct vch_tool *tool)
{
    const char *path = vch_options_text(tool->options, "eventlog"), *text = NULL;
    struct vch_eventlog_replay replay;
    uint32_t asked = 0;
    uint8_t *bytes = NULL;
    uint64_t pcr = 0;
    size_t size = 0;

    for (uint32_t i = 0; (text = vch_options_nth(tool->options, "pcr", i)) != NULL; i++) {
        VCH_TRY(read_register(&pcr, tool, text));
        asked |= UINT32_C(1) << pcr;
    }
    if (path == NULL) return VCH_OK;
    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_EVENTLOG_SIZE_MAX));
    VCH_TRY(vch_eventlog_run(&replay, bytes, size, &tool->complaint));
    if ((asked & ~replay.touched) != 0)
        return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                            "%s says nothing of some of these registers; without --pcr all that it "
                            "extends are told",
                            path);
    memcpy(registers->values, replay.pcrs, sizeof registers->values);
    registers->logged = asked == 0 ? replay.touched : asked;
    return VCH_OK;
}

// N=FILE: the register extended with the file's SHA-256.
static vch_status extend(struct registers *registers, struct vch_tool *tool, const char *text)
{
    const char *path = strchr(text, '=');
    char number[8] = "";
    struct vch_digest digest;
    struct vch_hash hash;
    uint64_t pcr = 0;

    if (path == NULL || (size_t)(path - text) >= sizeof number)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--measured expects N=FILE, found \"%.60s\"", text);
    memcpy(number, text, (size_t)(path - text));
    VCH_TRY(read_register(&pcr, tool, number));
    VCH_TRY(hash_file(&digest, tool, path + 1));
    struct vch_digest *value = &registers->values[pcr];
    vch_hash_init(&hash);
    vch_hash_update(&hash, value, sizeof *value);
    vch_hash_update(&hash, &digest, sizeof digest);
    *value = vch_hash_final(&hash);
    registers->measured |= UINT32_C(1) << pcr;
    return VCH_OK;
}

static vch_status find_registers(json_t *out, struct vch_tool *tool)
{
    struct registers registers = {0};
    json_t *pcrs = json_object(), *logged = json_array();
    const char *text = NULL;

    json_object_set_new(
        out, "tpm",
        json_pack("{s:o, s:{s:o, s:[]}}", "pcrs", pcrs, "log", "pcrs", logged, "events"));
    for (int i = RESET_FIRST; i <= RESET_LAST; i++)
        memset(&registers.values[i], 0xff, sizeof registers.values[i]);
    VCH_TRY(replay_log(&registers, tool));
    for (uint32_t i = 0; (text = vch_options_nth(tool->options, "measured", i)) != NULL; i++)
        VCH_TRY(extend(&registers, tool, text));
    for (unsigned i = 0; i < VCH_EVENTLOG_PCRS; i++) {
        char name[8];
        if (((registers.logged | registers.measured) >> i & 1) == 0) continue;
        (void)snprintf(name, sizeof name, "%u", i);
        json_object_set_new(pcrs, name, json_pack("[o]", digest_json(&registers.values[i])));
        if (((registers.logged & ~registers.measured) >> i & 1) != 0)
            json_array_append_new(logged, json_integer(i));
    }
    if (json_array_size(logged) == 0)
        json_object_set_new(json_object_get(out, "tpm"), "log", json_string("none"));
    if (json_object_size(pcrs) == 0) json_object_del(out, "tpm");
    return VCH_OK;
}

static vch_status find(json_t *out, struct vch_tool *tool)
{
    json_t *facts = json_object();

    json_object_set_new(out, "facts", facts);
    VCH_TRY(find_builds(facts, tool));
    VCH_TRY(find_models(facts, tool));
    VCH_TRY(find_guest(out, tool));
    return find_registers(out, tool);
}

vch_status vch_attest_refvalues_run(struct vch_tool *tool)
{
    json_t *out = json_object();
    vch_status status = find(out, tool);

    if (vch_is_ok(status)) return vch_tool_print_json(out);
    json_decref(out);
    return status;
}
