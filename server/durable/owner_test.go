// SPDX-License-Identifier: GPL-2.0-only

package durable

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestAFileStaysItsOwners needs root to give files away; whoever is not root owns all of them anyway.
func TestAFileStaysItsOwners(t *testing.T) {
	service := os.Getuid()
	if service == 0 {
		service = 12345
	}
	dir := t.TempDir()
	if err := os.Chown(dir, service, -1); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "accounts.json")
	for _, text := range []string{"made by root", "replaced by root"} {
		if err := Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if uid := info.Sys().(*syscall.Stat_t).Uid; int(uid) != service || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: owner %d, mode %v", text, uid, info.Mode())
		}
	}
}
