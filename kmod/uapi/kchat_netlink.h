/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * kchat: the control interface over generic netlink. server/genl has its numbers once
 * more for Go, and a test holds both together.
 */
#ifndef _UAPI_KCHAT_NETLINK_H
#define _UAPI_KCHAT_NETLINK_H

#define KCHAT_GENL_NAME		"kchat"
#define KCHAT_GENL_VERSION	1

/*
 * All commands need CAP_NET_ADMIN, and act on the network namespace of the
 * socket. Requests to the accounts service are sent by unicast to the socket
 * that said SERVICE, since they carry keys.
 */
enum kchat_cmd {
	KCHAT_CMD_UNSPEC,
	/*
	 * SERVER_UUID, COMMUNITY_UUID, SERVER_NAME, GENERATION, SECRET, ITERATIONS,
	 * [PORT], [ADDR], [REGISTER], [UDP_PORT], [OUTER_PORT], [PROXY_FROM]...,
	 * [COMMUNITY_SECRET], [SUCCESSOR]
	 */
	KCHAT_CMD_START,
	KCHAT_CMD_STOP,
	/*
	 * reply: RUNNING, STARTed attributes less the secrets, nested COUNTER, MODULE_VERSION;
	 * SUCCESSOR and ROOMS_LEFT while it is drained
	 */
	KCHAT_CMD_STATUS,
	/*
	 * ACCOUNT, NAME, LOGIN, FLAGS, SALT, STORED_KEY, SERVER_KEY, [UID]: add or replace;
	 * with other keys its sessions end, with another uid or none the local ones
	 */
	KCHAT_CMD_ACCOUNT_SET,
	KCHAT_CMD_ACCOUNT_DEL,	/* ACCOUNT: its sessions end */
	KCHAT_CMD_ACCOUNT_GET,	/* dump: ACCOUNT, NAME, LOGIN, FLAGS, [UID] */
	KCHAT_CMD_SERVICE,	/* this socket is the accounts service */
	/* to the service: COOKIE, NAME, CODE, SALT, STORED_KEY, SERVER_KEY, LOOPBACK, PEER */
	KCHAT_CMD_REGISTER_REQUEST,
	/* to the service: COOKIE, ACCOUNT, SALT, STORED_KEY, SERVER_KEY */
	KCHAT_CMD_PASSWD_REQUEST,
	/*
	 * from the service: COOKIE, ERROR, [ACCOUNT]; of REGISTER and PASSWD ACCOUNT_SET comes
	 * before
	 */
	KCHAT_CMD_DECISION,
	/* dump: ROOM, ROOM_NAME, ROOM_FLAGS, EPOCH, SEQ, PEOPLE, LOG_BYTES, OWNER */
	KCHAT_CMD_ROOM_GET,
	/*
	 * dump: SESSION, ACCOUNT, NAME, PEER, SINCE_MS, STATE, ROOM_COUNT, LAG, BYTES_IN,
	 * BYTES_OUT
	 */
	KCHAT_CMD_SESSION_GET,
	KCHAT_CMD_PARAM_SET,	/* PARAM_NAME, PARAM_VALUE */
	KCHAT_CMD_PARAM_GET,	/* dump: PARAM_NAME, PARAM_VALUE, PARAM_MIN, PARAM_MAX */
	KCHAT_CMD_ETHER_SET,	/* IFNAME, ETHER: answer discovery on this interface, or no more */
	KCHAT_CMD_ETHER_GET,	/* dump: IFNAME, IFINDEX (0: no such interface now) */
	/* SESSION or ACCOUNT: the session, or all of the account, ends with ERROR KICKED */
	KCHAT_CMD_KICK,
	/*
	 * to the multicast group "events", unasked: EVENT, [EVENTS_LOST], and of LOGIN, LOGOUT,
	 * KICK: SESSION, ACCOUNT, NAME, [PEER]; of JOIN, PART: the same with ROOM, ROOM_NAME,
	 * STATE; of ROOM_MADE, ROOM_GONE: ROOM, ROOM_NAME; of LIMIT: PARAM_NAME, PARAM_VALUE;
	 * of PEER: SERVER_UUID, SERVER_NAME, PEER_STATE; of DRAINED: SUCCESSOR; of RULE: ROOM,
	 * ROOM_NAME, ACTION, BY, ACCOUNT, SECONDS
	 */
	KCHAT_CMD_EVENT,
	/*
	 * SERVER_UUID, SERVER_NAME, ADDR, UDP_PORT, HOST, PORT: adds a server of the community,
	 * or replaces what is known of it; also before START
	 */
	KCHAT_CMD_PEER_SET,
	KCHAT_CMD_PEER_DEL,	/* SERVER_UUID */
	/*
	 * dump: SERVER_UUID, SERVER_NAME, ADDR, UDP_PORT, HOST, PORT, PEER_STATE, and of one that
	 * was heard: HEARD_MS, PEOPLE, ROOM_COUNT, LOAD
	 */
	KCHAT_CMD_PEER_GET,
	/*
	 * SERVER_UUID: all rooms move to this peer, which has to be live, and no new ones are
	 * made here; without it: no more of that
	 */
	KCHAT_CMD_DRAIN,
	/*
	 * ROOM_NAME, ROOM_FLAGS, OWNER, BACKLOG, CREATED, [KEEPER], [TOPIC], [ROOM_KEY],
	 * [STANDING]...: a registered room as it was kept, made if there is none; nobody may
	 * be in it. What STANDING says is added to what the room remembers, so that another
	 * one of the same room may bring more
	 */
	KCHAT_CMD_ROOM_SET,
	KCHAT_CMD_ROOM_DEL,	/* ROOM_NAME: not registered any more */
	/*
	 * to the service: ROOM_NAME, COOKIE, KEEP: may the room be kept, or not any more?
	 * Without COOKIE and KEEP: what is to be kept of it has changed
	 */
	KCHAT_CMD_ROOM_REQUEST,
	/* ROOM_NAME; reply: what ROOM_SET has, but no STANDING */
	KCHAT_CMD_ROOM_RECORD,
	/*
	 * dump, of one room with ROOM_NAME: ROOM_NAME, ACCOUNT, STANDING_FLAGS, BANNED_UNTIL,
	 * MUTED_UNTIL, INVITED_UNTIL
	 */
	KCHAT_CMD_STANDING_GET,
	KCHAT_CMD_RULE,		/* ROOM_NAME, ACTION, ACCOUNT, [SECONDS], [REASON] */
	__KCHAT_CMD_MAX,
};

