// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"slices"
	"testing"
	"time"

	"kchat/history"
	"kchat/rooms"
)

// about makes m do something to another message.
func about(kind rooms.Kind, target rooms.Message, m rooms.Message) rooms.Message {
	m.Kind, m.Target = kind, target.ID
	return m
}

// lastDraft waits until so many drafts were sent, and returns the last one.
func (s *stage) lastDraft(n int) rooms.Draft {
	s.t.Helper()
	var last rooms.Draft
	s.until("a draft to be sent", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		if len(s.client.sent) == n {
			last = s.client.sent[n-1]
		}
		return len(s.client.sent) == n
	})
	return last
}

// discussion is a talk with an answer, an edit, reactions and a thread.
func discussion(me rooms.Person) []rooms.Event {
	question := said(1, joon, "which build is it, the one with the **patch**?")
	answer := said(2, me, "tuesday's, I think")
	answer.ReplyTo, answer.State, answer.Stored, answer.Present = question.ID, rooms.StateDelivered, 2, 2
	lunch := said(3, lena, "점심은 열두 시?")
	soup := said(4, joon, "soup or noodles?")
	soup.Thread = lunch.ID
	noodles := said(5, me, "noodles, as every day, and soup tomorrow when it rains")
	noodles.Thread, noodles.State, noodles.Stored, noodles.Present = lunch.ID, rooms.StateDelivered, 1, 2
	all := []rooms.Message{
		question, answer, lunch, soup, noodles,
		about(rooms.KindReact, lunch, said(6, joon, "👍")), about(rooms.KindReact, lunch, said(7, me, "👍")),
		about(rooms.KindReact, lunch, said(8, joon, "🍜")), about(rooms.KindEdit, answer, said(9, me, "wednesday's, I think")),
	}
	last := said(10, joon, "who has the key?")
	last.ReplyTo = rooms.MessageID{0xcc}
	var out []rooms.Event
	for _, m := range append(all, last) {
		out = append(out, rooms.MessageChanged{Message: m})
	}
	return out
}

func TestWhatIsSaidAboutMessagesAtThreeSizes(t *testing.T) {
	for name, size := range map[string][2]int{"60x20": {60, 20}, "100x30": {100, 30}, "160x45": {160, 45}} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, size[0], size[1], nil)
			s.logIn()
			s.company(joon, lena)
			s.wait("3 here")
			s.happen(discussion(s.client.me)...)
			s.wait("[👍 2]", "a message that is not here", "who has the key?")
			s.golden("discussion-" + name)
			s.press(up, "m")
			s.wait("reply", "said 2026-11-21")
			s.golden("menu-" + name)
			s.press(esc)
			s.gone("said 2026-11-21")
			s.press(up, "t")
			s.wait("in the thread of: 점심은", "and soup tomorrow")
			s.golden("thread-" + name)
		})
	}
}

func TestAnEditLeavesWhatWasBeingWritten(t *testing.T) {
	s := inCompany(t)
	mine := said(1, s.client.me, "teh build")
	mine.State = rooms.StateSent
	s.happen(rooms.MessageChanged{Message: mine})
	s.wait("teh build")
	s.type_("half a thought")
	s.wait("› half a thought")
	s.term.SendText("\x1b[A") // a draft is there: it stays
	s.type_("\x15")
	s.press(up, "e")
	s.wait("editing: teh build", "› teh build")
	s.type_(" is broken")
	s.wait("› teh build is broken")
	s.press(enter)
	if d := s.lastDraft(1); d.Kind != rooms.KindEdit || d.Target != mine.ID || d.Text != "teh build is broken" {
		t.Errorf("sent %+v", d)
	}
	s.gone("editing:")
	s.wait("Write to #lobby")
	// The same words are no edit; Esc leaves without one.
	s.press(up, "e")
	s.wait("editing:")
	s.press(enter)
	s.gone("editing:")
	s.press(up, "e")
	s.wait("editing:")
	s.type_("!!")
	s.press(esc)
	s.gone("editing:")
	s.type_("an ordinary one")
	s.press(enter)
	if d := s.lastDraft(2); d.Kind != rooms.KindText || d.Text != "an ordinary one" {
		t.Errorf("sent %+v", d)
	}
}

func TestWordsThatBeginWithASlashAreEditedAsWords(t *testing.T) {
	s := inCompany(t)
	mine := said(1, s.client.me, "/etc/fstab")
	mine.State = rooms.StateSent
	s.happen(rooms.MessageChanged{Message: mine})
	s.wait("/etc/fstab")
	s.press(up, "e")
	s.wait("› //etc/fstab")
	s.type_(".new")
	s.press(enter)
	if d := s.lastDraft(1); d.Text != "/etc/fstab.new" || d.Kind != rooms.KindEdit {
		t.Errorf("sent %+v", d)
	}
}

