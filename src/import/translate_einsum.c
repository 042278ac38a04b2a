// Einsum: sums and diagonals of each operand by itself, then one matrix product after another.
#include <ctype.h>
#include <string.h>

#include "import/translate_build.h"
#include "import/translate_pick.h"

#define LABELS_MAX 128
#define ELLIPSIS 1 // labels of what "..." stands for, counted from the last axis; letters are above

struct term { // the labels of a tensor's axes
    uint32_t count;
    unsigned char labels[VCH_NETWORK_RANK_MAX];
};

struct einsum {
    uint32_t sizes[LABELS_MAX]; // of each label; 0 where it does not occur
    uint32_t uses[LABELS_MAX];  // by operands not yet multiplied, and by the result
    struct term result;
};

struct operand {
    uint32_t value;
    struct term term;
};

static bool has_label(const struct term *term, unsigned char label)
{
    return memchr(term->labels, label, term->count) != NULL;
}

static vch_status add_label(struct term *term, const struct vch_translate *at, unsigned label)
{
    if (term->count == VCH_NETWORK_RANK_MAX)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "more than %d axes in its equation",
                                    VCH_NETWORK_RANK_MAX);
    term->labels[term->count++] = (unsigned char)label;
    return VCH_OK;
}

// One term of the equation, up to a comma or its end. "..." stands for `open` axes.
static vch_status read_term(struct term *term, const char **text, const struct vch_translate *at,
                            uint32_t open)
{
    const char *c = *text;

    for (; *c != '\0' && *c != ',' && *c != '-'; c++) {
        if (*c == ' ') continue;
        if (strncmp(c, "...", 3) == 0) {
            for (uint32_t i = open; i-- > 0;)
                VCH_TRY(add_label(term, at, ELLIPSIS + i));
            c += 2;
            continue;
        }
        if (!isalpha((unsigned char)*c))
            return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                        "its equation holds '%c'; letters, commas, ... and -> may "
                                        "be in it",
                                        *c);
        VCH_TRY(add_label(term, at, (unsigned char)*c));
    }
    *text = c;
    return VCH_OK;
}

static uint32_t count_letters(const char *text)
{
    uint32_t count = 0;

    for (; *text != '\0' && *text != ',' && *text != '-'; text++)
        count += isalpha((unsigned char)*text) != 0;
    return count;
}

static vch_status note_sizes(struct einsum *e, const struct vch_translate *at,
                             const struct operand *operand)
{
    const struct vch_network_shape *shape = vch_translate_shape_of(at, operand->value);

    if (shape->rank != operand->term.count)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "a term names %u axes, its operand has %u", operand->term.count,
                                    shape->rank);
    for (uint32_t i = 0; i < shape->rank; i++) {
        uint32_t *size = &e->sizes[operand->term.labels[i]], other = shape->dims[i];
        if (*size > 1 && other > 1 && *size != other)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "axes of %u and %u share a letter",
                                        *size, other);
        if (other > *size) *size = other;
    }
    return VCH_OK;
}

static vch_status read_operands(struct einsum *e, struct operand *operands, const char **text,
                                const struct vch_translate *at, uint32_t *open)
{
    for (uint32_t i = 0; i < at->node.input_count; i++) {
        VCH_TRY(vch_translate_operand(&operands[i].value, at, i));
        uint32_t rank = vch_translate_shape_of(at, operands[i].value)->rank;
        uint32_t letters = count_letters(*text), rest = rank > letters ? rank - letters : 0;
        if (rest > *open) *open = rest;
        VCH_TRY(read_term(&operands[i].term, text, at, rest));
        VCH_TRY(note_sizes(e, at, &operands[i]));
        bool is_last = i + 1 == at->node.input_count;
        if (!is_last && **text != ',')
            return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its equation has too few terms");
        *text += !is_last;
    }
    return VCH_OK;
}

// Without an arrow: what "..." stands for, then every letter that occurs once, in order.
static vch_status imply_result(struct einsum *e, const struct operand *operands,
                               const struct vch_translate *at, uint32_t open)
{
    for (uint32_t i = open; i-- > 0;)
        VCH_TRY(add_label(&e->result, at, ELLIPSIS + i));
    for (unsigned label = 'A'; label <= 'z'; label++) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < at->node.input_count; i++)
            for (uint32_t k = 0; k < operands[i].term.count; k++)
                count += operands[i].term.labels[k] == label;
        if (count == 1) VCH_TRY(add_label(&e->result, at, label));
    }
    return VCH_OK;
}

