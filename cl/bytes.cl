/* LANES bytes at a time, as places of maxima are stored. */
#ifndef LANES
#include "common.cl"
#endif

#if VECTOR
typedef uchar16 wide_byte;
/* A vector at any address: stored at once, where some compilers make 16 stores of a vstore16. */
typedef struct __attribute__((packed)) loose_bytes {
    wide_byte v;
} loose_bytes;
#define TO_BYTE convert_uchar16
#define TO_INT  convert_int16
#else
typedef uchar wide_byte;
#define TO_BYTE convert_uchar
#define TO_INT  convert_int
#endif

/* The first n of LANES bytes; the others are 0. */
wide_byte load_bytes(const __global uchar *p, const int n)
{
#if VECTOR
    if (n >= LANES) return vload16(0, p);
    uchar part[LANES];
    for (int i = 0; i < LANES; i++) {
        part[i] = i < n ? p[i] : 0;
    }
    return vload16(0, part);
#else
    return *p;
#endif
}

/* Store the first n of LANES bytes. */
void store_bytes(const wide_byte v, __global uchar *p, const int n)
{
#if VECTOR
    if (n >= LANES) {
        ((__global loose_bytes *)p)->v = v;
        return;
    }
    uchar part[LANES];
    vstore16(v, 0, part);
    for (int i = 0; i < n; i++) {
        p[i] = part[i];
    }
#else
    *p = v;
#endif
}
