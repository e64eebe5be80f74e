/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files that carry out orders over netlink share. */
#ifndef _KCHAT_NETLINK_ORDER_H
#define _KCHAT_NETLINK_ORDER_H

#include <linux/string.h>
#include <net/genetlink.h>

#include "compat.h"
#include "frame.h"
#include "netlink.h"
#include "server.h"

/* Says in words which attribute a request lacks. */
#define HAS(info, name) ({						\
	bool _has = !kchat_attr_missing(info, KCHAT_A_##name);		\
									\
	if (!_has)							\
		GENL_SET_ERR_MSG(info, #name " is missing");		\
	_has;								\
})

static inline struct kchat_net *knet_of(struct genl_info *info)
{
	return kchat_net_of(genl_info_net(info));
}

static inline struct kchat_text text_of(const struct nlattr *attr)
{
	const char *data = nla_data(attr);

	return (struct kchat_text){ data, strnlen(data, nla_len(attr)) };
}

/* netlink_account.c: one for each command. */
int kchat_netlink_account_set(struct sk_buff *skb, struct genl_info *info);
int kchat_netlink_account_del(struct sk_buff *skb, struct genl_info *info);
int kchat_netlink_kick(struct sk_buff *skb, struct genl_info *info);
int kchat_netlink_service(struct sk_buff *skb, struct genl_info *info);
int kchat_netlink_decision(struct sk_buff *skb, struct genl_info *info);

/* netlink_peer.c */
int kchat_netlink_peer_set(struct sk_buff *skb, struct genl_info *info);
int kchat_netlink_peer_del(struct sk_buff *skb, struct genl_info *info);
int kchat_netlink_drain(struct sk_buff *skb, struct genl_info *info);
/* SUCCESSOR and ROOMS_LEFT of a server that is drained. */
int kchat_netlink_put_drain(struct sk_buff *skb, struct kchat_net *knet);

/* netlink_room.c: the same. */
int kchat_netlink_room_set(struct sk_buff *skb, struct genl_info *info);
int kchat_netlink_room_del(struct sk_buff *skb, struct genl_info *info);
int kchat_netlink_room_record(struct sk_buff *skb, struct genl_info *info);
int kchat_netlink_rule(struct sk_buff *skb, struct genl_info *info);

#endif /* _KCHAT_NETLINK_ORDER_H */
