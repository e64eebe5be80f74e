// SPDX-License-Identifier: GPL-2.0-only

// Package durable keeps files that must survive a power cut, and that only their owner may read.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ErrOpenToOthers says that somebody else could read a file.
var ErrOpenToOthers = errors.New("the file can be read by others")

// CorruptError says that a file cannot be used, why, and where it was put so that it can be looked at.
type CorruptError struct {
	What  string // the file is about: "accounts"
	Path  string // where it was
	Aside string // where it is now
	Cause error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("the %s file %s cannot be used (%v). It was set aside as %s: repair it and move it back, or start again with no %s",
		e.What, e.Path, e.Cause, e.Aside, e.What)
}

// Unwrap gives the cause.
func (e *CorruptError) Unwrap() error { return e.Cause }

// Read returns what a file holds. One that others can read is refused, with ErrOpenToOthers and what to do.
func Read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s has mode %04o; close it with \"chmod 600 %s\"", ErrOpenToOthers, path, info.Mode().Perm(), path)
	}
	return os.ReadFile(path)
}

// SetAside moves a file that cannot be used out of the way, and returns the CorruptError that says so.
func SetAside(what, path string, cause error) error {
	aside := path + ".corrupt-" + time.Now().UTC().Format("20060102T150405.000")
	if err := os.Rename(path, aside); err != nil {
		return fmt.Errorf("the %s file %s cannot be used (%w) and cannot be set aside: %w", what, path, cause, err)
	}
	return &CorruptError{What: what, Path: path, Aside: aside, Cause: cause}
}

// Write replaces a file: at every moment, a power cut included, either the old or the new one is there, and when it
// returns the new one is on disk. It stays its owner's: what root changes of a service's, the service can read again.
func Write(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(data)
	err = errors.Join(err, giveBack(file, path), file.Sync(), file.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// giveBack makes a file of root's that of the owner of what it replaces, or of the folder where there is nothing to
// replace.
func giveBack(file *os.File, path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		info, err = os.Stat(filepath.Dir(path))
	}
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return file.Chown(int(owner.Uid), int(owner.Gid))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
