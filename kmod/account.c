// SPDX-License-Identifier: GPL-2.0-only
#include "account.h"

#include <linux/jhash.h>
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "alloc.h"

void kchat_accounts_init(struct kchat_accounts *accounts)
{
	mutex_init(&accounts->lock);
	xa_init(&accounts->numbers);
	hash_init(accounts->logins);
	xa_init(&accounts->uids);
	get_random_bytes(&accounts->key, sizeof(accounts->key));
	accounts->count = 0;
}

/* Keys do not stay behind in freed memory; readers under RCU are gone by now. */
static void ident_free(struct rcu_head *rcu)
{
	kfree_sensitive(container_of(rcu, struct kchat_ident, rcu));
}

void kchat_ident_put(struct kchat_ident *ident)
{
	if (refcount_dec_and_test(&ident->refs))
		call_rcu(&ident->rcu, ident_free);
}

void kchat_account_put(struct kchat_account *account)
{
	if (!refcount_dec_and_test(&account->refs))
		return;
	WARN_ON_ONCE(!list_empty(&account->sessions));
	kchat_ident_put(rcu_dereference_protected(account->ident, true));
	kfree_rcu(account, rcu);
}

static u32 login_hash(const struct kchat_accounts *accounts, const char *login, u32 len)
{
	return siphash(login, len, &accounts->key);
}

/* Under RCU or the lock. */
static struct kchat_ident *find_login(struct kchat_accounts *accounts,
				      const struct kchat_text *login)
{
	u32 hash = login_hash(accounts, login->data, login->len);
	struct kchat_ident *ident;

	hash_for_each_possible_rcu(accounts->logins, ident, by_login, hash,
				   lockdep_is_held(&accounts->lock))
		if (ident->login_len == login->len &&
		    !memcmp(ident->login, login->data, login->len))
			return ident;
	return NULL;
}

static struct kchat_ident *ident_new(const struct kchat_account_record *record)
{
	struct kchat_ident *ident = kchat_alloc(kzalloc(sizeof(*ident), GFP_KERNEL_ACCOUNT));

	if (!ident)
		return NULL;
	refcount_set(&ident->refs, 1);
	ident->flags = record->flags;
	ident->uid = record->uid;
	ident->name_len = record->name.len;
	ident->login_len = record->login.len;
	memcpy(ident->name, record->name.data, record->name.len);
	memcpy(ident->login, record->login.data, record->login.len);
	memcpy(ident->salt, record->salt, sizeof(ident->salt));
	memcpy(ident->stored_key, record->stored_key, sizeof(ident->stored_key));
	memcpy(ident->server_key, record->server_key, sizeof(ident->server_key));
	return ident;
}

/* Under the lock: the login name leads to @ident from now on. */
static void link_ident(struct kchat_accounts *accounts, struct kchat_account *account,
		       struct kchat_ident *ident)
{
	ident->account = account;
	hash_add_rcu(accounts->logins, &ident->by_login,
		     login_hash(accounts, ident->login, ident->login_len));
}

static bool same_keys(const struct kchat_ident *a, const struct kchat_ident *b)
{
	return !memcmp(a->salt, b->salt, sizeof(a->salt)) &&
	       !memcmp(a->stored_key, b->stored_key, sizeof(a->stored_key)) &&
	       !memcmp(a->server_key, b->server_key, sizeof(a->server_key));
}

bool kchat_account_keys_are(struct kchat_account *account, const struct kchat_ident *ident)
{
	return same_keys(rcu_dereference_protected(account->ident,
						   lockdep_is_held(&account->lock)), ident);
}

bool kchat_account_uid_is(struct kchat_account *account, u32 uid)
{
	return rcu_dereference_protected(account->ident, lockdep_is_held(&account->lock))->uid ==
	       uid;
}

/* Under the lock: a place for the uid, so that taking it cannot fail later. */
static int reserve_uid(struct kchat_accounts *accounts, const struct kchat_account *account,
		       u32 uid)
{
	const struct kchat_account *other;

	if (uid == KCHAT_UID_NONE)
		return 0;
	other = xa_load(&accounts->uids, uid);
	if (other)
		return other == account ? 0 : -ENOTUNIQ;
	return kchat_alloc_errno(xa_reserve(&accounts->uids, uid, GFP_KERNEL_ACCOUNT));
}

