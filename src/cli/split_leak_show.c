// What vouch split --leak prints and writes.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/split_columns.h"
#include "cli/split_leak.h"
#include "split/leak_picture.h"

static const char *name_before(const struct vch_graph *graph, uint32_t position)
{
    return position < graph->operator_count ? graph->operators[position].name : "(end)";
}

static void print_guess(const struct vch_leak_guess *guess)
{
    if (guess->is_made)
        printf("  %6.3f %5.1f %6.3f", guess->r2, guess->psnr_db, guess->ssim);
    else
        printf("  %6s %5s %6s", "-", "-", "-");
}

static void print_images(const struct vch_leak *leak, const struct vch_graph *graph)
{
    printf("                    linear               convolutional\n"
           "position   numbers      R2  PSNR   SSIM      R2  PSNR   SSIM   leak  before operator\n"
           "   blind         0");
    print_guess(&leak->blind);
    printf("                         0.000\n");
    for (uint32_t i = 0; i < leak->cut_count; i++) {
        const struct vch_leak_cut *cut = &leak->cuts[i];
        printf("%8u  %8llu", cut->position, (unsigned long long)cut->features);
        print_guess(&cut->linear);
        print_guess(&cut->convolution);
        printf("  %5.3f  %s\n", cut->leak, name_before(graph, cut->position));
    }
}

static void print_table(const struct vch_leak *leak, const struct vch_graph *graph,
                        const struct vch_split_columns *columns)
{
    char name[VCH_SPLIT_COLUMNS_NAME_SIZE];

    printf("position   numbers  R2 of all   leak  column that leaks most      before operator\n"
           "   blind         0      0.000  0.000\n");
    for (uint32_t i = 0; i < leak->cut_count; i++) {
        const struct vch_leak_cut *cut = &leak->cuts[i];
        vch_split_columns_name(name, columns, cut->column);
        printf("%8u  %8llu  %9.3f  %5.3f  %5.3f %-20.20s  %s\n", cut->position,
               (unsigned long long)cut->features, cut->linear.r2, cut->leak, cut->measured, name,
               name_before(graph, cut->position));
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

static vch_status write_report(const struct vch_leak *leak, struct vch_tool *tool,
                               const struct vch_package *package,
                               const struct vch_split_columns *columns)
{
    const char *path = vch_options_text(tool->options, "leak-report");
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (path == NULL) return VCH_OK;
    if (ends_with(path, ".png") && leak->is_image) {
        VCH_TRY(vch_leak_picture_png(&bytes, &size, leak, &tool->arena));
    } else if (ends_with(path, ".svg")) {
        VCH_TRY(vch_leak_picture_svg(&bytes, &size, leak, package->graph, columns->names,
                                     &tool->arena));
    } else {
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--leak-report expects a file that ends in .svg, or for images .png; "
                            "found \"%.100s\"",
                            path);
    }
    // Private: the picture shows the person's own samples.
    VCH_TRY(vch_file_write(path, bytes, size, true, &tool->complaint));
    if (!vch_options_has(tool->options, "json")) printf("%s: written\n", path);
    return VCH_OK;
}

vch_status vch_split_leak_show(const struct vch_leak *leak, struct vch_tool *tool,
                               const struct vch_package *package)
{
    struct vch_split_columns columns;

    VCH_TRY(vch_split_columns_read(&columns, tool, leak->target_count));
    printf("%u samples, dealt by seed %llu: %u to learn from, %u to choose by, %u held out and "
           "guessed\n\n",
           leak->training + leak->validation + leak->test, (unsigned long long)leak->seed,
           leak->training, leak->validation, leak->test);
    if (leak->is_image)
        print_images(leak, package->graph);
    else
        print_table(leak, package->graph, &columns);
    printf("\nR2 is the share of the input's variance that a guess from what crosses explains, "
           "beyond the\nblind guess (the training mean): 1 is the input itself. \"leak\" is the "
           "best R2 here or at any later\ncut%s. It is a bound from below: two small "
           "inverters and %u samples\nreach it; a stronger attacker does better, and a low number "
           "shows no privacy. See SOUNDNESS.md.\n",
           leak->is_image ? "" : ", of one column", leak->training);
    return write_report(leak, tool, package, &columns);
}

static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *guess_json(const struct vch_leak *leak, const struct vch_leak_guess *guess)
{
    if (!guess->is_made) return json_null();
    json_t *row = json_pack("{s:o}", "r2", real(guess->r2));
    if (leak->is_image) {
        json_object_set_new(row, "psnr_db", real(guess->psnr_db));
        json_object_set_new(row, "ssim", real(guess->ssim));
        return row;
    }
    json_t *columns = json_array();
    for (uint32_t t = 0; t < leak->target_count; t++)
        json_array_append_new(columns, real(guess->column_r2[t]));
    json_object_set_new(row, "column_r2", columns);
    return row;
}

static json_t *cut_json(const struct vch_leak *leak, const struct vch_leak_cut *cut,
                        const struct vch_graph *graph)
{
    json_t *linear = guess_json(leak, &cut->linear);

    if (leak->is_image) json_object_set_new(linear, "ridge", real(cut->linear.ridge));
    json_t *row = json_pack("{s:i, s:s, s:I, s:b, s:o, s:o, s:o, s:o}", "position",
                            (int)cut->position, "before", name_before(graph, cut->position),
                            "numbers", (json_int_t)cut->features, "is_input", (int)cut->is_input,
                            "linear", linear, "convolutional", guess_json(leak, &cut->convolution),
                            "measured", real(cut->measured), "leak", real(cut->leak));
    if (!leak->is_image) json_object_set_new(row, "column", json_integer(cut->column));
    return row;
}

vch_status vch_split_leak_json(json_t **out, const struct vch_leak *leak, struct vch_tool *tool,
                               const struct vch_package *package)
{
    json_t *cuts = json_array(), *names = json_array();
    struct vch_split_columns columns;

    *out = json_pack("{s:o, s:{s:i, s:i, s:i, s:I}, s:o, s:o, s:o}", "model",
                     vch_tool_json_hex(package->identity.bytes, VCH_DIGEST_SIZE), "samples",
                     "training", (int)leak->training, "validation", (int)leak->validation, "test",
                     (int)leak->test, "seed", (json_int_t)leak->seed, "columns", names, "blind",
                     guess_json(leak, &leak->blind), "cuts", cuts);
    if (*out == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < leak->cut_count; i++)
        json_array_append_new(cuts, cut_json(leak, &leak->cuts[i], package->graph));
    VCH_TRY(vch_split_columns_read(&columns, tool, leak->target_count));
    for (uint32_t t = 0; t < leak->target_count && columns.names != NULL; t++)
        json_array_append_new(names, json_string(columns.names[t]));
    return write_report(leak, tool, package, &columns);
}
