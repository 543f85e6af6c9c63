/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/host.h"

#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "probes/message.h"

#define KEY_FILE_BYTES_MAX 256
#define BITS_PER_BYTE      8

/*
 * What makes a key no secret. systemd lets a service's user read its credential by an access list
 * where it cannot give it away, and the list's mask then stands where the group's bits are.
 */
#define OPEN_FILE       (S_IRWXG | S_IRWXO)
#define OPEN_CREDENTIAL (S_IWGRP | S_IRWXO)

struct host_facts {
    char path[REGISTRY_PATH_BYTES];
    int result;
    struct registry_facts facts;
    struct err err;
};

struct host {
    struct ifaddrs *addresses;
    void *owner;
    size_t fact_count;
    struct host_facts facts[SETTINGS_REGISTRIES_MAX];
};

int host_new(struct host **ret_host, struct err *err)
{
    struct host *host = calloc(1, sizeof(*host));

    if (!host)
        return err_set(err, ENOMEM, "no memory");
    if (getifaddrs(&host->addresses) < 0) {
        const int result = err_errno(err, "cannot list this host's addresses");
        free(host);
        return result;
    }
    *ret_host = host;
    return 0;
}

void host_free(struct host *host)
{
    if (!host)
        return;
    freeifaddrs(host->addresses);
    free(host);
}

void host_set_owner(struct host *host, void *owner)
{
    host->owner = owner;
}

void *host_owner(const struct host *host)
{
    return host->owner;
}

static const uint8_t *bytes_of(const struct sockaddr *socket_address)
{
    if (socket_address->sa_family == AF_INET6)
        return (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)socket_address)
            ->sin6_addr;
    return (const uint8_t *)&((const struct sockaddr_in *)(const void *)socket_address)->sin_addr;
}

static bool is_same_prefix(const struct ifaddrs *entry, const struct address *address,
                           const uint8_t *mask)
{
    const uint8_t *own = bytes_of(entry->ifa_addr);

    for (size_t at = 0; at < address_bytes(address); at++)
        if ((own[at] & mask[at]) != (address->bytes[at] & mask[at]))
            return false;
    return true;
}

/* How many bits of `address` are on this link; a host's own /32 is no network. -1: none. */
static int match(const struct ifaddrs *entry, const struct address *address)
{
    const uint8_t *mask;
    int bits = 0;

    if (!entry->ifa_addr || !entry->ifa_netmask || entry->ifa_addr->sa_family != address->family)
        return -1;
    mask = bytes_of(entry->ifa_netmask);
    for (size_t at = 0; at < address_bytes(address); at++)
        bits += __builtin_popcount(mask[at]);
    if (bits == (int)address_bytes(address) * BITS_PER_BYTE ||
        !is_same_prefix(entry, address, mask))
        return -1;
    return bits;
}

static void take_interface(const char *name, char interface[IFNAMSIZ])
{
    /* "eth0:1" is a label of an address on eth0. */
    snprintf(interface, IFNAMSIZ, "%.*s", (int)strcspn(name, ":"), name);
}

static int find_address(void *owner, const struct address *address, char interface[IFNAMSIZ])
{
    const struct host *host = owner;

    for (const struct ifaddrs *entry = host->addresses; entry; entry = entry->ifa_next) {
        if (entry->ifa_addr && entry->ifa_addr->sa_family == address->family &&
            memcmp(bytes_of(entry->ifa_addr), address->bytes, address_bytes(address)) == 0) {
            take_interface(entry->ifa_name, interface);
            return 0;
        }
    }
    return -ENOENT;
}

static int find_prefix(void *owner, const struct address *address, char interface[IFNAMSIZ])
{
    const struct host *host = owner;
    int best = -1;

    for (const struct ifaddrs *entry = host->addresses; entry; entry = entry->ifa_next) {
        const int bits = match(entry, address);
        if (bits > best) {
            best = bits;
            take_interface(entry->ifa_name, interface);
        }
    }
    return best < 0 ? -ENOENT : 0;
}

