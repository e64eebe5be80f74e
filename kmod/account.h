/* SPDX-License-Identifier: GPL-2.0-only */
/* The accounts of one network namespace: loaded over netlink, looked up at login. */
#ifndef _KCHAT_ACCOUNT_H
#define _KCHAT_ACCOUNT_H

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "frame.h"
#include "uapi/kchat.h"

struct kchat_account;

/**
 * struct kchat_ident - what an account says of its person; never changed, only replaced
 * @refs: lookups and those who keep a name for a while (persons in rooms)
 * @rcu: it is freed after a grace period
 * @by_login: link in kchat_accounts.logins, under kchat_accounts.lock, read under RCU
 * @account: whose it is; valid under RCU while linked, and for the holder of a
 *	reference to the account
 * @flags: KCHAT_PERSON_*
 * @uid: of this person's programs on this machine, in the initial user namespace;
 *	KCHAT_UID_NONE: nobody's
 * @name_len: bytes of @name
 * @login_len: bytes of @login
 * @name: as shown
 * @login: as compared
 * @salt: of the password
 * @stored_key: RFC 5802
 * @server_key: RFC 5802
 */
struct kchat_ident {
	refcount_t refs;
	struct rcu_head rcu;
	struct hlist_node by_login;
	struct kchat_account *account;
	u32 flags;
	u32 uid;
	u8 name_len;
	u8 login_len;
	char name[KCHAT_NAME_MAX];
	char login[KCHAT_NAME_MAX];
	u8 salt[KCHAT_SALT_LEN];
	u8 stored_key[KCHAT_KEY_LEN];
	u8 server_key[KCHAT_KEY_LEN];
};

/**
 * struct kchat_account - a person, for as long as the number is known or in use
 * @number: never reused
 * @refs: the table, sessions, persons in rooms
 * @rcu: it is freed after a grace period
 * @ident: replaced by ACCOUNT_SET, under kchat_accounts.lock and @lock; NULL never
 * @gone: deleted: no new session may begin; under @lock
 * @lock: protects @sessions, @n_sessions and @n_connected
 * @sessions: session.c's list of the sessions of this person
 * @n_sessions: how many are on it
 * @n_connected: sessions that have a connection
 * @n_rooms: rooms made by this person that exist; under kn->rooms_lock
 * @n_kept: registered rooms that are charged to this person; under kn->rooms_lock
 */
struct kchat_account {
	u64 number;
	refcount_t refs;
	struct rcu_head rcu;
	struct kchat_ident __rcu *ident;
	bool gone;
	spinlock_t lock;
	struct list_head sessions;
	u32 n_sessions;
	u32 n_connected;
	u32 n_rooms;
	u32 n_kept;
};

#define KCHAT_ACCOUNT_HASH_BITS	9
#define KCHAT_UID_NONE		U32_MAX	/* (uid_t)-1 is nobody's */

/**
 * struct kchat_accounts - the table, one in each struct kchat_net
 * @lock: writers (netlink)
 * @numbers: by number, in order; read under RCU
 * @logins: by login name; read under RCU
 * @uids: those with a uid, by it; read under RCU
 * @key: of the hash of login names
 * @count: accounts there are
 */
struct kchat_accounts {
	struct mutex lock;
	struct xarray numbers;
	DECLARE_HASHTABLE(logins, KCHAT_ACCOUNT_HASH_BITS);
	struct xarray uids;
	siphash_key_t key;
	u32 count;
};

void kchat_accounts_init(struct kchat_accounts *accounts);
/* Nobody looks up any more; references that are still out keep what they hold. */
void kchat_accounts_destroy(struct kchat_accounts *accounts);

/**
 * struct kchat_account_record - an account as netlink brings it
 */
struct kchat_account_record {
	u64 number;
	u32 flags;
	u32 uid;
	struct kchat_text name;
	struct kchat_text login;
	const u8 *salt;
	const u8 *stored_key;
	const u8 *server_key;
};

/**
 * struct kchat_account_change - what a replaced account had that it has not any more
 * @account: with a reference, if one of these is true; else NULL
 * @keys: other keys: all its sessions are to end
 * @uid: another uid: those that began by the old one are to end
 */
struct kchat_account_change {
	struct kchat_account *account;
	bool keys;
	bool uid;
};

/*
 * Add or replace: 0, -EEXIST (the login name is another account's), -ENOTUNIQ (the
 * uid is), -ENOSPC (over @max), -ENOMEM, -ERANGE (no such number on this machine).
 */
int kchat_account_set(struct kchat_accounts *accounts, const struct kchat_account_record *record,
		      u32 max, struct kchat_account_change *change);
/* Takes it off the table: the account with the table's reference, or NULL. */
struct kchat_account *kchat_account_take(struct kchat_accounts *accounts, u64 number);

/* Lookups give a reference (kchat_account_put) or NULL. Any context that may not sleep, too. */
struct kchat_account *kchat_account_get(struct kchat_accounts *accounts, u64 number);
struct kchat_account *kchat_account_by_login(struct kchat_accounts *accounts,
					     const struct kchat_text *login);
struct kchat_account *kchat_account_by_uid(struct kchat_accounts *accounts, u32 uid);
/* The account with the smallest number over @after, for dumps. */
struct kchat_account *kchat_account_next(struct kchat_accounts *accounts, u64 after);

static inline struct kchat_account *kchat_account_hold(struct kchat_account *account)
{
	refcount_inc(&account->refs);
	return account;
}

void kchat_account_put(struct kchat_account *account);

/* The ident as it is now, with a reference (kchat_ident_put). */
struct kchat_ident *kchat_account_ident(struct kchat_account *account);
void kchat_ident_put(struct kchat_ident *ident);
/* Under account->lock: has it still the keys of this ident? */
bool kchat_account_keys_are(struct kchat_account *account, const struct kchat_ident *ident);
/* Under account->lock: is it still this uid's? */
bool kchat_account_uid_is(struct kchat_account *account, u32 uid);

static inline struct kchat_ident *kchat_ident_hold(struct kchat_ident *ident)
{
	refcount_inc(&ident->refs);
	return ident;
}

static inline struct kchat_text kchat_ident_name(const struct kchat_ident *ident)
{
	return (struct kchat_text){ ident->name, ident->name_len };
}

#endif /* _KCHAT_ACCOUNT_H */
