// SPDX-License-Identifier: GPL-2.0-only
/* What DELIVERED says of people, against a count of all of them. */
#include "marks.h"

#include <linux/kernel.h>

#include "test.h"

#define PEOPLE	200

static struct rb_root marks;
static struct kchat_mark people[PEOPLE];
static u32 random_state = 1;

/* xorshift (Marsaglia 2003): the same numbers in each run. */
static u32 random_below(u32 n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

static void begin(void)
{
	marks = RB_ROOT;
	memset(people, 0, sizeof(people));
}

static u32 have(u64 seq)
{
	u32 count = 0, i;

	for (i = 0; i < PEOPLE; i++)
		count += people[i].weight && people[i].seq >= seq;
	return count;
}

static void check(void)
{
	struct kchat_delivered_step steps[KCHAT_DELIVERED_STEPS];
	u32 count = have(0), nr = kchat_marks_steps(&marks, steps), distinct = 0, i, j;
	u64 least = U64_MAX, most = 0;

	CHECK_EQ(kchat_marks_count(&marks), count);
	for (i = 0; i < PEOPLE; i++) {
		if (!people[i].weight)
			continue;
		least = min(least, people[i].seq);
		most = max(most, people[i].seq);
		for (j = 0; j < i && !(people[j].weight && people[j].seq == people[i].seq); j++)
			;
		distinct += j == i;
	}
	CHECK(nr <= KCHAT_DELIVERED_STEPS);
	if (distinct <= KCHAT_DELIVERED_STEPS)
		CHECK_EQ(nr, distinct);
	for (i = 0; i < nr; i++) {
		CHECK_EQ(steps[i].people, have(steps[i].seq));
		CHECK(!i || steps[i].seq < steps[i - 1].seq);
	}
	if (nr) {
		CHECK_EQ(steps[0].seq, most);
		CHECK_EQ(steps[nr - 1].seq, least);
		CHECK_EQ(steps[nr - 1].people, count);
	}
}

static void nobody_has_steps(void)
{
	begin();
	check();
	kchat_marks_remove(&marks, &people[0]);
	check();
}

static void one_is_the_most_and_the_least(void)
{
	begin();
	kchat_marks_set(&marks, &people[0], 0);
	check();
	kchat_marks_set(&marks, &people[0], 7);
	check();
	kchat_marks_remove(&marks, &people[0]);
	check();
}

static void so_few_are_all_told(void)
{
	u32 i;

	begin();
	for (i = 0; i < PEOPLE; i++)
		kchat_marks_set(&marks, &people[i], i % KCHAT_DELIVERED_STEPS);
	check();
}

static void one_more_is_a_choice(void)
{
	struct kchat_delivered_step steps[KCHAT_DELIVERED_STEPS];
	u32 i;

	begin();
	for (i = 0; i <= KCHAT_DELIVERED_STEPS; i++)
		kchat_marks_set(&marks, &people[i], i);
	check();
	CHECK_EQ(kchat_marks_steps(&marks, steps), KCHAT_DELIVERED_STEPS);
}

static void people_come_and_go_and_move_on(void)
{
	u32 round;

	begin();
	for (round = 0; round < 20000; round++) {
		struct kchat_mark *mark = &people[random_below(PEOPLE)];

		/* As in a room: mostly forward, to where the others are. */
		if (random_below(10))
			kchat_marks_set(&marks, mark, round / 100 + random_below(20));
		else
			kchat_marks_remove(&marks, mark);
		if (round % 16 == 0)
			check();
	}
}

int main(void)
{
	static const struct test tests[] = {
		TEST(nobody_has_steps),
		TEST(one_is_the_most_and_the_least),
		TEST(so_few_are_all_told),
		TEST(one_more_is_a_choice),
		TEST(people_come_and_go_and_move_on),
	};

	return RUN_TESTS(tests);
}
