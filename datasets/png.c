#include "datasets/image.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "core/checked.h"
#include "core/posix.h"
#include "datasets/datasets.h"

enum {
    HEADER_BYTES = 24, /* signature, IHDR's length and name, width, height */
    SIGNATURE_BYTES = 8,
    CHUNK_FRAME = 12,     /* a chunk's length, name and checksum */
    CHUNK_MAX = 8 << 20,  /* bytes that a chunk beside the pixels may take */
    CHUNKS_MAX = 256,     /* chunks that libpng may keep */
    DEFLATE_RATIO = 1032, /* no deflate stream grows more than this */
    DEFLATE_HEAD = 16,    /* bytes before it can grow by that ratio, which give less than: */
    DEFLATE_LEAST = 4096,
    MESSAGE_BYTES = 96
};

/* Everything that must survive libpng's jump back. */
typedef struct job {
    const char *path;
    int64_t size;   /* of the file */
    int64_t packed; /* bytes of the chunks that hold pixels */
    weft_image *out;
    png_structp png;
    png_infop info;
    uint8_t *pixels; /* rows as decoded, with alpha */
    png_bytep *rows;
    weft_status status;
    char message[MESSAGE_BYTES];
} job;

static void on_error(png_structp png, png_const_charp text)
{
    job *j = png_get_error_ptr(png);
    (void)snprintf(j->message, sizeof j->message, "%s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

/* The size stands at a fixed place, so it is checked before libpng sees the file. */
static weft_status check_header(FILE *file, const char *path)
{
    uint8_t b[HEADER_BYTES];
    if (fread(b, 1, sizeof b, file) != sizeof b || memcmp(b + 12, "IHDR", 4) != 0)
        return weft_fail(WEFT_ERR_FORMAT,
                         "%s: damaged PNG: it ends or goes wrong in its header; save it again",
                         path);
    const png_uint_32 width = png_get_uint_32(b + 16), height = png_get_uint_32(b + 20);
    WEFT_TRY(weft_image_check_size(path, width, height));
    rewind(file);
    return WEFT_OK;
}

static weft_status check_chunk(job *j, const uint8_t *head, int64_t left)
{
    const int64_t length = png_get_uint_32(head);
    const bool pixels = memcmp(head + 4, "IDAT", 4) == 0;
    if (length > left)
        return weft_fail(
            WEFT_ERR_FORMAT,
            "%s: damaged PNG: a chunk of %lld bytes goes beyond its end; save it again", j->path,
            (long long)length);
    if (!pixels && length > CHUNK_MAX)
        return weft_fail(WEFT_ERR_FORMAT,
                         "%s: PNG with %lld bytes in a chunk beside the pixels; save it again",
                         j->path, (long long)length);
    if (pixels) j->packed += length;
    return WEFT_OK;
}

/* libpng takes the memory for some chunks before it has read them, whatever limit it was given, so
 * every length is held against the file first. */
static weft_status check_chunks(job *j, FILE *file)
{
    uint8_t head[8];
    for (int64_t at = SIGNATURE_BYTES; at + (int64_t)sizeof head <= j->size;) {
        if (fseek(file, (long)at, SEEK_SET) != 0 ||
            fread(head, 1, sizeof head, file) != sizeof head)
            return weft_fail(WEFT_ERR_IO, "cannot read %s", j->path);
        WEFT_TRY(check_chunk(j, head, j->size - at - CHUNK_FRAME));
        if (memcmp(head + 4, "IEND", 4) == 0) break;
        at += CHUNK_FRAME + png_get_uint_32(head);
    }
    rewind(file);
    return WEFT_OK;
}

/* Eight bits, no palette, and alpha where the file has any transparency. */
static void ask_for_bytes(job *j)
{
    png_set_scale_16(j->png);
    png_set_expand(j->png);
    (void)png_set_interlace_handling(j->png);
    png_read_update_info(j->png, j->info);
}

/* The rows as they lie in the file, each with a byte in front, cannot be more than it could hold.
 */
static weft_status check_claim(const job *j)
{
    int64_t bytes, most;
    const int64_t height = png_get_image_height(j->png, j->info);
    const int64_t packed = j->packed > DEFLATE_HEAD ? j->packed - DEFLATE_HEAD : 0;
    if (weft_mul_i64((int64_t)png_get_rowbytes(j->png, j->info) + 1, height, &bytes) ||
        weft_mul_i64(packed, DEFLATE_RATIO, &most) || bytes > most + DEFLATE_LEAST)
        return weft_fail(WEFT_ERR_FORMAT,
                         "%s: damaged PNG: %lld bytes cannot hold its %lu x %lu pixels; save it "
                         "again",
                         j->path, (long long)j->size,
                         (unsigned long)png_get_image_width(j->png, j->info),
                         (unsigned long)height);
    return WEFT_OK;
}

static weft_status allocate(job *j)
{
    const size_t height = png_get_image_height(j->png, j->info);
    const size_t stride = png_get_rowbytes(j->png, j->info);
    size_t bytes, rows;
    if (!weft_mul_size(stride, height, &bytes) && bytes > 0) j->pixels = malloc(bytes);
    if (!weft_mul_size(sizeof *j->rows, height, &rows)) j->rows = malloc(rows);
    if (!j->pixels || !j->rows)
        return weft_fail(WEFT_ERR_MEMORY, "out of memory: %zu x %zu bytes for %s", stride, height,
                         j->path);
    for (size_t y = 0; y < height; y++)
        j->rows[y] = j->pixels + y * stride;
    return WEFT_OK;
}

static int orientation(job *j)
{
    png_bytep exif = NULL;
    png_uint_32 length = 0;
    if (!png_get_eXIf_1(j->png, j->info, &length, &exif)) return 1;
    return weft_exif_orientation(exif, length);
}

/* Lay the pixels over white, in place: the result is never longer than what was read. */
static void drop_alpha(uint8_t *pixels, size_t count, size_t channels)
{
    uint8_t *to = pixels;
    for (const uint8_t *from = pixels; count > 0; count--, from += channels + 1) {
        const unsigned alpha = from[channels];
        for (size_t c = 0; c < channels; c++)
            *to++ = (uint8_t)((from[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}

static weft_status decode(job *j)
{
    png_read_info(j->png, j->info);
    WEFT_TRY(check_claim(j));
    ask_for_bytes(j);
    WEFT_TRY(allocate(j));
    png_read_image(j->png, j->rows);
    png_read_end(j->png, j->info);

    weft_image *out = j->out;
    const int channels = png_get_channels(j->png, j->info);
    out->width = (int32_t)png_get_image_width(j->png, j->info);
    out->height = (int32_t)png_get_image_height(j->png, j->info);
    out->channels = channels > 2 ? 3 : 1;
    out->orientation = orientation(j);
    if (channels == 2 || channels == 4)
        drop_alpha(j->pixels, (size_t)out->width * (size_t)out->height, (size_t)out->channels);
    out->bytes = j->pixels;
    j->pixels = NULL;
    return WEFT_OK;
}

/* libpng jumps back here when it finds damage; only *j is used after that. */
static void guarded_decode(job *j, FILE *file)
{
    if (setjmp(png_jmpbuf(j->png))) {
        j->status =
            weft_fail(WEFT_ERR_FORMAT, "%s: damaged PNG: %s; save it again", j->path, j->message);
        return;
    }
    png_init_io(j->png, file);
    png_set_user_limits(j->png, WEFT_PIXELS_MAX, WEFT_PIXELS_MAX);
    png_set_chunk_cache_max(j->png, CHUNKS_MAX);
    png_set_chunk_malloc_max(j->png, CHUNK_MAX);
    j->status = decode(j);
}

weft_status weft_png_read(FILE *file, const char *path, int64_t size, weft_image *out)
{
    *out = (weft_image){.orientation = 1};
    WEFT_TRY(check_header(file, path));
    job j = {.path = path, .size = size, .out = out};
    WEFT_TRY(check_chunks(&j, file));
    j.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &j, on_error, on_warning);
    if (j.png) j.info = png_create_info_struct(j.png);
    if (j.info)
        guarded_decode(&j, file);
    else
        j.status = weft_fail(WEFT_ERR_MEMORY, "out of memory: reading %s", path);
    png_destroy_read_struct(&j.png, &j.info, NULL);
    free(j.pixels);
    free(j.rows);
    return j.status;
}

weft_status weft_picture_write(const char *path, weft_shape shape, const uint8_t *bytes)
{
    const int32_t channels = shape.dim[2];
    if (shape.rank != 3 || (channels != 1 && channels != 3))
        return weft_fail(WEFT_ERR_SHAPE, "%s: a picture has the shape H x W x 1 or H x W x 3",
                         path);
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)shape.dim[1],
                       .height = (png_uint_32)shape.dim[0],
                       .format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB};
    png_alloc_size_t length = PNG_IMAGE_PNG_SIZE_MAX(image);
    void *file = malloc(length);
    weft_status status = WEFT_ERR_MEMORY;
    if (!file)
        weft_fail(status, "writing %s", path);
    else if (!png_image_write_to_memory(&image, file, &length, 0, bytes, 0, NULL))
        status = weft_fail(WEFT_ERR_FORMAT, "cannot make a PNG for %s: %s", path, image.message);
    else
        status = weft_write_file(path, file, length);
    free(file);
    png_image_free(&image);
    return status;
}
