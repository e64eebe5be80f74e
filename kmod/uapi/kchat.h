/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * kchat: the numbers of the wire, of TCP and of discovery.
 *
 * docs/protocol.md says what they mean, wire/ has them once more for Go, and a
 * test holds the three together. Everything on the wire is little-endian.
 */
#ifndef _UAPI_KCHAT_H
#define _UAPI_KCHAT_H

#include <linux/types.h>

#define KCHAT_VERSION		1
#define KCHAT_PORT		10106

/* ---- frames ---------------------------------------------------------- */

/**
 * struct kchat_hdr - the head of every frame
 * @length: bytes that follow this field: 60 and the body
 * @type: enum kchat_type
 * @flags: KCHAT_F_*
 * @room: number of the room, 0 where there is none
 * @reserved: 0
 * @epoch: epoch of the room; 0 when sent by a client
 * @seq: sequence number in the epoch; 0 when sent by a client
 * @time: microseconds since 1970-01-01 UTC; 0 when sent by a client
 * @sender: account number; 0 when sent by a client, and for the server itself
 * @id: lasting id of a message, id of a stream, or mark of a request
 */
struct kchat_hdr {
	__le32 length;
	__le16 type;
	__le16 flags;
	__le32 room;
	__le32 reserved;
	__le64 epoch;
	__le64 seq;
	__le64 time;
	__le64 sender;
	__u8 id[16];
} __attribute__((packed));	/* frames follow each other without padding */

#define KCHAT_HDR_LEN		64
#define KCHAT_LENGTH_MIN	60	/* smallest value of the length field */

#define KCHAT_TYPE_CRITICAL	0x8000	/* unknown: refuse; else skip */

enum kchat_type {
	/* connection and login */
	KCHAT_T_HELLO		= 0x8001,
	KCHAT_T_WELCOME		= 0x8002,
	KCHAT_T_AUTH		= 0x8003,
	KCHAT_T_CHALLENGE	= 0x8004,
	KCHAT_T_PROOF		= 0x8005,
	KCHAT_T_AUTH_OK		= 0x8006,
	KCHAT_T_RESUME		= 0x8007,
	KCHAT_T_REGISTER	= 0x8008,
	KCHAT_T_REGISTERED	= 0x8009,
	KCHAT_T_PASSWD		= 0x800a,
	KCHAT_T_BYE		= 0x800b,
	KCHAT_T_ERROR		= 0x800c,
	KCHAT_T_OK		= 0x800d,
	KCHAT_T_PING		= 0x0010,
	KCHAT_T_PONG		= 0x0011,

	/* questions to the server */
	KCHAT_T_WHOIS		= 0x8012,
	KCHAT_T_PERSON		= 0x8013,
	KCHAT_T_PEOPLE		= 0x8014,
	KCHAT_T_PEOPLE_ARE	= 0x8015,
	KCHAT_T_ROOMS		= 0x8016,
	KCHAT_T_ROOMS_ARE	= 0x8017,
	KCHAT_T_STATUS		= 0x8018,
	KCHAT_T_STATUS_IS	= 0x8019,

	/* rooms */
	KCHAT_T_JOIN		= 0x8020,
	KCHAT_T_JOINED		= 0x8021,
	KCHAT_T_ROSTER		= 0x8022,
	KCHAT_T_LIVE		= 0x8023,
	KCHAT_T_PART		= 0x8024,
	KCHAT_T_PARTED		= 0x8025,
	KCHAT_T_MOVED		= 0x8026,
	KCHAT_T_GAP		= 0x8027,
	KCHAT_T_ACK		= 0x8028,
	KCHAT_T_STORED		= 0x8029,
	KCHAT_T_REOFFER		= 0x802a,
	KCHAT_T_DIRECT		= 0x802b,
	KCHAT_T_INVITE		= 0x802c,
	KCHAT_T_INVITED		= 0x802d,
	KCHAT_T_RULE		= 0x802e,
	KCHAT_T_AWAY		= 0x802f,

	/* through the room's log, lasting */
	KCHAT_T_MSG		= 0x8040,
	KCHAT_T_EDIT		= 0x8041,
	KCHAT_T_DELETE		= 0x8042,
	KCHAT_T_REACT		= 0x8043,
	KCHAT_T_TOPIC		= 0x8044,

