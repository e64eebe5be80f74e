// SPDX-License-Identifier: GPL-2.0-only
/* The hashes are the module's own: kmod/sha256.c, built for user space by kmod/test/shim. */
#include "scram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sha256.h"

#define NONCE_BYTES	12

static const char gs2[] = "n,,";	/* no channel binding, no other identity */
static const char binding[] = "c=biws,";	/* the same in base64 */

/*
 * What a password and a salt make. Deriving it is slow on purpose, so accounts
 * that share both are derived once.
 */
struct keys {
	u8 salt[KCHAT_SALT_LEN];
	unsigned int iterations;	/* 0: nothing derived yet */
	u8 client[KCHAT_KEY_LEN], stored[KCHAT_KEY_LEN], server[KCHAT_KEY_LEN];
};

static struct keys keys;

/* PBKDF2 (RFC 8018, 5.2) with HMAC-SHA-256, one block. */
static void derive(const char *password, const u8 salt[KCHAT_SALT_LEN], unsigned int iterations)
{
	u8 block[KCHAT_SALT_LEN + 4] = { [KCHAT_SALT_LEN + 3] = 1 };
	u8 u[KCHAT_KEY_LEN], salted[KCHAT_KEY_LEN];
	const u8 *secret = (const u8 *)password;
	size_t len = strlen(password);
	unsigned int i, j;

	memcpy(block, salt, KCHAT_SALT_LEN);
	kchat_hmac(secret, len, block, sizeof(block), u);
	memcpy(salted, u, sizeof(u));
	for (i = 1; i < iterations; i++) {
		kchat_hmac(secret, len, u, sizeof(u), u);
		for (j = 0; j < sizeof(u); j++)
			salted[j] ^= u[j];
	}
	kchat_hmac(salted, sizeof(salted), "Client Key", 10, keys.client);
	kchat_sha256(keys.client, sizeof(keys.client), keys.stored);
	kchat_hmac(salted, sizeof(salted), "Server Key", 10, keys.server);
	memcpy(keys.salt, salt, KCHAT_SALT_LEN);
	keys.iterations = iterations;
}

int scram_first(struct scram *scram, const char *login, char out[SCRAM_MAX])
{
	u8 random[NONCE_BYTES];
	char nonce[2 * NONCE_BYTES + 1];
	int i;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -1;
	for (i = 0; i < NONCE_BYTES; i++)
		sprintf(nonce + 2 * i, "%02x", random[i]);
	snprintf(scram->first, sizeof(scram->first), "n=%s,r=%s", login, nonce);
	return snprintf(out, SCRAM_MAX, "%s%s", gs2, scram->first);
}

/* The fields of "r=NONCE,s=SALT,i=ITERATIONS". */
static bool parse_challenge(char *text, const char **nonce, u8 salt[KCHAT_SALT_LEN],
			    unsigned int *iterations)
{
	char *s = strstr(text, ",s="), *i = strstr(text, ",i=");

	if (strncmp(text, "r=", 2) || !s || !i || i < s)
		return false;
	*s = 0;
	*i = 0;
	*nonce = text + 2;
	*iterations = strtoul(i + 3, NULL, 10);
	return *iterations &&
	       kchat_base64_decode(s + 3, strlen(s + 3), salt, KCHAT_SALT_LEN) == KCHAT_SALT_LEN;
}

int scram_final(struct scram *scram, const char *password, const char *challenge, size_t len,
		char out[SCRAM_MAX])
{
	char said[SCRAM_MAX], fields[SCRAM_MAX], final[SCRAM_MAX], all[3 * SCRAM_MAX];
	char proof64[KCHAT_BASE64_LEN(KCHAT_KEY_LEN) + 1] = "";
	char server64[KCHAT_BASE64_LEN(KCHAT_KEY_LEN) + 1] = "";
	u8 salt[KCHAT_SALT_LEN], proof[KCHAT_KEY_LEN], server[KCHAT_KEY_LEN];
	const char *nonce;
	unsigned int iterations;
	int all_len, i;

	if (len >= sizeof(said))
		return -1;
	memcpy(said, challenge, len);
	said[len] = 0;
	strcpy(fields, said);
	if (!parse_challenge(fields, &nonce, salt, &iterations))
		return -1;
	if (keys.iterations != iterations || memcmp(keys.salt, salt, sizeof(salt)))
		derive(password, salt, iterations);
	snprintf(final, sizeof(final), "%sr=%.*s", binding, (int)sizeof(final) - 16, nonce);
	all_len = snprintf(all, sizeof(all), "%s,%s,%s", scram->first, said, final);
	kchat_hmac(keys.stored, sizeof(keys.stored), all, all_len, proof);
	for (i = 0; i < KCHAT_KEY_LEN; i++)
		proof[i] ^= keys.client[i];
	kchat_base64_encode(proof, sizeof(proof), proof64);
	kchat_hmac(keys.server, sizeof(keys.server), all, all_len, server);
	kchat_base64_encode(server, sizeof(server), server64);
	snprintf(scram->signature, sizeof(scram->signature), "v=%s", server64);
	i = snprintf(out, SCRAM_MAX, "%s,p=%s", final, proof64);
	return i < SCRAM_MAX ? i : -1;
}

bool scram_verify(const struct scram *scram, const char *data, size_t len)
{
	return len == strlen(scram->signature) && !memcmp(data, scram->signature, len);
}
