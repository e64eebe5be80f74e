// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kchat/rooms"
)

var sizes = []struct{ width, height int }{{60, 20}, {100, 30}, {160, 45}}

// eachSize runs a test at the three sizes that the screens are kept in.
func eachSize(t *testing.T, test func(t *testing.T, width, height int, suffix string)) {
	for _, size := range sizes {
		suffix := fmt.Sprintf("%dx%d", size.width, size.height)
		t.Run(suffix, func(t *testing.T) { test(t, size.width, size.height, suffix) })
	}
}

func TestTalkOfThree(t *testing.T) {
	eachSize(t, func(t *testing.T, width, height int, suffix string) {
		s := newStage(t, width, height, func(s *stage, _ *Config) { s.client.slow = true })
		s.logIn()
		s.joins(joon, lena)
		old := said(1, lena, "I was here before anybody.")
		old.Backfill = true
		mine := said(4, s.client.me, "그럼요. 프로세스 없이 커널이 듣고 있어요.")
		mine.State, mine.Stored, mine.Present = rooms.StateDelivered, 1, 2
		s.happen(
			rooms.MessageChanged{Message: old},
			rooms.Live{Room: "lobby"},
			rooms.MessageChanged{Message: said(2, joon, "안녕하세요! 다들 계시네요. 이 방은 정말 커널 안에 있는 건가요?")},
			rooms.MessageChanged{Message: said(3, joon, "\u1112\u1161\u11ab\u1100\u1173\u11af as NFD, a family 👨\u200d👩\u200d👧\u200d👦, a heart ❤\ufe0f and 👍🏽.")},
			rooms.MessageChanged{Message: mine},
			rooms.MessageChanged{Message: said(5, lena, "What was it again that one types in another terminal to see the listener without a process behind it? Something with ss, I believe.")},
			rooms.TypingChanged{Room: "lobby", Person: 2, Typing: true},
		)
		s.wait("with ss, I believe", "준호 is typing")
		s.type_("`ss -ltnp` 보세요 ")
		s.wait("보세요")
		s.golden("talk-" + suffix)
	})
}

func TestAloneInTheWaitingRoom(t *testing.T) {
	eachSize(t, func(t *testing.T, width, height int, suffix string) {
		s := newStage(t, width, height, func(s *stage, _ *Config) { s.client.people = []rooms.Person{s.client.me, lena} })
		s.logIn()
		s.wait("Only you are in #lobby")
		s.pass(time.Second)
		s.wait("Online elsewhere: lena")
		s.golden("alone-" + suffix)
	})
}

func TestALineThatOnlyThisComputerReachesSaysHowToLetOthersIn(t *testing.T) {
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) {
		cfg.Host.PublicAddress = func(context.Context, string) string { return "127.0.0.1:4242" }
	})
	s.logInTo("127.0.0.1:4242")
	s.wait("kchat-tui login --server 127.0.0.1:4242", "works on this computer only", "restart --lan --port 4242")
}

func TestWhatIsTooLongForTheStatusRowStandsInTheTalk(t *testing.T) {
	s := newStage(t, 60, 20, nil)
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.client.mu.Lock()
	s.client.whoisErr = &rooms.ServerError{Sentence: "There is no such person here, nor has there ever been one of that name."}
	s.client.mu.Unlock()
	s.type_("/msg ghost boo")
	s.press(enter)
	s.wait("Cannot reach ghost: There is no such person here, nor", "has there ever been one of that name.")
}

func TestTheComposerOpensByItselfWithABellAndKeepsTheDraft(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.wait("Only you are in #lobby")
	s.type_("is anybody there?")
	s.press(enter)
	s.wait("Your words are kept", "is anybody there?")
	if sent := s.client.drafts(); len(sent) != 0 {
		t.Fatalf("alone, but %q was sent", sent)
	}
	s.happen(rooms.PersonChanged{Room: "lobby", Person: joon})
	s.gone("Only you are in #lobby")
	s.wait("준호 came in.", "is anybody there?")
	s.until("the bell", func() bool { return s.term.Wrote("\a") })
	s.press(enter)
	s.until("the message to be sent", func() bool { return len(s.client.drafts()) == 1 })

	gone := joon
	gone.State = rooms.Reconnecting
	s.happen(rooms.PersonChanged{Room: "lobby", Person: gone, Was: rooms.Present})
	s.wait("준호 has lost the connection")
}

func TestRefusedMessagesComeBackInOrderAndOverwriteNothing(t *testing.T) {
	s := inCompany(t)
	for _, words := range []string{"one", "two", "three"} {
		s.type_(words)
		s.press(enter)
	}
	s.until("three to be sent", func() bool { return len(s.client.drafts()) == 3 })
	s.type_("typed since")
	s.wait("sending", "typed since")
	gone := joon
	gone.State = rooms.Lost
	s.happen(rooms.PersonChanged{Room: "lobby", Person: gone, Was: rooms.Present})
	for i, words := range []string{"one", "two", "three"} {
		s.happen(rooms.MessageChanged{Message: rooms.Message{
			Community: community, Room: "lobby", ID: rooms.MessageID{0xaa, byte(i + 1)}, Time: noon, Sender: 1, Name: "mina",
			Kind: rooms.KindText, Text: words, State: rooms.StateAlone,
		}})
	}
	s.wait("3 messages were not sent", "typed since")
	screen := s.term.Screen()
	if one, three := strings.Index(screen, "one  "), strings.Index(screen, "three  "); one < 0 || three < one {
		t.Errorf("not in order:\n%s", screen)
	}
	s.golden("unsent-100x30")
	s.press(up) // also from a draft
	s.wait("send again", "typed since")
	s.press(esc)
	s.wait("3 messages were not sent", "› typed since")
}