	/* through the room's log, passing */
	KCHAT_T_PRESENCE	= 0x8060,
	KCHAT_T_TYPING		= 0x0061,
	KCHAT_T_DELIVERED	= 0x8062,
	KCHAT_T_WANT		= 0x8063,
	KCHAT_T_BLOB_WANT	= 0x8064,
	KCHAT_T_STREAM_BEGIN	= 0x8065,
	KCHAT_T_RULED		= 0x8066,
	KCHAT_T_READ		= 0x8067,

	/* media streams */
	KCHAT_T_STREAM_ACCEPT	= 0x8070,
	KCHAT_T_STREAM_START	= 0x8071,
	KCHAT_T_STREAM_CREDIT	= 0x8072,
	KCHAT_T_STREAM_CHUNK	= 0x8073,
	KCHAT_T_STREAM_END	= 0x8074,
	KCHAT_T_STREAM_CANCEL	= 0x8075,
};

#define KCHAT_F_KEYFRAME	0x0001	/* chunk: a decoder can start here */
#define KCHAT_F_LAST		0x0002	/* reply: nothing more follows; error: the end */
#define KCHAT_F_REMOVE		0x0004	/* reaction: taken back */
#define KCHAT_F_SEALED		0x0008	/* reserved: the body is sealed */
#define KCHAT_F_SIGNED		0x0010	/* reserved: the body ends with a signature */

/* Features, in HELLO and WELCOME. None is defined beyond version 1 as yet. */
#define KCHAT_FEATURE_TLS	0x0001	/* reserved: transport encryption */
#define KCHAT_FEATURE_BINDING	0x0002	/* reserved: SCRAM channel binding */
#define KCHAT_FEATURE_SEALED	0x0004	/* reserved: sealed payloads */
#define KCHAT_FEATURE_REGISTER	0x0008	/* REGISTER is open to this connection */
#define KCHAT_FEATURE_INVITE	0x0010	/* REGISTER needs an invite code here */

/* ---- limits of the wire ---------------------------------------------- */

#define KCHAT_NAME_MAX		64	/* bytes of a person's name */
#define KCHAT_ROOM_NAME_MAX	64	/* bytes of a room's name */
#define KCHAT_SERVER_NAME_MAX	64	/* bytes of a server's name */
#define KCHAT_AGENT_MAX		64	/* bytes of a client's description */
#define KCHAT_CODE_MAX		64	/* bytes of an invite code */
#define KCHAT_SCRAM_MAX		512	/* bytes of one SCRAM message */
#define KCHAT_TEXT_MAX		16384	/* bytes of a message's text */
#define KCHAT_ATTRS_MAX		1024	/* bytes of a message's attributes */
#define KCHAT_REACTION_MAX	64	/* bytes of a reaction */
#define KCHAT_TOPIC_MAX		256	/* bytes of a topic */
#define KCHAT_REASON_MAX	256	/* bytes of the reason in RULE */
#define KCHAT_MIME_MAX		64	/* bytes of a MIME type */
#define KCHAT_FILE_NAME_MAX	255	/* bytes of a file's name */
#define KCHAT_CHUNK_MAX		16384	/* bytes of a stream's chunk */
#define KCHAT_DIRECT_MAX	4096	/* bytes of a directed envelope */
#define KCHAT_PING_MAX		32	/* bytes a ping carries back and forth */
#define KCHAT_REPLY_MAX		16384	/* bytes of the body of one page of a reply */
#define KCHAT_SALT_LEN		16
#define KCHAT_KEY_LEN		32	/* SHA-256: StoredKey, ServerKey, proofs, hashes */
#define KCHAT_NONCE_LEN		16
#define KCHAT_ITERATIONS_MIN	4096	/* RFC 7677, 4 */

/* Attributes of MSG, EDIT, DELETE, REACT, TOPIC: u16 type, u16 length, value. */
#define KCHAT_ATTR_CRITICAL	0x8000

enum kchat_attr {
	KCHAT_ATTR_REPLY_TO	= 0x0001,	/* message id */
	KCHAT_ATTR_TARGET	= 0x8002,	/* message id */
	KCHAT_ATTR_THREAD	= 0x0003,	/* message id */
	KCHAT_ATTR_MENTION	= 0x0004,	/* account number */
	KCHAT_ATTR_DESCRIPTOR	= 0x0005,	/* a blob */
	KCHAT_ATTR_SIGNATURE	= 0x8006,	/* reserved */
};

