/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segments: the pages of logs. A log drops whole segments; one whose pages
 * somebody still holds stays counted among the dying until only we hold it.
 */
#ifndef _KCHAT_SEG_H
#define _KCHAT_SEG_H

#include <linux/atomic.h>
#include <linux/bvec.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/uio.h>

#include "uapi/kchat.h"

#define KCHAT_SEG_PAGES		5	/* 20 KiB: the largest frame fits (17,520 bytes) */
#define KCHAT_SEG_ORDER		2	/* the first four lie together, if such memory is there */
#define KCHAT_SEG_ENTRIES	160	/* lasting frames of one segment */
#define KCHAT_FRAME_MAX		(KCHAT_HDR_LEN + 17456)

/**
 * struct kchat_log_entry - where a lasting frame is
 * @off: in its segment
 * @hash: of (sender, id)
 * @back: how many sequence numbers before this one the next one of the same
 *	bucket stands; 0: none. What has been dropped ends a chain by itself
 */
struct kchat_log_entry {
	u32 off;
	u32 hash;
	u32 back;
};

/**
 * struct kchat_seg - pages with whole frames
 * @refs: one by the log (or the list of the dying), one by each range and each
 *	connection in the middle of a frame
 * @node: in log->segs, then in the list of the dying
 * @start: offset in the log of the first byte
 * @first_seq: sequence of the first entry, were there one
 * @used: bytes written; only grows, and only at the head of a log
 * @size: bytes the pages can hold
 * @nr_pages: of @pages
 * @joined: the first ones of @pages, which are one compound page: a socket gets
 *	them as one piece, and that costs half of what it does page by page
 * @nr_entries: lasting frames so far
 * @max_entries: of @entries
 *
 * Whoever drops the last reference frees segment and pages. The page
 * references that sockets hold are counted by the pages themselves.
 */
struct kchat_seg {
	refcount_t refs;
	struct list_head node;
	u64 start;
	u64 first_seq;
	u32 used;
	u32 size;
	u16 nr_pages;
	u16 joined;
	u16 nr_entries;
	u16 max_entries;
	struct page *pages[KCHAT_SEG_PAGES];
	struct kchat_log_entry entries[];
};

/**
 * struct kchat_graves - dropped segments whose pages somebody still holds
 * @lock: protects @list; a leaf
 * @list: segments, whose reference it owns
 * @bytes: what logs hold, dying segments included; a cap on it is a cap
 *
 * One for all logs of the module, whose connections count here what they hold.
 */
struct kchat_graves {
	spinlock_t lock;
	struct list_head list;
	atomic64_t bytes;
};

void kchat_graves_init(struct kchat_graves *graves);
/* Frees what only we hold by now, and says how many segments still wait. No lock held. */
unsigned int kchat_graves_sweep(struct kchat_graves *graves);
/* No log is left: gives up the rest; pages in sockets live on without us. */
void kchat_graves_destroy(struct kchat_graves *graves);

/*
 * A segment that will hold one frame of @len bytes (@max_entries 1 for a lasting
 * one), to be received into; the caller owns its reference. NULL: no memory.
 */
struct kchat_seg *kchat_seg_alloc(u32 len, u16 max_entries, gfp_t gfp);
void kchat_seg_put(struct kchat_seg *seg);
/* Copies to or from a segment at an offset; the caller checked the bounds. */
void kchat_seg_write(struct kchat_seg *seg, u32 off, const void *data, u32 len);
void kchat_seg_read(const struct kchat_seg *seg, u32 off, void *data, u32 len);

/* Describes @len bytes from @off on as pieces of memory; at most KCHAT_SEG_PAGES. How many. */
u32 kchat_seg_vecs(const struct kchat_seg *seg, u32 off, u32 len, struct bio_vec *vecs);

/* The same for who reads them. */
u32 kchat_seg_kvecs(const struct kchat_seg *seg, u32 off, u32 len, struct kvec *vecs);

/* How many bytes from @off on lie together. */
static inline u32 kchat_seg_piece(const struct kchat_seg *seg, u32 off)
{
	u32 joined = seg->joined * PAGE_SIZE;

	return off < joined ? joined - off : PAGE_SIZE - off % PAGE_SIZE;
}

/* Offset in the log behind its last byte. */
static inline u64 kchat_seg_end(const struct kchat_seg *seg)
{
	return seg->start + seg->used;
}

/* What a segment costs, its bookkeeping included. */
u32 kchat_seg_cost(const struct kchat_seg *seg);
/*
 * Gives up a dropped segment of @nr_pages and @max_entries, if only the caller holds it,
 * and makes it as good as new: the caller's. False: it is still the log's to bury.
 */
bool kchat_seg_reuse(struct kchat_graves *graves, struct kchat_seg *seg, u32 nr_pages,
		     u32 max_entries);
/* Takes over the log's reference. Stays counted for as long as its memory is in use. */
void kchat_seg_bury(struct kchat_graves *graves, struct kchat_seg *seg);

#endif /* _KCHAT_SEG_H */
