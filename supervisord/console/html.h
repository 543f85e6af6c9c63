/* SPDX-License-Identifier: GPL-2.0-or-later */
/* html - text and words of state inside a page; nothing of it can become markup. */
#ifndef SUPERVISORD_HTML_H
#define SUPERVISORD_HTML_H

#include <stdio.h>

void html_write(const char *text, FILE *out);

/* The class of a word of state: "good", "bad", "fair", or "" for any other text. */
const char *html_class(const char *word);

#endif
