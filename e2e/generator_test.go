// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The benchmark's load generator speaks to the module: logins, two rooms, every delivery, and the reports of real
// clients. What it does when a delivery is wrong is tested where it lies, in bench/load.
func TestTheLoadGenerator(t *testing.T) {
	dir, prefix := t.TempDir(), fmt.Sprintf("generator-%d-", world.number())
	if out, err := exec.Command("make", "-C", "../bench/load", "OUT="+dir, "BIN="+dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := world.server(t)
	s.AddUsers(t, prefix, "load", 6)
	generate := func(password, args string) (out []byte, err error) {
		args = fmt.Sprintf("--proto kchat --addr %s --login %s --password %s --now %s", s.Addr, prefix, password, args)
		return exec.Command(filepath.Join(dir, "kchat-load"), strings.Fields(args)...).CombinedOutput()
	}
	var r struct{ Messages, Deliveries, Connections, Reports uint64 }
	for _, args := range []string{
		"--members 3 --rooms 2 --size 64 --outstanding 8 --deliveries 600",
		"--members 3 --rooms 2 --size 16384 --outstanding 8 --deliveries 600",
		"--members 3 --rooms 2 --rate 300 --deliveries 600",
	} {
		out, err := generate("load", args)
		result, found := strings.CutPrefix(string(out), "ready\n")
		if err != nil || !found {
			t.Fatalf("%s: %v: %s", args, err, out)
		}
		if err := json.Unmarshal([]byte(result), &r); err != nil {
			t.Fatal(err)
		}
		if r.Messages != 200 || r.Deliveries != 600 || r.Connections != 6 {
			t.Errorf("%s: %s", args, out)
		}
	}
	if r.Reports < 6 {
		t.Errorf("%d reports of 6 members in 2 s", r.Reports)
	}
	if out, err := generate("wrong", "--deliveries 1"); err == nil || !strings.Contains(string(out), "ERROR 10 to a frame of type 0x8005") {
		t.Errorf("a wrong password: %v: %s", err, out)
	}
}
