// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes as the header of a proxy, as they come: one after the other. */
#include "proxy.h"

#include <linux/kernel.h>

#include "test.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct kchat_proxy whole = {}, part = {};
	u32 len = min_t(size_t, size, 2 * KCHAT_PROXY_MAX), said, cut;

	said = kchat_proxy_parse(data, len, &whole);
	CHECK(said <= KCHAT_PROXY_MAX);
	for (cut = 0; cut <= len; cut++) {
		u8 *copy = malloc(cut ? cut : 1);
		u32 now;

		memcpy(copy, data, cut);
		now = kchat_proxy_parse(copy, cut, &part);
		free(copy);
		/* What is refused stays refused, what is whole stays as it is. */
		if (!now)
			CHECK(!said);
		if (now && now <= cut) {
			CHECK(said == now && !memcmp(&part, &whole, sizeof(part)));
			break;
		}
	}
	return 0;
}
