// SPDX-License-Identifier: GPL-2.0-only
/* Orders about rooms: those that are registered, and what who runs the server does in any. */
#include <linux/slab.h>

#include "account.h"
#include "alloc.h"
#include "frame_read.h"
#include "netlink_order.h"
#include "netlink_policy.h"
#include "room.h"
#include "rule.h"
#include "utf8.h"

/* ---- ROOM_SET ------------------------------------------------------------------ */

static u64 u64_of(const struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

/* Text as it may stand in a TOPIC. */
static bool topic_fits(const struct kchat_text *topic)
{
	struct kchat_utf8 check = {};

	kchat_utf8_feed(&check, topic->data, topic->len);
	return kchat_utf8_ok(&check) && !check.control;
}

static int read_kept(struct genl_info *info, struct kchat_kept *kept)
{
	const u32 known = KCHAT_ROOM_PRACTICE | KCHAT_ROOM_REGISTERED | KCHAT_ROOM_INVITE_ONLY |
			  KCHAT_ROOM_MODERATED | KCHAT_ROOM_PASSWORD | KCHAT_ROOM_TOPIC_LOCKED;
	struct nlattr **attrs = info->attrs;

	if (!HAS(info, ROOM_NAME) || !HAS(info, ROOM_FLAGS) || !HAS(info, OWNER) ||
	    !HAS(info, BACKLOG) || !HAS(info, CREATED))
		return -EINVAL;
	kept->name = text_of(attrs[KCHAT_A_ROOM_NAME]);
	kept->flags = nla_get_u32(attrs[KCHAT_A_ROOM_FLAGS]);
	kept->owner = nla_get_u64(attrs[KCHAT_A_OWNER]);
	kept->keeper = u64_of(attrs[KCHAT_A_KEEPER]);
	kept->backlog = nla_get_u16(attrs[KCHAT_A_BACKLOG]);
	kept->created = nla_get_u64(attrs[KCHAT_A_CREATED]);
	if (attrs[KCHAT_A_TOPIC])
		kept->topic = text_of(attrs[KCHAT_A_TOPIC]);
	if (kept->flags & ~known) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[KCHAT_A_ROOM_FLAGS],
				    "a registered room cannot have such a flag");
		return -EINVAL;
	}
	if (kept->flags & KCHAT_ROOM_PASSWORD && !HAS(info, ROOM_KEY))
		return -EINVAL;
	if (attrs[KCHAT_A_ROOM_KEY])
		kept->key = nla_data(attrs[KCHAT_A_ROOM_KEY]);
	if (!topic_fits(&kept->topic)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[KCHAT_A_TOPIC], "this is no topic");
		return -EINVAL;
	}
	return 0;
}

static int read_standing(const struct nlattr *nest, struct kchat_standing *standing,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[KCHAT_A_MAX + 1];
	int err = nla_parse_nested(attrs, KCHAT_A_MAX, nest, kchat_policy_standing, extack);

	if (!err)
		err = kchat_policy_once(nla_data(nest), nla_len(nest), extack);
	if (err)
		return err;
	if (!attrs[KCHAT_A_ACCOUNT] || !attrs[KCHAT_A_STANDING_FLAGS]) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "a standing has ACCOUNT and STANDING_FLAGS");
		return -EINVAL;
	}
	standing->account = nla_get_u64(attrs[KCHAT_A_ACCOUNT]);
	standing->flags = nla_get_u32(attrs[KCHAT_A_STANDING_FLAGS]);
	standing->banned_until = u64_of(attrs[KCHAT_A_BANNED_UNTIL]);
	standing->muted_until = u64_of(attrs[KCHAT_A_MUTED_UNTIL]);
	standing->invited_until = u64_of(attrs[KCHAT_A_INVITED_UNTIL]);
	if (standing->flags & ~KCHAT_STANDING_ALL) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[KCHAT_A_STANDING_FLAGS],
				    "there is no such standing");
		return -EINVAL;
	}
	return 0;
}

static int add_standing(struct kchat_room *room, const struct nlattr *nest,
			struct netlink_ext_ack *extack)
{
	struct kchat_standing kept = {}, *fresh;
	enum kchat_error error;
	int err = read_standing(nest, &kept, extack);

	if (err)
		return err;
	fresh = kchat_standing_alloc(room);
	if (!fresh)
		return -ENOMEM;
	spin_lock(&room->lock);
	error = kchat_standing_restore(room, &fresh, &kept);
	spin_unlock(&room->lock);
	kchat_standing_free(fresh);
	if (error == KCHAT_E_NONE)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, nest, "the room remembers as many accounts as it may");
	return -ENOSPC;
}

