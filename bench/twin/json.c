// SPDX-License-Identifier: GPL-2.0-only
#include "json.h"

#include <linux/string.h>

#define JSON_DEPTH	32	/* of what is skipped */

static void skip_space(struct json *j)
{
	while (j->pos < j->end && (*j->pos == ' ' || *j->pos == '\n' || *j->pos == '\t' ||
				   *j->pos == '\r'))
		j->pos++;
}

/* The next character that counts, 0 at the end. */
static char peek(struct json *j)
{
	skip_space(j);
	if (j->bad || j->pos == j->end)
		return 0;
	return *j->pos;
}

static bool take(struct json *j, char c)
{
	if (peek(j) != c)
		return false;
	j->pos++;
	return true;
}

static void want(struct json *j, char c)
{
	if (!take(j, c))
		j->bad = true;
}

void json_enter(struct json *j, char open)
{
	want(j, open);
}

bool json_more(struct json *j, char close)
{
	if (j->bad || take(j, close))
		return false;
	/* Before the first member there is no comma. */
	take(j, ',');
	return !j->bad && peek(j);
}

u32 json_key(struct json *j, char *out, u32 size)
{
	u32 len = json_string(j, out, size);

	want(j, ':');
	return len;
}

/* ---- strings ----------------------------------------------------------- */

/* @out of the string, NULL to count only. */
struct sink {
	char *out;
	u32 size;
	u32 len;
};

static void put(struct json *j, struct sink *sink, u8 byte)
{
	if (sink->out && sink->len == sink->size) {
		j->bad = true;
		return;
	}
	if (sink->out)
		sink->out[sink->len] = byte;
	sink->len++;
}

static void put_rune(struct json *j, struct sink *sink, u32 rune)
{
	if (rune < 0x80) {
		put(j, sink, rune);
		return;
	}
	if (rune < 0x800) {
		put(j, sink, 0xc0 | rune >> 6);
	} else {
		if (rune < 0x10000) {
			put(j, sink, 0xe0 | rune >> 12);
		} else {
			put(j, sink, 0xf0 | rune >> 18);
			put(j, sink, 0x80 | (rune >> 12 & 0x3f));
		}
		put(j, sink, 0x80 | (rune >> 6 & 0x3f));
	}
	put(j, sink, 0x80 | (rune & 0x3f));
}

static u32 hex4(struct json *j)
{
	u32 value = 0;
	int i;

	for (i = 0; i < 4; i++) {
		char c = j->pos < j->end ? *j->pos++ : 0;

		if (c >= '0' && c <= '9')
			value = value << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value << 4 | ((c | 0x20) - 'a' + 10);
		else
			j->bad = true;
	}
	return value;
}

static void escape(struct json *j, struct sink *sink)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = j->pos < j->end ? *j->pos++ : 0;
	const char *known = c ? strchr(from, c) : NULL;
	u32 rune;

	if (known) {
		put(j, sink, to[known - from]);
		return;
	}
	if (c != 'u') {
		j->bad = true;
		return;
	}
	rune = hex4(j);
	/* Two halves make one character beyond U+FFFF. */
	if (rune >= 0xd800 && rune < 0xdc00 && j->end - j->pos >= 6 && j->pos[0] == '\\' &&
	    j->pos[1] == 'u') {
		j->pos += 2;
		rune = 0x10000 + ((rune - 0xd800) << 10) + (hex4(j) - 0xdc00);
	}
	put_rune(j, sink, rune);
}

static void string(struct json *j, struct sink *sink)
{
	want(j, '"');
	while (!j->bad) {
		char c = j->pos < j->end ? *j->pos++ : 0;

		if (c == '"')
			return;
		if (c == '\\')
			escape(j, sink);
		else if ((u8)c < 0x20)
			j->bad = true;
		else
			put(j, sink, c);
	}
}

u32 json_string(struct json *j, char *out, u32 size)
{
	struct sink sink = { .out = out, .size = size };

	string(j, &sink);
	return j->bad ? 0 : sink.len;
}

/* ---- the rest ---------------------------------------------------------- */

u64 json_number(struct json *j)
{
	u64 value = 0;
	bool any = false;

	skip_space(j);
	while (!j->bad && j->pos < j->end && *j->pos >= '0' && *j->pos <= '9') {
		value = value * 10 + (*j->pos++ - '0');
		any = true;
	}
	if (!any)
		j->bad = true;
	return j->bad ? 0 : value;
}

static bool word(struct json *j, const char *text)
{
	size_t len = strlen(text);

	skip_space(j);
	if ((size_t)(j->end - j->pos) < len || memcmp(j->pos, text, len))
		return false;
	j->pos += len;
	return true;
}

bool json_bool(struct json *j)
{
	if (word(j, "true"))
		return true;
	if (!word(j, "false"))
		j->bad = true;
	return false;
}

void json_skip(struct json *j)
{
	struct sink nowhere = {};
	int depth = 0;

	do {
		char c = peek(j);

		if (c == '"') {
			string(j, &nowhere);
			continue;
		}
		if (!c || depth == JSON_DEPTH)
			j->bad = true;
		else if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		if (c == '{' || c == '[' || c == '}' || c == ']' || c == ',' || c == ':') {
			j->pos++;
			continue;
		}
		/* A number, true, false or null: to where it ends. */
		while (!j->bad && j->pos < j->end && !strchr(",:]} \t\r\n", *j->pos))
			j->pos++;
	} while (!j->bad && depth > 0);
}
