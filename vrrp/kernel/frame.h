/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frame - the Ethernet frames that say where an address is now.
 *
 * Pure. Source: RFC 9568 section 6.4.2 with errata 7947 and 7949 (a gratuitous ARP request whose
 * target link-layer address is the sender's); RFC 826; RFC 4861 section 4.4.
 */
#ifndef VRRP_KERNEL_FRAME_H
#define VRRP_KERNEL_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "vrrp/kernel/message.h"

/* An unsolicited Neighbor Advertisement with its option; an ARP frame is 42 bytes. */
#define KERNEL_FRAME_BYTES 86

/* "`address` is at `mac`", to everybody. Returns the length. */
size_t kernel_frame_encode(const struct address *address, const uint8_t mac[KERNEL_MAC_BYTES],
                           uint8_t frame[KERNEL_FRAME_BYTES]);

#endif
