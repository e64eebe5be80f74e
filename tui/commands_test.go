// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kchat/history"
	"kchat/rooms"
)

// entry is a kept message.
func entry(seq uint64, by rooms.Person, words string) history.Entry {
	return history.Entry{Message: said(seq, by, words)}
}

func TestAMistypedCommandIsCorrectedAndKept(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.type_("/histroy load")
	s.press(enter)
	s.wait("Did you mean /history?", "/histroy load")
}

func TestCommandsAndRoomsAreCompleted(t *testing.T) {
	s := inCompany(t)
	s.type_("/")
	s.wait("/join ROOM", "/send-image [FILE]")
	s.golden("popup-100x30")
	s.type_("wh")
	s.press(tab)
	s.wait("› /who")
	s.type_("\x15/msg 준")
	s.press(tab)
	s.wait("› /msg 준호")
}

func TestPathsAreCompleted(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"cat.png", "camel.png"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.type_("/send-image " + dir + "/ca")
	s.wait("/ca ", "camel.png", "cat.png")
	s.press(down, enter)
	s.wait("/cat.png ")
	s.gone("camel.png")
	s.type_("\x15/send-image " + dir + "/cam")
	s.press(tab) // before the folder has been read, perhaps
	s.wait("/camel.png ")
}

// What is looked up twice does not take back what was chosen among the first.
func TestPathsThatComeLateMoveNothing(t *testing.T) {
	s := inCompany(t)
	s.type_("/send-image /nowhere/ca")
	s.wait("/nowhere/ca")
	found := pathsMsg{"/nowhere/ca", []suggestion{{insert: "/nowhere/camel.png", shown: "camel.png"}, {insert: "/nowhere/cat.png", shown: "cat.png"}}}
	s.program.Send(found)
	s.wait("camel.png")
	s.press(down)
	s.wait("▌ cat.png")
	s.program.Send(found)
	s.press(enter)
	s.wait("/nowhere/cat.png ")
}

func TestJoinOpensARoomAndPartCloses(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.type_("/join #Kernel")
	s.press(enter)
	s.wait("Only you are in #kernel")
	s.type_("/part")
	s.press(enter)
	s.gone("#kernel")
	s.wait("Only you are in #lobby")
}

func TestMsgOpensARoomOfTwoAndKeepsWordsForThoseWhoAreNotThere(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		gone := joon
		gone.State = rooms.Offline
		s.client.people = []rooms.Person{gone}
	})
	s.logIn()
	s.type_("/msg 준호 let us meet")
	s.press(enter)
	s.wait("DIRECT", "준호 is not here", "let us meet")
	if sent := s.client.drafts(); len(sent) != 0 {
		t.Errorf("%q was sent to nobody", sent)
	}
	if !slices.Contains(s.client.joined, "@1-2") {
		t.Errorf("joined %q", s.client.joined)
	}
}

func TestHistoryLoadsAboveWithoutMovingTheLineBeingRead(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		for i := range 400 {
			s.archive.entries = append(s.archive.entries, entry(uint64(i+1), joon, fmt.Sprintf("line %d.", i+1)))
		}
	})
	s.logIn()
	s.company(joon)
	s.wait("line 400.", "2 here")
	s.press(pgup)
	s.gone("line 400.")
	s.until("the page above", func() bool { return s.held() == 160 })
	before := s.term.Screen()
	s.type_("/history load 100")
	s.press(enter)
	s.wait("100 older messages are above")
	for i, row := range strings.Split(before, "\n")[2:20] {
		if now := strings.Split(s.term.Screen(), "\n")[2+i]; now != row {
			t.Fatalf("row %d moved: %q was %q", i, now, row)
		}
	}
	s.type_("/history load all")
	s.press(enter)
	s.wait("140 older messages are above")
	s.type_("/history load")
	s.press(enter)
	s.wait("There is nothing older")
	for range 60 {
		s.press(pgup)
	}
	s.wait("line 1.", "the beginning: nothing older is kept here")
	s.golden("beginning-100x30")
}

func TestPastedLinesAreAskedAbout(t *testing.T) {
	s := inCompany(t)
	s.term.SendText("\x1b[200~first\nsecond\nthird\x1b[201~")
	s.wait("You are pasting 3 lines")
	s.golden("paste-100x30")
	s.type_("j")
	s.wait("› first second third")
}

func TestTheKernelPanelShowsCountersWhileOneChats(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		s.client.status = rooms.Status{Kernel: "6.12.48+deb13-cloud-amd64", Module: "1.0", Counters: []rooms.Counter{
			{Name: "PEOPLE", Value: 2},
			{Name: "ROOMS", Value: 1},
			{Name: "CONNECTIONS", Value: 2},
			{Name: "MESSAGES", Value: 1234},
			{Name: "FRAMES_IN", Value: 5678},
			{Name: "FRAMES_OUT", Value: 11234},
			{Name: "BYTES_OUT", Value: 1 << 20},
			{Name: "LOG_BYTES", Value: 65536},
			{Name: "UPTIME_MS", Value: 3723000},
			{Name: "ALONE", Value: 3},
		}}
	})
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.type_("/kernel")
	s.press(enter)
	s.wait("6.12.48+deb13-cloud-amd64", "1h2m3s", "11,234", "No process listens")
	s.golden("kernel-100x30")
}

func TestHelpIsMadeFromTheTables(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.press(f1)
	s.wait("COMMANDS", "/join ROOM", "go into a room")
	s.golden("help-100x30")
	s.press(esc)
	s.gone("COMMANDS")
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"join", "join", 0}, {"jion", "join", 1}, {"hist", "history", 3}, {"", "ab", 2}, {"who", "how", 2}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestWithoutARoomOneCanStillJoinOne(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.type_("/part")
	s.press(enter)
	s.wait("No room is open")
	s.type_("words")
	s.press(enter)
	s.wait("No room is open. Type /join")
	s.press(up, pgup, tab, f2, f2, f4)
	s.wait("The kernel")
	s.press(f4)
	s.gone("The kernel")
	s.type_("\x15/join again")
	s.press(enter)
	s.wait("Only you are in #again")
}

func TestAnInvitationTakesNoKeysFromSomebodyWhoTypes(t *testing.T) {
	s := inCompany(t)
	s.type_("in the middle of m")
	s.happen(rooms.Invited{Room: "kernel", From: joon})
	s.wait("준호 asks you into #kernel. Alt+J goes there.")
	s.type_("y words")
	s.wait("in the middle of my words")
	s.press("\x1bj")
	s.wait("Only you are in #kernel")
}
