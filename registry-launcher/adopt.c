/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/adopt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "registry-launcher/goal_check.h"
#include "registry-launcher/process.h"

#define SUFFIX        ".state"
#define BOOT_ID_BYTES 40

/* The part beside the goal. */
struct head {
    char boot_id[BOOT_ID_BYTES];
    int64_t pid;
    uint64_t start_ticks;
    int64_t started_ns;
    uint8_t backend;
    bool readonly, no_purging;
    char digest[REGISTRY_DIGEST_BYTES];
    char bundle[REGISTRY_DIGEST_BYTES];
    char cgroup[REGISTRY_CGROUP_BYTES];
    struct registry_adopt_leaver leaver;
};

static const struct wire_field head_fields[] = {
    WIRE_TEXT(head, boot_id),
    WIRE_UPTO(head, pid, INT32_MAX),
    WIRE_INT(head, start_ticks),
    WIRE_UPTO(head, started_ns, INT64_MAX),
    WIRE_UPTO(head, backend, REGISTRY_BACKEND_SYSTEMD),
    WIRE_BOOL(head, readonly),
    WIRE_BOOL(head, no_purging),
    WIRE_TEXT(head, digest),
    WIRE_TEXT(head, bundle),
    WIRE_TEXT(head, cgroup),
    WIRE_UPTO(head, leaver.pid, INT32_MAX),
    WIRE_INT(head, leaver.start_ticks),
    WIRE_UPTO(head, leaver.deadline_ns, INT64_MAX),
    WIRE_TEXT(head, leaver.cgroup),
    WIRE_END,
};

static const struct wire_layout head_layout = {
    .type = 1,
    .version = 3,
    .struct_bytes = sizeof(struct head),
    .fields = head_fields,
    .name = "record of a registry",
};

/* The file: each message with its length before it. */
struct file {
    uint8_t bytes[2 * (2 + WIRE_MESSAGE_BYTES)];
    size_t length_bytes;
};

static int read_boot_id(char boot_id[BOOT_ID_BYTES])
{
    CLEANUP(cleanup_close)
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    const ssize_t length = fd < 0 ? -1 : read(fd, boot_id, BOOT_ID_BYTES - 1);

    if (length <= 0)
        return -EIO;
    boot_id[length] = '\0';
    return 0;
}

static int append(struct file *file, const struct wire_layout *layout, const void *value)
{
    uint8_t *at = file->bytes + file->length_bytes;
    const int length = wire_encode(layout, value, at + 2, WIRE_MESSAGE_BYTES);

    if (length < 0)
        return length;
    at[0] = (uint8_t)length;
    at[1] = (uint8_t)(length >> 8);
    file->length_bytes += 2 + (size_t)length;
    return 0;
}

static int take(const struct file *file, size_t *at, const struct wire_layout *layout, void *value)
{
    if (file->length_bytes - *at < 2)
        return -EPROTO;
    const size_t length = (size_t)file->bytes[*at] | (size_t)file->bytes[*at + 1] << 8;
    if (length > file->length_bytes - *at - 2)
        return -EPROTO;
    const uint8_t *bytes = file->bytes + *at + 2;
    *at += 2 + length;
    return wire_decode(layout, bytes, length, value, layout->struct_bytes);
}

