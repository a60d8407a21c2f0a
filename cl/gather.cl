/* A batch of images: taken by a list, augmented, normalised.
 *
 *   x[r][h][w][c] = a[h][w][c] * norm[0][c] + norm[1][c],
 *   a = erase(flip(shift(images[order[first + r]]))); what comes from outside, or was erased, is 0
 *
 * A sample that the list or the images do not have becomes NaN, so that the training stops.
 *
 * BYTES     1: images are bytes, 0: floats
 * AUGMENT   1: with augmentation, 0: without (nothing is drawn)
 * The draws stand in core/op.h. On the vector family a group makes `each` lines of an image, on the
 * tile family `each` pixels.
 */
#include "common.cl"
#include "philox.cl"

#ifndef BYTES
#define BYTES 1
#endif
#ifndef AUGMENT
#define AUGMENT 1
#endif

#if BYTES
typedef uchar pixel;
#else
typedef float pixel;
#endif

enum { PURPOSE_AUGMENT = 3 };

typedef struct image_shape {
    int height, width, channels;
} image_shape;

/* What is done to one image. Erased are the pixels of [top, bottom) x [left, right). */
typedef struct change {
    int down, across, flip;
    int top, bottom, left, right;
} change;

change draw_change(const image_shape s, const uint sample, const uint epoch, const uint2 key,
                   const int shift, const int flip, const long erase)
{
    change c = {0, 0, 0, 0, 0, 0, 0};
#if AUGMENT
    const uint4 one = philox((uint4)(0u, sample, epoch, (uint)PURPOSE_AUGMENT << 24), key);
    const uint4 two = philox((uint4)(1u, sample, epoch, (uint)PURPOSE_AUGMENT << 24), key);
    if (shift > 0) {
        c.down = (int)(one.x % (uint)(2 * shift + 1)) - shift;
        c.across = (int)(one.y % (uint)(2 * shift + 1)) - shift;
    }
    c.flip = flip && (one.z & 1u);
    if ((long)one.w < erase) {
        const int low_h = max(s.height / 8, 1), high_h = max(s.height / 2, low_h);
        const int low_w = max(s.width / 8, 1), high_w = max(s.width / 2, low_w);
        const int h = low_h + (int)(two.x % (uint)(high_h - low_h + 1));
        const int w = low_w + (int)(two.y % (uint)(high_w - low_w + 1));
        c.top = (int)(two.z % (uint)(s.height - h + 1));
        c.left = (int)(two.w % (uint)(s.width - w + 1));
        c.bottom = c.top + h;
        c.right = c.left + w;
    }
#endif
    return c;
}

/* Where the pixel (h, w) comes from, as an index of pixels of the image; -1 for none. */
int source_of(const image_shape s, const change c, const int h, const int w)
{
    const int from_h = h - c.down, from_w = (c.flip ? s.width - 1 - w : w) - c.across;
    const int erased = h >= c.top && h < c.bottom && w >= c.left && w < c.right;
    const int outside = from_h < 0 || from_h >= s.height || from_w < 0 || from_w >= s.width;
    return erased || outside ? -1 : from_h * s.width + from_w;
}

void put_pixel(const int channels, const int from, const __global pixel *image,
               const __global real *norm, __global real *x)
{
    for (int c = 0; c < channels; c++) {
        const real v = from < 0 ? 0.0f : (real)image[(long)from * channels + c];
        x[c] = MAC(v, norm[c], norm[channels + c]);
    }
}

#if VECTOR
/* `count` pixels of one channel from consecutive places, forwards or backwards. The last block
 * begins where it ends with the line; what two blocks share is written twice, alike. */
void put_run(const int count, const __global pixel *from, const int backwards, const real scale,
             const real offset, __global real *x)
{
    if (count < LANES) {
        for (int i = 0; i < count; i++) {
            x[i] = MAC((real)from[backwards ? -i : i], scale, offset);
        }
        return;
    }
    for (int i = 0; i < count; i += LANES) {
        const int at = min(i, count - LANES);
        wide v;
        if (backwards) {
            v = convert_float16(vload16(0, from - at - (LANES - 1))).sfedcba9876543210;
        } else {
            v = convert_float16(vload16(0, from + at));
        }
        vstore16(MAC(v, (wide)(scale), (wide)(offset)), 0, x + at);
    }
}

