#include "import/plot.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ROWS_MAX 300u // of more tensors, those with the largest error
#define NAME_BYTES 34 // of a name, about, before it is cut

// Everything in pixels.
#define LEFT 270   // where bars begin
#define BAR 330    // the longest error
#define SHARES 690 // where shares begin
#define SHARE 200  // the largest share
#define WIDTH 960
#define TOP 132 // the first row
#define ROW 22

// What the picture looks like, for light and dark surroundings alike: it brings its own paper.
static const char style[] =
    "<style>"
    "text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu "
    "Sans',sans-serif;fill:#2b2f36}"
    ".h{font-size:19px;font-weight:600}.s{fill:#6b7280}.n{text-anchor:end}"
    ".v{font-variant-numeric:tabular-nums;fill:#4b5563}.t{font-size:11px;fill:#8a919c}"
    ".b{font-weight:600}.g{stroke:#e7e9ee}.c{fill:#f6f7f9}"
    ".i8{fill:#3d6db5}.i16{fill:#5fb09c}.i32{fill:#a9b0bb}.a{fill:#e39a3b}.w{fill:#b4553b}"
    "</style>";

// Text that grows in the arena.
struct text {
    char *bytes;
    size_t size, capacity;
    struct vch_arena *arena;
    vch_status status; // the first failure
};

static void reserve(struct text *text, size_t more)
{
    if (!vch_is_ok(text->status) || text->capacity - text->size > more) return;
    size_t capacity = 2 * (text->capacity + more) + 4096;
    char *bytes = vch_arena_alloc(text->arena, capacity, 1);
    if (bytes == NULL) text->status = VCH_FAIL(NO_MEMORY);
    if (bytes == NULL) return;
    if (text->size > 0) memcpy(bytes, text->bytes, text->size);
    text->bytes = bytes;
    text->capacity = capacity;
}

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
    reserve(text, 1024); // no line of ours is longer
    if (!vch_is_ok(text->status)) return;
    va_list args;
    va_start(args, format);
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it has been started
    int size = vsnprintf(text->bytes + text->size, 1024, format, args);
    va_end(args);
    text->size += size < 0 ? 0 : size < 1024 ? (size_t)size : 1023;
}

// A name inside of an element, the end of a long one left out between characters of UTF-8.
static void put_name(struct text *text, const char *name)
{
    size_t size = strlen(name), kept = size;

    if (size > NAME_BYTES) {
        kept = NAME_BYTES - 2;
        while (kept > 0 && ((unsigned char)name[kept] & 0xc0) == 0x80)
            kept--;
    }
    for (size_t i = 0; i < kept; i++) {
        if (name[i] == '<')
            put(text, "&lt;");
        else if (name[i] == '>')
            put(text, "&gt;");
        else if (name[i] == '&')
            put(text, "&amp;");
        else
            put(text, "%c", name[i]);
    }
    if (kept < size) put(text, "…");
}

// Root mean square of the error, beside the tensor's own.
static double relative_error(const struct vch_import_tensor_report *tensor)
{
    return pow(10, -tensor->signal_to_noise_db / 20);
}

struct chart {
    struct text text;
    const struct vch_import_report *report;
    double largest, threshold; // of the errors; below the threshold a row is left out
    double largest_share;
    uint32_t rows;
};

static bool is_shown(const struct chart *chart, uint32_t i)
{
    return relative_error(&chart->report->tensors[i]) >= chart->threshold;
}

static uint32_t count_shown(const struct chart *chart)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < chart->report->tensor_count; i++)
        count += is_shown(chart, i);
    return count;
}

static void survey(struct chart *chart)
{
    const struct vch_import_report *report = chart->report;

    for (uint32_t i = 0; i < report->tensor_count; i++) {
        const struct vch_import_tensor_report *tensor = &report->tensors[i];
        chart->largest = fmax(chart->largest, relative_error(tensor));
        chart->largest_share = fmax(chart->largest_share, tensor->share + tensor->share_weights);
    }
    chart->rows = count_shown(chart);
    for (int i = 0; chart->rows > ROWS_MAX; i++) {
        chart->threshold = 1e-10 * pow(1.05, i);
        chart->rows = count_shown(chart);
    }
}

static void put_head(struct chart *chart, const char *title, uint32_t height)
{
    struct text *text = &chart->text;
    const struct vch_import_report *report = chart->report;

    put(text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
        "viewBox=\"0 0 %d %u\">",
        WIDTH, height, WIDTH, height);
    put(text, "%s<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>", style);
    put(text, "<text class=\"h\" x=\"28\" y=\"42\">Error by layer: ");
    put_name(text, title);
    put(text,
        "</text><text class=\"s\" x=\"28\" y=\"64\">integers beside the float model, on %u %s",
        report->sample_count, report->is_synthetic ? "SYNTHETIC samples" : "samples");
    if (chart->rows < report->tensor_count)
        put(text, "; %u of %u tensors, those that lose most", chart->rows, report->tensor_count);
    put(text, "</text>");
}

