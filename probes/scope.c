/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/message.h"

const char *probe_scope_name(enum probe_scope scope)
{
    switch (scope) {
    case PROBE_SCOPE_LOCAL:
        return "local";
    case PROBE_SCOPE_SHARED:
        return "shared";
    }
    return "unknown";
}
