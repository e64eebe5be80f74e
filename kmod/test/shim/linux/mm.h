/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages: each alloc_pages() an allocation of its own, so that nothing is read
 * beyond it unnoticed.
 */
#ifndef _SHIM_LINUX_MM_H
#define _SHIM_LINUX_MM_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#define PAGE_SIZE	4096UL

/* Of a compound page the first one counts. */
struct page {
	struct page *first;
	refcount_t refs;
	u8 *data;
};

static inline struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *pages = kmalloc_array(1u << order, sizeof(*pages), gfp);
	unsigned int i;

	if (!pages)
		return NULL;
	refcount_set(&pages->refs, 1);
	pages->data = malloc(PAGE_SIZE << order);
	for (i = 0; i < 1u << order; i++) {
		pages[i].first = pages;
		pages[i].data = pages->data + i * PAGE_SIZE;
	}
	return pages;
}

#define alloc_page(gfp)	alloc_pages(gfp, 0)

static inline void get_page(struct page *page)
{
	refcount_inc(&page->first->refs);
}

static inline void put_page(struct page *page)
{
	if (!refcount_dec_and_test(&page->first->refs))
		return;
	free(page->first->data);
	free(page->first);
}

static inline int page_count(const struct page *page)
{
	return refcount_read(&page->first->refs);
}

static inline void *page_address(const struct page *page)
{
	return page->data;
}

#endif
