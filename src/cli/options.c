#include "cli/options.h"

#include <string.h>

#include "base/check.h"

static const struct vch_option *find(const struct vch_option *known, const char *name, size_t size)
{
    for (; known->name != NULL; known++)
        if (strlen(known->name) == size && memcmp(known->name, name, size) == 0) return known;
    return NULL;
}

static vch_status parse_option(struct vch_options *out, const struct vch_option *known, int argc,
                               char **argv, int *at, struct vch_complaint *complaint)
{
    const char *argument = argv[*at];
    const char *name = strcmp(argument, "-o") == 0 ? "output" : argument + 2;
    const char *equals = strchr(name, '=');
    size_t size = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct vch_option *option = find(known, name, size);
    const char *value = equals != NULL ? equals + 1 : NULL;

    if (option == NULL)
        return vch_complain(complaint, VCH_CODE_USAGE, "unknown option %s; --help lists them",
                            argument);
    if (option->placeholder == NULL && value != NULL)
        return vch_complain(complaint, VCH_CODE_USAGE, "--%s takes no value", option->name);
    if (option->placeholder != NULL && value == NULL) {
        if (*at + 1 >= argc)
            return vch_complain(complaint, VCH_CODE_USAGE, "--%s needs a value: --%s %s",
                                option->name, option->name, option->placeholder);
        value = argv[++*at];
    }
    if (!option->is_repeatable && vch_options_has(out, option->name))
        return vch_complain(complaint, VCH_CODE_USAGE, "--%s is given twice", option->name);
    out->given[out->given_count++] = (struct vch_options_given){option, value};
    return VCH_OK;
}

vch_status vch_options_parse(struct vch_options *out, const struct vch_option *known, int argc,
                             char **argv, struct vch_complaint *complaint)
{
    bool only_operands = false;

    *out = (struct vch_options){0};
    if (argc > (int)VCH_OPTIONS_GIVEN_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE, "more than %u arguments",
                            VCH_OPTIONS_GIVEN_MAX);
    for (int i = 0; i < argc; i++) {
        bool is_option = argv[i][0] == '-' && argv[i][1] != '\0';
        if (only_operands || !is_option)
            out->operands[out->operand_count++] = argv[i];
        else if (strcmp(argv[i], "--") == 0)
            only_operands = true;
        else
            VCH_TRY(parse_option(out, known, argc, argv, &i, complaint));
    }
    return VCH_OK;
}

const char *vch_options_nth(const struct vch_options *options, const char *name, uint32_t index)
{
    for (uint32_t i = 0; i < options->given_count; i++) {
        if (strcmp(options->given[i].option->name, name) != 0) continue;
        if (index-- == 0) return options->given[i].value != NULL ? options->given[i].value : "";
    }
    return NULL;
}

bool vch_options_has(const struct vch_options *options, const char *name)
{
    return vch_options_nth(options, name, 0) != NULL;
}

const char *vch_options_text(const struct vch_options *options, const char *name)
{
    return vch_options_nth(options, name, 0);
}

vch_status vch_options_only_with(const struct vch_options *options, const char *name,
                                 const char *const *with, struct vch_complaint *complaint)
{
    if (!vch_options_has(options, name)) return VCH_OK;
    for (size_t i = 0; with[i] != NULL; i++)
        if (vch_options_has(options, with[i])) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_USAGE, "--%s does nothing without --%s: add it", name,
                        with[0]);
}

bool vch_options_is_number(uint64_t *out, const char *text, uint64_t least, uint64_t most)
{
    uint64_t value = 0;

    if (*text == '\0') return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') return false;
        if (__builtin_mul_overflow(value, 10u, &value)) return false;
        if (__builtin_add_overflow(value, (uint64_t)(*text - '0'), &value)) return false;
    }
    *out = value;
    return value >= least && value <= most;
}

vch_status vch_options_u64(uint64_t *out, const struct vch_options *options, const char *name,
                           uint64_t least, uint64_t most, struct vch_complaint *complaint)
{
    const char *text = vch_options_text(options, name);
    uint64_t value = 0;

    if (text == NULL) return VCH_OK;
    if (!vch_options_is_number(&value, text, least, most))
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "--%s expects a whole number from %llu to %llu, found \"%s\"", name,
                            (unsigned long long)least, (unsigned long long)most, text);
    *out = value;
    return VCH_OK;
}

vch_status vch_options_required(const char **out, const struct vch_options *options,
                                const char *name, struct vch_complaint *complaint)
{
    *out = vch_options_text(options, name);
    if (*out == NULL)
        return vch_complain(complaint, VCH_CODE_USAGE, "--%s is required; --help explains", name);
    return VCH_OK;
}