static vch_status read_equation(struct einsum *e, struct operand *operands,
                                const struct vch_translate *at)
{
    const char *text = NULL;
    uint32_t open = 0;

    VCH_TRY(vch_network_text(&text, &at->node, "equation", "", at->complaint));
    VCH_TRY(read_operands(e, operands, &text, at, &open));
    if (text[0] == '-' && text[1] == '>') {
        text += 2;
        VCH_TRY(read_term(&e->result, &text, at, open));
    } else {
        VCH_TRY(imply_result(e, operands, at, open));
    }
    if (*text != '\0')
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "its equation goes on with '%.20s'",
                                    text);
    for (uint32_t i = 0; i < e->result.count; i++) {
        unsigned char label = e->result.labels[i];
        if (e->sizes[label] == 0 || memchr(e->result.labels, label, i) != NULL)
            return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                        "its result names an axis twice, or one of no operand");
        e->uses[label]++;
    }
    for (uint32_t i = 0; i < at->node.input_count; i++)
        for (unsigned label = 0; label < LABELS_MAX; label++)
            e->uses[label] += has_label(&operands[i].term, (unsigned char)label);
    return VCH_OK;
}

// Each label once: where it comes twice, the elements with equal indices; axes of size 1 that other
// operands have wider go away.
static vch_status take_diagonal(struct vch_translate *at, struct operand *operand,
                                const struct einsum *e)
{
    const struct vch_network_shape from = *vch_translate_shape_of(at, operand->value);
    struct vch_network_shape to = {0};
    struct term kept = {0};
    size_t steps[VCH_NETWORK_RANK_MAX] = {0}, stride = 1;
    uint32_t output = VCH_NONE;

    for (uint32_t i = 0; i < from.rank; i++) {
        unsigned char label = operand->term.labels[i];
        if (from.dims[i] != e->sizes[label] || has_label(&kept, label)) continue;
        kept.labels[kept.count++] = label;
        to.dims[to.rank++] = from.dims[i];
    }
    if (kept.count == operand->term.count) return VCH_OK;
    for (uint32_t i = from.rank; i-- > 0; stride *= from.dims[i])
        for (uint32_t k = 0; k < kept.count; k++)
            if (kept.labels[k] == operand->term.labels[i] && from.dims[i] == to.dims[k])
                steps[k] += stride;
    size_t count = vch_network_count(&to);
    int64_t *positions = VCH_ARENA_NEW(at->network->arena, int64_t, count);
    if (positions == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        size_t rest = i;
        for (uint32_t k = kept.count; k-- > 0; rest /= to.dims[k])
            positions[i] += (int64_t)(rest % to.dims[k] * steps[k]);
    }
    VCH_TRY(vch_translate_pick_flat(at, operand->value, positions, &to, &output));
    *operand = (struct operand){output, kept};
    return VCH_OK;
}

// The axes in the order of `labels`, of which it has all.
static vch_status permute(struct vch_translate *at, struct operand *operand,
                          const struct term *wanted)
{
    uint32_t order[VCH_NETWORK_RANK_MAX] = {0}, output = VCH_NONE;

    for (uint32_t i = 0; i < wanted->count; i++)
        for (uint32_t k = 0; k < operand->term.count; k++)
            if (operand->term.labels[k] == wanted->labels[i]) order[i] = k;
    VCH_TRY(vch_translate_transpose_to(at, operand->value, order, &output));
    *operand = (struct operand){output, *wanted};
    return VCH_OK;
}

static void append(struct term *term, const struct term *from, const struct term *other,
                   const struct einsum *e, bool is_shared, bool is_kept)
{
    for (uint32_t i = 0; i < from->count; i++) {
        unsigned char label = from->labels[i];
        if (has_label(other, label) == is_shared && (e->uses[label] > 0) == is_kept)
            term->labels[term->count++] = label;
    }
}

static uint32_t size_of(const struct einsum *e, const struct term *term, uint32_t from, uint32_t to)
{
    uint32_t size = 1; // a part of an operand's elements

    for (uint32_t i = from; i < to; i++)
        size *= e->sizes[term->labels[i]];
    return size;
}

