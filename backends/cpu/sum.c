/* Sums over rows: s[c] = sum over r of x[r][c]. Tiles of rows first, then the tiles in order. */
#include "backends/cpu/ops.h"
#include "backends/cpu/scratch.h"

WEFT_ALWAYS_INLINE void sum_tile(const int64_t width, const weft_real *x, int64_t rows,
                                 int64_t columns, weft_real *out)
{
    weft_real sum[WEFT_CPU_BLOCK] = {0};
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < width; j++)
            sum[j] += x[r * columns + j];
    for (int64_t j = 0; j < width; j++)
        out[j] = sum[j];
}

WEFT_CPU_OP(sum_rows)
{
    (void)values;
    const weft_real *const x = weft_cpu_real(&op->in[0]);
    weft_real *const partial = weft_cpu_scratch(op), *const s = weft_cpu_real(&op->out[0]);
    const int64_t rows = weft_cpu_rows(&op->in[0]), columns = weft_cpu_columns(&op->in[0]);
    const int64_t tiles = weft_tiles(rows);

    WEFT_PARALLEL(threads)
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t row = t * WEFT_TILE_ROWS, count = weft_cpu_min(rows - row, WEFT_TILE_ROWS);
        for (int64_t c = 0; c < columns; c += WEFT_CPU_BLOCK) {
            const int64_t width = weft_cpu_min(columns - c, WEFT_CPU_BLOCK);
            WEFT_CPU_BY_WIDTH(sum_tile, width, x + row * columns + c, count, columns,
                              partial + t * columns + c);
        }
    }
    for (int64_t c = 0; c < columns; c++) {
        double sum = 0;
        for (int64_t t = 0; t < tiles; t++)
            sum += (double)partial[t * columns + c];
        s[c] = REAL(sum);
    }
}
