/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/breaker_view.h"

bool breaker_view_has_effect(const struct breaker_view *view, const struct breaker_view_peer *peer)
{
    return view->is_supported && peer->is_seen && peer->has_connected;
}
