/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages: each an allocation of its own, so that nothing is read beyond one unnoticed. */
#ifndef _SHIM_LINUX_MM_H
#define _SHIM_LINUX_MM_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#define PAGE_SIZE	4096UL

struct page {
	refcount_t refs;
	u8 *data;
};

static inline struct page *alloc_page(gfp_t gfp)
{
	struct page *page = kzalloc(sizeof(*page), gfp);

	if (!page)
		return NULL;
	refcount_set(&page->refs, 1);
	page->data = malloc(PAGE_SIZE);
	return page;
}

static inline void get_page(struct page *page)
{
	refcount_inc(&page->refs);
}

static inline void put_page(struct page *page)
{
	if (!refcount_dec_and_test(&page->refs))
		return;
	free(page->data);
	free(page);
}

static inline int page_count(const struct page *page)
{
	return refcount_read(&page->refs);
}

static inline void *page_address(const struct page *page)
{
	return page->data;
}

#endif
