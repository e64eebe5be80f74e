// SPDX-License-Identifier: GPL-2.0-only
#include "accounts.h"

#include <linux/string.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "sha256.h"

/* ---- values ------------------------------------------------------------ */

/* base64 of exactly @size bytes. */
static void read_bytes64(struct json *j, u8 *out, u32 size)
{
	char text[KCHAT_BASE64_LEN(KCHAT_KEY_LEN)];
	u32 len = json_string(j, text, sizeof(text));

	if (!j->bad && kchat_base64_decode(text, len, out, size) != (int)size)
		j->bad = true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 8-4-4-4-12 (RFC 9562, 4). */
static void read_uuid(struct json *j, u8 out[16])
{
	char text[36];
	u32 len = json_string(j, text, sizeof(text)), digits = 0, i;

	memset(out, 0, 16);
	for (i = 0; i < len; i++) {
		int value = hex_digit(text[i]);

		if (text[i] == '-')
			continue;
		if (value < 0 || digits == 32)
			break;
		out[digits / 2] = out[digits / 2] << 4 | value;
		digits++;
	}
	if (i < len || digits != 32)
		j->bad = true;
}

static bool key_is(const char *key, u32 len, const char *name)
{
	return len == strlen(name) && !memcmp(key, name, len);
}

/* ---- accounts ---------------------------------------------------------- */

static struct twin_account **login_bucket(const struct twin_accounts *accounts,
					  const char *login, u32 len)
{
	u32 hash = twin_hash(login, len) % TWIN_ACCOUNT_BUCKETS;

	return (struct twin_account **)&accounts->logins[hash];
}

static struct twin_account **number_bucket(const struct twin_accounts *accounts, u64 number)
{
	return (struct twin_account **)&accounts->numbers[number % TWIN_ACCOUNT_BUCKETS];
}

struct twin_account *twin_account_by_login(const struct twin_accounts *accounts,
					   const struct kchat_text *login)
{
	struct twin_account *account = *login_bucket(accounts, login->data, login->len);

	while (account && (account->login_len != login->len ||
			   memcmp(account->login, login->data, login->len)))
		account = account->by_login;
	return account;
}

struct twin_account *twin_account_by_number(const struct twin_accounts *accounts, u64 number)
{
	struct twin_account *account = *number_bucket(accounts, number);

	while (account && account->number != number)
		account = account->by_number;
	return account;
}

static void account_insert(struct twin_accounts *accounts, struct twin_account *account)
{
	struct twin_account **login = login_bucket(accounts, account->login, account->login_len);
	struct twin_account **number = number_bucket(accounts, account->number);

	account->by_login = *login;
	*login = account;
	account->by_number = *number;
	*number = account;
}

static void read_member(struct json *j, const char *key, u32 len, struct twin_account *account)
{
	if (key_is(key, len, "number"))
		account->number = json_number(j);
	else if (key_is(key, len, "name"))
		account->name_len = json_string(j, account->name, sizeof(account->name));
	else if (key_is(key, len, "login"))
		account->login_len = json_string(j, account->login, sizeof(account->login));
	else if (key_is(key, len, "bot"))
		account->flags |= json_bool(j) ? KCHAT_PERSON_BOT : 0;
	else if (key_is(key, len, "admin"))
		account->flags |= json_bool(j) ? KCHAT_PERSON_ADMIN : 0;
	else if (key_is(key, len, "salt"))
		read_bytes64(j, account->salt, sizeof(account->salt));
	else if (key_is(key, len, "stored_key"))
		read_bytes64(j, account->stored_key, sizeof(account->stored_key));
	else if (key_is(key, len, "server_key"))
		read_bytes64(j, account->server_key, sizeof(account->server_key));
	else
		json_skip(j);
}

static void read_account(struct json *j, struct twin_accounts *accounts)
{
	struct twin_account *account = calloc(1, sizeof(*account));
	char key[32];

	if (!account) {
		j->bad = true;
		return;
	}
	INIT_LIST_HEAD(&account->sessions);
	json_enter(j, '{');
	while (json_more(j, '}')) {
		u32 len = json_key(j, key, sizeof(key));

		read_member(j, key, len, account);
	}
	if (!account->number || !account->login_len || !account->name_len)
		j->bad = true;
	account_insert(accounts, account);
}

static void read_file(struct json *j, struct twin_accounts *accounts)
{
	char key[32];
	u32 len;

	json_enter(j, '{');
	while (json_more(j, '}')) {
		len = json_key(j, key, sizeof(key));
		if (key_is(key, len, "server_uuid")) {
			read_uuid(j, accounts->server);
		} else if (key_is(key, len, "community_uuid")) {
			read_uuid(j, accounts->community);
		} else if (key_is(key, len, "name")) {
			accounts->name_len = json_string(j, accounts->name,
							 sizeof(accounts->name));
		} else if (key_is(key, len, "secret")) {
			read_bytes64(j, accounts->secret, sizeof(accounts->secret));
			kchat_hmac_init(&accounts->salts, accounts->secret,
					sizeof(accounts->secret));
		} else if (key_is(key, len, "iterations")) {
			accounts->iterations = json_number(j);
		} else if (key_is(key, len, "accounts")) {
			json_enter(j, '[');
			while (json_more(j, ']'))
				read_account(j, accounts);
		} else {
			json_skip(j);
		}
	}
}

static char *file_text(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL;
	long size = -1;

	*len = 0;
	if (!file)
		return NULL;
	if (!fseek(file, 0, SEEK_END))
		size = ftell(file);
	if (size >= 0 && !fseek(file, 0, SEEK_SET))
		text = malloc(size + 1);
	if (text)
		*len = fread(text, 1, size, file);
	fclose(file);
	return text;
}

const char *twin_accounts_read(struct twin_accounts *accounts, const char *path)
{
	size_t len;
	char *text = file_text(path, &len);
	struct json j = { .pos = text, .end = text + len };

	if (!text)
		return "it cannot be read";
	read_file(&j, accounts);
	free(text);
	if (j.bad)
		return "it is not an accounts file of kchat";
	if (accounts->iterations < KCHAT_ITERATIONS_MIN)
		return "it says too few iterations";
	return NULL;
}
