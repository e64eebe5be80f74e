/* SPDX-License-Identifier: GPL-2.0-only */
/* The accounts file of a kchat server, which the twin reads once and never writes. */
#ifndef _TWIN_ACCOUNTS_H
#define _TWIN_ACCOUNTS_H

#include <linux/list.h>
#include <linux/types.h>

#include "frame.h"
#include "sha256.h"

/**
 * struct twin_account - somebody
 * @number: never 0
 * @flags: KCHAT_PERSON_*
 * @name_len: bytes of @name
 * @login_len: bytes of @login
 * @name: as shown
 * @login: as compared
 * @salt: of the keys
 * @stored_key: what a proof is checked against
 * @server_key: what signs the answer
 * @by_login: the next one with this hash of its login name
 * @by_number: the next one with this hash of its number
 * @sessions: struct twin_session.link
 * @nr_sessions: of them
 * @nr_connected: of those, that have a connection
 */
struct twin_account {
	u64 number;
	u32 flags;
	u16 name_len;
	u16 login_len;
	char name[KCHAT_NAME_MAX];
	char login[KCHAT_NAME_MAX];
	u8 salt[KCHAT_SALT_LEN];
	u8 stored_key[KCHAT_KEY_LEN];
	u8 server_key[KCHAT_KEY_LEN];
	struct twin_account *by_login;
	struct twin_account *by_number;
	struct list_head sessions;
	u32 nr_sessions;
	u32 nr_connected;
};

#define TWIN_ACCOUNT_BUCKETS	4096

/**
 * struct twin_accounts - what the file says
 * @server: UUID of the server
 * @community: UUID of all servers that use the file
 * @name: of the server
 * @name_len: bytes of it
 * @secret: stands for the keys of names that do not exist
 * @salts: with it as their key: sums that are the salts of such names
 * @iterations: of PBKDF2
 * @logins: by login name
 * @numbers: by number
 */
struct twin_accounts {
	u8 server[16];
	u8 community[16];
	char name[KCHAT_SERVER_NAME_MAX];
	u32 name_len;
	u8 secret[KCHAT_KEY_LEN];
	struct kchat_hmac salts;
	u32 iterations;
	struct twin_account *logins[TWIN_ACCOUNT_BUCKETS];
	struct twin_account *numbers[TWIN_ACCOUNT_BUCKETS];
};

/* NULL, or what is wrong with the file. */
const char *twin_accounts_read(struct twin_accounts *accounts, const char *path);

struct twin_account *twin_account_by_login(const struct twin_accounts *accounts,
					   const struct kchat_text *login);
struct twin_account *twin_account_by_number(const struct twin_accounts *accounts, u64 number);

static inline struct kchat_text twin_account_name(const struct twin_account *account)
{
	return (struct kchat_text){ account->name, account->name_len };
}

/* FNV-1a, of what nobody can choose to our harm: the file is the server's own. */
static inline u32 twin_hash(const void *data, u32 len)
{
	const u8 *bytes = data;
	u32 hash = 2166136261U;

	while (len--)
		hash = (hash ^ *bytes++) * 16777619U;
	return hash;
}

#endif /* _TWIN_ACCOUNTS_H */
