// SPDX-License-Identifier: GPL-2.0-only
#include "log.h"

#include <linux/siphash.h>
#include <linux/string.h>
#include <stdlib.h>

#include "compat.h"

#define LOG_BUCKETS	16	/* of a new log */
#define SEGS_KEPT	64	/* segments that wait to be used again */

u64 twin_log_memory;

/* ---- segments ---------------------------------------------------------- */

/* Emptied segments: an append must not pay for the allocator's thrift. */
static struct {
	struct list_head list;
	u32 nr;
} kept = { .list = { &kept.list, &kept.list } };

static struct twin_seg *seg_alloc(void)
{
	struct twin_seg *seg;

	if (kept.nr) {
		seg = list_first_entry(&kept.list, struct twin_seg, node);
		list_del(&seg->node);
		kept.nr--;
	} else {
		seg = malloc(sizeof(*seg));
	}
	if (!seg)
		return NULL;
	seg->refs = 1;
	seg->used = 0;
	seg->nr_entries = 0;
	return seg;
}

void twin_seg_put(struct twin_seg *seg)
{
	if (--seg->refs)
		return;
	if (kept.nr == SEGS_KEPT) {
		free(seg);
		return;
	}
	list_add_tail(&seg->node, &kept.list);
	kept.nr++;
}

static u64 seg_end(const struct twin_seg *seg)
{
	return seg->start + seg->used;
}

static u32 frame_len(const u8 *frame)
{
	return get_unaligned_le32(frame) + sizeof(u32);
}

/* ---- a log ------------------------------------------------------------- */

bool twin_log_init(struct twin_log *log, u64 key)
{
	memset(log, 0, sizeof(*log));
	INIT_LIST_HEAD(&log->segs);
	log->first_seq = 1;
	log->key = key;
	log->buckets = calloc(LOG_BUCKETS, sizeof(*log->buckets));
	log->nr_buckets = LOG_BUCKETS;
	return log->buckets;
}

static struct twin_seg *log_first(const struct twin_log *log)
{
	return list_first_entry(&log->segs, struct twin_seg, node);
}

static struct twin_seg *log_last(const struct twin_log *log)
{
	return list_last_entry(&log->segs, struct twin_seg, node);
}

static void log_drop_first(struct twin_log *log)
{
	struct twin_seg *seg = log_first(log);

	list_del(&seg->node);
	log->tail = seg_end(seg);
	log->first_seq = seg->first_seq + seg->nr_entries;
	log->bytes -= sizeof(*seg);
	twin_log_memory -= sizeof(*seg);
	twin_seg_put(seg);
}

void twin_log_destroy(struct twin_log *log)
{
	while (!list_empty(&log->segs))
		log_drop_first(log);
	free(log->buckets);
}

void twin_log_trim(struct twin_log *log, u64 bytes)
{
	while (log->bytes > bytes && !list_is_singular(&log->segs))
		log_drop_first(log);
}

/* ---- finding a message again ------------------------------------------- */

/* As the module does it: whoever sends chooses ids, and must not choose some that collide. */
u32 twin_log_hash(const struct twin_log *log, u64 sender, const u8 *id)
{
	const hsiphash_key_t key = { { log->key, (log->key >> 32) ^ sender } };
	u32 word[4];

	memcpy(word, id, sizeof(word));
	return hsiphash_4u32(word[0], word[1], word[2], word[3], &key);
}

static void log_link(struct twin_log *log, struct twin_entry *entry, u64 seq)
{
	u64 *bucket = &log->buckets[entry->hash & (log->nr_buckets - 1)];

	/* A distance too large to say is one to something dropped long ago. */
	entry->back = *bucket && seq - *bucket <= U32_MAX ? seq - *bucket : 0;
	*bucket = seq;
}

/* The table is as large as the log, about; without memory the chains are longer. */
static void log_grow(struct twin_log *log)
{
	u32 nr = 4 * log->nr_buckets, i;
	struct twin_seg *seg;
	u64 *buckets;

	if (log->seq - log->first_seq + 1 < 2 * log->nr_buckets)
		return;
	buckets = calloc(nr, sizeof(*buckets));
	if (!buckets)
		return;
	free(log->buckets);
	log->buckets = buckets;
	log->nr_buckets = nr;
	list_for_each_entry(seg, &log->segs, node)
		for (i = 0; i < seg->nr_entries; i++)
			log_link(log, &seg->entries[i], seg->first_seq + i);
}

bool twin_log_find(const struct twin_log *log, u32 hash, u64 sender, const u8 *id,
		   struct kchat_hdr *out)
{
	u64 seq = log->buckets[hash & (log->nr_buckets - 1)];
	struct twin_seg *seg;