#define KCHAT_CMD_MAX (__KCHAT_CMD_MAX - 1)

enum kchat_nla {
	KCHAT_A_UNSPEC,
	KCHAT_A_PAD,
	KCHAT_A_SERVER_UUID,	/* binary, 16 */
	KCHAT_A_COMMUNITY_UUID,	/* binary, 16 */
	KCHAT_A_SERVER_NAME,	/* string */
	KCHAT_A_GENERATION,	/* u32, 1 and up: upper half of every epoch */
	KCHAT_A_SECRET,		/* binary, 32: salts of names that do not exist */
	KCHAT_A_ITERATIONS,	/* u32 */
	KCHAT_A_PORT,		/* u16, host order; default KCHAT_PORT */
	KCHAT_A_ADDR,		/* binary, 16: IPv6 address to listen on; default :: */
	KCHAT_A_REGISTER,	/* u8: enum kchat_register */
	KCHAT_A_RUNNING,	/* u8 */
	KCHAT_A_ACCOUNT,	/* u64 */
	KCHAT_A_NAME,		/* string: as shown */
	KCHAT_A_LOGIN,		/* string: as compared (PRECIS UsernameCaseMapped) */
	KCHAT_A_FLAGS,		/* u32: KCHAT_PERSON_* */
	KCHAT_A_SALT,		/* binary, 16 */
	KCHAT_A_STORED_KEY,	/* binary, 32 */
	KCHAT_A_SERVER_KEY,	/* binary, 32 */
	KCHAT_A_COOKIE,		/* u64 */
	KCHAT_A_CODE,		/* string: invite code */
	KCHAT_A_LOOPBACK,	/* u8: the peer is on this host */
	KCHAT_A_PEER,		/* string: address and port */
	KCHAT_A_ERROR,		/* u16: enum kchat_error */
	KCHAT_A_ROOM,		/* u32 */
	KCHAT_A_ROOM_NAME,	/* string */
	KCHAT_A_ROOM_FLAGS,	/* u32 */
	KCHAT_A_EPOCH,		/* u64 */
	KCHAT_A_SEQ,		/* u64 */
	KCHAT_A_PEOPLE,		/* u32 */
	KCHAT_A_LOG_BYTES,	/* u64 */
	KCHAT_A_SESSION,	/* u64 */
	KCHAT_A_SINCE_MS,	/* u64 */
	KCHAT_A_STATE,		/* u8: enum kchat_person_state */
	KCHAT_A_ROOM_COUNT,	/* u32 */
	KCHAT_A_LAG,		/* u64: bytes of logs not sent yet */
	KCHAT_A_BYTES_IN,	/* u64 */
	KCHAT_A_BYTES_OUT,	/* u64 */
	KCHAT_A_COUNTER,	/* nested: COUNTER_ID, COUNTER_VALUE */
	KCHAT_A_COUNTER_ID,	/* u16: enum kchat_counter */
	KCHAT_A_COUNTER_VALUE,	/* u64 */
	KCHAT_A_MODULE_VERSION,	/* string */
	KCHAT_A_PARAM_NAME,	/* string */
	KCHAT_A_PARAM_VALUE,	/* u64 */
	KCHAT_A_PARAM_MIN,	/* u64 */
	KCHAT_A_PARAM_MAX,	/* u64 */
	/* u16, host order: of discovery; 0: off; default KCHAT_DISCOVER_PORT */
	KCHAT_A_UDP_PORT,
	/* u16, host order: TCP port by which others reach us, but over Ethernet; default PORT */
	KCHAT_A_OUTER_PORT,
	KCHAT_A_IFNAME,		/* string: of an interface */
	KCHAT_A_IFINDEX,	/* u32 */
	KCHAT_A_ETHER,		/* u8: 1 on, 0 off */
	KCHAT_A_PROXY_FROM,	/* nested: ADDR, PREFIX_LEN; at most KCHAT_PROXY_FROM_MAX */
	KCHAT_A_PREFIX_LEN,	/* u8: bits of ADDR that count; IPv4 is mapped */
	KCHAT_A_UID,		/* u32: of local programs, as the initial user namespace sees it */
	KCHAT_A_EVENT,		/* u8: enum kchat_event */
	KCHAT_A_EVENTS_LOST,	/* u32: events before this one that were too many to be told */
	/* binary, 32: by which the servers of a community know each other */
	KCHAT_A_COMMUNITY_SECRET,
	KCHAT_A_HOST,		/* string: where clients reach a peer, as MOVED says it */
	KCHAT_A_PEER_STATE,	/* u8: enum kchat_peer_state */
	KCHAT_A_HEARD_MS,	/* u64: since it was heard last */
	KCHAT_A_LOAD,		/* u32: open connections in thousandths of what there may be */
	KCHAT_A_SUCCESSOR,	/* binary, 16: UUID of the peer that takes the rooms */
	KCHAT_A_ROOMS_LEFT,	/* u32: rooms that are still to move to it */
	KCHAT_A_OWNER,		/* u64: account number, 0: none */
	KCHAT_A_KEEPER,		/* u64: account that registered the room, and is charged for it */
	KCHAT_A_BACKLOG,	/* u16: messages a newcomer sees */
	KCHAT_A_CREATED,	/* u64: microseconds since 1970 */
	KCHAT_A_TOPIC,		/* string */
	KCHAT_A_ROOM_KEY,	/* binary, 32: of the password */
	/* nested: ACCOUNT, STANDING_FLAGS, [BANNED_UNTIL], [MUTED_UNTIL], [INVITED_UNTIL] */
	KCHAT_A_STANDING,
	KCHAT_A_STANDING_FLAGS,	/* u32: KCHAT_STANDING_* */
	KCHAT_A_BANNED_UNTIL,	/* u64: milliseconds since 1970; 0: for good */
	KCHAT_A_MUTED_UNTIL,	/* u64: the same */
	KCHAT_A_INVITED_UNTIL,	/* u64: the same */
	KCHAT_A_KEEP,		/* u8: 1 to be kept, 0 not any more */
	KCHAT_A_ACTION,		/* u8: enum kchat_action; in RULE KICK to UNMUTE */
	KCHAT_A_SECONDS,	/* u32: as in RULE of the wire */
	KCHAT_A_REASON,		/* string */
	KCHAT_A_BY,		/* u64: account number, 0: an order over netlink */
	__KCHAT_A_MAX,
};

