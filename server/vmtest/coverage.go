// SPDX-License-Identifier: GPL-2.0-only

package vmtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kchat/server/guest"
)

// gcov is where a kernel with CONFIG_GCOV_KERNEL keeps the counts of each object file, under the path that it was
// compiled at. The counts of a module stay when it is unloaded (Documentation/dev-tools/gcov.rst).
const gcov = "/sys/kernel/debug/gcov"

// saveCoverage copies the counts of the module's object files into a folder of their own in coverage/kernel.
func saveCoverage(ctx context.Context, g *guest.Client, module string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	all := filepath.Join(root, "coverage", "kernel")
	if err := os.MkdirAll(all, 0o755); err != nil {
		return fmt.Errorf("save the coverage: %w", err)
	}
	dir, err := os.MkdirTemp(all, "machine-")
	if err != nil {
		return fmt.Errorf("save the coverage: %w", err)
	}
	notes, err := filepath.Glob(filepath.Join(filepath.Dir(module), "*.gcno"))
	if err != nil {
		return fmt.Errorf("save the coverage: %w", err)
	}
	for _, note := range notes {
		path := strings.TrimSuffix(note, ".gcno") + ".gcda"
		if name := filepath.Base(path); name == "kchat.mod.gcda" || name == ".module-common.gcda" {
			continue // what the kernel's build adds to a module; it has no code of ours
		}
		var counts []byte
		if err := g.Call(ctx, guest.OpRead, guest.Path{Path: gcov + path}, &counts); err != nil {
			return fmt.Errorf("save the coverage: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), counts, 0o644); err != nil {
			return fmt.Errorf("save the coverage: %w", err)
		}
	}
	return nil
}
