// Every rounding and every refusal at the border between real numbers and integers.
#include "import/quantise.h"

#include <math.h>
#include <string.h>

#include "harness/test.h"
#include "model/trees.h"

static struct vch_value value;
static struct vch_graph graph = {.value_count = 1, .values = &value};

static struct vch_port port_of(enum vch_port_kind kind, enum vch_type type, double scale)
{
    struct vch_port port = {.name = "x", .kind = kind};
    memcpy(&port.scale_bits, &scale, sizeof scale);
    value = (struct vch_value){type, {1, {1}}};
    return port;
}

static int32_t quantise_one(const struct vch_port *port, float x)
{
    int32_t out = 0;
    CHECK_OK(vch_quantise_input(&out, &graph, port, &x, 1, NULL));
    return value.type == VCH_TYPE_I8    ? (int8_t)(out & 0xff)
           : value.type == VCH_TYPE_I16 ? (int16_t)(out & 0xffff)
                                        : out;
}

TEST(quantise_rounds_halves_up_and_clamps_symmetrically)
{
    static const struct {
        enum vch_type type;
        double scale;
        float x;
        int32_t want;
    } cases[] = {
        {VCH_TYPE_I8, 1, 0, 0},
        {VCH_TYPE_I8, 1, -0.0f, 0},
        {VCH_TYPE_I8, 1, 0.5f, 1},
        {VCH_TYPE_I8, 1, -0.5f, 0},
        {VCH_TYPE_I8, 1, 1.5f, 2},
        {VCH_TYPE_I8, 1, -1.5f, -1},
        {VCH_TYPE_I8, 1, -0.50000006f, -1},
        {VCH_TYPE_I8, 1, 0.49999997f, 0},
        {VCH_TYPE_I8, 1, 126.5f, 127},
        {VCH_TYPE_I8, 1, 1e30f, 127},
        {VCH_TYPE_I8, 1, -127.6f, -127},
        {VCH_TYPE_I8, 1, -128, -127},
        {VCH_TYPE_I8, 0.1, 0.25f, 3}, // 0.25 / 0.1 is 2.5 in binary64
        {VCH_TYPE_I8, 0.1, -0.25f, -2},
        {VCH_TYPE_I8, 0x1p-1074, 0x1p-149f, 127}, // the quotient is finite, the clamp decides
        {VCH_TYPE_I8, 0x1p-1074, 1, 127},         // the quotient overflows
        {VCH_TYPE_I8, 0x1p-1074, -1, -127},
        {VCH_TYPE_I8, 1e300, 1, 0},
        {VCH_TYPE_I16, 0.001, 32.7668f, 32767},
        {VCH_TYPE_I16, 0.001, -40, -32767},
        {VCH_TYPE_I16, 1, 12345.5f, 12346},
        {VCH_TYPE_I32, 1, 16777218, 16777218},
        {VCH_TYPE_I32, 1, 3e9f, INT32_MAX},
    };

    FOR_EACH(c, cases)
    {
        struct vch_port port = port_of(VCH_PORT_REAL, c->type, c->scale);
        CHECK_EQ(quantise_one(&port, c->x), c->want);
    }
}

TEST(quantise_clamps_int64_without_overflow)
{
    static const float x[4] = {0x1p63f, -0x1p63f, 3.4e38f, -3.4e38f};
    struct vch_port port = port_of(VCH_PORT_REAL, VCH_TYPE_I64, 1);
    int64_t out[4];

    CHECK_OK(vch_quantise_input(out, &graph, &port, x, 4, NULL));
    CHECK_EQ(out[0], INT64_MAX);
    CHECK_EQ(out[1], vch_tensor_type_min(VCH_TYPE_I64));
    CHECK_EQ(out[2], INT64_MAX);
    CHECK_EQ(out[3], vch_tensor_type_min(VCH_TYPE_I64));
}

TEST(quantise_refuses_what_is_not_finite_and_names_the_element)
{
    const float bad[] = {NAN, INFINITY, -INFINITY};

    for (size_t kind = 0; kind < 2; kind++) {
        struct vch_port port = port_of(kind ? VCH_PORT_INTEGER : VCH_PORT_REAL, VCH_TYPE_I8, 0.5);
        FOR_EACH(x, bad)
        {
            const float values[4] = {1, 2, *x, 3};
            int8_t out[4];
            struct vch_complaint complaint = {0};
            CHECK_FAILS(vch_quantise_input(out, &graph, &port, values, 4, &complaint), MALFORMED);
            CHECK(strstr(complaint.text, "element 2") != NULL);
            CHECK(strstr(complaint.text, "'x'") != NULL);
        }
    }
}

TEST(quantise_refuses_scales_that_are_not_positive_and_finite)
{
    const double bad[] = {0, -1, NAN, INFINITY};

    FOR_EACH(scale, bad)
    {
        struct vch_port port = port_of(VCH_PORT_REAL, VCH_TYPE_I8, *scale);
        float x = 1;
        int8_t out = 0;
        CHECK_FAILS(vch_quantise_input(&out, &graph, &port, &x, 1, NULL), MALFORMED);
    }
}

