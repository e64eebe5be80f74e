// SPDX-License-Identifier: GPL-2.0-only
/* The log of a room or of a stream; see log.h. */
#include "log.h"

#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "alloc.h"

/* Bytes of the frame at @off, its header included. */
static u32 seg_frame_len(const struct kchat_seg *seg, u32 off)
{
	__le32 length;

	kchat_seg_read(seg, off, &length, sizeof(length));
	return le32_to_cpu(length) + sizeof(length);
}

/* ---- a log ------------------------------------------------------------- */

int kchat_log_init(struct kchat_log *log, struct kchat_graves *graves, atomic64_t *account,
		   u32 nr_buckets, u64 key)
{
	memset(log, 0, sizeof(*log));
	INIT_LIST_HEAD(&log->segs);
	log->graves = graves;
	log->account = account;
	log->first_seq = 1;
	log->key = key;
	if (!nr_buckets)
		return 0;
	log->buckets = kchat_alloc(kcalloc(nr_buckets, sizeof(*log->buckets), GFP_KERNEL));
	if (!log->buckets)
		return -ENOMEM;
	log->nr_buckets = nr_buckets;
	return 0;
}

static struct kchat_seg *log_first(const struct kchat_log *log)
{
	return list_first_entry(&log->segs, struct kchat_seg, node);
}

static struct kchat_seg *log_last(const struct kchat_log *log)
{
	return list_last_entry(&log->segs, struct kchat_seg, node);
}

static void log_add_seg(struct kchat_log *log, struct kchat_seg *seg)
{
	u32 cost = kchat_seg_cost(seg);

	seg->start = log->head;
	seg->first_seq = log->seq + 1;
	list_add_tail(&seg->node, &log->segs);
	log->bytes += cost;
	atomic64_add(cost, &log->graves->bytes);
	if (log->account)
		atomic64_add(cost, log->account);
}

static void log_drop_first(struct kchat_log *log, struct kchat_spare *spare)
{
	struct kchat_seg *seg = log_first(log);
	u32 cost = kchat_seg_cost(seg);

	list_del(&seg->node);
	log->tail = kchat_seg_end(seg);
	log->first_seq = seg->first_seq + seg->nr_entries;
	log->bytes -= cost;
	if (log->account)
		atomic64_sub(cost, log->account);
	/* A log at its cap drops one for each that it takes: no memory has to be got or cleared. */
	if (spare && !spare->seg &&
	    kchat_seg_reuse(log->graves, seg, KCHAT_SEG_PAGES, KCHAT_SEG_ENTRIES))
		spare->seg = seg;
	else
		kchat_seg_bury(log->graves, seg);
}

void kchat_log_destroy(struct kchat_log *log)
{
	while (!list_empty(&log->segs))
		log_drop_first(log, NULL);
	kvfree(log->buckets);
	log->buckets = NULL;
}

void kchat_log_trim(struct kchat_log *log, u64 bytes, struct kchat_spare *spare)
{
	while (log->bytes > bytes && !list_is_singular(&log->segs))
		log_drop_first(log, spare);
}

void kchat_log_drop(struct kchat_log *log, u64 pos, u64 bytes)
{
	while (log->bytes > bytes && kchat_seg_end(log_first(log)) <= pos)
		log_drop_first(log, NULL);
}

/* ---- finding a message again ------------------------------------------- */

/* Whoever sends chooses ids, and must not be able to choose some that collide. */
static u32 log_hash(const struct kchat_log *log, u64 sender, const u8 *id)
{
	const hsiphash_key_t key = { { log->key, (log->key >> 32) ^ sender } };
	u32 word[4];

	memcpy(word, id, sizeof(word));
	return hsiphash_4u32(word[0], word[1], word[2], word[3], &key);
}

static void log_link(struct kchat_log *log, struct kchat_log_entry *entry, u64 seq)
{
	u64 *bucket = &log->buckets[entry->hash & (log->nr_buckets - 1)];

	/* A distance too large to say is one to something dropped long ago. */
	entry->back = *bucket && seq - *bucket <= U32_MAX ? seq - *bucket : 0;
	*bucket = seq;
}

static void log_grow(struct kchat_log *log, struct kchat_spare *spare)
{
	struct kchat_seg *seg;
	u64 *old = log->buckets;
	u32 i;

	log->buckets = spare->buckets;
	log->nr_buckets = spare->nr_buckets;
	list_for_each_entry(seg, &log->segs, node)
		for (i = 0; i < seg->nr_entries; i++)
			log_link(log, &seg->entries[i], seg->first_seq + i);
	/* The old table is freed with the spare, outside of the lock. */
	spare->buckets = old;
	spare->nr_buckets = 0;
}

