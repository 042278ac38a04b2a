// What single values say.
#include <string.h>

#include "base/bytes.h"
#include "evidence/json.h"

bool vch_json_is(const struct vch_json_value *value, enum vch_json_kind kind)
{
    return value != NULL && value->kind == kind;
}

bool vch_json_u64(const struct vch_json_value *value, uint64_t max, uint64_t *out)
{
    uint64_t number = 0;

    if (!vch_json_is(value, VCH_JSON_NUMBER)) return false;
    for (uint32_t i = 0; i < value->text_size; i++) // was found to fit when it was read
        number = 10 * number + (uint64_t)(value->text[i] - '0');
    *out = number;
    return number <= max;
}

bool vch_json_string(const struct vch_json_value *value, const char **text, size_t *size)
{
    if (!vch_json_is(value, VCH_JSON_STRING)) return false;
    *text = value->text + 1;
    *size = value->text_size - 2;
    return true;
}

bool vch_json_is_string(const struct vch_json_value *value, const char *text)
{
    const char *found = NULL;
    size_t size = 0;

    return vch_json_string(value, &found, &size) && size == strlen(text) &&
           memcmp(found, text, size) == 0;
}

bool vch_json_hex(const struct vch_json_value *value, void *out, size_t size)
{
    const char *text = NULL;
    size_t text_size = 0;
    char digits[3] = "";

    if (!vch_json_string(value, &text, &text_size) || text_size != 2 * size) return false;
    for (size_t i = 0; i < size; i++) {
        memcpy(digits, text + 2 * i, 2);
        if (!vch_is_ok(vch_hex_decode((uint8_t *)out + i, 1, digits))) return false;
    }
    return true;
}

static bool read_digits(const char *text, size_t count, int64_t min, int64_t max, int64_t *out)
{
    int64_t number = 0;

    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        number = 10 * number + (text[i] - '0');
    }
    *out = number;
    return number >= min && number <= max;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t month_days(int64_t year, int64_t month)
{
    static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year));
}

static int64_t days_before(int64_t year, int64_t month)
{
    int64_t y = year - 1, days = 365 * (year - 1970);

    days += (y / 4 - y / 100 + y / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
    for (int64_t m = 1; m < month; m++)
        days += month_days(year, m);
    return days;
}

bool vch_json_time(const struct vch_json_value *value, int64_t *out)
{
    static const char form[] = "0000-00-00T00:00:00Z";
    int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    const char *text = NULL;
    size_t size = 0;

    if (!vch_json_string(value, &text, &size) || size != sizeof form - 1) return false;
    for (size_t i = 0; i < size; i++)
        if (form[i] != '0' && form[i] != text[i]) return false;
    if (!read_digits(text, 4, 1970, 9999, &year) || !read_digits(text + 5, 2, 1, 12, &month) ||
        !read_digits(text + 8, 2, 1, month_days(year, month), &day) ||
        !read_digits(text + 11, 2, 0, 23, &hour) || !read_digits(text + 14, 2, 0, 59, &minute) ||
        !read_digits(text + 17, 2, 0, 59, &second))
        return false;
    *out = ((days_before(year, month) + day - 1) * 24 + hour) * 3600 + minute * 60 + second;
    return true;
}