func TestHangulIsCompleteWhenEnterComesFirst(t *testing.T) {
	s := inCompany(t)
	s.type_("안녕하세")
	s.press(enter)
	s.type_("요") // the input method hands over the last syllable after Enter
	s.wait("안녕하세요")
	s.pass(settleFor - 1)
	if sent := s.client.drafts(); len(sent) != 0 {
		t.Fatalf("%q was sent too early", sent)
	}
	s.pass(1)
	s.until("the message to be sent", func() bool { return len(s.client.drafts()) == 1 })
	if got := s.client.drafts()[0]; got != "안녕하세요" {
		t.Errorf("sent %q", got)
	}
}

// Whoever types fast, and every script, has the next line begun before the last one is dealt with.
func TestKeysBehindEnterAreTheNextLine(t *testing.T) {
	s := inCompany(t)
	s.type_("one\rtwo\r안녕\r/three")
	s.wait("› /three")
	s.until("three messages", func() bool { return len(s.client.drafts()) == 3 })
	if got := s.client.drafts(); !slices.Equal(got, []string{"one", "two", "안녕"}) {
		t.Errorf("sent %q", got)
	}
}

func TestTinyTerminalsNeitherCrashNorSpill(t *testing.T) {
	for _, size := range []struct{ width, height int }{{20, 5}, {1, 1}, {5, 20}, {3, 3}, {500, 200}} {
		t.Run(fmt.Sprintf("%dx%d", size.width, size.height), func(t *testing.T) {
			s := newStage(t, 100, 30, nil)
			s.logIn()
			s.company(joon, lena)
			s.happen(rooms.MessageChanged{Message: said(2, joon, "안녕하세요 everybody")})
			s.wait("everybody")
			s.type_("/")
			s.wait("/join")
			s.press(f4)
			s.resize(size.width, size.height)
			s.resize(100, 30)
			s.press(esc)
			s.wait("everybody")
		})
	}
}

// resize changes the size of the terminal and waits until the program has drawn for it.
func (s *stage) resize(width, height int) {
	s.t.Helper()
	s.term.SetSize(width, height)
	s.program.Send(windowSize(width, height))
	s.settle()
}

// A terminal that was small for a moment has lost what stood outside, though its size is what it was.
func TestATerminalThatWasSmallForAMomentIsDrawnAnew(t *testing.T) {
	s := inCompany(t)
	s.happen(rooms.MessageChanged{Message: said(2, joon, "안녕하세요 everybody")})
	s.wait("everybody")
	s.steady()
	whole := s.term.Screen()
	s.term.SetSize(20, 5)
	s.term.SetSize(100, 30)
	s.program.Send(windowSize(100, 30))
	s.until("the whole screen", func() bool { return s.term.Screen() == whole })

	// The answer to what the program itself asks every second is no reason to draw.
	s.pass(sizeEvery)
	s.settle()
	drawn := s.term.Count("\x1b[2J")
	s.program.Send(windowSize(100, 30))
	s.type_("x")
	s.wait("› x")
	if again := s.term.Count("\x1b[2J"); again != drawn {
		t.Errorf("drawn anew %d times", again-drawn)
	}
}

func TestPanesLieOverTheTalkOnNarrowScreens(t *testing.T) {
	s := newStage(t, 60, 20, nil)
	s.logIn()
	s.company(joon, lena)
	s.happen(rooms.MessageChanged{Message: said(2, joon, "안녕하세요 everybody")})
	s.wait("everybody")
	s.press(f2)
	s.wait("ROOMS")
	s.golden("rooms-60x20")
	s.press(f2)
	s.gone("ROOMS")
	s.press("\x1bOR") // F3
	s.wait("HERE")
	s.golden("people-60x20")
}

// One whole frame of a room of 100,000 messages while it is being scrolled.
func BenchmarkView100000(b *testing.B) {
	s := newStage(b, 160, 45, func(s *stage, _ *Config) {
		for i := range 100_000 {
			s.archive.entries = append(s.archive.entries, entry(uint64(i+1), joon, "커널 안에서 도는 채팅, and a few more words to be wrapped somewhere."))
		}
	})
	s.logIn()
	s.company(joon)
	s.type_("/history load all")
	s.press(enter)
	s.wait("older messages are above")
	loaded := make(chan *chat)
	s.program.Send(applyMsg{s.model.chat, func(c *chat) teaCmd { loaded <- c; return nil }})
	c := <-loaded
	r := &root{env: c.env, chat: c, width: 160, height: 45}
	s.program.Kill()
	<-s.done
	s.done <- nil
	for b.Loop() {
		if c.book.current.talk.Scroll(-3) {
			c.book.current.talk.Follow()
		}
		if r.View().Content == "" {
			b.Fatal("nothing is drawn")
		}
	}
}
