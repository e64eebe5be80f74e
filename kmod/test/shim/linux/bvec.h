/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_LINUX_BVEC_H
#define _SHIM_LINUX_BVEC_H

#include <linux/mm.h>

struct bio_vec {
	struct page *bv_page;
	unsigned int bv_len;
	unsigned int bv_offset;
};

static inline void bvec_set_page(struct bio_vec *vec, struct page *page, unsigned int len,
				 unsigned int offset)
{
	vec->bv_page = page;
	vec->bv_len = len;
	vec->bv_offset = offset;
}

#endif
