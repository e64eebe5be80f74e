/* SPDX-License-Identifier: GPL-2.0-only */
/* Discovery over UDP: asked by unicast, broadcast or multicast, a server answers by unicast. */
#ifndef _KCHAT_DISCOVER_UDP_H
#define _KCHAT_DISCOVER_UDP_H

struct kchat_net;

/* Opens kn->cfg.udp_port, unless that is 0. Errors of socket() and bind(). Under kn->control. */
int kchat_discover_udp_start(struct kchat_net *kn);
/* Nothing is answered any more when it returns. Under kn->control. */
void kchat_discover_udp_stop(struct kchat_net *kn);

#endif /* _KCHAT_DISCOVER_UDP_H */
