// SPDX-License-Identifier: GPL-2.0-only
/* The log against a plain list of all that was ever appended. */
#include "log_model.h"

unsigned int shim_fail_at;

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
		TEST(a_chunk_received_into_its_own_pages_becomes_part_of_the_log),
		TEST(no_place_in_an_id_leads_to_one_bucket),
		TEST(any_order_of_all_of_it_agrees_with_the_list),
	};

	return RUN_TESTS(tests);
}
