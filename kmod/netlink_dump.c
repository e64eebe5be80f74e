// SPDX-License-Identifier: GPL-2.0-only
/* Lists over generic netlink. Each goes on after the number it came to last. */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "account.h"
#include "compat.h"
#include "discover_raw.h"
#include "netlink.h"
#include "param.h"
#include "room.h"
#include "rule.h"
#include "server.h"
#include "session.h"

/**
 * struct dump_state - how far a dump has come, in netlink_callback.ctx
 * @after: number of the thing told last
 * @told: of the room that comes next, how many standings have been told
 */
struct dump_state {
	u64 after;
	u32 told;
};

static struct dump_state *state_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct dump_state) > sizeof(cb->ctx));
	return (struct dump_state *)cb->ctx;
}

static struct kchat_net *knet_of(const struct sk_buff *skb)
{
	return kchat_net_of(sock_net(skb->sk));
}

static void *message_begin(struct sk_buff *skb, struct netlink_callback *cb, u8 command)
{
	void *head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				 &kchat_genl_family, NLM_F_MULTI, command);

	if (head)
		genl_dump_check_consistent(cb, head);
	return head;
}

/* The list as it is now; if it was another one before, the messages say so (NLM_F_DUMP_INTR). */
static void list_of_now(struct netlink_callback *cb, const struct kchat_net *knet,
			enum kchat_list list)
{
	/* 0 would mean that there is nothing to compare with. */
	cb->seq = (u32)atomic_read(&knet->list_changes[list]) | 1U << 31;
}

/* True if it fitted; else it is taken back, and comes first next time. */
static bool message_end(struct sk_buff *skb, void *head, int err)
{
	if (err) {
		genlmsg_cancel(skb, head);
		return false;
	}
	genlmsg_end(skb, head);
	return true;
}

static int put_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_u64_64bit(skb, type, value, KCHAT_A_PAD);
}

/* ---- accounts: their keys stay here ------------------------------------------------- */

static int put_account(struct sk_buff *skb, struct kchat_account *account)
{
	struct kchat_ident *ident = kchat_account_ident(account);
	const struct kchat_text login = { ident->login, ident->login_len };
	const struct kchat_text name = kchat_ident_name(ident);
	int err = 0;

	if (put_u64(skb, KCHAT_A_ACCOUNT, account->number) ||
	    kchat_netlink_put_text(skb, KCHAT_A_NAME, &name) ||
	    kchat_netlink_put_text(skb, KCHAT_A_LOGIN, &login) ||
	    nla_put_u32(skb, KCHAT_A_FLAGS, ident->flags) ||
	    (ident->uid != KCHAT_UID_NONE && nla_put_u32(skb, KCHAT_A_UID, ident->uid)))
		err = -EMSGSIZE;
	kchat_ident_put(ident);
	return err;
}

static bool tell_account(struct sk_buff *skb, struct netlink_callback *cb,
			 struct kchat_account *account)
{
	void *head = message_begin(skb, cb, KCHAT_CMD_ACCOUNT_GET);

	return head && message_end(skb, head, put_account(skb, account));
}

int kchat_netlink_dump_accounts(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kchat_net *knet = knet_of(skb);
	struct dump_state *state = state_of(cb);
	struct kchat_account *account;
	bool told = true;

	list_of_now(cb, knet, KCHAT_LIST_ACCOUNTS);
	while (told && (account = kchat_account_next(&knet->accounts, state->after))) {
		told = tell_account(skb, cb, account);
		if (told)
			state->after = account->number;
		kchat_account_put(account);
	}
	return skb->len;
}

/* ---- rooms --------------------------------------------------------------------------- */

static int put_room(struct sk_buff *skb, struct kchat_room *room)
{
	const struct kchat_text name = kchat_room_name(room);
	u64 seq, bytes, owner;
	u32 people;

	spin_lock(&room->lock);
	people = room->nr_people;
	seq = room->log.seq;
	owner = room->owner;
	bytes = room->log.bytes;
	spin_unlock(&room->lock);
	if (nla_put_u32(skb, KCHAT_A_ROOM, room->number) ||
	    kchat_netlink_put_text(skb, KCHAT_A_ROOM_NAME, &name) ||
	    nla_put_u32(skb, KCHAT_A_ROOM_FLAGS, READ_ONCE(room->flags)) ||
	    put_u64(skb, KCHAT_A_EPOCH, room->epoch) ||
	    put_u64(skb, KCHAT_A_SEQ, seq) ||
	    nla_put_u32(skb, KCHAT_A_PEOPLE, people) ||
	    put_u64(skb, KCHAT_A_LOG_BYTES, bytes) ||
	    put_u64(skb, KCHAT_A_OWNER, owner))
		return -EMSGSIZE;
	return 0;
}