static void put_key(struct text *text, int x, int y, const char *class, const char *label)
{
    put(text, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"11\" height=\"11\" rx=\"2\"/>", class,
        x, y - 10);
    put(text, "<text class=\"s\" x=\"%d\" y=\"%d\">%s</text>", x + 17, y, label);
}

static void put_legend(struct chart *chart)
{
    struct text *text = &chart->text;

    put(text, "<text class=\"b\" x=\"%d\" y=\"92\">Error, root mean square, part of signal</text>",
        LEFT);
    put_key(text, LEFT, 112, "i8", "int8");
    put_key(text, LEFT + 62, 112, "i16", "int16");
    put_key(text, LEFT + 130, 112, "i32", "int32");
    if (!chart->report->has_shares) return;
    put(text, "<text class=\"b\" x=\"%d\" y=\"92\">Share of the outputs' error</text>", SHARES);
    put_key(text, SHARES, 112, "a", "rounding");
    put_key(text, SHARES + 86, 112, "w", "weights");
}

// Lines at 1, 2 or 5 times a power of ten, four to nine of them.
static void put_grid(struct chart *chart, uint32_t bottom)
{
    double step = chart->largest > 0 ? pow(10, floor(log10(chart->largest))) : 1;

    if (chart->largest / step < 2)
        step /= 5;
    else if (chart->largest / step < 5)
        step /= 2;
    for (int i = 0; i * step <= chart->largest; i++) {
        double at = i * step;
        double x = LEFT + (chart->largest > 0 ? BAR * at / chart->largest : 0);
        put(&chart->text, "<line class=\"g\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%u\"/>", x, x,
            TOP - 4, bottom);
        put(&chart->text,
            "<text class=\"t\" x=\"%.1f\" y=\"%u\" text-anchor=\"middle\">%.3g %%</text>", x,
            bottom + 16, 100 * at);
    }
}

static const char *class_of(enum vch_type type)
{
    return type == VCH_TYPE_I8 ? "i8" : type == VCH_TYPE_I16 ? "i16" : "i32";
}

static void put_bar(struct text *text, const char *class, double x, uint32_t y, double width)
{
    if (width < 0.3) return;
    put(text, "<rect class=\"%s\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"12\" rx=\"2\"/>",
        class, x, y, width);
}

static void put_row(struct chart *chart, uint32_t i, uint32_t row)
{
    const struct vch_import_tensor_report *tensor = &chart->report->tensors[i];
    struct text *text = &chart->text;
    uint32_t y = TOP + row * ROW;
    double error = relative_error(tensor);

    put(text, "<text class=\"n%s\" x=\"%d\" y=\"%u\">",
        i == chart->report->worst_tensor ? " b" : "", LEFT - 12, y + 14);
    put_name(text, tensor->name);
    put(text, "</text>");
    double width = chart->largest > 0 ? BAR * error / chart->largest : 0;
    put_bar(text, class_of(tensor->type), LEFT, y + 4, width);
    put(text, "<text class=\"v\" x=\"%.1f\" y=\"%u\">%.0f dB%s%s</text>", LEFT + width + 6, y + 14,
        tensor->signal_to_noise_db, tensor->has_two_rows ? " · two rows" : "",
        tensor->saturated * 1000 > tensor->elements ? " · saturates" : "");
    if (!(chart->largest_share > 0)) return;
    double scale = SHARE / chart->largest_share, first = scale * tensor->share;
    put_bar(text, "a", SHARES, y + 4, first);
    put_bar(text, "w", SHARES + first, y + 4, scale * tensor->share_weights);
    if (tensor->share + tensor->share_weights >= 0.005)
        put(text, "<text class=\"v\" x=\"%.1f\" y=\"%u\">%.0f %%</text>",
            SHARES + scale * (tensor->share + tensor->share_weights) + 6, y + 14,
            100 * (tensor->share + tensor->share_weights));
}

vch_status vch_plot_report(const char **out, size_t *size, const char *title,
                           const struct vch_import_report *report, struct vch_arena *arena)
{
    struct chart chart = {.text = {.arena = arena, .status = VCH_OK}, .report = report};
    uint32_t row = 0;

    survey(&chart);
    uint32_t bottom = TOP + chart.rows * ROW + 2;
    put_head(&chart, title, bottom + 36);
    for (uint32_t i = 0; i < chart.rows; i += 2)
        put(&chart.text,
            "<rect class=\"c\" x=\"20\" y=\"%u\" width=\"%d\" height=\"%d\" rx=\"3\"/>",
            TOP + i * ROW - 1, WIDTH - 40, ROW);
    put_grid(&chart, bottom);
    put_legend(&chart);
    for (uint32_t i = 0; i < report->tensor_count; i++)
        if (is_shown(&chart, i)) put_row(&chart, i, row++);
    put(&chart.text, "</svg>\n");
    *out = chart.text.bytes;
    *size = chart.text.size;
    return chart.text.status;
}
