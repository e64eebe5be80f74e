/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads wire/testdata/NAME.hex as its README describes it. */
#ifndef _VECTORS_H
#define _VECTORS_H

#include <linux/types.h>

#include "test.h"

struct vector {
	const char *file;
	int line;			/* where it begins */
	char *names[256];
	char *values[256];
	int n_fields;
	u8 hex[65536];
	u32 hex_len;
};

static inline int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline u32 hex_bytes(const char *text, u8 *out)
{
	u32 len = 0;

	for (; text[0] && text[1]; text += 2)
		out[len++] = hex_digit(text[0]) << 4 | hex_digit(text[1]);
	return len;
}

static inline const char *vector_find(const struct vector *v, const char *name)
{
	int i;

	for (i = 0; i < v->n_fields; i++)
		if (!strcmp(v->names[i], name))
			return v->values[i];
	return NULL;
}

static inline const char *vector_get(const struct vector *v, const char *name)
{
	const char *value = vector_find(v, name);

	if (!value) {
		fprintf(stderr, "%s:%d: has no field %s\n", v->file, v->line, name);
		exit(1);
	}
	return value;
}

static inline u64 vector_number(const struct vector *v, const char *name)
{
	return strtoull(vector_get(v, name), NULL, 10);
}

/* Bytes of a field: in quotes with escapes, or in hexadecimal. How many. */
static inline u32 vector_bytes(const struct vector *v, const char *name, u8 *out)
{
	const char *value = vector_get(v, name);
	u32 len = 0;

	if (*value != '"')
		return hex_bytes(value, out);
	for (value++; *value && *value != '"'; value++) {
		if (*value != '\\') {
			out[len++] = *value;
		} else if (*++value == 'x') {
			out[len++] = hex_digit(value[1]) << 4 | hex_digit(value[2]);
			value += 2;
		} else {
			out[len++] = *value;
		}
	}
	return len;
}

/* Calls @each for every vector of @dir/@name.hex; gives how many there are. */
static inline int vectors_read(const char *dir, const char *name, void (*each)(struct vector *))
{
	static char line[1 << 18], path[4096];
	static struct vector v;
	int number = 0, count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.hex", dir, name);
	file = fopen(path, "r");
	CHECK(file);
	memset(&v, 0, sizeof(v));
	v.file = path;
	for (;;) {
		bool more = fgets(line, sizeof(line), file);
		char *equals;

		number++;
		if (!more || line[0] == '\n') {
			if (v.n_fields) {
				count++;
				each(&v);
			}
			while (v.n_fields) {
				v.n_fields--;
				free(v.names[v.n_fields]);
				free(v.values[v.n_fields]);
			}
			v.hex_len = 0;
			v.line = number + 1;
			if (!more)
				break;
			continue;
		}
		if (line[0] == '#')
			continue;
		line[strcspn(line, "\n")] = 0;
		equals = strstr(line, " = ");
		CHECK(equals);
		*equals = 0;
		if (!strcmp(line, "hex")) {
			v.hex_len += hex_bytes(equals + 3, v.hex + v.hex_len);
			continue;
		}
		CHECK(v.n_fields < 256);
		v.names[v.n_fields] = strdup(line);
		v.values[v.n_fields++] = strdup(equals + 3);
	}
	fclose(file);
	return count;
}

#endif
