// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"kchat/rooms"
	"kchat/tui/screentest"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// terminal is the terminal that the program is on.
type terminal struct{ *screentest.Terminal }

// stage is the program on a terminal with a fake server.
type stage struct {
	t       testing.TB
	term    *terminal
	program *tea.Program
	model   *root
	gate    *fakeGate
	client  *fakeClient
	archive *fakeArchive // what the client has kept
	clock   *fakeClock
	done    chan error    // what the program ended with
	over    chan struct{} // closed when it has ended
	marks   marks
}

// patience is how long the program may take for anything. A machine that has ten times more to do than it can takes its time.
const patience = 2 * time.Minute

// newStage starts the program. Prepare changes what it stands on.
func newStage(t testing.TB, width, height int, prepare func(s *stage, cfg *Config)) *stage {
	t.Helper()
	s := &stage{t: t, client: newFakeClient(), archive: &fakeArchive{}, clock: &fakeClock{now: noon, over: make(chan struct{})}, done: make(chan error, 1), over: make(chan struct{})}
	s.client.kept = s.archive.end
	s.marks.passed, s.marks.esc = make(chan mark, 64), make(chan struct{}, 1)
	s.gate = &fakeGate{
		client: s.client, archive: s.archive,
		info: rooms.ServerInfo{Address: "10.0.0.7:10106", Server: serverID, Community: community, Name: "lab", Register: true},
	}
	s.term = &terminal{screentest.New(width, height)}
	s.term.Driver = true
	cfg := Config{
		Output:  s.term,
		Address: "127.0.0.1:10106", Rooms: []string{"lobby"}, Gate: s.gate, Clock: s.clock.Now, Tick: s.clock.Tick, Zone: time.UTC,
		Host: Host{
			PublicAddress: func(context.Context, string) string { return "192.168.0.7:10106" },
			SecondSeat:    func(context.Context, Seat) error { return nil },
			Partner:       func(context.Context, Seat) error { return nil },
			StartServer:   func(context.Context) (string, error) { return "127.0.0.1:10106", nil },
			Mode:          func(context.Context, string) string { return "microVM" },
		},
		Options: []tea.ProgramOption{
			tea.WithInput(s.term), tea.WithFilter(s.filter), tea.WithWindowSize(width, height), tea.WithoutSignals(),
			tea.WithColorProfile(colorprofile.TrueColor),
			tea.WithEnvironment([]string{"TERM=xterm-256color", "COLORTERM=truecolor"}),
		},
	}
	if prepare != nil {
		prepare(s, &cfg)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan struct{})
	go func() {
		defer close(s.over)
		s.done <- runProgram(ctx, cfg, func(p *tea.Program, r *root) {
			s.program, s.model = p, r
			close(ready)
		})
	}()
	<-ready
	s.program.Send(tea.ModeReportMsg{Mode: ansi.ModeUnicodeCore, Value: ansi.ModeReset})
	t.Cleanup(func() {
		cancel()
		close(s.clock.over)
		select {
		case <-s.done:
		case <-time.After(patience):
			t.Error("the program did not end")
		}
	})
	return s
}

// wait waits until the screen holds all of what is expected.
func (s *stage) wait(all ...string) {
	s.t.Helper()
	s.shows("the screen to hold "+strings.Join(all, " and "), func(screen string) bool {
		for _, want := range all {
			if !strings.Contains(screen, want) {
				return false
			}
		}
		return true
	})
}

// gone waits until the screen no longer holds s.
func (s *stage) gone(what string) {
	s.t.Helper()
	s.shows("the screen to lose "+what, func(screen string) bool { return !strings.Contains(screen, what) })
}

// shows waits until the screen is as it should be. It is asked after each change of the screen.
func (s *stage) shows(what string, holds func(screen string) bool) {
	s.t.Helper()
	if !s.term.Await(patience, func() bool { return holds(s.term.Screen()) }) {
		s.t.Fatalf("waited for %s; the screen is\n%s", what, inWords(s.term.Screen()))
	}
}

