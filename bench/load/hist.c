// SPDX-License-Identifier: GPL-2.0-only
/* A histogram of times: 128 steps to each power of two, so within 1 %. */
#include "load.h"

#define STEP_BITS	7
#define STEPS		(1U << STEP_BITS)

static uint64_t counts[(64 - STEP_BITS + 1) * STEPS], total, largest;

static uint32_t index_of(uint64_t ns)
{
	uint32_t shift;

	if (ns < STEPS)
		return ns;
	shift = 63 - __builtin_clzll(ns) - STEP_BITS;
	return (shift << STEP_BITS) + (ns >> shift);
}

/* The smallest time that is counted at @index. */
static uint64_t time_of(uint32_t index)
{
	uint32_t shift;

	if (index < 2 * STEPS)
		return index;
	shift = (index >> STEP_BITS) - 1;
	return ((uint64_t)(index & (STEPS - 1)) + STEPS) << shift;
}

void hist_add(uint64_t ns)
{
	counts[index_of(ns)]++;
	total++;
	if (ns > largest)
		largest = ns;
}

void hist_clear(void)
{
	memset(counts, 0, sizeof(counts));
	total = largest = 0;
}

uint64_t hist_at(double part)
{
	uint64_t want = total * part, seen = 0;
	uint32_t i;

	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		seen += counts[i];
		if (seen > want)
			return time_of(i);
	}
	return largest;
}

uint64_t hist_max(void)
{
	return largest;
}