TEST(quantise_makes_keys_that_keep_the_order)
{
    struct vch_port port = port_of(VCH_PORT_KEYS, VCH_TYPE_I32, 0);
    const float ascending[] = {-INFINITY, -3.4e38f,    -1, -0x1p-126f, -0x1p-149f, 0,  0x1p-149f,
                               0x1p-126f, 0.99999994f, 1,  3.4e38f,    INFINITY,   NAN};

    for (size_t i = 1; i < sizeof ascending / sizeof *ascending; i++)
        CHECK(quantise_one(&port, ascending[i - 1]) < quantise_one(&port, ascending[i]));
    CHECK_EQ(quantise_one(&port, 0.0f), 0);
    CHECK_EQ(quantise_one(&port, -0.0f), 0);
    CHECK_EQ(quantise_one(&port, 0x1p-149f), 1);
    CHECK_EQ(quantise_one(&port, -0x1p-149f), -1);
    CHECK_EQ(quantise_one(&port, INFINITY), 0x7f800000);
    CHECK_EQ(quantise_one(&port, -INFINITY), -0x7f800000);
    CHECK_EQ(quantise_one(&port, NAN), VCH_TREES_NAN);
    CHECK_EQ(quantise_one(&port, -NAN), VCH_TREES_NAN);
}

TEST(quantise_keys_agree_with_float_comparison_on_random_pairs)
{
    struct vch_port port = port_of(VCH_PORT_KEYS, VCH_TYPE_I32, 0);

    for (int i = 0; i < 100000; i++) {
        uint32_t bits[2] = {test_below(UINT32_MAX), test_below(UINT32_MAX)};
        if (i % 3 == 0) bits[1] = bits[0] + test_below(3) - 1; // neighbours
        float pair[2];
        int32_t keys[2];
        memcpy(pair, bits, sizeof pair);
        if (isnan(pair[0]) || isnan(pair[1])) continue;
        CHECK_OK(vch_quantise_input(keys, &graph, &port, pair, 2, NULL));
        CHECK_EQ(keys[0] < keys[1], pair[0] < pair[1]);
        CHECK_EQ(keys[0] == keys[1], pair[0] == pair[1]);
    }
}

TEST(quantise_takes_integers_exactly_or_not_at_all)
{
    struct vch_port port = port_of(VCH_PORT_INTEGER, VCH_TYPE_I8, 0);
    const float good[] = {0, -0.0f, 127, -127, 5}, bad[] = {128, -128, 0.5f, 1e30f, -1e30f};

    FOR_EACH(x, good)
    CHECK_EQ(quantise_one(&port, *x), (int32_t)*x);
    FOR_EACH(x, bad)
    {
        int8_t out = 0;
        struct vch_complaint complaint = {0};
        CHECK_FAILS(vch_quantise_input(&out, &graph, &port, x, 1, &complaint), MALFORMED);
        CHECK(strstr(complaint.text, "int8") != NULL);
    }
}

TEST(quantise_keeps_integers_that_float32_would_round)
{
    struct vch_port port = port_of(VCH_PORT_INTEGER, VCH_TYPE_I32, 0);
    const int64_t values[] = {16777217, -2147483648LL, 2147483647},
                  beyond[] = {2147483648LL, INT64_MIN};
    int32_t out[3] = {0};
    int64_t back[3] = {0};

    CHECK_OK(vch_quantise_integers(out, &graph, &port, values, 3, NULL));
    vch_quantise_output_integers(back, &graph, &port, out, 3);
    CHECK(memcmp(back, values, sizeof back) == 0);
    FOR_EACH(x, beyond)
    {
        struct vch_complaint complaint = {0};
        CHECK_FAILS(vch_quantise_integers(out, &graph, &port, x, 1, &complaint), MALFORMED);
        CHECK(strstr(complaint.text, "int32") != NULL);
    }
}

TEST(quantise_refuses_a_class_as_input_and_keys_that_are_not_int32)
{
    struct vch_port port = port_of(VCH_PORT_CLASS, VCH_TYPE_I32, 0);
    float x = 1;
    int32_t out[2];

    CHECK_FAILS(vch_quantise_input(out, &graph, &port, &x, 1, NULL), MALFORMED);
    port = port_of(VCH_PORT_KEYS, VCH_TYPE_I64, 0);
    CHECK_FAILS(vch_quantise_input(out, &graph, &port, &x, 1, NULL), MALFORMED);
}

TEST(quantise_gives_outputs_back_as_numbers)
{
    struct vch_port port = port_of(VCH_PORT_REAL, VCH_TYPE_I16, 0.25);
    const int16_t small[3] = {-32767, 0, 3};
    const int64_t large[2] = {INT64_MAX, -5};
    const int8_t tiny[1] = {-127};
    float out[3];

    vch_quantise_output(out, &graph, &port, small, 3);
    CHECK(out[0] == -8191.75f && out[1] == 0 && out[2] == 0.75f);
    port = port_of(VCH_PORT_REAL, VCH_TYPE_I64, 0x1p-40);
    vch_quantise_output(out, &graph, &port, large, 2);
    CHECK(out[0] == 0x1p23f && out[1] == -5 * 0x1p-40f);
    port = port_of(VCH_PORT_CLASS, VCH_TYPE_I8, 0);
    vch_quantise_output(out, &graph, &port, tiny, 1);
    CHECK(out[0] == -127);
}

TEST(quantise_and_back_is_never_off_by_more_than_half_a_step)
{
    struct vch_port port = port_of(VCH_PORT_REAL, VCH_TYPE_I16, 0.001);

    for (int i = 0; i < 10000; i++) {
        float x = ((float)test_below(65001) - 32500.0f) / 1000.0f, back = 0;
        int16_t q = 0;
        CHECK_OK(vch_quantise_input(&q, &graph, &port, &x, 1, NULL));
        vch_quantise_output(&back, &graph, &port, &q, 1);
        CHECK(fabs((double)x - (double)back) < 0.000502);
    }
}
