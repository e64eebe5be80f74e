// SPDX-License-Identifier: GPL-2.0-only
/* What each order may say: each has a policy of its own, with no attribute but its own. */
#include "netlink_policy.h"

/* ---- what an attribute has to be, wherever it comes ------------------------------- */

#define ADDR			[KCHAT_A_ADDR] = NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr))
#define PREFIX_LEN		[KCHAT_A_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 128)
#define SERVER_UUID		[KCHAT_A_SERVER_UUID] = NLA_POLICY_EXACT_LEN(16)
#define COMMUNITY_UUID		[KCHAT_A_COMMUNITY_UUID] = NLA_POLICY_EXACT_LEN(16)
#define SERVER_NAME	\
	[KCHAT_A_SERVER_NAME] = { .type = NLA_NUL_STRING, .len = KCHAT_SERVER_NAME_MAX }
#define GENERATION		[KCHAT_A_GENERATION] = NLA_POLICY_MIN(NLA_U32, 1)
#define SECRET			[KCHAT_A_SECRET] = NLA_POLICY_EXACT_LEN(KCHAT_KEY_LEN)
#define ITERATIONS	\
	[KCHAT_A_ITERATIONS] = NLA_POLICY_MIN(NLA_U32, KCHAT_ITERATIONS_MIN)
#define PORT			[KCHAT_A_PORT] = NLA_POLICY_MIN(NLA_U16, 1)
#define REGISTER		[KCHAT_A_REGISTER] = NLA_POLICY_MAX(NLA_U8, KCHAT_REGISTER_OPEN)
#define ACCOUNT			[KCHAT_A_ACCOUNT] = NLA_POLICY_MIN(NLA_U64, 1)
#define NAME			[KCHAT_A_NAME] = { .type = NLA_NUL_STRING, .len = KCHAT_NAME_MAX }
#define LOGIN	\
	[KCHAT_A_LOGIN] = { .type = NLA_NUL_STRING, .len = KCHAT_NAME_MAX }
#define FLAGS	\
	[KCHAT_A_FLAGS] = NLA_POLICY_MAX(NLA_U32, KCHAT_PERSON_BOT | KCHAT_PERSON_ADMIN)
#define SALT			[KCHAT_A_SALT] = NLA_POLICY_EXACT_LEN(KCHAT_SALT_LEN)
#define STORED_KEY		[KCHAT_A_STORED_KEY] = NLA_POLICY_EXACT_LEN(KCHAT_KEY_LEN)
#define SERVER_KEY		[KCHAT_A_SERVER_KEY] = NLA_POLICY_EXACT_LEN(KCHAT_KEY_LEN)
#define SESSION			[KCHAT_A_SESSION] = NLA_POLICY_MIN(NLA_U64, 1)
#define COOKIE			[KCHAT_A_COOKIE] = { .type = NLA_U64 }
#define ERROR			[KCHAT_A_ERROR] = { .type = NLA_U16 }
#define UID			[KCHAT_A_UID] = { .type = NLA_U32 }
#define PARAM_NAME		[KCHAT_A_PARAM_NAME] = { .type = NLA_NUL_STRING, .len = 63 }
#define PARAM_VALUE		[KCHAT_A_PARAM_VALUE] = { .type = NLA_U64 }
#define UDP_PORT		[KCHAT_A_UDP_PORT] = { .type = NLA_U16 }
#define OUTER_PORT		[KCHAT_A_OUTER_PORT] = NLA_POLICY_MIN(NLA_U16, 1)
#define IFNAME			[KCHAT_A_IFNAME] = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 }
#define ETHER			[KCHAT_A_ETHER] = NLA_POLICY_MAX(NLA_U8, 1)
#define PROXY_FROM		[KCHAT_A_PROXY_FROM] = NLA_POLICY_NESTED(kchat_policy_proxy)
#define COMMUNITY_SECRET	[KCHAT_A_COMMUNITY_SECRET] = NLA_POLICY_EXACT_LEN(KCHAT_KEY_LEN)
#define HOST			[KCHAT_A_HOST] = { .type = NLA_NUL_STRING, .len = KCHAT_HOST_MAX }
#define SUCCESSOR		[KCHAT_A_SUCCESSOR] = NLA_POLICY_EXACT_LEN(16)
#define ROOM_NAME	\
	[KCHAT_A_ROOM_NAME] = { .type = NLA_NUL_STRING, .len = KCHAT_ROOM_NAME_MAX }
#define ROOM_FLAGS		[KCHAT_A_ROOM_FLAGS] = { .type = NLA_U32 }
#define OWNER			[KCHAT_A_OWNER] = { .type = NLA_U64 }
#define KEEPER			[KCHAT_A_KEEPER] = NLA_POLICY_MIN(NLA_U64, 1)
#define BACKLOG			[KCHAT_A_BACKLOG] = NLA_POLICY_MAX(NLA_U16, KCHAT_BACKLOG_MAX)
#define CREATED			[KCHAT_A_CREATED] = { .type = NLA_U64 }
#define TOPIC	\
	[KCHAT_A_TOPIC] = { .type = NLA_NUL_STRING, .len = KCHAT_TOPIC_MAX }
