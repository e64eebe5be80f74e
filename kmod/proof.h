/* SPDX-License-Identifier: GPL-2.0-only */
/* What the holder of a session key shows with it. Pure; also compiles in user space. */
#ifndef _KCHAT_PROOF_H
#define _KCHAT_PROOF_H

#include <linux/types.h>

#include "frame.h"
#include "uapi/kchat.h"

/* RESUME: is the client's proof right; and the server's own. Comparisons take constant time. */
bool kchat_auth_resume_ok(const u8 *session_key, u8 kind, const u8 *server_nonce,
			  const u8 *client_nonce, const u8 *proof);
void kchat_auth_resumed(const u8 *session_key, u8 kind, const u8 *server_nonce,
			const u8 *client_nonce, u8 proof[KCHAT_KEY_LEN]);
/* PASSWD: is it asked by the holder of the session. */
bool kchat_auth_passwd_ok(const u8 *session_key, const struct kchat_passwd *passwd);

/* RULE PASSWORD: the room's key, which the request carries masked. */
void kchat_auth_room_key(const u8 *session_key, const u8 *id, const u8 *masked,
			 u8 key[KCHAT_KEY_LEN]);
/* JOIN: does the client know the room's password. */
bool kchat_auth_join_ok(const u8 *room_key, const u8 *server_nonce, const struct kchat_text *name,
			const u8 *proof);

#endif /* _KCHAT_PROOF_H */
