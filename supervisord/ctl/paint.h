/* SPDX-License-Identifier: GPL-2.0-or-later */
/* paint - words of state in colour, on a terminal only. */
#ifndef SUPERVISORD_CTL_PAINT_H
#define SUPERVISORD_CTL_PAINT_H

#include <stdbool.h>
#include <stdio.h>

/* Whether `out` is a terminal that shows colours, and NO_COLOR is not set. */
bool ctl_paint_wanted(FILE *out);

/* `text` as it is, with its words of state in colour. */
void ctl_paint_write(const char *text, size_t bytes, FILE *out);

#endif
