// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"path/filepath"
	"testing"
	"time"

	"kchat/server/vmtest"
	"kchat/wire"
)

// TestDiscovery: the questions are asked inside of the machine, where there are interfaces, groups and many addresses.
func TestDiscovery(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guestnet")
	build(t, path, "./guestnet")
	s := vmtest.Start(t, vmtest.WithFile("/bin/guestnet", path), vmtest.WithDriver("veth"))
	s.SetParam(t, "answers", 100)
	for _, test := range []string{"udp", "malformed", "flood", "ether"} {
		t.Run(test, func(t *testing.T) {
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
