// SPDX-License-Identifier: GPL-2.0-only

// Package e2e tests the chat as people use it: keys and the mouse go into the real program in a terminal, its server is
// the real module in a microVM, and what is asserted is what stands on the screen.
//
// A test starts people by name. All of a test begin in a room of that test's own, so that no test sees another's talk:
//
//	anna, ben := people.Start(t, "anna"), people.Start(t, "ben")
//	anna.Shows("2 here")
//	anna.Say("hello")
//	ben.Shows("hello")
package e2e

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"kchat/server/vmtest"
	"kchat/tui/screentest"
)

// people are those who chat in the tests of this package, on one server.
var people crowd

func TestMain(m *testing.M) { os.Exit(people.run(m)) }

// crowd is the server, the program, and the accounts that were made.
type crowd struct {
	vmtest.Shared
	program string // its path

	mu    sync.Mutex
	known map[string]bool   // who has an account
	rooms map[string]string // the rooms of the tests
}

// run builds the program, once, and runs the tests.
func (c *crowd) run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "kchat-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	c.program = filepath.Join(dir, "kchat-tui")
	build := exec.Command("go", "build", "-o", c.program, "kchat/cmd/kchat-tui")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "FAIL: build the program: %v\n%s", err, out)
		return 1
	}
	c.known, c.rooms = map[string]bool{}, map[string]string{}
	return c.Run(m)
}

// person is somebody at a terminal with the chat on it.
type person struct {
	*screentest.Program
	Dir  string // their folders: config, data, state, run, downloads
	Room string // where they began

	t     testing.TB
	setup setup
}

// setup is how somebody comes to the chat.
type setup struct {
	room          string
	width, height int
	env           []string
	settings      string
	args          []string
	answers       map[string]string
	dir           string
	address       string // else the server's own
}

// option changes how somebody comes to the chat.
type option func(*setup)

// sized is the size of the terminal, instead of 100 columns and 30 rows.
func sized(width, height int) option { return func(s *setup) { s.width, s.height = width, height } }

// withEnv adds variables, as NAME=VALUE.
func withEnv(variables ...string) option {
	return func(s *setup) { s.env = append(s.env, variables...) }
}

// withSettings adds lines to config.toml.
func withSettings(lines ...string) option {
	return func(s *setup) { s.settings += strings.Join(lines, "\n") + "\n" }
}

// withArgs adds arguments to "kchat-tui login".
func withArgs(args ...string) option { return func(s *setup) { s.args = append(s.args, args...) } }

// answering has the terminal answer what it is asked: another terminal than xterm.
func answering(answers map[string]string) option { return func(s *setup) { s.answers = answers } }

// sharing gives somebody the folders of another one, as a second window of the same user has them.
func sharing(p *person) option { return func(s *setup) { s.dir = p.Dir } }

// through leads somebody to the server by a cable.
func through(c *cable) option { return func(s *setup) { s.address = c.address() } }

// Start lets somebody come to the chat, and returns when they are in the room.
func (c *crowd) Start(t testing.TB, name string, options ...option) *person {
	t.Helper()
	s := setup{room: c.roomOf(t), width: 100, height: 30}
	for _, o := range options {
		o(&s)
	}
	server := c.Server(t)
	c.enrol(t, server, name)
	if s.dir == "" {
		s.dir = folder(t)
	}
	config := filepath.Join(s.dir, "config", "kchat")
	words := filepath.Join(s.dir, "words-"+name)
	settings := fmt.Sprintf("server = %q\nuser = %q\npassword_file = %q\n%s", cmp.Or(s.address, server.Addr), name, words, s.settings)
	if err := os.MkdirAll(config, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{words: password(name) + "\n", filepath.Join(config, "config.toml"): settings} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := &person{Dir: s.dir, Room: s.room, t: t, setup: s}
	p.open(c.program, name)
	return p
}

// open starts the program in a new terminal.
func (p *person) open(program, name string) {
	p.t.Helper()
	cmd := exec.Command(program, append([]string{"login", "--room", p.Room}, p.setup.args...)...)
	cmd.Dir, cmd.Env = p.Dir, append(p.environment(), p.setup.env...)
	p.Program = screentest.Start(p.t, name, cmd, p.setup.width, p.setup.height, p.setup.answers)
	p.Until("the room to open", func(screen string) bool {
		return strings.Contains(screen, "#"+p.Room) && (p.setup.width < 60 || headed.MatchString(screen))
	})
}

// headed finds who is there in the head of a room, in each language.
var headed = regexp.MustCompile(`only you|\d+ here|혼자|\d+명`)

// Again opens the chat once more, with all that was kept, after it has ended.
func (p *person) Again() {
	p.t.Helper()
	p.Ends()
	p.open(people.program, p.Name)
}

// environment is that of a desktop's terminal with nothing else in it.
func (p *person) environment() []string {
	at := func(name string) string { return filepath.Join(p.Dir, name) }
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + p.Dir, "TMPDIR=" + cmp.Or(os.Getenv("TMPDIR"), "/tmp"),
		"XDG_DATA_HOME=" + at("data"), "XDG_STATE_HOME=" + at("state"), "XDG_RUNTIME_DIR=" + at("run"),
		"XDG_CONFIG_HOME=" + at("config"), "XDG_CACHE_HOME=" + at("cache"), "XDG_DOWNLOAD_DIR=" + at("downloads"),
		"TERM=xterm-256color", "COLORTERM=truecolor", "LC_ALL=C.UTF-8", "TZ=UTC",
	}
}

// does runs a command of the program to its end, and gives what it prints.
func (p *person) does(args ...string) string {
	p.t.Helper()
	cmd := exec.Command(people.program, args...)
	cmd.Env = p.environment()
	out, err := cmd.Output()
	if err != nil {
		var said []byte
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			said = exit.Stderr
		}
		p.t.Fatalf("kchat-tui %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return string(out)
}

// Key presses keys by name. Esc is what terminals send for it that tell it from the beginning of another key: of a bare one
// only the time tells that nothing follows.
func (p *person) Key(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		if key == "esc" {
			p.Type("\x1b[27u")
		} else {
			p.Program.Key(key)
		}
	}
}

// Say types a line and sends it.
func (p *person) Say(text string) {
	p.t.Helper()
	p.Type(text)
	p.Until("the composer to hold "+text, func(screen string) bool { return strings.Contains(screen, lastWord(text)) })
	p.Key("enter")
}

// lastWord is what is looked for in the composer, where a long line is wrapped.
func lastWord(text string) string {
	words := strings.Fields(text)
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// Quit leaves the chat as its help says.
func (p *person) Quit() {
	p.t.Helper()
	p.Key("ctrl+c", "ctrl+c")
	if code := p.Ends(); code != 0 {
		p.t.Fatalf("%s: exit code %d; the screen is\n%s", p.Name, code, p.Screen())
	}
}

// enrol makes somebody's account, if there is none yet.
func (c *crowd) enrol(t testing.TB, server *vmtest.Server, name string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known[name] {
		server.AddUser(t, name, password(name))
		c.known[name] = true
	}
}

// roomOf is the room of a test.
func (c *crowd) roomOf(t testing.TB) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rooms[t.Name()] == "" {
		c.rooms[t.Name()] = fmt.Sprintf("room%d", len(c.rooms)+1)
	}
	return c.rooms[t.Name()]
}

func password(name string) string { return "the words of " + name }

// folder is a new folder with a short name, as sockets need it.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kchat-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
