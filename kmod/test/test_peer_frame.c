// SPDX-License-Identifier: GPL-2.0-only
/* What servers say to each other: written, read, cut anywhere, changed anywhere. */
#include "peers.h"
#include "rule.h"

static u8 data[KCHAT_DISCOVER_PEER_MAX + 1];

static void every_kind_is_read_as_it_was_written(void)
{
	u8 kind;

	for (kind = KCHAT_D_LOAD; kind <= KCHAT_D_INVITE; kind++) {
		const struct kchat_datagram said = datagram_of(kind);
		u32 len = kchat_datagram_build(data, &said, secret);
		struct kchat_datagram read;

		CHECK(len >= KCHAT_DATAGRAM_MIN && len <= KCHAT_DISCOVER_PEER_MAX);
		CHECK(kchat_datagram_proven(data, len, secret));
		CHECK(kchat_datagram_parse(data, len, &read));
		CHECK(!memcmp(read.sender, ann, 16) && !memcmp(read.receiver, bob, 16));
		CHECK(read.kind == kind && read.boot == 7 && read.counter == 8 &&
		      read.to_boot == 9 && read.epoch == 10 && read.mark == said.mark);
		if (read.name.len)
			CHECK(read.name.len == 7 && !memcmp(read.name.data, "harbour", 7));
		if (kind == KCHAT_D_INVITE)
			CHECK(read.from == 15 && read.flags == said.flags);
		if (read.home)
			CHECK(!memcmp(read.home, ann, 16));
		if (kind == KCHAT_D_LOAD || kind == KCHAT_D_HERE || kind == KCHAT_D_GIVE)
			CHECK(!memcmp(&read.load, &said.load, sizeof(read.load)));
		if (kind == KCHAT_D_MOVE)
			CHECK(read.total == 2000 && read.offset == 1024 && read.len == 16 &&
			      !memcmp(read.data, said.data, 16));
		if (kind == KCHAT_D_TAKEN)
			CHECK(read.offset == 1024 && read.error == KCHAT_E_RULES &&
			      read.state == KCHAT_TAKEN_REFUSED);
	}
}

static void a_datagram_cut_anywhere_is_none(void)
{
	struct kchat_datagram read;
	u8 kind;
	u32 cut;

	for (kind = KCHAT_D_LOAD; kind <= KCHAT_D_INVITE; kind++) {
		const struct kchat_datagram said = datagram_of(kind);
		u32 len = kchat_datagram_build(data, &said, secret);

		for (cut = 0; cut < len; cut++) {
			u8 *part = malloc(cut ? cut : 1);

			memcpy(part, data, cut);
			/* A part of a room may be shorter; but nobody has signed that. */
			if (kchat_datagram_parse(part, cut, &read))
				CHECK(kind == KCHAT_D_MOVE &&
				      !kchat_datagram_proven(part, cut, secret));
			free(part);
		}
		CHECK(!kchat_datagram_parse(data, len + 1, &read) || kind == KCHAT_D_MOVE);
	}
	CHECK(!kchat_datagram_head(data, KCHAT_DISCOVER_PEER_MAX + 1, &read));
}

static void whoever_changes_a_byte_or_does_not_know_the_secret_is_not_believed(void)
{
	static const u8 other[KCHAT_KEY_LEN] = { 5, 6, 8 };
	const struct kchat_datagram said = datagram_of(KCHAT_D_MOVE);
	u32 len = kchat_datagram_build(data, &said, secret), at;

	CHECK(!kchat_datagram_proven(data, len, other));
	for (at = 0; at < len; at++) {
		data[at] ^= 1;
		CHECK(!kchat_datagram_proven(data, len, secret));
		data[at] ^= 1;
	}
	CHECK(kchat_datagram_proven(data, len, secret));
}

static void what_is_no_datagram_between_servers(void)
{
	struct kchat_datagram said = datagram_of(KCHAT_D_WHERE), read;
	u32 len = kchat_datagram_build(data, &said, secret);
	static const u32 heads[] = { 0, 4, 6, 7 }; /* magic, version, reserved */
	u32 i;

	for (i = 0; i < ARRAY_SIZE(heads); i++) {
		data[heads[i]] ^= 0x40;
		CHECK(!kchat_datagram_head(data, len, &read));
		data[heads[i]] ^= 0x40;
	}
	data[5] = KCHAT_DISCOVER_QUESTION;
	CHECK(!kchat_datagram_head(data, len, &read));
	data[5] = KCHAT_D_INVITE + 1;
	CHECK(kchat_datagram_head(data, len, &read) && !kchat_datagram_parse(data, len, &read));

	/* A name of nothing, a part of nothing, one beyond the end, a state that there is not. */
	said.name.len = 0;
	len = kchat_datagram_build(data, &said, secret);
	CHECK(!kchat_datagram_parse(data, len, &read));
	said = datagram_of(KCHAT_D_MOVE);
	said.len = 0;
	len = kchat_datagram_build(data, &said, secret);
	CHECK(!kchat_datagram_parse(data, len, &read));
	said = datagram_of(KCHAT_D_MOVE);
	said.offset = 1985;
	len = kchat_datagram_build(data, &said, secret);
	CHECK(!kchat_datagram_parse(data, len, &read));
	said.offset = 1984;
	len = kchat_datagram_build(data, &said, secret);
	CHECK(kchat_datagram_parse(data, len, &read));
	said = datagram_of(KCHAT_D_TAKEN);
	said.state = KCHAT_TAKEN_REFUSED + 1;
	len = kchat_datagram_build(data, &said, secret);
	CHECK(!kchat_datagram_parse(data, len, &read));
}

