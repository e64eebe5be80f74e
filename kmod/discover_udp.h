/* SPDX-License-Identifier: GPL-2.0-only */
/* Discovery over UDP: asked by unicast, broadcast or multicast, a server answers by unicast. */
#ifndef _KCHAT_DISCOVER_UDP_H
#define _KCHAT_DISCOVER_UDP_H

#include <linux/types.h>

struct in6_addr;
struct kchat_net;

/* Opens kn->cfg.udp_port, unless that is 0. Errors of socket() and bind(). Under kn->control. */
int kchat_discover_udp_start(struct kchat_net *kn);
/* Nothing is answered any more when it returns. Under kn->control. */
void kchat_discover_udp_stop(struct kchat_net *kn);

/*
 * Sends bytes to a server; lost or not sent is the same to us. Discovery is open. @addr:
 * IPv4 is mapped. May sleep.
 */
void kchat_discover_udp_send(struct kchat_net *kn, const struct in6_addr *addr, u16 port,
			     void *data, u32 len);

#endif /* _KCHAT_DISCOVER_UDP_H */
