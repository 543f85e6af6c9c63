/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings_check_probe - which keys belong to which type of probe, and what they must look like.
 *
 * Pure. Says what is wrong and where; supervisord/settings/settings_judge.c has the sentences.
 */
#ifndef SUPERVISORD_SETTINGS_CHECK_PROBE_H
#define SUPERVISORD_SETTINGS_CHECK_PROBE_H

#include "supervisord/settings/settings_check.h"

/* The most that one probe can have. */
#define SETTINGS_CHECK_PROBE_FINDINGS 32

/* Of one probe's keys, without its url. Returns how many there are. */
size_t settings_check_probe_keys(const struct probe_params *probe,
                                 struct settings_finding findings[SETTINGS_CHECK_PROBE_FINDINGS]);

#endif
