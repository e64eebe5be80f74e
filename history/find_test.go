// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"kchat/rooms"
)

// refs are all that a query finds.
func refs(t testing.TB, s *Store, q Query) (all []Ref) {
	t.Helper()
	for some, err := range s.Find(context.Background(), q) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, some...)
	}
	return all
}

// What is found by the index, by SQLite or by comparing is what has all the words as it stands now, and nothing else:
// whatever capitals it has, whatever was edited, withdrawn or attached.
func TestAllThatHasTheWordsIsFoundAndNothingElse(t *testing.T) {
	s := openTest(t)
	r := rand.New(rand.NewSource(1))
	words := []string{
		"회의", "회의록", "의회", "주간", "밥", "Ab", "abc", "bca", "cab", "ÄRGER", "ärger", "Σίσυφος", "İstanbul", "istanbul", "in", "i", "%", "a_b", "x", "100%",
	}
	text := func() string {
		said := make([]string, 1+r.Intn(4))
		for i := range said {
			said[i] = words[r.Intn(len(words))]
		}
		return strings.Join(said, " ")
	}
	var all []rooms.Message
	for n := range 400 {
		m := said(n+1, text())
		switch r.Intn(8) {
		case 0:
			m.Attached = &rooms.Attachment{MIME: "image/png", Name: text()}
		case 1:
			m = to(1+r.Intn(n+1), rooms.KindEdit, m)
		case 2:
			m = to(1+r.Intn(n+1), rooms.KindDelete, m)
		case 3:
			m = to(1+r.Intn(n+1), rooms.KindReact, m)
		}
		all = append(all, m)
	}
	save(t, s, all...)
	now := gather(t, s.All(context.Background(), lobby))
	for _, first := range append(words, "ä", "σ", "ist", "의", "bc", "회의 록") {
		for _, terms := range [][]string{{first}, {first, words[r.Intn(len(words))]}, {first + " " + words[r.Intn(len(words))]}} {
			var want []string
			for _, e := range slices.Backward(now) {
				if (searchPlan{terms: folded(terms)}).meets(e) {
					want = append(want, e.Message.ID.String())
				}
			}
			q := Query{Terms: terms}
			found := refs(t, s, q)
			hits := must(s.Hits(context.Background(), q, found))(t)
			var got []string
			for i, h := range hits {
				equal(t, "the ref of a hit", h.Ref, found[i])
				got = append(got, h.Message.ID.String())
			}
			equal(t, strings.Join(terms, "+"), got, want)
		}
	}
}

func TestWhatWasWithdrawnAfterItWasFoundIsNoHit(t *testing.T) {
	s := openTest(t)
	save(t, s, said(1, "one word"), said(2, "another word"))
	q := Query{Terms: []string{"word"}}
	found := refs(t, s, q)
	save(t, s, to(1, rooms.KindDelete, said(3, "")))
	hits := must(s.Hits(context.Background(), q, found))(t)
	equal(t, "found", len(found), 2)
	equal(t, "hits", len(hits), 1)
	equal(t, "the hit", hits[0].Message.Text, "another word")
	equal(t, "its words", hits[0].Matches(), [][2]int{{8, 12}})
}

func TestASearchOfOneCommunityLeavesOutTheOthers(t *testing.T) {
	s := openTest(t)
	other := said(2, "word b")
	other.Community = rooms.UUID{9}
	save(t, s, said(1, "word a"))
	q := Query{Terms: []string{"word"}, Community: testCommunity}
	equal(t, "alone", len(refs(t, s, q)), 1)
	save(t, s, other)
	equal(t, "beside another", len(refs(t, s, q)), 1)
	q.Community = other.Community
	equal(t, "the other", must(s.Hits(context.Background(), q, refs(t, s, q)))(t)[0].Message.Text, "word b")
	q.Community = rooms.UUID{8}
	equal(t, "none of it", len(refs(t, s, q)), 0)
	q.Terms, q.Community = []string{"w"}, testCommunity
	equal(t, "by a letter", len(refs(t, s, q)), 1)
}

// Refs come as a screen full first, and all of a long talk come in few batches.
func TestFindHandsOutAScreenFullFirst(t *testing.T) {
	s := openTest(t)
	counted(t, s, 3*firstHits)
	var sizes []int
	for some, err := range s.Find(context.Background(), Query{Rooms: []Key{lobby}}) {
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(some))
	}
	if sizes[0] > firstHits {
		t.Errorf("the first batch has %d", sizes[0])
	}
	sum := 0
	for _, n := range sizes {
		sum += n
	}
	equal(t, "all", sum, 3*firstHits)
}

// What takes the time in a search of a frequent word is reading messages; so what the index tells is not read, and what
// SQLite can compare is compared there.
func TestASearchReadsNoMoreThanItNeeds(t *testing.T) {
	s := openTest(t)
	save(t, s, said(1, "회의록 ab"))
	for text, want := range map[string]struct {
		messages bool // are read
		columns  int
	}{
		"회의": {false, 1}, "록": {false, 1}, "AB": {false, 1}, "회의 ab in:lobby from:bob": {false, 1}, "has:image": {false, 1}, "회의 before:today": {false, 1},
		"회의 after:today": {true, 1}, "회의록": {true, 2}, "abc": {true, 2}, "a": {true, 2}, "Ärger": {true, 3}, "": {true, 2},
	} {
		plan := must(s.plan(context.Background(), query(t, text)))(t)
		steps := must(collect(context.Background(), s, func(sc scanner) (step string, err error) {
			return step, sc.Scan(new(int), new(int), new(int), &step)
		}, "EXPLAIN QUERY PLAN "+plan.sql, plan.args...))(t)
		read := slices.ContainsFunc(steps, func(step string) bool { return strings.Contains(step, " m") })
		if read != want.messages || plan.columns() != want.columns {
			t.Errorf("%q: messages are read: %t, %d columns; %q", text, read, plan.columns(), steps)
		}
	}
}

// Somebody who pastes a whole text into the search finds it: whatever SQLite's limits are.
func TestALongTextIsFoundByAllOfItsWords(t *testing.T) {
	s := openTest(t)
	var words []string
	for n := range 1200 {
		words = append(words, fmt.Sprintf("word%d", n))
	}
	text := strings.Join(words, " ")
	save(t, s, said(1, text), said(2, strings.Join(words[1:], " ")))
	equal(t, "by its words", len(refs(t, s, Query{Terms: words})), 1)
	equal(t, "as a whole", len(refs(t, s, Query{Terms: []string{text}})), 1)
	equal(t, "by the words of both", len(refs(t, s, Query{Terms: words[1:]})), 2)
}