enum kchat_person_state {
	KCHAT_PERSON_OFFLINE		= 0,	/* in PERSON: not connected */
	KCHAT_PERSON_PRESENT		= 1,
	KCHAT_PERSON_AWAY		= 2,	/* present, and says so */
	KCHAT_PERSON_RECONNECTING	= 3,	/* not present */
	KCHAT_PERSON_LEFT		= 4,	/* parted */
	KCHAT_PERSON_LOST		= 5,	/* silent for too long */
};

#define KCHAT_PERSON_BOT	0x01
#define KCHAT_PERSON_ADMIN	0x02
/* In ROSTER and PRESENCE: what one is in the room. */
#define KCHAT_PERSON_OWNER	0x04
#define KCHAT_PERSON_OPERATOR	0x08
#define KCHAT_PERSON_VOICE	0x10
#define KCHAT_PERSON_MUTED	0x20

/* Rooms, in JOIN, JOINED and ROOMS_ARE. */
#define KCHAT_ROOM_PRACTICE	0x0001	/* bots count as people; fixed at creation */
#define KCHAT_ROOM_DIRECT	0x0002	/* of two people, named @A-B */
#define KCHAT_ROOM_REGISTERED	0x0004	/* kept over its last person and a restart */
#define KCHAT_ROOM_INVITE_ONLY	0x0008	/* who is not invited stays outside */
#define KCHAT_ROOM_MODERATED	0x0010	/* only who has a voice may speak */
#define KCHAT_ROOM_PASSWORD	0x0020	/* has a password */
#define KCHAT_ROOM_TOPIC_LOCKED	0x0040	/* only operators set the topic */
#define KCHAT_JOIN_EXISTING	0x0100	/* JOIN: do not create the room */
#define KCHAT_JOIN_BACKLOG	0x0200	/* JOIN: the backlog field counts at creation */
#define KCHAT_BACKLOG_DEFAULT	50	/* messages a newcomer sees */
#define KCHAT_BACKLOG_MAX	1000

/* What RULE does, and RULED says was done. */
enum kchat_action {
	KCHAT_RULE_KICK		= 1,
	KCHAT_RULE_BAN		= 2,
	KCHAT_RULE_UNBAN	= 3,
	KCHAT_RULE_MUTE		= 4,
	KCHAT_RULE_UNMUTE	= 5,
	KCHAT_RULE_OPERATOR	= 6,
	KCHAT_RULE_NO_OPERATOR	= 7,
	KCHAT_RULE_VOICE	= 8,
	KCHAT_RULE_NO_VOICE	= 9,
	KCHAT_RULE_OWNER	= 10,	/* hands the room over */
	KCHAT_RULE_REGISTER	= 11,
	KCHAT_RULE_UNREGISTER	= 12,
	KCHAT_RULE_FLAGS	= 13,
	KCHAT_RULE_PASSWORD	= 14,
};

enum kchat_resume_kind {
	KCHAT_RESUME_SESSION	= 0,	/* replace the session's connection */
	KCHAT_RESUME_MEDIA	= 1,	/* add the session's media connection */
};

enum kchat_stream_kind {
	KCHAT_STREAM_IMAGE	= 1,
	KCHAT_STREAM_FILE	= 2,
	KCHAT_STREAM_VIDEO	= 3,
};

#define KCHAT_SIZE_MAX		0x7fffffffffffffffULL	/* of a blob */
#define KCHAT_SIZE_UNKNOWN	0xffffffffffffffffULL
#define KCHAT_DELIVERED_STEPS	8	/* entries of DELIVERED at most */
#define KCHAT_REOFFERS_MAX	8	/* REOFFER of one connection that are not answered */