void put_constant(const int count, const real v, __global real *x)
{
    for (int i = 0; i < count; i++) {
        x[i] = v;
    }
}

/* One line of an image with one channel: the pixels that come from inside in one run, zeros before
 * and behind, then the erased ones. */
void put_line(const image_shape s, const change k, const int h, const __global pixel *image,
              const real scale, const real offset, __global real *x)
{
    const int from_h = h - k.down;
    const int across = k.flip ? -k.across : k.across;
    const real empty = MAC(0.0f, scale, offset);
    const int begin = clamp(across, 0, s.width), end = clamp(s.width + across, 0, s.width);
    if (from_h < 0 || from_h >= s.height || begin >= end) {
        put_constant(s.width, empty, x);
        return;
    }
    const int from = (k.flip ? s.width - 1 - begin : begin) - k.across;
    put_constant(begin, empty, x);
    put_run(end - begin, image + (long)from_h * s.width + from, k.flip, scale, offset, x + begin);
    put_constant(s.width - end, empty, x + end);
    if (h >= k.top && h < k.bottom) put_constant(k.right - k.left, empty, x + k.left);
}
/* `lines` lines of an image from h on. Those of an image that is not changed are one run. */
void put_lines(const image_shape s, const change k, const int h, const int lines,
               const __global pixel *image, const __global real *norm, __global real *x)
{
    const int moved = k.flip || k.down || k.across || k.bottom > k.top;
    if (s.channels == 1 && !moved) {
        put_run(lines * s.width, image + (long)h * s.width, 0, norm[0], norm[1], x);
        return;
    }
    for (int i = 0; i < lines; i++) {
        __global real *line = x + (long)i * s.width * s.channels;
        if (s.channels == 1) {
            put_line(s, k, h + i, image, norm[0], norm[1], line);
            continue;
        }
        for (int w = 0; w < s.width; w++) {
            put_pixel(s.channels, source_of(s, k, h + i, w), image, norm,
                      line + (long)w * s.channels);
        }
    }
}
#endif

/* The sample of row r, -1 when there is none. */
int sample_of(const long r, const int listed, const int samples, const int first,
              const __global int *order)
{
    const long at = first + r;
    const int sample = at >= 0 && at < listed ? order[at] : -1;
    return sample < samples ? sample : -1;
}

KERNEL void gather(const int rows, const int height, const int width, const int channels,
                   const int listed, const int samples, const long each, const int first,
                   const uint epoch, const int seed_low, const int seed_high, const int shift,
                   const int flip, const long erase, const __global pixel *restrict images,
                   const long images_at, const __global int *restrict order, const long order_at,
                   const __global real *restrict norm, const long norm_at,
                   __global real *restrict x, const long x_at)
{
    const image_shape s = {height, width, channels};
    const uint2 key = (uint2)((uint)seed_low, (uint)seed_high);
    const long pixels = (long)height * width;
    images += images_at;
    order += order_at;
    norm += norm_at;
    x += x_at;
#if VECTOR
    const long begin = (long)get_group_id(0) * each, end = min(begin + each, (long)rows * height);
    for (long line = begin; line < end;) {
        const long r = line / height;
        const int h = rest(line, r, height), lines = (int)min((long)height - h, end - line);
        const int sample = sample_of(r, listed, samples, first, order);
        const __global pixel *image = images + sample * pixels * channels;
        __global real *out = x + line * width * channels;
        if (sample < 0) {
            put_constant(lines * width * channels, NAN, out);
        } else {
            const change k = draw_change(s, (uint)sample, epoch, key, shift, flip, erase);
            put_lines(s, k, h, lines, image, norm, out);
        }
        line += lines;
    }
#else
    const long begin = (long)get_group_id(0) * each, end = min(begin + each, rows * pixels);
    for (long i = begin + get_local_id(0); i < end; i += WG) {
        const long r = i / pixels;
        const int sample = sample_of(r, listed, samples, first, order);
        const int place = rest(i, r, pixels), h = place / width;
        if (sample < 0) {
            for (int c = 0; c < channels; c++) {
                x[i * channels + c] = NAN;
            }
            continue;
        }
        const change k = draw_change(s, (uint)sample, epoch, key, shift, flip, erase);
        put_pixel(channels, source_of(s, k, h, place - h * width),
                  images + sample * pixels * channels, norm, x + i * channels);
    }
#endif
}
