// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"strings"
	"testing"
)

func TestAnOperatorBansInARoom(t *testing.T) {
	p := newPerson(t)
	port := p.startServer(t)
	file := p.account(t, port, "mina")
	p.account(t, port, "jun")
	ended := make(chan string, 1)
	go func() {
		_, stderr, _ := p.run(t, "", "tail", "--server", "127.0.0.1:"+port, "--user", "mina", "--password-file", file, "--room", "lobby")
		ended <- stderr
	}()
	await(t, "mina in the lobby", func() bool {
		rooms := p.admin(t, port, "rooms")
		return len(rooms) == 1 && rooms[0]["room"] == "lobby" && rooms[0]["people"] == 1.0
	})
	if out := p.mustRun(t, "admin", "rooms", "--port", port); !strings.Contains(out, "passing") {
		t.Errorf("the kind is not told:\n%s", out)
	}
	next := p.watch(t, port)
	for _, wrong := range []struct {
		args []string
		says string
	}{
		{[]string{"ban", "cellar", "jun"}, "there is no room cellar"},
		{[]string{"ban", "lobby", "nobody"}, "no account named nobody"},
		{[]string{"mute", "lobby", "jun"}, "this account is not in lobby"},
		{[]string{"ban", "lobby"}, "accepts 2 arg"},
		{[]string{"ban", "lobby", "jun", "--for", "soon"}, "--for wants a time such as"},
		{[]string{"ban", "lobby", "jun", "--for", "0s"}, "--for wants a time such as"},
		{[]string{"ban", "lobby", "jun", "--for", "1h", "--off"}, "leave out --for"},
		{[]string{"ban", "lobby", "jun", "--reason", strings.Repeat("x", 257)}, "256 bytes at most"},
		{[]string{"bans", "cellar"}, "there is no room cellar"},
		{[]string{"unregister", "lobby"}, "lobby is not registered"},
	} {
		_, stderr, code := p.run(t, "", append(append([]string{"admin"}, wrong.args...), "--port", port)...)
		if code != 1 || !strings.Contains(stderr, wrong.says) {
			t.Errorf("%v: exit code %d, %q", wrong.args, code, stderr)
		}
	}
	if bans := p.admin(t, port, "bans"); len(bans) != 0 {
		t.Errorf("nobody is banned, but %v", bans)
	}
	// Somebody who is not there, and the owner, who hears why.
	if done := p.admin(t, port, "ban", "lobby", "jun", "--for", "7d"); done[0]["seconds"] != 7*86400.0 {
		t.Errorf("done: %v", done)
	}
	p.mustRun(t, "admin", "mute", "lobby", "mina", "--for", "1h", "--port", port)
	p.mustRun(t, "admin", "mute", "lobby", "mina", "--off", "--port", port)
	p.mustRun(t, "admin", "ban", "lobby", "Mina", "--reason", "enough", "--port", port)
	for _, action := range []string{"ban", "mute", "unmute", "ban"} {
		if e := next("rule"); e["action"] != action || e["room"] != "lobby" {
			t.Errorf("told of %v, not of %s", e, action)
		}
	}
	next("part")
	bans := p.admin(t, port, "bans", "lobby")
	if len(bans) != 2 || bans[0]["name"] != "jun" || bans[0]["banned_until"] == nil || bans[1]["name"] != "mina" || bans[1]["banned_until"] != nil {
		t.Errorf("bans: %v", bans)
	}
	if out := p.mustRun(t, "admin", "bans", "--port", port); !strings.Contains(out, "banned for good") || !strings.Contains(out, "banned until 2") {
		t.Errorf("for people:\n%s", out)
	}
	p.mustRun(t, "admin", "ban", "lobby", "jun", "--off", "--port", port)
	if bans := p.admin(t, port, "bans", "lobby"); len(bans) != 1 {
		t.Errorf("after one was lifted: %v", bans)
	}
	p.mustRun(t, "user", "del", "mina", "--port", port)
	t.Log("what she saw:", <-ended)
	if bans := p.admin(t, port, "bans", "lobby"); len(bans) != 0 {
		t.Errorf("of an account that is gone: %v", bans)
	}
}
