// SPDX-License-Identifier: GPL-2.0-only

//go:build bench

package screen

import (
	"math/rand/v2"
	"regexp"
	"testing"
	"time"

	"kchat/tui/screentest"
)

// What is aimed at with a million messages.
const (
	wantHits = 50 * time.Millisecond // the first screen of them
	wantAll  = time.Second
)

// counted is how the panel says how many hits there are.
var counted = regexp.MustCompile(`\b1 of ([0-9,]+)( so far)?`)

// TestSearching puts words into the panel that searches all rooms, and measures the time from then to the first hits on
// the screen and to their whole count.
func TestSearching(t *testing.T) {
	address := twin(t)
	dir := home(t, address)
	million(t, dir)
	p := chat(t, dir)
	p.Shows("only you")
	words := vocabulary(rand.New(rand.NewPCG(1, 106)))
	for _, w := range []struct{ name, word string }{
		{"two syllables that stand everywhere", string([]rune(words[1])[:2])},
		{"a Korean word that stands everywhere", words[1]},
		{"an English word that stands everywhere", words[0]},
		{"one letter", "e"},
		{"a seldom word", words[15_001]},
	} {
		searching(t, p, words[15_001]) // what is on the disk is in memory then
		before := worked(t, p.Pid())
		first, all, hits := searching(t, p, w.word)
		told(t, "a search of a million messages, "+w.name, "%s hits; the first after %v (aim: %v), all after %v (aim: %v); %v of processor time",
			hits, first.Round(time.Millisecond), wantHits, all.Round(time.Millisecond), wantAll, worked(t, p.Pid())-before)
	}
	told(t, "memory then", "%.0f MiB", resident(t, p.Pid()))
}

// searching puts a word into the panel at once, so that there is one search, and closes it.
func searching(t *testing.T, p *screentest.Program, word string) (first, all time.Duration, hits string) {
	t.Helper()
	p.Key("ctrl+g")
	p.Shows("Search", "Type words")
	began := time.Now()
	p.Paste(word)
	if !p.Await(screentest.Patience, func() bool {
		found := counted.FindStringSubmatch(p.Screen())
		if found == nil {
			return false
		}
		if first == 0 {
			first = time.Since(began)
		}
		all, hits = time.Since(began), found[1]
		return found[2] == ""
	}) {
		t.Fatalf("%q is not found; the screen is\n%s", word, p.Screen())
	}
	p.Key("esc")
	p.ShowsNot("Search")
	return first, all, hits
}