	if (list_empty(&log->segs))
		return false;
	/* A chain goes from new to old, and so does the walk over the segments. */
	seg = log_last(log);
	while (seq && seq >= log->first_seq) {
		const struct twin_entry *entry;

		while (seq < seg->first_seq)
			seg = list_prev_entry(seg, node);
		entry = &seg->entries[seq - seg->first_seq];
		if (entry->hash == hash) {
			memcpy(out, seg->data + entry->off, sizeof(*out));
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

u64 twin_log_seek(const struct twin_log *log, u64 seq)
{
	struct twin_seg *seg;

	list_for_each_entry_reverse(seg, &log->segs, node) {
		if (seq < seg->first_seq)
			continue;
		if (seq - seg->first_seq < seg->nr_entries)
			return seg->start + seg->entries[seq - seg->first_seq].off;
		return log->head;
	}
	return log->tail;
}

/* ---- appending --------------------------------------------------------- */

static bool log_room(struct twin_log *log, u32 len, bool lasting)
{
	struct twin_seg *seg = list_empty(&log->segs) ? NULL : log_last(log);

	if (seg && TWIN_SEG_BYTES - seg->used >= len &&
	    (!lasting || seg->nr_entries < TWIN_SEG_ENTRIES))
		return true;
	seg = seg_alloc();
	if (!seg)
		return false;
	seg->start = log->head;
	seg->first_seq = log->seq + 1;
	list_add_tail(&seg->node, &log->segs);
	log->bytes += sizeof(*seg);
	twin_log_memory += sizeof(*seg);
	return true;
}

bool twin_log_append(struct twin_log *log, const struct kchat_hdr *hdr, const void *body,
		     u32 len, bool lasting, u32 hash)
{
	struct twin_seg *seg;

	if (!log_room(log, sizeof(*hdr) + len, lasting))
		return false;
	seg = log_last(log);
	memcpy(seg->data + seg->used, hdr, sizeof(*hdr));
	memcpy(seg->data + seg->used + sizeof(*hdr), body, len);
	if (lasting) {
		struct twin_entry *entry = &seg->entries[seg->nr_entries++];

		entry->off = seg->used;
		entry->hash = hash;
		log->seq++;
		log_link(log, entry, log->seq);
		log_grow(log);
	}
	seg->used += sizeof(*hdr) + len;
	log->head = seg_end(seg);
	return true;
}

/* ---- reading ----------------------------------------------------------- */

/* The segment in which @pos lies, tail <= pos < head: mostly the last one. */
static struct twin_seg *log_seg_at(const struct twin_log *log, u64 pos)
{
	struct twin_seg *seg = log_last(log);

	while (pos < seg->start)
		seg = list_prev_entry(seg, node);
	return seg;
}

/* How many entries of @seg begin before @off. */
static u32 seg_before(const struct twin_seg *seg, u32 off)
{
	u32 low = 0, high = seg->nr_entries;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (seg->entries[middle].off < off)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

u64 twin_log_seq(const struct twin_log *log, u64 pos)
{
	const struct twin_seg *seg;

	if (pos == log->head)
		return log->seq;
	seg = log_seg_at(log, pos);
	return seg->first_seq + seg_before(seg, pos - seg->start) - 1;
}

void twin_log_range(const struct twin_log *log, u64 pos, u64 end, struct twin_range *range)
{
	struct twin_seg *seg = log_seg_at(log, pos);

	range->log = log;
	range->start = pos;
	range->nr = 0;
	for (;;) {
		u64 stop = seg_end(seg) < end ? seg_end(seg) : end;

		range->vecs[range->nr++] = (struct iovec){
			.iov_base = seg->data + (pos - seg->start),
			.iov_len = stop - pos,
		};
		pos = stop;
		if (pos == end || range->nr == TWIN_RANGE_VECS)
			break;
		seg = list_next_entry(seg, node);
	}
	range->end = pos;
	range->seq = twin_log_seq(log, pos);
}

struct twin_seg *twin_log_split(const struct twin_log *log, u64 pos, u64 *end)
{
	struct twin_seg *seg;
	u32 before, off, at;

	if (pos == log->head)
		return NULL;
	seg = log_seg_at(log, pos);
	off = pos - seg->start;
	before = seg_before(seg, off);
	at = before ? seg->entries[before - 1].off : 0;
	while (at < off)
		at += frame_len(seg->data + at);
	if (at == off)
		return NULL;
	*end = seg->start + at;
	seg->refs++;
	return seg;
}
