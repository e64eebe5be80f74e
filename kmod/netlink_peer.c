// SPDX-License-Identifier: GPL-2.0-only
/* Orders about the other servers of the community. */
#include <linux/jiffies.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "netlink_order.h"
#include "peer.h"

/* ---- who they are ------------------------------------------------------------ */

static int peer_error(struct genl_info *info, int err)
{
	struct nlattr *uuid = info->attrs[KCHAT_A_SERVER_UUID];

	if (err == -EINVAL)
		NL_SET_ERR_MSG_ATTR(info->extack, uuid, "this is the server itself");
	else if (err == -ENOSPC)
		GENL_SET_ERR_MSG(info, "there are as many peers as the limit allows");
	else if (err == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, uuid, "there is no such peer");
	else if (err == -EBUSY)
		NL_SET_ERR_MSG_ATTR(info->extack, uuid, "rooms are moving to this peer");
	return err;
}

int kchat_netlink_peer_set(struct sk_buff *skb, struct genl_info *info)
{
	struct kchat_net *knet = knet_of(info);
	struct kchat_peer peer = {};
	struct kchat_text host, name;
	int err;

	if (!HAS(info, SERVER_UUID) || !HAS(info, SERVER_NAME) || !HAS(info, ADDR) ||
	    !HAS(info, UDP_PORT) || !HAS(info, HOST) || !HAS(info, PORT))
		return -EINVAL;
	nla_memcpy(peer.place.uuid, info->attrs[KCHAT_A_SERVER_UUID], sizeof(peer.place.uuid));
	name = text_of(info->attrs[KCHAT_A_SERVER_NAME]);
	memcpy(peer.name, name.data, name.len);
	peer.addr = nla_get_in6_addr(info->attrs[KCHAT_A_ADDR]);
	peer.udp_port = nla_get_u16(info->attrs[KCHAT_A_UDP_PORT]);
	peer.place.port = nla_get_u16(info->attrs[KCHAT_A_PORT]);
	host = text_of(info->attrs[KCHAT_A_HOST]);
	peer.place.host_len = host.len;
	memcpy(peer.place.host, host.data, host.len);
	if (!host.len) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KCHAT_A_HOST],
				    "the host must not be empty");
		return -EINVAL;
	}
	if (!peer.udp_port) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KCHAT_A_UDP_PORT],
				    "a peer is reached over UDP");
		return -EINVAL;
	}
	if (ipv6_addr_any(&peer.addr) || ipv6_addr_is_multicast(&peer.addr)) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KCHAT_A_ADDR],
				    "this is no address of one host");
		return -EINVAL;
	}
	mutex_lock(&knet->control);
	err = kchat_peer_set(knet, &peer);
	mutex_unlock(&knet->control);
	return peer_error(info, err);
}

int kchat_netlink_peer_del(struct sk_buff *skb, struct genl_info *info)
{
	struct kchat_net *knet = knet_of(info);
	int err;

	if (!HAS(info, SERVER_UUID))
		return -EINVAL;
	mutex_lock(&knet->control);
	err = kchat_peer_del(knet, nla_data(info->attrs[KCHAT_A_SERVER_UUID]));
	mutex_unlock(&knet->control);
	return peer_error(info, err);
}

/* ---- where rooms go ------------------------------------------------------------- */

static int drain(struct kchat_net *knet, struct genl_info *info)
{
	const struct nlattr *uuid = info->attrs[KCHAT_A_SERVER_UUID];

	lockdep_assert_held(&knet->control);
	if (!knet->running)
		return -ESRCH;
	if (!uuid) {
		kchat_drain_end(knet);
		return 0;
	}
	if (!memcmp(nla_data(uuid), knet->cfg.server_uuid, sizeof(knet->cfg.server_uuid)))
		return -EINVAL;
	return kchat_drain_begin(knet, nla_data(uuid), false);
}

int kchat_netlink_drain(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *uuid = info->attrs[KCHAT_A_SERVER_UUID];
	struct kchat_net *knet = knet_of(info);
	int err;

	mutex_lock(&knet->control);
	err = drain(knet, info);
	mutex_unlock(&knet->control);
	if (err == -ESRCH)
		GENL_SET_ERR_MSG(info, "the server is not running");
	else if (err == -EINVAL)
		NL_SET_ERR_MSG_ATTR(info->extack, uuid, "a server is not its own successor");
	else if (err == -EHOSTUNREACH)
		NL_SET_ERR_MSG_ATTR(info->extack, uuid, "this peer is silent");
	else if (err == -EBUSY)
		NL_SET_ERR_MSG_ATTR(info->extack, uuid, "this peer is being drained itself");
	else if (err == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, uuid, "there is no such peer");
	return err;
}

int kchat_netlink_put_drain(struct sk_buff *skb, struct kchat_net *knet)
{
	u8 successor[16];
	u32 left;

	if (!kchat_drain_status(knet, successor, &left))
		return 0;
	return nla_put(skb, KCHAT_A_SUCCESSOR, sizeof(successor), successor) ?:
	       nla_put_u32(skb, KCHAT_A_ROOMS_LEFT, left);
}

/* ---- the list ---------------------------------------------------------------------- */

static int put_load(struct sk_buff *skb, const struct kchat_peer *peer)
{
	u64 heard = jiffies_to_msecs(jiffies - peer->heard);

	if (nla_put_u64_64bit(skb, KCHAT_A_HEARD_MS, heard, KCHAT_A_PAD) ||
	    nla_put_u32(skb, KCHAT_A_PEOPLE, peer->load.people) ||
	    nla_put_u32(skb, KCHAT_A_ROOM_COUNT, peer->load.rooms) ||
	    nla_put_u32(skb, KCHAT_A_LOAD, peer->load.load))
		return -EMSGSIZE;
	return 0;
}

static int put_peer(struct sk_buff *skb, const struct kchat_peer *peer)
{
	const struct kchat_text host = { peer->place.host, peer->place.host_len };

	if (nla_put(skb, KCHAT_A_SERVER_UUID, sizeof(peer->place.uuid), peer->place.uuid) ||
	    nla_put_string(skb, KCHAT_A_SERVER_NAME, peer->name) ||
	    nla_put_in6_addr(skb, KCHAT_A_ADDR, &peer->addr) ||
	    nla_put_u16(skb, KCHAT_A_UDP_PORT, peer->udp_port) ||
	    kchat_netlink_put_text(skb, KCHAT_A_HOST, &host) ||
	    nla_put_u16(skb, KCHAT_A_PORT, peer->place.port) ||
	    nla_put_u8(skb, KCHAT_A_PEER_STATE, kchat_peer_state(peer)))
		return -EMSGSIZE;
	return peer->heard ? put_load(skb, peer) : 0;
}

static bool tell_peer(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct kchat_peer *peer)
{
	void *head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				 &kchat_genl_family, NLM_F_MULTI, KCHAT_CMD_PEER_GET);

	if (!head)
		return false;
	if (put_peer(skb, peer)) {
		genlmsg_cancel(skb, head);
		return false;
	}
	genlmsg_end(skb, head);
	return true;
}

int kchat_netlink_dump_peers(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kchat_net *knet = kchat_net_of(sock_net(skb->sk));
	u32 *from = (u32 *)cb->ctx, index = *from;
	struct kchat_peer peer;

	/* Each goes on after the one told last. */
	while (kchat_peer_get(knet, &index, &peer) && tell_peer(skb, cb, &peer))
		*from = index;
	return skb->len;
}
