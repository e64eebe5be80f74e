/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every limit has a name, a default and bounds, and stands in this one table.
 * Module parameters of the same names give the values a server starts with;
 * PARAM_SET changes them while it runs. docs/limits.md is this table in words.
 */
#ifndef _KCHAT_PARAM_H
#define _KCHAT_PARAM_H

#include <linux/types.h>

struct kchat_net;

/* X(name, default, smallest, largest, unit, meaning) */
#define KCHAT_PARAMS(X)								\
	X(connections, 10000, 1, 1000000, "", "connections")			\
	X(unauthenticated, 512, 1, 1000000, "", "connections that have not logged in yet") \
	X(per_address, 10000, 1, 1000000, "", "connections from one address")	\
	X(accounts, 100000, 1, 10000000, "", "accounts")			\
	X(requests, 64, 1, 10000, "",				\
	  "registrations and new passwords the accounts service has not decided yet") \
	X(sessions, 16, 1, 1000, "", "sessions of one account")			\
	X(rooms, 10000, 1, 1000000, "", "rooms")				\
	X(rooms_per_person, 200, 1, 1000000, "",				\
	  "rooms that one person has made and that still exist") \
	X(registered_rooms, 1000, 0, 100000, "", "registered rooms")		\
	X(registered_per_person, 20, 0, 100000, "", "rooms that one person has registered") \
	X(room_rules, 1000, 1, 10000, "",				\
	  "roles, bans, mutes and invitations that one room remembers") \
	X(invite_ms, 86400000, 10, 604800000, "ms",				\
	  "an invitation lets into a closed room for so long") \
	X(rooms_per_connection, 128, 1, 10000, "", "rooms one connection can be in") \
	X(members, 2000, 2, 10000, "", "people in one room")			\
	X(streams, 1024, 1, 100000, "", "streams")				\
	X(streams_per_person, 4, 1, 1000, "", "streams one person can send at once") \
	X(takers, 2000, 1, 10000, "", "connections that take one stream")	\
	X(window, 1048576, 65536, 16777216, "bytes", "bytes of a stream that can be under way") \
	X(log_bytes, 4194304, 65536, 1073741824, "bytes", "memory of one room's log") \
	X(memory, 268435456, 1048576, 68719476736ULL, "bytes",				\
	  "memory that peers can make the module hold") \
	X(control_bytes, 131072, 32768, 16777216, "bytes", "replies waiting for one connection") \
	X(unsent_bytes, 131072, 4096, 16777216, "bytes",				\
	  "what a connection's socket holds before it is full") \
	X(ping_ms, 5000, 10, 3600000, "ms", "a client sends something at least this often") \
	X(silence_ms, 10000, 20, 3600000, "ms", "after so much silence a person is reconnecting") \
	X(lost_ms, 20000, 30, 3600000, "ms", "after so much silence a person is lost") \
	X(session_ms, 600000, 100, 86400000, "ms",				\
	  "a session can be resumed so long after its connection ended") \
	X(login_ms, 10000, 10, 3600000, "ms", "time from connecting to being logged in") \
	X(stored_ms, 1000, 1, 60000, "ms",				\
	  "at most one STORED per room, and one DELIVERED, in this time") \
	X(stall_ms, 20000, 100, 3600000, "ms",				\
	  "a connection that takes nothing for so long is closed") \
	X(closing_ms, 2000, 1, 60000, "ms",				\
	  "time a closed connection has to read its last frames") \
	X(service_ms, 10000, 100, 60000, "ms", "time the accounts service has to answer") \
	X(room_idle_ms, 300000, 0, 86400000, "ms", "an empty room is kept for so long") \
	X(stream_linger_ms, 10000, 0, 600000, "ms",				\
	  "a finished stream can be accepted for so long") \
	X(stream_idle_ms, 30000, 100, 3600000, "ms",				\
	  "a stream without taker or progress is cancelled after so long") \
	X(stream_floor, 4096, 0, 1073741824, "bytes/s",				\
	  "who reads an image or file slower is dropped from it") \
	X(failures_account, 10, 1, 100000, "", "failed logins of one account in the window") \
	X(failures_address, 20, 1, 1000000, "", "failed logins from one address in the window") \
	X(failures_ms, 60000, 100, 86400000, "ms",				\
	  "the window in which failed logins are counted") \
	X(answers, 1000, 1, 1000, "per second",					\
	  "answers to questions of discovery, in all") \
	X(answers_address, 20, 1, 1000, "per second",				\
	  "answers to questions of discovery from one address") \
	X(files, 1000, 1, 1000000, "", "open files of /dev/kchat") \
	X(peers, 16, 1, 64, "", "other servers of the community")		\
	X(peer_ms, 3000, 100, 60000, "ms",					\
	  "a server that was not heard for so long is silent")			\
	X(home_ms, 1000, 10, 60000, "ms",					\
	  "how long a JOIN waits to hear from other servers where its room is")	\
	X(joins, 1000, 1, 100000, "", "JOINs that wait for that at the same time") \
	X(move_ms, 2000, 50, 60000, "ms",					\
	  "a room that the successor does not take in this time stays, and is tried again") \
	X(unread_ms, 60000, 100, 86400000, "ms",				\
	  "who leaves /dev/kchat unread for so long is not present") \
	X(events, 1000, 1, 100000, "per second", "events told to those who listen over netlink")

enum kchat_param {
#define KCHAT_PARAM_ENUM(name, def, min, max, unit, what) KCHAT_P_##name,
	KCHAT_PARAMS(KCHAT_PARAM_ENUM)
#undef KCHAT_PARAM_ENUM
	KCHAT_PARAM_COUNT
};

/**
 * struct kchat_param_info - one line of the table
 * @name: in module parameters, PARAM_SET and PARAM_GET
 * @min: smallest value allowed
 * @max: largest value allowed
 * @unit: bytes, ms, ...; empty for plain numbers
 * @what: a line for people
 */
struct kchat_param_info {
	const char *name;
	u64 min;
	u64 max;
	const char *unit;
	const char *what;
};

extern const struct kchat_param_info kchat_params[KCHAT_PARAM_COUNT];

/* Copies the defaults into a namespace's values; at its start of life. */
void kchat_param_init(struct kchat_net *kn);
/* -ENOENT: no such name; -ERANGE: outside of its bounds. Any context that may sleep. */
int kchat_param_set(struct kchat_net *kn, const char *name, u64 value);

#endif /* _KCHAT_PARAM_H */