/* Under the lock: nobody's again, if it was only reserved. */
static void release_uid(struct kchat_accounts *accounts, u32 uid)
{
	if (uid != KCHAT_UID_NONE)
		xa_release(&accounts->uids, uid);
}

/* Under the lock: the reserved place is the account's. */
static void link_uid(struct kchat_accounts *accounts, struct kchat_account *account, u32 uid)
{
	if (uid != KCHAT_UID_NONE)
		xa_store(&accounts->uids, uid, account, GFP_KERNEL_ACCOUNT);
}

static void unlink_uid(struct kchat_accounts *accounts, u32 uid)
{
	if (uid != KCHAT_UID_NONE)
		xa_erase(&accounts->uids, uid);
}

static void replace_ident(struct kchat_accounts *accounts, struct kchat_account *account,
			  struct kchat_ident *ident, struct kchat_account_change *change)
{
	struct kchat_ident *old;

	/* Who begins a session by the old keys is in by now, or sees this under the lock. */
	spin_lock(&account->lock);
	old = rcu_replace_pointer(account->ident, ident, lockdep_is_held(&accounts->lock));
	spin_unlock(&account->lock);
	change->keys = !same_keys(old, ident);
	change->uid = old->uid != KCHAT_UID_NONE && old->uid != ident->uid;
	if (change->keys || change->uid)
		change->account = kchat_account_hold(account);
	if (old->uid != ident->uid) {
		unlink_uid(accounts, old->uid);
		link_uid(accounts, account, ident->uid);
	}
	/* The new one is found before the old one is not: nobody is unknown in between. */
	link_ident(accounts, account, ident);
	hash_del_rcu(&old->by_login);
	kchat_ident_put(old);
}

/* Takes over @ident if it succeeds. */
static int add_account(struct kchat_accounts *accounts, u64 number, struct kchat_ident *ident,
		       u32 max)
{
	struct kchat_account *account;
	int err;

	if (accounts->count >= max)
		return -ENOSPC;
	account = kchat_alloc(kzalloc(sizeof(*account), GFP_KERNEL_ACCOUNT));
	if (!account)
		return -ENOMEM;
	account->number = number;
	refcount_set(&account->refs, 1);
	spin_lock_init(&account->lock);
	INIT_LIST_HEAD(&account->sessions);
	RCU_INIT_POINTER(account->ident, ident);
	err = kchat_alloc_errno(xa_err(xa_store(&accounts->numbers, number, account, GFP_KERNEL)));
	if (err) {
		kfree(account);
		return err;
	}
	link_ident(accounts, account, ident);
	link_uid(accounts, account, ident->uid);
	WRITE_ONCE(accounts->count, accounts->count + 1);
	return 0;
}

/**
 * kchat_account_set - add an account, or replace what is known of it
 * @accounts: the table
 * @record: the account; its lengths were checked
 * @max: accounts there may be
 * @change: what it had before and has not any more
 *
 * Context: may sleep
 * Return: 0, -EEXIST (the login name is another account's), -ENOTUNIQ (the uid is),
 * -ENOSPC, -ENOMEM, -ERANGE (no such number on this machine)
 */
int kchat_account_set(struct kchat_accounts *accounts, const struct kchat_account_record *record,
		      u32 max, struct kchat_account_change *change)
{
	struct kchat_account *account;
	struct kchat_ident *ident, *same;
	int err;

	*change = (struct kchat_account_change){};
	if (!record->number || record->number > ULONG_MAX)
		return -ERANGE;
	ident = ident_new(record);
	if (!ident)
		return -ENOMEM;
	mutex_lock(&accounts->lock);
	same = find_login(accounts, &record->login);
	account = xa_load(&accounts->numbers, record->number);
	err = reserve_uid(accounts, account, record->uid);
	if (!err && same && same->account != account)
		err = -EEXIST;
	else if (!err && account)
		replace_ident(accounts, account, ident, change);
	else if (!err)
		err = add_account(accounts, record->number, ident, max);
	if (err && err != -ENOTUNIQ)
		release_uid(accounts, record->uid);
	mutex_unlock(&accounts->lock);
	if (err)
		kfree_sensitive(ident);
	return err;
}