static int add_standings(struct kchat_room *room, struct genl_info *info)
{
	const struct nlattr *attr;
	int left, err;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, left) {
		if (nla_type(attr) != KCHAT_A_STANDING)
			continue;
		err = add_standing(room, attr, info->extack);
		if (err)
			return err;
	}
	return 0;
}

static int room_set_failed(struct genl_info *info, enum kchat_error error)
{
	const struct nlattr *name = info->attrs[KCHAT_A_ROOM_NAME];

	switch (error) {
	case KCHAT_E_ROOM_NAME:
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "a registered room cannot be called so");
		return -EINVAL;
	case KCHAT_E_IN_ROOM:
		NL_SET_ERR_MSG_ATTR(info->extack, name, "somebody is in this room");
		return -EBUSY;
	case KCHAT_E_ROOMS:
		GENL_SET_ERR_MSG(info, "there are as many rooms as the limit allows");
		return -ENOSPC;
	default:
		return -ENOMEM;
	}
}

int kchat_netlink_room_set(struct sk_buff *skb, struct genl_info *info)
{
	struct kchat_net *knet = knet_of(info);
	struct kchat_kept kept = {};
	struct kchat_room *room;
	enum kchat_error error;
	int err = read_kept(info, &kept);

	if (err)
		return err;
	/* A stop waits until all rooms are gone: it is before this one, or after it. */
	mutex_lock(&knet->control);
	room = kchat_kept_set(knet, &kept, &error);
	if (room) {
		err = add_standings(room, info);
		WRITE_ONCE(room->unsaved, false);
		kchat_room_put(room);
	} else {
		err = room_set_failed(info, error);
	}
	mutex_unlock(&knet->control);
	return err;
}

/* ---- one room ------------------------------------------------------------------ */

/* The room that a request names, with a reference; NULL: see *err. */
static struct kchat_room *room_of(struct genl_info *info, int *err)
{
	struct kchat_room *room;
	struct kchat_text name;

	*err = -EINVAL;
	if (!HAS(info, ROOM_NAME))
		return NULL;
	name = text_of(info->attrs[KCHAT_A_ROOM_NAME]);
	room = kchat_room_find(knet_of(info), &name);
	*err = -ENOENT;
	if (!room)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KCHAT_A_ROOM_NAME],
				    "there is no such room");
	return room;
}

int kchat_netlink_room_del(struct sk_buff *skb, struct genl_info *info)
{
	struct kchat_room *room;
	int err;

	room = room_of(info, &err);
	if (!room)
		return err;
	err = 0;
	if (!kchat_kept_del(room)) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KCHAT_A_ROOM_NAME],
				    "the room is not registered, or about to be");
		err = -ENOENT;
	}
	kchat_room_put(room);
	return err;
}

/**
 * struct record - what is to be kept of a room, copied under its lock
 * @kept: its name is the room's
 * @topic: the text
 * @key: of the password
 */
struct record {
	struct kchat_kept kept;
	char topic[KCHAT_TOPIC_MAX];
	u8 key[KCHAT_KEY_LEN];
};

static void record_room(struct kchat_room *room, struct record *record)
{
	struct kchat_kept *kept = &record->kept;

	mutex_lock(&room->kn->rooms_lock);
	kept->keeper = room->keeper ? room->keeper->number : 0;
	mutex_unlock(&room->kn->rooms_lock);
	spin_lock(&room->lock);
	kept->name = kchat_room_name(room);
	kept->flags = room->flags;
	kept->owner = room->owner;
	kept->backlog = room->backlog;
	kept->created = room->created;
	kept->topic = (struct kchat_text){ record->topic, room->topic_len };
	if (room->topic_len)
		memcpy(record->topic, room->topic, room->topic_len);
	memcpy(record->key, room->key, sizeof(record->key));
	spin_unlock(&room->lock);
}