static int read_facts(struct host_facts *entry)
{
    CLEANUP(file_free)
    struct file file = {.bytes = NULL};
    int result = file_read(entry->path, REGISTRY_YAML_BYTES_MAX, &file, &entry->err);

    if (result == 0)
        result = registry_yaml_read(file.bytes, file.length_bytes, &entry->facts, &entry->err);
    return result == -EAGAIN ? -EIO : result;
}

static struct host_facts *find_entry(struct host *host, const char *path)
{
    for (size_t at = 0; at < host->fact_count; at++)
        if (strcmp(host->facts[at].path, path) == 0)
            return &host->facts[at];
    if (host->fact_count == SETTINGS_REGISTRIES_MAX)
        return NULL;
    struct host_facts *entry = &host->facts[host->fact_count++];
    snprintf(entry->path, sizeof(entry->path), "%s", path);
    entry->result = read_facts(entry);
    return entry;
}

static int find_facts(void *owner, const char *path, const struct registry_facts **ret_facts)
{
    const struct host_facts *entry = find_entry(owner, path);

    if (!entry)
        return -ENOMEM;
    if (entry->result == 0)
        *ret_facts = &entry->facts;
    return entry->result;
}

int host_no_facts(void *owner, const char *path, const struct registry_facts **ret_facts)
{
    (void)owner;
    (void)path;
    (void)ret_facts;
    return -EAGAIN;
}

static const char *facts_error(void *owner, const char *path)
{
    const struct host_facts *entry = find_entry(owner, path);

    return entry && entry->result < 0 ? entry->err.text : NULL;
}

static int decode_key(const struct file *file, mode_t refused, uint8_t key[HOST_KEY_BYTES])
{
    const char *end;
    size_t decoded_bytes;

    if (file->stat.st_mode & refused)
        return -EPERM;
    if (sodium_hex2bin(key, HOST_KEY_BYTES, file->bytes, file->length_bytes, NULL, &decoded_bytes,
                       &end) < 0 ||
        decoded_bytes != HOST_KEY_BYTES || end[strspn(end, " \r\n")] != '\0')
        return -EINVAL;
    return 0;
}

static int read_key_file(const char *path, mode_t refused, uint8_t key[HOST_KEY_BYTES])
{
    CLEANUP(file_free)
    struct file file = {.bytes = NULL};
    struct err err;
    int result = file_read(path, KEY_FILE_BYTES_MAX, &file, &err);

    if (result == -EFBIG || result == -EISDIR)
        return -EINVAL;
    if (result == 0) {
        result = decode_key(&file, refused, key);
        sodium_memzero(file.bytes, file.length_bytes);
    }
    return result;
}

int host_read_key(const char *path, uint8_t key[HOST_KEY_BYTES])
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    const char *name = strrchr(path, '/');
    char handed_over[PATH_MAX];

    if (credentials && name) {
        const int length = snprintf(handed_over, sizeof(handed_over), "%s%s", credentials, name);
        if (length > 0 && (size_t)length < sizeof(handed_over) && access(handed_over, F_OK) == 0)
            return read_key_file(handed_over, OPEN_CREDENTIAL, key);
    }
    return read_key_file(path, OPEN_FILE, key);
}

static int read_key(void *owner, const char *path, uint8_t key[HOST_KEY_BYTES])
{
    (void)owner;
    return host_read_key(path, key);
}

static int find_user(void *owner, const char *name)
{
    const struct passwd *user = getpwnam(name);

    (void)owner;
    if (!user)
        return -ENOENT;
    return user->pw_uid == 0 ? -EPERM : 0;
}

static int find_binary(void *owner, const char *path)
{
    struct stat stat_of_path;

    (void)owner;
    if (stat(path, &stat_of_path) < 0)
        return -errno;
    return S_ISREG(stat_of_path.st_mode) && access(path, X_OK) == 0 ? 0 : -EACCES;
}

static int find_credential(void *owner, const char *name, struct err *err)
{
    (void)owner;
    return probe_credential_check(name, err);
}

struct settings_host host_settings(struct host *host)
{
    return (struct settings_host){.owner = host,
                                  .find_address = find_address,
                                  .find_prefix = find_prefix,
                                  .find_facts = find_facts,
                                  .facts_error = facts_error,
                                  .read_key = read_key,
                                  .find_credential = find_credential,
                                  .find_user = find_user,
                                  .find_binary = find_binary};
}
