// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kchat/server"
)

func (p *person) status(t *testing.T, port string) server.Status {
	t.Helper()
	out := p.mustRun(t, "server", "status", "--json", "--port", port)
	var s server.Status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	return s
}

// startServer starts a server that is stopped at the end of the test.
func (p *person) startServer(t *testing.T) (port string) {
	t.Helper()
	port = freePort(t)
	p.mustRun(t, "server", "start", "--port", port)
	t.Cleanup(func() { _, _, _ = p.run(t, "", "server", "stop", "--port", port) })
	return port
}

func TestAServerStartsTellsOfItselfAndStops(t *testing.T) {
	p := newPerson(t)
	port := p.startServer(t)
	s := p.status(t, port)
	if s.Mode != server.ModeVM || s.Generation == 0 || s.Kernel == "" || s.Module == "" || len(s.Addresses) != 1 ||
		s.Addresses[0] != "127.0.0.1:"+port {
		t.Errorf("status: %+v", s)
	}
	if out := p.mustRun(t, "server", "start", "--port", port); !strings.Contains(out, "running already") {
		t.Errorf("a second start says %q", out)
	}
	if out := p.mustRun(t, "server", "logs", "--kernel", "--port", port); !strings.Contains(out, "kchat") {
		t.Errorf("the kernel's log does not speak of kchat:\n%s", out)
	}
	elsewhere := freePort(t)
	for _, command := range []string{"status", "stop"} {
		_, stderr, code := p.run(t, "", "server", command, "--port", elsewhere)
		if code == 0 || !strings.Contains(stderr, "no server is running at port "+elsewhere+"; yours run at "+port+":") {
			t.Errorf("%s of a server that does not run: exit code %d, %q", command, code, stderr)
		}
	}
	p.mustRun(t, "server", "stop", "--port", port)
	if _, stderr, code := p.run(t, "", "server", "status", "--port", port); code == 0 ||
		!strings.Contains(stderr, "no server is running") || strings.Contains(stderr, "yours") {
		t.Errorf("after the stop: exit code %d, %q", code, stderr)
	}
	p.mustRun(t, "server", "start", "--port", port)
	again := p.status(t, port)
	if again.Server != s.Server || again.Community != s.Community || again.Generation <= s.Generation {
		t.Errorf("after a restart: %+v, before: %+v", again, s)
	}

	// Whose accounts, where the only server is not at the default port?
	if _, stderr, code := p.run(t, "", "user", "list"); code != exitUsage || !strings.Contains(stderr, "yours run at "+port) {
		t.Errorf("accounts of no server: exit code %d, %q", code, stderr)
	}

	// A restart is as the start was, but for what is said.
	for _, flags := range [][]string{{"--listen", "127.0.0.2"}, nil} {
		p.mustRun(t, append([]string{"server", "restart", "--port", port}, flags...)...)
		if now := p.status(t, port); now.Listen.String() != "127.0.0.2:"+port || now.Generation <= again.Generation {
			t.Errorf("restart %q: %+v", flags, now)
		}
	}
}

func TestAnAddressToListenAtHasNoPort(t *testing.T) {
	_, stderr, code := newPerson(t).run(t, "", "server", "start", "--listen", "127.0.0.1:10107")
	if code != exitUsage || !strings.Contains(stderr, "--port") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func TestAServerDoesNotHoldWhatItsStarterInherited(t *testing.T) {
	p := newPerson(t)
	port := freePort(t)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	start := exec.Command(os.Getenv(programEnv), "server", "start", "--port", port)
	start.Env, start.ExtraFiles = p.env, []*os.File{writer}
	if out, err := start.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { _, _, _ = p.run(t, "", "server", "stop", "--port", port) })
	_ = writer.Close()
	if err := reader.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the pipe is still open: %v", err)
	}
}

func TestAServerOutlivesTheTerminalItWasStartedFrom(t *testing.T) {
	p := newPerson(t)
	port := freePort(t)
	terminals := newScreens(t)
	start := strings.Join(p.command("server", "start", "--port", port), " ")
	starter := terminals.start(p, "starter", "sh", "-c", start+"; exec cat")
	starter.shows("is up in a microVM")
	t.Cleanup(func() { _, _, _ = p.run(t, "", "server", "stop", "--port", port) })
	before := p.status(t, port)
	terminals.tmux("kill-server")
	await(t, "the terminal's end", func() bool { return syscall.Kill(starter.pid, 0) != nil })
	if after := p.status(t, port); after.PID != before.PID || after.Generation != before.Generation {
		t.Errorf("after: %+v, before: %+v", after, before)
	}
}

