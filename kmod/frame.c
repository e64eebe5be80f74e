// SPDX-License-Identifier: GPL-2.0-only
/* What clients may send: the rules of each type, and what the bodies say. */
#include "frame.h"

#include <linux/kernel.h>
#include <linux/string.h>

#include "compat.h"
#include "utf8.h"

/* ---- rules ----------------------------------------------------------- */

#define NEW		BIT(KCHAT_CONN_NEW)
#define GREETED		BIT(KCHAT_CONN_GREETED)
#define CHALLENGED	BIT(KCHAT_CONN_CHALLENGED)
#define OPEN		BIT(KCHAT_CONN_OPEN)
#define MEDIA		BIT(KCHAT_CONN_MEDIA)
#define ANY		(NEW | GREETED | CHALLENGED | OPEN | MEDIA)

#define ROOM		KCHAT_RULE_ROOM
#define PASSING		(KCHAT_RULE_ROOM | KCHAT_RULE_RELAYED)
#define SPEECH		KCHAT_RULE_SPEECH
#define LASTING		(PASSING | SPEECH | KCHAT_RULE_LASTING)

/* No two types share the lowest seven bits: they are the index. */
#define SLOT(type)	((type) & 0x7f)

#define CLIENT(_name, _states, _min, _max, _kind, _flags)		\
	[SLOT(KCHAT_T_##_name)] = {					\
		.name = #_name, .type = KCHAT_T_##_name,		\
		.flags = (_flags), .states = (_states), .kind = (_kind),\
		.body_min = (_min), .body_max = (_max),			\
	}
#define SERVER(_name)	CLIENT(_name, 0, 0, KCHAT_BODY_MAX, 0, 0)

static const struct kchat_rule rules[SLOT(0xffff) + 1] = {
	CLIENT(HELLO,		NEW,		2, 80,		0, 0),
	SERVER(WELCOME),
	CLIENT(AUTH,		GREETED,	1, 512,		0, 0),
	SERVER(CHALLENGE),
	CLIENT(PROOF,		CHALLENGED,	0, 512,		0, 0),
	SERVER(AUTH_OK),
	CLIENT(RESUME,		GREETED,	64, 64,		0, 0),
	CLIENT(REGISTER,	GREETED,	88, 216,	0, 0),
	SERVER(REGISTERED),
	CLIENT(PASSWD,		OPEN,		120, 120,	0, 0),
	CLIENT(BYE,		ANY,		0, 0,		0, 0),
	SERVER(ERROR),
	SERVER(OK),
	CLIENT(PING,		ANY,		0, 32,		0, 0),
	CLIENT(PONG,		ANY,		0, 32,		0, 0),

	CLIENT(WHOIS,		OPEN,		16, 80,		0, 0),
	SERVER(PERSON),
	CLIENT(PEOPLE,		OPEN,		8, 8,		0, 0),
	SERVER(PEOPLE_ARE),
	CLIENT(ROOMS,		OPEN,		8, 8,		0, 0),
	SERVER(ROOMS_ARE),
	CLIENT(STATUS,		OPEN,		0, 0,		0, 0),
	SERVER(STATUS_IS),

	CLIENT(JOIN,		OPEN,		24, 120,	0, 0),
	SERVER(JOINED),
	SERVER(ROSTER),
	SERVER(LIVE),
	CLIENT(PART,		OPEN,		0, 0,		ROOM, 0),
	SERVER(PARTED),
	SERVER(MOVED),
	SERVER(GAP),
	SERVER(ACK),
	CLIENT(STORED,		OPEN,		16, 16,		ROOM, 0),
	CLIENT(REOFFER,		OPEN,		48, 17456,	ROOM, 0),
	CLIENT(DIRECT,		OPEN,		8, 4104,	0, 0),
	CLIENT(INVITE,		OPEN,		8, 8,		ROOM, 0),
	SERVER(INVITED),
	CLIENT(RULE,		OPEN,		16, 272,	ROOM, 0),
	CLIENT(AWAY,		OPEN,		8, 8,		0, 0),

	CLIENT(MSG,		OPEN,		8, 17416,	LASTING, 0),
	CLIENT(EDIT,		OPEN,		8, 17416,	LASTING, 0),
	CLIENT(DELETE,		OPEN,		8, 1032,	LASTING, 0),
	CLIENT(REACT,		OPEN,		8, 1096,	LASTING, KCHAT_F_REMOVE),
	CLIENT(TOPIC,		OPEN,		8, 1288,	LASTING, 0),

	SERVER(PRESENCE),
	CLIENT(TYPING,		OPEN,		1, 1,		PASSING | SPEECH, 0),
	SERVER(DELIVERED),
	CLIENT(WANT,		OPEN,		32, 32,		PASSING, 0),
	CLIENT(BLOB_WANT,	OPEN,		48, 48,		PASSING, 0),
	CLIENT(STREAM_BEGIN,	OPEN,		76, 395,	PASSING | SPEECH, 0),
	SERVER(RULED),
	CLIENT(READ,		OPEN,		16, 16,		PASSING, 0),

	/* Streams are named by their id, and may come on a connection without rooms. */
	CLIENT(STREAM_ACCEPT,	OPEN | MEDIA,	8, 8,		0, 0),
	SERVER(STREAM_START),
	SERVER(STREAM_CREDIT),
	CLIENT(STREAM_CHUNK,	OPEN | MEDIA,	1, 16384,	0, KCHAT_F_KEYFRAME),
	CLIENT(STREAM_END,	OPEN | MEDIA,	40, 40,		0, 0),
	CLIENT(STREAM_CANCEL,	OPEN | MEDIA,	8, 8,		0, 0),
};

/**
 * kchat_frame_rule - what frames of a type must be like
 * @type: from a header
 *
 * Return: the rule, or NULL for a type this version does not know
 */
const struct kchat_rule *kchat_frame_rule(u16 type)
{
	const struct kchat_rule *rule = &rules[SLOT(type)];

	return rule->type == type && rule->name ? rule : NULL;
}

/* After the length is known to be trustworthy. */
static enum kchat_error check_known(const struct kchat_hdr *hdr, const struct kchat_rule *rule,
				    enum kchat_conn_state state, u32 body_len)
{
	if (!(rule->states & BIT(state)))
		return KCHAT_E_WRONG_STATE;
	/* Clients leave to the server what the server alone may say. */
	if (hdr->reserved || hdr->epoch || hdr->seq || hdr->time || hdr->sender)
		return KCHAT_E_BAD_FRAME;
	if (le16_to_cpu(hdr->flags) & ~rule->flags || body_len < rule->body_min)
		return KCHAT_E_BAD_FRAME;
	return KCHAT_E_NONE;
}

/**
 * kchat_frame_check - decide about a frame by its header, before anything is allocated
 * @hdr: as received
 * @state: of the connection
 * @verdict: filled in whole
 */
void kchat_frame_check(const struct kchat_hdr *hdr, enum kchat_conn_state state,
		       struct kchat_verdict *verdict)
{
	const struct kchat_rule *rule = kchat_frame_rule(le16_to_cpu(hdr->type));
	u32 body_max = rule ? rule->body_max : KCHAT_UNKNOWN_MAX;
	u32 length = le32_to_cpu(hdr->length);

	verdict->rule = rule;
	verdict->body_len = 0;
	verdict->error = KCHAT_E_NONE;
	verdict->fatal = true;
	if (length < KCHAT_LENGTH_MIN) {
		verdict->error = KCHAT_E_BAD_FRAME;
		return;
	}
	if (length - KCHAT_LENGTH_MIN > body_max) {
		verdict->error = KCHAT_E_TOO_LONG;
		return;
	}
	verdict->fatal = false;
	verdict->body_len = length - KCHAT_LENGTH_MIN;
	if (rule)
		verdict->error = check_known(hdr, rule, state, verdict->body_len);
	else if (le16_to_cpu(hdr->type) & KCHAT_TYPE_CRITICAL)
		verdict->error = KCHAT_E_UNKNOWN_TYPE;
}

static const char *const sentences[] = {
	[KCHAT_E_BAD_FRAME]	= "The frame is malformed.",
	[KCHAT_E_TOO_LONG]	= "The frame is longer than its type allows.",
	[KCHAT_E_UNKNOWN_TYPE]	= "The server does not know this type of frame.",
	[KCHAT_E_WRONG_STATE]	= "This frame is not allowed now.",
	[KCHAT_E_VERSION]	= "The server speaks protocol version 1 only.",
	[KCHAT_E_UTF8]		= "The text is not valid UTF-8.",
	[KCHAT_E_EMPTY]		= "There is nothing in it.",
	[KCHAT_E_AUTH]		= "The name or the password is wrong.",
	[KCHAT_E_AUTH_LIMIT]	= "Too many failed logins; wait before trying again.",
	[KCHAT_E_SESSION]	= "The session has ended; log in again.",
	[KCHAT_E_REGISTER_OFF]	= "This server takes no registrations from here.",
	[KCHAT_E_INVITE_CODE]	= "The invite code is missing, wrong or used up.",
	[KCHAT_E_NAME_TAKEN]	= "This name is taken.",
	[KCHAT_E_NAME]		= "This name is not allowed.",
	[KCHAT_E_WEAK]		=
		"The iteration count or the salt is not what the server asks for.",
	[KCHAT_E_SERVICE]	= "The accounts service does not answer.",
	[KCHAT_E_SESSIONS]	= "This account has too many sessions.",
	[KCHAT_E_NO_PERSON]	= "There is no such person.",
	[KCHAT_E_OFFLINE]	= "This person is not connected, or not in the room.",
	[KCHAT_E_FORBIDDEN]	= "You may not do this.",
	[KCHAT_E_ROOM_NAME]	= "This is not a name for a room.",
	[KCHAT_E_NO_ROOM]	= "There is no such room.",
	[KCHAT_E_NOT_IN_ROOM]	= "You are not in this room.",
	[KCHAT_E_IN_ROOM]	= "You are in this room already.",
	[KCHAT_E_ROOM_FULL]	= "The room is full.",
	[KCHAT_E_ROOMS]		= "Too many rooms.",
	[KCHAT_E_ALONE]		= "Nobody else is present in the room.",
	[KCHAT_E_KICKED]	= "You were removed by an operator.",
	[KCHAT_E_BANNED]	= "You are banned from this room.",
	[KCHAT_E_INVITE_ONLY]	= "This room is for people who were invited.",
	[KCHAT_E_ROOM_PASSWORD]	= "The room's password is missing or wrong.",
	[KCHAT_E_MUTED]	= "You are muted in this room.",
	[KCHAT_E_MODERATED]	= "In this room only those with a voice may speak.",
	[KCHAT_E_RULES]		=
		"The room remembers as many roles, bans, mutes and invitations as it may.",
	[KCHAT_E_MOVED]		= "The room has moved to another server.",
	[KCHAT_E_STREAM]	= "There is no such stream.",
	[KCHAT_E_STREAMS]	= "Too many streams.",
	[KCHAT_E_STREAM_SIZE]	= "The stream is not as long as announced.",
	[KCHAT_E_STREAM_CREDIT]	= "The stream ran ahead of its credit.",
	[KCHAT_E_STREAM_SLOW]	= "You read the stream too slowly.",
	[KCHAT_E_STREAM_GONE]	= "The sender of the stream is gone.",
	[KCHAT_E_STREAM_HASH]	= "The stream is not what its hash says.",
	[KCHAT_E_CANCELLED]	= "The stream was cancelled.",
	[KCHAT_E_RATE]		= "Too much at once; wait.",
	[KCHAT_E_BUSY]		= "The server has no memory to spare; try again.",
	[KCHAT_E_FULL]		= "The server is full.",
	[KCHAT_E_SHUTDOWN]	= "The server is stopping.",
	[KCHAT_E_REPLACED]	= "Another connection has taken over this session.",
	[KCHAT_E_TIMEOUT]	= "Nothing was heard for too long.",
	[KCHAT_E_SLOW]		= "You read too slowly.",
};

/**
 * kchat_frame_sentence - an error in words
 * @error: its number
 *
 * Return: the sentence of docs/protocol.md, empty for a number without one
 */
const char *kchat_frame_sentence(enum kchat_error error)
{
	if ((unsigned int)error >= ARRAY_SIZE(sentences) || !sentences[error])
		return "";
	return sentences[error];
}