// until waits until something holds that may be elsewhere than on the screen: there is no event for it.
func (s *stage) until(what string, holds func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for !s.term.Await(15*time.Millisecond, holds) {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited for %s; the screen is\n%s", what, inWords(s.term.Screen()))
		}
	}
}

// inWords is a screen without the placeholders of pictures, which nobody can read.
func inWords(screen string) string {
	return regexp.MustCompile("\U0010eeee\\p{M}*").ReplaceAllString(screen, "▦")
}

func (s *stage) type_(text string) { s.term.SendText(text) }

// press sends keys as a terminal does, behind what was typed before.
func (s *stage) press(keys ...string) {
	s.t.Helper()
	for _, k := range keys {
		if k == esc {
			s.pressEsc()
		} else {
			s.term.SendText(k)
		}
	}
}

// Keys as terminals send them.
const (
	enter = "\r"
	tab   = "\t"
	esc   = "\x1b"
	up    = "\x1b[A"
	down  = "\x1b[B"
	pgup  = "\x1b[5~"
	f1    = "\x1bOP"
	f2    = "\x1bOQ"
	f4    = "\x1bOS"
)

// happen lets events come from the client.
func (s *stage) happen(events ...rooms.Event) {
	for _, ev := range events {
		s.client.events <- ev
	}
}

// logIn goes through the form and comes to the lobby, alone.
func (s *stage) logIn() {
	s.t.Helper()
	s.logInTo("192.168.0.7:10106")
}

// logInTo is logIn for a server with another address to give away.
func (s *stage) logInTo(public string) {
	s.t.Helper()
	s.wait("Log in", "Create account")
	s.press(enter)
	s.wait("Password")
	s.type_("mina")
	s.press(tab)
	s.type_("secret words")
	s.press(enter)
	s.until("the session to open", func() bool {
		s.gate.mu.Lock()
		defer s.gate.mu.Unlock()
		return len(s.gate.opened) == 1
	})
	s.happen(rooms.Connecting{Attempt: 1}, rooms.Online{Server: s.gate.info, Me: s.client.me})
	s.wait("#lobby", public)
}

// company lets others be in the lobby.
func (s *stage) company(people ...rooms.Person) {
	s.joins(people...)
	s.happen(rooms.Live{Room: "lobby"})
}

// joins is company of which it is still to come what was said before.
func (s *stage) joins(people ...rooms.Person) {
	all := append([]rooms.Person{s.client.me}, people...)
	kept := s.archive.end("lobby")
	s.happen(rooms.Joined{Room: rooms.RoomInfo{Name: "lobby", Number: 1, Epoch: 1, Head: kept.Seq, Topic: "어디서나 커널에서"}, People: all, Kept: kept})
}

// inCompany is a stage in whose lobby joon is too.
func inCompany(t testing.TB) *stage {
	t.Helper()
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	return s
}

// endsBroken waits until the program has ended by a fault, with the terminal restored and the draft saved.
func (s *stage) endsBroken(draft string) *Fault {
	s.t.Helper()
	var err error
	select {
	case err = <-s.done:
		s.done <- err
	case <-time.After(patience):
		s.t.Fatal("the program goes on")
	}
	fault, ok := errors.AsType[*Fault](err)
	if !ok {
		s.t.Fatalf("ended with %v", err)
	}
	if got := s.archive.draft("lobby"); got != draft {
		s.t.Errorf("kept %q", got)
	}
	if !s.term.Wrote("\x1b[?1049l") {
		s.t.Error("the terminal is still on its other screen")
	}
	return fault
}

// golden compares the screen with the one that was looked at and kept.
func (s *stage) golden(name string) {
	s.t.Helper()
	shoot(s.t, s.term, name)
	path := filepath.Join("testdata", name+".screen")
	var got string
	if *update {
		s.steady()
		if err := os.WriteFile(path, []byte(s.term.Screen()), 0o644); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	same := func() bool {
		got = s.term.Screen()
		return got == string(want)
	}
	if !s.term.Await(patience, same) {
		s.t.Errorf("the screen is not %s; got\n%s\nwant\n%s", path, got, want)
	}
}

type teaCmd = tea.Cmd

func windowSize(width, height int) tea.Msg { return tea.WindowSizeMsg{Width: width, Height: height} }
