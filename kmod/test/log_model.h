/* SPDX-License-Identifier: GPL-2.0-only */
/* A log, and the plain list of all that was ever appended to it. */
#ifndef _LOG_MODEL_H
#define _LOG_MODEL_H

#include "log.h"

#include <linux/kernel.h>

#include "frame.h"
#include "test.h"

#define MODEL_MAX	20000

static struct kchat_graves graves;
static struct kchat_log log_;
static struct kchat_spare spare;
static atomic64_t account;

/* What was appended: every byte, and every frame with its place. */
static u8 *bytes;
static struct {
	u64 start, end, seq, sender;	/* seq: of the last lasting frame up to and with this */
	u8 id[16];
	bool lasting;
} frames[MODEL_MAX];
static u32 n_frames;
static u32 id_at;	/* the first of the four bytes in which ids differ */

static u32 random_state;

static inline u32 any(u32 below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

static inline void begin(u32 seed)
{
	random_state = seed;
	n_frames = 0;
	bytes = malloc(64 << 20);
	CHECK(bytes);
	kchat_graves_init(&graves);
	atomic64_set(&account, 0);
	memset(&spare, 0, sizeof(spare));
	CHECK(!kchat_log_init(&log_, &graves, &account, 16, 0x1234567));
}

/* Nothing may be left: LeakSanitizer sees to what was not counted. */
static inline void end(void)
{
	kchat_spare_release(&spare);
	kchat_log_destroy(&log_);
	CHECK_EQ(kchat_graves_sweep(&graves), 0);
	CHECK_EQ(atomic64_read(&graves.bytes), 0);
	CHECK_EQ(atomic64_read(&account), 0);
	kchat_graves_destroy(&graves);
	free(bytes);
}

/* The frame is received before it is known what the log will make of its header. */
static inline void receive(const u8 *body, u32 len)
{
	struct kchat_seg *seg = kchat_spare_take(&spare, GFP_KERNEL);

	CHECK(seg && seg->size >= KCHAT_HDR_LEN + len);
	kchat_seg_write(seg, KCHAT_HDR_LEN, body, len);
	seg->used = KCHAT_HDR_LEN + len;
	kchat_spare_give(&spare, seg);
}

static inline void append(u32 body_len, bool lasting)
{
	static u8 body[KCHAT_BODY_MAX];
	struct kchat_head head = { .room = 7, .sender = 1 + any(4) };
	u32 cut = body_len ? any(body_len) : 0, i;
	struct kvec vec[] = { { body, cut }, { body + cut, body_len - cut } };
	struct kchat_hdr hdr;
	u8 id[16] = { 0 };

	CHECK(n_frames < MODEL_MAX);
	for (i = 0; i < 4; i++)
		id[(id_at + i) % sizeof(id)] = n_frames >> (8 * i);
	head.id = id;
	head.seq = log_.seq + lasting;
	for (i = 0; i < body_len; i++)
		body[i] = any(256);
	kchat_frame_put_hdr(&hdr, lasting ? KCHAT_T_MSG : KCHAT_T_TYPING, body_len, &head);
	if (sizeof(hdr) + body_len > KCHAT_SPARE_WHOLE && any(4)) {
		receive(body, body_len);
		vec[0].iov_base = vec[1].iov_base = NULL;
	}
	CHECK(!kchat_spare_fill(&spare, &log_, GFP_KERNEL));

	frames[n_frames].start = log_.head;
	frames[n_frames].end = log_.head + sizeof(hdr) + body_len;
	frames[n_frames].seq = head.seq;
	frames[n_frames].sender = head.sender;
	frames[n_frames].lasting = lasting;
	memcpy(frames[n_frames].id, id, sizeof(id));
	memcpy(bytes + log_.head, &hdr, sizeof(hdr));
	memcpy(bytes + log_.head + sizeof(hdr), body, body_len);
	kchat_log_append(&log_, &hdr, vec, 2, lasting, &spare);
	CHECK_EQ(log_.head, frames[n_frames].end);
	CHECK_EQ(log_.seq, head.seq);
	n_frames++;
}

static inline void append_any(void)
{
	static const u32 sizes[] = { 1, 72, 72, 72, 300, 3000, 16392, KCHAT_BODY_MAX };
	u32 most = sizes[any(ARRAY_SIZE(sizes))];

	append(any(8) ? any(most + 1) : most, any(4));
}

static inline void check_range(const struct kchat_range *range)
{
	u64 at = range->start;
	u32 i;

	for (i = 0; i < range->nr_vecs; i++) {
		const struct bio_vec *vec = &range->vecs[i];

		CHECK(vec->bv_len && vec->bv_offset < PAGE_SIZE &&
		      vec->bv_offset + vec->bv_len <= PAGE_SIZE << KCHAT_SEG_ORDER);
		CHECK(!memcmp((u8 *)page_address(vec->bv_page) + vec->bv_offset, bytes + at,
			      vec->bv_len));
		at += vec->bv_len;
	}
	CHECK_EQ(at, range->end);
}

/* The frame that a place is inside of, or -1 at a boundary. */
static inline int inside(u64 pos)
{
	u32 i;

	for (i = n_frames; i-- > 0;)
		if (frames[i].start < pos && pos < frames[i].end)
			return i;
	return -1;
}

static inline void check_split(const struct kchat_range *range)
{
	u64 pos = range->start + any(range->end - range->start) + 1, frame_end, seq = 0;
	int frame = inside(pos);
	struct kchat_seg *seg;
	u32 i, whole = 0;

	seg = kchat_range_split(range, pos, &frame_end);
	CHECK_EQ(!!seg, frame >= 0);
	if (seg) {
		CHECK_EQ(frame_end, frames[frame].end);
		CHECK(seg->start <= frames[frame].start && frame_end <= seg->start + seg->used);
		kchat_seg_put(seg);
	}
	for (i = 0; i < n_frames; i++)
		whole += frames[i].start >= range->start && frames[i].end <= pos;
	CHECK_EQ(kchat_range_frames(range, pos, &seq), whole);
}

#endif
