// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// listenNotify is the socket of a service manager (sd_notify(3)), and gives what it is told.
func (p *person) listenNotify(t *testing.T) (next func() string) {
	t.Helper()
	path := filepath.Join(p.dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	p.env = append(p.env, "NOTIFY_SOCKET="+path)
	return func() string {
		t.Helper()
		word := make([]byte, 256)
		n, err := conn.Read(word)
		if err != nil {
			t.Fatal(err)
		}
		return string(word[:n])
	}
}

func TestAServiceManagerHearsWhenTheServerAnswersAndEnds(t *testing.T) {
	p := newPerson(t)
	next := p.listenNotify(t)
	port := freePort(t)
	line := p.command("server", "run", "--port", port, "--json")
	cmd := exec.CommandContext(t.Context(), line[0], line[1:]...)
	var out, log strings.Builder
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, &out, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	if word := next(); word != "READY=1" {
		t.Fatalf("the service manager was told %q", word)
	}
	if s := p.status(t, port); s.PID != cmd.Process.Pid {
		t.Errorf("the server is process %d, and not the one in the foreground, %d", s.PID, cmd.Process.Pid)
	}
	if _, stderr, code := p.run(t, "", "server", "run", "--port", port); code == 0 || !strings.Contains(stderr, "running already") {
		t.Errorf("a second one: exit code %d, %q", code, stderr)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if word := next(); word != "STOPPING=1" {
		t.Errorf("the service manager was told %q", word)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the end: %v\n%s", err, &log)
	}
	if line := out.String(); !strings.HasPrefix(line, `{"type":"done","command":"server run",`) || strings.Count(line, "\n") != 1 {
		t.Errorf("standard output is %q", line)
	}
}
