// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// objects reads one JSON object a line.
func objects(t *testing.T, text string) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, one)
	}
	return all
}

// counters are those that "admin stats" prints.
func counters(lines []map[string]any) map[string]any {
	all, _ := lines[0]["counters"].(map[string]any)
	return all
}

// admin gives an order that is answered with JSON lines.
func (p *person) admin(t *testing.T, port string, args ...string) []map[string]any {
	t.Helper()
	return objects(t, p.mustRun(t, append([]string{"admin", "--json", "--port", port}, args...)...))
}

// watch starts "admin watch"; next gives the next event of a kind.
func (p *person) watch(t *testing.T, port string) (next func(kind string) map[string]any) {
	t.Helper()
	cmd := exec.Command(os.Getenv(programEnv), "admin", "watch", "--json", "--port", port)
	cmd.Env, cmd.Stderr = p.env, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, read := make(chan string, 1000), make(chan struct{})
	go func() {
		defer close(read)
		for in := bufio.NewScanner(out); in.Scan(); {
			lines <- in.Text()
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		<-read
		if err := cmd.Wait(); err != nil {
			t.Errorf("watch, interrupted: %v", err)
		}
	})
	return func(kind string) map[string]any {
		t.Helper()
		late := time.After(time.Minute)
		for {
			select {
			case line := <-lines:
				if e := objects(t, line)[0]; e["event"] == kind {
					return e
				}
			case <-late:
				t.Fatalf("not told: %s", kind)
			}
		}
	}
}

func TestAnOperatorSeesAndOrders(t *testing.T) {
	p := newPerson(t)
	port := p.startServer(t)
	file := p.account(t, port, "mina")
	next := p.watch(t, port)
	ended := make(chan int, 1)
	comes := func() {
		go func() {
			_, _, code := p.run(t, "", "tail", "--server", "127.0.0.1:"+port, "--user", "mina", "--password-file", file, "--room", "lobby")
			ended <- code
		}()
	}
	comes()
	// The watcher may have begun after the login; nobody has to hurry, since she is there until she is removed.
	await(t, "mina in the lobby", func() bool {
		rooms := p.admin(t, port, "rooms")
		return len(rooms) == 1 && rooms[0]["room"] == "lobby" && rooms[0]["people"] == 1.0
	})
	sessions := p.admin(t, port, "sessions")
	if len(sessions) != 1 || sessions[0]["name"] != "mina" || !strings.HasPrefix(sessions[0]["peer"].(string), "127.0.0.1:") ||
		sessions[0]["rooms"] != 1.0 || sessions[0]["bytes_in"] == 0.0 {
		t.Errorf("sessions: %v", sessions)
	}
	if out := p.mustRun(t, "admin", "sessions", "--port", port); !strings.Contains(out, "mina") || !strings.Contains(out, "present") {
		t.Errorf("for people: %s", out)
	}

	if set := p.admin(t, port, "set", "rooms", "7"); set[0]["value"] != 7.0 {
		t.Errorf("set: %v", set)
	}
	if limit := p.admin(t, port, "set", "rooms"); len(limit) != 1 || limit[0]["value"] != 7.0 || limit[0]["min"] != 1.0 {
		t.Errorf("the limit: %v", limit)
	}
	if all := p.admin(t, port, "set"); len(all) < 30 {
		t.Errorf("%d limits are listed", len(all))
	}
	if stats := p.admin(t, port, "stats"); counters(stats)["logins"] != 1.0 || counters(stats)["rooms"] != 1.0 {
		t.Errorf("stats: %v", stats)
	}

	p.mustRun(t, "admin", "kick", "Mina", "--port", port)
	if kick := next("kick"); kick["name"] != "mina" {
		t.Errorf("told of %v", kick)
	}
	next("logout")
	// She may come again, which her client does by itself.
	if login := next("login"); login["name"] != "mina" || !strings.HasPrefix(login["peer"].(string), "127.0.0.1:") {
		t.Errorf("told of %v", login)
	}
	next("join")
	session := strconv.FormatFloat(p.admin(t, port, "sessions")[0]["session"].(float64), 'f', 0, 64)
	p.mustRun(t, "admin", "kick", "--session", session, "--port", port)
	next("kick")

	for _, wrong := range []struct {
		args []string
		says string
	}{
		{[]string{"kick", "nobody"}, "no account named nobody"},
		{[]string{"kick", "--session", "1"}, "no session 1"},
		{[]string{"kick"}, "say whom"},
		{[]string{"set", "nonsense"}, "no limit named"},
		{[]string{"set", "nonsense", "1"}, "no limit named"},
		{[]string{"set", "rooms", "0"}, "rooms can be from 1 to 1000000, not 0"},
		{[]string{"set", "rooms", "many"}, "whole number"},
	} {
		_, stderr, code := p.run(t, "", append(append([]string{"admin"}, wrong.args...), "--port", port)...)
		if code != 1 || !strings.Contains(stderr, wrong.says) {
			t.Errorf("%v: exit code %d, %q", wrong.args, code, stderr)
		}
	}
	p.mustRun(t, "user", "del", "mina", "--port", port)
	<-ended
	_, stderr, code := p.run(t, "", "admin", "rooms", "--port", freePort(t))
	if code != 1 || !strings.Contains(stderr, "no server is running") {
		t.Errorf("without a server: exit code %d, %q", code, stderr)
	}
}
