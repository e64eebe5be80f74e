// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
)

// awayTalk is what came while one was away, as the server sends it after a join.
func awayTalk(ev rooms.MessageChanged) rooms.MessageChanged {
	ev.Message.Backfill = true
	return ev
}

// inRoom puts what came into another room.
func inRoom(name string, ev rooms.MessageChanged) rooms.MessageChanged {
	ev.Message.Room = name
	return ev
}

// enters opens a room with us and others in it.
func (s *stage) enters(name string, number uint32, others ...rooms.Person) {
	s.happen(rooms.Joined{Room: rooms.RoomInfo{Name: name, Number: number, Epoch: 1}, People: append([]rooms.Person{s.client.me}, others...)}, rooms.Live{Room: name})
}

func TestWhatWasSaidBeforeOneEverCameIsNotNew(t *testing.T) {
	s := inCompany(t)
	s.happen(rooms.Joined{Room: rooms.RoomInfo{Name: "garden", Number: 2, Epoch: 1}, People: []rooms.Person{s.client.me, joon}})
	s.wait("#garden")
	s.press("\x1b[1;3A")
	s.wait("Write to #garden")
	// It comes while one looks at it.
	s.happen(awayTalk(inRoom("garden", from(joon, 1, "long ago"))))
	s.wait("long ago")
	s.happen(awayTalk(inRoom("garden", from(joon, 2, "not so long ago"))), awayTalk(inRoom("garden", from(joon, 3, "a while ago"))), rooms.Live{Room: "garden"})
	s.wait("a while ago")
	s.until("it to be read", func() bool { return s.client.readUpTo("garden") == 3 })
	if screen := s.term.Screen(); strings.Contains(screen, "─ new ─") {
		t.Errorf("it is new:\n%s", screen)
	}
	s.press("\x1b[1;3B")
	s.wait("Write to #lobby")
	s.happen(inRoom("garden", from(joon, 4, "just now")))
	s.until("one to be unread", func() bool { return strings.Contains(s.term.Screen(), "#garden         1") })
}

func TestWhatWasSaidWhileOneWasAwayIsNewAfterARestart(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		s.archive.saved = map[string]SavedRoom{
			"lobby":  {Community: community, Name: "lobby", Open: true, Read: rooms.Position{Epoch: 1, Seq: 1}},
			"garden": {Community: community, Name: "garden", Open: true, Read: rooms.Position{Epoch: 1, Seq: 5}},
		}
		s.client.me.Name = "mina"
	})
	s.logIn()
	s.company(joon)
	s.happen(awayTalk(from(joon, 1, "known")), awayTalk(from(joon, 2, "mina, where are you")), rooms.Live{Room: "lobby"})
	s.wait("known", "─ new ─", "mina, where")
	s.until("it to be read", func() bool { return s.client.readUpTo("lobby") == 2 })
	s.happen(awayTalk(inRoom("garden", from(joon, 5, "known too"))), awayTalk(inRoom("garden", from(joon, 6, "new there"))), awayTalk(inRoom("garden", from(joon, 7, "mina?"))))
	s.until("both counts", func() bool { return strings.Contains(s.term.Screen(), "#garden      1 @1") })
	s.press(esc)
	s.gone("─ new ─")
}

func TestTheNextUnreadRoomIsOneInWhichOneIsNamed(t *testing.T) {
	s := inCompany(t)
	for i, name := range []string{"aside", "bread", "corner"} {
		s.enters(name, uint32(i+2), joon)
	}
	s.wait("#corner")
	s.happen(inRoom("aside", from(joon, 1, "hello")), inRoom("bread", from(joon, 2, "Mina!")), inRoom("corner", from(joon, 3, "hello")))
	s.wait("@1")
	s.press("\x1ba")
	s.wait("Mina!")
	s.type_("/favourite corner")
	s.press(enter)
	s.until("the favourite to stand first", func() bool {
		_, below, is := strings.Cut(s.term.Screen(), "FAVOURITES")
		return is && strings.Index(below, "#corner") < strings.Index(below, "ROOMS")
	})
	s.until("it to be kept", func() bool {
		s.archive.mu.Lock()
		defer s.archive.mu.Unlock()
		return s.archive.saved["corner"].Favourite
	})
}

