// Attention: as one operator, and as exporters write it with masks of enormous numbers.
#include <math.h>
#include <string.h>

#include "harness/importing.h"

static struct importing at;

enum { LENGTH = 4, WIDTH = 6 };

static void check_close(size_t size, double part_of_range)
{
    importing_succeeds(&at, importing_random(&at, 16, size));
    importing_is_close(&at, part_of_range);
}

// Queries are x, keys its first numbers, values its last.
static void open_attention(int64_t queries_width, int64_t keys_width)
{
    importing_start(&at, 24, DIMS(1, LENGTH, queries_width));
    onnx_integers(&at.onnx, "start", NUMBERS(0));
    onnx_integers(&at.onnx, "middle", NUMBERS(queries_width - keys_width));
    onnx_integers(&at.onnx, "stop", NUMBERS(keys_width));
    onnx_integers(&at.onnx, "end", NUMBERS(queries_width));
    onnx_integers(&at.onnx, "last", NUMBERS(2));
    importing_node(&at, "Slice", "x,start,stop,last", "k");
    importing_node(&at, "Slice", "x,middle,end,last", "v");
}

static void heads(int64_t of_queries, int64_t of_keys)
{
    onnx_attribute_integer(&at.onnx, "q_num_heads", of_queries);
    onnx_attribute_integer(&at.onnx, "kv_num_heads", of_keys);
}

TEST(attention_of_one_head_and_of_several)
{
    for (int64_t count = 1; count <= 3; count++) {
        open_attention(6 * count, 6 * count);
        onnx_node(&at.onnx, "Attention", "x,k,v", "y");
        heads(count, count);
        onnx_end(&at.onnx);
        check_close((size_t)(LENGTH * 6 * count), 0.005);
        CHECK_EQ(importing_count(&at, VCH_OPERATOR_SOFTMAX), 1);
    }
}

TEST(attention_with_shared_keys_softcap_scale_and_causal_mask)
{
    open_attention(24, 12); // four heads of queries share two of keys
    onnx_output(&at.onnx, "weights");
    onnx_node(&at.onnx, "Attention", "x,k,v", "y,,,weights");
    heads(4, 2);
    onnx_attribute_real(&at.onnx, "softcap", 2);
    onnx_attribute_real(&at.onnx, "scale", 0.7f);
    onnx_attribute_integer(&at.onnx, "is_causal", 1);
    onnx_attribute_integer(&at.onnx, "qk_matmul_output_mode", 3);
    onnx_end(&at.onnx);
    check_close(LENGTH * 24, 0.005);
}

// Twice the same attention: by the operator with its two heads sharing keys, and with the keys
// repeated for each head.
TEST(heads_that_share_keys_are_neighbours)
{
    importing_start(&at, 24, DIMS(1, 4, LENGTH, WIDTH));
    onnx_integers(&at.onnx, "starts", NUMBERS(0));
    onnx_integers(&at.onnx, "ends", NUMBERS(2));
    onnx_integers(&at.onnx, "axes", NUMBERS(1));
    onnx_integers(&at.onnx, "repeat", NUMBERS(0, 0, 1, 1));
    importing_node(&at, "Slice", "x,starts,ends,axes", "k");
    onnx_node(&at.onnx, "Gather", "k,repeat", "all");
    onnx_attribute_integer(&at.onnx, "axis", 1);
    onnx_end(&at.onnx);
    importing_node(&at, "Attention", "x,k,k", "shared");
    importing_node(&at, "Attention", "x,all,all", "repeated");
    importing_node(&at, "Sub", "shared,repeated", "y");
    importing_succeeds(&at, importing_random(&at, 16, 4 * LENGTH * WIDTH));
    CHECK(at.report.outputs[0].range < 1e-6);
}

TEST(attention_with_a_past)
{
    open_attention(12, 12);
    onnx_output(&at.onnx, "keys");
    importing_reals(&at, "past", DIMS(1, 2, 3, 6));
    onnx_node(&at.onnx, "Attention", "x,k,v,,past,past", "y,keys");
    heads(2, 2);
    onnx_attribute_integer(&at.onnx, "is_causal", 1);
    onnx_end(&at.onnx);
    check_close(LENGTH * 12, 0.005);
    const struct vch_shape *keys = &at.graph->values[at.graph->outputs[1].value].shape;
    CHECK_EQ(keys->dims[2], 3 + LENGTH);
}

