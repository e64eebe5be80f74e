// SPDX-License-Identifier: GPL-2.0-only
/* Orders about the other servers of the community. */
#include "netlink_order.h"

int kchat_netlink_peer_set(struct sk_buff *skb, struct genl_info *info)
{
	return -EOPNOTSUPP;
}

int kchat_netlink_peer_del(struct sk_buff *skb, struct genl_info *info)
{
	return -EOPNOTSUPP;
}

int kchat_netlink_drain(struct sk_buff *skb, struct genl_info *info)
{
	return -EOPNOTSUPP;
}

int kchat_netlink_dump_peers(struct sk_buff *skb, struct netlink_callback *cb)
{
	return -EOPNOTSUPP;
}