func TestHowLongSomebodyIsAwayIsCounted(t *testing.T) {
	s := inCompany(t)
	away := joon
	away.State = rooms.Away
	s.happen(rooms.PersonChanged{Room: "lobby", Person: away, Was: rooms.Present})
	s.wait("준호 away")
	s.pass(12 * time.Minute)
	s.wait("준호 away 12m")
	s.pass(3 * time.Hour)
	s.type_("/who 준호 ") // behind a syllable Enter waits for more of it
	s.press(enter)
	s.wait("away 3h", "write to them alone")
	s.press(esc)
	s.gone("write to them alone")
	s.type_("/who nobody")
	s.press(enter)
	s.wait("nobody is not in this room.")
}

func TestALongListOfPeopleIsScrolled(t *testing.T) {
	s := newStage(t, 100, 16, nil)
	s.logIn()
	var crowd []rooms.Person
	for i := range 30 {
		crowd = append(crowd, rooms.Person{ID: rooms.AccountID(100 + i), Name: fmt.Sprintf("p%02d", i), State: rooms.Present, Sessions: 1})
	}
	s.company(crowd...)
	s.wait("p00", "and 20 more")
	s.program.Send(applyMsg{s.model.chat, func(c *chat) tea.Cmd { c.peoplePane.scroll(100); return nil }})
	s.wait("p29")
	s.gone("● p00")
}

func TestNobodyIsToldWhoTypesOrReadsWhoDoesNotWantIt(t *testing.T) {
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.NoTyping, cfg.NoRead = true, true })
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.happen(from(joon, 1, "do you read this"))
	s.wait("do you read this")
	s.type_("secretly")
	s.wait("secretly")
	s.settle()
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if len(s.client.typing) > 0 || len(s.client.read) > 0 {
		t.Errorf("told: %v %v", s.client.typing, s.client.read)
	}
}

func TestMentionsOfAllRoomsAreListedAndLeadThere(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		garden := entry(9, joon, "mina likes roses")
		garden.Message.Room = "garden"
		s.archive.entries = append(s.archive.entries, entry(1, joon, "Mina, good morning"), entry(2, joon, "the administrator"), garden)
	})
	s.logIn()
	s.company(joon)
	s.enters("garden", 2, joon)
	s.wait("#garden", "good morning")
	s.press("\x1bm")
	s.wait("Where you were named · 1/2", "mina likes roses", "Mina, good morning")
	if dialog := s.term.Screen(); strings.Contains(dialog, "│ ▌ administrator") {
		t.Errorf("what names nobody is listed:\n%s", dialog)
	}
	s.press(enter)
	s.until("the garden to be in front", func() bool {
		first, _, _ := strings.Cut(s.term.Screen(), "\n")
		return strings.Contains(first, "#garden") && strings.Contains(s.term.Screen(), "▌ mina likes roses")
	})
}

func TestTheSwitcherIsUsedByMouseAndJoins(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		s.client.people = []rooms.Person{s.client.me, joon, lena}
		s.client.rooms = []rooms.RoomInfo{{Name: "lobby", People: 2}, {Name: "kernel", People: 3}}
	})
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.press("\x0b")
	s.wait("Go to a room or person", "@lena", "@준호")
	s.type_("ㅈㅎ")
	s.wait("› ㅈㅎ", "@준호")
	s.gone("@lena")
	s.press("\x15")
	s.type_("kern")
	s.wait("#kernel", "3 people", "join #kern, or begin it")
	for y, row := range strings.Split(s.term.Screen(), "\n") {
		if at := strings.Index(row, "#kernel"); at >= 0 {
			s.program.Send(tea.MouseClickMsg{X: 50, Y: y, Button: tea.MouseLeft})
			break
		}
	}
	s.until("the room to be joined", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return len(s.client.joined) > 0 && s.client.joined[len(s.client.joined)-1] == "kernel"
	})
}

func TestAllThatIsUnreadIsThereAfterARestart(t *testing.T) {
	s := left(t, rooms.Position{Epoch: 1, Seq: 50}, 300, 300, 300, nil)
	s.happen(rooms.Live{Room: "lobby"})
	s.wait("line 300.", "new above")
	s.newFrom(51)
}
