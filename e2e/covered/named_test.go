// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"slices"
	"strings"
	"testing"
)

// outcomesOf are lines of conn.c: "function: text" that were run, and those with "!" before them that were not.
func outcomesOf(rows ...string) (all []outcome) {
	for i, row := range rows {
		row, missed := strings.CutPrefix(row, "!")
		function, text, _ := strings.Cut(row, ": ")
		all = append(all, outcome{line{"conn.c", function, text}, i + 1, !missed})
	}
	return all
}

func TestJudge(t *testing.T) {
	all := outcomesOf("open: return 0;", "!open: return -EINVAL;", "!open: return -EINVAL;", "!dead: one();", "!dead: two();")
	for _, tc := range []struct {
		name, file   string
		fresh, stale []string
	}{
		{
			name:  "nothing is named",
			fresh: []string{"open: return -EINVAL;", "open: return -EINVAL;", "dead: one();", "dead: two();"},
		},
		{
			name:  "one of two that are the same",
			file:  "# why\nconn.c:open: return -EINVAL;\nconn.c:dead: *",
			fresh: []string{"open: return -EINVAL;"},
		},
		{
			name: "each as often as it is there, a whole function",
			file: "# why\nconn.c:open: return -EINVAL;\nconn.c:open: return -EINVAL;\n\n# why that\n# is so\nconn.c:dead: *",
		},
		{
			name:  "what was run, what is gone, and a function of which a part runs",
			file:  "# why\nconn.c:open: return 0;\nconn.c:open: *\nconn.c:gone: *\n? conn.c:gone: more();\n? conn.c:open: return -EINVAL;\n? conn.c:open: return -EINVAL;\n? conn.c:dead: *",
			stale: []string{"? conn.c:gone: more();", "conn.c:gone: *", "conn.c:open: *", "conn.c:open: return 0;"},
		},
		{
			name: "what chance decides",
			file: "# why\n? conn.c:open: return 0;\n? conn.c:open: return -EINVAL;\n? conn.c:open: return -EINVAL;\n? conn.c:dead: *",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, err := parseNamed(tc.file)
			if err != nil {
				t.Fatal(err)
			}
			found, stale := n.judge(all)
			var fresh []string
			for _, o := range found {
				fresh = append(fresh, o.function+": "+o.text)
			}
			if !slices.Equal(fresh, tc.fresh) {
				t.Errorf("not named: %q, want %q", fresh, tc.fresh)
			}
			if !slices.Equal(stale, tc.stale) {
				t.Errorf("named without need: %q, want %q", stale, tc.stale)
			}
		})
	}
}

func TestWhatIsNamedHasAReason(t *testing.T) {
	for file, want := range map[string]string{
		"conn.c:open: return 0;":                   `line 1: "conn.c:open: return 0;" has no reason`,
		"# why\n\nconn.c:open: return 0;":          `line 3: "conn.c:open: return 0;" has no reason`,
		"#\nconn.c:open: return 0;":                `line 2: "conn.c:open: return 0;" has no reason`,
		"# why\nconn.c: return 0;":                 `line 2: "conn.c: return 0;" is not FILE:FUNCTION: TEXT`,
		"# why\n? open: return 0;":                 `line 2: "open: return 0;" is not FILE:FUNCTION: TEXT`,
		"# why\nconn.c:open: return 0;\nsomething": `line 3: "something" is not FILE:FUNCTION: TEXT`,
	} {
		if _, err := parseNamed(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", file, err, want)
		}
	}
}

func TestFunctionsOf(t *testing.T) {
	source := `static int a(struct b *c,
		 int d)
{
	e();
}

struct f {
	int g;
};

static const struct h i[] = {
	[0] = { .j = K(1) },
};

static void *
l(void)
{
	m();
out:
	n();
}
`
	want := strings.Fields("a a a a a - - - - - - - - - - l l l l l l -")
	got := functionsOf(strings.Split(source, "\n"))
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
