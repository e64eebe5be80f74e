// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// liner is somebody in a chat in lines, which is typed into and read through pipes.
type liner struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string
	read  []string
}

// plainly opens the chat in lines.
func (p *person) plainly(t *testing.T, term string, args ...string) *liner {
	t.Helper()
	k := &liner{t: t, cmd: exec.Command(os.Getenv(programEnv), append([]string{"login"}, args...)...), lines: make(chan string, 1000)}
	k.cmd.Env, k.cmd.Stderr = append(p.env, "TERM="+term), os.Stderr
	var err error
	if k.in, err = k.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := k.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := k.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(k.lines)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			k.lines <- lines.Text()
		}
	}()
	t.Cleanup(func() { _ = k.cmd.Process.Kill() })
	return k
}

func (k *liner) types(line string) {
	k.t.Helper()
	if _, err := io.WriteString(k.in, line+"\n"); err != nil {
		k.t.Fatal(err)
	}
}

// hears reads on to a line with these words, and returns it.
func (k *liner) hears(words string) string {
	k.t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case line, more := <-k.lines:
			if !more {
				k.t.Fatalf("the chat ended before %q; it said\n%s", words, strings.Join(k.read, "\n"))
			}
			k.read = append(k.read, line)
			if strings.ContainsRune(line, '\x1b') {
				k.t.Errorf("an escape sequence: %q", line)
			}
			if strings.Contains(line, words) {
				return line
			}
		case <-late:
			k.t.Fatalf("no %q; it said\n%s", words, strings.Join(k.read, "\n"))
		}
	}
}

// leaves quits and waits for the end.
func (k *liner) leaves() {
	k.t.Helper()
	k.types("/quit")
	for line := range k.lines {
		k.read = append(k.read, line)
	}
	if err := k.cmd.Wait(); err != nil {
		k.t.Errorf("/quit: %v", err)
	}
}

// talkInLines is a talk of two people who have no screen, one by choice and one by the terminal, in a room of the server.
func talkInLines(t *testing.T, anna, bob *person, address, annaPassword, bobPassword string) {
	who := func(name, password string, more ...string) []string {
		return append([]string{"--server", address, "--user", name, "--password-file", password, "--room", "lines"}, more...)
	}
	a := anna.plainly(t, "xterm-256color", who("anna", annaPassword, "--plain")...)
	a.hears("as Anna.")
	a.hears("Nobody else is in #lines")
	a.types("is anybody here?")
	a.hears("Not sent: nobody else is in #lines.")

	b := bob.plainly(t, "dumb", who("bob", bobPassword)...)
	b.hears("TERM=dumb")
	b.hears("In #lines: Anna.")
	a.hears("Bob came in.")
	a.types("/resend")
	a.hears("Sent: is anybody here?")
	if line := b.hears("Anna: is anybody here?"); len(line) < 6 || line[2] != ':' || line[5] != ' ' {
		t.Errorf("a message is the line %q", line)
	}
	b.types("yes, 나 여기")
	a.hears("Bob: yes, 나 여기")
	b.types("/me waves")
	a.hears("* Bob waves")
	b.types("/away")
	b.hears("You are away now.")
	a.hears("Bob is away.")
	a.types("/here")
	a.hears("In #lines: Bob (away).")
	a.types("/history 2")
	a.hears("Bob: yes")
	a.hears("* Bob waves")
	a.types("/join attic")
	a.hears("Nobody else is in #attic")
	b.types("still here")
	a.hears("#lines")
	b.leaves()
	a.hears("Bob left.")
	a.leaves()
}
