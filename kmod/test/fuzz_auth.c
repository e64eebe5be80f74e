// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes as the two messages of a login, the first ending at the first zero. */
#include <linux/kernel.h>

#include "scram.h"
#include "test.h"

static u8 *copy_of(const u8 *data, size_t size)
{
	u8 *copy = malloc(size + 1);

	memcpy(copy + 1, data, size);
	return copy;
}

/* What is accepted is the one proper form. */
static void check_base64(const u8 *data, size_t size)
{
	u8 out[64];
	char back[KCHAT_BASE64_LEN(64)];
	int len = kchat_base64_decode((const char *)data, size, out, sizeof(out));

	if (len < 0)
		return;
	CHECK(kchat_base64_encode(out, len, back) == size);
	CHECK(!memcmp(back, data, size));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const struct kchat_text nonce = { "0123456789abcdef0123456789abcdef", 32 };
	const u8 *zero = memchr(data, 0, size);
	size_t first_len = zero ? (size_t)(zero - data) : size;
	size_t final_len = zero ? size - first_len - 1 : 0;
	char challenge[KCHAT_SCRAM_SECOND_MAX];
	u8 key[32] = { 0 }, proof[32], final_text[KCHAT_SCRAM_FINAL_LEN];
	struct kchat_scram scram;
	u8 *first, *final;
	u32 len;

	if (first_len > KCHAT_SCRAM_MAX || final_len > KCHAT_SCRAM_MAX)
		return 0;
	first = copy_of(data, first_len);
	check_base64(first + 1, first_len);
	if (!kchat_scram_first(&scram, first + 1, first_len)) {
		CHECK(scram.login_len >= 1 && scram.login_len <= KCHAT_NAME_MAX);
		len = kchat_scram_challenge(&scram, &nonce, key, 4096, challenge);
		CHECK(len <= sizeof(challenge));
		final = copy_of(zero ? zero + 1 : data, final_len);
		if (!kchat_scram_final(&scram, final + 1, final_len, proof)) {
			CHECK(scram.message_len <= sizeof(scram.message));
			CHECK(!kchat_scram_verify(&scram, key, proof));
			kchat_scram_sign(&scram, key, final_text, proof);
		}
		free(final);
	}
	free(first);
	return 0;
}
