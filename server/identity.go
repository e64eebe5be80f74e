// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"kchat/server/accounts"
)

// identity is who a server is. One with accounts of its own keeps that in their file; one of several that share
// accounts has a file for it.
type identity struct {
	Server     accounts.UUID `json:"server_uuid"`
	Name       string        `json:"name"`
	Generation uint32        `json:"generation"`
}

func (p Paths) identity() string { return filepath.Join(p.Data, "identity.json") }

// begin counts a start, on disk before anybody can see an epoch of it, and returns who starts.
func (p Paths) begin(store *accounts.Store, name string, now time.Time) (*accounts.Data, identity, error) {
	if store.Path() == p.ownAccounts() {
		return beginAlone(store, now)
	}
	data, err := store.Read()
	if err != nil {
		return nil, identity{}, err
	}
	if len(data.Shared) == 0 {
		if data, err = updated(store, (*accounts.Data).EnsureShared); err != nil {
			return nil, identity{}, err
		}
	}
	who, err := p.readIdentity(data, name)
	if err != nil {
		return nil, identity{}, err
	}
	who.Generation = nextGeneration(who.Generation, now)
	if err := writeJSON(p.identity(), who); err != nil {
		return nil, identity{}, fmt.Errorf("write who this server is: %w", err)
	}
	return data, who, nil
}

func beginAlone(store *accounts.Store, now time.Time) (*accounts.Data, identity, error) {
	data, err := updated(store, func(d *accounts.Data) {
		d.EnsureShared()
		d.Generation = nextGeneration(d.Generation, now)
	})
	if err != nil {
		return nil, identity{}, err
	}
	return data, identity{Server: data.Server, Name: data.Name, Generation: data.Generation}, nil
}

func updated(store *accounts.Store, change func(*accounts.Data)) (*accounts.Data, error) {
	var data accounts.Data
	err := store.Update(func(d *accounts.Data) error {
		change(d)
		data = *d
		return nil
	})
	return &data, err
}

// generationMax keeps numbers that begin with a generation, such as epochs, below 2^53: programs that read JSON take
// larger ones for others (RFC 8259, section 6). It is reached in the year 2209.
const generationMax = 1<<21 - 1

// nextGeneration is larger than the one before, and than those of other servers an hour ago: a room may go from one
// server to another, and its epochs grow. It is the hours since 1970, or one more than before.
func nextGeneration(before uint32, now time.Time) uint32 {
	hours := now.Unix() / 3600
	if hours < 0 || hours > generationMax {
		hours = 0
	}
	return max(before+1, uint32(hours))
}

// readIdentity finds out who a server is that shares the accounts of others. A server that had accounts of its own
// stays who it was.
func (p Paths) readIdentity(shared *accounts.Data, name string) (identity, error) {
	var who identity
	err := readJSON(p.identity(), &who)
	if errors.Is(err, fs.ErrNotExist) {
		err = readJSON(p.ownAccounts(), &who)
		// The file may be a copy of the shared one, and its server another one than we.
		if errors.Is(err, fs.ErrNotExist) || err == nil && who.Server == shared.Server {
			return identity{Server: accounts.UUID(uuid.New()), Name: name}, nil
		}
	}
	if err == nil && who.Server == (accounts.UUID{}) {
		err = errors.New("the UUID is missing")
	}
	if err != nil {
		return identity{}, fmt.Errorf("read who this server is in %s (moved away, it becomes a new one): %w", p.Data, err)
	}
	return who, nil
}

// ErrOwnAccounts says that a server cannot share the accounts of others, since it has accounts itself.
var ErrOwnAccounts = errors.New("this server has accounts of its own")

// openAccounts opens the accounts: the file that is named, else the one that was named last, else our own. A file that
// was named once has to be there: without it nobody could log in.
func (p Paths) openAccounts(file, name string) (*accounts.Store, error) {
	s, err := readSettings(p)
	if err != nil {
		return nil, err
	}
	own := p.ownAccounts()
	switch {
	case file == "" && s.Accounts == "":
		return accounts.Open(own, name)
	case file == "" || file == s.Accounts:
		return accounts.OpenThere(s.Accounts)
	}
	if file != own {
		if err := p.checkOwn(file); err != nil {
			return nil, err
		}
	}
	store, err := accounts.Open(file, name)
	if err != nil {
		return nil, err
	}
	if s.Accounts = file; file == own {
		s.Accounts = ""
	}
	return store, writeSettings(p, s)
}

// checkOwn sees to it that nobody loses an account when a server goes over to those of others.
func (p Paths) checkOwn(file string) error {
	var own struct {
		Accounts []struct{} `json:"accounts"`
	}
	err := readJSON(p.ownAccounts(), &own)
	if err == nil && len(own.Accounts) > 0 {
		return fmt.Errorf("%w: %d people could not log in any more. Let the other servers use %s, or move that file away to use %s here",
			ErrOwnAccounts, len(own.Accounts), p.ownAccounts(), file)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read %s: %w", p.ownAccounts(), err)
	}
	return nil
}
