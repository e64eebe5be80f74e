// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// programs are those that run inside of a machine, each built once, by the first test that needs it.
type programs struct {
	dir   string // for all tests
	mu    sync.Mutex
	built map[string]func() error // by their folders
}

var inside programs

// build gives the path of a program of ours, such as "./guestload".
func build(t *testing.T, folder string) string {
	t.Helper()
	path := filepath.Join(inside.dir, filepath.Base(folder))
	inside.mu.Lock()
	once := inside.built[folder]
	if once == nil {
		if inside.built == nil {
			inside.built = map[string]func() error{}
		}
		once = sync.OnceValue(func() error {
			cmd := exec.Command("go", "build", "-o", path, folder)
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("build %s: %w\n%s", folder, err, out)
			}
			return nil
		})
		inside.built[folder] = once
	}
	inside.mu.Unlock()
	if err := once(); err != nil {
		t.Fatal(err)
	}
	return path
}
