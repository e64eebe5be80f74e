// SPDX-License-Identifier: GPL-2.0-only

package vm

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
)

// ModulePath is where the module lies in the guest.
const ModulePath = "/lib/kchat.ko"

// writeInitramfs writes the guest's whole file system: /init, the kernel's own drivers, and the given files
// (path in the guest to path on the host). It is not compressed: an emulated processor would unpack it for longer than it
// takes to read more.
func writeInitramfs(out io.Writer, init string, drivers []string, files map[string]string) error {
	buffered := bufio.NewWriterSize(out, 64<<10)
	a := newArchive(buffered)
	for _, dir := range []string{"/dev", "/proc", "/sys", "/tmp", "/bin", "/etc"} {
		a.dir(dir)
	}
	a.char("/dev/console", 5, 1) // what /init writes to before it mounts /dev
	add := func(name, from string, mode uint32) error {
		data, err := os.ReadFile(from)
		if err != nil {
			return fmt.Errorf("put %s into the initramfs: %w", name, err)
		}
		a.file(name, mode, data)
		return nil
	}
	if err := add("/init", init, 0o755); err != nil {
		return err
	}
	for _, driver := range drivers {
		if err := add("/lib/drivers/"+filepath.Base(driver), driver, 0o644); err != nil {
			return err
		}
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if err := add(name, files[name], 0o755); err != nil {
			return err
		}
	}
	if err := errors.Join(a.close(), buffered.Flush()); err != nil {
		return fmt.Errorf("write the initramfs: %w", err)
	}
	return nil
}
