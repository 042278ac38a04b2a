// A small model by hand, for tests of packages: two layers with a table between them.
//
//     x int8 (3) -> LINEAR, bias -> TABLE -> LINEAR -> y int8 (3)
#pragma once

#include <stdbool.h>
#include <string.h>

#include "harness/test.h"
#include "model/graph.h"
#include "model/package.h"

enum { SAMPLE_PARAMETERS = 3, SAMPLE_ROOM = 4 }; // and room for one more

struct sample {
    struct vch_graph graph;
    struct vch_value values[4];
    struct vch_operator operators[3];
    struct vch_parameter parameters[SAMPLE_ROOM];
    struct vch_table tables[1];
    int32_t entries[256];
    uint32_t inputs[3];
    int32_t multipliers[3];
    uint32_t shifts[3];
    int8_t weights[9], last_weights[9];
    int64_t bias[3];
    struct vch_salt salts[SAMPLE_ROOM];
    struct vch_secret_key owner;
};

static inline void sample_linear(struct sample *sample, uint32_t index, uint32_t weights)
{
    struct vch_operator *operator_ = &sample->operators[index];

    operator_->kind = VCH_OPERATOR_LINEAR;
    operator_->parameter_count = 1;
    operator_->parameters[0] = weights;
    operator_->scaling =
        (struct vch_scaling){1, &sample->multipliers[index], &sample->shifts[index], -127, 127};
    sample->multipliers[index] = 1000 + (int32_t)index;
    sample->shifts[index] = 14;
}

static inline void sample_operators(struct sample *sample)
{
    static const char *const names[] = {"first", "sigmoid", "second"};

    for (uint32_t i = 0; i < 3; i++) {
        sample->inputs[i] = i;
        sample->operators[i] = (struct vch_operator){.name = names[i],
                                                     .input_count = 1,
                                                     .inputs = &sample->inputs[i],
                                                     .output = i + 1,
                                                     .table = VCH_NONE};
    }
    sample_linear(sample, 0, 0);
    sample->operators[0].parameter_count = 2;
    sample->operators[0].parameters[1] = 1;
    sample->operators[0].bias_bound = 1024;
    sample->operators[1].kind = VCH_OPERATOR_TABLE;
    sample->operators[1].table = 0;
    sample_linear(sample, 2, 2);
    for (uint32_t i = 0; i < 256; i++)
        sample->entries[i] = (int32_t)i / 2;
    sample->tables[0] = (struct vch_table){VCH_TYPE_I8, VCH_TYPE_I8, sample->entries};
}

static inline void sample_parameters(struct sample *sample)
{
    for (int i = 0; i < 9; i++)
        sample->weights[i] = (int8_t)(i * 10 - 40);
    for (int i = 0; i < 9; i++)
        sample->last_weights[i] = (int8_t)(127 - i);
    for (int i = 0; i < 3; i++)
        sample->bias[i] = i * 100 - 100;
    sample->parameters[0] =
        (struct vch_parameter){VCH_TYPE_I8, {2, {3, 3}}, {{0}}, sample->weights};
    sample->parameters[1] = (struct vch_parameter){VCH_TYPE_I64, {1, {3}}, {{0}}, sample->bias};
    sample->parameters[2] =
        (struct vch_parameter){VCH_TYPE_I8, {2, {3, 3}}, {{0}}, sample->last_weights};
}

// Public bounds as the graph's check wants them.
static inline void sample_bounds(struct sample *sample)
{
    for (uint32_t i = 0; i < sample->graph.operator_count; i++)
        CHECK_OK(vch_graph_public_bound(&sample->operators[i].public_bound, &sample->graph,
                                        &sample->operators[i]));
}

// The same every time: salts of bytes 0x10, 0x11 and 0x12, an owner whose seed is bytes 0x42.
static inline void sample_init(struct sample *sample)
{
    uint8_t seed[VCH_SIGN_SEED_SIZE];

    *sample = (struct sample){.graph = {.name = "sample",
                                        .value_count = 4,
                                        .operator_count = 3,
                                        .parameter_count = SAMPLE_PARAMETERS,
                                        .table_count = 1,
                                        .input_count = 1,
                                        .output_count = 1}};
    sample->graph.values = sample->values;
    sample->graph.operators = sample->operators;
    sample->graph.parameters = sample->parameters;
    sample->graph.tables = sample->tables;
    sample->graph.inputs[0] = (struct vch_port){.name = "x", .kind = VCH_PORT_INTEGER};
    sample->graph.outputs[0] =
        (struct vch_port){.name = "y", .value = 3, .kind = VCH_PORT_REAL, .scale_bits = 1};
    for (uint32_t i = 0; i < 4; i++)
        sample->values[i] = (struct vch_value){VCH_TYPE_I8, {1, {3}}};
    sample_operators(sample);
    sample_parameters(sample);
    sample_bounds(sample);

    for (int i = 0; i < SAMPLE_PARAMETERS; i++)
        memset(sample->salts[i].bytes, 0x10 + i, VCH_PACKAGE_SALT_SIZE);
    memset(seed, 0x42, sizeof seed);
    vch_sign_key(&sample->owner, seed);
}
