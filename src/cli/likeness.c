// vouch likeness: outputs that may honestly differ, and who differs more than that.
#include "likeness/likeness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/actions.h"
#include "cli/commands.h"
#include "likeness/calibration.h"
#include "likeness/coordinate.h"

#define ALPHA_DIGITS 6 // millionths

static const struct vch_option options[] = {
    {"name", "TEXT", "calibrate: the model's name or identity", false},
    {"output", "FILE.floor", "calibrate: where the noise floor goes", false},
    {"alpha", "RATE", "test: how often an honest member may be flagged (default: 0.01)", false},
    {"json", NULL, "print JSON", false},
    {0},
};

// Outputs of runs or members: each (inputs, coordinates).
struct outputs {
    uint32_t count, inputs, coordinates;
    const int64_t *of[VCH_LIKENESS_MEMBERS_MAX];
    const char *file[VCH_LIKENESS_MEMBERS_MAX];
};

static vch_status refuse_shape(struct vch_tool *tool, const char *path, const char *what)
{
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "%.200s: %s; expected (inputs, coordinates), or (runs, inputs, "
                        "coordinates), the same inputs and coordinates in every file",
                        path, what);
}

static vch_status convert(const int64_t **out, struct vch_tool *tool, const struct vch_npy *array)
{
    int64_t *numbers = VCH_ARENA_NEW(&tool->arena, int64_t, array->count);

    if (numbers == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < array->count; i++) {
        uint32_t bits = 0;
        memcpy(&bits, &array->values[i], sizeof bits);
        numbers[i] = vch_coordinate_from_binary32(bits);
    }
    *out = numbers;
    return VCH_OK;
}

// One more file; of rank 1, 2 or 3, with ones put in front.
static vch_status load_file(struct outputs *outputs, struct vch_tool *tool, const char *path)
{
    struct vch_npy array;
    uint64_t dims[3] = {1, 1, 1};
    const int64_t *numbers = NULL;

    VCH_TRY(vch_tool_array(&array, tool, path));
    if (array.rank == 0 || array.rank > 3)
        return refuse_shape(tool, path, "it has neither one, two nor three dimensions");
    for (uint32_t i = 0; i < array.rank; i++)
        dims[3 - array.rank + i] = array.dims[i];
    if (dims[1] > UINT32_MAX || dims[2] > UINT32_MAX)
        return refuse_shape(tool, path, "it is too large");
    if (outputs->count > 0 && (dims[1] != outputs->inputs || dims[2] != outputs->coordinates))
        return refuse_shape(tool, path, "its shape is not that of the files before it");
    if (dims[0] > VCH_LIKENESS_MEMBERS_MAX - outputs->count)
        return refuse_shape(tool, path, "with it there are more than 256 outputs");
    outputs->inputs = (uint32_t)dims[1];
    outputs->coordinates = (uint32_t)dims[2];
    VCH_TRY(convert(&numbers, tool, &array));
    for (uint64_t i = 0; i < dims[0]; i++, outputs->count++) {
        outputs->of[outputs->count] = numbers + i * dims[1] * dims[2];
        outputs->file[outputs->count] = path;
    }
    return VCH_OK;
}

static vch_status load(struct outputs *outputs, struct vch_tool *tool, uint32_t first)
{
    *outputs = (struct outputs){0};
    for (uint32_t i = first; i < tool->options->operand_count; i++)
        VCH_TRY(load_file(outputs, tool, tool->options->operands[i]));
    return VCH_OK;
}

// In scales, for a person; no verdict is drawn from it.
static double root(uint64_t mean)
{
    return sqrt((double)mean) / VCH_DISTANCE_ONE;
}

static json_t *calibration_json(const struct outputs *runs, const struct vch_floor *floor,
                                const struct vch_digest *digest,
                                const struct vch_calibration_run *seen)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < runs->count; i++)
        json_array_append_new(rows,
                              json_pack("{s:s, s:f, s:f}", "file", runs->file[i], "typical",
                                        root(seen[i].typical), "largest", root(seen[i].largest)));
    return json_pack("{s:o, s:s, s:i, s:i, s:i, s:o}", "floor",
                     vch_tool_json_hex(digest->bytes, VCH_DIGEST_SIZE), "name", floor->name,
                     "coordinates", (int)floor->coordinate_count, "fitted",
                     (int)floor->fitted_count, "held_out", (int)floor->score_count, "runs", rows);
}

