/* SPDX-License-Identifier: GPL-2.0-only */
/* SHA-256, HMAC-SHA-256 (RFC 2104) and base64 (RFC 4648), as far as SCRAM needs them. */
#ifndef _KCHAT_SHA256_H
#define _KCHAT_SHA256_H

#include <linux/types.h>

#include "compat.h"
#include "uapi/kchat.h"

#define KCHAT_SHA256_BLOCK	64

/* Bytes of base64 for @n bytes, padding included, no terminating zero. */
#define KCHAT_BASE64_LEN(n)	(((n) + 2) / 3 * 4)

/* With the key in it, and then with what was added; a copy goes on by itself. */
struct kchat_hmac {
	struct kchat_sha256_ctx inner;
	struct kchat_sha256_ctx outer;
};

void kchat_sha256(const void *data, u32 len, u8 out[KCHAT_KEY_LEN]);

/* Keys of up to KCHAT_SHA256_BLOCK bytes; kchat_hmac_final() wipes the state. */
void kchat_hmac_init(struct kchat_hmac *hmac, const u8 *key, u32 key_len);
void kchat_hmac_update(struct kchat_hmac *hmac, const void *data, u32 len);
void kchat_hmac_final(struct kchat_hmac *hmac, u8 out[KCHAT_KEY_LEN]);
void kchat_hmac(const u8 *key, u32 key_len, const void *data, u32 len, u8 out[KCHAT_KEY_LEN]);

u32 kchat_base64_encode(const u8 *src, u32 len, char *dst);
/* Strict: padded, no other characters, unused bits 0. Gives the bytes, or -1. */
int kchat_base64_decode(const char *src, u32 len, u8 *dst, u32 size);

#endif /* _KCHAT_SHA256_H */
