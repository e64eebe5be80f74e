// SPDX-License-Identifier: GPL-2.0-only
#include "proxy.h"

#include <linux/kernel.h>
#include <linux/string.h>

/* Where the fields are. Numbers are in network order. */
enum {
	PROXY_COMMAND	= 12,	/* version in the upper half */
	PROXY_FAMILY	= 13,	/* transport in the lower half */
	PROXY_LENGTH	= 14,
	PROXY_ADDRESS	= 16,
};

enum {
	PROXY_LOCAL	= 0x20,
	PROXY_PROXY	= 0x21,
	PROXY_TCP4	= 0x11,
	PROXY_TCP6	= 0x21,
};

/* Source and destination address, source and destination port. */
#define PROXY_TCP4_LEN	(4 + 4 + 2 + 2)
#define PROXY_TCP6_LEN	(16 + 16 + 2 + 2)

static const u8 signature[PROXY_COMMAND] = "\r\n\r\n\0\r\nQUIT\n";

static u16 proxy_u16(const u8 *data)
{
	return data[0] << 8 | data[1];
}

/* Does @data hold enough for its family? Whom we cannot name we do not let in. */
static bool proxy_address(const u8 *data, u32 len, struct kchat_proxy *out)
{
	const u8 *addr = data + PROXY_ADDRESS;

	len -= PROXY_ADDRESS;
	if (data[PROXY_FAMILY] == PROXY_TCP4 && len >= PROXY_TCP4_LEN) {
		memset(out->addr, 0, 10);
		memset(out->addr + 10, 0xff, 2);
		memcpy(out->addr + 12, addr, 4);
		out->port = proxy_u16(addr + 8);
		return true;
	}
	if (data[PROXY_FAMILY] == PROXY_TCP6 && len >= PROXY_TCP6_LEN) {
		memcpy(out->addr, addr, 16);
		out->port = proxy_u16(addr + 32);
		return true;
	}
	return false;
}

u32 kchat_proxy_parse(const u8 *data, u32 len, struct kchat_proxy *out)
{
	u32 total;

	if (memcmp(data, signature, min_t(u32, len, sizeof(signature))))
		return 0;
	if (len > PROXY_COMMAND && data[PROXY_COMMAND] != PROXY_LOCAL &&
	    data[PROXY_COMMAND] != PROXY_PROXY)
		return 0;
	if (len < KCHAT_PROXY_FIXED)
		return KCHAT_PROXY_FIXED;
	total = KCHAT_PROXY_FIXED + proxy_u16(data + PROXY_LENGTH);
	if (total > KCHAT_PROXY_MAX)
		return 0;
	if (len < total)
		return total;
	memset(out, 0, sizeof(*out));
	/* What stands behind LOCAL, and behind an address, is read over. */
	out->local = data[PROXY_COMMAND] == PROXY_LOCAL;
	if (!out->local && !proxy_address(data, total, out))
		return 0;
	return total;
}
