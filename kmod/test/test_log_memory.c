// SPDX-License-Identifier: GPL-2.0-only
/* What a log costs: its cap, what readers hold, what is received into its own segments, memory that is not there. */
#include "log_model.h"

unsigned int shim_fail_at;

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

int main(void)
{
	static const struct test tests[] = {
		TEST(a_log_holds_no_more_than_its_cap),
		TEST(dropping_up_to_a_place_keeps_what_begins_behind_it),
		TEST(what_somebody_still_reads_stays_and_stays_counted),
		TEST(a_page_that_a_socket_holds_keeps_its_segment_counted),
		TEST(pages_that_do_not_lie_together_do_as_well),
		TEST(what_was_received_into_a_segment_is_not_copied),
		TEST(a_log_at_its_cap_needs_no_memory),
		TEST(without_memory_nothing_is_lost_or_leaked),
	};

	return RUN_TESTS(tests);
}
