// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
)

// from is a message that came, at a place of the lobby.
func from(p rooms.Person, seq uint64, words string) rooms.MessageChanged {
	return rooms.MessageChanged{Message: rooms.Message{
		Community: community, Room: "lobby", ID: rooms.MessageID{byte(p.ID), byte(seq)}, Time: noon, Sender: p.ID, Name: p.Name,
		Kind: rooms.KindText, Text: words, State: rooms.StateSent, Pos: rooms.Position{Epoch: 1, Seq: seq},
	}}
}

// read is what the others were told last.
func (f *fakeClient) readUpTo(room string) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read[room].Seq
}

func TestWhatIsLookedAtIsRead(t *testing.T) {
	s := inCompany(t)
	s.happen(from(joon, 1, "first"))
	s.wait("first")
	s.until("the first to be read", func() bool { return s.client.readUpTo("lobby") == 1 })

	// Not while the terminal is behind another window.
	s.program.Send(tea.BlurMsg{})
	s.settle()
	s.happen(from(joon, 2, "second"))
	s.wait("second")
	s.settle()
	if upTo := s.client.readUpTo("lobby"); upTo != 1 {
		t.Errorf("read up to %d by nobody", upTo)
	}
	s.program.Send(tea.FocusMsg{})
	s.until("the second to be read", func() bool { return s.client.readUpTo("lobby") == 2 })

	// Nor in a room that is not in front, before it is.
	s.happen(rooms.Joined{Room: rooms.RoomInfo{Name: "garden", Number: 2, Epoch: 1}, People: []rooms.Person{s.client.me, joon}}, rooms.Live{Room: "garden"})
	elsewhere := from(joon, 7, "roses")
	elsewhere.Message.Room = "garden"
	s.happen(elsewhere)
	s.wait("garden")
	s.settle()
	if upTo := s.client.readUpTo("garden"); upTo != 0 {
		t.Errorf("another room is read up to %d", upTo)
	}
	s.type_("/join garden")
	s.press(enter)
	s.until("the room to be read", func() bool { return s.client.readUpTo("garden") == 7 })
}

func TestWhatStandsBelowTheScreenIsNotRead(t *testing.T) {
	s := inCompany(t)
	for i := range uint64(60) {
		s.happen(from(joon, i+1, fmt.Sprint("line ", i+1)))
	}
	s.until("all to be read", func() bool { return s.client.readUpTo("lobby") == 60 })
	s.wait("line 60")
	s.press(pgup)
	s.gone("line 60")
	s.happen(from(joon, 61, "further down"))
	s.settle()
	if upTo := s.client.readUpTo("lobby"); upTo != 60 {
		t.Errorf("read up to %d above the end", upTo)
	}
}

func TestWhoHasReadStandsAtOurLastMessages(t *testing.T) {
	lena := lena
	lena.State = rooms.Present
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.company(joon, lena)
	s.wait("3 here")
	me := s.client.me
	s.happen(from(me, 1, "one"), from(joon, 2, "two"), from(me, 3, "three"), from(me, 4, "four"))
	s.wait("four")
	upTo := func(p rooms.Person, seq uint64) rooms.ReadChanged {
		return rooms.ReadChanged{Room: "lobby", Person: p.ID, Upto: rooms.Position{Epoch: 1, Seq: seq}}
	}
	row := func(words string) string {
		for line := range strings.Lines(s.term.Screen()) {
			if strings.Contains(line, words+" ") {
				return line
			}
		}
		return ""
	}
	marked := func(words, mark string) {
		t.Helper()
		s.until(fmt.Sprintf("%q at %q", mark, words), func() bool { return strings.Contains(row(words), mark) })
	}
	s.happen(upTo(joon, 3))
	marked("three", "read by 준호")
	s.happen(upTo(lena, 2))
	marked("one", "read by all")
	shoot(t, s.term, "read-marks")
	s.happen(upTo(lena, 4), upTo(joon, 4))
	marked("four", "read by all")
	if screen := s.term.Screen(); strings.Count(screen, "read") != 1 {
		t.Errorf("marks are left behind:\n%s", screen)
	}
	// What comes later has been read by nobody yet, and who goes is not waited for.
	s.happen(from(me, 5, "five"), upTo(joon, 5))
	marked("five", "read by 준호")
	s.happen(rooms.PersonChanged{Room: "lobby", Person: rooms.Person{ID: lena.ID, Name: lena.Name, State: rooms.Left}, Was: rooms.Present})
	marked("five", "read")
	s.gone("read by")
}

// away is what the server was told.
func (f *fakeClient) told() []bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.away)
}

func (s *stage) tells(want ...bool) {
	s.t.Helper()
	s.until(fmt.Sprintf("the server to be told %v", want), func() bool { return slices.Equal(s.client.told(), want) })
}

// idleStage is a stage in company whose person is away after ten minutes without a key.
func idleStage(t *testing.T) *stage {
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Idle = 10 * time.Minute })
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	return s
}

// minutes pass, in steps: each is drawn.
func (s *stage) minutes(n int) {
	s.t.Helper()
	for range n * 4 {
		s.pass(15 * time.Second)
	}
	s.settle()
}

func TestWithoutAKeyOneIsAwayUntilTheNext(t *testing.T) {
	s := idleStage(t)
	s.happen(from(joon, 1, "good morning"))
	s.until("the first to be read", func() bool { return s.client.readUpTo("lobby") == 1 })
	s.minutes(9)
	s.type_("x") // a key is a key, whatever it does
	s.minutes(9)
	if told := s.client.told(); len(told) != 0 {
		t.Errorf("told %v too soon", told)
	}
	s.minutes(1)
	s.until("the others to be told", func() bool {
		s.pass(time.Second)
		return len(s.client.told()) > 0
	})
	s.tells(true)
	s.wait("Away: no key for 10 minutes")
	// What comes now is not read, and stands below the divider.
	s.happen(from(joon, 2, "are you there?"))
	s.wait("are you there?", " new ")
	s.settle()
	if upTo := s.client.readUpTo("lobby"); upTo != 1 {
		t.Errorf("read up to %d by nobody", upTo)
	}
	s.type_("y")
	s.tells(true, false)
	s.wait("You are back", "xy")
	s.until("the message to be read", func() bool { return s.client.readUpTo("lobby") == 2 })
}

func TestAwayByWordsEndsByWordsOnly(t *testing.T) {
	s := idleStage(t)
	s.type_("/away")
	s.press(enter)
	s.tells(true)
	s.minutes(11)
	s.type_("x")
	s.settle()
	s.tells(true)
	s.type_("\x15/back")
	s.press(enter)
	s.tells(true, false)
}

func TestAwayIsToldAgainWhenItCouldNotBe(t *testing.T) {
	s := idleStage(t)
	s.client.mu.Lock()
	s.client.awayErr = context.DeadlineExceeded
	s.client.mu.Unlock()
	s.type_("/away")
	s.press(enter)
	s.tells(true)
	s.happen(rooms.Disconnected{Err: errors.New("gone"), Retry: time.Second})
	s.wait("connection lost")
	s.client.mu.Lock()
	s.client.awayErr = nil
	s.client.mu.Unlock()
	s.happen(rooms.Online{Server: s.gate.info, Me: s.client.me, Resumed: true})
	s.tells(true, true)
}

func TestWithoutATimeNobodyIsIdle(t *testing.T) {
	s := inCompany(t)
	s.minutes(20)
	if told := s.client.told(); len(told) != 0 {
		t.Errorf("told %v", told)
	}
}
