// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// discovers runs discover and returns what it found, by address.
func (p *person) discovers(t *testing.T, args ...string) map[string]foundServer {
	t.Helper()
	stdout, stderr, code := p.run(t, "", append([]string{"discover", "--json"}, args...)...)
	found := map[string]foundServer{}
	for line := range strings.Lines(stdout) {
		var f foundServer
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if _, twice := found[f.Address]; twice {
			t.Errorf("%s is reported twice:\n%s", f.Address, stdout)
		}
		found[f.Address] = f
	}
	if want := map[bool]int{true: 0, false: exitNoServer}[len(found) > 0]; code != want {
		t.Fatalf("exit code %d with %d servers: %s", code, len(found), stderr)
	}
	return found
}

func TestAServerInAMicroVMIsFoundFromAnotherMachine(t *testing.T) {
	const port = "10106"
	first, second := twoMachines(t)
	mina, joon := personAt(t, first), personAt(t, second)
	if found := joon.discovers(t, "--wait", "1s"); len(found) != 0 {
		t.Fatalf("before there is a server, %v is found", found)
	}
	mina.mustRun(t, "server", "start", "--lan", "--name", "Mina's den", "--port", port)
	t.Cleanup(func() { _, _, _ = mina.run(t, "", "server", "stop") })
	status := mina.status(t, port)
	if d := status.Discovery; !d.On || !d.Others || d.Port != 2325 {
		t.Errorf("the status says %+v", d)
	}

	found := joon.discovers(t)
	f, ok := found[serverAddress+":"+port]
	if !ok {
		t.Fatalf("from the other machine: %+v", found)
	}
	if f.Name != "Mina's den" || f.Server != status.Server.String() || f.Community != status.Community.String() ||
		f.Version != status.Module || f.Registration != "invite" || f.Over != "udp" || f.RTT <= 0 {
		t.Errorf("found %+v", f)
	}
	if byHost := joon.discovers(t, "--wait", "2s", serverAddress); len(byHost) != 1 || byHost[f.Address].Server != f.Server {
		t.Errorf("asked by its address: %+v", byHost)
	}

	// A cable that is plugged in while the server runs.
	first.does(t, "ip", "link", "add", "late", "type", "veth", "peer", "name", "late", "netns", strconv.Itoa(second.pid))
	first.does(t, "ip", "address", "add", "10.107.0.1/24", "dev", "late")
	first.does(t, "ip", "link", "set", "late", "up")
	second.does(t, "ip", "address", "add", "10.108.0.2/24", "dev", "late") // another network: no broadcast reaches it
	second.does(t, "ip", "link", "set", "late", "up")
	first.does(t, "ip", "route", "add", "10.108.0.0/24", "dev", "late")
	second.does(t, "ip", "route", "add", "10.107.0.0/24", "dev", "late")
	if late := joon.discovers(t); late["10.107.0.1:"+port].Server != f.Server {
		t.Errorf("over the new cable: %+v", late)
	}

	// The table for people, and a login by what it says.
	if table := joon.mustRun(t, "discover", "--wait", "2s"); !strings.Contains(table, "Mina's den") || !strings.Contains(table, f.Address) {
		t.Errorf("the table is\n%s", table)
	}

	// Who names no server is offered it, and goes there by hand.
	screen := newScreens(t).open(joon, "joon", "login")
	screen.shows("No server found", "looked for", "Mina's den", f.Address)
	screen.press("Down", "Down", "Down", "Down", "Enter")
	screen.shows("Log in", "Create account", "Mina's den")
	screen.press("C-c")

	// Without --lan only this host finds it.
	mina.mustRun(t, "server", "restart", "--listen", "127.0.0.1", "--port", port)
	if found := joon.discovers(t, "--wait", "2s"); len(found) != 0 {
		t.Errorf("a server for its host alone is found from outside: %+v", found)
	}
	if found := mina.discovers(t, "--wait", "2s"); found["127.0.0.1:"+port].Server != f.Server {
		t.Errorf("on its own host: %+v", found)
	}
	if d := mina.status(t, port).Discovery; !d.On || d.Others {
		t.Errorf("the status says %+v", d)
	}
	if out, _, code := mina.run(t, "", "server", "ether", "on", "cable"); code == 0 {
		t.Errorf("a microVM answers over Ethernet: %s", out)
	} else if _, stderr, _ := mina.run(t, "", "server", "ether", "on", "cable"); !strings.Contains(stderr, "--mode native") {
		t.Errorf("it says %q", stderr)
	}

	// Another server of the host, which lets others in; both have the port of discovery.
	other := freePort(t)
	mina.mustRun(t, "server", "start", "--lan", "--name", "another", "--port", other)
	t.Cleanup(func() { _, _, _ = mina.run(t, "", "server", "stop", "--port", other) })
	here := mina.discovers(t, "--wait", "2s")
	for _, p := range []string{port, other} {
		if here["127.0.0.1:"+p].Name == "" {
			t.Errorf("of two servers of this host: %+v", here)
		}
	}
	there := joon.discovers(t, "--wait", "2s")
	if !slices.Equal(names(there), []string{"another"}) {
		t.Errorf("from outside: %+v", there)
	}
}

// names are those of servers, each once.
func names(found map[string]foundServer) []string {
	var all []string
	for _, f := range found {
		all = append(all, f.Name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestDiscoverIsUsedWrongly(t *testing.T) {
	p := newPerson(t)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"127.0.0.1:10106"}, exitUsage, "has a port"},
		{[]string{"--ether", "eth0", "127.0.0.1"}, exitUsage, "leave out the hosts"},
		{[]string{"--wait", "-1s"}, exitUsage, "in the past"},
		{[]string{"--ether", "nothere0"}, 1, "nothere0"},
		{[]string{"--ether", "lo"}, 1, "no Ethernet interface"},
		{[]string{"no-such-host.invalid"}, 1, "no-such-host.invalid"},
	} {
		_, stderr, code := p.run(t, "", append([]string{"discover"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit code %d, %q", c.args, code, stderr)
		}
	}
}
