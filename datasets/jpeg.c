#include "datasets/image.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "core/checked.h"

enum {
    SCANS_MAX = 200,    /* of a progressive file; real ones have about ten */
    HEADERS_LEAST = 80, /* bytes before the first pixel of any JPEG file: tables and sizes */
    EXIF_MAX = 0xFFFF,
    MEMORY_MAX = 512 << 20
};

/* Everything that must survive libjpeg's jump back. error stands first: libjpeg hands it back. */
typedef struct job {
    struct jpeg_error_mgr error;
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct jpeg;
    jmp_buf back;
    const char *path;
    int64_t size; /* of the file */
    weft_image *out;
    weft_status status;
} job;

static void on_error(j_common_ptr common)
{
    job *j = common->client_data;
    char text[JMSG_LENGTH_MAX];
    common->err->format_message(common, text);
    const int code = common->err->msg_code;
    if (code == JERR_OUT_OF_MEMORY || code == JERR_NO_BACKING_STORE)
        j->status = weft_fail(WEFT_ERR_MEMORY, "%s: too large to decode; make it smaller", j->path);
    else
        j->status =
            weft_fail(WEFT_ERR_FORMAT, "%s: damaged JPEG: %s; save it again", j->path, text);
    longjmp(j->back, 1);
}

/* libjpeg fills what is missing with grey and only warns. Such pixels must not be predicted on;
 * other warnings (stray bytes between markers, say) occur in sound pictures of real cameras. */
static void on_message(j_common_ptr common, int level)
{
    if (level >= 0) return;
    switch (common->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_JPEG_EOF:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION:
        on_error(common);
        break;
    default:
        break;
    }
}

static void be_silent(j_common_ptr common)
{
    (void)common;
}

static void on_progress(j_common_ptr common)
{
    job *j = common->client_data;
    if (j->jpeg.input_scan_number <= SCANS_MAX) return;
    j->status = weft_fail(WEFT_ERR_FORMAT, "%s: JPEG with more than %d scans; save it again",
                          j->path, SCANS_MAX);
    longjmp(j->back, 1);
}

static int orientation(const job *j)
{
    static const char name[6] = "Exif\0";
    for (jpeg_saved_marker_ptr m = j->jpeg.marker_list; m; m = m->next)
        if (m->marker == JPEG_APP0 + 1 && m->data_length > sizeof name &&
            memcmp(m->data, name, sizeof name) == 0)
            return weft_exif_orientation(m->data + sizeof name, m->data_length - sizeof name);
    return 1;
}

/* Each block of 8 x 8 values takes a bit at least, so a short file cannot hold many. */
static weft_status check_claim(const job *j)
{
    int64_t blocks = 0;
    for (int i = 0; i < j->jpeg.num_components; i++) {
        const jpeg_component_info *c = &j->jpeg.comp_info[i];
        blocks += (int64_t)c->width_in_blocks * c->height_in_blocks;
    }
    if (blocks <= 8 * (j->size - HEADERS_LEAST)) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT,
                     "%s: damaged JPEG: %lld bytes cannot hold its %u x %u pixels; save it again",
                     j->path, (long long)j->size, (unsigned)j->jpeg.image_width,
                     (unsigned)j->jpeg.image_height);
}

static weft_status choose_colour(job *j)
{
    switch (j->jpeg.jpeg_color_space) {
    case JCS_GRAYSCALE:
        j->jpeg.out_color_space = JCS_GRAYSCALE;
        return WEFT_OK;
    case JCS_YCbCr:
    case JCS_RGB:
        j->jpeg.out_color_space = JCS_RGB;
        return WEFT_OK;
    default:
        return weft_fail(WEFT_ERR_FORMAT,
                         "%s: a CMYK JPEG (for printing); save it as RGB or as PNG", j->path);
    }
}

static weft_status decode(job *j)
{
    struct jpeg_decompress_struct *jpeg = &j->jpeg;
    weft_image *out = j->out;
    (void)jpeg_read_header(jpeg, TRUE);
    WEFT_TRY(weft_image_check_size(j->path, jpeg->image_width, jpeg->image_height));
    WEFT_TRY(check_claim(j));
    WEFT_TRY(choose_colour(j));
    out->orientation = orientation(j);
    jpeg->dct_method = JDCT_ISLOW;
    (void)jpeg_start_decompress(jpeg);

    out->width = (int32_t)jpeg->output_width;
    out->height = (int32_t)jpeg->output_height;
    out->channels = jpeg->output_components;
    const size_t stride = (size_t)out->width * (size_t)out->channels;
    size_t bytes;
    if (!weft_mul_size(stride, (size_t)out->height, &bytes)) out->bytes = malloc(bytes);
    if (!out->bytes) return weft_fail(WEFT_ERR_MEMORY, "out of memory: the pixels of %s", j->path);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = out->bytes + jpeg->output_scanline * stride;
        (void)jpeg_read_scanlines(jpeg, &row, 1);
    }
    (void)jpeg_finish_decompress(jpeg);
    return WEFT_OK;
}

/* libjpeg jumps back here when it finds damage; only *j is used after that. */
static void guarded_decode(job *j, FILE *file)
{
    if (setjmp(j->back)) return;
    jpeg_create_decompress(&j->jpeg);
    j->jpeg.client_data = j;
    j->jpeg.progress = &j->progress;
    j->jpeg.mem->max_memory_to_use = MEMORY_MAX;
    jpeg_stdio_src(&j->jpeg, file);
    jpeg_save_markers(&j->jpeg, JPEG_APP0 + 1, EXIF_MAX);
    j->status = decode(j);
}

weft_status weft_jpeg_read(FILE *file, const char *path, int64_t size, weft_image *out)
{
    *out = (weft_image){.orientation = 1};
    job *j = calloc(1, sizeof *j);
    if (!j) return weft_fail(WEFT_ERR_MEMORY, "out of memory: reading %s", path);
    j->path = path;
    j->size = size;
    j->out = out;
    j->jpeg.err = jpeg_std_error(&j->error);
    j->jpeg.client_data = j;
    j->error.error_exit = on_error;
    j->error.emit_message = on_message;
    j->error.output_message = be_silent;
    j->progress.progress_monitor = on_progress;
    guarded_decode(j, file);

    const weft_status status = j->status;
    jpeg_destroy_decompress(&j->jpeg);
    free(j);
    if (status != WEFT_OK) {
        free(out->bytes);
        out->bytes = NULL;
    }
    return status;
}
