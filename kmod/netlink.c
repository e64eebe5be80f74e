// SPDX-License-Identifier: GPL-2.0-only
#include "netlink_order.h"

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <net/ipv6.h>

#include "alloc.h"
#include "conn.h"
#include "discover_raw.h"
#include "netlink_policy.h"
#include "service.h"
#include "stats.h"

int kchat_netlink_put_text(struct sk_buff *skb, int type, const struct kchat_text *text)
{
	struct nlattr *attr = nla_reserve(skb, type, text->len + 1);
	char *data;

	if (!attr)
		return -EMSGSIZE;
	data = nla_data(attr);
	memcpy(data, text->data, text->len);
	data[text->len] = '\0';
	return 0;
}

int kchat_netlink_put_peer(struct sk_buff *skb, const struct in6_addr *peer, u16 port)
{
	char text[KCHAT_PEER_LEN + 8];

	if (ipv6_addr_v4mapped(peer))
		snprintf(text, sizeof(text), "%pI4:%u", &peer->s6_addr32[3], port);
	else
		snprintf(text, sizeof(text), "[%pI6c]:%u", peer, port);
	return nla_put_string(skb, KCHAT_A_PEER, text);
}

/* ---- the server -------------------------------------------------------------- */

static int read_proxies(const struct nlattr *nest, struct kchat_config *cfg,
			struct netlink_ext_ack *extack)
{
	struct kchat_proxies *proxies = &cfg->proxies[cfg->nr_proxies];
	struct nlattr *attrs[KCHAT_A_MAX + 1];
	struct in6_addr network;
	int err;

	if (cfg->nr_proxies == ARRAY_SIZE(cfg->proxies)) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "there are too many networks of proxies");
		return -E2BIG;
	}
	err = nla_parse_nested(attrs, KCHAT_A_MAX, nest, kchat_policy_proxy, extack);
	if (err)
		return err;
	err = kchat_policy_once(nla_data(nest), nla_len(nest), extack);
	if (err)
		return err;
	if (!attrs[KCHAT_A_ADDR] || !attrs[KCHAT_A_PREFIX_LEN]) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "a network has ADDR and PREFIX_LEN");
		return -EINVAL;
	}
	proxies->addr = nla_get_in6_addr(attrs[KCHAT_A_ADDR]);
	proxies->len = nla_get_u8(attrs[KCHAT_A_PREFIX_LEN]);
	ipv6_addr_prefix(&network, &proxies->addr, proxies->len);
	if (!ipv6_addr_equal(&network, &proxies->addr)) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[KCHAT_A_ADDR],
				    "the address goes on behind its prefix");
		return -EINVAL;
	}
	cfg->nr_proxies++;
	return 0;
}

/* PROXY_FROM may come several times, of which info->attrs knows the last alone. */
static int read_all_proxies(struct genl_info *info, struct kchat_config *cfg)
{
	const struct nlattr *attr;
	int left, err;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, left) {
		if (nla_type(attr) != KCHAT_A_PROXY_FROM)
			continue;
		err = read_proxies(attr, cfg, info->extack);
		if (err)
			return err;
	}
	return 0;
}

