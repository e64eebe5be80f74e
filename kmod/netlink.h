/* SPDX-License-Identifier: GPL-2.0-only */
/* Control over generic netlink. */
#ifndef _KCHAT_NETLINK_H
#define _KCHAT_NETLINK_H

#include <linux/types.h>

struct genl_family;
struct in6_addr;
struct kchat_text;
struct netlink_callback;
struct sk_buff;

extern struct genl_family kchat_genl_family;

int kchat_netlink_init(void);
void kchat_netlink_exit(void);

/* PEER: address and port of somebody. */
int kchat_netlink_put_peer(struct sk_buff *skb, const struct in6_addr *peer, u16 port);
/* nla_put_string() for text that is not terminated. */
int kchat_netlink_put_text(struct sk_buff *skb, int type, const struct kchat_text *text);

/* netlink_dump.c: lists, a message for each thing, in the order of their numbers. */
int kchat_netlink_dump_accounts(struct sk_buff *skb, struct netlink_callback *cb);
int kchat_netlink_dump_rooms(struct sk_buff *skb, struct netlink_callback *cb);
int kchat_netlink_dump_standings(struct sk_buff *skb, struct netlink_callback *cb);
int kchat_netlink_dump_sessions(struct sk_buff *skb, struct netlink_callback *cb);
int kchat_netlink_dump_params(struct sk_buff *skb, struct netlink_callback *cb);
int kchat_netlink_dump_ether(struct sk_buff *skb, struct netlink_callback *cb);

/* netlink_peer.c: the same for the other servers of the community. */
int kchat_netlink_dump_peers(struct sk_buff *skb, struct netlink_callback *cb);

#endif /* _KCHAT_NETLINK_H */
