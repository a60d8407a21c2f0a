/* How much memory may be taken: the limits of containers. */
#define _XOPEN_SOURCE 700

#include <stdbool.h>

#include "core/cgroup.h"
#include "tests/scratch.h"
#include "tests/suite.h"

#define V2 "sys/fs/cgroup"
#define V1 "sys/fs/cgroup/memory"

static void put(const char *name, const char *text)
{
    char path[256];
    for (const char *at = name; (at = strchr(at, '/')) != NULL; at++) {
        (void)snprintf(path, sizeof path, "%.*s", (int)(at - name), name);
        (void)scratch_folder(path);
    }
    (void)scratch_write(name, text, strlen(text));
}

static void put_group(const char *folder, const char *limit, const char *used)
{
    char name[256];
    const bool old = strncmp(folder, V1, sizeof V1 - 1) == 0;
    (void)snprintf(name, sizeof name, "%s/%s", folder,
                   old ? "memory.limit_in_bytes" : "memory.max");
    put(name, limit);
    (void)snprintf(name, sizeof name, "%s/%s", folder,
                   old ? "memory.usage_in_bytes" : "memory.current");
    put(name, used);
}

static void setup(void)
{
    scratch_open();
    put("proc/self/cgroup", "");
}

static void ck_room(uint64_t wanted)
{
    ck_assert_uint_eq(weft_cgroup_room(scratch_root), wanted);
}

START_TEST(without_groups_there_is_no_limit)
{
    ck_room(UINT64_MAX);
    ck_assert_int_eq(remove(scratch_path("proc/self/cgroup")), 0);
    ck_room(UINT64_MAX);
}
END_TEST

START_TEST(the_least_room_around_a_group_counts)
{
    put("proc/self/cgroup", "0::/user/app\n");
    ck_room(UINT64_MAX);
    put_group(V2 "/user/app", "9000\n", "2000\n");
    ck_room(7000);
    put_group(V2 "/user", "10000\n", "4000\n");
    ck_room(6000);
    put_group(V2 "/user", "max\n", "4000\n");
    ck_room(7000);
    put_group(V2 "/user/app", "9000\n", "9500\n");
    ck_room(0);
    put_group(V2 "/user/app", "-5\n", "1\n");
    ck_room(UINT64_MAX);
}
END_TEST

/* The system gives up what it keeps of files before anybody lacks memory. */
START_TEST(contents_of_files_are_free)
{
    put("proc/self/cgroup", "0::/app\n");
    put_group(V2 "/app", "9000\n", "8000\n");
    put(V2 "/app/memory.stat", "anon 1500\ninactive_file 4000\nactive_file 2500\nfile 6500\n");
    ck_room(7500);
    put(V2 "/app/memory.stat", "inactive_file 99999\nactive_file -3\nactive_file x\n");
    ck_room(9000);
    put("proc/self/cgroup", "4:memory:/app\n");
    put_group(V1 "/app", "9000\n", "8000\n");
    put(V1 "/app/memory.stat", "inactive_file 1\ntotal_inactive_file 300\ntotal_active_file 200\n");
    ck_room(1500);
}
END_TEST

/* The name is the host's, the folder the container's own. */
START_TEST(a_container_sees_its_own_folder_only)
{
    put("proc/self/cgroup", "0::/docker/0123456789abcdef\n");
    put_group(V2, "5000", "1000");
    ck_room(4000);
}
END_TEST

START_TEST(the_old_interface_has_other_files)
{
    put("proc/self/cgroup", "7:cpu,cpuacct:/app\n4:memory:/app\n0::/\n");
    put_group(V1 "/app", "8192\n", "192\n");
    ck_room(8000);
    put_group(V1, "9223372036854771712\n", "4096\n");
    ck_room(8000);
    put("proc/self/cgroup", "4:memory\nmemory\n\n:::\n7:cpu,cpuacct:/app\n");
    ck_room(UINT64_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("free_memory");
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, setup, scratch_close);
    tcase_add_test(limits, without_groups_there_is_no_limit);
    tcase_add_test(limits, the_least_room_around_a_group_counts);
    tcase_add_test(limits, contents_of_files_are_free);
    tcase_add_test(limits, a_container_sees_its_own_folder_only);
    tcase_add_test(limits, the_old_interface_has_other_files);
    suite_add_tcase(suite, limits);
    return weft_suite_run(suite);
}
