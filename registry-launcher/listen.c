/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/listen.h"

#include <stddef.h>
#include <string.h>

static bool parse_port(const char *text, uint16_t *ret_port)
{
    uint32_t port = 0;

    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        port = port * 10 + (uint32_t)(*text - '0');
        if (port > UINT16_MAX)
            return false;
    }
    *ret_port = (uint16_t)port;
    return port > 0;
}

bool registry_listen_parse(const char *text, struct registry_listen *ret_listen)
{
    struct registry_listen listen = {.port = 0};
    size_t length = strlen(text);

    while (length > 0 && text[length - 1] != ':')
        length--;
    if (length == 0 || length > sizeof(listen.host) || !parse_port(text + length, &listen.port))
        return false;
    length--; /* the colon */
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    memcpy(listen.host, text, length);
    *ret_listen = listen;
    return true;
}
