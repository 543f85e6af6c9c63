/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file - a whole small file into memory, whatever its name turns out to be.
 *
 * Never waits: a FIFO, a device or a folder is refused, and so is a file above the limit.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/err.h"

struct file {
    char *bytes; /* ended by a NUL that does not count */
    size_t length_bytes;
    struct stat stat;
};

/*
 * Read all of `path`. Returns 0, or a negative errno and why in words, without the path: "is a
 * folder", "cannot be opened: No such file or directory". -EFBIG: more than `most_bytes`.
 */
int file_read(const char *path, size_t most_bytes, struct file *ret_file, struct err *err);
void file_free(struct file *file);

#endif