/* Limits as WELCOME lists them. */
enum kchat_limit {
	KCHAT_LIMIT_TEXT	= 1,	/* bytes */
	KCHAT_LIMIT_CHUNK	= 2,	/* bytes */
	KCHAT_LIMIT_NAME	= 3,	/* bytes */
	KCHAT_LIMIT_ROOM_NAME	= 4,	/* bytes */
	KCHAT_LIMIT_ROOMS	= 5,	/* rooms one connection can be in */
	KCHAT_LIMIT_MEMBERS	= 6,	/* people in one room */
	KCHAT_LIMIT_STREAMS	= 7,	/* streams one person can send at once */
	KCHAT_LIMIT_WINDOW	= 8,	/* bytes of a stream under way */
	KCHAT_LIMIT_PING_MS	= 9,	/* send something at least this often */
	KCHAT_LIMIT_SILENCE_MS	= 10,	/* silent for so long: reconnecting */
	KCHAT_LIMIT_LOST_MS	= 11,	/* silent for so long: lost */
	KCHAT_LIMIT_SESSION_MS	= 12,	/* how long a session can be resumed */
	KCHAT_LIMIT_LOGIN_MS	= 13,	/* time to log in */
	KCHAT_LIMIT_STORED_MS	= 14,	/* at most one STORED per room in this time */
};

/* Counters as STATUS_IS lists them, and /proc/net/kchat and netlink show them. */
enum kchat_counter {
	KCHAT_C_CONNECTIONS	= 1,	/* open now */
	KCHAT_C_SESSIONS	= 2,	/* logged in now, reconnecting included */
	KCHAT_C_PEOPLE		= 3,	/* people present now */
	KCHAT_C_ROOMS		= 4,	/* rooms now */
	KCHAT_C_STREAMS		= 5,	/* streams now */
	KCHAT_C_ACCOUNTS	= 6,	/* accounts known */
	KCHAT_C_LOG_BYTES	= 7,	/* memory in logs now */
	KCHAT_C_ACCEPTED	= 8,	/* connections since the start */
	KCHAT_C_REFUSED		= 9,	/* connections refused for a limit */
	KCHAT_C_LOGINS		= 10,
	KCHAT_C_LOGIN_FAILURES	= 11,
	KCHAT_C_FRAMES_IN	= 12,
	KCHAT_C_FRAMES_OUT	= 13,	/* deliveries: a frame to one recipient */
	KCHAT_C_BYTES_IN	= 14,
	KCHAT_C_BYTES_OUT	= 15,
	KCHAT_C_MESSAGES	= 16,	/* lasting frames sequenced */
	KCHAT_C_REPEATS		= 17,	/* lasting frames recognised as repeats */
	KCHAT_C_ALONE		= 18,	/* refused because nobody else was present */
	KCHAT_C_ERRORS		= 19,	/* ERROR frames sent */
	KCHAT_C_GAPS		= 20,	/* GAP frames sent */
	KCHAT_C_STREAM_BYTES	= 21,	/* bytes of chunks taken in */
	KCHAT_C_STREAM_DROPS	= 22,	/* recipients dropped from a stream as too slow */
	KCHAT_C_UPTIME_MS	= 23,	/* since the server was started */
	KCHAT_C_QUESTIONS	= 24,	/* questions of discovery, over UDP and Ethernet */
	KCHAT_C_ANSWERS		= 25,	/* of those, answered */
};

/* ---- errors ---------------------------------------------------------- */

enum kchat_error {
	KCHAT_E_NONE		= 0,
	KCHAT_E_BAD_FRAME	= 1,
	KCHAT_E_TOO_LONG	= 2,
	KCHAT_E_UNKNOWN_TYPE	= 3,
	KCHAT_E_WRONG_STATE	= 4,
	KCHAT_E_VERSION		= 5,
	KCHAT_E_UTF8		= 6,
	KCHAT_E_EMPTY		= 7,
	KCHAT_E_AUTH		= 10,
	KCHAT_E_AUTH_LIMIT	= 11,
	KCHAT_E_SESSION		= 12,
	KCHAT_E_REGISTER_OFF	= 13,
	KCHAT_E_INVITE_CODE	= 14,
	KCHAT_E_NAME_TAKEN	= 15,
	KCHAT_E_NAME		= 16,
	KCHAT_E_WEAK		= 17,
	KCHAT_E_SERVICE		= 18,
	KCHAT_E_SESSIONS	= 19,
	KCHAT_E_NO_PERSON	= 30,
	KCHAT_E_OFFLINE		= 31,
	KCHAT_E_FORBIDDEN	= 32,
	KCHAT_E_ROOM_NAME	= 40,
	KCHAT_E_NO_ROOM		= 41,
	KCHAT_E_NOT_IN_ROOM	= 42,
	KCHAT_E_IN_ROOM		= 43,
	KCHAT_E_ROOM_FULL	= 44,
	KCHAT_E_ROOMS		= 45,
	KCHAT_E_ALONE		= 46,
	KCHAT_E_KICKED		= 47,
	KCHAT_E_BANNED		= 48,
	KCHAT_E_INVITE_ONLY	= 49,
	KCHAT_E_ROOM_PASSWORD	= 50,
	KCHAT_E_MUTED		= 51,
	KCHAT_E_MODERATED	= 52,
	KCHAT_E_RULES		= 53,
	KCHAT_E_MOVED		= 54,
	KCHAT_E_STREAM		= 60,
	KCHAT_E_STREAMS		= 61,
	KCHAT_E_STREAM_SIZE	= 62,
	KCHAT_E_STREAM_CREDIT	= 63,
	KCHAT_E_STREAM_SLOW	= 64,
	KCHAT_E_STREAM_GONE	= 65,
	KCHAT_E_STREAM_HASH	= 66,
	KCHAT_E_CANCELLED	= 67,
	KCHAT_E_RATE		= 80,
	KCHAT_E_BUSY		= 81,
	KCHAT_E_FULL		= 82,
	KCHAT_E_SHUTDOWN	= 83,
	KCHAT_E_REPLACED	= 84,
	KCHAT_E_TIMEOUT		= 85,
	KCHAT_E_SLOW		= 86,
};

