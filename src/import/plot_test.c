// The plot is an SVG that opens and closes what it should, whatever the tensors are called.
#include "import/plot.h"

#include <stdio.h>
#include <string.h>

#include "harness/test.h"

enum { TENSORS = 700 };

static struct vch_arena arena;
static struct vch_import_tensor_report tensors[TENSORS];
static char names[TENSORS][16];

static struct vch_import_report report_of(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(names[i], sizeof names[i], "tensor%u", i);
        tensors[i] = (struct vch_import_tensor_report){
            .name = names[i],
            .type = i % 3 == 0 ? VCH_TYPE_I8 : VCH_TYPE_I16,
            .signal_to_noise_db = 20 + i % 200,
            .elements = 1,
            .share = i == 0 ? 0.75 : 0,
            .share_weights = i == 1 ? 0.25 : 0,
        };
    }
    return (struct vch_import_report){
        .sample_count = 5, .tensor_count = count, .tensors = tensors, .has_shares = count > 1};
}

static const char *plot(const struct vch_import_report *report, const char *title)
{
    const char *text = NULL;
    size_t size = 0;

    vch_arena_release(&arena);
    vch_arena_init(&arena, (size_t)16 << 20);
    CHECK_OK(vch_plot_report(&text, &size, title, report, &arena));
    CHECK(size > 0 && strlen(text) == size);
    return text;
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;

    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        count++;
    return count;
}

// Every element closes, in order; no bare ampersand or quote is left.
static void check_well_formed(const char *text)
{
    char open[8][16];
    size_t depth = 0;

    for (const char *at = strchr(text, '<'); at != NULL; at = strchr(at + 1, '<')) {
        const char *end = strchr(at, '>');
        char name[16] = "";
        CHECK(end != NULL && memchr(at + 1, '<', (size_t)(end - at - 1)) == NULL);
        CHECK_EQ(sscanf(at[1] == '/' ? at + 2 : at + 1, "%15[a-z]", name), 1);
        if (at[1] == '/') {
            CHECK(depth > 0 && strcmp(open[--depth], name) == 0);
        } else if (end[-1] != '/') {
            CHECK(depth < 8);
            memcpy(open[depth++], name, sizeof name);
        }
    }
    CHECK_EQ(depth, 0);
    for (const char *at = strchr(text, '&'); at != NULL; at = strchr(at + 1, '&'))
        CHECK(strncmp(at, "&lt;", 4) == 0 || strncmp(at, "&gt;", 4) == 0 ||
              strncmp(at, "&amp;", 5) == 0);
}

TEST(plot_shows_every_tensor_once)
{
    struct vch_import_report report = report_of(40);
    const char *text = plot(&report, "a model");

    check_well_formed(text);
    for (uint32_t i = 10; i < 40; i++)
        CHECK_EQ(count_of(text, names[i]), 1);
    CHECK_EQ(count_of(text, " dB"), 40);
    CHECK(strstr(text, "75 %") != NULL && strstr(text, "25 %") != NULL);
}

TEST(plot_keeps_strange_names_out_of_its_markup)
{
    struct vch_import_report report = report_of(3);

    tensors[0].name = "</text><script>&\"'";
    tensors[1].name = "ääääääääääääääääääääääääääääääääääääääääääää";
    tensors[2].name = "";
    const char *text = plot(&report, "<&>");
    check_well_formed(text);
    CHECK(strstr(text, "script>") == NULL);
    CHECK(strstr(text, "äää…") != NULL);
}

TEST(plot_of_many_tensors_shows_those_that_lose_most)
{
    struct vch_import_report report = report_of(TENSORS);
    const char *text = plot(&report, "large");

    check_well_formed(text);
    size_t rows = count_of(text, " dB");
    CHECK(rows > 200 && rows <= 300);
    CHECK(strstr(text, ">tensor0<") != NULL && strstr(text, ">tensor199<") == NULL);
}

TEST(plot_of_a_model_without_any_error_is_drawn_as_well)
{
    struct vch_import_report report = report_of(1);

    tensors[0].signal_to_noise_db = 200;
    check_well_formed(plot(&report, "exact"));
    report.tensor_count = 0;
    check_well_formed(plot(&report, "empty"));
}
