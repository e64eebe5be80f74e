// SPDX-License-Identifier: GPL-2.0-only
/* What a fuzzer has found before, once each, without the fuzzer: its inputs are the files of a folder. */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX	(1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fails(const char *what, const char *name)
{
	fprintf(stderr, "replay: %s %s: %s\n", what, name, strerror(errno));
	return 1;
}

static int replay(const char *dir, const char *name, uint8_t *data)
{
	char path[4096];
	size_t size;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	in = fopen(path, "rb");
	if (!in)
		return fails("open", path);
	size = fread(data, 1, INPUT_MAX, in);
	fclose(in);
	LLVMFuzzerTestOneInput(data, size);
	return 0;
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	uint8_t *data = malloc(INPUT_MAX);
	struct dirent *entry;
	int status = 0;

	if (!dir || !data)
		return fails("usage: replay DIR;", argc == 2 ? argv[1] : "");
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			status |= replay(argv[1], entry->d_name, data);
	closedir(dir);
	free(data);
	return status;
}