static bool tell_room(struct sk_buff *skb, struct netlink_callback *cb, struct kchat_room *room)
{
	void *head = message_begin(skb, cb, KCHAT_CMD_ROOM_GET);

	return head && message_end(skb, head, put_room(skb, room));
}

int kchat_netlink_dump_rooms(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kchat_net *knet = knet_of(skb);
	struct dump_state *state = state_of(cb);
	struct kchat_room *room;
	bool told = true;

	list_of_now(cb, knet, KCHAT_LIST_ROOMS);
	while (told && (room = kchat_room_next(knet, state->after))) {
		told = tell_room(skb, cb, room);
		if (told)
			state->after = room->number;
		kchat_room_put(room);
	}
	return skb->len;
}

/* ---- what rooms remember of accounts ------------------------------------------------- */

static int put_standing(struct sk_buff *skb, const struct kchat_room *room,
			const struct kchat_standing *standing)
{
	const struct kchat_text name = kchat_room_name(room);

	if (kchat_netlink_put_text(skb, KCHAT_A_ROOM_NAME, &name) ||
	    put_u64(skb, KCHAT_A_ACCOUNT, standing->account) ||
	    nla_put_u32(skb, KCHAT_A_STANDING_FLAGS, standing->flags) ||
	    put_u64(skb, KCHAT_A_BANNED_UNTIL, standing->banned_until) ||
	    put_u64(skb, KCHAT_A_MUTED_UNTIL, standing->muted_until) ||
	    put_u64(skb, KCHAT_A_INVITED_UNTIL, standing->invited_until))
		return -EMSGSIZE;
	return 0;
}

/* True if all of the room fitted. */
static bool tell_standings(struct sk_buff *skb, struct netlink_callback *cb,
			   struct kchat_room *room, struct dump_state *state)
{
	const struct kchat_standing *standing;
	bool told = true;
	u32 nr = 0;

	spin_lock(&room->lock);
	list_for_each_entry(standing, &room->standings, node) {
		void *head;

		if (nr++ < state->told)
			continue;
		head = message_begin(skb, cb, KCHAT_CMD_STANDING_GET);
		told = head && message_end(skb, head, put_standing(skb, room, standing));
		if (!told)
			break;
		state->told++;
	}
	spin_unlock(&room->lock);
	return told;
}

/* The room that the request names, with a reference; NULL: it names none, or *err. */
static struct kchat_room *standings_room(struct netlink_callback *cb, struct kchat_net *knet,
					 int *err)
{
	struct nlattr *attr = kchat_dump_attrs(cb)[KCHAT_A_ROOM_NAME];
	struct kchat_room *room;
	struct kchat_text name;

	*err = 0;
	if (!attr)
		return NULL;
	name = (struct kchat_text){ nla_data(attr), strnlen(nla_data(attr), nla_len(attr)) };
	room = kchat_room_find(knet, &name);
	if (room)
		return room;
	NL_SET_ERR_MSG_ATTR(cb->extack, attr, "there is no such room");
	*err = -ENOENT;
	return NULL;
}

int kchat_netlink_dump_standings(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kchat_net *knet = knet_of(skb);
	struct dump_state *state = state_of(cb);
	struct kchat_room *room;
	bool told = true;
	int err;

	list_of_now(cb, knet, KCHAT_LIST_STANDINGS);
	room = standings_room(cb, knet, &err);
	if (err)
		return err;
	if (room) {
		tell_standings(skb, cb, room, state);
		kchat_room_put(room);
		return skb->len;
	}
	while (told && (room = kchat_room_next(knet, state->after))) {
		told = tell_standings(skb, cb, room, state);
		if (told) {
			state->after = room->number;
			state->told = 0;
		}
		kchat_room_put(room);
	}
	return skb->len;
}

