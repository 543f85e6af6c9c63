/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/holder.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "base/cleanup.h"

#define REPLY_BYTES 32768
#define UNIT_BYTES  128
#define NAME_BYTES  32
#define WAIT_S      1

struct holder {
    bool found;
    uint32_t inode;
    uid_t user;
    uint64_t cgroup; /* its number, which is the inode of its folder; 0: unknown */
    char folder[PATH_MAX];
    char unit[UNIT_BYTES];
    pid_t pid; /* 0: unknown */
    char name[NAME_BYTES];
};

static const uint8_t any[ADDRESS_IPV6_BYTES];

static bool overlaps(const struct inet_diag_msg *socket, const struct registry_listen *listen)
{
    struct address address;
    const size_t bytes = socket->idiag_family == AF_INET6 ? ADDRESS_IPV6_BYTES : ADDRESS_IPV4_BYTES;

    if (ntohs(socket->id.idiag_sport) != listen->port)
        return false;
    if (memcmp(socket->id.idiag_src, any, bytes) == 0 ||
        address_parse(listen->host, &address) < 0 || memcmp(address.bytes, any, bytes) == 0)
        return true;
    return address.family == socket->idiag_family &&
           memcmp(address.bytes, socket->id.idiag_src, bytes) == 0;
}

static void note_socket(struct holder *holder, struct nlmsghdr *header)
{
    const struct inet_diag_msg *socket = NLMSG_DATA(header);
    const size_t head = NLMSG_ALIGN(NLMSG_LENGTH(sizeof(*socket)));

    holder->found = true;
    holder->inode = socket->idiag_inode;
    holder->user = socket->idiag_uid;
    for (size_t at = head; at + sizeof(struct rtattr) <= header->nlmsg_len;) {
        struct rtattr attribute;
        const char *bytes = (const char *)header + at;

        memcpy(&attribute, bytes, sizeof(attribute));
        if (attribute.rta_len < sizeof(attribute) || attribute.rta_len > header->nlmsg_len - at)
            return;
        if (attribute.rta_type == INET_DIAG_CGROUP_ID &&
            attribute.rta_len == RTA_LENGTH(sizeof(holder->cgroup)))
            memcpy(&holder->cgroup, bytes + RTA_LENGTH(0), sizeof(holder->cgroup));
        at += RTA_ALIGN(attribute.rta_len);
    }
}

/* One datagram of the dump; false: it was the last one. */
static bool read_reply(struct holder *holder, const struct registry_listen *listen,
                       struct nlmsghdr *header, ssize_t length)
{
    for (unsigned left = (unsigned)length; NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
        if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
            return false;
        if (header->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
            return false;
        if (!holder->found && overlaps(NLMSG_DATA(header), listen))
            note_socket(holder, header);
    }
    return true;
}

static void find_socket(struct holder *holder, const struct registry_listen *listen, uint8_t family)
{
    const struct timeval wait = {.tv_sec = WAIT_S};
    const struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 request;
    } asked = {
        {.nlmsg_len = sizeof(asked),
         .nlmsg_type = SOCK_DIAG_BY_FAMILY,
         .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        {.sdiag_family = family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = 1U << TCP_LISTEN},
    };
    union {
        struct nlmsghdr header;
        char bytes[REPLY_BYTES];
    } reply;

    CLEANUP(cleanup_close)
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 ||
        send(fd, &asked, sizeof(asked), 0) < 0)
        return;
    for (;;) {
        const ssize_t length = recv(fd, &reply, sizeof(reply), 0);
        if (length <= 0 || !read_reply(holder, listen, &reply.header, length))
            return;
    }
}

/* The number of a cgroup is the inode of its folder. */
static void find_folder(struct holder *holder, char *root)
{
    char *const roots[] = {root, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);

    if (tree == NULL)
        return;
    for (const FTSENT *entry = fts_read(tree); entry != NULL; entry = fts_read(tree)) {
        if (entry->fts_info != FTS_D || entry->fts_statp->st_ino != holder->cgroup)
            continue;
        snprintf(holder->folder, sizeof(holder->folder), "%s", entry->fts_path);
        break;
    }
    fts_close(tree);
}

