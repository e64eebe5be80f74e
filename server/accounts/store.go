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

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"kchat/server/durable"
	"kchat/server/genl"
)

// version is that of the file's form.
const version = 1

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

// OpenThere returns the store at path, where there has to be one.
func OpenThere(path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("the shared accounts are not there: %w", err)
	}
	return Open(path, "")
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
	text, err := durable.Read(s.path)
	if err != nil {
		return nil, fmt.Errorf("read the accounts: %w", err)
	}
	data := &Data{}
	err = json.Unmarshal(text, data)
	if err == nil {
		err = data.check()
	}
	if err != nil {
		return nil, durable.SetAside("accounts", s.path, err)
	}
	return data, nil
}

func (s *Store) write(data *Data) error {
	err := data.check()
	var text []byte
	if err == nil {
		text, err = json.MarshalIndent(data, "", "  ")
	}
	if err == nil {
		err = durable.Write(s.path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write the accounts: %w", err)
	}
	return nil
}
