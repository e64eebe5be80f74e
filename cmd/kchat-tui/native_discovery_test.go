// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"kchat/server"
)

func TestInThisKernelDiscoveryIsTheModulesAndEthernetIsRemembered(t *testing.T) {
	n := newNative(t, nil)
	run, must := n.run, n.must
	refused := func(want string, args ...string) {
		t.Helper()
		if out, code := run(args...); code == 0 || !strings.Contains(out, want) {
			t.Errorf("kchat-tui %s: exit code %d, %s", strings.Join(args, " "), code, out)
		}
	}
	start := []string{"server", "start", "--mode", "native", "--module", "/opt/kchat.ko", "--lan", "--name", "native"}
	refused("no server is running", "server", "ether", "on", "eth0")
	must(start...)
	found := map[string]bool{}
	for line := range strings.Lines(must("discover", "--json", "--wait", "2s")) {
		var f foundServer
		if err := json.Unmarshal([]byte(line), &f); err != nil || f.Name != "native" {
			t.Errorf("found %q: %v", line, err)
		}
		found[f.Address] = true
	}
	for _, address := range []string{"127.0.0.1:10106", "[::1]:10106", "10.0.2.15:10106"} {
		if !found[address] {
			t.Errorf("not at %s: %v", address, found)
		}
	}

	must("server", "ether", "on", "eth0")
	must("server", "ether", "on", "later0")
	refused("is on there already", "server", "ether", "on", "eth0")
	refused("cannot have this name", "server", "ether", "on", "bad/name")
	refused("not on there", "server", "ether", "off", "eth7")
	must("server", "stop")
	must(start...)
	if list := must("server", "ether", "list"); list != "eth0\nlater0 (there is no such interface now)\n" {
		t.Errorf("after a restart the list is %q", list)
	}
	must("server", "ether", "off", "later0")
	var s server.Status
	if err := json.Unmarshal([]byte(must("server", "status", "--json")), &s); err != nil {
		t.Fatal(err)
	}
	if d := s.Discovery; !d.On || !d.Others || len(d.Ether) != 1 || d.Ether[0].Name != "eth0" || d.Ether[0].Index == 0 {
		t.Errorf("the status says %+v", d)
	}
	must("server", "stop")
}
