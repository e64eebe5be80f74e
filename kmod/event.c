// SPDX-License-Identifier: GPL-2.0-only
#include "event.h"

#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <net/genetlink.h>

#include "account.h"
#include "alloc.h"
#include "compat.h"
#include "conn.h"
#include "netlink.h"
#include "peer.h"
#include "room.h"
#include "server.h"
#include "session.h"

/* The family exists. Read under RCU for as long as an event is on its way. */
static bool open;

/**
 * struct telling - an event under construction
 * @kn: whose
 * @skb: the message, or NULL: it is not told
 * @head: of the message
 * @err: something did not fit
 */
struct telling {
	struct kchat_net *kn;
	struct sk_buff *skb;
	void *head;
	int err;
};

void kchat_events_init(struct kchat_events *events)
{
	spin_lock_init(&events->lock);
	events->begun = jiffies - HZ;
}

void kchat_events_open(void)
{
	WRITE_ONCE(open, true);
}

void kchat_events_close(void)
{
	WRITE_ONCE(open, false);
	synchronize_rcu();
}

static bool listened_to(const struct kchat_net *kn)
{
	return READ_ONCE(open) && genl_has_listeners(&kchat_genl_family, kn->net, 0);
}

/* One more in this second? *@lost: how many were not told before it. */
static bool may_tell(struct kchat_net *kn, u32 *lost)
{
	struct kchat_events *events = &kn->events;
	bool may;

	spin_lock(&events->lock);
	if (time_after_eq(jiffies, events->begun + HZ)) {
		events->begun = jiffies;
		events->count = 0;
	}
	may = events->count < kchat_param(kn, KCHAT_P_events);
	if (may) {
		events->count++;
		*lost = events->lost;
		events->lost = 0;
	} else {
		events->lost++;
	}
	spin_unlock(&events->lock);
	return may;
}

static void tell_u64(struct telling *telling, int type, u64 value)
{
	if (telling->skb)
		telling->err |= nla_put_u64_64bit(telling->skb, type, value, KCHAT_A_PAD);
}

static void tell_u32(struct telling *telling, int type, u32 value)
{
	if (telling->skb)
		telling->err |= nla_put_u32(telling->skb, type, value);
}

static void tell_text(struct telling *telling, int type, const struct kchat_text *text)
{
	if (telling->skb)
		telling->err |= kchat_netlink_put_text(telling->skb, type, text);
}

/* Takes the RCU lock, which tell_end() gives back. */
static bool tell_begin(struct telling *telling, struct kchat_net *kn, enum kchat_event what)
	__acquires(RCU)
{
	u32 lost = 0;

	memset(telling, 0, sizeof(*telling));
	rcu_read_lock();
	telling->kn = kn;
	if (!listened_to(kn) || !may_tell(kn, &lost))
		return false;
	telling->skb = kchat_alloc(genlmsg_new(NLMSG_GOODSIZE, GFP_ATOMIC | __GFP_NOWARN));
	if (!telling->skb)
		return false;
	telling->head = genlmsg_put(telling->skb, 0, 0, &kchat_genl_family, 0, KCHAT_CMD_EVENT);
	if (!telling->head)
		telling->err = -EMSGSIZE;
	else
		telling->err = nla_put_u8(telling->skb, KCHAT_A_EVENT, what);
	if (lost)
		tell_u32(telling, KCHAT_A_EVENTS_LOST, lost);
	return true;
}

static void tell_end(struct telling *telling)
	__releases(RCU)
{
	if (telling->skb && !telling->err) {
		genlmsg_end(telling->skb, telling->head);
		/* The last one who listened may have just gone. */
		kchat_genl_tell(&kchat_genl_family, telling->kn->net, telling->skb);
	} else {
		nlmsg_free(telling->skb);
	}
	rcu_read_unlock();
}

static void tell_session(struct telling *telling, const struct kchat_session *session)
{
	struct kchat_ident *ident = kchat_account_ident(session->account);
	const struct kchat_text name = kchat_ident_name(ident);

	tell_u64(telling, KCHAT_A_SESSION, session->number);
	tell_u64(telling, KCHAT_A_ACCOUNT, session->account->number);
	tell_text(telling, KCHAT_A_NAME, &name);
	kchat_ident_put(ident);
}