// Labels that neither `partner` nor anybody later needs are added up.
static vch_status sum_unused(struct vch_translate *at, struct operand *operand,
                             const struct term *partner, const struct einsum *e)
{
    struct term kept = {0}, all = {0};
    struct vch_network_shape matrix = {.rank = 2}, to = {0};
    uint32_t rows = VCH_NONE, sums = VCH_NONE, output = VCH_NONE;

    append(&kept, &operand->term, partner, e, true, true);
    append(&kept, &operand->term, partner, e, true, false);
    append(&kept, &operand->term, partner, e, false, true);
    if (kept.count == operand->term.count) return VCH_OK;
    all = kept;
    append(&all, &operand->term, partner, e, false, false);
    VCH_TRY(permute(at, operand, &all));
    matrix.dims[0] = size_of(e, &all, 0, kept.count);
    matrix.dims[1] = size_of(e, &all, kept.count, all.count);
    VCH_TRY(vch_translate_reshape_to(at, operand->value, &matrix, &rows));
    VCH_TRY(vch_translate_build_row_sum(at, rows, 1, &sums));
    to.rank = kept.count;
    for (uint32_t i = 0; i < kept.count; i++)
        to.dims[i] = e->sizes[kept.labels[i]];
    VCH_TRY(vch_translate_reshape_to(at, sums, &to, &output));
    *operand = (struct operand){output, kept};
    return VCH_OK;
}

static vch_status as_matrices(struct vch_translate *at, const struct operand *operand,
                              const struct einsum *e, uint32_t batch, uint32_t rows,
                              uint32_t *output)
{
    const struct term *term = &operand->term;
    const struct vch_network_shape shape = {.rank = 3,
                                            .dims = {size_of(e, term, 0, batch),
                                                     size_of(e, term, batch, rows),
                                                     size_of(e, term, rows, term->count)}};

    return vch_translate_reshape_to(at, operand->value, &shape, output);
}

// (batch, a's own, summed) times (batch, summed, b's own).
static vch_status multiply(struct vch_translate *at, struct operand *a, struct operand *b,
                           const struct einsum *e)
{
    struct term batch = {0}, summed = {0}, left = {0}, right = {0}, to = {0};
    uint32_t x = VCH_NONE, y = VCH_NONE, product = VCH_NONE, output = VCH_NONE;
    struct vch_network_shape shape = {0};

    append(&batch, &a->term, &b->term, e, true, true);
    append(&summed, &a->term, &b->term, e, true, false);
    to = left = right = batch;
    append(&to, &a->term, &b->term, e, false, true);
    left = to;
    const uint32_t own = to.count;
    for (uint32_t i = 0; i < summed.count; i++) {
        left.labels[left.count++] = summed.labels[i];
        right.labels[right.count++] = summed.labels[i];
    }
    append(&right, &b->term, &a->term, e, false, true);
    if (own + b->term.count > VCH_NETWORK_RANK_MAX + batch.count + summed.count)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "a product of more than %d axes",
                                    VCH_NETWORK_RANK_MAX);
    append(&to, &b->term, &a->term, e, false, true);
    VCH_TRY(permute(at, a, &left));
    VCH_TRY(permute(at, b, &right));
    VCH_TRY(as_matrices(at, a, e, batch.count, own, &x));
    VCH_TRY(as_matrices(at, b, e, batch.count, batch.count + summed.count, &y));
    VCH_TRY(vch_translate_build_matmul(at, x, y, &product));
    shape.rank = to.count;
    for (uint32_t i = 0; i < to.count; i++)
        shape.dims[i] = e->sizes[to.labels[i]];
    VCH_TRY(vch_translate_reshape_to(at, product, &shape, &output));
    *a = (struct operand){output, to};
    return VCH_OK;
}

static void release(struct einsum *e, const struct operand *operand)
{
    for (uint32_t i = 0; i < operand->term.count; i++)
        e->uses[operand->term.labels[i]]--;
}

vch_status vch_translate_einsum(struct vch_translate *at)
{
    struct einsum e = {0};
    struct operand *operands =
        VCH_ARENA_NEW(at->network->arena, struct operand, at->node.input_count);

    if (operands == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(read_equation(&e, operands, at));
    for (uint32_t i = 0; i < at->node.input_count; i++) {
        struct term before = operands[i].term;
        VCH_TRY(take_diagonal(at, &operands[i], &e));
        for (uint32_t k = 0; k < before.count; k++) // what went away altogether is used no more
            if (!has_label(&operands[i].term, before.labels[k]) &&
                memchr(before.labels, before.labels[k], k) == NULL)
                e.uses[before.labels[k]]--;
        release(&e, &operands[i]);
        const struct term partner = i > 0 ? operands[0].term : (struct term){0};
        VCH_TRY(sum_unused(at, &operands[i], &partner, &e));
        if (i > 0) VCH_TRY(multiply(at, &operands[0], &operands[i], &e));
    }
    if (operands[0].term.count != e.result.count)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "its result is wider than what its operands have in common");
    VCH_TRY(permute(at, &operands[0], &e.result));
    return vch_translate_rename(at, 0, operands[0].value);
}
