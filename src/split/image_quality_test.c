// PSNR and SSIM against values computed elsewhere, and against what must hold of them.
#include "split/image_quality.h"

#include <math.h>
#include <stdbool.h>

#include "harness/test.h"
#include "split/seeded.h"

enum { MOST = 3 * 13 * 20 };

static float a[MOST], b[MOST];

// Two images alike but for noise, the same as those of the values below: numbers modulo 256, the
// second a quarter noise.
static void draw(const struct vch_image_shape *shape)
{
    size_t count = vch_image_quality_count(shape);
    uint64_t seed = 7;

    for (size_t i = 0; i < count; i++)
        a[i] = (float)(vch_seeded_next(&seed) % 256);
    for (size_t i = 0; i < count; i++)
        b[i] = floorf((3 * a[i] + (float)(vch_seeded_next(&seed) % 256)) / 4);
}

static double mean_squared_error(size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sum / (double)count;
}

static bool is_near(double x, double y)
{
    return fabs(x - y) < 1e-12 * fabs(y);
}

// By numpy, with sliding windows and the whole two-dimensional kernel, in binary64.
static const struct {
    struct vch_image_shape shape;
    double ssim, psnr_db, ssim_shifted;
} known[] = {
    {{1, 16, 20}, 0.9049234017546753, 19.418760607504165, 0.9052606760020374},
    {{3, 13, 11}, 0.9405394768862384, 19.497949451275606, 0.9407329274028734},
    {{1, 8, 9}, 0.9324344826069147, 19.836425672112878, 0.9326056198982955},
};

TEST(figures_equal_those_of_another_implementation)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct vch_image_shape *shape = &known[i].shape;
        draw(shape);
        CHECK(is_near(vch_image_quality_ssim(a, b, shape, 0, 255), known[i].ssim));
        CHECK(is_near(vch_image_quality_ssim(a, b, shape, -10, 300), known[i].ssim_shifted));
        CHECK(
            is_near(vch_image_quality_psnr(mean_squared_error(vch_image_quality_count(shape)), 255),
                    known[i].psnr_db));
    }
}

TEST(an_image_is_wholly_like_itself)
{
    const struct vch_image_shape shape = {3, 12, 20};

    draw(&shape);
    CHECK(is_near(vch_image_quality_ssim(a, a, &shape, 0, 255), 1));
    CHECK(vch_image_quality_psnr(0, 255) >= VCH_IMAGE_QUALITY_PSNR_MAX);
}

TEST(similarity_is_symmetric)
{
    const struct vch_image_shape shape = {1, 13, 14};

    draw(&shape);
    CHECK(is_near(vch_image_quality_ssim(a, b, &shape, 0, 255),
                  vch_image_quality_ssim(b, a, &shape, 0, 255)));
}

// Where nothing varies, only the luminance term is left: (2 x y + C1) / (x^2 + y^2 + C1).
TEST(similarity_of_plain_images_is_that_of_their_luminance)
{
    const struct vch_image_shape shape = {1, 11, 11};
    const double c1 = 0.01 * 0.01 * 4;

    for (int i = 0; i < 121; i++) {
        a[i] = 1.5F;
        b[i] = 0.5F;
    }
    double want = (2 * 1.5 * 0.5 + c1) / (1.5 * 1.5 + 0.5 * 0.5 + c1);
    CHECK(fabs(vch_image_quality_ssim(a, b, &shape, 0, 2) - want) < 1e-9);
}

TEST(an_image_of_one_pixel_has_a_window)
{
    const struct vch_image_shape shape = {1, 1, 1};

    a[0] = 3;
    CHECK(is_near(vch_image_quality_ssim(a, a, &shape, 0, 4), 1));
}
