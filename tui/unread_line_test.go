// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/history"
	"kchat/rooms"
)

// left is a lobby that was left when it was kept up to a message, and read up to another one. More is kept than was told.
func left(t *testing.T, read rooms.Position, upTo, more, head uint64, prepare func(s *stage)) *stage {
	t.Helper()
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		for n := uint64(1); n <= more; n++ {
			s.archive.entries = append(s.archive.entries, history.Entry{Message: line(n).Message})
		}
		s.archive.saved = map[string]SavedRoom{"lobby": {Community: community, Name: "lobby", Open: true, Read: read}}
		s.client.slow = true
		if prepare != nil {
			prepare(s)
		}
	})
	s.logIn()
	s.until("the lobby to be joined", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return len(s.client.joined) == 1
	})
	s.happen(rooms.Joined{
		Room:   rooms.RoomInfo{Name: "lobby", Number: 1, Epoch: 1, Head: head},
		People: []rooms.Person{s.client.me, joon}, Kept: rooms.Position{Epoch: 1, Seq: upTo},
	})
	return s
}

// missed is what was said while one was away: line FROM to TO, as it comes on joining.
func (s *stage) missed(from, to uint64) {
	for n := from; n <= to; n++ {
		s.happen(awayTalk(line(n)))
	}
}

func line(n uint64) rooms.MessageChanged {
	return rooms.MessageChanged{Message: said(n, joon, fmt.Sprintf("line %d.", n))}
}

// newFrom waits until the divider stands right above a line.
func (s *stage) newFrom(n uint64) {
	s.t.Helper()
	s.press("\x1bu")
	words := fmt.Sprintf("line %d.", n)
	s.until("the divider to stand above "+words, func() bool {
		_, below, is := strings.Cut(s.term.Screen(), "─ new ─")
		before, _, has := strings.Cut(below, words)
		return is && has && !strings.Contains(before, "line")
	})
}

// read waits until the lobby is read up to a message.
func (s *stage) read(n uint64) {
	s.t.Helper()
	s.until("it to be read", func() bool { return s.client.readUpTo("lobby") == n })
}

// What is missed comes in batches: some of it is in the history before it is told, and the room is in front, at its end,
// and looked at meanwhile.
func TestWhatComesInBatchesIsNewFromItsFirstMessageOn(t *testing.T) {
	for name, read := range map[string]uint64{"read up to what was kept": 1, "nothing is known to be read": 0} {
		t.Run(name, func(t *testing.T) {
			var mark rooms.Position
			if read > 0 {
				mark = rooms.Position{Epoch: 1, Seq: read}
			}
			s := left(t, mark, 1, 36, 40, nil)
			s.wait("line 36.")
			s.program.Send(tea.FocusMsg{})
			s.missed(2, 40)
			s.happen(rooms.Live{Room: "lobby"})
			s.wait("line 40.", "new above")
			s.read(40)
			s.newFrom(2)
			s.press(esc)
			s.gone("─ new ─")
		})
	}
}

func TestAllIsNewInARoomThatWasLeftBeforeItsFirstMessage(t *testing.T) {
	s := left(t, rooms.Position{Epoch: 1}, 0, 36, 40, nil)
	s.missed(1, 40)
	s.happen(rooms.Live{Room: "lobby"})
	s.wait("line 40.", "new above")
	s.newFrom(1)
}

func TestNothingThatHappensWhileOneCatchesUpMovesTheLine(t *testing.T) {
	s := left(t, rooms.Position{Epoch: 1, Seq: 1}, 1, 1, 40, nil)
	s.missed(2, 20)
	s.wait("line 20.")
	topic := awayTalk(from(joon, 21, "a new topic"))
	topic.Message.Kind = rooms.KindTopic
	s.happen(topic, awayTalk(from(s.client.me, 22, "said on my telephone")))
	s.program.Send(tea.BlurMsg{})
	s.program.Send(tea.FocusMsg{})
	s.missed(23, 40)
	s.happen(rooms.Live{Room: "lobby"})
	s.wait("line 40.", "new above")
	s.newFrom(2)
}

// The people of a room send again what the server has forgotten: each what they wrote, after we have looked at the end.
func TestWhatIsRepairedInAnyOrderMovesTheLineUp(t *testing.T) {
	s := left(t, rooms.Position{Epoch: 1, Seq: 1}, 1, 1, 40, nil)
	s.missed(39, 40)
	s.happen(rooms.Live{Room: "lobby"})
	s.read(40)
	s.missed(20, 38)
	s.missed(2, 19)
	s.wait("line 40.", "new above")
	s.newFrom(2)
}

func TestWhatIsRepairedIsNewWhereNothingElseIs(t *testing.T) {
	s := left(t, rooms.Position{Epoch: 1, Seq: 1}, 1, 1, 1, nil)
	s.happen(rooms.Live{Room: "lobby"}, awayTalk(from(s.client.me, 9, "said on my telephone")))
	s.read(9)
	s.missed(2, 8)
	s.wait("─ new ─", "line 8.")
	s.newFrom(2)
}

// What was kept before and not seen may come from the history after what the server has.
func TestTheLineMovesUpToWhatTheHistoryHas(t *testing.T) {
	reading := make(chan struct{})
	s := left(t, rooms.Position{Epoch: 1, Seq: 5}, 30, 30, 32, func(s *stage) { s.archive.reading = reading })
	s.missed(31, 32)
	s.happen(rooms.Live{Room: "lobby"})
	s.read(32)
	close(reading)
	s.wait("line 32.", "new above")
	s.newFrom(6)
}

