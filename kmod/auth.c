// SPDX-License-Identifier: GPL-2.0-only
#include "auth.h"

#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "account.h"
#include "alloc.h"
#include "server.h"
#include "stats.h"

/**
 * struct kchat_login - a login between AUTH and PROOF
 * @scram: the exchange
 * @account: whose name was given, referenced; NULL if there is none
 * @ident: as it was at AUTH, referenced; NULL with @account
 */
struct kchat_login {
	struct kchat_scram scram;
	struct kchat_account *account;
	struct kchat_ident *ident;
};

void kchat_auth_init(struct kchat_auth *auth)
{
	get_random_bytes(&auth->key, sizeof(auth->key));
	kchat_limiter_init(&auth->failures);
}

void kchat_auth_start(struct kchat_auth *auth, const u8 secret[KCHAT_KEY_LEN])
{
	memcpy(auth->secret, secret, sizeof(auth->secret));
	kchat_hmac_init(&auth->salts, secret, sizeof(auth->secret));
}

void kchat_auth_destroy(struct kchat_auth *auth)
{
	memzero_explicit(auth, sizeof(*auth));
}

/* ---- who failed how often ---------------------------------------------- */

static u64 name_key(const struct kchat_auth *auth, const struct kchat_scram *scram)
{
	return siphash(scram->login, scram->login_len, &auth->key);
}

/* Whoever has an IPv6 network has 2^64 addresses in it: they count as one. */
static u64 address_key(const struct kchat_auth *auth, const struct in6_addr *peer)
{
	size_t len = ipv6_addr_v4mapped(peer) ? sizeof(*peer) : sizeof(*peer) / 2;

	return siphash(peer, len, &auth->key);
}

static u64 now_ms(void)
{
	return ktime_to_ms(ktime_get());
}

static u32 period(struct kchat_net *knet, u32 burst)
{
	u32 window = kchat_param(knet, KCHAT_P_failures_ms);

	return max(window / burst, 1U);
}

/* How long name and address have to wait, in ms. */
static u32 must_wait(struct kchat_net *knet, const struct in6_addr *peer,
		     const struct kchat_scram *scram)
{
	struct kchat_auth *auth = &knet->auth;
	u32 names = kchat_param(knet, KCHAT_P_failures_account);
	u32 addresses = kchat_param(knet, KCHAT_P_failures_address);
	u64 now = now_ms();

	return max(kchat_limiter_wait(&auth->failures, name_key(auth, scram), now, names,
				      period(knet, names)),
		   kchat_limiter_wait(&auth->failures, address_key(auth, peer), now, addresses,
				      period(knet, addresses)));
}

static void count_failure(struct kchat_net *knet, const struct in6_addr *peer,
			  const struct kchat_scram *scram)
{
	struct kchat_auth *auth = &knet->auth;
	u32 names = kchat_param(knet, KCHAT_P_failures_account);
	u32 addresses = kchat_param(knet, KCHAT_P_failures_address);
	u64 now = now_ms();

	kchat_limiter_fail(&auth->failures, name_key(auth, scram), now, period(knet, names));
	kchat_limiter_fail(&auth->failures, address_key(auth, peer), now,
			   period(knet, addresses));
	kchat_stat_inc(knet, KCHAT_C_LOGIN_FAILURES);
}

/* ---- the exchange ------------------------------------------------------- */

/*
 * A name that does not exist takes the same way as one that does: both cost a
 * lookup and a sum here, and a proof is checked against a key later.
 */
static void challenge_for(struct kchat_net *knet, struct kchat_login *login, char *challenge,
			  u32 *challenge_len)
{
	const struct kchat_text name = { login->scram.login, login->scram.login_len };
	char nonce_text[KCHAT_SCRAM_SERVER_NONCE];
	const struct kchat_text server_nonce = { nonce_text, sizeof(nonce_text) };
	u8 nonce[KCHAT_SCRAM_SERVER_NONCE / 4 * 3];
	u8 mock_salt[KCHAT_SALT_LEN];

	kchat_scram_mock_salt(&knet->auth.salts, name.data, name.len, mock_salt);
	login->account = kchat_account_by_login(&knet->accounts, &name);
	if (login->account)
		login->ident = kchat_account_ident(login->account);

	get_random_bytes(nonce, sizeof(nonce));
	kchat_base64_encode(nonce, sizeof(nonce), nonce_text);
	*challenge_len = kchat_scram_challenge(&login->scram, &server_nonce,
					       login->ident ? login->ident->salt : mock_salt,
					       knet->cfg.iterations, challenge);
}

