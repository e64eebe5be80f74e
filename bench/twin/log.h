/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The room log, of the same shape as the module's (kmod/log.h): finished frames, one
 * after another, in segments; a reader is a position in it. Here a segment is one piece
 * of memory, since nothing is handed to sockets by page.
 *
 * Offsets count bytes since the log began and have no holes; a frame never crosses a
 * segment.
 */
#ifndef _TWIN_LOG_H
#define _TWIN_LOG_H

#include <linux/list.h>
#include <linux/types.h>
#include <sys/uio.h>

#include "uapi/kchat.h"

#define TWIN_SEG_BYTES		(64 * 1024)	/* of frames; the largest has 17,520 */
#define TWIN_SEG_ENTRIES	(TWIN_SEG_BYTES / (KCHAT_HDR_LEN + 8))
#define TWIN_RANGE_VECS		4

/**
 * struct twin_entry - where a lasting frame is
 * @off: in its segment
 * @hash: of (sender, id)
 * @back: how many sequence numbers before this one the next one of the same bucket
 *	stands; 0: none
 */
struct twin_entry {
	u32 off;
	u32 hash;
	u32 back;
};

/**
 * struct twin_seg - memory with whole frames
 * @node: in log->segs
 * @refs: the log's, and one of each connection in the middle of a frame
 * @start: offset in the log of the first byte
 * @first_seq: sequence of the first entry, were there one
 * @used: bytes written
 * @nr_entries: lasting frames so far
 */
struct twin_seg {
	struct list_head node;
	u32 refs;
	u64 start;
	u64 first_seq;
	u32 used;
	u32 nr_entries;
	struct twin_entry entries[TWIN_SEG_ENTRIES];
	u8 data[TWIN_SEG_BYTES];
};

/**
 * struct twin_log - a log
 * @segs: oldest first
 * @head: end of the last frame
 * @tail: start of the first frame still held
 * @seq: sequence of the last lasting frame
 * @first_seq: sequence of the first lasting frame still held; @seq + 1 if none is
 * @bytes: memory of @segs
 * @buckets: sequence of the newest entry with this hash, 0: none
 * @nr_buckets: a power of two
 * @key: random: seeds the hash
 */
struct twin_log {
	struct list_head segs;
	u64 head;
	u64 tail;
	u64 seq;
	u64 first_seq;
	u64 bytes;
	u64 *buckets;
	u32 nr_buckets;
	u64 key;
};

/**
 * struct twin_range - a piece of a log, valid until the log changes
 * @log: of which
 * @start: offset of its first byte
 * @end: behind its last one, which ends a frame
 * @seq: the sequence there
 * @nr: of @vecs
 * @vecs: the bytes
 */
struct twin_range {
	const struct twin_log *log;
	u64 start;
	u64 end;
	u64 seq;
	u32 nr;
	struct iovec vecs[TWIN_RANGE_VECS];
};

/* Memory of all logs. */
extern u64 twin_log_memory;

bool twin_log_init(struct twin_log *log, u64 key);
void twin_log_destroy(struct twin_log *log);

/* Of (sender, id): a lasting frame is found and appended by it. */
u32 twin_log_hash(const struct twin_log *log, u64 sender, const u8 *id);
/*
 * Appends the frame of header @hdr, complete, and @body. @lasting: @hdr->seq is
 * log->seq + 1, and @hash that of its sender and id. False: there is no memory.
 */
bool twin_log_append(struct twin_log *log, const struct kchat_hdr *hdr, const void *body,
		     u32 len, bool lasting, u32 hash);
/* The lasting frame of this sender and id, if the log still has it: its header. */
bool twin_log_find(const struct twin_log *log, u32 hash, u64 sender, const u8 *id,
		   struct kchat_hdr *out);
/* Where the lasting frame @seq starts; the head if it is not yet there, the first if dropped. */
u64 twin_log_seek(const struct twin_log *log, u64 seq);
/* Drops the oldest segments until at most @bytes are held; the last one stays. */
void twin_log_trim(struct twin_log *log, u64 bytes);

/* The sequence at @pos, tail <= pos <= head: that of the last lasting frame before it. */
u64 twin_log_seq(const struct twin_log *log, u64 pos);
/* What lies between @pos and @end, both between frames, as much as fits; tail <= pos < end. */
void twin_log_range(const struct twin_log *log, u64 pos, u64 end, struct twin_range *range);
/*
 * A part of a range was sent. Is @pos inside of a frame? Then the segment, with a
 * reference, and where the frame ends.
 */
struct twin_seg *twin_log_split(const struct twin_log *log, u64 pos, u64 *end);
void twin_seg_put(struct twin_seg *seg);

#endif /* _TWIN_LOG_H */
