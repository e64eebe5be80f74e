// SPDX-License-Identifier: GPL-2.0-only

package accounts

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/text/secure/precis"

	"kchat/server/genl"
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
	salted, err := pbkdf2.Key(sha256.New, prepared, v.Salt[:], int(iterations), sha256.Size)
	if err != nil {
		return v, fmt.Errorf("derive a key: %w", err)
	}
	v.StoredKey = sha256.Sum256(mac(salted, "Client Key"))
	copy(v.ServerKey[:], mac(salted, "Server Key"))
	return v, nil
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}