// Masks by sums and choices, with the numbers that exporters use for "nothing".
TEST(masks_do_not_cost_the_scores_their_precision)
{
    static const float nothings[] = {-INFINITY, -3.4028235e38f, -1e9f, -65504, -10000};

    FOR_EACH(nothing, nothings)
    {
        float mask[LENGTH * LENGTH] = {0};
        for (int i = 0; i < LENGTH; i++)
            for (int k = i + 1; k < LENGTH; k++)
                mask[i * LENGTH + k] = *nothing;
        for (int way = 0; way < 3; way++) {
            open_attention(WIDTH, WIDTH);
            onnx_reals(&at.onnx, "mask", DIMS(LENGTH, LENGTH), mask);
            onnx_reals(&at.onnx, "least", DIMS(1), nothing);
            onnx_reals(&at.onnx, "zero", DIMS(1), (const float[]){0});
            onnx_reals(&at.onnx, "line", DIMS(LENGTH), (const float[]){1, 1, 0.5f, -1});
            onnx_node(&at.onnx, "Transpose", "k", "t");
            onnx_attribute_integers(&at.onnx, "perm", NUMBERS(0, 2, 1));
            onnx_end(&at.onnx);
            importing_node(&at, "MatMul", "x,t", "scores");
            if (way == 0) importing_node(&at, "Add", "scores,mask", "masked");
            if (way > 0) importing_node(&at, "Less", "line,zero", "hidden");
            if (way == 1) importing_node(&at, "Where", "hidden,least,scores", "masked");
            if (way == 2) { // what is hidden depends on the input
                importing_node(&at, "Less", "t,zero", "signs");
                onnx_integers(&at.onnx, "first", NUMBERS(0));
                onnx_node(&at.onnx, "Gather", "signs,first", "row");
                onnx_attribute_integer(&at.onnx, "axis", 1);
                onnx_end(&at.onnx);
                importing_node(&at, "Where", "row,least,scores", "masked");
            }
            importing_node(&at, "Softmax", "masked", "weights");
            importing_node(&at, "MatMul", "weights,v", "y");
            importing_succeeds(&at, importing_random(&at, 16, LENGTH * WIDTH));
            double share = way == 2 ? 0.01 : 0.002; // a number near zero hides or not
            if (at.report.outputs[0].error_mean > share * at.report.outputs[0].range)
                test_fail(__FILE__, __LINE__, "masks of %g, way %d: off by %g", (double)*nothing,
                          way, at.report.outputs[0].error_mean);
        }
    }
}

TEST(rotary_embedding_of_halves_and_of_neighbours)
{
    for (int64_t interleaved = 0; interleaved < 2; interleaved++)
        for (int64_t turned = 4; turned <= 8; turned += 4) {
            importing_start(&at, 23, DIMS(1, 2, LENGTH, 8));
            importing_reals(&at, "cos", DIMS(10, turned / 2));
            importing_reals(&at, "sin", DIMS(10, turned / 2));
            onnx_integers(&at.onnx, "flat", NUMBERS(3, 0, 9, 5));
            onnx_integers(&at.onnx, "axis", NUMBERS(0));
            importing_node(&at, "Unsqueeze", "flat,axis", "positions");
            onnx_node(&at.onnx, "RotaryEmbedding", "x,cos,sin,positions", "y");
            onnx_attribute_integer(&at.onnx, "interleaved", interleaved);
            onnx_attribute_integer(&at.onnx, "rotary_embedding_dim", turned);
            onnx_end(&at.onnx);
            check_close(2 * LENGTH * 8, 0.01);
        }
}

TEST(attention_that_does_not_fit_is_refused)
{
    static const struct {
        const char *inputs;
        int64_t queries, keys;
        const char *says;
    } wrong[] = {
        {"x,k,v", 5, 2, "5 heads of 12"},  {"x,k,v", 0, 2, "0 heads"},
        {"x,k", 2, 2, "missing"},          {"x,k,v,x", 2, 2, "differ"},
        {"x,k,part", 2, 2, "do not fit"},  {"x,k,v,,x,x", 2, 2, "past does not fit"},
        {"x,k,v,,,,x", 2, 2, "constants"}, {"x,k,v", 2, 3, "do not fit"},
    };

    FOR_EACH(c, wrong)
    {
        open_attention(12, 12);
        onnx_integers(&at.onnx, "two", NUMBERS(2));
        onnx_integers(&at.onnx, "one", NUMBERS(1));
        importing_node(&at, "Slice", "x,start,two,one", "part");
        onnx_node(&at.onnx, "Attention", c->inputs, "y");
        heads(c->queries, c->keys);
        onnx_end(&at.onnx);
        CHECK(!vch_is_ok(importing_random(&at, 16, LENGTH * 12)));
        if (strstr(at.complaint.text, c->says) == NULL)
            test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", at.complaint.text, c->says);
    }
}
