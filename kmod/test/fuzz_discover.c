// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes as a question of discovery. */
#include <linux/kernel.h>

#include "discover.h"
#include "test.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const u8 server[16] = { 0x11 };
	const struct kchat_discover_facts facts = {
		.server = server,
		.community = server,
		.name = { (const char *)data, size },
		.version = { (const char *)data, size },
	};
	u8 *question = malloc(size), out[KCHAT_DISCOVER_ANSWER_MAX];

	memcpy(question, data, size);
	if (kchat_discover_asks(question, size, server)) {
		CHECK(size == KCHAT_DISCOVER_LEN);
		CHECK(kchat_discover_answer(out, question, &facts) < size);
		CHECK(!memcmp(out + 8, question + 8, 8));
	}
	free(question);
	return 0;
}
