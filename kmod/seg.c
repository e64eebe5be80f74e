// SPDX-License-Identifier: GPL-2.0-only
/* Segments: pages with whole frames; see seg.h. */
#include "seg.h"

#include <linux/slab.h>
#include <linux/string.h>

#include "alloc.h"
#include "compat.h"

/* ---- segments ---------------------------------------------------------- */

u32 kchat_seg_cost(const struct kchat_seg *seg)
{
	return seg->nr_pages * PAGE_SIZE + sizeof(*seg) +
	       seg->max_entries * sizeof(seg->entries[0]);
}

static void seg_free(struct kchat_seg *seg)
{
	while (seg->nr_pages > seg->joined)
		put_page(seg->pages[--seg->nr_pages]);
	/* A compound page has one count, ours of which is one. */
	if (seg->joined)
		put_page(seg->pages[0]);
	kfree(seg);
}

/* The first pages in one piece. Without such memory they are got one by one: no harm. */
static void seg_join(struct kchat_seg *seg, gfp_t gfp)
{
	struct page *page;

	gfp &= ~__GFP_NOFAIL;
	page = kchat_alloc(alloc_pages(gfp | __GFP_COMP | __GFP_NOWARN | __GFP_NORETRY,
				       KCHAT_SEG_ORDER));
	if (!page)
		return;
	seg->joined = 1 << KCHAT_SEG_ORDER;
	while (seg->nr_pages < seg->joined)
		seg->pages[seg->nr_pages++] = page++;
}

struct kchat_seg *kchat_seg_alloc(u32 len, u16 max_entries, gfp_t gfp)
{
	u32 nr_pages = DIV_ROUND_UP(len, PAGE_SIZE);
	struct kchat_seg *seg;

	if (nr_pages > KCHAT_SEG_PAGES)
		return NULL;
	seg = kchat_alloc_gfp(gfp, kzalloc(sizeof(*seg) + max_entries * sizeof(seg->entries[0]),
					   gfp));
	if (!seg)
		return NULL;
	refcount_set(&seg->refs, 1);
	INIT_LIST_HEAD(&seg->node);
	seg->max_entries = max_entries;
	seg->size = nr_pages * PAGE_SIZE;
	if (nr_pages >= 1 << KCHAT_SEG_ORDER)
		seg_join(seg, gfp);
	while (seg->nr_pages < nr_pages) {
		struct page *page = kchat_alloc_gfp(gfp, alloc_page(gfp));

		if (!page) {
			seg_free(seg);
			return NULL;
		}
		seg->pages[seg->nr_pages++] = page;
	}
	return seg;
}

void kchat_seg_put(struct kchat_seg *seg)
{
	if (refcount_dec_and_test(&seg->refs))
		seg_free(seg);
}

static void *seg_at(const struct kchat_seg *seg, u32 off)
{
	return (u8 *)page_address(seg->pages[off / PAGE_SIZE]) + off % PAGE_SIZE;
}

void kchat_seg_write(struct kchat_seg *seg, u32 off, const void *data, u32 len)
{
	while (len) {
		u32 part = min_t(u32, len, kchat_seg_piece(seg, off));

		memcpy(seg_at(seg, off), data, part);
		data = (const u8 *)data + part;
		off += part;
		len -= part;
	}
}

void kchat_seg_read(const struct kchat_seg *seg, u32 off, void *data, u32 len)
{
	while (len) {
		u32 part = min_t(u32, len, kchat_seg_piece(seg, off));

		memcpy(data, seg_at(seg, off), part);
		data = (u8 *)data + part;
		off += part;
		len -= part;
	}
}

u32 kchat_seg_vecs(const struct kchat_seg *seg, u32 off, u32 len, struct bio_vec *vecs)
{
	u32 count = 0;

	while (len) {
		u32 part = min_t(u32, len, kchat_seg_piece(seg, off));

		bvec_set_page(&vecs[count++], seg->pages[off / PAGE_SIZE], part, off % PAGE_SIZE);
		off += part;
		len -= part;
	}
	return count;
}

u32 kchat_seg_kvecs(const struct kchat_seg *seg, u32 off, u32 len, struct kvec *vecs)
{
	u32 count = 0;

	while (len) {
		u32 part = min_t(u32, len, kchat_seg_piece(seg, off));

		vecs[count++] = (struct kvec){ .iov_base = seg_at(seg, off), .iov_len = part };
		off += part;
		len -= part;
	}
	return count;
}

/* ---- the dying --------------------------------------------------------- */

void kchat_graves_init(struct kchat_graves *graves)
{
	spin_lock_init(&graves->lock);
	INIT_LIST_HEAD(&graves->list);
	atomic64_set(&graves->bytes, 0);
}

/*
 * Does anybody but us hold the segment or one of its pages? Once it is off its
 * log, references only come from those who hold one already: ranges hold the
 * segment, and the sockets' page references are taken while a range does. So
 * segment first, pages second, and a "no" stays true.
 */
static bool seg_held(const struct kchat_seg *seg)
{
	u32 i;

	if (refcount_read(&seg->refs) != 1)
		return true;
	smp_rmb(); /* pairs with the release in refcount_dec_and_test() */
	/* All of a compound page have the count of the first one. */
	for (i = seg->joined ? seg->joined - 1 : 0; i < seg->nr_pages; i++)
		if (page_count(seg->pages[i]) != 1)
			return true;
	return false;
}

static void seg_end_of_life(struct kchat_graves *graves, struct kchat_seg *seg)
{
	atomic64_sub(kchat_seg_cost(seg), &graves->bytes);
	kchat_seg_put(seg);
}

bool kchat_seg_reuse(struct kchat_graves *graves, struct kchat_seg *seg, u32 nr_pages,
		     u32 max_entries)
{
	if (seg->nr_pages != nr_pages || seg->max_entries != max_entries || seg_held(seg))
		return false;
	atomic64_sub(kchat_seg_cost(seg), &graves->bytes);
	INIT_LIST_HEAD(&seg->node);
	seg->used = 0;
	seg->nr_entries = 0;
	return true;
}

void kchat_seg_bury(struct kchat_graves *graves, struct kchat_seg *seg)
{
	if (!seg_held(seg)) {
		seg_end_of_life(graves, seg);
		return;
	}
	spin_lock(&graves->lock);
	list_add_tail(&seg->node, &graves->list);
	spin_unlock(&graves->lock);
}

unsigned int kchat_graves_sweep(struct kchat_graves *graves)
{
	struct kchat_seg *seg, *next;
	unsigned int left = 0;
	LIST_HEAD(over);

	spin_lock(&graves->lock);
	list_for_each_entry_safe(seg, next, &graves->list, node) {
		if (seg_held(seg))
			left++;
		else
			list_move(&seg->node, &over);
	}
	spin_unlock(&graves->lock);

	list_for_each_entry_safe(seg, next, &over, node)
		seg_end_of_life(graves, seg);
	return left;
}

void kchat_graves_destroy(struct kchat_graves *graves)
{
	struct kchat_seg *seg, *next;

	list_for_each_entry_safe(seg, next, &graves->list, node)
		seg_end_of_life(graves, seg);
	INIT_LIST_HEAD(&graves->list);
}
