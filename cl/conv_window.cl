/* What the convolution kernels share: extents, and where a tap reads.
 *
 *   H W C           extents of x, the side that is read through the window
 *   P Q K           extents of y
 *   R S SH SW       window and stride
 *   PT PL           padding above and on the left
 *   TRANSPOSED      0: y is the forward result, x the input. 1: y is the gradient of the input and
 *                   x the gradient of the result, read through the same window backwards
 */
#ifndef H
#define H 14
#define W 14
#define C 32
#define P 14
#define Q 14
#define K 64
#define R 3
#define S 3
#define SH 1
#define SW 1
#define PT 1
#define PL 1
#endif
#ifndef TRANSPOSED
#define TRANSPOSED 0
#endif

/* Row and column of x that tap (r, s) of row p, column q + t reads, and whether there is one at
 * all; outside of x is for the caller to check. With q a multiple of SW, what depends on t and s is
 * constant once loops over them are unrolled. */
#if TRANSPOSED
#define ROW_MEETS(p, r)    (((p) + PT + SH * R - (r)) % SH == 0)
#define ROW(p, r)          (((p) + PT + SH * R - (r)) / SH - R)
#define COLUMN_MEETS(t, s) (((t) + PL + SW * S - (s)) % SW == 0)
#define COLUMN(q, t, s)    ((q) / SW + ((t) + PL + SW * S - (s)) / SW - S)
#else
#define ROW_MEETS(p, r)    1
#define ROW(p, r)          ((p) * SH + (r)-PT)
#define COLUMN_MEETS(t, s) 1
#define COLUMN(q, t, s)    ((q) * SW + (t) * SW + (s)-PL)
#endif
