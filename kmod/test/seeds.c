// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes what a fuzzer begins with, a file for each input: the vectors of clients, one
 * login, and the lines of its corpus, which are bytes in hexadecimal.
 */
#include "frame.h"
#include "vectors.h"

static const char *const states[] = { "NEW", "GREETED", "CHALLENGED", "OPEN", "MEDIA" };
static const char *out_dir, *fuzzer;
static int written;

static void write_seed(const char *kind, const void *data, size_t len)
{
	char path[4096];
	FILE *file;

	if (strcmp(kind, fuzzer))
		return;
	snprintf(path, sizeof(path), "%s/%s/seed-%d", out_dir, kind, written++);
	file = fopen(path, "w");
	CHECK(file && fwrite(data, 1, len, file) == len && !fclose(file));
}

static void write_vector(struct vector *v)
{
	static u8 seed[1 + 65536];

	if (strcmp(vector_get(v, "from"), "client") || v->hex_len < KCHAT_HDR_LEN)
		return;
	while (seed[0] < KCHAT_CONN_MEDIA && strcmp(states[seed[0]], vector_get(v, "state")))
		seed[0]++;
	memcpy(seed + 1, v->hex, v->hex_len);
	write_seed("frame", seed, 1 + v->hex_len);
	seed[0] = 0;
}

static void write_question(struct vector *v)
{
	write_seed("discover", v->hex, v->hex_len);
}

static void write_corpus(const char *path)
{
	static u8 input[1 << 16];
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	CHECK(file);
	while ((len = getline(&line, &size, file)) > 0) {
		size_t i, bytes = (size_t)(len - 1) / 2;

		CHECK(line[len - 1] == '\n' && len % 2 && bytes <= sizeof(input));
		for (i = 0; i < bytes; i++)
			CHECK(sscanf(line + 2 * i, "%2hhx", &input[i]) == 1);
		write_seed(fuzzer, input, bytes);
	}
	free(line);
	fclose(file);
}

/* seeds VECTORS FOLDER FUZZER CORPUS: into FOLDER/FUZZER */
int main(int argc, char **argv)
{
	static const char *const files[] = {
		"login", "rooms", "talk", "badtalk", "passing", "questions", "streams", "bad",
	};
	static const char login[] =
		"n,,n=us=2Cer,r=rOprNGfwEbeRWgbNEkqO\0"
		"c=biws,r=rOprNGfwEbeRWgbNEkqO0123456789abcdef0123456789abcdef,"
		"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
	static const char proxy[] =
		"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0f\xc0\0\2\7\xc6\x33\x64\1\xc3\x51\x27\x7a\4\0\0";
	size_t i;

	CHECK(argc == 5);
	out_dir = argv[2];
	fuzzer = argv[3];
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		CHECK(vectors_read(argv[1], files[i], write_vector));
	CHECK(vectors_read(argv[1], "discover", write_question));
	write_seed("auth", login, sizeof(login) - 1);
	write_seed("proxy", proxy, sizeof(proxy) - 1);
	write_corpus(argv[4]);
	return 0;
}