/* Under the lock. */
static void unlink_account(struct kchat_accounts *accounts, struct kchat_account *account)
{
	struct kchat_ident *ident;

	ident = rcu_dereference_protected(account->ident, lockdep_is_held(&accounts->lock));
	xa_erase(&accounts->numbers, account->number);
	hash_del_rcu(&ident->by_login);
	unlink_uid(accounts, ident->uid);
	/* Who has found it before, and begins a session now, sees this under its lock. */
	spin_lock(&account->lock);
	account->gone = true;
	spin_unlock(&account->lock);
	WRITE_ONCE(accounts->count, accounts->count - 1);
}

/**
 * kchat_account_take - take an account off the table
 * @accounts: the table
 * @number: of the account
 *
 * Context: may sleep
 * Return: the account, with the table's reference; NULL if there is none
 */
struct kchat_account *kchat_account_take(struct kchat_accounts *accounts, u64 number)
{
	struct kchat_account *account = NULL;

	mutex_lock(&accounts->lock);
	if (number <= ULONG_MAX)
		account = xa_load(&accounts->numbers, number);
	if (account)
		unlink_account(accounts, account);
	mutex_unlock(&accounts->lock);
	return account;
}

/**
 * kchat_accounts_destroy - empty the table
 * @accounts: the table; nobody looks up any more
 *
 * References that are still out keep what they hold. Context: may sleep
 */
void kchat_accounts_destroy(struct kchat_accounts *accounts)
{
	struct kchat_account *account;
	unsigned long number;

	mutex_lock(&accounts->lock);
	xa_for_each(&accounts->numbers, number, account) {
		unlink_account(accounts, account);
		kchat_account_put(account);
	}
	mutex_unlock(&accounts->lock);
	xa_destroy(&accounts->numbers);
	xa_destroy(&accounts->uids);
	mutex_destroy(&accounts->lock);
	memzero_explicit(&accounts->key, sizeof(accounts->key));
}

/* Under RCU: a found account may be on its way out. */
static struct kchat_account *hold_found(struct kchat_account *account)
{
	return account && refcount_inc_not_zero(&account->refs) ? account : NULL;
}

struct kchat_account *kchat_account_get(struct kchat_accounts *accounts, u64 number)
{
	struct kchat_account *account = NULL;

	rcu_read_lock();
	if (number <= ULONG_MAX)
		account = hold_found(xa_load(&accounts->numbers, number));
	rcu_read_unlock();
	return account;
}

struct kchat_account *kchat_account_by_uid(struct kchat_accounts *accounts, u32 uid)
{
	struct kchat_account *account = NULL;

	rcu_read_lock();
	if (uid != KCHAT_UID_NONE)
		account = hold_found(xa_load(&accounts->uids, uid));
	rcu_read_unlock();
	return account;
}

struct kchat_account *kchat_account_by_login(struct kchat_accounts *accounts,
					     const struct kchat_text *login)
{
	struct kchat_account *account = NULL;
	struct kchat_ident *ident;

	rcu_read_lock();
	ident = find_login(accounts, login);
	/* The account outlives its linked ident by a grace period at least. */
	if (ident)
		account = hold_found(ident->account);
	rcu_read_unlock();
	return account;
}

struct kchat_account *kchat_account_next(struct kchat_accounts *accounts, u64 after)
{
	struct kchat_account *account;
	unsigned long number;

	if (after >= ULONG_MAX)
		return NULL;
	rcu_read_lock();
	number = after + 1;
	account = xa_find(&accounts->numbers, &number, ULONG_MAX, XA_PRESENT);
	while (account && !hold_found(account))
		account = xa_find_after(&accounts->numbers, &number, ULONG_MAX, XA_PRESENT);
	rcu_read_unlock();
	return account;
}

struct kchat_ident *kchat_account_ident(struct kchat_account *account)
{
	struct kchat_ident *ident;

	rcu_read_lock();
	/* One that is just being replaced may have no reference left: look again. */
	do {
		ident = rcu_dereference(account->ident);
	} while (!refcount_inc_not_zero(&ident->refs));
	rcu_read_unlock();
	return ident;
}
