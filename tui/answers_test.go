// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kchat/history"
	"kchat/rooms"
)

func TestWhoIsOnlineAndWhichRoomsThereAreIsListed(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		s.client.people = []rooms.Person{s.client.me, joon, lena}
		s.client.rooms = []rooms.RoomInfo{{Name: "lobby", People: 2}, {Name: "kernel", People: 1}}
	})
	s.logIn()
	s.type_("/who")
	s.press(enter)
	s.wait("3 people are online:", "lena", "away")
	s.type_("/rooms")
	s.press(enter)
	s.wait("2 rooms on this server:", "#kernel", "1 person")
}

func TestAPasswordIsChangedOnceItWasTypedTwice(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.type_("/passwd")
	s.press(enter)
	s.wait("New password", "Password, once more")
	s.type_("one")
	s.press(enter)
	s.type_("two")
	s.press(enter)
	s.wait("The two passwords differ")
	s.type_("\x15one")
	s.press(enter)
	s.wait("The password was changed.")
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if !slices.Equal(s.client.passwords, []string{"one"}) {
		t.Errorf("set %q", s.client.passwords)
	}
}

func TestInviteAsksSomebodyInOrGivesTheLineForThem(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) { s.client.people = []rooms.Person{lena} })
	s.logIn()
	s.type_("/invite lena")
	s.press(enter)
	s.wait("lena was asked into #lobby.")
	s.client.mu.Lock()
	s.client.inviteErr = rooms.ErrOffline
	s.client.mu.Unlock()
	s.type_("/invite lena")
	s.press(enter)
	s.wait("lena is not connected.", "kchat-tui login --server 192.168.0.7:10106")
}

func TestQuitLeavesAndKeepsTheRooms(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.type_("/quit")
	s.press(enter)
	select {
	case err := <-s.done:
		s.done <- err
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("the program goes on")
	}
	if saved := s.archive.saved["lobby"]; !saved.Open || saved.Draft != "" {
		t.Errorf("kept %+v", saved)
	}
}

func TestTalkIsSavedAndReadBackWithoutMovingTheLineBeingRead(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		var kept []history.Entry
		for i := range 40 {
			kept = append(kept, entry(uint64(i+1), joon, fmt.Sprintf("from the file %d.", i+1)))
		}
		s.archive.files = map[string][]history.Entry{"/old.md": kept}
		for i := range 60 {
			s.archive.entries = append(s.archive.entries, entry(uint64(i+41), joon, fmt.Sprintf("line %d.", i+41)))
		}
	})
	s.logIn()
	s.company(joon)
	s.wait("line 100.", "2 here")
	s.press(pgup)
	s.gone("line 100.")
	before := strings.Split(s.term.Screen(), "\n")
	s.type_("/history load /old.md")
	s.press(enter)
	s.wait("40 messages were read from old.md.")
	for i, row := range strings.Split(s.term.Screen(), "\n")[2:20] {
		if row != before[2+i] {
			t.Fatalf("row %d moved: %q was %q", i, row, before[2+i])
		}
	}
	s.type_("/history load /old.md")
	s.press(enter)
	s.wait("Nothing in old.md is new.")
	s.type_("/history load /none.md")
	s.press(enter)
	s.wait("/none.md cannot be read: there is no such file")
	s.type_("/history save /new.md")
	s.press(enter)
	s.wait("100 messages were written to /new.md.")
	s.type_("/history save /new.md")
	s.press(enter)
	s.wait("/new.md was not written: a file of that name is there already")
	for range 12 {
		s.press(pgup)
	}
	s.wait("from the file 1.", "the beginning: nothing older is kept here")
}

func TestWhatStrangersWriteIsHarmless(t *testing.T) {
	s := inCompany(t)
	evil := rooms.Person{ID: 9, Name: "e\x1b[31mv\u202eil", State: rooms.Present, Sessions: 1}
	s.happen(
		rooms.PersonChanged{Room: "lobby", Person: evil},
		rooms.MessageChanged{Message: said(1, evil, "\x1b]0;title\x07\x1b[2J abc\u202edef\u2066 "+strings.Repeat("z\u0301", 1)+strings.Repeat("\u0316", 500)+" end")},
	)
	s.wait("abcdef", " end")
	for _, bad := range []string{"\x1b]0;title", "\x1b[31mv", "\u202e", "\u2066", strings.Repeat("\u0316", 20)} {
		if s.term.Wrote(bad) {
			t.Errorf("%q came to the terminal", bad)
		}
	}
}

func TestWithoutAServerOneStartsOneOrGoesElsewhere(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) { s.gate.probeErr = rooms.ErrNoServer })
	s.wait("No server found")
	s.gate.mu.Lock()
	s.gate.probeErr = nil
	s.gate.mu.Unlock()
	s.press(enter) // start one here
	s.wait("Log in", "Create account", "127.0.0.1:10106")
	s.press(up, enter)
	s.wait("Address of the server")
	s.type_("\x15chat.lab")
	s.press(enter)
	s.wait("Log in", "chat.lab:10106")
}
