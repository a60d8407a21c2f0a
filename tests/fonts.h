/* The last call of a suite that draws: cairo and fontconfig keep what they loaded until they are
 * told, and a leak checker wants them to be. Define _XOPEN_SOURCE 700 before the first include. */
#ifndef WEFT_TESTS_FONTS_H
#define WEFT_TESTS_FONTS_H

#include <dlfcn.h>
#include <string.h>

#include <cairo.h>

static inline void forget_fonts(void)
{
    cairo_debug_reset_static_data();
    void *program = dlopen(NULL, RTLD_NOW);
    void *finish = program ? dlsym(program, "FcFini") : NULL;
    void (*call)(void);
    memcpy(&call, &finish, sizeof call);
    if (finish) call();
    if (program) dlclose(program);
}

#endif
