/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel library's SHA-256 as user space has it for the tests: shim/sha2.c. */
#ifndef _SHIM_CRYPTO_SHA2_H
#define _SHIM_CRYPTO_SHA2_H

#include <linux/types.h>

struct sha256_state {
	u32 state[8];
	u64 count;
	u8 buf[64];
};

void sha256_init(struct sha256_state *s);
void sha256_update(struct sha256_state *s, const u8 *data, unsigned int len);
void sha256_final(struct sha256_state *s, u8 *out);

#endif