func TestASecondUserOfTheHostIsToldToJoin(t *testing.T) {
	port := newPerson(t).startServer(t)
	second := newPerson(t)
	_, stderr, code := second.run(t, "", "server", "start", "--port", port)
	if code == 0 || !strings.Contains(stderr, "kchat-tui login --server 127.0.0.1:"+port) {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	if out := second.mustRun(t, "server", "start", "--join", "--port", port); !strings.Contains(out, "already") {
		t.Errorf("with --join: %q", out)
	}
}

func TestAPortOfAnotherProgramIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	go func() {
		for {
			conn, err := taken.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	_, stderr, code := newPerson(t).run(t, "", "server", "start", "--port", port)
	if code == 0 || !strings.Contains(stderr, "the port is taken") || !strings.Contains(stderr, "--port") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func TestAMissingQEMUIsNamed(t *testing.T) {
	p := newPerson(t)
	p.env = append(p.env, "PATH="+t.TempDir())
	_, stderr, code := p.run(t, "", "server", "start", "--port", freePort(t))
	if code == 0 || !strings.Contains(stderr, "qemu-system-x86") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func TestAccountsAreMadeListedChangedAndDeleted(t *testing.T) {
	p := newPerson(t)
	port := p.startServer(t)
	add := func(name string) (string, int) {
		_, stderr, code := p.run(t, "secret\n", "user", "add", name, "--password-file", "-", "--port", port)
		return stderr, code
	}
	if stderr, code := add("Mina"); code != 0 {
		t.Fatal(stderr)
	}
	if got := p.status(t, port).Counters["accounts"]; got != 1 {
		t.Errorf("the kernel knows %d accounts", got)
	}
	if stderr, code := add("mina"); code == 0 || !strings.Contains(stderr, "taken") {
		t.Errorf("the same name again: %d, %q", code, stderr)
	}
	if out := p.mustRun(t, "user", "list", "--port", port); !strings.Contains(out, "Mina") {
		t.Errorf("list: %q", out)
	}
	if _, stderr, code := p.run(t, "other\n", "user", "passwd", "MINA", "--password-file", "-", "--port", port); code != 0 {
		t.Error(stderr)
	}
	if code := p.mustRun(t, "user", "invite", "--port", port); len(strings.TrimSpace(code)) != 19 {
		t.Errorf("invite code %q", code)
	}
	p.mustRun(t, "user", "del", "mina", "--port", port)
	if got := p.status(t, port).Counters["accounts"]; got != 0 {
		t.Errorf("after the deletion the kernel knows %d accounts", got)
	}
}

func TestANewPasswordFromTheAdministratorEndsTheSessions(t *testing.T) {
	p := newPerson(t)
	port := p.startServer(t)
	file := filepath.Join(p.dir, "password")
	if err := os.WriteFile(file, []byte("stolen\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.mustRun(t, "user", "add", "mina", "--password-file", file, "--port", port)
	code := make(chan int)
	go func() {
		_, _, ended := p.run(t, "", "tail", "--server", "127.0.0.1:"+port, "--user", "mina", "--password-file", file, "--room", "lobby")
		code <- ended
	}()
	await(t, "the login", func() bool { return p.status(t, port).People == 1 })
	if _, stderr, code := p.run(t, "new\n", "user", "passwd", "mina", "--password-file", "-", "--port", port); code != 0 {
		t.Fatal(stderr)
	}
	if got := <-code; got != 4 {
		t.Errorf("tail ended with %d, not as after a refused login", got)
	}
}

func TestAServerWhoseMachineDiesComesBack(t *testing.T) {
	p := newPerson(t)
	port := p.startServer(t)
	before := p.status(t, port)
	kill(t, childOf(t, before.PID))
	var after server.Status
	await(t, "the restart", func() bool {
		out, _, code := p.run(t, "", "server", "status", "--json", "--port", port)
		return code == 0 && json.Unmarshal([]byte(out), &after) == nil && after.Restarts == 1
	})
	if after.PID != before.PID || after.Generation <= before.Generation || after.Server != before.Server {
		t.Errorf("after: %+v, before: %+v", after, before)
	}
}

func TestAServerWhoseProcessDiesLeavesNothingAndStartsAgain(t *testing.T) {
	p := newPerson(t)
	port := p.startServer(t)
	before := p.status(t, port)
	machine := childOf(t, before.PID)
	kill(t, before.PID)
	await(t, "the machine's end", func() bool { return syscall.Kill(machine, 0) != nil })
	p.mustRun(t, "server", "start", "--port", port)
	if after := p.status(t, port); after.Server != before.Server || after.Generation <= before.Generation {
		t.Errorf("after: %+v, before: %+v", after, before)
	}
}

func TestABrokenAccountsFileIsSetAsideAndNamed(t *testing.T) {
	p := newPerson(t)
	port := freePort(t)
	p.mustRun(t, "user", "list", "--port", port)
	file := filepath.Join(p.dir, "data", "kchat", "server-"+port, "accounts.json")
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := p.run(t, "", "server", "start", "--port", port)
	if code == 0 || !strings.Contains(stderr, file+".corrupt-") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// childOf is the one child of a process: of a server's, QEMU.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	tasks, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			continue // a thread that ended since
		}
		if child, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			return child
		}
	}
	t.Fatalf("process %d has no child", pid)
	return 0
}

// await asks again and again until it is so, since a process's end and a restart announce themselves to nobody else.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %s in vain", what)
		}
	}
}