#define KCHAT_A_MAX (__KCHAT_A_MAX - 1)

#define KCHAT_GENL_EVENTS	"events"	/* multicast group; needs CAP_NET_ADMIN */

enum kchat_event {
	KCHAT_EVENT_NONE	= 0,
	KCHAT_EVENT_LOGIN	= 1,
	KCHAT_EVENT_LOGOUT	= 2,	/* the session has ended, and cannot be resumed */
	KCHAT_EVENT_JOIN	= 3,
	KCHAT_EVENT_PART	= 4,	/* STATE: left or lost */
	KCHAT_EVENT_ROOM_MADE	= 5,
	KCHAT_EVENT_ROOM_GONE	= 6,
	KCHAT_EVENT_KICK	= 7,
	KCHAT_EVENT_LIMIT	= 8,	/* somebody came up against it */
	KCHAT_EVENT_PEER	= 9,	/* a peer is live, drained or silent from now on */
	KCHAT_EVENT_DRAINED	= 10,	/* no room is left to move */
	KCHAT_EVENT_RULE	= 11,	/* an operator has done something in a room */
};

enum kchat_peer_state {
	KCHAT_PEER_SILENT	= 0,	/* not heard for the time peer_ms */
	KCHAT_PEER_LIVE		= 1,
	KCHAT_PEER_DRAINED	= 2,	/* live, and takes no rooms */
};

#define KCHAT_HOST_MAX		255	/* bytes of HOST */
#define KCHAT_PEERS_MAX		64	/* the most that the limit peers allows */

/* What a room remembers about an account. */
#define KCHAT_STANDING_OPERATOR	0x0008
#define KCHAT_STANDING_VOICE	0x0010
#define KCHAT_STANDING_MUTED	0x0020
#define KCHAT_STANDING_BANNED	0x0100
#define KCHAT_STANDING_INVITED	0x0200

#define KCHAT_PROXY_FROM_MAX	16	/* networks in START that proxies are in */

enum kchat_register {
	KCHAT_REGISTER_OFF	= 0,
	KCHAT_REGISTER_LOOPBACK	= 1,	/* loopback: open; elsewhere: off */
	KCHAT_REGISTER_INVITE	= 2,	/* loopback: open; elsewhere: with an invite code */
	KCHAT_REGISTER_CODE	= 3,	/* with an invite code everywhere */
	KCHAT_REGISTER_OPEN	= 4,	/* for everybody */
};

#endif /* _UAPI_KCHAT_NETLINK_H */
