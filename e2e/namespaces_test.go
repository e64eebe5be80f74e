// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"testing"
	"time"

	"kchat/server/vmtest"
	"kchat/wire"
)

// TestTwoServersInTwoNamespaces: of one machine; one of them goes with its namespace.
func TestTwoServersInTwoNamespaces(t *testing.T) {
	path := build(t, "./guestnet")
	s := vmtest.Start(t, vmtest.WithFile("/bin/guestnet", path), vmtest.WithDriver("veth"))
	s.AddUser(t, "home", "home")
	ctx, cancel := s.Timeout(3 * time.Minute)
	defer cancel()
	for range 3 { // what goes can be made again
		out, err := s.Exec(ctx, "/bin/guestnet", "servers")
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Log(out)
	}
	counters := status(t, s).Counters
	if counters[wire.CounterAccounts] != 1 || counters[wire.CounterRooms] != 0 || counters[wire.CounterMessages] != 0 {
		t.Errorf("the first server has counted what happened at the second: %v", counters)
	}
}

// TestANamespaceGoesWhileItIsAskedOverEthernet: discovery is on there, and people are logged in over fe80::. What the
// machine looks for at its end is that the module can go, and leaves nothing.
func TestANamespaceGoesWhileItIsAskedOverEthernet(t *testing.T) {
	path := build(t, "./guestnet")
	s := vmtest.Start(t, vmtest.WithFile("/bin/guestnet", path), vmtest.WithDriver("veth"))
	ctx, cancel := s.Timeout(5 * time.Minute)
	defer cancel()
	for range 3 { // what goes can be made again
		out, err := s.Exec(ctx, "/bin/guestnet", "vanish")
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Log(out)
	}
	if status(t, s).Counters[wire.CounterMessages] != 0 {
		t.Error("the first server has counted what was said at the second")
	}
}