/* ---- sessions -------------------------------------------------------------------------- */

static int put_connection(struct sk_buff *skb, const struct kchat_session_info *info)
{
	if (kchat_netlink_put_peer(skb, &info->peer, info->peer_port) ||
	    nla_put_u32(skb, KCHAT_A_ROOM_COUNT, info->rooms) ||
	    put_u64(skb, KCHAT_A_LAG, info->lag) ||
	    put_u64(skb, KCHAT_A_BYTES_IN, info->bytes_in) ||
	    put_u64(skb, KCHAT_A_BYTES_OUT, info->bytes_out))
		return -EMSGSIZE;
	return 0;
}

static int put_session(struct sk_buff *skb, struct kchat_session *session)
{
	struct kchat_ident *ident = kchat_account_ident(session->account);
	const struct kchat_text name = kchat_ident_name(ident);
	struct kchat_session_info info = {};
	int err = 0;

	kchat_session_info(session, &info);
	if (put_u64(skb, KCHAT_A_SESSION, session->number) ||
	    put_u64(skb, KCHAT_A_ACCOUNT, session->account->number) ||
	    kchat_netlink_put_text(skb, KCHAT_A_NAME, &name) ||
	    put_u64(skb, KCHAT_A_SINCE_MS, jiffies_to_msecs(jiffies - session->since)) ||
	    nla_put_u8(skb, KCHAT_A_STATE, info.state))
		err = -EMSGSIZE;
	else if (info.connected)
		err = put_connection(skb, &info);
	kchat_ident_put(ident);
	return err;
}

static bool tell_session(struct sk_buff *skb, struct netlink_callback *cb,
			 struct kchat_session *session)
{
	void *head = message_begin(skb, cb, KCHAT_CMD_SESSION_GET);

	return head && message_end(skb, head, put_session(skb, session));
}

int kchat_netlink_dump_sessions(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kchat_net *knet = knet_of(skb);
	struct dump_state *state = state_of(cb);
	struct kchat_session *session;
	bool told = true;

	list_of_now(cb, knet, KCHAT_LIST_SESSIONS);
	while (told && (session = kchat_session_next(knet, state->after))) {
		told = tell_session(skb, cb, session);
		if (told)
			state->after = session->number;
		kchat_session_put(session);
	}
	return skb->len;
}

/* ---- limits ------------------------------------------------------------------------------ */

static int put_param(struct sk_buff *skb, struct kchat_net *knet, enum kchat_param which)
{
	const struct kchat_param_info *info = &kchat_params[which];

	if (nla_put_string(skb, KCHAT_A_PARAM_NAME, info->name) ||
	    put_u64(skb, KCHAT_A_PARAM_VALUE, kchat_param(knet, which)) ||
	    put_u64(skb, KCHAT_A_PARAM_MIN, info->min) ||
	    put_u64(skb, KCHAT_A_PARAM_MAX, info->max))
		return -EMSGSIZE;
	return 0;
}

int kchat_netlink_dump_params(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kchat_net *knet = knet_of(skb);
	struct dump_state *state = state_of(cb);

	for (; state->after < KCHAT_PARAM_COUNT; state->after++) {
		void *head = message_begin(skb, cb, KCHAT_CMD_PARAM_GET);

		if (!head || !message_end(skb, head, put_param(skb, knet, state->after)))
			break;
	}
	return skb->len;
}

/* ---- interfaces on which discovery is answered ---------------------------------------- */

static bool tell_ether(struct sk_buff *skb, struct netlink_callback *cb, const char *name,
		       int ifindex)
{
	void *head = message_begin(skb, cb, KCHAT_CMD_ETHER_GET);

	return head && message_end(skb, head, nla_put_string(skb, KCHAT_A_IFNAME, name) ||
				   nla_put_u32(skb, KCHAT_A_IFINDEX, ifindex));
}

int kchat_netlink_dump_ether(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kchat_net *knet = knet_of(skb);
	struct dump_state *state = state_of(cb);
	char name[IFNAMSIZ];
	int ifindex;

	for (; kchat_discover_raw_get(knet, state->after, name, &ifindex); state->after++)
		if (name[0] && !tell_ether(skb, cb, name, ifindex))
			break;
	return skb->len;
}