// What one looks at while it is said is not new, however late the history comes.
func TestWhatIsSaidBeforeOnesEyesIsNotNew(t *testing.T) {
	reading := make(chan struct{})
	s := left(t, rooms.Position{Epoch: 1, Seq: 3}, 3, 4, 3, func(s *stage) { s.archive.reading = reading })
	s.happen(rooms.Live{Room: "lobby"})
	s.settle()
	close(reading) // with line 4, which was kept and is told next
	s.wait("line 4.")
	s.happen(line(4), line(5))
	s.wait("line 5.")
	s.read(5)
	if screen := s.term.Screen(); strings.Contains(screen, "─ new ─") {
		t.Errorf("there is a line:\n%s", screen)
	}
}

// A read mark that is just being written when the program ends is not lost.
func TestWhatIsBeingKeptWhenTheProgramEndsIsKept(t *testing.T) {
	held := make(chan struct{})
	s := newStage(t, 100, 30, func(s *stage, _ *Config) { s.archive.held = held })
	s.logIn()
	s.company(joon)
	s.happen(rooms.Live{Room: "lobby"}, line(1))
	s.wait("line 1.")
	s.pass(2 * time.Second)
	s.settle()
	s.press("\x03", "\x03")
	s.until("the program to leave its screen", func() bool { return s.term.Wrote("\x1b[?1049l") })
	close(held)
	err := <-s.done
	s.done <- err
	if err != nil {
		t.Fatal(err)
	}
	s.archive.mu.Lock()
	defer s.archive.mu.Unlock()
	if read := s.archive.saved["lobby"].Read; read.Seq != 1 {
		t.Errorf("read up to %v", read)
	}
}

func TestWhatIsNewInThreadsIsRememberedAndCanBeReadAtOnce(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.company(joon)
	answer := line(2)
	answer.Message.Thread = line(1).Message.ID
	s.happen(line(1), answer)
	s.wait("1 new in threads")
	s.pass(2 * time.Second)
	marked := func() map[rooms.MessageID]rooms.Position {
		marks, _ := s.archive.ThreadMarks(t.Context(), community, "lobby")
		return marks
	}
	s.until("it to be remembered", func() bool { return len(marked()) == 1 })
	s.press("\x1bt")
	s.wait("Threads of #lobby", "a all are read")
	s.press("a")
	s.gone("new in threads")
	s.pass(2 * time.Second)
	s.until("it to be forgotten", func() bool { return len(marked()) == 0 })
}

func TestWhatIsNewInAThreadIsNewAfterARestartAlsoFarUp(t *testing.T) {
	s := left(t, rooms.Position{Epoch: 1, Seq: 2000}, 2000, 2000, 2000, func(s *stage) {
		s.archive.entries[3].Message.Thread = s.archive.entries[1].Message.ID
		s.archive.saved["lobby"] = SavedRoom{
			Community: community, Name: "lobby", Open: true, Read: rooms.Position{Epoch: 1, Seq: 2000},
			Threads: &ThreadMarks{map[rooms.MessageID]rooms.Position{s.archive.entries[1].Message.ID: {Epoch: 1, Seq: 2}}},
		}
	})
	s.happen(rooms.Live{Room: "lobby"})
	s.wait("line 2000.", "1 new in threads")
	s.press("\x1bt")
	s.wait("line 2.", "1 new")
	s.press(enter)
	s.wait("line 4.")
	s.press(esc)
	s.gone("new in threads")
}

func TestOnlyWhatWasSaidBeforeOneEverCameStandsAboveTheJoin(t *testing.T) {
	const join = "before you joined"
	s := newStage(t, 100, 30, func(s *stage, _ *Config) { s.client.slow = true })
	s.logIn()
	joined := rooms.Joined{Room: rooms.RoomInfo{Name: "lobby", Number: 1, Epoch: 1, Head: 1}, People: []rooms.Person{s.client.me, joon}}
	s.happen(joined, awayTalk(line(1)), rooms.Live{Room: "lobby"})
	s.wait("line 1.")
	s.happen(line(2))
	s.wait("line 1.", join, "line 2.")
	// A reconnect, with something that was missed.
	joined.Kept, joined.Room.Head = rooms.Position{Epoch: 1, Seq: 2}, 3
	s.happen(joined, awayTalk(line(3)), rooms.Live{Room: "lobby"}, line(4))
	s.wait("line 4.")
	if screen := s.term.Screen(); strings.Count(screen, join) != 1 || strings.Index(screen, join) > strings.Index(screen, "line 2.") {
		t.Errorf("the screen is\n%s", screen)
	}
}

func TestWhatNamesSomebodySaysSoAndIsFoundWhateverOneIsCalledNow(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		before := entry(1, joon, "old-name, look at this")
		before.Message.Mentions = []rooms.AccountID{s.client.me.ID}
		s.archive.entries = append(s.archive.entries, before)
	})
	s.logIn()
	s.company(joon, lena)
	s.wait("old-name")
	s.type_("Lena! And lenart.")
	s.press(enter)
	s.until("it to be sent", func() bool { return len(s.client.drafts()) == 1 })
	s.client.mu.Lock()
	if got := s.client.sent[0].Mentions; !slices.Equal(got, []rooms.AccountID{lena.ID}) {
		t.Errorf("named: %v", got)
	}
	s.client.mu.Unlock()
	s.press("\x1bm")
	s.wait("Where you were named", "old-name, look")
}
