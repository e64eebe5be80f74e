// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
)

func TestWhateverPanicsTheTerminalIsRestoredAndTheDraftKept(t *testing.T) {
	for name, provoke := range map[string]func(c *chat) tea.Cmd{
		"in an update":       func(*chat) tea.Cmd { panic("on purpose") },
		"while it is drawn":  func(c *chat) tea.Cmd { c.book.current.talk.SetLook(nil); return nil },
		"in a command":       func(*chat) tea.Cmd { return func() tea.Msg { panic("on purpose") } },
		"in one of several":  func(*chat) tea.Cmd { return tea.Batch(func() tea.Msg { panic("on purpose") }, tea.ClearScreen) },
		"beside the program": func(c *chat) tea.Cmd { c.own(func(context.Context) { panic("on purpose") }); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := inCompany(t)
			s.happen(rooms.MessageChanged{Message: said(1, joon, "something to draw")})
			s.type_("precious")
			s.wait("precious", "something to draw")
			s.program.Send(applyMsg{s.model.chat, provoke})
			if fault := s.endsBroken("precious"); !strings.Contains(fault.Stack, "kchat/tui") {
				t.Errorf("where it was is not said: %s", fault.Stack)
			}
		})
	}
}

func TestAPanicInTheClientIsAFaultOfTheProgramToo(t *testing.T) {
	s := inCompany(t)
	s.type_("precious")
	s.wait("precious")
	s.client.err <- &rooms.Fault{Value: "on purpose", Stack: "in the client"}
	if fault := s.endsBroken("precious"); fault.Stack != "in the client" {
		t.Errorf("where it was is not said: %s", fault.Stack)
	}
}

func TestADraftIsSavedAMomentAfterTheKeyAndNotAtEvery(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.type_("half a sen")
	s.wait("half a sen")
	s.pass(draftAfter - 1)
	s.settle()
	if got := s.archive.draft("lobby"); got != "" {
		t.Errorf("saved %q at once", got)
	}
	s.pass(1)
	s.until("the draft to be saved", func() bool { return s.archive.draft("lobby") == "half a sen" })
	s.type_("tence")
	s.wait("half a sentence")
	s.pass(draftAfter)
	s.until("the rest to be saved", func() bool { return s.archive.draft("lobby") == "half a sentence" })
}
