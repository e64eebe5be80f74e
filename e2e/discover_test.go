// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"kchat/server/vmtest"
	"kchat/wire"
)

// TestDiscovery: the questions are asked inside of the machine, where there are interfaces, groups and many addresses.
func TestDiscovery(t *testing.T) {
	path := build(t, "./guestnet")
	program := build(t, "../cmd/kchat-tui")
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("the words of anna\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := vmtest.Start(t, vmtest.WithFile("/bin/guestnet", path), vmtest.WithFile("/bin/kchat-tui", program),
		vmtest.WithFile("/etc/password-of-anna", password), vmtest.WithDriver("veth"))
	s.AddUser(t, "anna", "the words of anna")
	for _, test := range []string{"udp", "malformed", "flood", "ether"} {
		t.Run(test, func(t *testing.T) {
			// For a microVM the runner counts, and the limit of an address is lifted.
			limits := map[string]uint64{"answers": 100, "answers_address": perAddress}
			if test == "flood" {
				limits = map[string]uint64{"answers": 20, "answers_address": 5} // a slow machine asks more often too
			}
			for name, limit := range limits {
				s.SetParam(t, name, limit)
			}
			ctx, cancel := s.Timeout(time.Minute)
			defer cancel()
			out, err := s.Exec(ctx, "/bin/guestnet", test)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			t.Log(out)
		})
	}
	status, err := s.Runner.Kernel().Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if asked, answered := status.Counters[wire.CounterQuestions], status.Counters[wire.CounterAnswers]; answered == 0 || asked <= answered {
		t.Errorf("%d questions and %d answers were counted", asked, answered)
	}
}
