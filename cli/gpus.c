/* What the kernel knows of graphics cards. */
#define _POSIX_C_SOURCE 200809L

#include "cli/gpus.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/gpu_causes.h"
#include "core/posix.h"

enum { PATH_TEXT = 1024, TEXT = 128 };

static void read_line(const char *path, char text[TEXT])
{
    text[0] = '\0';
    FILE *file = fopen(path, "r");
    if (!file) return;
    if (!fgets(text, TEXT, file)) text[0] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    fclose(file);
}

static uint32_t read_hex(const char *folder, const char *name)
{
    char path[PATH_TEXT], text[TEXT];
    snprintf(path, sizeof path, "%.1000s/%.16s", folder, name);
    read_line(path, text);
    return (uint32_t)strtoul(text, NULL, 16);
}

/* The driver is a link into the bus; a plain file with its name is taken too. */
static void read_driver(const char *folder, char *driver, size_t size)
{
    char path[PATH_TEXT], text[TEXT] = "";
    snprintf(path, sizeof path, "%.1000s/driver", folder);
    const ssize_t length = readlink(path, text, sizeof text - 1);
    if (length < 0) {
        read_line(path, text);
    } else {
        text[length] = '\0';
    }
    snprintf(driver, size, "%.31s", weft_path_name(text));
}

static void read_node(const char *folder, char *node, size_t size)
{
    char path[PATH_TEXT];
    snprintf(path, sizeof path, "%.1000s/drm", folder);
    DIR *names = opendir(path);
    node[0] = '\0';
    if (!names) return;
    for (struct dirent *entry; (entry = readdir(names));) {
        if (strncmp(entry->d_name, "renderD", 7) == 0) snprintf(node, size, "%.31s", entry->d_name);
    }
    closedir(names);
}

/* Cards without anything to compute on: servers' and virtual machines' displays. */
static bool is_display_only(const cli_gpu *gpu)
{
    static const char *const drivers[] = {
        "ast",       "bochs-drm", "bochs",     "cirrus",     "cirrus-qemu", "mgag200",
        "qxl",       "vmwgfx",    "vboxvideo", "virtio_gpu", "virtio-pci",  "simple-framebuffer",
        "simpledrm", "vkms",      "udl",       "hibmc-drm",  "hyperv_drm",  "gma500",
    };
    static const uint32_t vendors[] = {0x1013, 0x102b, 0x1234, 0x15ad,
                                       0x1a03, 0x1af4, 0x1b36, 0x80ee};
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
        if (strcmp(gpu->driver, drivers[i]) == 0) return true;
    }
    for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++) {
        if (gpu->vendor == vendors[i]) return true;
    }
    return gpu->vendor == 0 && !gpu->driver[0];
}

/* "card0", but not "card0-HDMI-A-1". */
static bool is_card(const char *name)
{
    if (strncmp(name, "card", 4) != 0 || !name[4]) return false;
    return name[4 + strspn(name + 4, "0123456789")] == '\0';
}

static int compare(const void *a, const void *b)
{
    const cli_gpu *x = a, *y = b;
    const size_t x_length = strlen(x->card), y_length = strlen(y->card);
    if (x_length != y_length) return x_length < y_length ? -1 : 1;
    return strcmp(x->card, y->card);
}

int cli_gpus_read(const char *sysfs, cli_gpu gpus[CLI_GPUS_MAX])
{
    char path[PATH_TEXT], folder[PATH_TEXT];
    int count = 0;
    snprintf(path, sizeof path, "%.500s/class/drm", sysfs);
    DIR *names = opendir(path);
    if (!names) return 0;
    for (struct dirent *entry; count < CLI_GPUS_MAX && (entry = readdir(names));) {
        if (!is_card(entry->d_name)) continue;
        cli_gpu *gpu = &gpus[count];
        *gpu = (cli_gpu){0};
        snprintf(gpu->card, sizeof gpu->card, "%.31s", entry->d_name);
        snprintf(folder, sizeof folder, "%.700s/%.255s/device", path, entry->d_name);
        gpu->vendor = read_hex(folder, "vendor");
        gpu->device = read_hex(folder, "device");
        read_driver(folder, gpu->driver, sizeof gpu->driver);
        read_node(folder, gpu->node, sizeof gpu->node);
        if (!is_display_only(gpu)) count++;
    }
    closedir(names);
    qsort(gpus, (size_t)count, sizeof *gpus, compare);
    return count;
}

/* ---- which of them OpenCL offers ---- */

static const char *root(const char *variable, const char *usual)
{
    const char *value = getenv(variable);
    return value && *value ? value : usual;
}

int cli_gpus_count(uint32_t vendor)
{
    cli_gpu gpus[CLI_GPUS_MAX];
    const int all = cli_gpus_read(root("WEFT_SYSFS", "/sys"), gpus);
    int count = 0;
    for (int i = 0; i < all; i++) {
        count += gpus[i].vendor == vendor;
    }
    return all > 0 ? count : -1;
}

static bool contains(const char *text, const char *part)
{
    const size_t length = strlen(part);
    for (; *text; text++) {
        size_t i = 0;
        while (i < length && tolower((unsigned char)text[i]) == part[i])
            i++;
        if (i == length) return true;
    }
    return false;
}

uint32_t cli_gpu_vendor(const weft_device_info *info)
{
    static const struct {
        const char *part;
        uint32_t vendor;
    } names[] = {
        {"amd", CLI_AMD},       {"radeon", CLI_AMD},     {"gfx", CLI_AMD},    {"intel", CLI_INTEL},
        {"nvidia", CLI_NVIDIA}, {"geforce", CLI_NVIDIA}, {"nv1", CLI_NVIDIA},
    };
    if (info->vendor_id == CLI_AMD || info->vendor_id == CLI_INTEL ||
        info->vendor_id == CLI_NVIDIA) {
        return info->vendor_id;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (contains(info->name, names[i].part)) return names[i].vendor;
    }
    return 0;
}

/* The largest number of GPUs of a vendor that one platform offers: two platforms may offer the same
 * one. */
static int offered(const weft_registry *registry, uint32_t vendor)
{
    int most = 0;
    for (int i = 0; i < weft_registry_count(registry); i++) {
        const weft_device_info *first = &weft_registry_device(registry, i)->info;
        int count = 0;
        for (int k = 0; k < weft_registry_count(registry); k++) {
            const weft_device_info *info = &weft_registry_device(registry, k)->info;
            count += info->type == WEFT_DEVICE_GPU && !info->emulated &&
                     strcmp(info->platform, first->platform) == 0 && cli_gpu_vendor(info) == vendor;
        }
        if (count > most) most = count;
    }
    return most;
}

static int count_same(const cli_gpu *gpus, int count, uint32_t vendor)
{
    int same = 0;
    for (int i = 0; i < count; i++) {
        same += gpus[i].vendor == vendor;
    }
    return same;
}

int cli_gpus_help(FILE *file, const weft_registry *registry)
{
    cli_gpu gpus[CLI_GPUS_MAX];
    const int count = cli_gpus_read(root("WEFT_SYSFS", "/sys"), gpus);
    const char *devices = root("WEFT_DEV", "/dev");
    int told = 0;
    for (int i = 0; i < count; i++) {
        const int there = offered(registry, gpus[i].vendor);
        const int shown = count_same(gpus, count, gpus[i].vendor);
        const int before = count_same(gpus, i, gpus[i].vendor);
        /* OpenCL does not say which card a device is: of several, the last ones are told of. */
        if (before < there) continue;
        cli_gpu_explain(file, &gpus[i], there > 0 && there < shown, devices);
        told++;
    }
    return told;
}
