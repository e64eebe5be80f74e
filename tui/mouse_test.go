// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"strings"
	"testing"

	"kchat/rooms"
	"kchat/tui/text"
)

// place is where something stands on the screen, once it is there and the screen shows all that was typed before.
func (s *stage) place(what string) (x, y int) {
	s.t.Helper()
	s.wait(what)
	s.steady()
	for y, line := range strings.Split(s.term.Screen(), "\n") {
		if i := strings.Index(line, what); i >= 0 {
			return text.Width(line[:i]), y
		}
	}
	s.t.Fatalf("%s is not there any more; the screen is\n%s", what, inWords(s.term.Screen()))
	return 0, 0
}

// click presses and releases the left button where something stands on the screen, once it is there.
func (s *stage) click(what string) {
	s.t.Helper()
	x, y := s.place(what)
	s.press(fmt.Sprintf("\x1b[<0;%d;%dM\x1b[<0;%d;%dm", x+1, y+1, x+1, y+1))
}

// wheel turns the wheel over something on the screen: up if steps is below 0.
func (s *stage) wheel(what string, steps int) {
	s.t.Helper()
	x, y := s.place(what)
	button := 65
	if steps < 0 {
		button, steps = 64, -steps
	}
	for range steps {
		s.press(fmt.Sprintf("\x1b[<%d;%d;%dM", button, x+1, y+1))
	}
}

func TestTheWheelScrollsWhatLiesUnderIt(t *testing.T) {
	s := withPast(t, 1, 200)
	s.wheel("line 190.", -2)
	s.gone("line 200.")
	s.wait("line 173.")
	for i := range 40 {
		s.happen(rooms.PersonChanged{Room: "lobby", Person: rooms.Person{ID: rooms.AccountID(100 + i), Name: fmt.Sprintf("guest-%02d", i), State: rooms.Present}})
	}
	s.wait("guest-02", "more")
	s.wheel("guest-02", 30)
	s.wait("guest-39")
	s.wait("line 173.") // the talk has stayed
	s.wheel("guest-39", -30)
	s.wait("HERE")
}

func TestAClickDoesWhatTheKeyDoesThatIsShown(t *testing.T) {
	s := inCompany(t)
	s.pass(2 * flashFor)
	s.click("F1 help")
	s.wait("COMMANDS")
	s.press(esc)
	s.click("Ctrl+K")
	s.wait("Go to a room")
	s.press(esc)
	s.happen(rooms.MessageChanged{Message: said(2, joon, "hello there")})
	s.click("hello there")
	s.wait("r reply")
	s.click("r reply")
	s.wait("replying to 준호: hello there")
}

func TestAPersonInThePaneIsSpokenToAlone(t *testing.T) {
	s := inCompany(t)
	s.wait("● 준호")
	s.click("● 준호")
	s.click("write to them alone")
	s.until("the room of two", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return strings.Contains(strings.Join(s.client.joined, " "), "@1-2")
	})
}

func TestTheLinesBetweenThePanesCanBeDragged(t *testing.T) {
	s := inCompany(t)
	s.wait("ROOMS")
	s.steady()
	line := strings.Split(s.term.Screen(), "\n")[5]
	x := strings.Index(line, "│") // what stands before it is as wide as it is long
	s.press(fmt.Sprintf("\x1b[<0;%d;6M\x1b[<32;%d;6M\x1b[<0;%d;6m", x+1, x+11, x+11))
	s.until("the pane to be wider", func() bool {
		return strings.Index(strings.Split(s.term.Screen(), "\n")[5], "│") == x+10
	})
}

// A link is under the mouse wherever it is broken: what it leads to is copied.
func TestALinkThatIsClickedIsCopied(t *testing.T) {
	s := inCompany(t)
	s.happen(rooms.MessageChanged{Message: said(2, joon, "see https://example.org/kchat now")})
	s.click("example.org")
	s.wait("Copied: https://example.org/kchat")
}

func TestTheMouseIsLeftToTheTerminalIfOneWants(t *testing.T) {
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.NoMouse = true })
	s.logIn()
	if s.term.Wrote("\x1b[?1002h") || s.term.Wrote("\x1b[?1006h") {
		t.Error("the terminal was asked for its mouse")
	}
}

func TestTheLoginIsClickedThrough(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.click("Log in")
	s.wait("Password")
	s.click("Password")
	s.type_("secret words")
	s.click("Name")
	s.type_("mina")
	s.wait("› mina")
	s.gone("secret")
}

func TestPartsOfARowAreToldApartByTheirGaps(t *testing.T) {
	row := " │ Ctrl+Y copy the line  F1 help   c 복사  │"
	for x, want := range map[int]string{4: "Ctrl+Y copy the line", 25: "F1 help", 31: "F1 help", 36: "c 복사", 23: ""} {
		if got := partAt(row, x); got != want {
			t.Errorf("%d: %q, not %q", x, got, want)
		}
	}
}