bool kchat_log_find(const struct kchat_log *log, u64 sender, const u8 *id, struct kchat_hdr *out)
{
	u32 hash = log_hash(log, sender, id);
	u64 seq = log->buckets[hash & (log->nr_buckets - 1)];
	struct kchat_seg *seg;

	if (list_empty(&log->segs))
		return false;
	/* A chain goes from new to old, and so does the walk over the segments. */
	seg = log_last(log);
	while (seq >= log->first_seq && seq) {
		const struct kchat_log_entry *entry;

		while (seq < seg->first_seq)
			seg = list_prev_entry(seg, node);
		entry = &seg->entries[seq - seg->first_seq];
		if (entry->hash == hash) {
			kchat_seg_read(seg, entry->off, out, sizeof(*out));
			if (le64_to_cpu(out->sender) == sender &&
			    !memcmp(out->id, id, sizeof(out->id)))
				return true;
		}
		if (!entry->back)
			break;
		seq -= entry->back;
	}
	return false;
}

u64 kchat_log_seek(const struct kchat_log *log, u64 seq)
{
	struct kchat_seg *seg;

	list_for_each_entry_reverse(seg, &log->segs, node) {
		if (seq < seg->first_seq)
			continue;
		if (seq - seg->first_seq < seg->nr_entries)
			return seg->start + seg->entries[seq - seg->first_seq].off;
		return log->head;
	}
	return log->tail;
}

/* The segment in which @pos lies, tail <= pos < head. */
static struct kchat_seg *log_seg_at(const struct kchat_log *log, u64 pos)
{
	struct kchat_seg *seg;

	list_for_each_entry_reverse(seg, &log->segs, node)
		if (pos >= seg->start)
			return seg;
	return NULL;
}

/* ---- appending --------------------------------------------------------- */

static struct kchat_seg *spare_seg(gfp_t gfp)
{
	return kchat_seg_alloc(KCHAT_SEG_PAGES * PAGE_SIZE, KCHAT_SEG_ENTRIES, gfp);
}

int kchat_spare_fill(struct kchat_spare *spare, const struct kchat_log *log, gfp_t gfp)
{
	u32 nr_buckets;

	if (!spare->nr_buckets && spare->buckets) {
		kvfree(spare->buckets);
		spare->buckets = NULL;
	}
	if (!spare->seg) {
		spare->seg = spare_seg(gfp);
		if (!spare->seg)
			return -ENOMEM;
	}
	/* Read without the lock: a table too many or too late does no harm. */
	nr_buckets = READ_ONCE(log->nr_buckets);
	if (!nr_buckets || READ_ONCE(log->seq) - READ_ONCE(log->first_seq) + 1 < 2 * nr_buckets)
		return 0;
	if (spare->nr_buckets > nr_buckets)
		return 0;
	kvfree(spare->buckets);
	spare->nr_buckets = 0;
	spare->buckets = kchat_alloc(kvcalloc(4 * nr_buckets, sizeof(*spare->buckets),
					      GFP_KERNEL | __GFP_NOWARN));
	/* Without it the chains are longer, that is all. */
	if (spare->buckets)
		spare->nr_buckets = 4 * nr_buckets;
	return 0;
}

void kchat_spare_release(struct kchat_spare *spare)
{
	if (spare->seg)
		kchat_seg_put(spare->seg);
	kvfree(spare->buckets);
	memset(spare, 0, sizeof(*spare));
}

struct kchat_seg *kchat_spare_take(struct kchat_spare *spare, gfp_t gfp)
{
	struct kchat_seg *seg = spare->seg;

	spare->seg = NULL;
	return seg ?: spare_seg(gfp);
}

void kchat_spare_give(struct kchat_spare *spare, struct kchat_seg *seg)
{
	if (spare->seg)
		kchat_seg_put(spare->seg);
	spare->seg = seg;
	spare->filled = seg->used;
	/* Nothing of the log's yet. */
	seg->used = 0;
}

static bool seg_fits(const struct kchat_seg *seg, u32 len, bool lasting)
{
	return seg->size - seg->used >= len &&
	       (!lasting || seg->nr_entries < seg->max_entries);
}

void kchat_log_append(struct kchat_log *log, const struct kchat_hdr *hdr,
		      const struct kvec *body, u32 nr_body, bool lasting,
		      struct kchat_spare *spare)
{
	u32 len = le32_to_cpu(hdr->length) + sizeof(hdr->length);
	struct kchat_seg *seg;
	u32 off, i;

