/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log: finished frames, one after another, in segments of pages. It is the
 * one structure for fan-out, back-fill, resume and streams. A reader is a
 * position in it, and sends page ranges; nothing is queued per reader.
 *
 * Offsets count bytes since the log began and have no holes; a frame never
 * crosses a segment. Also compiles in user space, where it is tested.
 *
 * Locking: every function that takes a log is called under the lock of the
 * log's owner (a room's or a stream's), except those that say otherwise. What
 * stands below the head never changes, so that it is sent without the lock.
 */
#ifndef _KCHAT_LOG_H
#define _KCHAT_LOG_H

#include <linux/atomic.h>
#include <linux/bvec.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/uio.h>

#include "seg.h"
#include "uapi/kchat.h"

/**
 * struct kchat_log - a log
 * @segs: oldest first; struct kchat_seg.node
 * @graves: where dropped segments go
 * @account: what else counts the bytes of this log; may be NULL
 * @head: end of the last frame; published by a store-release after the frame is there
 * @tail: start of the first frame still held
 * @seq: sequence of the last lasting frame
 * @first_seq: sequence of the first lasting frame still held; @seq + 1 if none is
 * @bytes: memory of @segs
 * @buckets: sequence of the newest entry with this hash, 0: none
 * @nr_buckets: a power of two
 * @key: random: seeds the hash, so that nobody can choose ids that collide, and
 *	tells one log from another that later lies at the same address
 */
struct kchat_log {
	struct list_head segs;
	struct kchat_graves *graves;
	atomic64_t *account;
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
 * struct kchat_spare - memory for an append, got before the lock is taken
 * @seg: an empty segment with all its pages, or NULL
 * @filled: bytes of the frame to be appended, which has been received into @seg;
 *	0: it comes from elsewhere
 * @buckets: a larger table for the log that asked for one, or NULL
 * @nr_buckets: of @buckets
 */
struct kchat_spare {
	struct kchat_seg *seg;
	u32 filled;
	u32 nr_buckets;
	u64 *buckets;
};

/*
 * A frame so long is alone in its segment or nearly so: it may as well be received
 * into one, and needs not be copied there.
 */
#define KCHAT_SPARE_WHOLE	(KCHAT_SEG_PAGES * PAGE_SIZE / 2)

#define KCHAT_RANGE_VECS	16

/**
 * struct kchat_range - a piece of a log with the references that keep it
 * @start: offset of its first byte
 * @end: offset behind its last byte
 * @key: of the log
 * @nr_frames: that end in it; set by whoever counts them
 * @seq: the last one's sequence; the same
 * @whole: @end is the end of a frame; the same
 * @nr_vecs: of @vecs
 * @nr_segs: of @segs
 * @vecs: the bytes
 * @segs: the segments, in order; the range owns a reference to each
 */
struct kchat_range {
	u64 start;
	u64 end;
	u64 key;
	u64 seq;
	u32 nr_frames;
	bool whole;
	u16 nr_vecs;
	u16 nr_segs;
	struct bio_vec vecs[KCHAT_RANGE_VECS];
	struct kchat_seg *segs[KCHAT_RANGE_VECS];
};

/*
 * @nr_buckets: a power of two to begin with, 0 for a log without lasting frames.
 * @key: random. -ENOMEM. May sleep.
 */
int kchat_log_init(struct kchat_log *log, struct kchat_graves *graves, atomic64_t *account,
		   u32 nr_buckets, u64 key);
/* Nobody else knows the log any more. */
void kchat_log_destroy(struct kchat_log *log);

/* Memory for one append of any frame to @log. No lock held; may sleep. -ENOMEM. */
int kchat_spare_fill(struct kchat_spare *spare, const struct kchat_log *log, gfp_t gfp);
void kchat_spare_release(struct kchat_spare *spare);
/* A segment to receive a frame of any length into; the caller owns it. NULL: no memory. */
struct kchat_seg *kchat_spare_take(struct kchat_spare *spare, gfp_t gfp);
/*
 * Takes over @seg, of whose @used bytes a frame is made: for the next append, which
 * puts the segment into the log as it is and writes the header anew. Whoever does
 * not append after all says so by kchat_spare_empty().
 */
void kchat_spare_give(struct kchat_spare *spare, struct kchat_seg *seg);

static inline void kchat_spare_empty(struct kchat_spare *spare)
{
	spare->filled = 0;
}

/*
 * Appends the frame of header @hdr, complete, and @body, which does not matter if the
 * frame stands in @spare. @lasting: @hdr->seq is log->seq + 1. Takes from @spare what it
 * needs, which kchat_spare_fill() has filled since the last append. Cannot fail.
 */
void kchat_log_append(struct kchat_log *log, const struct kchat_hdr *hdr,
		      const struct kvec *body, u32 nr_body, bool lasting,
		      struct kchat_spare *spare);
/* The same for a passing frame that fills @seg; the log takes over the reference. */
void kchat_log_append_seg(struct kchat_log *log, struct kchat_seg *seg);

/* The lasting frame of this sender and id, if the log still has it: its header. */
bool kchat_log_find(const struct kchat_log *log, u64 sender, const u8 *id,
		    struct kchat_hdr *out);
/* Where the lasting frame @seq starts; the head if it is not yet there, the first if dropped. */
u64 kchat_log_seek(const struct kchat_log *log, u64 seq);

/*
 * Drops the oldest segments until at most @bytes are held; the last one stays. One
 * that nobody holds becomes @spare's if that has none.
 */
void kchat_log_trim(struct kchat_log *log, u64 bytes, struct kchat_spare *spare);
/* Drops the oldest segments that end at or before @pos until at most @bytes are held. */
void kchat_log_drop(struct kchat_log *log, u64 pos, u64 bytes);

/*
 * Takes references to what lies between @pos and @end, as much as fits; @pos is
 * at or behind the tail. False: there is nothing.
 */
bool kchat_log_range(const struct kchat_log *log, u64 pos, u64 end, struct kchat_range *range);
/*
 * The segment in which @pos lies, with a reference, and where what it holds ends by
 * now; @pos is at or behind the tail. NULL: there is nothing.
 */
struct kchat_seg *kchat_log_rest(const struct kchat_log *log, u64 pos, u64 *end);
void kchat_range_release(struct kchat_range *range);
/*
 * After a part of a range was sent: is @pos inside of a frame? Then gives the
 * segment, with a reference for the caller, and where the frame ends. No lock.
 */
struct kchat_seg *kchat_range_split(const struct kchat_range *range, u64 pos, u64 *end);

/*
 * How many frames of a range end at or before @pos; *seq becomes the sequence in
 * the header of the last one that begins before it. No lock.
 */
u32 kchat_range_frames(const struct kchat_range *range, u64 pos, u64 *seq);

/* Read without the lock. */
static inline u64 kchat_log_head(const struct kchat_log *log)
{
	/* Pairs with the append's release: what lies below is complete. */
	return smp_load_acquire(&log->head);
}

#endif /* _KCHAT_LOG_H */
