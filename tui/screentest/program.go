// SPDX-License-Identifier: GPL-2.0-only

package screentest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// Patience is how long a screen may take to come to show something. A loaded machine takes its time.
const Patience = 2 * time.Minute

// lone is how long nothing follows an Escape that is a key of its own: programs tell it from the beginning of
// another key by that.
const lone = 150 * time.Millisecond

// Program is a program that runs in a Terminal. Its methods fail the test that it was started for.
type Program struct {
	*Terminal
	Name string // what the test calls it

	t      testing.TB
	cmd    *exec.Cmd
	pty    *os.File
	drawn  chan struct{} // closed when all that it wrote is on the screen
	ended  chan struct{} // closed when it has ended
	err    error         // how it ended; read after ended
	silent time.Time     // until then no key is sent
}

// Start runs a program in a terminal of so many cells. It is killed with the test, if it has not ended by then.
func Start(t testing.TB, name string, cmd *exec.Cmd, width, height int, answers map[string]string) *Program {
	t.Helper()
	p := &Program{Terminal: New(width, height), Name: name, t: t, cmd: cmd, drawn: make(chan struct{}), ended: make(chan struct{})}
	p.Answers = answers
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: uint16(height), Cols: uint16(width)})
	if err != nil {
		t.Fatalf("start %s in a terminal: %v", name, err)
	}
	p.pty = master
	go func() {
		defer close(p.drawn)
		_, _ = io.Copy(p.Terminal, master) // EIO when the last program has closed its side
	}()
	go func() { _, _ = io.Copy(master, p.Emulator) }() // ends with the terminal
	go func() {
		defer close(p.ended)
		p.err = cmd.Wait()
	}()
	t.Cleanup(p.Kill)
	return p
}

// Kill ends the program as nothing else does, and waits for it. A program that has ended stays so.
func (p *Program) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
	p.HangUp()
	<-p.drawn
}

// HangUp closes the terminal, as its window does when it is closed.
func (p *Program) HangUp() {
	p.end()
	_ = p.pty.Close() // it may be closed
}

// Signal sends it a signal.
func (p *Program) Signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("%s: send it %v: %v", p.Name, s, err)
	}
}

// Pid is the number of its process.
func (p *Program) Pid() int { return p.cmd.Process.Pid }

// Ends waits until it has ended, and gives its exit code (-1: by a signal).
func (p *Program) Ends() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(Patience):
		p.t.Fatalf("%s goes on; the screen is\n%s", p.Name, readable(p.Screen()))
	}
	return p.cmd.ProcessState.ExitCode()
}

// Shows waits until all of it is on the screen at the same time.
func (p *Program) Shows(all ...string) {
	p.t.Helper()
	p.Until(fmt.Sprintf("%q", all), func(screen string) bool {
		for _, want := range all {
			if !strings.Contains(screen, want) {
				return false
			}
		}
		return true
	})
}

// ShowsNot waits until none of it is on the screen.
func (p *Program) ShowsNot(any ...string) {
	p.t.Helper()
	p.Until(fmt.Sprintf("the end of %q", any), func(screen string) bool {
		for _, unwanted := range any {
			if strings.Contains(screen, unwanted) {
				return false
			}
		}
		return true
	})
}

// Until waits until the screen is as it should be.
func (p *Program) Until(what string, holds func(screen string) bool) {
	p.t.Helper()
	if !p.Await(Patience, func() bool { return holds(p.Screen()) }) {
		p.t.Fatalf("%s waited for %s; the screen is\n%s", p.Name, what, readable(p.Screen()))
	}
}

// Writes waits until an escape sequence, or whatever it is, was written to the terminal.
func (p *Program) Writes(s string) {
	p.t.Helper()
	if !p.Await(Patience, func() bool { return p.Wrote(s) }) {
		p.t.Fatalf("%s never wrote %q; the screen is\n%s", p.Name, s, readable(p.Screen()))
	}
}

// readable is a screen without the placeholders of pictures.
func readable(screen string) string {
	return regexp.MustCompile("\U0010eeee\\p{M}*").ReplaceAllString(screen, "▦")
}