static vch_status show_calibration(struct vch_tool *tool, const struct outputs *runs,
                                   const struct vch_floor *floor, const struct vch_digest *digest,
                                   const struct vch_calibration_run *seen)
{
    if (vch_options_has(tool->options, "json"))
        return vch_tool_print_json(calibration_json(runs, floor, digest, seen));
    printf("%s: %u coordinates, %u runs; %u inputs gave the scales, %u are held out\n", floor->name,
           floor->coordinate_count, floor->run_count, floor->fitted_count, floor->score_count);
    printf("one input can be judged at a rate of 1 in %u or more\n\n"
           "    typical    largest  run (distances in scales; one that stands out sets the floor "
           "for all)\n",
           floor->score_count + 1);
    for (uint32_t i = 0; i < runs->count; i++)
        printf("%11.3f%11.3f  %s\n", root(seen[i].typical), root(seen[i].largest), runs->file[i]);
    return VCH_OK;
}

static vch_status calibrate(struct vch_tool *tool)
{
    struct outputs runs;
    struct vch_floor floor;
    struct vch_calibration_run *seen = NULL;
    struct vch_calibration of = {0};
    const char *path = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_options_required(&of.name, tool->options, "name", &tool->complaint));
    VCH_TRY(vch_options_required(&path, tool->options, "output", &tool->complaint));
    VCH_TRY(load(&runs, tool, 1));
    of.run_count = runs.count;
    of.input_count = runs.inputs;
    of.coordinate_count = runs.coordinates;
    of.runs = runs.of;
    VCH_TRY(vch_calibration_floor(&floor, &seen, &of, &tool->arena, &tool->complaint));
    VCH_TRY(vch_floor_encode(&bytes, &size, &floor, &tool->arena));
    VCH_TRY(vch_file_write(path, bytes, size, false, &tool->complaint));
    const struct vch_digest digest = vch_floor_digest(bytes, size);
    return show_calibration(tool, &runs, &floor, &digest, seen);
}

// A decimal fraction in millionths, so that no rounding decides who is flagged.
static vch_status read_alpha(uint32_t *alpha, struct vch_tool *tool)
{
    const char *text = vch_options_text(tool->options, "alpha");
    uint64_t value = 0;

    if (text == NULL) text = "0.01";
    if (strncmp(text, "0.", 2) == 0 && strlen(text + 2) <= ALPHA_DIGITS &&
        vch_options_is_number(&value, text + 2, 1, VCH_EVIDENCE_ALPHA_ONE)) {
        for (size_t i = strlen(text + 2); i < ALPHA_DIGITS; i++)
            value *= 10;
        *alpha = (uint32_t)value;
        if (*alpha <= VCH_EVIDENCE_ALPHA_MAX) return VCH_OK;
    }
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "--alpha expects a rate from 0.000001 to 0.5, with at most %d digits "
                        "behind the point, found \"%.40s\"",
                        ALPHA_DIGITS, text);
}

static vch_status read_floor(struct vch_floor *floor, struct vch_digest *digest,
                             struct vch_tool *tool, const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_FLOOR_SIZE_MAX));
    *digest = vch_floor_digest(bytes, size);
    return vch_floor_decode(floor, bytes, size, &tool->arena, &tool->complaint);
}

static double p_of(const struct vch_likeness_finding *finding)
{
    return (double)finding->p.numerator / (double)finding->p.denominator;
}

