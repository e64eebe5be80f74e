// SPDX-License-Identifier: GPL-2.0-only
/*
 * docs/limits.md and the table in param.h say the same. With "print" instead of a
 * folder: writes the lines the document should have.
 */
#include <linux/types.h>

#include "param.h"
#include "test.h"

#define DOCUMENT	"../../docs/limits.md"

static char lines[KCHAT_PARAM_COUNT][512];
static int n_lines;

static void line(const char *name, unsigned long long def, unsigned long long min,
		 unsigned long long max, const char *unit, const char *what)
{
	snprintf(lines[n_lines++], sizeof(lines[0]), "| `%s` | %llu | %llu | %llu | %s | %s |\n",
		 name, def, min, max, unit, what);
}

static bool is_wanted(const char *row)
{
	int i;

	for (i = 0; i < n_lines; i++) {
		if (!strcmp(row, lines[i])) {
			lines[i][0] = 0;
			return true;
		}
	}
	return false;
}

static void the_document_has_every_limit_as_it_is(void)
{
	FILE *file = fopen(DOCUMENT, "r");
	int wrong = 0, i;
	char row[1024];

	CHECK(file);
	/* The table is the one before the first heading; its rows begin with a name. */
	while (fgets(row, sizeof(row), file) && strncmp(row, "## ", 3)) {
		if (strncmp(row, "| `", 3) || is_wanted(row))
			continue;
		fprintf(stderr, "not a limit of the module: %s", row);
		wrong++;
	}
	fclose(file);
	for (i = 0; i < n_lines; i++) {
		if (!lines[i][0])
			continue;
		fprintf(stderr, "missing: %s", lines[i]);
		wrong++;
	}
	CHECK_EQ(wrong, 0);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(the_document_has_every_limit_as_it_is),
	};
	int i;

#define LINE(name, def, min, max, unit, what)	line(#name, def, min, max, unit, what);
	KCHAT_PARAMS(LINE)
	if (argc == 2 && !strcmp(argv[1], "print")) {
		for (i = 0; i < n_lines; i++)
			fputs(lines[i], stdout);
		return 0;
	}
	return RUN_TESTS(tests);
}
