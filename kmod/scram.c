// SPDX-License-Identifier: GPL-2.0-only
#include "scram.h"

#include <linux/kernel.h>
#include <linux/string.h>

#include "compat.h"
#include "utf8.h"

static void append(struct kchat_scram *scram, const char *data, u32 len)
{
	memcpy(scram->message + scram->message_len, data, len);
	scram->message_len += len;
}

static bool skip_prefix(const char **text, const char *end, const char *prefix)
{
	size_t len = strlen(prefix);

	if ((size_t)(end - *text) < len || memcmp(*text, prefix, len))
		return false;
	*text += len;
	return true;
}

/* To the next comma or the end. */
static const char *value_end(const char *text, const char *end)
{
	const char *comma = memchr(text, ',', end - text);

	return comma ? comma : end;
}

/* saslname of RFC 5802: "=2C" is a comma and "=3D" an equals sign, "=" is nothing else. */
static enum kchat_error unescape(struct kchat_scram *scram, const char *name, const char *end)
{
	struct kchat_utf8 check = {};

	kchat_utf8_feed(&check, (const u8 *)name, end - name);
	if (!kchat_utf8_ok(&check))
		return KCHAT_E_UTF8;
	if (name == end)
		return KCHAT_E_BAD_FRAME;
	scram->login_len = 0;
	while (name < end) {
		char c = *name++;

		if (c == '=') {
			if (end - name < 2)
				return KCHAT_E_BAD_FRAME;
			if (name[0] == '2' && name[1] == 'C')
				c = ',';
			else if (name[0] != '3' || name[1] != 'D')
				return KCHAT_E_BAD_FRAME;
			name += 2;
		}
		if (scram->login_len == sizeof(scram->login))
			return KCHAT_E_AUTH;
		scram->login[scram->login_len++] = c;
	}
	return check.control || check.layout ? KCHAT_E_AUTH : KCHAT_E_NONE;
}

static bool nonce_ok(const char *nonce, const char *end)
{
	if (end - nonce < KCHAT_SCRAM_NONCE_MIN || end - nonce > KCHAT_SCRAM_NONCE_MAX)
		return false;
	for (; nonce < end; nonce++)
		if (*nonce < 0x21 || *nonce > 0x7e || *nonce == ',')
			return false;
	return true;
}

/**
 * kchat_scram_first - read a client-first-message
 * @scram: starts anew
 * @body: the message, "n,,n=NAME,r=NONCE"
 * @len: bytes of it
 *
 * Channel binding, an authorization identity and extensions are refused: this
 * version has none.
 *
 * Return: KCHAT_E_NONE, BAD_FRAME, UTF8, or AUTH for a name nobody can have
 */
enum kchat_error kchat_scram_first(struct kchat_scram *scram, const u8 *body, u32 len)
{
	const char *text = (const char *)body;
	const char *end = text + len;
	const char *bare, *name, *name_end, *nonce;
	enum kchat_error error;

	if (!skip_prefix(&text, end, "n,,"))
		return KCHAT_E_BAD_FRAME;
	bare = text;
	if (!skip_prefix(&text, end, "n="))
		return KCHAT_E_BAD_FRAME;
	name = text;
	name_end = value_end(text, end);
	text = name_end;
	if (!skip_prefix(&text, end, ",r="))
		return KCHAT_E_BAD_FRAME;
	nonce = text;
	if (!nonce_ok(nonce, end))
		return KCHAT_E_BAD_FRAME;
	error = unescape(scram, name, name_end);
	if (error)
		return error;

	scram->message_len = 0;
	append(scram, bare, end - bare);
	/* Where it stands here; the challenge brings the server's half and moves it. */
	scram->nonce = nonce - bare;
	scram->nonce_len = end - nonce;
	return KCHAT_E_NONE;
}

/**
 * kchat_scram_challenge - write the server-first-message
 * @scram: after kchat_scram_first()
 * @server_nonce: random, printable, at most KCHAT_SCRAM_SERVER_NONCE bytes
 * @salt: of the account, or a mock one
 * @iterations: of the server
 * @out: room for KCHAT_SCRAM_SECOND_MAX bytes
 *
 * Return: bytes written to @out
 */