static int do_start(struct sk_buff *skb, struct genl_info *info)
{
	struct kchat_config cfg = {
		.port = KCHAT_PORT,
		.reg = KCHAT_REGISTER_OFF,
		.udp_port = KCHAT_DISCOVER_PORT,
	};
	struct kchat_text name;
	int err;

	if (!HAS(info, SERVER_UUID) || !HAS(info, COMMUNITY_UUID) || !HAS(info, SERVER_NAME) ||
	    !HAS(info, GENERATION) || !HAS(info, SECRET) || !HAS(info, ITERATIONS))
		return -EINVAL;
	err = read_all_proxies(info, &cfg);
	if (err)
		return err;
	nla_memcpy(cfg.server_uuid, info->attrs[KCHAT_A_SERVER_UUID], sizeof(cfg.server_uuid));
	nla_memcpy(cfg.community_uuid, info->attrs[KCHAT_A_COMMUNITY_UUID],
		   sizeof(cfg.community_uuid));
	name = text_of(info->attrs[KCHAT_A_SERVER_NAME]);
	memcpy(cfg.name, name.data, name.len);
	cfg.generation = nla_get_u32(info->attrs[KCHAT_A_GENERATION]);
	nla_memcpy(cfg.secret, info->attrs[KCHAT_A_SECRET], sizeof(cfg.secret));
	cfg.iterations = nla_get_u32(info->attrs[KCHAT_A_ITERATIONS]);
	if (info->attrs[KCHAT_A_PORT])
		cfg.port = nla_get_u16(info->attrs[KCHAT_A_PORT]);
	if (info->attrs[KCHAT_A_ADDR])
		nla_memcpy(&cfg.addr, info->attrs[KCHAT_A_ADDR], sizeof(cfg.addr));
	if (info->attrs[KCHAT_A_COMMUNITY_SECRET])
		nla_memcpy(cfg.community_secret, info->attrs[KCHAT_A_COMMUNITY_SECRET],
			   sizeof(cfg.community_secret));
	cfg.drained = info->attrs[KCHAT_A_SUCCESSOR];
	if (cfg.drained)
		nla_memcpy(cfg.successor, info->attrs[KCHAT_A_SUCCESSOR], sizeof(cfg.successor));
	if (info->attrs[KCHAT_A_REGISTER])
		cfg.reg = nla_get_u8(info->attrs[KCHAT_A_REGISTER]);
	if (info->attrs[KCHAT_A_UDP_PORT])
		cfg.udp_port = nla_get_u16(info->attrs[KCHAT_A_UDP_PORT]);
	cfg.outer_port = cfg.port;
	if (info->attrs[KCHAT_A_OUTER_PORT])
		cfg.outer_port = nla_get_u16(info->attrs[KCHAT_A_OUTER_PORT]);

	err = kchat_net_start(knet_of(info), &cfg);
	memzero_explicit(&cfg, sizeof(cfg));
	if (err == -EALREADY)
		GENL_SET_ERR_MSG(info, "the server is running already");
	else if (err == -EADDRINUSE)
		GENL_SET_ERR_MSG(info, "the port, or that of discovery, is taken");
	else if (err == -EADDRNOTAVAIL)
		GENL_SET_ERR_MSG(info, "this host has no such address");
	else if (err == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KCHAT_A_SUCCESSOR],
				    "the successor is no peer");
	else if (err)
		GENL_SET_ERR_MSG(info, "the server cannot listen");
	return err;
}

static int do_stop(struct sk_buff *skb, struct genl_info *info)
{
	struct kchat_net *knet = knet_of(info);

	if (!kchat_net_running(knet)) {
		GENL_SET_ERR_MSG(info, "the server is not running");
		return -ESRCH;
	}
	kchat_net_stop(knet);
	return 0;
}

