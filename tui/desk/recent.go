// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxRecentFile is the largest file of recent emoji that is read, in bytes. Ours are far smaller.
const maxRecentFile = 4096

// Recent keeps the emoji that were used of late in a file, one a line, the last one first.
type Recent struct{ path string }

// NewRecent keeps them in a file, which need not be there yet.
func NewRecent(path string) *Recent { return &Recent{path} }

// Load implements tui.Recent.
func (r *Recent) Load() ([]string, error) {
	f, err := os.Open(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := io.ReadAll(io.LimitReader(f, maxRecentFile))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.path, err)
	}
	return strings.Fields(string(bytes.ToValidUTF8(all, nil))), nil
}

// Save implements tui.Recent. Two programs at once leave the list of one of them, never half of one.
func (r *Recent) Save(all []string) error {
	f, err := os.CreateTemp(filepath.Dir(r.path), "."+filepath.Base(r.path)+"-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(strings.Join(all, "\n") + "\n")
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), r.path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error counts
	}
	return err
}
