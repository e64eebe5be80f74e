// SPDX-License-Identifier: GPL-2.0-only
#include "proof.h"

#include <linux/kernel.h>
#include <linux/string.h>

#include "sha256.h"

static void resume_sum(const u8 *session_key, const char *label, u8 kind, const u8 *server_nonce,
		       const u8 *client_nonce, u8 sum[KCHAT_KEY_LEN])
{
	struct kchat_hmac hmac;

	kchat_hmac_init(&hmac, session_key, KCHAT_KEY_LEN);
	kchat_hmac_update(&hmac, label, strlen(label));
	kchat_hmac_update(&hmac, &kind, sizeof(kind));
	kchat_hmac_update(&hmac, server_nonce, KCHAT_NONCE_LEN);
	kchat_hmac_update(&hmac, client_nonce, KCHAT_NONCE_LEN);
	kchat_hmac_final(&hmac, sum);
}

bool kchat_auth_resume_ok(const u8 *session_key, u8 kind, const u8 *server_nonce,
			  const u8 *client_nonce, const u8 *proof)
{
	u8 sum[KCHAT_KEY_LEN];

	resume_sum(session_key, "kchat resume", kind, server_nonce, client_nonce, sum);
	return !crypto_memneq(sum, proof, sizeof(sum));
}

void kchat_auth_resumed(const u8 *session_key, u8 kind, const u8 *server_nonce,
			const u8 *client_nonce, u8 proof[KCHAT_KEY_LEN])
{
	resume_sum(session_key, "kchat resumed", kind, server_nonce, client_nonce, proof);
}

bool kchat_auth_passwd_ok(const u8 *session_key, const struct kchat_passwd *passwd)
{
	static const char label[] = "kchat passwd";
	struct kchat_hmac hmac;
	u8 sum[KCHAT_KEY_LEN];

	kchat_hmac_init(&hmac, session_key, KCHAT_KEY_LEN);
	kchat_hmac_update(&hmac, label, strlen(label));
	kchat_hmac_update(&hmac, passwd->covered, KCHAT_PASSWD_COVERED);
	kchat_hmac_final(&hmac, sum);
	return !crypto_memneq(sum, passwd->proof, sizeof(sum));
}

void kchat_auth_room_key(const u8 *session_key, const u8 *id, const u8 *masked,
			 u8 key[KCHAT_KEY_LEN])
{
	static const char label[] = "kchat room key";
	struct kchat_hmac hmac;
	int i;

	kchat_hmac_init(&hmac, session_key, KCHAT_KEY_LEN);
	kchat_hmac_update(&hmac, label, strlen(label));
	kchat_hmac_update(&hmac, id, 16);
	kchat_hmac_final(&hmac, key);
	for (i = 0; i < KCHAT_KEY_LEN; i++)
		key[i] ^= masked[i];
}

bool kchat_auth_join_ok(const u8 *room_key, const u8 *server_nonce, const struct kchat_text *name,
			const u8 *proof)
{
	static const char label[] = "kchat join";
	struct kchat_hmac hmac;
	u8 sum[KCHAT_KEY_LEN];

	kchat_hmac_init(&hmac, room_key, KCHAT_KEY_LEN);
	kchat_hmac_update(&hmac, label, strlen(label));
	kchat_hmac_update(&hmac, server_nonce, KCHAT_NONCE_LEN);
	kchat_hmac_update(&hmac, name->data, name->len);
	kchat_hmac_final(&hmac, sum);
	return !crypto_memneq(sum, proof, sizeof(sum));
}
