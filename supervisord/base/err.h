/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * err - why something failed, for a person.
 *
 * A function that can fail returns 0 or a negative errno; if the reason is worth
 * more than the number, it also takes a `struct err` and fills it. Whoever stops
 * passing it up logs it, once.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_TEXT_BYTES 256

struct err {
    char text[ERR_TEXT_BYTES];
};

/* Set the text; return -`code` (an errno value), to be returned in turn. */
__attribute__((format(printf, 3, 4))) int err_set(struct err *err, int code, const char *format,
                                                  ...);

/* The same for the current errno, with ": <its description>" appended. */
__attribute__((format(printf, 2, 3))) int err_errno(struct err *err, const char *format, ...);

#endif
