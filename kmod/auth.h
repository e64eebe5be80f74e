/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may come in: a login against the accounts, and the limit on failures.
 * The messages are scram.c's, the proofs of RESUME and PASSWD proof.c's.
 */
#ifndef _KCHAT_AUTH_H
#define _KCHAT_AUTH_H

#include <linux/in6.h>
#include <linux/siphash.h>
#include <linux/types.h>

#include "limiter.h"
#include "proof.h"
#include "scram.h"
#include "uapi/kchat.h"

struct kchat_account;
struct kchat_ident;
struct kchat_net;

/**
 * struct kchat_auth - one in each struct kchat_net
 * @secret: from START: stands for the keys of names that do not exist
 * @salts: with it as their key: sums that are the salts of such names
 * @key: of the hashes of names and addresses
 * @failures: of names and of addresses
 */
struct kchat_auth {
	u8 secret[KCHAT_KEY_LEN];
	struct kchat_hmac salts;
	siphash_key_t key;
	struct kchat_limiter failures;
};

void kchat_auth_init(struct kchat_auth *auth);
/* Before anybody may log in. */
void kchat_auth_start(struct kchat_auth *auth, const u8 secret[KCHAT_KEY_LEN]);
void kchat_auth_destroy(struct kchat_auth *auth);

/* A login under way, between AUTH and PROOF: less than 1 KiB. */
struct kchat_login;

/**
 * struct kchat_auth_result - a login that succeeded
 * @account: with a reference, the caller's
 * @ident: with whose keys, with a reference, the caller's
 * @session_key: of the new session; the caller wipes its copy
 * @data: server-final-message, the data of AUTH_OK
 * @data_len: bytes of it
 */
struct kchat_auth_result {
	struct kchat_account *account;
	struct kchat_ident *ident;
	u8 session_key[KCHAT_KEY_LEN];
	u8 data[KCHAT_SCRAM_FINAL_LEN];
	u32 data_len;
};

/*
 * Each gives KCHAT_E_NONE or what to answer; with AUTH_LIMIT @wait_ms says how
 * long to wait. Everything but BAD_FRAME, UTF8 and BUSY is a refused login.
 * May sleep.
 */

/*
 * AUTH: @challenge has room for KCHAT_SCRAM_MAX bytes and takes the body of
 * CHALLENGE. @login is then the caller's, for one kchat_auth_final() or
 * kchat_auth_forget().
 */
enum kchat_error kchat_auth_first(struct kchat_net *knet, const struct in6_addr *peer,
				  const u8 *body, u32 len, struct kchat_login **login,
				  char *challenge, u32 *challenge_len, u32 *wait_ms);
/* PROOF: ends @login, whatever comes of it. */
enum kchat_error kchat_auth_final(struct kchat_net *knet, const struct in6_addr *peer,
				  struct kchat_login *login, const u8 *body, u32 len,
				  struct kchat_auth_result *result, u32 *wait_ms);
/* The connection ends in between. NULL is fine. */
void kchat_auth_forget(struct kchat_login *login);

#endif /* _KCHAT_AUTH_H */
