// SPDX-License-Identifier: GPL-2.0-only

package vm

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

type entry struct {
	mode, major, minor uint64
	data               string
}

// readArchive reads a "newc" archive as the kernel's init/initramfs.c does, which refuses a file whose folder is not
// there yet.
func readArchive(t *testing.T, in io.Reader) map[string]entry {
	t.Helper()
	all, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]entry{}
	for at := 0; ; {
		head := string(all[at : at+110])
		if !strings.HasPrefix(head, "070701") {
			t.Fatalf("at %d: %q is no header", at, head)
		}
		field := func(n int) uint64 {
			v, err := strconv.ParseUint(head[6+8*n:14+8*n], 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		name := string(all[at+110 : at+110+int(field(11))-1])
		at = (at + 110 + int(field(11)) + 3) &^ 3
		if name == "TRAILER!!!" {
			return entries
		}
		data := string(all[at : at+int(field(6))])
		at = (at + int(field(6)) + 3) &^ 3
		if dir := filepath.Dir(name); dir != "." && entries[dir].mode&0o170000 != modeDir {
			t.Errorf("%s comes before its folder", name)
		}
		if _, twice := entries[name]; twice {
			t.Errorf("%s is there twice", name)
		}
		entries[name] = entry{mode: field(1), major: field(9), minor: field(10), data: data}
	}
}

func TestTheInitramfsHoldsInitDriversAndFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var out bytes.Buffer
	err := writeInitramfs(&out, write("init", "first"), []string{write("15-failover.ko", "driver")}, map[string]string{
		ModulePath: write("kchat.ko", "module"), "/opt/a/b": write("b", "deep"),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := readArchive(t, &out)
	for name, want := range map[string]entry{
		"init":                       {mode: modeFile | 0o755, data: "first"},
		"lib/drivers/15-failover.ko": {mode: modeFile | 0o644, data: "driver"},
		"lib/kchat.ko":               {mode: modeFile | 0o755, data: "module"},
		"opt/a/b":                    {mode: modeFile | 0o755, data: "deep"},
		"dev/console":                {mode: modeChar | 0o600, major: 5, minor: 1},
		"proc":                       {mode: modeDir | 0o755},
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, fmt.Sprintf("%+v", got[name]), want)
		}
	}
}

func TestAFileThatIsNotThereIsNamed(t *testing.T) {
	err := writeInitramfs(io.Discard, filepath.Join(t.TempDir(), "init"), nil, nil)
	if err == nil || !strings.Contains(err.Error(), "/init") {
		t.Errorf("error: %v", err)
	}
}