static void copy_plain(char *to, size_t size_bytes, const char *from)
{
    size_t at = 0;

    for (; at + 1 < size_bytes && from[at] != '\0' && from[at] != '\n'; at++)
        to[at] = from[at] >= ' ' && from[at] < 0x7f ? from[at] : '?';
    to[at] = '\0';
}

/* "/system.slice/docker-registry.service": the last part that names a unit. */
static void find_unit(struct holder *holder)
{
    char hybrid[] = "/sys/fs/cgroup/unified", unified[] = "/sys/fs/cgroup";

    if (holder->cgroup <= 1)
        return;
    find_folder(holder, hybrid);
    if (holder->folder[0] == '\0')
        find_folder(holder, unified);
    const char *last = strrchr(holder->folder, '/');
    if (last != NULL && (strstr(last, ".service") != NULL || strstr(last, ".scope") != NULL))
        copy_plain(holder->unit, sizeof(holder->unit), last + 1);
}

static void find_pid_by_cgroup(struct holder *holder)
{
    char path[PATH_MAX + 16];
    int pid;

    if (holder->folder[0] == '\0')
        return;
    snprintf(path, sizeof(path), "%s/cgroup.procs", holder->folder);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fscanf(file, "%d", &pid) == 1 && pid > 0)
        holder->pid = pid;
    fclose(file);
}

static bool has_socket(const char *pid, uint32_t inode)
{
    char path[64], link[64], want[64];
    bool has = false;

    snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
    snprintf(want, sizeof(want), "socket:[%u]", inode);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return false;
    for (const struct dirent *entry = readdir(folder); entry != NULL && !has;
         entry = readdir(folder)) {
        const ssize_t length = readlinkat(dirfd(folder), entry->d_name, link, sizeof(link) - 1);

        if (length > 0)
            link[length] = '\0';
        has = length > 0 && strcmp(link, want) == 0;
    }
    closedir(folder);
    return has;
}

static void find_pid_by_socket(struct holder *holder)
{
    DIR *folder = opendir("/proc");

    if (folder == NULL)
        return;
    for (const struct dirent *entry = readdir(folder); entry != NULL && holder->pid == 0;
         entry = readdir(folder))
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
            has_socket(entry->d_name, holder->inode))
            holder->pid = (pid_t)strtol(entry->d_name, NULL, 10);
    closedir(folder);
}

static void find_name(struct holder *holder)
{
    char path[64], text[NAME_BYTES] = "";

    snprintf(path, sizeof(path), "/proc/%d/comm", holder->pid);
    CLEANUP(cleanup_close)
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
        return;
    copy_plain(holder->name, sizeof(holder->name), text);
}

static void say(const struct holder *holder, uint16_t port, char *words, size_t size_bytes)
{
    const struct passwd *user = holder->found ? getpwuid(holder->user) : NULL;

    if (holder->name[0] != '\0' && holder->unit[0] != '\0')
        snprintf(words, size_bytes, "port %u is taken by %s (pid %d, %s)", port, holder->name,
                 holder->pid, holder->unit);
    else if (holder->name[0] != '\0')
        snprintf(words, size_bytes, "port %u is taken by %s (pid %d)", port, holder->name,
                 holder->pid);
    else if (holder->unit[0] != '\0')
        snprintf(words, size_bytes, "port %u is taken by %s", port, holder->unit);
    else if (user != NULL)
        snprintf(words, size_bytes, "port %u is taken by a process of the user %.32s", port,
                 user->pw_name);
    else
        snprintf(words, size_bytes, "port %u is taken", port);
}

void registry_holder_find(const struct registry_listen *listen, char *ret_words, size_t size_bytes)
{
    struct holder holder = {.found = false};

    find_socket(&holder, listen, AF_INET);
    if (!holder.found)
        find_socket(&holder, listen, AF_INET6);
    if (holder.found) {
        find_unit(&holder);
        find_pid_by_socket(&holder);
        if (holder.pid == 0)
            find_pid_by_cgroup(&holder);
        find_name(&holder);
    }
    say(&holder, listen->port, ret_words, size_bytes);
}
