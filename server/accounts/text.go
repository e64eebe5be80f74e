// SPDX-License-Identifier: GPL-2.0-only

package accounts

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/text/secure/precis"
)

// NameMax is the longest name of a person, in bytes (docs/protocol.md, limit NAME).
const NameMax = 64

// ErrName says that a name cannot be used, and is wrapped with the reason.
var ErrName = errors.New("the name cannot be used")

// Names checks a person's name and returns it as it is shown and as it is compared (RFC 8265, 3.3 and 3.4).
func Names(name string) (shown, login string, err error) {
	shown, err = precis.UsernameCasePreserved.String(name)
	if err != nil {
		return "", "", fmt.Errorf("%w: letters, digits and signs without spaces are allowed (%w)", ErrName, err)
	}
	login, err = precis.UsernameCaseMapped.String(name)
	if err != nil {
		return "", "", fmt.Errorf("%w: letters, digits and signs without spaces are allowed (%w)", ErrName, err)
	}
	if shown == "" || login == "" {
		return "", "", fmt.Errorf("%w: it is empty", ErrName)
	}
	if len(shown) > NameMax || len(login) > NameMax {
		return "", "", fmt.Errorf("%w: it is longer than %d bytes", ErrName, NameMax)
	}
	return shown, login, nil
}

// String writes the UUID in the 8-4-4-4-12 form of RFC 9562.
func (u UUID) String() string { return uuid.UUID(u).String() }

// MarshalText writes the UUID as String does.
func (u UUID) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (u *UUID) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(strings.ReplaceAll(string(text), "-", ""))
	if err != nil || len(raw) != len(u) {
		return fmt.Errorf("%q is no UUID", text)
	}
	copy(u[:], raw)
	return nil
}

// Bytes is written as base64.
type Bytes []byte

// MarshalText writes base64.
func (b Bytes) MarshalText() ([]byte, error) {
	return []byte(base64.StdEncoding.EncodeToString(b)), nil
}

// UnmarshalText reads base64.
func (b *Bytes) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return fmt.Errorf("read base64: %w", err)
	}
	*b = raw
	return nil
}