static json_t *findings_json(const struct outputs *members, const struct vch_likeness *of,
                             const struct vch_digest *digest,
                             const struct vch_likeness_finding *findings)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < members->count; i++)
        json_array_append_new(rows, json_pack("{s:s, s:f, s:f, s:f, s:b}", "file", members->file[i],
                                              "distance", root(findings[i].distance), "largest",
                                              root(findings[i].largest), "p", p_of(&findings[i]),
                                              "flagged", (int)findings[i].is_flagged));
    return json_pack("{s:o, s:s, s:f, s:i, s:o}", "floor",
                     vch_tool_json_hex(digest->bytes, VCH_DIGEST_SIZE), "name", of->floor->name,
                     "alpha", of->alpha / (double)VCH_EVIDENCE_ALPHA_ONE, "inputs",
                     (int)of->input_count, "members", rows);
}

static vch_status show_findings(struct vch_tool *tool, const struct outputs *members,
                                const struct vch_likeness *of, const struct vch_digest *digest,
                                const struct vch_likeness_finding *findings)
{
    uint32_t flagged = 0;

    for (uint32_t i = 0; i < members->count; i++)
        flagged += findings[i].is_flagged;
    if (vch_options_has(tool->options, "json")) {
        VCH_TRY(vch_tool_print_json(findings_json(members, of, digest, findings)));
    } else {
        printf("   distance    largest          p           member (distances in scales)\n");
        for (uint32_t i = 0; i < members->count; i++)
            printf("%11.3f%11.3f%11.2g  %-8s %s\n", root(findings[i].distance),
                   root(findings[i].largest), p_of(&findings[i]),
                   findings[i].is_flagged ? "FLAGGED" : "", members->file[i]);
        printf("\n%u of %u flagged, at a rate of %g for each honest member, by %s\n", flagged,
               members->count, of->alpha / (double)VCH_EVIDENCE_ALPHA_ONE, of->floor->name);
    }
    return flagged > 0 ? VCH_FAIL(BAD_PROOF) : VCH_OK;
}

static vch_status test(struct vch_tool *tool)
{
    static struct vch_likeness_finding findings[VCH_LIKENESS_MEMBERS_MAX];
    struct vch_likeness of = {0};
    struct vch_floor floor;
    struct vch_digest digest;
    struct outputs members;

    VCH_TRY(read_alpha(&of.alpha, tool));
    VCH_TRY(read_floor(&floor, &digest, tool, tool->options->operands[1]));
    VCH_TRY(load(&members, tool, 2));
    if (members.count > 0 && members.coordinates != floor.coordinate_count)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "the noise floor \"%s\" is of %u coordinates, these outputs have %u",
                            floor.name, floor.coordinate_count, members.coordinates);
    of.floor = &floor;
    of.member_count = members.count;
    of.input_count = members.inputs;
    of.outputs = members.of;
    VCH_TRY(vch_likeness_judge(findings, &of, &tool->arena, &tool->complaint));
    return show_findings(tool, &members, &of, &digest, findings);
}

static const struct vch_action ACTIONS[] = {
    {"calibrate", "RUN.npy...", 1, VCH_OPTIONS_GIVEN_MAX, calibrate},
    {"test", "X.floor MEMBER.npy...", 1, VCH_OPTIONS_GIVEN_MAX, test},
};

static vch_status run(struct vch_tool *tool)
{
    return vch_actions_run(tool, "likeness", 0, ACTIONS, sizeof ACTIONS / sizeof *ACTIONS);
}

const struct vch_command vch_commands_likeness = {
    .name = "likeness",
    .operands = "calibrate RUN.npy... --name TEXT -o X.floor | test X.floor MEMBER.npy...",
    .summary = "outputs that may honestly differ: how far, and who differs more",
    .details =
        "calibrate: from outputs of one model on the same inputs, run by two or more machines or "
        "engines\nthat are all honest, to a noise floor. test: which members of a committee are "
        "further from the\nmedian than honest machines are; an honest member is flagged at most "
        "at the rate --alpha, as\nlong as more than half are honest, whatever the others send. "
        "Arrays are (inputs, coordinates),\nor (runs, inputs, coordinates) for several in one "
        "file. Exit code 1: somebody was flagged.\nWhat it shows and what not: "
        "specs/likeness.md.",
    .operand_min = 2,
    .operand_max = VCH_OPTIONS_GIVEN_MAX,
    .options = options,
    .run = run,
};