/* ---- discovery ------------------------------------------------------- */

/*
 * "Which servers are here, and are they alive": one question and one answer,
 * the same bytes in a UDP datagram and in an Ethernet frame.
 */
#define KCHAT_DISCOVER_PORT		2325
#define KCHAT_DISCOVER_ETHERTYPE	0x88b5	/* IEEE 802: local experimental 1 */
#define KCHAT_DISCOVER_GROUP4		0xefff1719U	/* 239.255.23.25, RFC 2365 */
#define KCHAT_DISCOVER_MAGIC		"kchd"
#define KCHAT_DISCOVER_VERSION		1
#define KCHAT_DISCOVER_LEN		256	/* bytes of a question; an answer has fewer */

enum kchat_discover_kind {
	KCHAT_DISCOVER_QUESTION	= 1,
	KCHAT_DISCOVER_ANSWER	= 2,
	/* from here on: between servers */
	KCHAT_DISCOVER_PEER	= 16,
};

#define KCHAT_DISCOVER_PEER_MAX		1200	/* bytes of a datagram between servers */

/**
 * struct kchat_discover_hdr - the head of both; zeros fill the rest of a question
 * @magic: KCHAT_DISCOVER_MAGIC
 * @version: KCHAT_DISCOVER_VERSION
 * @kind: enum kchat_discover_kind
 * @reserved: 0
 * @mark: chosen by who asks, and sent back
 * @server: question: who is asked, zeros: everybody; answer: who answers
 */
struct kchat_discover_hdr {
	__u8 magic[4];
	__u8 version;
	__u8 kind;
	__le16 reserved;
	__u8 mark[8];
	__u8 server[16];
} __attribute__((packed));

/**
 * struct kchat_discover_answer - what an answer says; its name and version follow
 * @hdr: the question's mark, our UUID
 * @community: UUID of the servers that share accounts
 * @port: TCP port
 * @flags: KCHAT_DISCOVER_*
 * @load: connections in thousandths of what there may be
 * @name_len: bytes of the server's name
 * @version_len: bytes of the module's version
 * @people: present now
 * @rooms: that there are now
 * @connections: that are open now
 * @mac: over Ethernet: of the interface; else zeros
 * @reserved: 0
 * @link_local: over Ethernet: IPv6 address of the interface; else zeros
 */
struct kchat_discover_answer {
	struct kchat_discover_hdr hdr;
	__u8 community[16];
	__le16 port;
	__le16 flags;
	__le16 load;
	__u8 name_len;
	__u8 version_len;
	__le32 people;
	__le32 rooms;
	__le32 connections;
	__u8 mac[6];
	__le16 reserved;
	__u8 link_local[16];
} __attribute__((packed));

#define KCHAT_DISCOVER_OPEN	0x0001	/* anybody may make an account */
#define KCHAT_DISCOVER_INVITE	0x0002	/* an invite code is needed for one */

#endif /* _UAPI_KCHAT_H */
