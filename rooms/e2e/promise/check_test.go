// SPDX-License-Identifier: GPL-2.0-only

package promise

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"kchat/rooms"
)

// talk is a hundred words in two epochs, and three who have heard all of them.
func talk() (words []Word, readers []Reader) {
	var heard []rooms.Message
	for i := range 100 {
		m := rooms.Message{
			ID: rooms.MessageID{byte(i)}, Text: fmt.Sprint("word ", i), Time: time.Unix(int64(i), 0),
			Pos: rooms.Position{Epoch: 1 + uint64(i/50), Seq: 1 + uint64(i%50)},
		}
		heard = append(heard, m)
		words = append(words, Word{ID: m.ID, Author: "anna", Text: m.Text, Acknowledged: i%10 != 0})
	}
	for _, name := range []string{"anna", "bob", "carl"} {
		readers = append(readers, Reader{Name: name, Heard: slices.Clone(heard)})
	}
	return words, readers
}

func TestATalkThatAllHaveHeardIsWhole(t *testing.T) {
	words, readers := talk()
	if found := Check(words, readers); len(found) != 0 {
		t.Error(found)
	}
	// What was not acknowledged may be missing.
	readers[1].Heard = slices.Delete(readers[1].Heard, 10, 11)
	if found := Check(words, readers); len(found) != 0 {
		t.Error(found)
	}
}

// TestEachPlantedBreachIsFound: in what one of three has heard, wherever it is, and nothing else is found.
func TestEachPlantedBreachIsFound(t *testing.T) {
	plants := []struct {
		kind  Kind
		plant func(heard []rooms.Message, at int) []rooms.Message
	}{
		{Missing, func(h []rooms.Message, at int) []rooms.Message { return slices.Delete(h, at, at+1) }},
		{Doubled, func(h []rooms.Message, at int) []rooms.Message { return slices.Insert(h, at+1, h[at]) }},
		{Altered, func(h []rooms.Message, at int) []rooms.Message { h[at].Text += "!"; return h }},
		{Invented, func(h []rooms.Message, at int) []rooms.Message {
			h[at].ID = rooms.MessageID{255}
			return h
		}},
		{OutOfOrder, func(h []rooms.Message, at int) []rooms.Message { h[at], h[at+1] = h[at+1], h[at]; return h }},
		{OutOfOrder, func(h []rooms.Message, at int) []rooms.Message {
			h[at].Pos, h[at+1].Pos = h[at+1].Pos, h[at].Pos
			return h
		}},
		{OutOfOrder, func(h []rooms.Message, at int) []rooms.Message { h[at].Pos = h[at+1].Pos; return h }},
		{BackInTime, func(h []rooms.Message, at int) []rooms.Message { h[at].Time = h[at-1].Time.Add(-time.Second); return h }},
	}
	for i, p := range plants {
		for _, at := range []int{1, 48, 51, 97} { // words that were acknowledged, as is the one after each
			words, readers := talk()
			reader := &readers[i%len(readers)]
			reader.Heard = p.plant(reader.Heard, at)
			found := Check(words, readers)
			if !slices.ContainsFunc(found, func(b Breach) bool { return b.Kind == p.kind }) {
				t.Errorf("plant %d at %d: %s is not found, but: %v", i, at, p.kind, found)
			}
		}
	}
}
