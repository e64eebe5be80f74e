// SPDX-License-Identifier: GPL-2.0-only

package accounts

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"kchat/server/genl"
)

// version is that of the file's form.
const version = 1

// ErrOpenToOthers says that somebody else could read the file.
var ErrOpenToOthers = errors.New("the accounts file can be read by others")

// CorruptError says that the file cannot be used, why, and where it was put so that it can be looked at.
type CorruptError struct {
	Path  string // where it was
	Aside string // where it is now
	Cause error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("the accounts file %s cannot be used (%v). It was set aside as %s: repair it and move it back, or start again with no accounts",
		e.Path, e.Cause, e.Aside)
}

// Unwrap gives the cause.
func (e *CorruptError) Unwrap() error { return e.Cause }

// Store is the file. Several processes may use it at once; each change is made under a lock and is on disk, whole,
// before it is reported.
type Store struct {
	path string
}

// Open returns the store at path. If there is no file, one is made, for a new server of the given name.
func Open(path, serverName string) (*Store, error) {
	s := &Store{path: path}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the accounts: %w", err)
	}
	unlock, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	_, err = s.read()
	if errors.Is(err, fs.ErrNotExist) {
		err = s.write(fresh(serverName))
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Path is where the file is.
func (s *Store) Path() string { return s.path }

// Read returns what the file holds now.
func (s *Store) Read() (*Data, error) {
	unlock, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	return s.read()
}

// Update changes what the file holds. If change returns an error, or the disk does, the file stays as it was.
func (s *Store) Update(change func(*Data) error) error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	data, err := s.read()
	if err != nil {
		return err
	}
	if err := change(data); err != nil {
		return err
	}
	return s.write(data)
}

func fresh(name string) *Data {
	server := UUID(uuid.New())
	secret := make([]byte, genl.SecretLen)
	_, _ = rand.Read(secret) // never fails
	return &Data{
		Version: version, Server: server, Community: server, Name: name,
		Secret: secret, Iterations: Iterations, NextNumber: FirstNumber, Accounts: []Account{},
	}
}

// lock keeps other processes out. It is a file of its own, since the accounts file is replaced at each change.
func (s *Store) lock() (unlock func(), err error) {
	file, err := os.OpenFile(s.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the accounts: %w", err)
	}
	for {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the accounts: %w", err), file.Close())
	}
	return func() { _ = file.Close() }, nil // closing unlocks
}

func (s *Store) read() (*Data, error) {
	info, err := os.Stat(s.path)
	if err != nil {
		return nil, fmt.Errorf("read the accounts: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s has mode %04o; close it with \"chmod 600 %s\"", ErrOpenToOthers, s.path, info.Mode().Perm(), s.path)
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		return nil, fmt.Errorf("read the accounts: %w", err)
	}
	data := &Data{}
	err = json.Unmarshal(text, data)
	if err == nil {
		err = data.check()
	}
	if err != nil {
		return nil, s.setAside(err)
	}
	return data, nil
}

func (s *Store) setAside(cause error) error {
	aside := s.path + ".corrupt-" + time.Now().UTC().Format("20060102T150405.000")
	if err := os.Rename(s.path, aside); err != nil {
		return fmt.Errorf("the accounts file %s cannot be used (%w) and cannot be set aside: %w", s.path, cause, err)
	}
	return &CorruptError{Path: s.path, Aside: aside, Cause: cause}
}

// write replaces the file: at every moment, a power cut included, either the old or the new one is there.
func (s *Store) write(data *Data) (err error) {
	if err := data.check(); err != nil {
		return fmt.Errorf("write the accounts: %w", err)
	}
	text, err := json.MarshalIndent(data, "", "  ")
	if err != nil {
		return fmt.Errorf("write the accounts: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(s.path), ".accounts-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write the accounts: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(append(text, '\n'))
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return fmt.Errorf("write the accounts: %w", err)
	}
	if err := os.Rename(file.Name(), s.path); err != nil {
		return fmt.Errorf("write the accounts: %w", err)
	}
	return syncDir(filepath.Dir(s.path))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("write the accounts: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("write the accounts: %w", err)
	}
	return nil
}
