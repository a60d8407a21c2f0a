#define _POSIX_C_SOURCE 200809L

#include "cli/gpu_causes.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/posix.h"

enum { PATH_TEXT = 1024 };

/* What is known of a kind of GPU. A PCI vendor, or a kernel driver where there is no such number,
 * tells the kind; the first row that fits is taken. */
typedef struct gpu_kind {
    uint32_t vendor;
    const char *driver;  /* NULL: any */
    const char *title;   /* "AMD GPU" */
    const char *icd;     /* names of the vendor's own ICD files hold this; NULL: there is none */
    const char *rusticl; /* what RUSTICL_ENABLE calls it; NULL: Mesa has nothing for it */
    const char *cure;    /* when there is no ICD for it at all */
} gpu_kind;

#define MESA(driver) "apt install mesa-opencl-icd, then RUSTICL_ENABLE=" driver " weft devices"

static const gpu_kind kinds[] = {
    {CLI_AMD, "radeon", "AMD GPU", NULL, "radeonsi", MESA("radeonsi")},
    {CLI_AMD, NULL, "AMD GPU", "amdocl", "radeonsi",
     MESA("radeonsi") " (or AMD's own driver, ROCm)"},
    {CLI_INTEL, NULL, "Intel GPU", "intel", "iris", "apt install intel-opencl-icd"},
    {CLI_NVIDIA, "nouveau", "NVIDIA GPU", "nvidia", "nouveau",
     "apt install nvidia-driver nvidia-opencl-icd (from non-free) and restart: nouveau has "
     "no OpenCL"},
    {CLI_NVIDIA, NULL, "NVIDIA GPU", "nvidia", NULL,
     "apt install nvidia-opencl-icd (from non-free, in the version of the driver)"},
    {0, "panfrost", "Arm Mali GPU", "mali", "panfrost", MESA("panfrost")},
    {0, "panthor", "Arm Mali GPU", "mali", "panfrost", MESA("panfrost")},
    {0, "mali", "Arm Mali GPU", "mali", NULL,
     "install the OpenCL library (libmali) of the board's maker; it brings mali.icd"},
    {0, "lima", "Arm Mali GPU (Utgard)", NULL, NULL,
     "--device cpu (this generation cannot run OpenCL)"},
    {0, "msm", "Qualcomm Adreno GPU", "adreno", "freedreno", MESA("freedreno")},
    {0, "msm_dpu", "Qualcomm Adreno GPU", "adreno", "freedreno", MESA("freedreno")},
    {0, "asahi", "Apple GPU", NULL, "asahi", MESA("asahi")},
    {0, "v3d", "Broadcom VideoCore GPU", NULL, "v3d", MESA("v3d")},
    {0, "etnaviv", "Vivante GPU", "vivante", "etnaviv", MESA("etnaviv")},
    {0, "pvrsrvkm", "PowerVR GPU", "powervr", NULL,
     "install the OpenCL library of the board's maker"},
};

static const gpu_kind unknown_kind = {
    0,    NULL, "GPU",
    NULL, NULL, "install the OpenCL driver of its maker, or apt install mesa-opencl-icd"};

static const gpu_kind *kind_of(const cli_gpu *gpu)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const bool fits = kinds[i].vendor == gpu->vendor &&
                          (!kinds[i].driver || strcmp(kinds[i].driver, gpu->driver) == 0);
        if (fits) return &kinds[i];
    }
    return &unknown_kind;
}

/* ---- ICD files ---- */

static bool is_icd(const char *name, const char *part)
{
    const size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".icd") == 0 && strstr(name, part);
}

/* Whether a folder holds an ICD file with `part` in its name. */
static bool folder_has(const char *path, const char *part)
{
    bool found = false;
    DIR *names = opendir(path);
    if (!names) return false;
    for (struct dirent *entry; !found && (entry = readdir(names));) {
        found = is_icd(entry->d_name, part);
    }
    closedir(names);
    return found;
}

/* OCL_ICD_VENDORS is a folder or one file. */
static bool has_icd(const char *part)
{
    const char *wish = getenv("OCL_ICD_VENDORS");
    if (!wish || !*wish) return folder_has("/etc/OpenCL/vendors", part);
    return is_icd(weft_path_name(wish), part) || folder_has(wish, part);
}

