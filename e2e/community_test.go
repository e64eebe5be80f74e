// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"testing"
	"time"

	"kchat/server/vmtest"
)

// inTheGuest runs a test of guestnet, and shows what it saw.
func inTheGuest(t *testing.T, test string) {
	t.Helper()
	path := build(t, "./guestnet")
	s := vmtest.Start(t, vmtest.WithFile("/bin/guestnet", path), vmtest.WithDriver("veth"))
	ctx, cancel := s.Timeout(5 * time.Minute)
	defer cancel()
	out, err := s.Exec(ctx, "/bin/guestnet", test)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(out)
}

// TestRoomsHaveOneHome: three servers of a community, in three network namespaces.
func TestRoomsHaveOneHome(t *testing.T) { inTheGuest(t, "homes") }

// TestDrainUnderTalk: the rooms of one of them go to another, while people talk in them.
func TestDrainUnderTalk(t *testing.T) { inTheGuest(t, "drain") }

// TestServersThatLie: what is forged, cut, repeated or untrue harms nobody; JOINs that wait do not hold up a stop.
func TestServersThatLie(t *testing.T) { inTheGuest(t, "liars") }

// TestTheSuccessorDies: in the middle of a drain. What it has not got stays, and goes when it is back.
func TestTheSuccessorDies(t *testing.T) { inTheGuest(t, "death") }
