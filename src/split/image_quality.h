// How alike two images are: peak signal-to-noise ratio, and structural similarity.
//
// SSIM is that of Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error
// visibility to structural similarity", IEEE Trans. Image Processing 13(4), 2004, equation (13):
// a Gaussian window of 11 x 11 with standard deviation 1.5, K1 = 0.01, K2 = 0.03, the mean over
// all windows that lie inside the image. An image smaller than the window gets the largest odd
// window that fits. Several channels count alike.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define VCH_IMAGE_QUALITY_WINDOW 11u
#define VCH_IMAGE_QUALITY_PSNR_MAX 100.0 // of images that do not differ, and beyond

struct vch_image_shape {
    uint32_t channels, height, width;
};

size_t vch_image_quality_count(const struct vch_image_shape *shape); // numbers of one image

// 10 log10(range^2 / mean squared error), in decibels.
double vch_image_quality_psnr(double mean_squared_error, double range);

// Of two images, planar (channels, height, width), whose values lie in `low` .. `low + range`;
// range > 0. Black is `low`.
double vch_image_quality_ssim(const float *a, const float *b, const struct vch_image_shape *shape,
                              double low, double range);