static int path_of(char path[PATH_MAX], const char *folder, const char *name, const char *suffix)
{
    const int length = snprintf(path, PATH_MAX, "%s/%s%s", folder, name, suffix);

    return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int write_whole(const char *path, const struct file *file)
{
    CLEANUP(cleanup_close)
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -errno;
    const ssize_t put = write(fd, file->bytes, file->length_bytes);
    return put < 0 ? -errno : (size_t)put == file->length_bytes ? 0 : -ENOSPC;
}

int registry_adopt_write(const char *folder, const struct registry_adopt_record *record,
                         struct err *err)
{
    const char *name = record->goal.params.name;
    struct head head = {.pid = record->pid,
                        .start_ticks = record->start_ticks,
                        .started_ns = record->started_ns,
                        .backend = record->backend,
                        .readonly = record->readonly,
                        .no_purging = record->no_purging,
                        .leaver = record->leaver};
    struct file file = {.length_bytes = 0};
    char path[PATH_MAX] = "", fresh[PATH_MAX] = "";

    memcpy(head.digest, record->digest, sizeof(head.digest));
    memcpy(head.bundle, record->bundle, sizeof(head.bundle));
    memcpy(head.cgroup, record->cgroup, sizeof(head.cgroup));
    int failed = read_boot_id(head.boot_id);
    if (failed == 0)
        failed = append(&file, &head_layout, &head);
    if (failed == 0)
        failed = append(&file, &registry_message_goal, &record->goal);
    if (failed == 0)
        failed = path_of(path, folder, name, SUFFIX);
    if (failed == 0)
        failed = path_of(fresh, folder, name, ".new");
    if (failed == 0)
        failed = write_whole(fresh, &file);
    if (failed == 0 && rename(fresh, path) < 0)
        failed = -errno;
    if (failed < 0)
        return err_set(err, -failed, "cannot note the registry %s in %s: %s", name, folder,
                       strerror(-failed));
    return 0;
}

static int read_whole(const char *path, struct file *file)
{
    struct stat stat;

    CLEANUP(cleanup_close)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &stat) < 0)
        return -errno;
    if (!S_ISREG(stat.st_mode) || stat.st_uid != geteuid() ||
        (stat.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return -EACCES;
    const ssize_t got = read(fd, file->bytes, sizeof(file->bytes));
    if (got < 0)
        return -errno;
    file->length_bytes = (size_t)got;
    return 0;
}

static int parse(const struct file *file, const char *name, struct registry_adopt_record *record)
{
    char boot_id[BOOT_ID_BYTES];
    struct head head;
    size_t at = 0;
    int failed = take(file, &at, &head_layout, &head);

    if (failed == 0)
        failed = take(file, &at, &registry_message_goal, &record->goal);
    if (failed == 0 && (registry_goal_check_fault(&record->goal) != NULL ||
                        strcmp(record->goal.params.name, name) != 0))
        failed = -EPROTO;
    if (failed == 0)
        failed = read_boot_id(boot_id);
    if (failed < 0)
        return failed;
    record->other_boot = strcmp(boot_id, head.boot_id) != 0;
    record->pid = head.pid;
    record->start_ticks = head.start_ticks;
    record->started_ns = head.started_ns;
    record->backend = head.backend;
    record->readonly = head.readonly;
    record->no_purging = head.no_purging;
    memcpy(record->digest, head.digest, sizeof(record->digest));
    memcpy(record->bundle, head.bundle, sizeof(record->bundle));
    memcpy(record->cgroup, head.cgroup, sizeof(record->cgroup));
    record->leaver = head.leaver;
    return 0;
}

int registry_adopt_read(const char *folder, const char *name,
                        struct registry_adopt_record *ret_record, struct err *err)
{
    struct registry_adopt_record record;
    struct file file;
    char path[PATH_MAX];
    int failed = registry_goal_check_name(name) ? path_of(path, folder, name, SUFFIX) : -EINVAL;

    if (failed == 0)
        failed = read_whole(path, &file);
    if (failed == 0)
        failed = parse(&file, name, &record);
    if (failed < 0)
        return err_set(err, -failed, "cannot use what was noted of the registry %.32s in %s: %s",
                       name, folder, strerror(-failed));
    *ret_record = record;
    return 0;
}

bool registry_adopt_is_alive(const struct registry_adopt_record *record)
{
    struct registry_process process;

    if (registry_process_find((pid_t)record->pid, record->start_ticks, &process) < 0)
        return false;
    registry_process_forget(&process);
    return true;
}

void registry_adopt_remove(const char *folder, const char *name)
{
    char path[PATH_MAX];

    if (path_of(path, folder, name, SUFFIX) == 0)
        (void)unlink(path);
}

/* "NAME.state" with a NAME of ours. */
static bool parse_name(const char *file, char name[REGISTRY_NAME_BYTES])
{
    const size_t length = strlen(file);
    const size_t suffix = sizeof(SUFFIX) - 1;

    if (length <= suffix || length - suffix >= REGISTRY_NAME_BYTES ||
        strcmp(file + length - suffix, SUFFIX) != 0)
        return false;
    memcpy(name, file, length - suffix);
    name[length - suffix] = '\0';
    return registry_goal_check_name(name);
}

size_t registry_adopt_list(const char *folder, char names[REGISTRY_ADOPT_MAX][REGISTRY_NAME_BYTES])
{
    size_t count = 0;
    DIR *entries = opendir(folder);

    if (entries == NULL)
        return 0;
    for (const struct dirent *entry = readdir(entries); entry != NULL && count < REGISTRY_ADOPT_MAX;
         entry = readdir(entries))
        if (parse_name(entry->d_name, names[count]))
            count++;
    closedir(entries);
    return count;
}