/* Whether RUSTICL_ENABLE names the driver ("radeonsi" or "iris,radeonsi:0"). */
static bool rusticl_enabled(const char *driver)
{
    const char *list = getenv("RUSTICL_ENABLE");
    return list && strstr(list, driver);
}

/* ---- permission ---- */

/* 0, or why the device file cannot be used. */
static int node_error(const char *devices, const cli_gpu *gpu, char path[PATH_TEXT])
{
    if (gpu->vendor == CLI_NVIDIA && strcmp(gpu->driver, "nvidia") == 0) {
        snprintf(path, PATH_TEXT, "%.900s/nvidiactl", devices);
    } else if (gpu->node[0]) {
        snprintf(path, PATH_TEXT, "%.900s/dri/%s", devices, gpu->node);
    } else {
        return 0;
    }
    return access(path, R_OK | W_OK) == 0 ? 0 : errno;
}

/* ---- the line ---- */

static void print(FILE *file, const char *head, const char *cause, const char *cure)
{
    fprintf(file, "%s: %s; cure: %s\n", head, cause, cure);
}

static void explain_node(FILE *file, const char *head, const char *path, int error)
{
    char cause[PATH_TEXT + 64];
    if (error == ENOENT) {
        snprintf(cause, sizeof cause, "%s is missing", path);
        print(file, head, cause,
              "load the driver, or give the GPU to the container (docker run --device /dev/dri or "
              "--gpus all)");
    } else {
        snprintf(cause, sizeof cause, "you may not open %s", path);
        print(file, head, cause, "sudo usermod -aG render $USER, then log in again");
    }
}

/* The vendor's own ICD is there, or Mesa's rusticl, or both. */
typedef struct icds {
    bool own, rusticl;
} icds;

static void explain_icd(FILE *file, const char *head, const gpu_kind *kind, icds there)
{
    char cure[256];
    if (there.own) {
        print(file, head, "its OpenCL driver is installed but offers no device",
              "restart after an update of the driver, then see what clinfo and dmesg say");
    } else if (!rusticl_enabled(kind->rusticl)) {
        snprintf(cure, sizeof cure, "RUSTICL_ENABLE=%s weft devices", kind->rusticl);
        print(file, head, "Mesa's rusticl is installed and not switched on for it", cure);
    } else {
        print(file, head, "Mesa's rusticl is switched on but offers no device",
              "a newer Mesa (mesa-opencl-icd), or the driver of the GPU's maker");
    }
}

static void explain_driver(FILE *file, const char *head, const gpu_kind *kind, bool any_icd)
{
    char cure[512];
    snprintf(cure, sizeof cure,
             "install its driver and firmware (firmware-amd-graphics, firmware-misc-nonfree or "
             "nvidia-driver) and restart%s%s",
             any_icd ? "" : "; then ", any_icd ? "" : kind->cure);
    print(file, head, "no kernel driver is bound to it", cure);
}

void cli_gpu_explain(FILE *file, const cli_gpu *gpu, bool some, const char *devices)
{
    const gpu_kind *kind = kind_of(gpu);
    const icds there = {.own = kind->icd && has_icd(kind->icd),
                        .rusticl = kind->rusticl && has_icd("rusticl")};
    char head[192], number[32] = "", path[PATH_TEXT] = "";
    if (gpu->vendor) {
        snprintf(number, sizeof number, "%04lx:%04lx, ", (unsigned long)gpu->vendor,
                 (unsigned long)gpu->device);
    }
    snprintf(head, sizeof head, "%s without OpenCL (%s, %sdriver %s%s)", kind->title, gpu->card,
             number, gpu->driver[0] ? gpu->driver : "none",
             some ? "; other cards of its maker are offered" : "");

    const int error = node_error(devices, gpu, path);
    if (!gpu->driver[0]) {
        explain_driver(file, head, kind, there.own || there.rusticl);
    } else if (!there.own && !there.rusticl) {
        const bool exists = kind->icd || kind->rusticl || kind == &unknown_kind;
        print(file, head,
              exists ? "no OpenCL driver (ICD) for it is installed"
                     : "no OpenCL driver for it exists",
              kind->cure);
    } else if (error) {
        explain_node(file, head, path, error);
    } else {
        explain_icd(file, head, kind, there);
    }
}
