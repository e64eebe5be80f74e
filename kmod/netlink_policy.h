/* SPDX-License-Identifier: GPL-2.0-only */
/* What each order over netlink may say. */
#ifndef _KCHAT_NETLINK_POLICY_H
#define _KCHAT_NETLINK_POLICY_H

#include <net/netlink.h>

#include "frame.h"
#include "server.h"
#include "uapi/kchat.h"
#include "uapi/kchat_netlink.h"

/* Of nests. */
extern const struct nla_policy kchat_policy_proxy[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_standing[KCHAT_A_MAX + 1];

/* Of orders; @none: of those that say nothing. */
extern const struct nla_policy kchat_policy_none[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_start[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_account_set[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_account_del[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_decision[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_param_set[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_ether_set[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_kick[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_peer_set[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_peer_del[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_drain[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_room_set[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_room_del[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_room_record[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_standing_get[KCHAT_A_MAX + 1];
extern const struct nla_policy kchat_policy_rule[KCHAT_A_MAX + 1];

/* -EINVAL, and *extack names it: an attribute is there twice that is no list. */
int kchat_policy_once(const struct nlattr *first, int len, struct netlink_ext_ack *extack);

#endif /* _KCHAT_NETLINK_POLICY_H */
