// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kchat/server/vmtest"
)

// compared is the table, seen from the root of the repository.
const compared = "docs/compare.md"

// real are the folders whose tests run the real program against the real module.
var real = regexp.MustCompile(`^(tui/e2e|cmd/kchat-tui)/\w+_test\.go$`)

var (
	shownBy = regexp.MustCompile(`\[(\w+)\]\(\.\./([^)]+)\)`)
	stands  = regexp.MustCompile(`^(yes|no|–|(yes|partly): \S.*|partly)$`)
)

// A row of the table with the peers that says yes for us is shown by tests that are there, and by none that are not.
func TestEveryYesOfTheTableIsShownByATest(t *testing.T) {
	root, err := vmtest.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, compared))
	if err != nil {
		t.Fatal(err)
	}
	columns, yes := 0, 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if columns == 0 {
			columns = len(cells)
			continue
		}
		if strings.HasPrefix(cells[0], "---") {
			continue
		}
		if len(cells) != columns {
			t.Errorf("%d columns instead of %d: %s", len(cells), columns, line)
			continue
		}
		for _, word := range cells[1 : columns-1] {
			if !stands.MatchString(word) {
				t.Errorf("%q says %q", cells[0], word)
			}
		}
		tests := shownBy.FindAllStringSubmatch(cells[columns-1], -1)
		if strings.HasPrefix(cells[1], "yes") {
			yes++
			if len(tests) == 0 {
				t.Errorf("nothing shows %q", cells[0])
			}
		}
		for _, test := range tests {
			mustBe(t, root, test[1], test[2])
		}
	}
	if yes < 5 {
		t.Errorf("the table says yes %d times", yes)
	}
}

// mustBe fails unless a file has a test of that name that uses the real program.
func mustBe(t *testing.T, root, test, file string) {
	t.Helper()
	if !real.MatchString(file) {
		t.Errorf("%s does not use the real program", file)
	}
	source, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Errorf("%s: %v", compared, err)
	} else if !strings.Contains(string(source), "\nfunc "+test+"(t *testing.T)") {
		t.Errorf("there is no %s in %s", test, file)
	}
}
