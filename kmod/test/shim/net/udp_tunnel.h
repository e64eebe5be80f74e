/* SPDX-License-Identifier: GPL-2.0-only */
/* compat.h asks for it; nothing that runs in user space uses it. */
#ifndef _SHIM_NET_UDP_TUNNEL_H
#define _SHIM_NET_UDP_TUNNEL_H

struct net;
struct socket;
struct udp_tunnel_sock_cfg;

void setup_udp_tunnel_sock(struct net *net, struct socket *sock, struct udp_tunnel_sock_cfg *cfg);
void udp_tunnel_sock_release(struct socket *sock);

#endif
