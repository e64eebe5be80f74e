// SPDX-License-Identifier: GPL-2.0-only

package load_test

import (
	"testing"

	"kchat/server/vmtest"
)

// The module in a microVM, reached from here: logins, two rooms, every delivery, and the reports of real clients.
func TestTheModule(t *testing.T) {
	s := vmtest.Start(t)
	s.AddUsers(t, "load", "load", 6)
	for _, size := range []string{"64", "16384"} {
		r := whole(t, "--proto", "kchat", "--addr", s.Addr, "--members", "3", "--rooms", "2", "--size", size, "--outstanding", "8",
			"--deliveries", "600")
		if r.Messages != 200 || r.Deliveries != 600 || r.Connections != 6 {
			t.Errorf("%s bytes: %+v", size, r)
		}
	}
	r := whole(t, "--proto", "kchat", "--addr", s.Addr, "--members", "2", "--rate", "40", "--deliveries", "100")
	if r.Deliveries != 100 || r.Reports < 2 {
		t.Errorf("slowly: %+v", r)
	}
	g := generate(t, "--proto", "kchat", "--addr", s.Addr, "--password", "wrong", "--deliveries", "1")
	if complaint, code := g.end(t); code != 1 {
		t.Errorf("a wrong password: exit code %d: %s", code, complaint)
	}
}
