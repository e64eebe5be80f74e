// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"fmt"
	"math"
	"testing"
	"time"

	"kchat/server/vmtest"
)

// sameWork is by how much the work done for two names may differ, as a share: what a table's chain or the slab's
// state makes of it. One of the sums of SHA-256 that a login costs, made for one kind of name alone, is ten times of it
// and more.
const sameWork = 0.01

// TestAWrongPasswordCostsAsMuchAsAnUnknownName counts the instructions that the server runs for each, so that no clock
// tells who has an account.
func TestAWrongPasswordCostsAsMuchAsAnUnknownName(t *testing.T) {
	t.Parallel()
	path := build(t, "./guestload")
	s := vmtest.Start(t, vmtest.WithFile(guestload, path), vmtest.WithCount())
	s.AddUsers(t, "load", "load", 60)
	// The guest's clock runs ahead of ours, and all come from one address.
	for name, value := range map[string]uint64{"failures_account": 100_000, "failures_address": 1_000_000, "login_ms": 3_600_000} {
		s.SetParam(t, name, value)
	}
	ctx, cancel := s.Timeout(4 * time.Minute)
	defer cancel()
	out, err := s.Exec(ctx, guestload, "guess", "-clients", "60")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var known, unknown [2]float64
	if _, err := fmt.Sscanf(out, "known %g %g unknown %g %g", &known[0], &known[1], &unknown[0], &unknown[1]); err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	for k, frame := range []string{"AUTH", "PROOF"} {
		if d := math.Abs(known[k]-unknown[k]) / known[k]; d > sameWork || known[k] == 0 {
			t.Errorf("%s: %.0f instructions for a name that exists, %.0f for one that does not", frame, known[k], unknown[k])
		}
	}
	t.Log(out)
}
