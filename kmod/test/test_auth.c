// SPDX-License-Identifier: GPL-2.0-only
/* SCRAM as the server does it, its sums, and the limit on failures. */
#include <linux/kernel.h>

#include "limiter.h"
#include "proof.h"
#include "scram.h"
#include "vectors.h"

static void hex(const u8 *data, u32 len, char *out)
{
	while (len--)
		out += sprintf(out, "%02x", *data++);
}

#define CHECK_HEX(data, want) do {						\
	char _got[2 * sizeof(data) + 1];					\
	hex(data, sizeof(data), _got);						\
	if (strcmp(_got, want)) {						\
		fprintf(stderr, "%s:%d: %s, not %s\n", __FILE__, __LINE__, _got, want); \
		exit(1);							\
	}									\
} while (0)

/* ---- sums --------------------------------------------------------------- */

static void sha256_is_that_of_fips_180(void)
{
	u8 sum[32];

	kchat_sha256("abc", 3, sum);
	CHECK_HEX(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	kchat_sha256("", 0, sum);
	CHECK_HEX(sum, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 4231, test cases 1, 2 and 3. */
static void hmac_is_that_of_rfc_4231(void)
{
	u8 key[20], data[50], sum[32];

	memset(key, 0x0b, 20);
	kchat_hmac(key, 20, "Hi There", 8, sum);
	CHECK_HEX(sum, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	kchat_hmac((const u8 *)"Jefe", 4, "what do ya want for nothing?", 28, sum);
	CHECK_HEX(sum, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, 20);
	memset(data, 0xdd, 50);
	kchat_hmac(key, 20, data, 50, sum);
	CHECK_HEX(sum, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
}

/* RFC 4648, section 10. */
static void base64_is_that_of_rfc_4648(void)
{
	static const char *const want[] = {
		"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy",
	};
	char text[9] = { 0 };
	u8 back[6];
	u32 len;

	for (len = 0; len <= 6; len++) {
		u32 n = kchat_base64_encode((const u8 *)"foobar", len, text);

		CHECK_EQ(n, KCHAT_BASE64_LEN(len));
		CHECK(!strncmp(text, want[len], 8));
		CHECK_EQ(kchat_base64_decode(text, n, back, 6), len);
		CHECK(!memcmp(back, "foobar", len));
	}
}

static void base64_in_any_other_form_is_refused(void)
{
	static const char *const bad[] = {
		"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg=A", "=Zg=", "====", "Z===", "Zm 9", "Zm-9", "Zm9\n",
	};
	u8 out[6];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(kchat_base64_decode(bad[i], strlen(bad[i]), out, 6), -1);
	CHECK_EQ(kchat_base64_decode("Zm9vYmFy", 8, out, 5), -1);
}

/* ---- the exchange ------------------------------------------------------- */

static enum kchat_error first(struct kchat_scram *scram, const char *text)
{
	u32 len = strlen(text);
	u8 *copy = malloc(len + 1);
	enum kchat_error error;

	memcpy(copy + 1, text, len);
	error = kchat_scram_first(scram, copy + 1, len);
	free(copy);
	return error;
}

#define NONCE	"rOprNGfwEbeRWgbNEkqO"

static void check_resume(struct vector *v, const u8 *key)
{
	u8 server_nonce[16], client_nonce[16], proof[32], resumed[32], want[32];
	u8 kind = vector_number(v, "resume_kind");

	hex_bytes(vector_get(v, "server_nonce"), server_nonce);
	hex_bytes(vector_get(v, "client_nonce"), client_nonce);
	hex_bytes(vector_get(v, "resume_proof"), proof);
	CHECK(kchat_auth_resume_ok(key, kind, server_nonce, client_nonce, proof));
	CHECK(!kchat_auth_resume_ok(key, !kind, server_nonce, client_nonce, proof));
	proof[0] ^= 1;
	CHECK(!kchat_auth_resume_ok(key, kind, server_nonce, client_nonce, proof));
	kchat_auth_resumed(key, kind, server_nonce, client_nonce, resumed);
	hex_bytes(vector_get(v, "resumed_proof"), want);
	CHECK(!memcmp(resumed, want, 32));
}

static void the_exchange_of_rfc_7677_comes_out_as_there(struct vector *v)
{
	u8 stored[32], server[32], proof[32], salt[16], key[32], want[32], final[KCHAT_SCRAM_FINAL_LEN];
	const char *server_first = vector_get(v, "server_first");
	const char *client_final = vector_get(v, "client_final");
	struct kchat_text nonce = { strstr(server_first, "%hv"), 30 };
	char challenge[KCHAT_SCRAM_SECOND_MAX];
	struct kchat_scram scram;

	hex_bytes(vector_get(v, "stored_key"), stored);
	hex_bytes(vector_get(v, "server_key"), server);
	hex_bytes(vector_get(v, "salt"), salt);
	CHECK_EQ(first(&scram, vector_get(v, "client_first")), KCHAT_E_NONE);
	CHECK(scram.login_len == 4 && !memcmp(scram.login, "user", 4));
	CHECK_EQ(kchat_scram_challenge(&scram, &nonce, salt, vector_number(v, "iterations"),
				       challenge), strlen(server_first));
	CHECK(!memcmp(challenge, server_first, strlen(server_first)));
	CHECK_EQ(kchat_scram_final(&scram, (const u8 *)client_final, strlen(client_final), proof),
		 KCHAT_E_NONE);
	CHECK(kchat_scram_verify(&scram, stored, proof));
	kchat_scram_sign(&scram, server, final, key);
	CHECK(!memcmp(final, vector_get(v, "server_final"), KCHAT_SCRAM_FINAL_LEN));
	hex_bytes(vector_get(v, "session_key"), want);
	CHECK(!memcmp(key, want, 32));

	check_resume(v, key);

	proof[31] ^= 1;
	CHECK(!kchat_scram_verify(&scram, stored, proof));
	proof[31] ^= 1;
	stored[0] ^= 0x80;
	CHECK(!kchat_scram_verify(&scram, stored, proof));
}

static void names_come_unescaped(void)
{
	struct kchat_scram scram;

	CHECK_EQ(first(&scram, "n,,n=a=2Cb=3Dc,r=" NONCE), KCHAT_E_NONE);
	CHECK(scram.login_len == 5 && !memcmp(scram.login, "a,b=c", 5));
	CHECK_EQ(first(&scram, "n,,n=\xec\x95\x88,r=" NONCE), KCHAT_E_NONE);
	CHECK_EQ(first(&scram, "n,,n=a=2c,r=" NONCE), KCHAT_E_BAD_FRAME);
	CHECK_EQ(first(&scram, "n,,n=a=,r=" NONCE), KCHAT_E_BAD_FRAME);
	CHECK_EQ(first(&scram, "n,,n=a=3,r=" NONCE), KCHAT_E_BAD_FRAME);
	CHECK_EQ(first(&scram, "n,,n=a=41,r=" NONCE), KCHAT_E_BAD_FRAME);
	CHECK_EQ(first(&scram, "n,,n=\xec\x95,r=" NONCE), KCHAT_E_UTF8);
}

static void what_this_version_does_not_have_is_refused(void)
{
	static const char *const bad[] = {
		"", "n", "n,", "n,,", "n,,n=", "n,,n=user", "n,,n=user,", "n,,n=user,r=",
		"y,,n=user,r=" NONCE, "p=tls-unique,,n=user,r=" NONCE, "n,a=other,n=user,r=" NONCE,
		"n,,m=ext,n=user,r=" NONCE, "n,,n=user,r=" NONCE ",x=ext", "n,,n=,r=" NONCE,
		"n,,n=user,r=short", "n,,n=user,r=has a blank in the middle", "N,,n=user,r=" NONCE,
		"n,,n=user,r=" NONCE NONCE NONCE NONCE,
	};
	struct kchat_scram scram;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(first(&scram, bad[i]), KCHAT_E_BAD_FRAME);
}

static void a_name_nobody_can_have_is_a_wrong_name(void)
{
	char text[300] = "n,,n=";
	struct kchat_scram scram;

	memset(text + 5, 'a', 64);
	strcpy(text + 69, ",r=" NONCE);
	CHECK_EQ(first(&scram, text), KCHAT_E_NONE);
	memset(text + 5, 'a', 65);
	strcpy(text + 70, ",r=" NONCE);
	CHECK_EQ(first(&scram, text), KCHAT_E_AUTH);
	CHECK_EQ(first(&scram, "n,,n=a\tb,r=" NONCE), KCHAT_E_AUTH);
}

static void the_longest_exchange_fits(void)
{
	static const struct kchat_text nonce = { "0123456789abcdef0123456789abcdef", 32 };
	char text[512] = "n,,n=", challenge[KCHAT_SCRAM_SECOND_MAX];
	struct kchat_scram scram;
	u8 salt[16] = { 0 }, proof[32];
	u32 i, len;

	for (i = 0; i < 64; i++)
		strcat(text, "=2C");
	strcat(text, ",r=");
	for (i = 0; i < 64; i++)
		strcat(text, "N");
	CHECK_EQ(first(&scram, text), KCHAT_E_NONE);
	len = kchat_scram_challenge(&scram, &nonce, salt, 4294967295u, challenge);
	CHECK_EQ(len, KCHAT_SCRAM_SECOND_MAX);
	strcpy(text, "c=biws,r=");
	strncat(text, challenge + 2, 96);
	strcat(text, ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	CHECK_EQ(kchat_scram_final(&scram, (u8 *)text, strlen(text), proof), KCHAT_E_NONE);
	CHECK_EQ(scram.message_len, KCHAT_SCRAM_MESSAGE_MAX);
}

static void the_last_message_must_be_the_one_that_belongs_here(void)
{
	static const struct kchat_text nonce = { "servernonce", 11 };
	static const char *const bad[] = {
		"c=biws,r=" NONCE ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"c=biws,r=" NONCE "servernoncE,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"c=eSws,r=" NONCE "servernonce,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"c=biws,r=" NONCE "servernonce",
		"c=biws,r=" NONCE "servernonce,p=",
		"c=biws,r=" NONCE "servernonce,p=AAAA",
		"c=biws,r=" NONCE "servernonce,x=y,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"c=biws,r=" NONCE "servernonce,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,",
		"c=biws,r=" NONCE "servernonce,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",
	};
	char challenge[KCHAT_SCRAM_SECOND_MAX];
	u8 salt[16] = { 0 }, proof[32];
	struct kchat_scram scram;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_EQ(first(&scram, "n,,n=user,r=" NONCE), KCHAT_E_NONE);
		kchat_scram_challenge(&scram, &nonce, salt, 4096, challenge);
		CHECK_EQ(kchat_scram_final(&scram, (const u8 *)bad[i], strlen(bad[i]), proof),
			 KCHAT_E_BAD_FRAME);
	}
}

static void a_name_that_does_not_exist_has_always_the_same_salt(void)
{
	u8 secret[32] = "a secret", one[16], again[16], other[16], elsewhere[16];
	struct kchat_hmac keyed;

	kchat_hmac_init(&keyed, secret, sizeof(secret));
	kchat_scram_mock_salt(&keyed, "nobody", 6, one);
	kchat_scram_mock_salt(&keyed, "nobody", 6, again);
	kchat_scram_mock_salt(&keyed, "noone", 5, other);
	secret[0]++;
	kchat_hmac_init(&keyed, secret, sizeof(secret));
	kchat_scram_mock_salt(&keyed, "nobody", 6, elsewhere);
	CHECK(!memcmp(one, again, 16));
	CHECK(memcmp(one, other, 16));
	CHECK(memcmp(one, elsewhere, 16));
}

static void a_new_password_is_proved_with_the_session_key(void)
{
	u8 body[120] = { 0 }, key[32] = "session key", sum[100] = "kchat passwd";
	struct kchat_passwd passwd;

	memset(body + 8, 0x5a, 80);
	memcpy(sum + 12, body, 88);
	kchat_hmac(key, 32, sum, 100, body + 88);
	CHECK_EQ(kchat_frame_parse_passwd(body, 120, &passwd), KCHAT_E_NONE);
	CHECK(kchat_auth_passwd_ok(key, &passwd));
	body[87] ^= 1;
	CHECK(!kchat_auth_passwd_ok(key, &passwd));
	body[87] ^= 1;
	key[0] ^= 1;
	CHECK(!kchat_auth_passwd_ok(key, &passwd));
}

/* ---- failures ----------------------------------------------------------- */

#define BURST	10
#define PERIOD	6000

static struct kchat_limiter limiter;

static u32 fail_until_refused(u64 key, u64 now)
{
	u32 count = 0;

	while (!kchat_limiter_wait(&limiter, key, now, BURST, PERIOD)) {
		kchat_limiter_fail(&limiter, key, now, PERIOD);
		count++;
		CHECK(count <= BURST);
	}
	return count;
}

static void a_rooms_key_comes_masked_for_one_message(void)
{
	static const u8 session[KCHAT_KEY_LEN] = { 1 }, id[16] = { 2 }, other[16] = { 3 };
	u8 key[KCHAT_KEY_LEN] = { 4 }, masked[KCHAT_KEY_LEN], again[KCHAT_KEY_LEN];

	kchat_auth_room_key(session, id, key, masked);
	CHECK(memcmp(masked, key, sizeof(key)));
	kchat_auth_room_key(session, id, masked, again);
	CHECK(!memcmp(again, key, sizeof(key)));
	kchat_auth_room_key(session, other, masked, again);
	CHECK(memcmp(again, key, sizeof(key)));
}

static void whoever_knows_a_rooms_password_proves_it_for_one_connection_and_room(void)
{
	static const u8 key[KCHAT_KEY_LEN] = { 1 }, nonce[KCHAT_NONCE_LEN] = { 2 },
			other[KCHAT_NONCE_LEN] = { 3 };
	const struct kchat_text room = { "room", 4 }, elsewhere = { "moor", 4 };
	u8 signature[sizeof("kchat join") - 1 + KCHAT_NONCE_LEN + 4], proof[KCHAT_KEY_LEN];

	memcpy(signature, "kchat join", 10);
	memcpy(signature + 10, nonce, KCHAT_NONCE_LEN);
	memcpy(signature + 10 + KCHAT_NONCE_LEN, "room", 4);
	kchat_hmac(key, KCHAT_KEY_LEN, signature, sizeof(signature), proof);
	CHECK(kchat_auth_join_ok(key, nonce, &room, proof));
	CHECK(!kchat_auth_join_ok(key, other, &room, proof));
	CHECK(!kchat_auth_join_ok(key, nonce, &elsewhere, proof));
	proof[KCHAT_KEY_LEN - 1] ^= 1;
	CHECK(!kchat_auth_join_ok(key, nonce, &room, proof));
}

static void so_many_failures_are_let_pass_and_then_one_in_a_period(void)
{
	kchat_limiter_init(&limiter);
	CHECK_EQ(fail_until_refused(7, 1000), BURST);
	CHECK_EQ(kchat_limiter_wait(&limiter, 7, 1000, BURST, PERIOD), PERIOD);
	CHECK_EQ(kchat_limiter_wait(&limiter, 7, 1000 + PERIOD - 1, BURST, PERIOD), 1);
	CHECK_EQ(fail_until_refused(7, 1000 + PERIOD), 1);
	CHECK_EQ(kchat_limiter_wait(&limiter, 8, 1000, BURST, PERIOD), 0);
}

static void all_is_forgiven_after_a_while_or_by_showing_who_one_is(void)
{
	kchat_limiter_init(&limiter);
	fail_until_refused(7, 1000);
	CHECK_EQ(fail_until_refused(7, 1000 + BURST * PERIOD), BURST);
	kchat_limiter_forgive(&limiter, 7);
	CHECK_EQ(kchat_limiter_wait(&limiter, 7, 1000 + BURST * PERIOD, BURST, PERIOD), 0);
}

static void a_key_of_zero_is_a_key_like_others(void)
{
	kchat_limiter_init(&limiter);
	CHECK_EQ(fail_until_refused(0, 1000), BURST);
	CHECK(kchat_limiter_wait(&limiter, 0, 1000, BURST, PERIOD));
	kchat_limiter_forgive(&limiter, 0);
	CHECK(!kchat_limiter_wait(&limiter, 0, 1000, BURST, PERIOD));
}

static void a_full_table_forgets_who_failed_least(void)
{
	u64 key = 5, step = 1 << KCHAT_LIMITER_BITS, i;

	kchat_limiter_init(&limiter);
	fail_until_refused(key, 1000);
	/* Others in the same set, more than there is room for. */
	for (i = 1; i < 100; i++)
		kchat_limiter_fail(&limiter, key + i * step, 1000, PERIOD);
	CHECK(kchat_limiter_wait(&limiter, key, 1000, BURST, PERIOD));
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(sha256_is_that_of_fips_180),
		TEST(hmac_is_that_of_rfc_4231),
		TEST(base64_is_that_of_rfc_4648),
		TEST(base64_in_any_other_form_is_refused),
		TEST(names_come_unescaped),
		TEST(what_this_version_does_not_have_is_refused),
		TEST(a_name_nobody_can_have_is_a_wrong_name),
		TEST(the_longest_exchange_fits),
		TEST(the_last_message_must_be_the_one_that_belongs_here),
		TEST(a_name_that_does_not_exist_has_always_the_same_salt),
		TEST(a_new_password_is_proved_with_the_session_key),
		TEST(a_rooms_key_comes_masked_for_one_message),
		TEST(whoever_knows_a_rooms_password_proves_it_for_one_connection_and_room),
		TEST(so_many_failures_are_let_pass_and_then_one_in_a_period),
		TEST(all_is_forgiven_after_a_while_or_by_showing_who_one_is),
		TEST(a_key_of_zero_is_a_key_like_others),
		TEST(a_full_table_forgets_who_failed_least),
	};

	CHECK(argc == 2);
	CHECK_EQ(vectors_read(argv[1], "scram", the_exchange_of_rfc_7677_comes_out_as_there), 1);
	return RUN_TESTS(tests);
}