static const u8 key[KCHAT_KEY_LEN] = { 9 };

static struct kchat_record record_of(u32 standings)
{
	return (struct kchat_record){
		.flags = KCHAT_ROOM_PASSWORD | KCHAT_ROOM_MODERATED,
		.backlog = 100,
		.name = { "harbour", 7 },
		.topic = { "ships", 5 },
		.epoch = 1,
		.created = 2,
		.owner = 3,
		.maker = 4,
		.key = key,
		.nr_standings = standings,
	};
}

static void a_room_is_read_as_it_was_written(void)
{
	static u8 room[KCHAT_RECORD_SIZE(2)];
	const struct kchat_standing_entry banned = { 7, KCHAT_STANDING_BANNED, 8, 0, 0 };
	const struct kchat_standing_entry muted = { 9, KCHAT_PERSON_MUTED, 0, 10, 0 };
	struct kchat_record record = record_of(2), read;
	u32 len = kchat_record_build(room, &record), cut;
	struct kchat_standing_entry entry;

	kchat_standing_build(room + len, &banned);
	kchat_standing_build(room + len + KCHAT_STANDING_LEN, &muted);
	len += 2 * KCHAT_STANDING_LEN;
	CHECK(len <= sizeof(room));
	CHECK(kchat_record_parse(room, len, &read));
	CHECK(read.flags == record.flags && read.backlog == 100 && read.epoch == 1 &&
	      read.created == 2 && read.owner == 3 && read.maker == 4 && read.nr_standings == 2);
	CHECK(read.name.len == 7 && read.topic.len == 5 && !memcmp(read.key, key, sizeof(key)));
	CHECK(kchat_standing_parse(read.standings, &entry));
	CHECK(entry.account == 7 && entry.banned_until == 8);
	CHECK(kchat_standing_parse(read.standings + KCHAT_STANDING_LEN, &entry));
	CHECK(entry.account == 9 && entry.muted_until == 10);
	for (cut = 0; cut < len; cut++)
		CHECK(!kchat_record_parse(room, cut, &read));
}

static void what_no_room_can_be(void)
{
	static u8 room[KCHAT_RECORD_SIZE(1)];
	struct kchat_record record = record_of(0), read;
	struct kchat_standing_entry entry = { 0, KCHAT_PERSON_MUTED, 0, 0, 0 };

	record.flags = KCHAT_JOIN_EXISTING;
	CHECK(!kchat_record_parse(room, kchat_record_build(room, &record), &read));
	record = record_of(0);
	record.backlog = KCHAT_BACKLOG_MAX + 1;
	CHECK(!kchat_record_parse(room, kchat_record_build(room, &record), &read));
	record = record_of(0);
	record.topic = (struct kchat_text){ "\xff", 1 };
	CHECK(!kchat_record_parse(room, kchat_record_build(room, &record), &read));
	record = record_of(1000000);
	CHECK(!kchat_record_parse(room, kchat_record_build(room, &record), &read));

	kchat_standing_build(room, &entry);
	CHECK(!kchat_standing_parse(room, &entry));
	entry = (struct kchat_standing_entry){ 1, 0, 0, 0, 0 };
	kchat_standing_build(room, &entry);
	CHECK(!kchat_standing_parse(room, &entry));
	entry = (struct kchat_standing_entry){ 1, 0x8000, 0, 0, 0 };
	kchat_standing_build(room, &entry);
	CHECK(!kchat_standing_parse(room, &entry));
}

static void every_move_covers_its_key_differently(void)
{
	struct kchat_datagram move = datagram_of(KCHAT_D_MOVE);
	u8 one[KCHAT_KEY_LEN], other[KCHAT_KEY_LEN];

	kchat_record_mask(secret, &move, one);
	kchat_record_mask(secret, &move, other);
	CHECK(!memcmp(one, other, sizeof(one)));
	move.mark++;
	kchat_record_mask(secret, &move, other);
	CHECK(memcmp(one, other, sizeof(one)));
	move = datagram_of(KCHAT_D_MOVE);
	move.boot++;
	kchat_record_mask(secret, &move, other);
	CHECK(memcmp(one, other, sizeof(one)));
}

static const struct test tests[] = {
	TEST(every_kind_is_read_as_it_was_written),
	TEST(a_datagram_cut_anywhere_is_none),
	TEST(whoever_changes_a_byte_or_does_not_know_the_secret_is_not_believed),
	TEST(what_is_no_datagram_between_servers),
	TEST(a_room_is_read_as_it_was_written),
	TEST(what_no_room_can_be),
	TEST(every_move_covers_its_key_differently),
};

int main(int argc, char **argv)
{
	return RUN_TESTS(tests);
}
