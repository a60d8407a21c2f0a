/* WEFT_API marks the functions that the shared library exports; everything else stays inside. */
#ifndef WEFT_CORE_EXPORT_H
#define WEFT_CORE_EXPORT_H

#if defined(__GNUC__)
#define WEFT_API                     __attribute__((visibility("default")))
#define WEFT_PRINTF(text, arguments) __attribute__((format(printf, text, arguments)))
#else
#define WEFT_API
#define WEFT_PRINTF(text, arguments)
#endif

#endif
