// SPDX-License-Identifier: GPL-2.0-only
/* The header of a proxy. */
#include "proxy.h"

#include "bytes.h"
#include "test.h"

static void big(u32 value, u32 size)
{
	while (size--)
		bytes[fill++] = value >> 8 * size;
}

static void header(u8 command, u8 family, u16 length)
{
	start();
	raw("\r\n\r\n\0\r\nQUIT\n", 12);
	number(command, 1);
	number(family, 1);
	big(length, 2);
}

/* From 192.0.2.7:50001 to 198.51.100.1:10106. */
static void tcp4(u16 more)
{
	header(0x21, 0x11, 12 + more);
	big(0xc0000207, 4);
	big(0xc6336401, 4);
	big(50001, 2);
	big(10106, 2);
}

static u32 parse(u32 len, struct kchat_proxy *out)
{
	return kchat_proxy_parse(exactly(len), len, out);
}

/* Cut anywhere it is not whole, and says how much to come again with. */
static void never_whole(void)
{
	struct kchat_proxy out;
	u32 cut;

	for (cut = 0; cut < fill; cut++)
		CHECK_EQ(parse(cut, &out), cut < 16 ? 16 : fill);
}

static void says_whose_the_connection_is(void)
{
	static const u8 mapped[16] = "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\7";
	struct kchat_proxy out;

	tcp4(0);
	CHECK_EQ(parse(fill, &out), 28);
	CHECK(!out.local && !memcmp(out.addr, mapped, 16));
	CHECK_EQ(out.port, 50001);
	never_whole();

	header(0x21, 0x21, 36);
	raw(" \1\r\270\0\0\0\0\0\0\0\0\0\0\0\7", 16);
	repeat(9, 16);
	big(50002, 2);
	big(10106, 2);
	CHECK_EQ(parse(fill, &out), 52);
	CHECK(!out.local && !memcmp(out.addr, bytes + 16, 16));
	CHECK_EQ(out.port, 50002);
	never_whole();
}

static void what_follows_is_the_connections(void)
{
	struct kchat_proxy out;

	tcp4(0);
	text("frames");
	CHECK_EQ(parse(fill, &out), 28);
}

static void more_fields_are_read_over(void)
{
	struct kchat_proxy out;

	tcp4(520 - 12);
	repeat(0xee, 520 - 12);
	CHECK_EQ(parse(fill, &out), KCHAT_PROXY_MAX);
	CHECK_EQ(out.port, 50001);
	never_whole();
}

static void local_is_the_proxys_own(void)
{
	struct kchat_proxy out;

	header(0x20, 0, 0);
	CHECK_EQ(parse(fill, &out), 16);
	CHECK(out.local);
	never_whole();
	/* Family and address do not count. */
	header(0x20, 0x99, 5);
	text("12345");
	CHECK_EQ(parse(fill, &out), 21);
	CHECK(out.local);
	never_whole();
}

static void what_is_no_header_is_known_at_once(void)
{
	struct kchat_proxy out;
	u32 i;

	for (i = 0; i < 13; i++) {
		tcp4(0);
		bytes[i] ^= 0x40;
		CHECK_EQ(parse(i + 1, &out), 0);
		CHECK_EQ(parse(fill, &out), 0);
	}
	header(0x22, 0x11, 12); /* no such command */
	CHECK_EQ(parse(fill, &out), 0);
	header(0x11, 0x11, 12); /* no such version */
	CHECK_EQ(parse(fill, &out), 0);
	tcp4(521 - 12); /* too long, which is known before it is here */
	CHECK_EQ(parse(16, &out), 0);
}

static void nobody_comes_without_an_address(void)
{
	static const u8 families[] = { 0x00, 0x10, 0x12, 0x20, 0x22, 0x31, 0x32, 0x41, 0xff };
	struct kchat_proxy out;
	u32 i;

	for (i = 0; i < sizeof(families); i++) {
		header(0x21, families[i], 216);
		repeat(1, 216);
		CHECK_EQ(parse(fill, &out), 0);
	}
	header(0x21, 0x11, 11);
	repeat(1, 11);
	CHECK_EQ(parse(fill, &out), 0);
	header(0x21, 0x21, 35);
	repeat(1, 35);
	CHECK_EQ(parse(fill, &out), 0);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(says_whose_the_connection_is),
		TEST(what_follows_is_the_connections),
		TEST(more_fields_are_read_over),
		TEST(local_is_the_proxys_own),
		TEST(what_is_no_header_is_known_at_once),
		TEST(nobody_comes_without_an_address),
	};

	return RUN_TESTS(tests);
}