static int put_record(struct sk_buff *skb, const struct record *record)
{
	const struct kchat_kept *kept = &record->kept;

	if (kchat_netlink_put_text(skb, KCHAT_A_ROOM_NAME, &kept->name) ||
	    nla_put_u32(skb, KCHAT_A_ROOM_FLAGS, kept->flags) ||
	    nla_put_u64_64bit(skb, KCHAT_A_OWNER, kept->owner, KCHAT_A_PAD) ||
	    (kept->keeper &&
	     nla_put_u64_64bit(skb, KCHAT_A_KEEPER, kept->keeper, KCHAT_A_PAD)) ||
	    nla_put_u16(skb, KCHAT_A_BACKLOG, kept->backlog) ||
	    nla_put_u64_64bit(skb, KCHAT_A_CREATED, kept->created, KCHAT_A_PAD) ||
	    kchat_netlink_put_text(skb, KCHAT_A_TOPIC, &kept->topic) ||
	    (kept->flags & KCHAT_ROOM_PASSWORD &&
	     nla_put(skb, KCHAT_A_ROOM_KEY, sizeof(record->key), record->key)))
		return -EMSGSIZE;
	return 0;
}

static int reply_record(struct genl_info *info, const struct record *record)
{
	struct sk_buff *skb = kchat_alloc(genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL));
	void *head;

	if (!skb)
		return -ENOMEM;
	head = genlmsg_put_reply(skb, info, &kchat_genl_family, 0, KCHAT_CMD_ROOM_RECORD);
	if (!head || put_record(skb, record)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return genlmsg_reply(skb, info);
}

int kchat_netlink_room_record(struct sk_buff *skb, struct genl_info *info)
{
	struct record record = {};
	struct kchat_room *room;
	int err;

	room = room_of(info, &err);
	if (!room)
		return err;
	record_room(room, &record);
	err = reply_record(info, &record);
	memzero_explicit(&record, sizeof(record));
	kchat_room_put(room);
	return err;
}

/* ---- RULE ----------------------------------------------------------------------- */

static int rule_failed(struct genl_info *info, const struct kchat_room *room,
		       enum kchat_error error)
{
	const struct nlattr *account = info->attrs[KCHAT_A_ACCOUNT];

	switch (error) {
	case KCHAT_E_NONE:
		return 0;
	case KCHAT_E_NO_PERSON:
		NL_SET_ERR_MSG_ATTR(info->extack, account, "there is no such account");
		return -ENOENT;
	case KCHAT_E_OFFLINE:
		NL_SET_ERR_MSG_ATTR(info->extack, account, "this account is not in the room");
		return -ESRCH;
	case KCHAT_E_RULES:
		GENL_SET_ERR_MSG(info, "the room remembers as many accounts as it may");
		return -ENOSPC;
	case KCHAT_E_FORBIDDEN:
		if (room->flags & KCHAT_ROOM_DIRECT)
			NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KCHAT_A_ROOM_NAME],
					    "a room of two has no rules");
		else
			NL_SET_ERR_MSG_ATTR(info->extack, account,
					    "no ban or mute holds for an account with the flag ADMIN");
		return -EINVAL;
	default:
		return -ENOMEM;
	}
}

static int read_ruling(struct genl_info *info, struct kchat_ruling *ruling)
{
	const struct nlattr *seconds = info->attrs[KCHAT_A_SECONDS];
	const struct nlattr *reason = info->attrs[KCHAT_A_REASON];

	if (!HAS(info, ACTION) || !HAS(info, ACCOUNT))
		return -EINVAL;
	ruling->action = nla_get_u8(info->attrs[KCHAT_A_ACTION]);
	ruling->account = nla_get_u64(info->attrs[KCHAT_A_ACCOUNT]);
	if (seconds)
		ruling->seconds = nla_get_u32(seconds);
	if (ruling->seconds && ruling->action != KCHAT_RULE_BAN &&
	    ruling->action != KCHAT_RULE_MUTE) {
		NL_SET_ERR_MSG_ATTR(info->extack, seconds, "only a ban or a mute has a time");
		return -EINVAL;
	}
	ruling->text = (struct kchat_text){ "", 0 };
	if (reason)
		ruling->text = text_of(reason);
	if (kchat_check_line(&ruling->text, KCHAT_E_BAD_FRAME)) {
		NL_SET_ERR_MSG_ATTR(info->extack, reason, "a reason is one line of UTF-8");
		return -EINVAL;
	}
	return 0;
}

int kchat_netlink_rule(struct sk_buff *skb, struct genl_info *info)
{
	struct kchat_ruling ruling = {};
	struct kchat_room *room;
	int err = read_ruling(info, &ruling);

	if (err)
		return err;
	room = room_of(info, &err);
	if (!room)
		return err;
	err = rule_failed(info, room, kchat_room_order(room, &ruling));
	kchat_room_put(room);
	return err;
}
