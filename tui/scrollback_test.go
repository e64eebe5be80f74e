// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"regexp"
	"testing"

	"kchat/rooms"
)

// held is how many items the talk of the lobby holds.
func (s *stage) held() int {
	out := make(chan int, 1)
	s.program.Send(applyMsg{s.model.chat, func(c *chat) teaCmd {
		out <- c.book.find("lobby").talk.Len()
		return nil
	}})
	return <-out
}

// withPast is a lobby with n messages in the history, the first of which has the number first.
func withPast(t testing.TB, first, n int) *stage {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		for i := range n {
			s.archive.entries = append(s.archive.entries, entry(uint64(first+i), joon, fmt.Sprintf("line %d.", first+i)))
		}
	})
	s.logIn()
	s.company(joon)
	s.wait(fmt.Sprintf("line %d.", first+n-1), "2 here")
	return s
}

const (
	ctrlHome = "\x1b[1;5H"
	ctrlEnd  = "\x1b[1;5F"
)

func TestTheBeginningAndTheEndAreAKeyAway(t *testing.T) {
	s := withPast(t, 1, 5000)
	s.press(ctrlHome)
	s.wait("line 1.", "the beginning: nothing older is kept here")
	if n := s.held(); n > 200 {
		t.Errorf("%d messages are held", n)
	}
	m := said(5001, joon, "said meanwhile")
	s.archive.mu.Lock()
	s.archive.entries = append(s.archive.entries, entry(5001, joon, "said meanwhile"))
	s.archive.mu.Unlock()
	s.happen(rooms.MessageChanged{Message: m})
	s.press(ctrlEnd)
	s.wait("line 5000.", "said meanwhile")
}

func TestPagesComeBeforeOneGetsToThemAndFarOnesAreDropped(t *testing.T) {
	s := withPast(t, 1, 3000)
	first := regexp.MustCompile(`line (\d+)\.`)
	s.until("a page of long ago", func() bool {
		s.press(pgup)
		line := first.FindStringSubmatch(s.term.Screen())
		return line != nil && len(line[1]) <= 4 && line[1] < "1400"
	})
	if n := s.held(); n > windowMost+pageSize {
		t.Errorf("%d messages are held", n)
	}
}

func TestWhatIsSentWhileTheEndIsFarBringsTheEnd(t *testing.T) {
	s := withPast(t, 1, 5000)
	s.press(ctrlHome)
	s.wait("line 1.")
	s.type_("here I am")
	s.press(enter)
	s.wait("line 5000.", "here I am")
}

// Where the history ends those who are present are asked, for a page at a time, and what they have comes above.
func TestWhereTheHistoryEndsThePeopleAreAsked(t *testing.T) {
	s := withPast(t, 301, 30)
	s.happen(rooms.Live{Room: "lobby"})
	s.press(ctrlHome)
	from, to := rooms.Position{Epoch: 1, Seq: 200}, rooms.Position{Epoch: 1, Seq: 300}
	s.until("the question", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return len(s.client.wanted) == 1 && s.client.wanted[0] == [2]rooms.Position{from, to}
	})
	s.happen(rooms.GapChanged{Room: "lobby", From: from, To: to, State: rooms.GapOpen})
	s.wait("100 messages are missing here; asking 1 person")
	for i := uint64(201); i <= 300; i++ {
		m := said(i, joon, fmt.Sprintf("from joon %d.", i))
		m.Backfill = true
		s.happen(rooms.MessageChanged{Message: m})
	}
	s.happen(rooms.GapChanged{Room: "lobby", From: from, To: to, State: rooms.GapFilled})
	s.gone("are missing here")
	s.press(pgup, pgup, pgup, pgup, pgup, pgup, pgup, pgup)
	s.wait("from joon 201.")
	s.until("the next question", func() bool {
		s.press(pgup)
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return len(s.client.wanted) >= 2 && s.client.wanted[1][1].Seq == 200
	})
}

func TestWhatNobodyHasSaysSo(t *testing.T) {
	s := withPast(t, 301, 30)
	s.happen(rooms.Live{Room: "lobby"})
	from, to := rooms.Position{Epoch: 1, Seq: 200}, rooms.Position{Epoch: 1, Seq: 300}
	s.happen(rooms.GapChanged{Room: "lobby", From: from, To: to, State: rooms.GapOpen},
		rooms.GapChanged{Room: "lobby", From: from, To: to, State: rooms.GapGivenUp},
		rooms.MessageChanged{Message: said(331, joon, "what comes after")})
	s.wait("what comes after")
	s.press(ctrlHome)
	s.wait("100 messages are missing here and could not be had")
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if len(s.client.wanted) != 0 {
		t.Errorf("asked for %v, which is asked for already", s.client.wanted)
	}
}