#define ROOM_KEY		[KCHAT_A_ROOM_KEY] = NLA_POLICY_EXACT_LEN(KCHAT_KEY_LEN)
#define STANDING		[KCHAT_A_STANDING] = NLA_POLICY_NESTED(kchat_policy_standing)
#define ACTION	\
	[KCHAT_A_ACTION] = NLA_POLICY_RANGE(NLA_U8, KCHAT_RULE_KICK, KCHAT_RULE_UNMUTE)
#define SECONDS			[KCHAT_A_SECONDS] = { .type = NLA_U32 }
#define REASON	\
	[KCHAT_A_REASON] = { .type = NLA_NUL_STRING, .len = KCHAT_REASON_MAX }
#define STANDING_FLAGS		[KCHAT_A_STANDING_FLAGS] = NLA_POLICY_MIN(NLA_U32, 1)
#define BANNED_UNTIL		[KCHAT_A_BANNED_UNTIL] = { .type = NLA_U64 }
#define MUTED_UNTIL		[KCHAT_A_MUTED_UNTIL] = { .type = NLA_U64 }
#define INVITED_UNTIL		[KCHAT_A_INVITED_UNTIL] = { .type = NLA_U64 }

/* ---- nests -------------------------------------------------------------------------- */

const struct nla_policy kchat_policy_proxy[KCHAT_A_MAX + 1] = {
	ADDR, PREFIX_LEN,
};

const struct nla_policy kchat_policy_standing[KCHAT_A_MAX + 1] = {
	ACCOUNT, STANDING_FLAGS, BANNED_UNTIL, MUTED_UNTIL, INVITED_UNTIL,
};

/* ---- orders -------------------------------------------------------------------------- */

const struct nla_policy kchat_policy_none[KCHAT_A_MAX + 1] = {};

const struct nla_policy kchat_policy_start[KCHAT_A_MAX + 1] = {
	SERVER_UUID, COMMUNITY_UUID, SERVER_NAME, GENERATION, SECRET, ITERATIONS, PORT, ADDR,
	REGISTER, UDP_PORT, OUTER_PORT, PROXY_FROM, COMMUNITY_SECRET, SUCCESSOR,
};

const struct nla_policy kchat_policy_account_set[KCHAT_A_MAX + 1] = {
	ACCOUNT, NAME, LOGIN, FLAGS, SALT, STORED_KEY, SERVER_KEY, UID,
};

const struct nla_policy kchat_policy_account_del[KCHAT_A_MAX + 1] = {
	ACCOUNT,
};

const struct nla_policy kchat_policy_decision[KCHAT_A_MAX + 1] = {
	COOKIE, ERROR, ACCOUNT,
};

const struct nla_policy kchat_policy_param_set[KCHAT_A_MAX + 1] = {
	PARAM_NAME, PARAM_VALUE,
};

const struct nla_policy kchat_policy_ether_set[KCHAT_A_MAX + 1] = {
	IFNAME, ETHER,
};

const struct nla_policy kchat_policy_kick[KCHAT_A_MAX + 1] = {
	SESSION, ACCOUNT,
};

const struct nla_policy kchat_policy_peer_set[KCHAT_A_MAX + 1] = {
	SERVER_UUID, SERVER_NAME, ADDR, UDP_PORT, HOST, PORT,
};

const struct nla_policy kchat_policy_peer_del[KCHAT_A_MAX + 1] = {
	SERVER_UUID,
};

const struct nla_policy kchat_policy_drain[KCHAT_A_MAX + 1] = {
	SERVER_UUID,
};

const struct nla_policy kchat_policy_room_set[KCHAT_A_MAX + 1] = {
	ROOM_NAME, ROOM_FLAGS, OWNER, KEEPER, BACKLOG, CREATED, TOPIC, ROOM_KEY, STANDING,
};

const struct nla_policy kchat_policy_room_del[KCHAT_A_MAX + 1] = {
	ROOM_NAME,
};

const struct nla_policy kchat_policy_room_record[KCHAT_A_MAX + 1] = {
	ROOM_NAME,
};

const struct nla_policy kchat_policy_standing_get[KCHAT_A_MAX + 1] = {
	ROOM_NAME,
};

const struct nla_policy kchat_policy_rule[KCHAT_A_MAX + 1] = {
	ROOM_NAME, ACTION, ACCOUNT, SECONDS, REASON,
};

/* ---- what no policy can say ---------------------------------------------------------- */

/* These may come several times. */
static bool is_list(int type)
{
	return type == KCHAT_A_PROXY_FROM || type == KCHAT_A_STANDING;
}

int kchat_policy_once(const struct nlattr *first, int len, struct netlink_ext_ack *extack)
{
	DECLARE_BITMAP(seen, KCHAT_A_MAX + 1);
	const struct nlattr *attr;
	int left;

	bitmap_zero(seen, KCHAT_A_MAX + 1);
	nla_for_each_attr(attr, first, len, left) {
		int type = nla_type(attr);

		if (type > KCHAT_A_MAX || is_list(type) || !__test_and_set_bit(type, seen))
			continue;
		NL_SET_ERR_MSG_ATTR(extack, attr, "this attribute is there twice");
		return -EINVAL;
	}
	return 0;
}
