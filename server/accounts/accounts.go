// SPDX-License-Identifier: GPL-2.0-only

// Package accounts keeps a server's identity and the accounts of its people in one file that only its owner can
// read. The kernel forgets when it stops; this file does not.
package accounts

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"time"

	"kchat/server/genl"
)

// Iterations is how often PBKDF2 is run for a new server's accounts: 100 to 200 ms with the SHA instructions of a
// processor of today, paid by the client at each login with a password. One count holds for all accounts, so it
// tells nobody which names exist.
const Iterations = 600_000

// FirstNumber is the number of the first account; 0 is the server itself.
const FirstNumber = 1

// NoUID is a number that is no user's: (uid_t)-1.
const NoUID = math.MaxUint32

// Errors that a caller may want to tell apart.
var (
	ErrNameTaken = errors.New("the name is taken")
	ErrNoAccount = errors.New("there is no such account")
	ErrUIDTaken  = errors.New("the uid is another account's")
	ErrInvite    = errors.New("the invite code is not valid")
)

// UUID is 16 bytes, compared as such.
type UUID [genl.UUIDLen]byte

// Data is what the file holds.
type Data struct {
	Version    int       `json:"version"`
	Server     UUID      `json:"server_uuid"`                // of the server in whose folder the file is; so with the name and the generation
	Community  UUID      `json:"community_uuid"`             // of all servers that use the file
	Name       string    `json:"name"`                       // shown to people
	Generation uint32    `json:"generation"`                 // larger at each start of the server
	Shared     Bytes     `json:"community_secret,omitempty"` // by which servers of the community know each other; EnsureShared makes it
	Secret     Bytes     `json:"secret"`                     // of the salts shown for names that do not exist
	Iterations uint32    `json:"iterations"`                 // of PBKDF2
	NextNumber uint64    `json:"next_number"`                // of an account; numbers are never used again
	Accounts   []Account `json:"accounts"`
	Invites    []Invite  `json:"invites,omitempty"`
}

// Account is a person or a bot.
type Account struct {
	Number    uint64    `json:"number"`
	Name      string    `json:"name"`  // as shown
	Login     string    `json:"login"` // as compared: PRECIS UsernameCaseMapped
	Bot       bool      `json:"bot,omitempty"`
	Admin     bool      `json:"admin,omitempty"`
	UID       *uint32   `json:"uid,omitempty"` // of the machine's user who is this person at /dev/kchat
	Salt      Bytes     `json:"salt"`
	StoredKey Bytes     `json:"stored_key"`
	ServerKey Bytes     `json:"server_key"`
	Created   time.Time `json:"created"`
}

// ForKernel is the account as the module takes it.
func (a Account) ForKernel() genl.Account {
	k := genl.Account{Number: a.Number, Name: a.Name, Login: a.Login, UID: a.UID}
	copy(k.Salt[:], a.Salt)
	copy(k.StoredKey[:], a.StoredKey)
	copy(k.ServerKey[:], a.ServerKey)
	if a.Bot {
		k.Flags |= genl.FlagBot
	}
	if a.Admin {
		k.Flags |= genl.FlagAdmin
	}
	return k
}

// Find returns the account with the given login name, or nil.
func (d *Data) Find(login string) *Account {
	for i := range d.Accounts {
		if d.Accounts[i].Login == login {
			return &d.Accounts[i]
		}
	}
	return nil
}

// FindNumber returns the account with the given number, or nil.
func (d *Data) FindNumber(number uint64) *Account {
	for i := range d.Accounts {
		if d.Accounts[i].Number == number {
			return &d.Accounts[i]
		}
	}
	return nil
}

// Add makes an account with what its password is checked against. The name is checked and must be free.
func (d *Data) Add(name string, v Verifier, now time.Time) (*Account, error) {
	shown, login, err := Names(name)
	if err != nil {
		return nil, err
	}
	if d.Find(login) != nil {
		return nil, fmt.Errorf("%w: %s", ErrNameTaken, shown)
	}
	d.Accounts = append(d.Accounts, Account{
		Number: d.NextNumber, Name: shown, Login: login,
		Salt: v.Salt[:], StoredKey: v.StoredKey[:], ServerKey: v.ServerKey[:],
		Created: now.UTC().Truncate(time.Second),
	})
	d.NextNumber++
	return &d.Accounts[len(d.Accounts)-1], nil
}

// SetVerifier changes what an account's password is checked against.
func (a *Account) SetVerifier(v Verifier) {
	a.Salt, a.StoredKey, a.ServerKey = v.Salt[:], v.StoredKey[:], v.ServerKey[:]
}

// SetUID makes the machine's user of this uid the person of an account at /dev/kchat; nil: nobody.
func (d *Data) SetUID(account *Account, uid *uint32) error {
	if uid != nil && *uid == NoUID {
		return fmt.Errorf("the uid %d is no user's", *uid)
	}
	for i := range d.Accounts {
		other := &d.Accounts[i]
		if uid != nil && other.UID != nil && *other.UID == *uid && other.Number != account.Number {
			return fmt.Errorf("%w: %d is %s", ErrUIDTaken, *uid, other.Name)
		}
	}
	account.UID = uid
	return nil
}

// Delete takes an account away and returns it. Its number is not given out again.
func (d *Data) Delete(login string) (Account, error) {
	for i, a := range d.Accounts {
		if a.Login == login {
			d.Accounts = append(d.Accounts[:i], d.Accounts[i+1:]...)
			return a, nil
		}
	}
	return Account{}, fmt.Errorf("%w: %s", ErrNoAccount, login)
}

// EnsureShared makes the secret of the community if there is none: files from before there were communities have none.
func (d *Data) EnsureShared() {
	if len(d.Shared) == 0 {
		d.Shared = make(Bytes, genl.SecretLen)
		_, _ = rand.Read(d.Shared) // never fails
	}
}

// check finds what would make the file unusable.
func (d *Data) check() error {
	switch {
	case d.Version != version:
		return fmt.Errorf("version %d, this program reads version %d", d.Version, version)
	case d.Server == UUID{} || d.Community == UUID{}:
		return errors.New("a UUID is missing")
	case len(d.Secret) != genl.SecretLen:
		return errors.New("the secret is missing")
	case len(d.Shared) != 0 && len(d.Shared) != genl.SecretLen:
		return errors.New("the secret of the community is not one")
	case d.Iterations < MinIterations:
		return fmt.Errorf("%d iterations, at least %d are safe (RFC 7677)", d.Iterations, MinIterations)
	}
	numbers, logins, uids := map[uint64]bool{}, map[string]bool{}, map[uint32]bool{}
	for _, a := range d.Accounts {
		switch {
		case a.Number < FirstNumber || a.Number >= d.NextNumber:
			return fmt.Errorf("account %q has the number %d, which was never given out", a.Name, a.Number)
		case numbers[a.Number] || logins[a.Login]:
			return fmt.Errorf("account %q is there twice", a.Name)
		case len(a.Salt) != genl.SaltLen || len(a.StoredKey) != genl.KeyLen || len(a.ServerKey) != genl.KeyLen:
			return fmt.Errorf("a key of account %q is missing", a.Name)
		case a.UID != nil && (uids[*a.UID] || *a.UID == NoUID):
			return fmt.Errorf("the uid %d of account %q is no user's, or another account's too", *a.UID, a.Name)
		}
		if a.UID != nil {
			uids[*a.UID] = true
		}
		numbers[a.Number], logins[a.Login] = true, true
	}
	return nil
}
