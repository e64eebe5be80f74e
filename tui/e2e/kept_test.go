// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTalkIsKeptFoundAgainAndWrittenToAFile(t *testing.T) {
	anna, ben := two(t)
	hears(ben, anna, "the harvest begins on Monday")
	hears(anna, ben, "I bring the baskets")
	anna.Quit()
	ben.Quit() // and with them what the server had of it
	anna.Again()
	anna.Shows("the harvest begins on Monday", "I bring the baskets")
	anna.Key("ctrl+f")
	anna.Shows("Type words")
	anna.Type("basket")
	anna.Shows("1 of 1")
	anna.Key("esc")
	anna.ShowsNot("1 of 1")
	path := filepath.Join(anna.Dir, "talk.md")
	anna.Type("/history save " + path)
	anna.Key("enter")
	anna.Shows("2 messages", "talk.md")
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"ben", "the harvest begins on Monday", "I bring the baskets"} {
		if !strings.Contains(string(written), words) {
			t.Errorf("%q is not in the file:\n%s", words, written)
		}
	}
}
