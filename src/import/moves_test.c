// Operators that move elements: what they give, element by element.
#include "harness/imports.h"

static struct imports m;

TEST(gather_takes_constant_indices_of_any_shape_and_sign)
{
    imports_start(&m, 13, NUMBERS(2, 3));
    onnx_raw(&m.onnx, "i", 7, NUMBERS(2, 2), (const int64_t[]){2, 0, -1, 1}, 32);
    onnx_node(&m.onnx, "Gather", "x,i", "y");
    onnx_attribute_integer(&m.onnx, "axis", 1);
    onnx_end(&m.onnx);
    imports_check_counted(&m, 6, REALS(3, 1, 3, 2, 6, 4, 6, 5));
}

TEST(gather_takes_indices_that_the_model_computes)
{
    imports_start(&m, 13, NUMBERS(1, 4));
    onnx_reals(&m.onnx, "table", NUMBERS(3, 2), (const float[]){1, 2, 3, 4, 5, 6});
    imports_node(&m, "Gather", "table,x", "y");
    imports_check(&m, REALS(2, 0, 1, -1), REALS(5, 6, 1, 2, 3, 4, 5, 6), 1e-3);
}

TEST(gather_means_the_nearest_end_where_an_index_is_outside)
{
    imports_start(&m, 13, NUMBERS(3));
    onnx_reals(&m.onnx, "table", NUMBERS(3), (const float[]){7, 8, 9});
    imports_node(&m, "Gather", "table,x", "y");
    imports_check(&m, REALS(5, 1, 100), REALS(9, 8, 9), 1e-3);
}

TEST(many_uneven_indices_become_one_gather)
{
    imports_start(&m, 13, NUMBERS(12));
    onnx_integers(&m.onnx, "i", NUMBERS(0, 5, 1, 7, 7, 2, 11, 3, 3, 0, 9, 4, 4, 4, 8, 1, 6, 10));
    imports_node(&m, "Gather", "x,i", "y");
    imports_check_counted(&m, 12, REALS(1, 6, 2, 8, 8, 3, 12, 4, 4, 1, 10, 5, 5, 5, 9, 2, 7, 11));
    CHECK_EQ(m.graph->operator_count, 2); // with its CONSTANT
}

TEST(gather_elements_takes_indices_that_the_model_computes)
{
    imports_start(&m, 13, NUMBERS(2, 2));
    onnx_reals(&m.onnx, "data", NUMBERS(3, 2), (const float[]){1, 2, 3, 4, 5, 6});
    onnx_node(&m.onnx, "GatherElements", "data,x", "y");
    onnx_end(&m.onnx);
    imports_check(&m, REALS(1, 2, 0, -1), REALS(3, 6, 1, 6), 1e-3);
}

