/* SPDX-License-Identifier: GPL-2.0-only */
/* What happens on a server, told to whoever listens over generic netlink (the group "events"). */
#ifndef _KCHAT_EVENT_H
#define _KCHAT_EVENT_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include "param.h"
#include "uapi/kchat.h"
#include "uapi/kchat_netlink.h"

struct kchat_conn;
struct kchat_net;
struct kchat_peer;
struct kchat_room;
struct kchat_ruling;
struct kchat_session;

/**
 * struct kchat_events - how much has been told, in struct kchat_net
 * @lock: protects all of it; a leaf
 * @begun: jiffies when the second began in which @count is counted
 * @count: events told in it
 * @lost: events that were not told since the last one that was
 * @told: jiffies when a limit was told last
 */
struct kchat_events {
	spinlock_t lock;
	unsigned long begun;
	u32 count;
	u32 lost;
	unsigned long told[KCHAT_PARAM_COUNT];
};

void kchat_events_init(struct kchat_events *events);
/* The family is there; it is about to go. Between the two, events are told. */
void kchat_events_open(void);
void kchat_events_close(void);

/*
 * None of these sleeps, fails, or costs more than a look at a list while nobody
 * listens.
 */
/* LOGIN, LOGOUT, KICK. @conn: whose address is told, or NULL */
void kchat_event_session(const struct kchat_session *session, const struct kchat_conn *conn,
			 enum kchat_event what);
/* JOIN, PART. @state: of PART: enum kchat_person_state */
void kchat_event_seat(const struct kchat_session *session, const struct kchat_room *room,
		      enum kchat_event what, u8 state);
/* ROOM_MADE, ROOM_GONE. */
void kchat_event_room(const struct kchat_room *room, enum kchat_event what);
/* RULE. @by: who has done it, 0: an order over netlink. Under room->lock. */
void kchat_event_rule(const struct kchat_room *room, const struct kchat_ruling *ruling, u64 by);
/* A peer is in another state. */
void kchat_event_peer(struct kchat_net *kn, const struct kchat_peer *peer);
/* All rooms are @successor's. */
void kchat_event_drained(struct kchat_net *kn, const u8 *successor);
/* Somebody came up against a limit: told once a second for each. */
void kchat_event_limit(struct kchat_net *kn, enum kchat_param which);

#endif /* _KCHAT_EVENT_H */
