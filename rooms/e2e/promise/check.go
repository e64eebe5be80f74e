// SPDX-License-Identifier: GPL-2.0-only

// Package promise has what tests need to hold the client and the server to their promise: when author and recipient are
// both back, nothing acknowledged is missing, doubled or out of order. A Ledger records what a client keeps, Check
// compares what was said with what was heard.
package promise

import (
	"fmt"

	"kchat/rooms"
)

// Word is what an author has said, as the author recorded it.
type Word struct {
	ID           rooms.MessageID
	Author       string
	Text         string
	Acknowledged bool // the author was told that it is in the room
}

// Reader is one who was to hear all, and what they have heard, in the order in which they are shown it.
type Reader struct {
	Name  string
	Heard []rooms.Message
}

// Kind is a way to break the promise.
type Kind string

// The ways to break the promise.
const (
	Missing    Kind = "missing"      // acknowledged, and not heard
	Doubled    Kind = "doubled"      // heard twice
	Altered    Kind = "altered"      // heard with another text
	Invented   Kind = "invented"     // heard, and said by nobody
	OutOfOrder Kind = "out of order" // shown before what it follows, at the place of another, or elsewhere than others have it
	BackInTime Kind = "back in time" // later in the room than another, with an earlier time
)

// Breach is one case in which the promise was broken.
type Breach struct {
	Kind   Kind
	Reader string
	What   string // the word, in short
}

// String writes a breach as a sentence.
func (b Breach) String() string { return fmt.Sprintf("%s: %s: %s", b.Reader, b.Kind, b.What) }

// Check returns every case in which readers have heard something else than was said.
func Check(words []Word, readers []Reader) (breaches []Breach) {
	said := make(map[rooms.MessageID]Word, len(words))
	for _, w := range words {
		said[w.ID] = w
	}
	places := map[rooms.MessageID]rooms.Position{} // as the first reader has them
	for _, r := range readers {
		for _, m := range r.Heard {
			if _, placed := places[m.ID]; !placed {
				places[m.ID] = m.Pos
			}
		}
	}
	for _, r := range readers {
		broken := func(kind Kind, format string, args ...any) {
			breaches = append(breaches, Breach{kind, r.Name, fmt.Sprintf(format, args...)})
		}
		heard := make(map[rooms.MessageID]bool, len(r.Heard))
		var last rooms.Message
		for _, m := range r.Heard {
			w, known := said[m.ID]
			switch {
			case !known:
				broken(Invented, "%v %q", m.Pos, m.Text)
			case w.Text != m.Text:
				broken(Altered, "%v %q is %q", m.Pos, w.Text, m.Text)
			case heard[m.ID]:
				broken(Doubled, "%v %q", m.Pos, m.Text)
			case m.Pos.Compare(last.Pos) <= 0:
				broken(OutOfOrder, "%v %q after %v %q", m.Pos, m.Text, last.Pos, last.Text)
			case m.Pos != places[m.ID]:
				broken(OutOfOrder, "%q is at %v, elsewhere at %v", m.Text, m.Pos, places[m.ID])
			case m.Pos.Epoch == last.Pos.Epoch && m.Time.Before(last.Time):
				broken(BackInTime, "%v %q at %v, after %v", m.Pos, m.Text, m.Time, last.Time)
			}
			heard[m.ID], last = true, m
		}
		for _, w := range words {
			if w.Acknowledged && !heard[w.ID] {
				broken(Missing, "%v %q", places[w.ID], w.Text)
			}
		}
	}
	return breaches
}

// Tally is a check in numbers.
type Tally struct {
	Times      int `json:"times"` // how often it went wrong on purpose
	Words      int `json:"words"`
	Missing    int `json:"missing"`
	Doubled    int `json:"doubled"`
	OutOfOrder int `json:"out_of_order"`
	Other      int `json:"other"` // altered, invented, back in time
}

// Count sums up what Check has found.
func Count(words []Word, breaches []Breach, times int) Tally {
	tally := Tally{Times: times, Words: len(words)}
	for _, b := range breaches {
		switch b.Kind {
		case Missing:
			tally.Missing++
		case Doubled:
			tally.Doubled++
		case OutOfOrder:
			tally.OutOfOrder++
		default:
			tally.Other++
		}
	}
	return tally
}
