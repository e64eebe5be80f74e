// SPDX-License-Identifier: GPL-2.0-only
/* The log against a plain list of all that was ever appended. */
#include "log.h"

#include <linux/kernel.h>

#include "frame.h"
#include "test.h"

unsigned int shim_fail_at;

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

static u32 any(u32 below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

static void begin(u32 seed)
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
static void end(void)
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
static void receive(const u8 *body, u32 len)
{
	struct kchat_seg *seg = kchat_spare_take(&spare, GFP_KERNEL);

	CHECK(seg && seg->size >= KCHAT_HDR_LEN + len);
	kchat_seg_write(seg, KCHAT_HDR_LEN, body, len);
	seg->used = KCHAT_HDR_LEN + len;
	kchat_spare_give(&spare, seg);
}

static void append(u32 body_len, bool lasting)
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

static void append_any(void)
{
	static const u32 sizes[] = { 1, 72, 72, 72, 300, 3000, 16392, KCHAT_BODY_MAX };
	u32 most = sizes[any(ARRAY_SIZE(sizes))];

	append(any(8) ? any(most + 1) : most, any(4));
}

static void check_range(const struct kchat_range *range)
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
static int inside(u64 pos)
{
	u32 i;

	for (i = n_frames; i-- > 0;)
		if (frames[i].start < pos && pos < frames[i].end)
			return i;
	return -1;
}

static void check_split(const struct kchat_range *range)
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

/* ---- the tests ------------------------------------------------------------ */

static void what_was_appended_is_read_in_one_piece_or_many(void)
{
	struct kchat_range range;
	u32 i, first;

	begin(1);
	for (i = 0; i < 300; i++)
		append_any();
	for (i = 0; i < 2000; i++) {
		u64 pos = frames[first = any(n_frames)].start;
		u64 stop = frames[first + any(n_frames - first)].end;

		CHECK(kchat_log_range(&log_, pos, stop, &range));
		CHECK(range.end <= stop);
		check_range(&range);
		check_split(&range);
		kchat_range_release(&range);
	}
	CHECK(!kchat_log_range(&log_, log_.head, log_.head, &range));
	end();
}

static void a_range_that_breaks_off_goes_on_where_it_ended(void)
{
	struct kchat_range range;
	u64 pos = 0;
	u32 i;

	begin(2);
	for (i = 0; i < 200; i++)
		append_any();
	while (kchat_log_range(&log_, pos, log_.head, &range)) {
		check_range(&range);
		pos = range.end;
		kchat_range_release(&range);
	}
	CHECK_EQ(pos, log_.head);
	end();
}

static void whoever_holds_the_rest_of_a_segment_reads_it_to_its_end(void)
{
	struct kchat_seg *seg;
	u64 pos, stop;
	u32 i;

	begin(17);
	for (i = 0; i < 200; i++)
		append_any();
	for (pos = 0; pos < log_.head; pos = stop) {
		seg = kchat_log_rest(&log_, pos, &stop);
		CHECK(seg && seg->start <= pos && pos < stop && stop <= log_.head);
		CHECK_EQ(stop, seg->start + seg->used);
		kchat_seg_put(seg);
	}
	CHECK_EQ(pos, log_.head);
	CHECK(!kchat_log_rest(&log_, log_.head, &stop));
	end();
}

static void a_message_is_found_by_sender_and_id_as_long_as_it_is_held(void)
{
	struct kchat_hdr hdr;
	u32 i;

	begin(3);
	for (i = 0; i < 3000; i++) {
		append(any(200), any(4));
		if (!any(50))
			kchat_log_trim(&log_, 100000 + any(100000), &spare);
	}
	CHECK(log_.tail > 0 && log_.nr_buckets > 16);
	for (i = 0; i < n_frames; i++) {
		bool held = frames[i].lasting && frames[i].start >= log_.tail;

		CHECK_EQ(kchat_log_find(&log_, frames[i].sender, frames[i].id, &hdr), held);
		if (held) {
			CHECK_EQ(le64_to_cpu(hdr.seq), frames[i].seq);
			CHECK(!memcmp(&hdr, bytes + frames[i].start, sizeof(hdr)));
		}
		CHECK(!kchat_log_find(&log_, frames[i].sender + 4, frames[i].id, &hdr));
	}
	end();
}

static void sequences_and_places_lead_to_each_other(void)
{
	u64 oldest = 0;
	u32 i;

	begin(4);
	CHECK_EQ(kchat_log_seek(&log_, 1), 0);
	for (i = 0; i < 2000; i++)
		append(any(300), any(3));
	kchat_log_trim(&log_, 150000, &spare);
	for (i = 0; i < n_frames; i++) {
		if (frames[i].start < log_.tail) {
			if (frames[i].lasting)
				oldest = frames[i].seq;
			continue;
		}
		if (frames[i].lasting)
			CHECK_EQ(kchat_log_seek(&log_, frames[i].seq), frames[i].start);
	}
	CHECK_EQ(log_.first_seq, oldest + 1);
	CHECK_EQ(kchat_log_seek(&log_, oldest), log_.tail);
	CHECK_EQ(kchat_log_seek(&log_, log_.seq + 1), log_.head);
	end();
}

static void a_log_holds_no_more_than_its_cap(void)
{
	u32 i;

	begin(5);
	for (i = 0; i < 2000; i++) {
		append_any();
		kchat_log_trim(&log_, 200000, &spare);
		CHECK(log_.bytes <= 200000);
		CHECK_EQ(atomic64_read(&account), log_.bytes);
		CHECK_EQ(atomic64_read(&graves.bytes), log_.bytes);
	}
	end();
}

static void dropping_up_to_a_place_keeps_what_begins_behind_it(void)
{
	u32 i;

	begin(6);
	for (i = 0; i < 500; i++)
		append_any();
	for (i = 0; i < n_frames; i += 25) {
		kchat_log_drop(&log_, frames[i].start, 0);
		CHECK(log_.tail <= frames[i].start);
	}
	kchat_log_drop(&log_, log_.head, 0);
	CHECK_EQ(log_.tail, log_.head);
	CHECK_EQ(log_.bytes, 0);
	append_any();
	end();
}

static void what_somebody_still_reads_stays_and_stays_counted(void)
{
	struct kchat_range ranges[8];
	u32 i, round;

	begin(7);
	for (round = 0; round < 50; round++) {
		for (i = 0; i < 40; i++)
			append_any();
		for (i = 0; i < ARRAY_SIZE(ranges); i++) {
			u32 first = n_frames - 1 - any(30);

			CHECK(kchat_log_range(&log_, max(frames[first].start, log_.tail),
					      log_.head, &ranges[i]));
		}
		kchat_log_drop(&log_, log_.head, 0);
		CHECK_EQ(log_.bytes, 0);
		CHECK(kchat_graves_sweep(&graves) > 0);
		CHECK(atomic64_read(&graves.bytes) > 0);
		CHECK_EQ(atomic64_read(&account), 0);
		for (i = 0; i < ARRAY_SIZE(ranges); i++) {
			check_range(&ranges[i]);
			check_split(&ranges[i]);
			kchat_range_release(&ranges[i]);
		}
		CHECK_EQ(kchat_graves_sweep(&graves), 0);
		CHECK_EQ(atomic64_read(&graves.bytes), 0);
	}
	end();
}

/* A socket holds pages, not segments: any of them, joined or not. */
static void a_page_that_a_socket_holds_keeps_its_segment_counted(void)
{
	struct kchat_range range;
	struct page *page;
	u32 i;

	for (i = 0; i < KCHAT_SEG_PAGES; i++) {
		begin(8);
		append(17000, true);
		CHECK(kchat_log_range(&log_, 0, log_.head, &range));
		CHECK_EQ(range.nr_vecs, 2);
		page = range.segs[0]->pages[i];
		get_page(page);
		kchat_range_release(&range);
		kchat_log_drop(&log_, log_.head, 0);
		CHECK_EQ(kchat_graves_sweep(&graves), 1);
		CHECK(!memcmp(page_address(page), bytes + i * PAGE_SIZE, 600));
		put_page(page);
		CHECK_EQ(kchat_graves_sweep(&graves), 0);
		end();
	}
}

/* Where no four pages lie together, a segment is as large and costs as much. */
static void pages_that_do_not_lie_together_do_as_well(void)
{
	struct kchat_seg *joined, *single;
	struct kchat_range range;

	begin(11);
	joined = kchat_seg_alloc(KCHAT_FRAME_MAX, 1, GFP_KERNEL);
	shim_fail_at = 2;
	single = kchat_seg_alloc(KCHAT_FRAME_MAX, 1, GFP_KERNEL);
	CHECK_EQ(shim_fail_at, 0);
	CHECK(joined && single);
	CHECK_EQ(joined->joined, 4);
	CHECK_EQ(single->joined, 0);
	CHECK_EQ(single->size, joined->size);
	CHECK_EQ(kchat_seg_cost(single), kchat_seg_cost(joined));
	kchat_seg_put(joined);
	kchat_seg_put(single);

	shim_fail_at = 2;
	CHECK(!kchat_spare_fill(&spare, &log_, GFP_KERNEL));
	append(17000, true);
	CHECK(kchat_log_range(&log_, 0, log_.head, &range));
	CHECK_EQ(range.nr_vecs, KCHAT_SEG_PAGES);
	check_range(&range);
	kchat_range_release(&range);
	end();
}

static void a_chunk_received_into_its_own_pages_becomes_part_of_the_log(void)
{
	struct kchat_head head = { .sender = 3 };
	struct kchat_range range;
	struct kchat_seg *seg;
	struct kchat_hdr hdr;
	u32 i;

	begin(9);
	for (i = 0; i < 20; i++) {
		u32 len = 1 + any(KCHAT_CHUNK_MAX);

		kchat_frame_put_hdr(&hdr, KCHAT_T_STREAM_CHUNK, len, &head);
		seg = kchat_seg_alloc(sizeof(hdr) + len, 0, GFP_KERNEL);
		CHECK(seg && seg->size >= sizeof(hdr) + len);
		memset(bytes + log_.head, i, sizeof(hdr) + len);
		memcpy(bytes + log_.head, &hdr, sizeof(hdr));
		kchat_seg_write(seg, 0, bytes + log_.head, sizeof(hdr) + len);
		seg->used = sizeof(hdr) + len;
		frames[n_frames].start = log_.head;
		frames[n_frames++].end = log_.head + seg->used;
		kchat_log_append_seg(&log_, seg);
	}
	for (i = 0; i < 100; i++) {
		CHECK(kchat_log_range(&log_, frames[any(n_frames)].start, log_.head, &range));
		check_range(&range);
		check_split(&range);
		kchat_range_release(&range);
	}
	CHECK(!kchat_seg_alloc(KCHAT_SEG_PAGES * PAGE_SIZE + 1, 0, GFP_KERNEL));
	end();
}

static struct kchat_seg *last_seg(void)
{
	return list_last_entry(&log_.segs, struct kchat_seg, node);
}

static void what_was_received_into_a_segment_is_not_copied(void)
{
	static const u8 body[16384];
	struct kchat_head head = { .room = 7, .sender = 1, .seq = 1 };
	struct kchat_seg *seg;
	struct kchat_hdr hdr;

	begin(13);
	kchat_frame_put_hdr(&hdr, KCHAT_T_MSG, sizeof(body), &head);
	receive(body, sizeof(body));
	seg = spare.seg;
	CHECK_EQ(spare.filled, sizeof(hdr) + sizeof(body));
	CHECK(!kchat_spare_fill(&spare, &log_, GFP_KERNEL));
	kchat_log_append(&log_, &hdr, NULL, 0, true, &spare);
	CHECK(last_seg() == seg && !spare.seg && !spare.filled);
	CHECK_EQ(log_.head, sizeof(hdr) + sizeof(body));

	/* What is small goes behind it. */
	CHECK(!kchat_spare_fill(&spare, &log_, GFP_KERNEL));
	kchat_frame_put_hdr(&hdr, KCHAT_T_DELETE, 0, &head);
	kchat_log_append(&log_, &hdr, NULL, 0, true, &spare);
	CHECK(last_seg() == seg);
	CHECK_EQ(seg->entries[1].off, sizeof(hdr) + sizeof(body));

	/* Received and refused: nothing of it is in what is appended next. */
	receive(body, sizeof(body));
	seg = spare.seg;
	kchat_spare_empty(&spare);
	kchat_log_append(&log_, &hdr, NULL, 0, true, &spare);
	CHECK(last_seg() != seg && spare.seg == seg);
	CHECK_EQ(seg->used, 0);
	end();
}

static void a_log_at_its_cap_needs_no_memory(void)
{
	struct kchat_range range;
	struct kchat_seg *seg;
	u32 i;

	begin(14);
	while (log_.bytes <= 200000)
		append(16384, true);
	for (i = 0; i < 50; i++) {
		kchat_log_trim(&log_, 200000, &spare);
		CHECK(spare.seg);
		seg = spare.seg;
		append(16384, true);
		CHECK(last_seg() == seg);
	}
	/* What somebody still reads is not written over. */
	CHECK(kchat_log_range(&log_, log_.tail, log_.head, &range));
	kchat_log_trim(&log_, 200000, &spare);
	CHECK(!spare.seg);
	check_range(&range);
	kchat_range_release(&range);
	CHECK_EQ(kchat_graves_sweep(&graves), 0);
	end();
}

static void without_memory_nothing_is_lost_or_leaked(void)
{
	struct kchat_log other;
	u32 fail, i;

	for (fail = 1; fail < 10; fail++) {
		begin(10);
		shim_fail_at = fail;
		if (kchat_spare_fill(&spare, &log_, GFP_KERNEL))
			CHECK(!spare.seg);
		shim_fail_at = 0;
		for (i = 0; i < 50; i++)
			append_any();
		end();
	}
	shim_fail_at = 1;
	CHECK_EQ(kchat_log_init(&other, &graves, NULL, 16, 0), (u64)-ENOMEM);
	shim_fail_at = 0;
}

/* How many hold the bucket that holds most. */
static u32 fullest_bucket(void)
{
	u32 *count = calloc(log_.nr_buckets, sizeof(*count)), most = 0, i;
	const struct kchat_seg *seg;

	CHECK(count);
	list_for_each_entry(seg, &log_.segs, node)
		for (i = 0; i < seg->nr_entries; i++)
			most = max(most, ++count[seg->entries[i].hash & (log_.nr_buckets - 1)]);
	free(count);
	return most;
}

/* Wherever ids differ, and be it in their last bytes alone, they are spread. */
static void no_place_in_an_id_leads_to_one_bucket(void)
{
	for (id_at = 0; id_at < 16; id_at++) {
		begin(12);
		while (n_frames < 4000)
			append(1, true);
		CHECK(log_.nr_buckets >= 1024);
		CHECK(fullest_bucket() <= 24);
		end();
	}
	id_at = 0;
}

/* Everything at once, with the largest frames, for a long time. */
static void any_order_of_all_of_it_agrees_with_the_list(void)
{
	struct kchat_range held[16] = { 0 };
	u32 seed, i;

	for (seed = 100; seed < 110; seed++) {
		begin(seed);
		for (i = 0; i < 1500; i++) {
			struct kchat_range *range = &held[any(ARRAY_SIZE(held))];
			u32 frame;

			append_any();
			if (range->nr_segs) {
				check_range(range);
				kchat_range_release(range);
			}
			frame = n_frames - 1 - any(min(n_frames, 60u));
			if (frames[frame].start >= log_.tail) {
				kchat_log_range(&log_, frames[frame].start, log_.head, range);
				check_split(range);
			}
			if (!any(20))
				kchat_log_trim(&log_, any(400000), &spare);
			if (!any(100))
				kchat_log_drop(&log_, frames[any(n_frames)].start, 0);
			if (!any(10))
				kchat_graves_sweep(&graves);
		}
		for (i = 0; i < ARRAY_SIZE(held); i++)
			kchat_range_release(&held[i]);
		end();
	}
}

int main(void)
{
	static const struct test tests[] = {
		TEST(what_was_appended_is_read_in_one_piece_or_many),
		TEST(a_range_that_breaks_off_goes_on_where_it_ended),
		TEST(whoever_holds_the_rest_of_a_segment_reads_it_to_its_end),
		TEST(a_message_is_found_by_sender_and_id_as_long_as_it_is_held),
		TEST(sequences_and_places_lead_to_each_other),
		TEST(a_log_holds_no_more_than_its_cap),
		TEST(dropping_up_to_a_place_keeps_what_begins_behind_it),
		TEST(what_somebody_still_reads_stays_and_stays_counted),
		TEST(a_page_that_a_socket_holds_keeps_its_segment_counted),
		TEST(pages_that_do_not_lie_together_do_as_well),
		TEST(a_chunk_received_into_its_own_pages_becomes_part_of_the_log),
		TEST(what_was_received_into_a_segment_is_not_copied),
		TEST(a_log_at_its_cap_needs_no_memory),
		TEST(no_place_in_an_id_leads_to_one_bucket),
		TEST(without_memory_nothing_is_lost_or_leaked),
		TEST(any_order_of_all_of_it_agrees_with_the_list),
	};

	return RUN_TESTS(tests);
}
