// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// marks are told to the program in the place of keys, to learn when it has taken all that was typed before them.
type marks struct {
	last   uint8
	passed chan mark
	esc    chan struct{} // has something when the program has heard an Esc
}

// mark is one that has come to the program, with the screen as the program had drawn it last.
type mark struct {
	n     uint8
	drawn string
}

// markMode is a mode of the terminal that does not exist; its state is the number of the mark, which begins anew behind 255.
const markMode = 9106

// settle waits until the program has taken what was sent to it and typed before.
func (s *stage) settle() {
	s.t.Helper()
	s.mark()
}

// mark is settle, and gives the text of the screen that the program has drawn by then.
func (s *stage) mark() string {
	s.t.Helper()
	s.marks.last++
	s.term.SendText(fmt.Sprintf("\x1b[?%d;%d$y", markMode, s.marks.last))
	late := time.After(patience)
	for {
		select {
		case m := <-s.marks.passed:
			if m.n == s.marks.last {
				return m.drawn
			}
		case <-late:
			s.t.Fatalf("the program does not answer; the screen is\n%s", inWords(s.term.Screen()))
		}
	}
}

// pressEsc presses Esc and waits until the program has heard it: with what comes at once behind it, it is another key.
func (s *stage) pressEsc() {
	s.t.Helper()
	select {
	case <-s.marks.esc: // an earlier one
	default:
	}
	s.term.SendText(esc)
	select {
	case <-s.marks.esc:
	case <-s.over:
	case <-time.After(patience):
		s.t.Fatal("Esc is not heard")
	}
}

// filter hears the marks, Esc and the timers, for the program's own filter.
func (s *stage) filter(m tea.Model, msg tea.Msg) tea.Msg {
	if t, is := msg.(ticked); is {
		close(t.heard)
		if msg = t.msg; msg == nil {
			return nil
		}
	}
	if key, is := msg.(tea.KeyPressMsg); is && key.Code == tea.KeyEscape {
		select {
		case s.marks.esc <- struct{}{}:
		default:
		}
	}
	if report, is := msg.(tea.ModeReportMsg); is && report.Mode == ansi.DECMode(markMode) {
		view, _ := s.model.frame.last()
		s.marks.passed <- mark{uint8(report.Value), ansi.Strip(view.Content)}
		return nil
	}
	return s.model.filter(m, msg)
}

// steady waits until the terminal shows what the program has drawn of all that was typed before. Who goes by places on
// the screen asks for them then: a screen that was drawn in between has the same words in other places.
func (s *stage) steady() {
	s.t.Helper()
	over := time.Now().Add(patience)
	for drawn := s.mark(); !s.term.Await(50*time.Millisecond, func() bool { return s.term.Screen() == trimmed(drawn) }); drawn = s.mark() {
		if time.Now().After(over) {
			s.t.Fatalf("the screen is not what was drawn; it is\n%s\nand was drawn as\n%s", inWords(s.term.Screen()), inWords(drawn))
		}
	}
}

// trimmed is a text as Screen gives it: without the blanks behind a line and below the last one.
func trimmed(screen string) string {
	lines := strings.Split(screen, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \r")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}