static void tell_room(struct telling *telling, const struct kchat_room *room)
{
	const struct kchat_text name = kchat_room_name(room);

	tell_u32(telling, KCHAT_A_ROOM, room->number);
	tell_text(telling, KCHAT_A_ROOM_NAME, &name);
}

void kchat_event_session(const struct kchat_session *session, const struct kchat_conn *conn,
			 enum kchat_event what)
{
	struct telling telling;

	if (tell_begin(&telling, session->kn, what)) {
		tell_session(&telling, session);
		if (conn)
			telling.err |= kchat_netlink_put_peer(telling.skb, &conn->peer,
							      conn->peer_port);
	}
	tell_end(&telling);
}

void kchat_event_seat(const struct kchat_session *session, const struct kchat_room *room,
		      enum kchat_event what, u8 state)
{
	struct telling telling;

	if (tell_begin(&telling, session->kn, what)) {
		tell_session(&telling, session);
		tell_room(&telling, room);
		telling.err |= nla_put_u8(telling.skb, KCHAT_A_STATE, state);
	}
	tell_end(&telling);
}

void kchat_event_room(const struct kchat_room *room, enum kchat_event what)
{
	struct telling telling;

	if (tell_begin(&telling, room->kn, what))
		tell_room(&telling, room);
	tell_end(&telling);
}

void kchat_event_rule(const struct kchat_room *room, const struct kchat_ruling *ruling, u64 by)
{
	struct telling telling;

	if (tell_begin(&telling, room->kn, KCHAT_EVENT_RULE)) {
		tell_room(&telling, room);
		telling.err |= nla_put_u8(telling.skb, KCHAT_A_ACTION, ruling->action);
		tell_u64(&telling, KCHAT_A_BY, by);
		tell_u64(&telling, KCHAT_A_ACCOUNT, ruling->account);
		tell_u32(&telling, KCHAT_A_SECONDS, ruling->seconds);
	}
	tell_end(&telling);
}

void kchat_event_peer(struct kchat_net *kn, const struct kchat_peer *peer)
{
	struct telling telling;

	if (tell_begin(&telling, kn, KCHAT_EVENT_PEER)) {
		telling.err |= nla_put(telling.skb, KCHAT_A_SERVER_UUID, 16, peer->place.uuid);
		telling.err |= nla_put_string(telling.skb, KCHAT_A_SERVER_NAME, peer->name);
		telling.err |= nla_put_u8(telling.skb, KCHAT_A_PEER_STATE, kchat_peer_state(peer));
	}
	tell_end(&telling);
}

void kchat_event_drained(struct kchat_net *kn, const u8 *successor)
{
	struct telling telling;

	if (tell_begin(&telling, kn, KCHAT_EVENT_DRAINED))
		telling.err |= nla_put(telling.skb, KCHAT_A_SUCCESSOR, 16, successor);
	tell_end(&telling);
}

/* Not more than once a second, since a limit is met by whoever tries again and again. */
static bool limit_is_news(struct kchat_net *kn, enum kchat_param which)
{
	struct kchat_events *events = &kn->events;
	bool news;

	spin_lock(&events->lock);
	news = !events->told[which] || time_after_eq(jiffies, events->told[which] + HZ);
	if (news)
		events->told[which] = jiffies ?: 1;
	spin_unlock(&events->lock);
	return news;
}

void kchat_event_limit(struct kchat_net *kn, enum kchat_param which)
{
	const char *name = kchat_params[which].name;
	struct telling telling;

	if (!listened_to(kn) || !limit_is_news(kn, which))
		return;
	if (tell_begin(&telling, kn, KCHAT_EVENT_LIMIT)) {
		telling.err |= nla_put_string(telling.skb, KCHAT_A_PARAM_NAME, name);
		tell_u64(&telling, KCHAT_A_PARAM_VALUE, kchat_param(kn, which));
	}
	tell_end(&telling);
}
