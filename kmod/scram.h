/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The messages and sums of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel
 * binding. Pure: no locks, no allocation; also compiles in user space.
 */
#ifndef _KCHAT_SCRAM_H
#define _KCHAT_SCRAM_H

#include <linux/types.h>

#include "frame.h"
#include "sha256.h"
#include "uapi/kchat.h"

#define KCHAT_SCRAM_NONCE_MIN	16	/* of the client */
#define KCHAT_SCRAM_NONCE_MAX	64
#define KCHAT_SCRAM_SERVER_NONCE	32	/* of the server: base64 of 24 random bytes */
/* v= and base64 of 32 bytes */
#define KCHAT_SCRAM_FINAL_LEN	(2 + KCHAT_BASE64_LEN(KCHAT_KEY_LEN))

/*
 * The longest AuthMessage: a name of 64 bytes, each escaped as three, and both
 * nonces twice; see kchat_scram_challenge().
 */
#define KCHAT_SCRAM_FIRST_MAX	(2 + 3 * KCHAT_NAME_MAX + 3 + KCHAT_SCRAM_NONCE_MAX)
#define KCHAT_SCRAM_BOTH_MAX	(KCHAT_SCRAM_NONCE_MAX + KCHAT_SCRAM_SERVER_NONCE)
#define KCHAT_SCRAM_SECOND_MAX	(2 + KCHAT_SCRAM_BOTH_MAX + 3 + KCHAT_BASE64_LEN(KCHAT_SALT_LEN) + \
				 3 + 10)
#define KCHAT_SCRAM_THIRD_MAX	(6 + 3 + KCHAT_SCRAM_BOTH_MAX)
#define KCHAT_SCRAM_MESSAGE_MAX	(KCHAT_SCRAM_FIRST_MAX + 1 + KCHAT_SCRAM_SECOND_MAX + 1 + \
				 KCHAT_SCRAM_THIRD_MAX)

/**
 * struct kchat_scram - one exchange
 * @message: AuthMessage as far as it is known
 * @message_len: bytes of it
 * @nonce: where both nonces stand in @message
 * @nonce_len: bytes of them
 * @login: the name, unescaped
 * @login_len: bytes of it
 */
struct kchat_scram {
	char message[KCHAT_SCRAM_MESSAGE_MAX];
	u16 message_len;
	u16 nonce;
	u16 nonce_len;
	u16 login_len;
	char login[KCHAT_NAME_MAX];
};

/* Each gives KCHAT_E_NONE, BAD_FRAME, UTF8, or AUTH for a name nobody can have. */
enum kchat_error kchat_scram_first(struct kchat_scram *scram, const u8 *body, u32 len);
/* client-final-message: @proof gets KCHAT_KEY_LEN bytes; @scram is then complete. */
enum kchat_error kchat_scram_final(struct kchat_scram *scram, const u8 *body, u32 len,
				   u8 proof[KCHAT_KEY_LEN]);

/* The server-first-message, @out with room for KCHAT_SCRAM_SECOND_MAX bytes: its length. */
u32 kchat_scram_challenge(struct kchat_scram *scram, const struct kchat_text *server_nonce,
			  const u8 salt[KCHAT_SALT_LEN], u32 iterations, char *out);

/* The salt of a name that does not exist: always the same one. @secret: with its key in it. */
void kchat_scram_mock_salt(const struct kchat_hmac *secret, const char *login, u32 login_len,
			   u8 salt[KCHAT_SALT_LEN]);

/* Does @proof show a key that hashes to @stored_key: in constant time. */
bool kchat_scram_verify(const struct kchat_scram *scram, const u8 stored_key[KCHAT_KEY_LEN],
			const u8 proof[KCHAT_KEY_LEN]);
/* ServerSignature as server-final-message, and the key of the session. */
void kchat_scram_sign(const struct kchat_scram *scram, const u8 server_key[KCHAT_KEY_LEN],
		      u8 final[KCHAT_SCRAM_FINAL_LEN], u8 session_key[KCHAT_KEY_LEN]);

#endif /* _KCHAT_SCRAM_H */