static int put_proxies(struct sk_buff *skb, const struct kchat_config *cfg)
{
	int i;

	for (i = 0; i < cfg->nr_proxies; i++) {
		struct nlattr *nest = nla_nest_start(skb, KCHAT_A_PROXY_FROM);

		if (!nest || nla_put_in6_addr(skb, KCHAT_A_ADDR, &cfg->proxies[i].addr) ||
		    nla_put_u8(skb, KCHAT_A_PREFIX_LEN, cfg->proxies[i].len))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

static int put_identity(struct sk_buff *skb, const struct kchat_config *cfg)
{
	if (nla_put(skb, KCHAT_A_SERVER_UUID, sizeof(cfg->server_uuid), cfg->server_uuid) ||
	    nla_put(skb, KCHAT_A_COMMUNITY_UUID, sizeof(cfg->community_uuid),
		    cfg->community_uuid) ||
	    nla_put_string(skb, KCHAT_A_SERVER_NAME, cfg->name) ||
	    nla_put_u32(skb, KCHAT_A_GENERATION, cfg->generation) ||
	    nla_put_u32(skb, KCHAT_A_ITERATIONS, cfg->iterations) ||
	    nla_put_u16(skb, KCHAT_A_PORT, cfg->port) ||
	    nla_put_in6_addr(skb, KCHAT_A_ADDR, &cfg->addr) ||
	    nla_put_u8(skb, KCHAT_A_REGISTER, cfg->reg))
		return -EMSGSIZE;
	return put_proxies(skb, cfg);
}

static int put_counter(struct sk_buff *skb, const struct kchat_counter_value *counter)
{
	struct nlattr *nest = nla_nest_start(skb, KCHAT_A_COUNTER);

	if (!nest || nla_put_u16(skb, KCHAT_A_COUNTER_ID, counter->number) ||
	    nla_put_u64_64bit(skb, KCHAT_A_COUNTER_VALUE, counter->value, KCHAT_A_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_status(struct sk_buff *skb, struct kchat_net *knet)
{
	struct kchat_counter_value counters[KCHAT_STATS];
	int i, err = 0;

	if (nla_put_string(skb, KCHAT_A_MODULE_VERSION, KCHAT_MODULE_VERSION) ||
	    nla_put_u8(skb, KCHAT_A_RUNNING, kchat_net_running(knet)))
		return -EMSGSIZE;
	mutex_lock(&knet->control);
	if (knet->running)
		err = put_identity(skb, &knet->cfg) ?: kchat_netlink_put_drain(skb, knet);
	mutex_unlock(&knet->control);
	kchat_stat_read_all(knet, counters);
	for (i = 0; i < KCHAT_STATS && !err; i++)
		err = put_counter(skb, &counters[i]);
	return err;
}

static int do_status(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *skb = kchat_alloc(genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL));
	int err = -EMSGSIZE;
	void *head;

	if (!skb)
		return -ENOMEM;
	head = genlmsg_put_reply(skb, info, &kchat_genl_family, 0, KCHAT_CMD_STATUS);
	if (head)
		err = put_status(skb, knet_of(info));
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, head);
	return genlmsg_reply(skb, info);
}

static int do_param_set(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	if (!HAS(info, PARAM_NAME) || !HAS(info, PARAM_VALUE))
		return -EINVAL;
	err = kchat_param_set(knet_of(info), nla_data(info->attrs[KCHAT_A_PARAM_NAME]),
			      nla_get_u64(info->attrs[KCHAT_A_PARAM_VALUE]));
	if (err == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KCHAT_A_PARAM_NAME],
				    "there is no such limit");
	else if (err == -ERANGE)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KCHAT_A_PARAM_VALUE],
				    "the value is out of the limit's bounds");
	return err;
}

static int do_ether_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[KCHAT_A_IFNAME];
	char name[IFNAMSIZ];
	int err;

	if (!HAS(info, IFNAME) || !HAS(info, ETHER))
		return -EINVAL;
	nla_strscpy(name, attr, sizeof(name));
	if (!dev_valid_name(name)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "an interface cannot have this name");
		return -EINVAL;
	}
	err = kchat_discover_raw_set(knet_of(info), name, nla_get_u8(info->attrs[KCHAT_A_ETHER]));
	if (err == -ESRCH)
		GENL_SET_ERR_MSG(info, "the server is not running");
	else if (err == -EEXIST)
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "discovery is on there already");
	else if (err == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "discovery is not on there");
	else if (err == -ENOSPC)
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "as many interfaces as may be are on");
	else if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "no packet socket could be bound there");
	return err;
}

/* ---- the accounts service goes ----------------------------------------------------- */

/* When the accounts service goes, its number may become another socket's. */
static int netlink_event(struct notifier_block *block, unsigned long event, void *data)
{
	struct netlink_notify *notify = data;

	if (event == NETLINK_URELEASE && notify->protocol == NETLINK_GENERIC)
		kchat_service_released(kchat_net_of(notify->net), notify->portid);
	return NOTIFY_DONE;
}

static struct notifier_block netlink_notifier = {
	.notifier_call = netlink_event,
};

/* ---- the family ------------------------------------------------------------------ */

