// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// screens are terminals in a tmux of their own. What is on them is read as a person would.
type screens struct {
	t *testing.T
	// does runs tmux with these arguments, and gives what it prints.
	does func(args ...string) (string, error)
	// every is how often one looks: in an emulated machine tmux costs more than on this one.
	every time.Duration
}

func newScreens(t *testing.T) *screens {
	t.Helper()
	socket := filepath.Join(newPerson(t).dir, "tmux")
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", socket, "kill-server").Run() })
	s := &screens{t: t, every: 50 * time.Millisecond, does: func(args ...string) (string, error) {
		cmd := exec.Command("tmux", append([]string{"-S", socket}, args...)...)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TERM=xterm-256color")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}}
	// While the last terminal closes and the next one opens, tmux is not to end.
	s.tmux("start-server", ";", "set-option", "-g", "exit-empty", "off")
	return s
}

func (s *screens) tmux(args ...string) string {
	s.t.Helper()
	out, err := s.does(append([]string{"-f", "/dev/null", "-u"}, args...)...)
	if err != nil {
		s.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return out
}

// screen is one terminal with the chat in it.
type screen struct {
	*screens
	name string
	pid  int
}

// open opens a terminal in which a person runs the program.
func (s *screens) open(p *person, name string, args ...string) *screen {
	s.t.Helper()
	return s.start(p, name, p.command(args...)...)
}

// start opens a terminal with any program in it.
func (s *screens) start(p *person, name string, program ...string) *screen {
	s.t.Helper()
	line := []string{"new-session", "-d", "-s", name, "-x", "100", "-y", "30"}
	for _, v := range p.env {
		if strings.HasPrefix(v, "XDG_") || strings.HasPrefix(v, "HOME=") {
			line = append(line, "-e", v)
		}
	}
	line = append(line, "-e", "LC_ALL=C.UTF-8")
	s.tmux(append(line, program...)...)
	pid, err := strconv.Atoi(strings.TrimSpace(s.tmux("list-panes", "-t", name, "-F", "#{pane_pid}")))
	if err != nil {
		s.t.Fatal(err)
	}
	return &screen{s, name, pid}
}

// create opens a terminal in which somebody makes an account in the form, and enters.
func (s *screens) create(p *person, name, address string) *screen {
	s.t.Helper()
	entered := s.open(p, name, "login", "--server", address)
	entered.shows("Log in", "Create account")
	entered.press("Down", "Enter")
	entered.shows("once more")
	entered.fill(name, "the words of "+name, "the words of "+name)
	entered.shows("#lobby", name+" you")
	return entered
}

// back opens a terminal in which somebody with an account logs in.
func (s *screens) back(p *person, name, terminal, address string) *screen {
	s.t.Helper()
	words := filepath.Join(p.dir, "words")
	if err := os.WriteFile(words, []byte("the words of "+name+"\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return s.open(p, terminal, "login", "--server", address, "--user", name, "--password-file", words)
}

// kill ends the program as nothing else does: it cannot say goodbye.
func (s *screen) kill() {
	s.t.Helper()
	if err := syscall.Kill(s.pid, syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
}

func (s *screen) text() string       { return s.tmux("capture-pane", "-p", "-t", s.name) }
func (s *screen) write(words string) { s.tmux("send-keys", "-t", s.name, "-l", words) }
func (s *screen) press(keys ...string) {
	s.tmux(append([]string{"send-keys", "-t", s.name}, keys...)...)
}

// fill writes into the fields of a form, one after the other, and submits it.
func (s *screen) fill(values ...string) {
	for i, value := range values {
		if i > 0 {
			s.press("Tab")
		}
		s.write(value)
	}
	s.press("Enter")
}

// say writes a line and sends it.
func (s *screen) say(words string) {
	s.write(words)
	s.shows(words)
	s.press("Enter")
}

// shows waits until all of it is on the screen.
func (s *screen) shows(all ...string) {
	s.t.Helper()
	s.until(fmt.Sprintf("%q", all), func(text string) bool {
		for _, want := range all {
			if !strings.Contains(text, want) {
				return false
			}
		}
		return true
	})
}

// hides waits until it is no longer on the screen.
func (s *screen) hides(words string) {
	s.t.Helper()
	s.until("the end of "+words, func(text string) bool { return !strings.Contains(text, words) })
}

func (s *screen) until(what string, holds func(text string) bool) {
	s.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for text := s.text(); !holds(text); text = s.text() {
		if time.Now().After(deadline) {
			s.t.Fatalf("%s waited for %s; the screen is\n%s", s.name, what, text)
		}
		time.Sleep(s.every)
	}
}

// picture writes a PNG with a sun in it.
func picture(t *testing.T) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 320, 200))
	for y := range 200 {
		for x := range 320 {
			c := color.RGBA{uint8(40 + y/2), uint8(60 + x/4), 120, 255}
			if dx, dy := x-160, y-100; dx*dx+dy*dy < 50*50 {
				c = color.RGBA{250, 210, 90, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	path := filepath.Join(t.TempDir(), "sun.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// Two people, two processes, one kernel: what the whole program is for.
func TestTwoPeopleChatThroughTheKernel(t *testing.T) {
	mina, joon := newPerson(t), newPerson(t)
	port := mina.startServer(t)
	terminals := newScreens(t)
	address := "127.0.0.1:" + port

	a := terminals.create(mina, "mina", address)
	a.shows("Only you are in #lobby", "kchat-tui login --server "+address)
	a.write("too early")
	a.press("Enter")
	a.shows("Your words are kept", "too early")

	b := terminals.create(joon, "joon", address)
	a.hides("Only you are in #lobby") // no key was pressed
	a.shows("joon", "2 here", "too early")
	a.press("Enter")
	b.shows("too early")
	a.shows("✓✓ 1/1")
	b.say("안녕하세요, 커널 안에서 만나요")
	a.shows("안녕하세요, 커널 안에서 만나요")
	b.write("still writing")
	a.shows("joon is typing")

	a.write("/send-image " + picture(t))
	a.press("Enter")
	a.shows("sun.png", "▀▀▀▀")
	b.shows("sun.png", "▀▀▀▀")

	a.say("/kernel")
	a.shows("The kernel", "cloud-amd64", "No process listens")
	a.press("F4")
	a.hides("No process listens")

	// One is killed: the other's composer closes, the people change, and no key is pressed.
	b.kill()
	a.shows("joon has lost the connection", "only you")

	// It comes back: the composer opens, and the draft and the talk are there again.
	b = terminals.back(joon, "joon", "joon-again", address)
	b.shows("still writing", "▀▀▀▀")
	a.hides("joon has lost the connection")
	a.shows("2 here")

	// After a restart of everything the history is there.
	for _, s := range []*screen{a, b} {
		s.press("C-c", "C-c")
	}
	mina.mustRun(t, "server", "stop", "--port", port)
	offline := terminals.open(mina, "offline", "login", "--server", address)
	offline.shows("No server found", "Read saved talk")
	offline.press("Up", "Enter")
	offline.shows("안녕하세요, 커널 안에서 만나요", "saved talk, no server")
	offline.press("C-c", "C-c")
	mina.mustRun(t, "server", "start", "--port", port)
	b = terminals.back(joon, "joon", "joon-later", address)
	b.shows("sun.png", "▀▀▀▀", "Only you are in #lobby")
	a = terminals.back(mina, "mina", "mina-later", address)
	b.hides("Only you are in #lobby")
	for _, s := range []*screen{a, b} {
		s.shows("안녕하세요, 커널 안에서 만나요", "sun.png", "▀▀▀▀", "2 here")
	}
	a.say("and all of it is still there")
	b.shows("and all of it is still there")
}

// One person at two screens is one person: alone with both, and there as long as one of them is.
func TestAPersonAtTwoScreensIsOnePerson(t *testing.T) {
	mina, joon, elsewhere := newPerson(t), newPerson(t), newPerson(t)
	address := "127.0.0.1:" + mina.startServer(t)
	terminals := newScreens(t)
	first := terminals.create(joon, "joon", address)
	second := terminals.back(elsewhere, "joon", "joon-elsewhere", address)
	for _, s := range []*screen{first, second} {
		s.shows("Only you are in #lobby", "joon you")
	}

	a := terminals.create(mina, "mina", address)
	a.shows("2 here")
	for _, s := range []*screen{first, second} {
		s.hides("Only you are in #lobby")
		s.shows("2 here")
	}
	a.say("to both of you")
	first.shows("to both of you")
	second.shows("to both of you")
	first.say("from one of us")
	a.shows("from one of us")
	second.shows("from one of us")

	first.kill()
	a.say("one of you is enough") // the composer is open
	second.shows("one of you is enough")
	a.shows("2 here", "✓✓ 1/1")

	second.kill()
	a.shows("joon has lost the connection", "only you")
	if strings.Contains(a.text(), "2 here") {
		t.Errorf("the people pane still counts two:\n%s", a.text())
	}
	terminals.back(elsewhere, "joon", "joon-again", address).shows("one of you is enough")
	a.hides("joon has lost the connection")
	a.shows("2 here")
}
