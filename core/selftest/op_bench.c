#include "core/selftest/op_bench.h"

#include <stdlib.h>
#include <string.h>

/* As a float this is a NaN, so that a guard which is read and multiplied by 0 shows too. */
enum { PATTERN = 0xff };

/* Guards and contents go in one write from the start of the buffer: checkers that follow what the
 * host writes lose track of fills and of writes that start further inside. NULL: pattern only. */
static weft_status cell_write(op_bench *bench, const op_cell *cell, const void *data)
{
    if (!cell->buffer) return WEFT_OK;
    unsigned char *all = malloc(cell->buffer->bytes);
    if (!all) return weft_fail(WEFT_ERR_MEMORY, "no memory for a test");
    memset(all, PATTERN, cell->buffer->bytes);
    if (data) memcpy(all + cell->before, data, cell->bytes);
    const weft_status status = bench->backend->write(cell->buffer, 0, all, cell->buffer->bytes);
    free(all);
    return status;
}

static weft_status cell_open(op_bench *bench, weft_tensor *tensor, op_cell *cell)
{
    if (tensor->shape.rank == 0) return WEFT_OK;
    const size_t element = weft_dtype_bytes(tensor->dtype);
    const size_t align = WEFT_ALIGN * element;
    cell->bytes = op_bytes(tensor);
    cell->before = (OP_GUARD_BYTES + align - 1) / align * align + align;
    const size_t whole = (cell->before + cell->bytes + OP_GUARD_BYTES + 3) / 4 * 4;
    WEFT_TRY(bench->backend->buffer_new(bench->device, whole, &cell->buffer));
    tensor->buffer = cell->buffer;
    tensor->offset = (int64_t)(cell->before / element);
    return cell_write(bench, cell, NULL);
}

static weft_status open_all(op_bench *bench)
{
    WEFT_TRY(bench->backend->supports(bench->device, &bench->op, &bench->support));
    for (int i = 0; i < WEFT_MAX_IN; i++)
        WEFT_TRY(cell_open(bench, &bench->op.in[i], &bench->in[i]));
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        WEFT_TRY(cell_open(bench, &bench->op.out[i], &bench->out[i]));
    if (bench->support.scratch_bytes > 0) {
        const weft_shape shape = {1, {(int32_t)bench->support.scratch_bytes}};
        bench->op.scratch = (weft_tensor){.shape = shape, .dtype = WEFT_U8};
        WEFT_TRY(cell_open(bench, &bench->op.scratch, &bench->scratch));
    }
    return bench->backend->prepare(bench->device, &bench->op, NULL, &bench->step);
}

weft_status op_bench_open(weft_device *device, const op_case *c, op_bench *bench)
{
    *bench = (op_bench){.c = c, .backend = device->backend, .device = device, .op = c->op};
    return open_all(bench);
}

void op_bench_close(op_bench *bench)
{
    bench->backend->release(bench->step);
    for (int i = 0; i < WEFT_MAX_IN; i++)
        bench->backend->buffer_free(bench->in[i].buffer);
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        bench->backend->buffer_free(bench->out[i].buffer);
    bench->backend->buffer_free(bench->scratch.buffer);
}

static bool is_pattern(const unsigned char *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (data[i] != PATTERN) return false;
    return true;
}

/* Read a cell; `data` gets its contents, `same` is what they must still be. Either may be NULL. */
static weft_status cell_read(op_bench *bench, const op_cell *cell, void *data, const void *same,
                             const char *name, int index)
{
    if (!cell->buffer) return WEFT_OK;
    const size_t whole = cell->before + cell->bytes + OP_GUARD_BYTES;
    unsigned char *all = malloc(whole);
    if (!all) return weft_fail(WEFT_ERR_MEMORY, "no memory for a test");

    weft_status status = bench->backend->read(cell->buffer, 0, all, whole);
    if (status == WEFT_OK && !is_pattern(all, cell->before))
        status = weft_fail(WEFT_ERR_DEVICE, "wrote before %s %d", name, index);
    if (status == WEFT_OK && !is_pattern(all + cell->before + cell->bytes, OP_GUARD_BYTES))
        status = weft_fail(WEFT_ERR_DEVICE, "wrote past %s %d", name, index);
    if (status == WEFT_OK && same && memcmp(all + cell->before, same, cell->bytes) != 0)
        status = weft_fail(WEFT_ERR_DEVICE, "changed %s %d", name, index);
    if (data) memcpy(data, all + cell->before, cell->bytes);
    free(all);
    return status;
}

weft_status op_bench_run(op_bench *bench, const op_data *data, op_data *outputs)
{
    for (int i = 0; i < WEFT_MAX_IN; i++)
        WEFT_TRY(cell_write(bench, &bench->in[i], data->in[i]));
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        WEFT_TRY(cell_write(bench, &bench->out[i], data->out[i]));
    WEFT_TRY(bench->backend->enqueue(bench->step, &bench->c->values));

    for (int i = 0; i < WEFT_MAX_IN; i++)
        WEFT_TRY(cell_read(bench, &bench->in[i], NULL, data->in[i], "input", i));
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        WEFT_TRY(cell_read(bench, &bench->out[i], outputs->out[i], NULL, "output", i));
    return cell_read(bench, &bench->scratch, NULL, NULL, "scratch", 0);
}
