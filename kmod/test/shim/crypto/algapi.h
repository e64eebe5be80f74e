/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_CRYPTO_ALGAPI_H
#define _SHIM_CRYPTO_ALGAPI_H

#include <linux/types.h>

static inline unsigned long crypto_memneq(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;
	unsigned long differ = 0;

	while (n--)
		differ |= *x++ ^ *y++;
	return differ;
}

#endif