	if (spare->filled || list_empty(&log->segs) || !seg_fits(log_last(log), len, lasting)) {
		log_add_seg(log, spare->seg);
		spare->seg = NULL;
	}
	seg = log_last(log);
	off = seg->used;
	kchat_seg_write(seg, off, hdr, sizeof(*hdr));
	off += sizeof(*hdr);
	if (spare->filled) {
		off = spare->filled;
		spare->filled = 0;
		nr_body = 0;
	}
	for (i = 0; i < nr_body; i++) {
		kchat_seg_write(seg, off, body[i].iov_base, body[i].iov_len);
		off += body[i].iov_len;
	}
	if (lasting) {
		struct kchat_log_entry *entry;

		if (spare->nr_buckets > log->nr_buckets)
			log_grow(log, spare);
		entry = &seg->entries[seg->nr_entries];
		entry->off = seg->used;
		entry->hash = log_hash(log, le64_to_cpu(hdr->sender), hdr->id);
		log->seq++;
		log_link(log, entry, log->seq);
		/* kchat_range_split() looks at the entries without the lock. */
		smp_store_release(&seg->nr_entries, seg->nr_entries + 1);
	}
	seg->used = off;
	/* From here on readers send it; nothing below the head changes any more. */
	smp_store_release(&log->head, kchat_seg_end(seg));
}

void kchat_log_append_seg(struct kchat_log *log, struct kchat_seg *seg)
{
	log_add_seg(log, seg);
	/* As in an append: from here on readers send it. */
	smp_store_release(&log->head, kchat_seg_end(seg));
}

/* ---- reading ----------------------------------------------------------- */

/* Adds what lies in @seg between two offsets of the log; false when the range is full. */
static bool range_add(struct kchat_range *range, struct kchat_seg *seg, u64 pos, u64 end)
{
	if (range->nr_vecs == KCHAT_RANGE_VECS)
		return false;
	refcount_inc(&seg->refs);
	range->segs[range->nr_segs++] = seg;
	while (pos < end && range->nr_vecs < KCHAT_RANGE_VECS) {
		u32 off = pos - seg->start;
		u32 part = min_t(u64, end - pos, kchat_seg_piece(seg, off));

		kchat_seg_vecs(seg, off, part, &range->vecs[range->nr_vecs++]);
		pos += part;
	}
	range->end = pos;
	return pos == end;
}

bool kchat_log_range(const struct kchat_log *log, u64 pos, u64 end, struct kchat_range *range)
{
	struct kchat_seg *seg;

	range->start = pos;
	range->end = pos;
	range->key = log->key;
	range->nr_frames = 0;
	range->nr_vecs = 0;
	range->nr_segs = 0;
	if (pos >= end)
		return false;
	seg = log_seg_at(log, pos);
	if (!seg)
		return false;
	list_for_each_entry_from(seg, &log->segs, node) {
		if (!range_add(range, seg, range->end, min(end, kchat_seg_end(seg))))
			break;
		if (range->end >= end)
			break;
	}
	return range->end > pos;
}

struct kchat_seg *kchat_log_rest(const struct kchat_log *log, u64 pos, u64 *end)
{
	struct kchat_seg *seg = pos < log->head ? log_seg_at(log, pos) : NULL;

	if (!seg)
		return NULL;
	refcount_inc(&seg->refs);
	*end = kchat_seg_end(seg);
	return seg;
}

void kchat_range_release(struct kchat_range *range)
{
	while (range->nr_segs)
		kchat_seg_put(range->segs[--range->nr_segs]);
	range->nr_vecs = 0;
	range->end = range->start;
}

u32 kchat_range_frames(const struct kchat_range *range, u64 pos, u64 *seq)
{
	u64 at = range->start;
	u32 count = 0, i;
	__le64 last;

	for (i = 0; i < range->nr_segs; i++) {
		const struct kchat_seg *seg = range->segs[i];
		u64 end = i + 1 < range->nr_segs ? range->segs[i + 1]->start : pos;

		while (at < end && at < pos) {
			kchat_seg_read(seg, at - seg->start + offsetof(struct kchat_hdr, seq),
				       &last, sizeof(last));
			*seq = le64_to_cpu(last);
			at += seg_frame_len(seg, at - seg->start);
			if (at <= pos)
				count++;
		}
	}
	return count;
}

/* The first frame of @seg that begins at a place known to be a boundary, at or before @off. */
static u32 seg_boundary(const struct kchat_seg *seg, u32 off)
{
	/* Pairs with the append's release: entries below it are complete. */
	u32 low = 0, high = smp_load_acquire(&seg->nr_entries);

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (seg->entries[middle].off <= off)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? seg->entries[low - 1].off : 0;
}

struct kchat_seg *kchat_range_split(const struct kchat_range *range, u64 pos, u64 *end)
{
	struct kchat_seg *seg = NULL;
	u32 i, off, at;

	for (i = range->nr_segs; i-- > 0;) {
		seg = range->segs[i];
		if (pos > seg->start)
			break;
		if (pos == seg->start)
			return NULL; /* frames do not cross segments */
	}
	if (!seg || pos <= seg->start)
		return NULL;
	off = pos - seg->start;
	/*
	 * Entries and bytes below @off are complete and do not change, though the
	 * owner of the log may be appending to this segment right now.
	 */
	at = seg_boundary(seg, off);
	while (at < off)
		at += seg_frame_len(seg, at);
	if (at == off)
		return NULL;
	*end = seg->start + at;
	refcount_inc(&seg->refs);
	return seg;
}
