/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/ctl/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/cleanup.h"
#include "base/confine.h"
#include "base/process.h"

#define KEY_BYTES         32
#define TEXT_BYTES        (2 * KEY_BYTES + 1) /* digits, and a newline in the file or a NUL */
#define FINGERPRINT_BYTES 16                  /* the least crypto_generichash() gives */
#define FILE_BYTES        4096

static void say_fingerprint(const uint8_t key[KEY_BYTES], FILE *out)
{
    static const char purpose[] = "regha cluster key fingerprint";
    uint8_t hash[FINGERPRINT_BYTES];
    char text[2 * FINGERPRINT_BYTES + 1];

    crypto_generichash(hash, sizeof(hash), (const uint8_t *)purpose, sizeof(purpose), key,
                       KEY_BYTES);
    fprintf(out, "fingerprint %s\n", sodium_bin2hex(text, sizeof(text), hash, sizeof(hash)));
}

static int random_key(uint8_t key[KEY_BYTES], struct err *err)
{
    if (sodium_init() < 0)
        return err_set(err, EIO, "libsodium cannot be used");
    if (getrandom(key, KEY_BYTES, 0) != KEY_BYTES) /* so few bytes come whole: getrandom(2) */
        return err_errno(err, "the kernel gives no random bytes");
    return 0;
}

static int give_to_daemon(int fd, struct err *err)
{
    struct err unused;
    uid_t uid;
    gid_t gid;

    if (geteuid() != 0)
        return 0;
    if (confine_user(PROCESS_REGHAD_USER, &uid, &gid, &unused) < 0)
        return 0; /* root's is fine, too: where regha is not installed there is no such user */
    if (fchown(fd, uid, gid) < 0)
        return err_errno(err, "cannot give the key to user %s", PROCESS_REGHAD_USER);
    return 0;
}

static int fill(int fd, const uint8_t key[KEY_BYTES], struct err *err)
{
    char text[TEXT_BYTES];
    int result = 0;

    sodium_bin2hex(text, sizeof(text), key, KEY_BYTES);
    text[TEXT_BYTES - 1] = '\n';
    if (write(fd, text, sizeof(text)) != (ssize_t)sizeof(text))
        result = err_errno(err, "cannot write the key");
    sodium_memzero(text, sizeof(text));
    if (result == 0 && fchmod(fd, 0600) < 0)
        result = err_errno(err, "cannot set the mode of the key");
    if (result == 0)
        result = give_to_daemon(fd, err);
    if (result == 0 && fsync(fd) < 0)
        result = err_errno(err, "cannot bring the key to disk");
    return result;
}

int ctl_key_create(const char *path, FILE *out, struct err *err)
{
    uint8_t key[KEY_BYTES];
    int result = random_key(key, err);

    if (result < 0)
        return result;
    CLEANUP(cleanup_close)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return err_set(err, EEXIST,
                       "%s exists, and a key is never overwritten; check it with: reghactl key "
                       "check %s",
                       path, path);
    if (fd < 0)
        return err_errno(err, "cannot create %s", path);
    result = fill(fd, key, err);
    if (result < 0) {
        (void)unlink(path); /* half a key is none */
        return result;
    }
    fprintf(out, "made %s; copy it to every node\n", path);
    say_fingerprint(key, out);
    sodium_memzero(key, sizeof(key));
    return 0;
}

static int check_status(int fd, const char *path, struct err *err)
{
    struct stat status;

    if (fstat(fd, &status) < 0)
        return err_errno(err, "cannot look at %s", path);
    if (!S_ISREG(status.st_mode))
        return err_set(err, EINVAL, "%s is no ordinary file", path);
    if (status.st_mode & 077)
        return err_set(err, EPERM, "%s has mode %04o, so others can read it; must be 0600", path,
                       (unsigned)status.st_mode & 07777);
    return 0;
}

static bool is_blank_key(const uint8_t key[KEY_BYTES])
{
    uint8_t different = 0;

    for (int i = 1; i < KEY_BYTES; i++)
        different |= (uint8_t)(key[i] ^ key[0]);
    return different == 0;
}

static int decode(const char *path, const char *text, size_t bytes, uint8_t key[KEY_BYTES],
                  struct err *err)
{
    const char *end = NULL;
    size_t decoded = 0;

    if (sodium_hex2bin(key, KEY_BYTES, text, bytes, NULL, &decoded, &end) != 0 ||
        decoded != KEY_BYTES || end[strspn(end, " \r\n")] != '\0')
        return err_set(err, EINVAL, "%s is no key: it must hold 64 hexadecimal digits, and no more",
                       path);
    if (is_blank_key(key))
        return err_set(err, EINVAL, "%s is no key: all its bytes are equal", path);
    return 0;
}

int ctl_key_check(const char *path, FILE *out, struct err *err)
{
    char text[FILE_BYTES + 1];
    uint8_t key[KEY_BYTES];
    int result;

    if (sodium_init() < 0)
        return err_set(err, EIO, "libsodium cannot be used");
    CLEANUP(cleanup_close)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us up */
    if (fd < 0)
        return err_errno(err, "cannot open %s", path);
    result = check_status(fd, path, err);
    if (result < 0)
        return result;
    const ssize_t bytes = read(fd, text, FILE_BYTES);
    if (bytes < 0)
        return err_errno(err, "cannot read %s", path);
    text[bytes] = '\0';
    result = decode(path, text, (size_t)bytes, key, err);
    sodium_memzero(text, sizeof(text));
    if (result < 0)
        return result;
    fprintf(out, "%s is a key that only its owner can read\n", path);
    say_fingerprint(key, out);
    sodium_memzero(key, sizeof(key));
    return 0;
}