u32 kchat_scram_challenge(struct kchat_scram *scram, const struct kchat_text *server_nonce,
			  const u8 salt[KCHAT_SALT_LEN], u32 iterations, char *out)
{
	u32 client_nonce = scram->nonce, client_len = scram->nonce_len;
	char number[12];
	u32 start;

	append(scram, ",", 1);
	start = scram->message_len;
	append(scram, "r=", 2);
	scram->nonce = scram->message_len;
	append(scram, scram->message + client_nonce, client_len);
	append(scram, server_nonce->data, server_nonce->len);
	scram->nonce_len = scram->message_len - scram->nonce;
	append(scram, ",s=", 3);
	scram->message_len += kchat_base64_encode(salt, KCHAT_SALT_LEN,
						  scram->message + scram->message_len);
	append(scram, ",i=", 3);
	append(scram, number, scnprintf(number, sizeof(number), "%u", iterations));

	memcpy(out, scram->message + start, scram->message_len - start);
	return scram->message_len - start;
}

/**
 * kchat_scram_final - read a client-final-message
 * @scram: after kchat_scram_challenge()
 * @body: the message, "c=biws,r=NONCE,p=PROOF"
 * @len: bytes of it
 * @proof: the proof, decoded
 *
 * Return: KCHAT_E_NONE, or BAD_FRAME
 */
enum kchat_error kchat_scram_final(struct kchat_scram *scram, const u8 *body, u32 len,
				   u8 proof[KCHAT_KEY_LEN])
{
	const char *text = (const char *)body;
	const char *end = text + len;
	u32 without_proof;

	/* biws: base64 of "n,,", what the client-first-message began with. */
	if (!skip_prefix(&text, end, "c=biws,r="))
		return KCHAT_E_BAD_FRAME;
	if (end - text < scram->nonce_len ||
	    memcmp(text, scram->message + scram->nonce, scram->nonce_len))
		return KCHAT_E_BAD_FRAME;
	text += scram->nonce_len;
	without_proof = text - (const char *)body;
	if (!skip_prefix(&text, end, ",p=") ||
	    kchat_base64_decode(text, end - text, proof, KCHAT_KEY_LEN) != KCHAT_KEY_LEN)
		return KCHAT_E_BAD_FRAME;
	append(scram, ",", 1);
	append(scram, (const char *)body, without_proof);
	return KCHAT_E_NONE;
}

void kchat_scram_mock_salt(const struct kchat_hmac *secret, const char *login, u32 login_len,
			   u8 salt[KCHAT_SALT_LEN])
{
	struct kchat_hmac hmac = *secret;
	u8 sum[KCHAT_KEY_LEN];

	kchat_hmac_update(&hmac, login, login_len);
	kchat_hmac_final(&hmac, sum);
	memcpy(salt, sum, KCHAT_SALT_LEN);
}

/**
 * kchat_scram_verify - is the proof right
 * @scram: after kchat_scram_final()
 * @stored_key: SHA-256 of the key only the right password gives
 * @proof: that key, covered by the signature of this exchange
 *
 * Return: true if it is; takes the same time if it is not
 */
bool kchat_scram_verify(const struct kchat_scram *scram, const u8 stored_key[KCHAT_KEY_LEN],
			const u8 proof[KCHAT_KEY_LEN])
{
	u8 key[KCHAT_KEY_LEN], sum[KCHAT_KEY_LEN];
	bool same;
	int i;

	kchat_hmac(stored_key, KCHAT_KEY_LEN, scram->message, scram->message_len, key);
	for (i = 0; i < KCHAT_KEY_LEN; i++)
		key[i] ^= proof[i];
	kchat_sha256(key, sizeof(key), sum);
	same = !crypto_memneq(sum, stored_key, KCHAT_KEY_LEN);
	memzero_explicit(key, sizeof(key));
	return same;
}

/**
 * kchat_scram_sign - what proves the server, and the session key that comes of it
 * @scram: after kchat_scram_final()
 * @server_key: of the account
 * @final: server-final-message, "v=" and the signature in base64
 * @session_key: HMAC(ServerKey, "kchat session" and ServerSignature)
 */
void kchat_scram_sign(const struct kchat_scram *scram, const u8 server_key[KCHAT_KEY_LEN],
		      u8 final[KCHAT_SCRAM_FINAL_LEN], u8 session_key[KCHAT_KEY_LEN])
{
	static const char label[] = "kchat session";
	u8 signature[KCHAT_KEY_LEN];
	struct kchat_hmac hmac, keyed;

	kchat_hmac_init(&keyed, server_key, KCHAT_KEY_LEN);
	hmac = keyed;
	kchat_hmac_update(&hmac, scram->message, scram->message_len);
	kchat_hmac_final(&hmac, signature);
	final[0] = 'v';
	final[1] = '=';
	kchat_base64_encode(signature, sizeof(signature), (char *)final + 2);

	kchat_hmac_update(&keyed, label, strlen(label));
	kchat_hmac_update(&keyed, signature, sizeof(signature));
	kchat_hmac_final(&keyed, session_key);
}
