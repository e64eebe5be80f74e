// SPDX-License-Identifier: GPL-2.0-only
/* Orders about accounts and those who are logged in, and the accounts service. */
#include "account.h"
#include "conn.h"
#include "netlink_order.h"
#include "room.h"
#include "service.h"
#include "session.h"

/*
 * New keys shut out whoever came in by the old ones; but who has asked for them
 * by PASSWD stays, and hears that it is done.
 */
static void end_rekeyed(struct kchat_net *knet, struct kchat_account *account,
			const u8 *stored_key)
{
	struct kchat_conn *asker = kchat_service_asker(knet, account->number, stored_key);

	kchat_session_end_account(account, asker, asker ? KCHAT_E_REPLACED : KCHAT_E_SESSION);
	if (asker)
		kchat_conn_put(asker);
}

int kchat_netlink_account_set(struct sk_buff *skb, struct genl_info *info)
{
	struct kchat_account_record record = {};
	struct kchat_net *knet = knet_of(info);
	struct kchat_account_change change;
	int err;

	if (!HAS(info, ACCOUNT) || !HAS(info, NAME) || !HAS(info, LOGIN) || !HAS(info, FLAGS) ||
	    !HAS(info, SALT) || !HAS(info, STORED_KEY) || !HAS(info, SERVER_KEY))
		return -EINVAL;
	record.number = nla_get_u64(info->attrs[KCHAT_A_ACCOUNT]);
	record.flags = nla_get_u32(info->attrs[KCHAT_A_FLAGS]);
	record.uid = info->attrs[KCHAT_A_UID] ? nla_get_u32(info->attrs[KCHAT_A_UID]) :
						KCHAT_UID_NONE;
	record.name = text_of(info->attrs[KCHAT_A_NAME]);
	record.login = text_of(info->attrs[KCHAT_A_LOGIN]);
	record.salt = nla_data(info->attrs[KCHAT_A_SALT]);
	record.stored_key = nla_data(info->attrs[KCHAT_A_STORED_KEY]);
	record.server_key = nla_data(info->attrs[KCHAT_A_SERVER_KEY]);
	if (!record.name.len || !record.login.len) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[record.name.len ? KCHAT_A_LOGIN : KCHAT_A_NAME],
				    "a name must not be empty");
		return -EINVAL;
	}
	if (info->attrs[KCHAT_A_UID] && record.uid == KCHAT_UID_NONE) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KCHAT_A_UID], "this is no uid");
		return -EINVAL;
	}
	err = kchat_account_set(&knet->accounts, &record, kchat_param(knet, KCHAT_P_accounts),
				&change);
	if (!err)
		kchat_list_changed(knet, KCHAT_LIST_ACCOUNTS);
	if (change.keys)
		end_rekeyed(knet, change.account, record.stored_key);
	else if (change.uid)
		kchat_session_end_local(change.account);
	if (change.account)
		kchat_account_put(change.account);
	if (err == -EEXIST)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KCHAT_A_LOGIN],
				    "this login name is another account's");
	else if (err == -ENOTUNIQ)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KCHAT_A_UID],
				    "this uid is another account's");
	else if (err == -ENOSPC)
		GENL_SET_ERR_MSG(info, "there are as many accounts as the limit allows");
	else if (err == -ERANGE)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KCHAT_A_ACCOUNT],
				    "the number is too large for this machine");
	return err;
}

int kchat_netlink_account_del(struct sk_buff *skb, struct genl_info *info)
{
	struct kchat_account *account;

	if (!HAS(info, ACCOUNT))
		return -EINVAL;
	account = kchat_account_take(&knet_of(info)->accounts,
				     nla_get_u64(info->attrs[KCHAT_A_ACCOUNT]));
	if (!account) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KCHAT_A_ACCOUNT],
				    "there is no such account");
		return -ENOENT;
	}
	kchat_list_changed(knet_of(info), KCHAT_LIST_ACCOUNTS);
	kchat_kept_forget_account(knet_of(info), account->number);
	kchat_session_end_account(account, NULL, KCHAT_E_SESSION);
	kchat_account_put(account);
	return 0;
}

int kchat_netlink_kick(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *session = info->attrs[KCHAT_A_SESSION];
	const struct nlattr *account = info->attrs[KCHAT_A_ACCOUNT];
	struct kchat_net *knet = knet_of(info);
	bool kicked;

	if (session && account) {
		NL_SET_ERR_MSG_ATTR(info->extack, account,
				    "SESSION and ACCOUNT exclude each other");
		return -EINVAL;
	}
	if (!session && !account) {
		GENL_SET_ERR_MSG(info, "SESSION or ACCOUNT is missing");
		return -EINVAL;
	}
	if (session)
		kicked = kchat_session_kick(knet, nla_get_u64(session));
	else
		kicked = kchat_session_kick_account(knet, nla_get_u64(account));
	if (kicked)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, session ?: account,
			    "there is no such session, or none of that account");
	return -ENOENT;
}

int kchat_netlink_service(struct sk_buff *skb, struct genl_info *info)
{
	kchat_service_set(knet_of(info), info->snd_portid);
	return 0;
}

int kchat_netlink_decision(struct sk_buff *skb, struct genl_info *info)
{
	u64 account = 0;
	u16 error;
	int err;

	if (!HAS(info, COOKIE) || !HAS(info, ERROR))
		return -EINVAL;
	error = nla_get_u16(info->attrs[KCHAT_A_ERROR]);
	if (info->attrs[KCHAT_A_ACCOUNT])
		account = nla_get_u64(info->attrs[KCHAT_A_ACCOUNT]);
	err = kchat_service_decide(knet_of(info), info->snd_portid,
				   nla_get_u64(info->attrs[KCHAT_A_COOKIE]), error, account);
	if (err == -ENODATA)
		err = HAS(info, ACCOUNT) ? 0 : -EINVAL;
	if (err == -EPERM)
		GENL_SET_ERR_MSG(info, "another socket is the accounts service");
	else if (err == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KCHAT_A_COOKIE],
				    "nobody waits for this decision any more");
	return err;
}