/**
 * kchat_auth_first - AUTH: begin a login
 * @knet: the server
 * @peer: address of the client, IPv4 mapped
 * @body: client-first-message
 * @len: bytes of it
 * @login: the login that is now under way; only if KCHAT_E_NONE is returned
 * @challenge: server-first-message; room for KCHAT_SCRAM_MAX bytes
 * @challenge_len: bytes of it
 * @wait_ms: with AUTH_LIMIT: how long to wait
 *
 * Context: may sleep
 * Return: KCHAT_E_NONE, or what to answer
 */
enum kchat_error kchat_auth_first(struct kchat_net *knet, const struct in6_addr *peer,
				  const u8 *body, u32 len, struct kchat_login **login,
				  char *challenge, u32 *challenge_len, u32 *wait_ms)
{
	struct kchat_login *new;
	enum kchat_error error;

	*wait_ms = 0;
	new = kchat_alloc(kzalloc(sizeof(*new), GFP_KERNEL));
	if (!new)
		return KCHAT_E_BUSY;
	error = kchat_scram_first(&new->scram, body, len);
	if (error)
		goto err_free;
	*wait_ms = must_wait(knet, peer, &new->scram);
	if (*wait_ms) {
		error = KCHAT_E_AUTH_LIMIT;
		goto err_free;
	}
	challenge_for(knet, new, challenge, challenge_len);
	*login = new;
	return KCHAT_E_NONE;

err_free:
	kfree_sensitive(new);
	return error;
}

/* Between AUTH and PROOF the password may have been changed, or the account deleted. */
static bool still_current(const struct kchat_login *login)
{
	bool current_ident;

	rcu_read_lock();
	current_ident = rcu_access_pointer(login->account->ident) == login->ident;
	rcu_read_unlock();
	return current_ident && !READ_ONCE(login->account->gone);
}

/* Any key will do where there is no account: that is no login whatever comes of the sums. */
static bool proof_ok(const struct kchat_net *knet, const struct kchat_login *login,
		     const u8 *proof)
{
	const u8 *key = login->ident ? login->ident->stored_key : knet->auth.secret;
	bool verified = kchat_scram_verify(&login->scram, key, proof);

	return verified && login->account && still_current(login);
}

/**
 * kchat_auth_final - PROOF: end a login
 * @knet: the server
 * @peer: address of the client, IPv4 mapped
 * @login: from kchat_auth_first(); gone afterwards
 * @body: client-final-message
 * @len: bytes of it
 * @result: filled in if KCHAT_E_NONE is returned; then its references are the caller's
 * @wait_ms: with AUTH_LIMIT: how long to wait
 *
 * Context: may sleep
 * Return: KCHAT_E_NONE, or what to answer: AUTH for a wrong password as for a
 * name that does not exist
 */
enum kchat_error kchat_auth_final(struct kchat_net *knet, const struct in6_addr *peer,
				  struct kchat_login *login, const u8 *body, u32 len,
				  struct kchat_auth_result *result, u32 *wait_ms)
{
	u8 proof[KCHAT_KEY_LEN];
	enum kchat_error error;

	/* Again: there may be many logins under way at once. */
	*wait_ms = must_wait(knet, peer, &login->scram);
	if (*wait_ms) {
		error = KCHAT_E_AUTH_LIMIT;
		goto out;
	}
	error = kchat_scram_final(&login->scram, body, len, proof);
	if (error)
		goto out;
	if (!proof_ok(knet, login, proof)) {
		count_failure(knet, peer, &login->scram);
		error = KCHAT_E_AUTH;
		goto out;
	}
	kchat_limiter_forgive(&knet->auth.failures, name_key(&knet->auth, &login->scram));
	kchat_scram_sign(&login->scram, login->ident->server_key, result->data,
			 result->session_key);
	result->data_len = sizeof(result->data);
	result->account = kchat_account_hold(login->account);
	result->ident = kchat_ident_hold(login->ident);
out:
	memzero_explicit(proof, sizeof(proof));
	kchat_auth_forget(login);
	return error;
}

/**
 * kchat_auth_forget - a login ends without PROOF
 * @login: from kchat_auth_first(), or NULL
 */
void kchat_auth_forget(struct kchat_login *login)
{
	if (!login)
		return;
	if (login->ident)
		kchat_ident_put(login->ident);
	if (login->account)
		kchat_account_put(login->account);
	kfree_sensitive(login);
}
