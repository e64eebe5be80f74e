// SPDX-License-Identifier: GPL-2.0-only
/* What the accounts service is asked and told. */
#include "service.h"

#include <linux/kernel.h>
#include <net/genetlink.h>

#include "account.h"
#include "alloc.h"
#include "conn.h"
#include "netlink.h"
#include "room.h"
#include "server.h"

static int put_keys(struct sk_buff *skb, const u8 *salt, const u8 *stored_key,
		    const u8 *server_key)
{
	if (nla_put(skb, KCHAT_A_SALT, KCHAT_SALT_LEN, salt) ||
	    nla_put(skb, KCHAT_A_STORED_KEY, KCHAT_KEY_LEN, stored_key) ||
	    nla_put(skb, KCHAT_A_SERVER_KEY, KCHAT_KEY_LEN, server_key))
		return -EMSGSIZE;
	return 0;
}

static int put_peer(struct sk_buff *skb, const struct kchat_conn *conn)
{
	if (kchat_netlink_put_peer(skb, &conn->peer, conn->peer_port) ||
	    nla_put_u8(skb, KCHAT_A_LOOPBACK, kchat_conn_loopback(conn)))
		return -EMSGSIZE;
	return 0;
}

static int put_registration(struct sk_buff *skb, const struct kchat_conn *conn,
			    const struct kchat_registration *asked)
{
	if (kchat_netlink_put_text(skb, KCHAT_A_NAME, &asked->name) ||
	    kchat_netlink_put_text(skb, KCHAT_A_CODE, &asked->code) ||
	    put_keys(skb, asked->salt, asked->stored_key, asked->server_key))
		return -EMSGSIZE;
	return put_peer(skb, conn);
}

static int put_passwd(struct sk_buff *skb, u64 account, const struct kchat_passwd *asked)
{
	if (nla_put_u64_64bit(skb, KCHAT_A_ACCOUNT, account, KCHAT_A_PAD))
		return -EMSGSIZE;
	return put_keys(skb, asked->salt, asked->stored_key, asked->server_key);
}

static int put_kept(struct sk_buff *skb, const struct kchat_room *room)
{
	const struct kchat_text name = kchat_room_name(room);

	return kchat_netlink_put_text(skb, KCHAT_A_ROOM_NAME, &name);
}

static int put_question(struct sk_buff *skb, const struct kchat_conn *conn, u64 cookie,
			const struct kchat_asked *asked)
{
	if (nla_put_u64_64bit(skb, KCHAT_A_COOKIE, cookie, KCHAT_A_PAD))
		return -EMSGSIZE;
	if (asked->registration)
		return put_registration(skb, conn, asked->registration);
	if (asked->passwd)
		return put_passwd(skb, asked->account->number, asked->passwd);
	return nla_put_u8(skb, KCHAT_A_KEEP, asked->on) ?: put_kept(skb, asked->room);
}

int kchat_service_ask(const struct kchat_conn *conn, u32 portid, u64 cookie,
		      const struct kchat_asked *asked)
{
	struct sk_buff *skb = kchat_alloc(genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL));
	u8 command = KCHAT_CMD_ROOM_REQUEST;
	int err = -EMSGSIZE;
	void *head;

	if (!skb)
		return -ENOMEM;
	if (asked->registration)
		command = KCHAT_CMD_REGISTER_REQUEST;
	else if (asked->passwd)
		command = KCHAT_CMD_PASSWD_REQUEST;
	head = genlmsg_put(skb, 0, 0, &kchat_genl_family, 0, command);
	if (!head)
		goto err_free;
	err = put_question(skb, conn, cookie, asked);
	if (err)
		goto err_free;
	genlmsg_end(skb, head);
	return genlmsg_unicast(conn->kn->net, skb, portid);

err_free:
	nlmsg_free(skb);
	return err;
}

int kchat_service_changed(const struct kchat_room *room)
{
	u32 portid = READ_ONCE(room->kn->service.portid);
	struct sk_buff *skb;
	void *head;

	if (!portid)
		return -ESRCH;
	skb = kchat_alloc(genlmsg_new(nla_total_size(KCHAT_ROOM_NAME_MAX + 1), GFP_KERNEL));
	if (!skb)
		return -ENOMEM;
	head = genlmsg_put(skb, 0, 0, &kchat_genl_family, 0, KCHAT_CMD_ROOM_REQUEST);
	if (!head || put_kept(skb, room)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return genlmsg_unicast(room->kn->net, skb, portid);
}
