// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"encoding/hex"
	"fmt"
)

// Hash is the SHA-256 of a blob: its name in the store and on the wire.
type Hash [32]byte

// IsZero reports whether no hash is known.
func (h Hash) IsZero() bool { return h == Hash{} }

// String writes the hash as 64 hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads what String writes.
func ParseHash(s string) (Hash, error) {
	var h Hash
	if len(s) != hex.EncodedLen(len(h)) {
		return h, fmt.Errorf("a hash has %d hexadecimal digits, %q has %d", hex.EncodedLen(len(h)), s, len(s))
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return Hash{}, fmt.Errorf("read hash %q: %w", s, err)
	}
	return h, nil
}
