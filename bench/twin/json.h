/* SPDX-License-Identifier: GPL-2.0-only */
/* A reader of JSON (RFC 8259) that goes over a text once, as far as the accounts file needs it. */
#ifndef _TWIN_JSON_H
#define _TWIN_JSON_H

#include <linux/types.h>

/**
 * struct json - a text that is being read
 * @pos: next character
 * @end: behind the last one
 * @bad: it is not what was asked for. All reads since then gave nothing, so that one
 *	asks once, at the end
 */
struct json {
	const char *pos;
	const char *end;
	bool bad;
};

/* Into an object or a list, whose first character is @open. */
void json_enter(struct json *j, char open);
/* Is there another member before @close? Reads over the comma, or over @close. */
bool json_more(struct json *j, char close);
/* The name of a member, and the colon. Bytes; @out is not terminated. */
u32 json_key(struct json *j, char *out, u32 size);
/* A string of at most @size bytes of UTF-8. */
u32 json_string(struct json *j, char *out, u32 size);
u64 json_number(struct json *j);
bool json_bool(struct json *j);
/* Any value, whatever is in it. */
void json_skip(struct json *j);

#endif /* _TWIN_JSON_H */
