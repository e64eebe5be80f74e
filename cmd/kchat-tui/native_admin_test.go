// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestAnOperatorOfTheRunningKernel: what "admin" shows and does is the same where the module is in the machine's own
// kernel, and no host stands between.
func TestAnOperatorOfTheRunningKernel(t *testing.T) {
	n := newNative(t, nil)
	refused := func(says string, args ...string) {
		t.Helper()
		if out, code := n.run(append([]string{"admin"}, args...)...); code != 1 || !strings.Contains(out, says) {
			t.Errorf("admin %v: exit code %d, %q; want %q", args, code, out, says)
		}
	}
	admin := func(args ...string) []map[string]any {
		t.Helper()
		return objects(t, n.must(append([]string{"admin", "--json"}, args...)...))
	}
	refused("no server is running", "rooms")
	n.serve()
	n.must("user", "add", "mina", "--password-file", "/proc/version")
	told := n.follows("admin", "watch", "--json")
	next := func(kind string) map[string]any {
		t.Helper()
		late := time.After(time.Minute)
		for {
			select {
			case line := <-told:
				if e := objects(t, line)[0]; e["event"] == kind {
					return e
				}
			case <-late:
				t.Fatalf("not told: %s", kind)
			}
		}
	}
	n.follows("tail", "--server", "127.0.0.1:10106", "--user", "mina", "--password-file", "/proc/version", "--room", "lobby")
	await(t, "mina in the lobby", func() bool {
		rooms := admin("rooms")
		return len(rooms) == 1 && rooms[0]["room"] == "lobby" && rooms[0]["people"] == 1.0
	})
	sessions := admin("sessions")
	if len(sessions) != 1 || sessions[0]["name"] != "mina" || !strings.HasPrefix(sessions[0]["peer"].(string), "127.0.0.1:") ||
		sessions[0]["rooms"] != 1.0 {
		t.Errorf("sessions: %v", sessions)
	}
	if out := n.must("admin", "sessions"); !strings.Contains(out, "mina") || !strings.Contains(out, "present") {
		t.Errorf("for people: %s", out)
	}
	if stats := admin("stats"); counters(stats)["logins"] != 1.0 || counters(stats)["rooms"] != 1.0 {
		t.Errorf("stats: %v", stats)
	}

	// A limit below what is in use throws nobody out, and holds for what comes next.
	if set := admin("set", "rooms", "1"); set[0]["value"] != 1.0 {
		t.Errorf("set: %v", set)
	}
	if limit := admin("set", "rooms"); len(limit) != 1 || limit[0]["value"] != 1.0 || limit[0]["min"] != 1.0 {
		t.Errorf("the limit: %v", limit)
	}
	if out, code := n.run("send", "--server", "127.0.0.1:10106", "--user", "mina", "--password-file", "/proc/version",
		"--room", "another", "hello"); code == 0 {
		t.Errorf("a room too many: %s", out)
	}
	if limit := next("limit"); limit["limit"] != "rooms" || limit["value"] != 1.0 {
		t.Errorf("told of %v", limit)
	}
	refused("rooms can be from 1 to 1000000, not 0", "set", "rooms", "0")
	refused("no limit named", "set", "nonsense", "1")

	// Who is ended comes again by itself.
	n.must("admin", "kick", "Mina")
	next("kick")
	if login := next("login"); login["name"] != "mina" {
		t.Errorf("told of %v", login)
	}
	next("join")
	session := strconv.FormatFloat(admin("sessions")[0]["session"].(float64), 'f', 0, 64)
	n.must("admin", "kick", "--session", session)
	next("kick")
	refused("no session 1", "kick", "--session", "1")
	refused("no account named nobody", "kick", "nobody")

	// With the server the watch ends.
	n.must("server", "stop")
	late := time.After(time.Minute)
	for {
		select {
		case _, more := <-told:
			if !more {
				return
			}
		case <-late:
			t.Fatal("the watch goes on without a server")
		}
	}
}
