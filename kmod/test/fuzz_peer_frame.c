// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes as a datagram of another server, and as a room that comes. */
#include "peers.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* So that all that is pointed to is read. */
volatile u32 seen;

static u32 sum(const void *data, u32 len)
{
	const u8 *bytes = data;
	u32 total = 0;

	while (len--)
		total += *bytes++;
	return total;
}

static void look_at_datagram(const u8 *data, u32 size)
{
	u8 again[KCHAT_DISCOVER_PEER_MAX];
	struct kchat_datagram datagram;

	if (!kchat_datagram_parse(data, size, &datagram))
		return;
	seen += sum(datagram.data, datagram.len) + sum(datagram.name.data, datagram.name.len);
	/* What can be read can be written, and is the same but for the proof. */
	CHECK(kchat_datagram_build(again, &datagram, secret) == size);
	CHECK(!memcmp(again, data, size - KCHAT_KEY_LEN));
	CHECK(kchat_datagram_proven(again, size, secret));
}

static void look_at_room(const u8 *data, u32 size)
{
	struct kchat_standing_entry entry;
	struct kchat_record record;
	u32 i;

	if (!kchat_record_parse(data, size, &record))
		return;
	seen += sum(record.name.data, record.name.len) + sum(record.key, KCHAT_KEY_LEN);
	for (i = 0; i < record.nr_standings; i++)
		kchat_standing_parse(record.standings + i * KCHAT_STANDING_LEN, &entry);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	look_at_datagram(copy, size);
	look_at_room(copy, size);
	free(copy);
	return 0;
}