/* The attributes of an order, each at most once. */
static int once(const struct nlmsghdr *hdr, struct netlink_ext_ack *extack)
{
	return kchat_policy_once(nlmsg_attrdata(hdr, GENL_HDRLEN), nlmsg_attrlen(hdr, GENL_HDRLEN),
				 extack);
}

static int before_doit(kchat_pre_doit_ops *op, struct sk_buff *skb, struct genl_info *info)
{
	return once(info->nlhdr, info->extack);
}

static int before_dump(struct netlink_callback *cb)
{
	return once(cb->nlh, cb->extack);
}

#define OP(_cmd, _policy)							\
	.cmd = KCHAT_CMD_##_cmd, .policy = kchat_policy_##_policy,		\
	.maxattr = KCHAT_A_MAX, .flags = GENL_ADMIN_PERM
#define DO(_cmd, _policy, _doit)	{ OP(_cmd, _policy), .doit = _doit }
#define DUMP(_cmd, _policy, _dumpit)	\
	{ OP(_cmd, _policy), .start = before_dump, .dumpit = _dumpit }

static const struct genl_ops ops[] = {
	DO(START, start, do_start),
	DO(STOP, none, do_stop),
	DO(STATUS, none, do_status),
	DO(ACCOUNT_SET, account_set, kchat_netlink_account_set),
	DO(ACCOUNT_DEL, account_del, kchat_netlink_account_del),
	DUMP(ACCOUNT_GET, none, kchat_netlink_dump_accounts),
	DO(SERVICE, none, kchat_netlink_service),
	DO(DECISION, decision, kchat_netlink_decision),
	DUMP(ROOM_GET, none, kchat_netlink_dump_rooms),
	DUMP(SESSION_GET, none, kchat_netlink_dump_sessions),
	DO(PARAM_SET, param_set, do_param_set),
	DUMP(PARAM_GET, none, kchat_netlink_dump_params),
	DO(KICK, kick, kchat_netlink_kick),
	DO(ETHER_SET, ether_set, do_ether_set),
	DUMP(ETHER_GET, none, kchat_netlink_dump_ether),
	DO(PEER_SET, peer_set, kchat_netlink_peer_set),
	DO(PEER_DEL, peer_del, kchat_netlink_peer_del),
	DUMP(PEER_GET, none, kchat_netlink_dump_peers),
	DO(DRAIN, drain, kchat_netlink_drain),
	DO(ROOM_SET, room_set, kchat_netlink_room_set),
	DO(ROOM_DEL, room_del, kchat_netlink_room_del),
	DO(ROOM_RECORD, room_record, kchat_netlink_room_record),
	DUMP(STANDING_GET, standing_get, kchat_netlink_dump_standings),
	DO(RULE, rule, kchat_netlink_rule),
};

static const struct genl_multicast_group groups[] = {
	{ .name = KCHAT_GENL_EVENTS, KCHAT_MCAST_FLAGS },
};

/*
 * Requests run at the same time: a STOP waits for connections to end, and the
 * lock of all families would be held as long. Each has the locks of what it
 * touches.
 */
struct genl_family kchat_genl_family __ro_after_init = {
	.name		= KCHAT_GENL_NAME,
	.version	= KCHAT_GENL_VERSION,
	.maxattr	= KCHAT_A_MAX,
	.netnsok	= true,
	.parallel_ops	= true,
	.ops		= ops,
	.n_ops		= ARRAY_SIZE(ops),
	.pre_doit	= before_doit,
	.mcgrps		= groups,
	.n_mcgrps	= ARRAY_SIZE(groups),
	.module		= THIS_MODULE,
};

int __init kchat_netlink_init(void)
{
	int err;

	err = netlink_register_notifier(&netlink_notifier);
	if (err)
		return err;
	err = genl_register_family(&kchat_genl_family);
	if (err)
		netlink_unregister_notifier(&netlink_notifier);
	else
		kchat_events_open();
	return err;
}

void kchat_netlink_exit(void)
{
	kchat_events_close();
	genl_unregister_family(&kchat_genl_family);
	netlink_unregister_notifier(&netlink_notifier);
}