TEST(gather_nd_takes_indices_that_the_model_computes)
{
    imports_start(&m, 13, NUMBERS(2, 1, 2));
    onnx_reals(&m.onnx, "data", NUMBERS(2, 2, 3, 1),
               (const float[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
    onnx_node(&m.onnx, "GatherND", "data,x", "y");
    onnx_attribute_integer(&m.onnx, "batch_dims", 1);
    onnx_end(&m.onnx);
    imports_check(&m, REALS(1, 2, 0, 1), REALS(6, 8), 1e-3);
}

TEST(gather_nd_takes_slices)
{
    imports_start(&m, 13, NUMBERS(2, 3, 2));
    onnx_raw(&m.onnx, "i", 7, NUMBERS(2, 2), (const int64_t[]){0, 2, 1, -3}, 32);
    imports_node(&m, "GatherND", "x,i", "y");
    imports_check_counted(&m, 12, REALS(5, 6, 7, 8));
}

TEST(compress_keeps_what_its_condition_says)
{
    imports_start(&m, 13, NUMBERS(2, 3));
    onnx_raw(&m.onnx, "c", 9, NUMBERS(3), "\1\0\1", 3);
    onnx_node(&m.onnx, "Compress", "x,c", "y");
    onnx_attribute_integer(&m.onnx, "axis", 1);
    onnx_end(&m.onnx);
    imports_check_counted(&m, 6, REALS(1, 3, 4, 6));
    imports_start(&m, 13, NUMBERS(2, 3));
    onnx_raw(&m.onnx, "c", 9, NUMBERS(5), "\0\1\0\0\1", 5);
    imports_node(&m, "Compress", "x,c", "y");
    imports_check_counted(&m, 6, REALS(2, 5));
}

TEST(one_hot_is_off_for_indices_outside)
{
    imports_start(&m, 13, NUMBERS(4));
    onnx_integers(&m.onnx, "depth", NUMBERS(3));
    onnx_reals(&m.onnx, "values", NUMBERS(2), (const float[]){-1, 4});
    onnx_node(&m.onnx, "OneHot", "x,depth,values", "y");
    onnx_attribute_integer(&m.onnx, "axis", 0);
    onnx_end(&m.onnx);
    imports_check(&m, REALS(1, -1, 3, -4), REALS(-1, -1, -1, -1, 4, -1, -1, -1, -1, 4, -1, -1),
                  1e-3);
}

TEST(constant_indices_outside_are_refused)
{
    static const char *const operators[] = {"Gather", "GatherElements", "GatherND"};

    FOR_EACH(operator_, operators)
    {
        imports_start(&m, 13, NUMBERS(3));
        onnx_raw(&m.onnx, "i", 7, NUMBERS(1), (const int64_t[]){3}, 8);
        imports_node(&m, *operator_, "x,i", "y");
        CHECK_FAILS(imports_import(&m, REALS(1, 2, 3)), MALFORMED);
        CHECK(strstr(m.complaint.text, "index 3 of 3") != NULL);
    }
}

static void one_attribute(const char *operator_, const char *inputs, const char *name,
                          int64_t value)
{
    onnx_node(&m.onnx, operator_, inputs, "y");
    onnx_attribute_integer(&m.onnx, name, value);
    onnx_end(&m.onnx);
}

TEST(tile_repeats_each_axis)
{
    imports_start(&m, 13, NUMBERS(1, 2, 2));
    onnx_integers(&m.onnx, "r", NUMBERS(1, 2, 3));
    imports_node(&m, "Tile", "x,r", "y");
    imports_check_counted(
        &m, 4, REALS(1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4, 1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4));
}

TEST(depth_becomes_space_in_two_orders_and_back)
{
    static const char *const modes[] = {"DCR", "CRD"};
    static const float want[][8] = {{1, 3, 5, 7, 2, 4, 6, 8}, {1, 2, 3, 4, 5, 6, 7, 8}};

    for (int i = 0; i < 2; i++) {
        imports_start(&m, 13, NUMBERS(1, 8, 1, 1));
        onnx_node(&m.onnx, "DepthToSpace", "x", "y");
        onnx_attribute_integer(&m.onnx, "blocksize", 2);
        onnx_attribute_text(&m.onnx, "mode", modes[i]);
        onnx_end(&m.onnx);
        imports_check_counted(&m, 8, want[i], 8);
    }
    imports_start(&m, 13, NUMBERS(1, 2, 2, 2));
    one_attribute("SpaceToDepth", "x", "blocksize", 2);
    imports_check_counted(&m, 8, REALS(1, 5, 2, 6, 3, 7, 4, 8));
}

TEST(trilu_keeps_one_side_of_a_diagonal)
{
    for (int64_t upper = 0; upper < 2; upper++) {
        imports_start(&m, 14, NUMBERS(2, 3));
        onnx_raw(&m.onnx, "k", 7, NULL, 0, (const int64_t[]){1}, 8);
        one_attribute("Trilu", "x,k", "upper", upper);
        imports_check_counted(
            &m, 6,
            upper != 0 ? (const float[]){0, 2, 3, 0, 0, 6} : (const float[]){1, 2, 0, 4, 5, 6}, 6);
    }
}

TEST(sequences_are_reversed_up_to_their_length)
{
    imports_start(&m, 10, NUMBERS(3, 2));
    onnx_integers(&m.onnx, "n", NUMBERS(2, 3));
    imports_node(&m, "ReverseSequence", "x,n", "y");
    imports_check_counted(&m, 6, REALS(3, 6, 1, 4, 5, 2));
}

TEST(padding_repeats_or_cuts_in_every_mode)
{
    static const struct {
        const char *mode;
        float want[7];
    } cases[] = {
        {"constant", {0, 0, 1, 2, 3, 0, 0}},
        {"edge", {1, 1, 1, 2, 3, 3, 3}},
        {"reflect", {3, 2, 1, 2, 3, 2, 1}},
        {"wrap", {2, 3, 1, 2, 3, 1, 2}},
    };

    FOR_EACH(c, cases)
    {
        imports_start(&m, 19, NUMBERS(1, 3));
        onnx_integers(&m.onnx, "pads", NUMBERS(2, 2));
        onnx_integers(&m.onnx, "axes", NUMBERS(-1));
        onnx_node(&m.onnx, "Pad", "x,pads,,axes", "y");
        onnx_attribute_text(&m.onnx, "mode", c->mode);
        onnx_end(&m.onnx);
        imports_check_counted(&m, 3, c->want, 7);
    }
    imports_start(&m, 19, NUMBERS(4));
    onnx_integers(&m.onnx, "pads", NUMBERS(-1, 1));
    imports_node(&m, "Pad", "x,pads", "y");
    imports_check_counted(&m, 4, REALS(2, 3, 4, 0));
}

TEST(center_crop_pad_takes_the_middle)
{
    imports_start(&m, 18, NUMBERS(2, 5));
    onnx_integers(&m.onnx, "size", NUMBERS(3, 2));
    imports_node(&m, "CenterCropPad", "x,size", "y");
    imports_check_counted(&m, 10, REALS(2, 3, 7, 8, 0, 0));
}

static void scattered(const char *reduction, const float *want)
{
    imports_start(&m, 18, NUMBERS(5));
    onnx_integers(&m.onnx, "i", NUMBERS(1, -1, 1));
    onnx_reals(&m.onnx, "u", NUMBERS(3), (const float[]){8, 2, 3});
    onnx_node(&m.onnx, "ScatterElements", "x,i,u", "y");
    if (reduction != NULL) onnx_attribute_text(&m.onnx, "reduction", reduction);
    onnx_end(&m.onnx);
    imports_check_counted(&m, 5, want, 5);
}

TEST(scattering_replaces_adds_multiplies_and_compares)
{
    scattered(NULL, (const float[]){1, 3, 3, 4, 2});
    scattered("add", (const float[]){1, 13, 3, 4, 7});
    scattered("mul", (const float[]){1, 48, 3, 4, 10});
    scattered("max", (const float[]){1, 8, 3, 4, 5});
    scattered("min", (const float[]){1, 2, 3, 4, 2});
}

TEST(scatter_nd_places_slices)
{
    imports_start(&m, 18, NUMBERS(3, 2));
    onnx_raw(&m.onnx, "i", 7, NUMBERS(2, 1), (const int64_t[]){2, 0}, 16);
    onnx_reals(&m.onnx, "u", NUMBERS(2, 2), (const float[]){7, 8, 9, 10});
    imports_node(&m, "ScatterND", "x,i,u", "y");
    imports_check_counted(&m, 6, REALS(9, 10, 3, 4, 7, 8));
}

TEST(scattering_takes_indices_that_the_model_computes)
{
    imports_start(&m, 18, NUMBERS(2, 2));
    onnx_reals(&m.onnx, "data", NUMBERS(2, 3), (const float[]){1, 2, 3, 4, 5, 6});
    onnx_reals(&m.onnx, "u", NUMBERS(2, 2), (const float[]){7, 8, 9, 10});
    one_attribute("ScatterElements", "data,x,u", "axis", 1);
    imports_check(&m, REALS(2, 0, 0, 1), REALS(8, 2, 7, 9, 10, 6), 1e-3);
}

TEST(ties_go_where_the_model_wants_them)
{
    static const char *const operators[] = {"ArgMax", "ArgMin"};

    for (int64_t last = 0; last < 2; last++)
        for (int i = 0; i < 2; i++) {
            float sign = i == 0 ? 1 : -1;
            imports_start(&m, 13, NUMBERS(1, 4));
            onnx_node(&m.onnx, operators[i], "x", "y");
            onnx_attribute_integer(&m.onnx, "axis", 1);
            onnx_attribute_integer(&m.onnx, "select_last_index", last);
            onnx_end(&m.onnx);
            imports_check(&m, REALS(sign, 3 * sign, 2 * sign, 3 * sign),
                          (const float[]){last != 0 ? 3 : 1}, 1, 0);
        }
}

TEST(hardmax_is_one_at_the_first_largest)
{
    imports_start(&m, 13, NUMBERS(2, 3));
    one_attribute("Hardmax", "x", "axis", 0);
    imports_check(&m, REALS(1, 5, 2, 1, 4, 3), REALS(1, 1, 0, 0, 0, 1), 1e-4);
}

TEST(sums_accumulate_from_either_end)
{
    static const float want[][3] = {{1, 3, 6}, {0, 1, 3}, {6, 5, 3}, {5, 3, 0}};

    for (int64_t i = 0; i < 4; i++) {
        imports_start(&m, 14, NUMBERS(3));
        onnx_raw(&m.onnx, "axis", 7, NULL, 0, (const int64_t[]){0}, 8);
        onnx_node(&m.onnx, "CumSum", "x,axis", "y");
        onnx_attribute_integer(&m.onnx, "exclusive", i % 2);
        onnx_attribute_integer(&m.onnx, "reverse", i / 2);
        onnx_end(&m.onnx);
        imports_check_counted(&m, 3, want[i], 3);
    }
}

TEST(a_fourier_transform_and_its_inverse_cancel)
{
    imports_start(&m, 20, NUMBERS(1, 5, 1));
    imports_node(&m, "DFT", "x", "f");
    one_attribute("DFT", "f", "inverse", 1);
    imports_check_counted(&m, 5, REALS(1, 0, 2, 0, 3, 0, 4, 0, 5, 0));
}

TEST(constants_follow_from_shapes_and_numbers)
{
    imports_start(&m, 17, NUMBERS(2, 3));
    onnx_raw(&m.onnx, "size", 7, NULL, 0, (const int64_t[]){3}, 8);
    onnx_raw(&m.onnx, "from", 1, NULL, 0, (const float[]){10}, 4);
    onnx_raw(&m.onnx, "to", 1, NULL, 0, (const float[]){15}, 4);
    onnx_raw(&m.onnx, "by", 1, NULL, 0, (const float[]){2}, 4);
    onnx_node(&m.onnx, "EyeLike", "x", "e");
    onnx_attribute_integer(&m.onnx, "k", 1);
    onnx_end(&m.onnx);
    imports_node(&m, "Range", "from,to,by", "r");
    onnx_node(&m.onnx, "HannWindow", "size", "h");
    onnx_attribute_integer(&m.onnx, "periodic", 0);
    onnx_end(&m.onnx);
    imports_node(&m, "Add", "x,e", "a");
    imports_node(&m, "Add", "a,r", "b");
    imports_node(&m, "Add", "b,h", "y");
    imports_check_counted(&m, 6, REALS(11, 16, 17, 14, 18, 21));
}

// Trees as tensor operations: whole numbers are doubled, added up and look things up.
TEST(whole_numbers_that_are_scaled_stay_indices)
{
    imports_start(&m, 13, NUMBERS(3));
    onnx_raw(&m.onnx, "zero", 1, NULL, 0, (const float[]){0}, 4);
    onnx_integers(&m.onnx, "two", NUMBERS(2));
    onnx_reals(&m.onnx, "table", NUMBERS(4), (const float[]){5, 6, 7, 8});
    imports_node(&m, "Less", "zero,x", "positive");
    onnx_node(&m.onnx, "Cast", "positive", "bit");
    onnx_attribute_integer(&m.onnx, "to", 7);
    onnx_end(&m.onnx);
    imports_node(&m, "Mul", "bit,two", "twice");
    imports_node(&m, "Add", "twice,bit", "place");
    imports_node(&m, "Gather", "table,place", "y");
    imports_check(&m, REALS(-1, 2, 3), REALS(5, 8, 8), 1e-3);
}

static void einsum(const char *equation, const char *inputs)
{
    onnx_node(&m.onnx, "Einsum", inputs, "y");
    onnx_attribute_text(&m.onnx, "equation", equation);
    onnx_end(&m.onnx);
}

TEST(einsum_sums_multiplies_and_takes_diagonals)
{
    static const struct {
        const char *equation;
        size_t count;
        float want[4];
    } cases[] = {
        {"ij->ji", 4, {1, 3, 2, 4}}, {"ij->i", 2, {3, 7}},          {"ii", 1, {5}},
        {"ii -> i", 2, {1, 4}},      {"...->...", 4, {1, 2, 3, 4}},
    };

    FOR_EACH(c, cases)
    {
        imports_start(&m, 13, NUMBERS(2, 2));
        einsum(c->equation, "x");
        imports_check_counted(&m, 4, c->want, c->count);
    }
}

TEST(einsum_multiplies_several_operands)
{
    static const struct {
        const char *equation, *inputs;
        size_t count;
        float want[4];
    } cases[] = {
        {"ij,jk->ik", "x,b", 4, {19, 22, 43, 50}},
        {"ij,jk", "x,b", 4, {19, 22, 43, 50}},
        {"ij,ij->", "x,b", 1, {5 + 12 + 21 + 32}},
        {"i...,ij->j...", "x,b", 4, {26, 38, 30, 44}},
        {"ij,jk,kl->il", "x,b,c", 4, {41, 19, 93, 43}},
        {"ij,k->kj", "x,v", 4, {4, 6, 40, 60}},
    };

    FOR_EACH(c, cases)
    {
        imports_start(&m, 13, NUMBERS(2, 2));
        onnx_reals(&m.onnx, "b", NUMBERS(2, 2), (const float[]){5, 6, 7, 8});
        onnx_reals(&m.onnx, "c", NUMBERS(2, 2), (const float[]){1, 1, 1, 0});
        onnx_reals(&m.onnx, "v", NUMBERS(2), (const float[]){1, 10});
        einsum(c->equation, c->inputs);
        imports_check_counted(&m, 4, c->want, c->count);
    }
}

TEST(einsum_refuses_equations_that_do_not_fit)
{
    static const char *const equations[] = {"", "ijk", "ij->k", "ij->ii", "i1", "ij->i->j", "ij,"};

    FOR_EACH(equation, equations)
    {
        imports_start(&m, 13, NUMBERS(2, 2));
        einsum(*equation, "x");
        CHECK(!vch_is_ok(imports_import(&m, REALS(1, 2, 3, 4))));
        CHECK(strstr(m.complaint.text, "Einsum") != NULL);
    }
}
