/* SPDX-License-Identifier: GPL-2.0-only */
/* SipHash-1-3 (Aumasson, Bernstein 2012) over 16 bytes: what hsiphash_4u32() is on 64 bits. */
#ifndef _SHIM_LINUX_SIPHASH_H
#define _SHIM_LINUX_SIPHASH_H

#include <linux/types.h>

typedef struct {
	unsigned long key[2];
} hsiphash_key_t;

static inline u64 shim_rotate(u64 x, unsigned int by)
{
	return x << by | x >> (64 - by);
}

static inline void shim_sip_round(u64 v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = shim_rotate(v[1], 13) ^ v[0];
	v[3] = shim_rotate(v[3], 16) ^ v[2];
	v[2] += v[1];
	v[0] = shim_rotate(v[0], 32) + v[3];
	v[1] = shim_rotate(v[1], 17) ^ v[2];
	v[3] = shim_rotate(v[3], 21) ^ v[0];
	v[2] = shim_rotate(v[2], 32);
}

static inline u32 hsiphash_4u32(u32 a, u32 b, u32 c, u32 d, const hsiphash_key_t *key)
{
	const u64 words[3] = { (u64)b << 32 | a, (u64)d << 32 | c, 16ULL << 56 };
	u64 v[4] = {
		key->key[0] ^ 0x736f6d6570736575ULL, key->key[1] ^ 0x646f72616e646f6dULL,
		key->key[0] ^ 0x6c7967656e657261ULL, key->key[1] ^ 0x7465646279746573ULL,
	};
	int i;

	for (i = 0; i < 3; i++) {
		v[3] ^= words[i];
		shim_sip_round(v);
		v[0] ^= words[i];
	}
	v[2] ^= 0xff;
	for (i = 0; i < 3; i++)
		shim_sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif
