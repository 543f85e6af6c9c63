/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/cleanup.h"

#define BOOT_ID_PATH  "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_BYTES 40
#define MARK          UINT64_C(0x31616867652d7276) /* what the file is, and its layout */

struct vrrp_memory_page {
    uint64_t mark;
    char boot_id[BOOT_ID_BYTES];
    int64_t last_advert_ns; /* 0: not Active */
};

static int read_boot_id(char boot_id[BOOT_ID_BYTES], struct err *err)
{
    CLEANUP(cleanup_close) int fd = open(BOOT_ID_PATH, O_RDONLY | O_CLOEXEC);

    memset(boot_id, 0, BOOT_ID_BYTES);
    if (fd < 0 || read(fd, boot_id, BOOT_ID_BYTES - 1) <= 0)
        return err_errno(err, "cannot read %s", BOOT_ID_PATH);
    return 0;
}

int vrrp_memory_open(struct vrrp_memory *memory, const char *folder,
                     const struct vrrp_params *params, struct err *err)
{
    char boot_id[BOOT_ID_BYTES];

    memory->page = NULL;
    snprintf(memory->path, sizeof(memory->path), "%s/%s-%u-ipv%d", folder, params->interface,
             params->vrid, params->family == AF_INET6 ? 6 : 4);
    const int failed = read_boot_id(boot_id, err);
    if (failed < 0)
        return failed;
    CLEANUP(cleanup_close)
    int fd = open(memory->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, "cannot open %s", memory->path);
    if (ftruncate(fd, sizeof(*memory->page)) < 0)
        return err_errno(err, "cannot make room in %s", memory->path);
    void *page = mmap(NULL, sizeof(*memory->page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return err_errno(err, "cannot map %s", memory->path);

    memory->page = page;
    if (memory->page->mark != MARK || memcmp(memory->page->boot_id, boot_id, BOOT_ID_BYTES) != 0) {
        memory->page->last_advert_ns = 0;
        memory->page->mark = MARK;
        memcpy(memory->page->boot_id, boot_id, BOOT_ID_BYTES);
    }
    return 0;
}

void vrrp_memory_close(struct vrrp_memory *memory, bool forget)
{
    if (!memory->page)
        return;
    munmap(memory->page, sizeof(*memory->page));
    memory->page = NULL;
    if (forget)
        (void)unlink(memory->path); /* one that stays is not fresh for long */
}

void vrrp_memory_note_advert(struct vrrp_memory *memory, struct monotime now)
{
    if (memory->page)
        memory->page->last_advert_ns = now.ns;
}

void vrrp_memory_note_end(struct vrrp_memory *memory)
{
    if (memory->page)
        memory->page->last_advert_ns = 0;
}

bool vrrp_memory_is_fresh(const struct vrrp_memory *memory, int64_t within_ns, struct monotime now)
{
    if (!memory->page || memory->page->last_advert_ns <= 0)
        return false;
    const int64_t age_ns = now.ns - memory->page->last_advert_ns;
    return age_ns >= 0 && age_ns < within_ns;
}
