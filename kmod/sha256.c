// SPDX-License-Identifier: GPL-2.0-only
#include "sha256.h"

#include <linux/kernel.h>
#include <linux/string.h>

/* The block size of the hash, and what HMAC pads its key with (RFC 2104). */
#define IPAD	0x36
#define OPAD	0x5c

void kchat_sha256(const void *data, u32 len, u8 out[KCHAT_KEY_LEN])
{
	struct kchat_sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, data, len);
	sha256_final(&ctx, out);
	memzero_explicit(&ctx, sizeof(ctx));
}

void kchat_hmac_init(struct kchat_hmac *hmac, const u8 *key, u32 key_len)
{
	u8 pads[2][KCHAT_SHA256_BLOCK];
	int i;

	for (i = 0; i < KCHAT_SHA256_BLOCK; i++) {
		u8 byte = i < key_len ? key[i] : 0;

		pads[0][i] = byte ^ IPAD;
		pads[1][i] = byte ^ OPAD;
	}
	sha256_init(&hmac->inner);
	sha256_update(&hmac->inner, pads[0], sizeof(pads[0]));
	sha256_init(&hmac->outer);
	sha256_update(&hmac->outer, pads[1], sizeof(pads[1]));
	memzero_explicit(pads, sizeof(pads));
}

void kchat_hmac_update(struct kchat_hmac *hmac, const void *data, u32 len)
{
	sha256_update(&hmac->inner, data, len);
}

void kchat_hmac_final(struct kchat_hmac *hmac, u8 out[KCHAT_KEY_LEN])
{
	u8 inner[KCHAT_KEY_LEN];

	sha256_final(&hmac->inner, inner);
	sha256_update(&hmac->outer, inner, sizeof(inner));
	sha256_final(&hmac->outer, out);
	memzero_explicit(inner, sizeof(inner));
	memzero_explicit(hmac, sizeof(*hmac));
}

void kchat_hmac(const u8 *key, u32 key_len, const void *data, u32 len, u8 out[KCHAT_KEY_LEN])
{
	struct kchat_hmac hmac;

	kchat_hmac_init(&hmac, key, key_len);
	kchat_hmac_update(&hmac, data, len);
	kchat_hmac_final(&hmac, out);
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * kchat_base64_encode - bytes to base64 with padding
 * @src: bytes
 * @len: how many
 * @dst: room for KCHAT_BASE64_LEN(@len)
 *
 * Return: characters written
 */
u32 kchat_base64_encode(const u8 *src, u32 len, char *dst)
{
	char *out = dst;
	u32 i;

	for (i = 0; i < len; i += 3) {
		u32 left = len - i;
		u32 group = src[i] << 16 | (left > 1 ? src[i + 1] << 8 : 0) |
			    (left > 2 ? src[i + 2] : 0);

		*out++ = digits[group >> 18];
		*out++ = digits[group >> 12 & 63];
		*out++ = left > 1 ? digits[group >> 6 & 63] : '=';
		*out++ = left > 2 ? digits[group & 63] : '=';
	}
	return out - dst;
}

static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/**
 * kchat_base64_decode - base64 to bytes, strictly
 * @src: characters
 * @len: how many
 * @dst: where the bytes go
 * @size: how many there is room for
 *
 * Return: bytes written, or -1 if it is not base64 in its one proper form, or
 * does not fit
 */
int kchat_base64_decode(const char *src, u32 len, u8 *dst, u32 size)
{
	u32 padding = 0, bytes, bits = 0, i;
	u32 group = 0;
	u8 *out = dst;

	if (len % 4)
		return -1;
	while (padding < 2 && padding < len && src[len - 1 - padding] == '=')
		padding++;
	bytes = len / 4 * 3 - padding;
	if (bytes > size)
		return -1;
	for (i = 0; i < len - padding; i++) {
		int value = digit_value(src[i]);

		if (value < 0)
			return -1;
		group = group << 6 | value;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*out++ = group >> bits;
		}
	}
	/* Bits that belong to no byte: 0 in the one proper form. */
	if (group & ((1U << bits) - 1))
		return -1;
	return bytes;
}
