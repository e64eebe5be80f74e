// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"kchat/rooms"
)

func TestLoginAndCreateAreTwoChoices(t *testing.T) {
	eachSize(t, func(t *testing.T, width, height int, suffix string) {
		s := newStage(t, width, height, nil)
		s.wait("Log in", "Create account")
		s.golden("choices-" + suffix)
	})
}

func TestThePasswordIsMaskedAndTheCursorStandsAfterWideCharacters(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.wait("Create account")
	s.press(enter)
	s.wait("Password")
	s.type_("안녕하세요")
	s.wait("안녕하세요")
	name := s.term.Cursor()
	s.press(tab)
	s.type_("비밀 words")
	s.wait("••••••••")
	if strings.Contains(s.term.Screen(), "비밀") || strings.Contains(s.term.Screen(), "words\n") {
		t.Error("the password is shown")
	}
	lines := strings.Split(s.term.Screen(), "\n")
	row := lines[name.Y]
	before, _, found := strings.Cut(row, "안녕하세요")
	if !found || name.X != len([]rune(before))+10 {
		t.Errorf("the cursor is at %d in %q", name.X, row)
	}
	s.golden("login-100x30")
}

// The name of last time is in the form: Enter takes it, and what is typed or pasted stands in its place.
func TestTheNameOfLastTimeIsOffered(t *testing.T) {
	for name, c := range map[string]struct {
		typed, want string
		gone        bool
	}{
		"taken":    {"", "mina", false},
		"typed":    {"lena", "lena", true},
		"pasted":   {"\x1b[200~lena\x1b[201~", "lena", true},
		"gone on":  {"\x1b[F2", "mina2", false},
		"put back": {"\x7fx", "minx", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, 100, 30, func(s *stage, _ *Config) { s.gate.last = "mina" })
			s.wait("Create account")
			s.press(enter)
			s.wait("Password", "› mina")
			s.type_(c.typed)
			s.wait("› " + c.want)
			if c.gone {
				s.gone("mina")
			}
			s.press(enter)
			s.type_("words")
			s.wait("•••••")
			s.press(enter)
			s.until("the login", func() bool {
				s.gate.mu.Lock()
				defer s.gate.mu.Unlock()
				return len(s.gate.opened) == 1 && s.gate.opened[0].User == c.want && s.gate.opened[0].Password == "words"
			})
		})
	}
}

// An account that is created is somebody else.
func TestNoNameIsOfferedForANewAccount(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) { s.gate.last = "mina" })
	s.wait("Create account")
	s.press(down, enter)
	s.wait("once more")
	s.gone("mina")
}

func TestAWrongPasswordComesBackToTheForm(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.wait("Create account")
	s.press(enter)
	s.wait("Password")
	s.type_("mina")
	s.press(tab)
	s.type_("wrong")
	s.press(enter)
	s.wait("Logging in as mina")
	s.client.err <- fmt.Errorf("login: %w", rooms.ErrRefused)
	s.wait("login: the login was refused", "Password", "mina")
}

func TestCreatingAnAccountAsksForTheCodeWhereOneIsNeeded(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) { s.gate.info.Invite = true })
	s.wait("Create account")
	s.press(down, enter)
	s.wait("Invite code", "once more")
	s.type_("mina")
	s.press(tab)
	s.type_("one")
	s.press(tab)
	s.type_("two")
	s.press(tab)
	s.type_("ABCD")
	s.press(enter)
	s.wait("The two passwords differ")
	s.golden("create-100x30")
	s.type_("\x15one") // the line anew
	s.press(tab, enter)
	s.until("the registration", func() bool {
		s.gate.mu.Lock()
		defer s.gate.mu.Unlock()
		return len(s.gate.register) == 1 && s.gate.register[0].Code == "ABCD" && s.gate.register[0].Password == "one"
	})
}

func TestWithoutAServerOneCanStartOneGoElsewhereOrRead(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, cfg *Config) {
		s.gate.probeErr = rooms.ErrNoServer
		s.gate.savedUser = []string{"mina"}
		for i := range 5 {
			s.archive.entries = append(s.archive.entries, entry(uint64(i+1), joon, fmt.Sprintf("kept %d", i+1)))
		}
		s.archive.saved = map[string]SavedRoom{"lobby": {Community: community, Name: "lobby"}}
	})
	s.wait("No server found", "Start a server here", "Another address", "Read saved talk")
	s.golden("noserver-100x30")
	s.press(down, down, down, enter)
	s.wait("saved talk, no server", "kept 5")
	s.type_("/history load all")
	s.press(enter)
	s.wait("There is nothing older")
	s.golden("offline-100x30")
}

func TestAnotherServerAtAKnownAddressIsWarnedOf(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, cfg *Config) {
		s.gate.known = rooms.Pin{Server: rooms.UUID{1}, Name: "home"}
	})
	s.wait("Create account")
	s.press(enter)
	s.wait("Password")
	s.type_("mina")
	s.press(tab)
	s.type_("words")
	s.press(enter)
	s.wait("Logging in as mina")
	s.client.err <- rooms.ErrPinned
	s.wait("This is another server", "home", "lab", "Trust the new server", "Go to another address")
	s.golden("pinned-100x30")
	s.gate.mu.Lock()
	s.gate.client = newFakeClient()
	s.gate.mu.Unlock()
	s.press(down, enter)
	s.until("a second attempt that trusts", func() bool {
		s.gate.mu.Lock()
		defer s.gate.mu.Unlock()
		return len(s.gate.opened) == 2 && s.gate.opened[1].Trust
	})
}

func TestWhoeverTrustsAnotherServerGoesOnCreatingTheAccount(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		s.gate.known, s.gate.pinned = rooms.Pin{Server: rooms.UUID{1}, Name: "home"}, true
	})
	s.wait("Create account")
	s.press(down, enter)
	s.wait("once more")
	s.type_("mina")
	s.press(tab)
	s.type_("words")
	s.press(tab)
	s.type_("words")
	s.press(enter)
	s.wait("This is another server")
	s.press(down, enter)
	s.until("the account to be created and used", func() bool {
		s.gate.mu.Lock()
		defer s.gate.mu.Unlock()
		return len(s.gate.register) == 2 && s.gate.register[1].Trust && len(s.gate.opened) == 1 && s.gate.opened[0].Trust
	})
}

func TestAnEndedSessionSaysWhyAndKeepsTheDraft(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.type_("a draft")
	s.wait("a draft")
	s.client.err <- errors.New("the server said no")
	s.wait("the server said no", "Password")
	s.until("the draft to be kept", func() bool { return s.archive.draft("lobby") == "a draft" })
}

func TestAPortIsAddedToAnAddressWithoutOne(t *testing.T) {
	for in, want := range map[string]string{
		"host": "host:10106", "host:1": "host:1", "::1": "[::1]:10106", "[::1]": "[::1]:10106", "[::1]:5": "[::1]:5", "10.0.0.1": "10.0.0.1:10106",
	} {
		if got := withPort(in); got != want {
			t.Errorf("withPort(%q) = %q, want %q", in, got, want)
		}
	}
}
