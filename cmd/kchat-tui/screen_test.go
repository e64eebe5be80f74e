// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kchat/tui"
)

// faultEnv names a file. The test program that is started with it is the chat, which panics once the file is there.
const faultEnv = "KCHAT_TEST_FAULT"

// faultyLogin is the login command with a fault in it.
func faultyLogin(trigger string) error {
	o := &loginOptions{change: func(cfg *tui.Config) {
		cfg.Clock = func() time.Time {
			if _, err := os.Stat(trigger); err == nil {
				panic("a fault, on purpose")
			}
			return time.Now()
		}
	}}
	return o.run(context.Background())
}

// configure writes the settings that login takes as every other command does.
func (p *person) configure(t *testing.T, address, user, passwordFile string) {
	t.Helper()
	dir := filepath.Join(p.dir, "config", "kchat")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	words := "server = \"" + address + "\"\nuser = \"" + user + "\"\npassword_file = \"" + passwordFile + "\"\n"
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(words), 0o600); err != nil {
		t.Fatal(err)
	}
}

// keeps says whether words are in the history on the disk.
func (p *person) keeps(t *testing.T, words string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, "data", "kchat", "*", "history.db*"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(name string) bool {
		data, err := os.ReadFile(name)
		return err == nil && bytes.Contains(data, []byte(words))
	})
}

// What was typed survives whatever ends the program. What the program stands on is the same as when it is shipped;
// only the clock of one of them has a fault.
func TestTheDraftOutlivesTheProgram(t *testing.T) {
	mina := newPerson(t)
	port := mina.startServer(t)
	words := mina.account(t, port, "mina")
	mina.configure(t, "127.0.0.1:"+port, "mina", words)
	terminals := newScreens(t)

	// Killed, once the draft is saved: docs/history.md promises that for within a second.
	s := terminals.open(mina, "killed", "login")
	s.shows("Only you are in #lobby")
	s.write("half a thought, 반쯤")
	await(t, "the draft on the disk", func() bool { return mina.keeps(t, "half a thought, 반쯤") })
	if err := syscall.Kill(s.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}

	// Panicked: the terminal is as it was, and the log is named.
	test, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	trigger := filepath.Join(mina.dir, "fault")
	s = terminals.start(mina, "panicked", "env", faultEnv+"="+trigger, "sh", "-c",
		"'"+test+"'; echo it ended with $?; stty -a; exec sleep 600")
	s.shows("› half a thought, 반쯤")
	s.write(" and the rest")
	s.shows("half a thought, 반쯤 and the rest")
	if err := os.WriteFile(trigger, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(mina.dir, "state", "kchat", "kchat-tui.log")
	s.shows("a fault in the program: a fault, on purpose", "kchat-tui.log", "what was not sent is kept", "it ended with 1", " icanon ", " echo ")
	if shown := strings.ReplaceAll(s.text(), "\n", ""); !strings.Contains(shown, log) {
		t.Errorf("the log is not named:\n%s", s.text())
	}
	modes := strings.TrimSpace(s.tmux("display-message", "-p", "-t", s.name, "#{alternate_on}#{mouse_any_flag}#{cursor_flag}"))
	if modes != "001" {
		t.Errorf("alternate screen, mouse, cursor are %s", modes)
	}
	logged, err := os.ReadFile(log)
	if err != nil || !strings.Contains(string(logged), "a fault, on purpose") || !strings.Contains(string(logged), "faultyLogin") {
		t.Errorf("the log does not say where: %v\n%s", err, logged)
	}
	terminals.open(mina, "again", "login").shows("› half a thought, 반쯤 and the rest")
}

func TestAnotherServerAtAKnownAddress(t *testing.T) {
	mina, host, other := newPerson(t), newPerson(t), newPerson(t)
	port := host.startServer(t)
	words := host.account(t, port, "mina")
	mina.configure(t, "127.0.0.1:"+port, "mina", words)
	was := host.status(t, port).Server.String()
	terminals := newScreens(t)
	s := terminals.open(mina, "first", "login")
	s.shows("Only you are in #lobby")
	s.press("C-c", "C-c")
	host.mustRun(t, "server", "stop", "--port", port)

	// Another server, which has an account of that name and password too.
	other.mustRun(t, "server", "start", "--port", port)
	t.Cleanup(func() { _, _, _ = other.run(t, "", "server", "stop", "--port", port) })
	words = other.account(t, port, "mina")
	mina.configure(t, "127.0.0.1:"+port, "mina", words)
	now := other.status(t, port).Server.String()
	_, stderr, code := mina.run(t, "", "send", "--room", "lobby", "hello?")
	if code != exitOther || !strings.Contains(stderr, "server") {
		t.Errorf("send: exit code %d, %q", code, stderr)
	}
	s = terminals.open(mina, "second", "login")
	s.shows("This is another server", was[:8], now[:8], "Trust the new server", "Go to another address")
	if people := other.status(t, port).People; people != 0 {
		t.Errorf("%d people are on a server that nobody trusts", people)
	}
	s.press("Down", "Enter")
	s.shows("Only you are in #lobby")
	s.press("C-c", "C-c")
	terminals.open(mina, "third", "login").shows("Only you are in #lobby") // it is remembered
}
