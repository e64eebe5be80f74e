// SPDX-License-Identifier: GPL-2.0-only

package accounts

import (
	"crypto/rand"
	"errors"
	"fmt"

	"golang.org/x/text/secure/precis"

	"kchat/server/genl"
	"kchat/wire"
)

// MinIterations is the least that RFC 7677 allows.
const MinIterations = 4096

// ErrPassword says that a password cannot be used.
var ErrPassword = errors.New("the password cannot be used")

// Verifier is what a password is checked against; the password cannot be had from it (RFC 5802, 3).
type Verifier struct {
	Salt      [genl.SaltLen]byte
	StoredKey [genl.KeyLen]byte
	ServerKey [genl.KeyLen]byte
}

// NewVerifier derives a verifier from a password, with a salt of its own. It is slow by intent.
func NewVerifier(password string, iterations uint32) (Verifier, error) {
	var salt [genl.SaltLen]byte
	_, _ = rand.Read(salt[:]) // never fails
	return derive(password, salt, iterations)
}

func derive(password string, salt [genl.SaltLen]byte, iterations uint32) (Verifier, error) {
	v := Verifier{Salt: salt}
	prepared, err := precis.OpaqueString.String(password)
	if err != nil {
		return v, fmt.Errorf("%w: %w", ErrPassword, err)
	}
	keys, err := wire.DeriveKeys(prepared, salt, iterations)
	if err != nil {
		return v, fmt.Errorf("derive a key: %w", err)
	}
	v.StoredKey, v.ServerKey = keys.StoredKey, keys.ServerKey
	return v, nil
}