func TestTheDraftOfTheRoomIsKeptWhileOneIsInAThread(t *testing.T) {
	s := inCompany(t)
	root := said(1, joon, "which build?")
	s.happen(rooms.MessageChanged{Message: root})
	s.wait("which build?")
	s.press(up, "t")
	s.wait("in the thread of: which build?", "Write to the thread")
	s.type_("half an answer")
	s.wait("› half an answer")
	s.press(esc)
	s.gone("in the thread of")
	s.type_("half a thought")
	s.wait("› half a thought")
	s.term.SendText("\x1bt") // no thread has anything in it yet
	s.wait("There are no threads here")
	s.until("the draft to be kept", func() bool {
		s.pass(time.Second)
		return s.archive.draft("lobby") == "half a thought"
	})
	answer := said(2, joon, "anybody?")
	answer.Thread = root.ID
	s.happen(rooms.MessageChanged{Message: answer})
	s.wait("↳ 1 reply")
	s.term.SendText("\x1bt")
	s.wait("Threads of #lobby")
	s.press(enter)
	s.wait("in the thread of", "› half an answer")
	s.pass(2 * time.Second)
	if got := s.archive.draft("lobby"); got != "half a thought" {
		t.Errorf("kept %q", got)
	}
	s.press(enter)
	if d := s.lastDraft(1); d.Thread != root.ID || d.Text != "half an answer" {
		t.Errorf("sent %+v", d)
	}
	s.press(esc)
	s.wait("› half a thought")
}

func TestARefusedChangeIsSentAgainOrDroppedByKey(t *testing.T) {
	s := inCompany(t)
	mine := said(1, s.client.me, "teh build")
	mine.State = rooms.StateSent
	edit := about(rooms.KindEdit, mine, said(2, s.client.me, "the build"))
	edit.Pos, edit.State, edit.Failure = rooms.Position{}, rooms.StateFailed, "you are muted here"
	s.happen(rooms.MessageChanged{Message: mine}, rooms.MessageChanged{Message: edit})
	s.wait("teh build", "Your edit was not sent: you are muted here.", "1 message was not sent")
	s.press(up, "r")
	s.until("it to be sent again", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return slices.Equal(s.client.resent, []rooms.MessageID{edit.ID})
	})
	s.press(up, "e") // back into the composer, as an edit
	s.wait("editing: teh build", "› the build")
	s.gone("Your edit was not sent")
	s.until("it to be dropped", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return slices.Equal(s.client.discarded, []rooms.MessageID{edit.ID})
	})
}

func TestWhatIsAnsweredIsLookedForInTheHistory(t *testing.T) {
	old := said(1, joon, "said long ago")
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.archive.mu.Lock()
	s.archive.entries = []history.Entry{{Message: old}}
	s.archive.mu.Unlock()
	answer := said(500, joon, "still true")
	answer.ReplyTo = old.ID
	s.happen(rooms.MessageChanged{Message: answer})
	s.wait("╭─ 준호  said long ago", "still true")
}

func TestAReplyToOneInAThreadStaysInTheThread(t *testing.T) {
	s := inCompany(t)
	root, answer := said(1, joon, "which build?"), said(2, joon, "anybody?")
	answer.Thread = root.ID
	s.happen(rooms.MessageChanged{Message: root}, rooms.MessageChanged{Message: answer})
	s.wait("↳ 준호", "anybody?")
	s.press(up, "r")
	s.wait("replying to 준호: anybody?", "Thread · 1 reply")
	s.type_("me")
	s.press(enter)
	if d := s.lastDraft(1); d.Thread != root.ID || d.ReplyTo != answer.ID {
		t.Errorf("sent %+v", d)
	}
}

func TestTheThreadClosesWhenOneGoesToAnotherRoom(t *testing.T) {
	s := inCompany(t)
	s.happen(rooms.MessageChanged{Message: said(1, joon, "which build?")})
	s.wait("which build?")
	s.press(up, "t")
	s.wait("in the thread of")
	s.type_("/join den")
	s.press(enter)
	s.wait("#den", "only you")
	s.gone("in the thread of")
	s.term.SendText("\x1b[1;3B") // Alt+↓, around to the lobby
	s.wait("which build?")
	s.gone("in the thread of")
}

func TestMenuPaletteAndThreadsFitEveryTerminal(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.company(joon, lena)
	s.wait("3 here")
	s.happen(discussion(s.client.me)...)
	s.wait("who has the key?")
	sizes := [][2]int{{20, 5}, {1, 1}, {33, 8}, {500, 200}, {100, 30}}
	draw := func() {
		s.settle()
		for _, size := range sizes {
			s.program.Send(windowSize(size[0], size[1]))
			s.settle()
		}
	}
	s.press(up, "m")
	s.wait("said 2026-11-21")
	draw()
	s.press("+")
	s.wait("React")
	draw()
	s.press("q")
	s.gone("React")
	s.term.SendText("\x1bt")
	s.wait("Threads of #lobby")
	draw()
	s.press(enter)
	s.wait("in the thread of", "and soup tomorrow")
	draw()
	s.wait("in the thread of", "and soup tomorrow")
}
