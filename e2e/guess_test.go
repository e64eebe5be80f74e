// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"context"
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

// rounds is how often it is looked again: more work for one kind of name shows in each of them, what memory happens to
// be like does not.
const rounds = 4

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
	var alike [2]bool
	for round := 1; alike != [2]bool{true, true}; round++ {
		known, unknown := guess(t, ctx, s)
		for k, frame := range []string{"AUTH", "PROOF"} {
			d := math.Abs(known[k]-unknown[k]) / known[k]
			t.Logf("%s: %.0f instructions for a name that exists, %.0f for one that does not", frame, known[k], unknown[k])
			alike[k] = alike[k] || d <= sameWork
			if round == rounds && !alike[k] {
				t.Fatalf("%s does not cost the same in any of %d rounds", frame, rounds)
			}
		}
	}
}

// guess has wrong passwords tried, and returns what AUTH and PROOF cost for names that exist and for others.
func guess(t *testing.T, ctx context.Context, s *vmtest.Server) (known, unknown [2]float64) {
	t.Helper()
	out, err := s.Exec(ctx, guestload, "guess", "-clients", "60")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := fmt.Sscanf(out, "known %g %g unknown %g %g", &known[0], &known[1], &unknown[0], &unknown[1]); err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	if known[0] == 0 || known[1] == 0 {
		t.Fatalf("nothing was counted: %q", out)
	}
	return known, unknown
}
