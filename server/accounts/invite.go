// SPDX-License-Identifier: GPL-2.0-only

package accounts

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"strings"
	"time"
)

// Invite lets somebody make an account. The file holds the code's hash, so that reading it invites nobody.
type Invite struct {
	Hash    Bytes     `json:"hash"`
	Uses    int       `json:"uses"` // left
	Expires time.Time `json:"expires"`
}

// codeGroup is after how many characters a code has a dash.
const codeGroup = 4

// NewInvite adds an invite and returns its code, which is kept nowhere.
func (d *Data) NewInvite(uses int, valid time.Duration, now time.Time) string {
	text := rand.Text()[:16] // base32: 80 bits
	var groups []string
	for ; text != ""; text = text[codeGroup:] {
		groups = append(groups, text[:codeGroup])
	}
	code := strings.Join(groups, "-")
	d.Invites = append(d.Invites, Invite{
		Hash: hashCode(code), Uses: uses, Expires: now.Add(valid).UTC().Truncate(time.Second),
	})
	return code
}

// Redeem uses an invite up. Expired and empty ones are removed on the way.
func (d *Data) Redeem(code string, now time.Time) error {
	hash, found := hashCode(code), false
	kept := d.Invites[:0]
	for _, invite := range d.Invites {
		if now.After(invite.Expires) {
			continue
		}
		if !found && subtle.ConstantTimeCompare(hash, invite.Hash) == 1 {
			found = true
			invite.Uses--
		}
		if invite.Uses > 0 {
			kept = append(kept, invite)
		}
	}
	d.Invites = kept
	if !found {
		return ErrInvite
	}
	return nil
}

// hashCode does not care for case, spaces and dashes, which people change when they type a code.
func hashCode(code string) Bytes {
	plain := strings.NewReplacer("-", "", " ", "").Replace(strings.ToUpper(code))
	hash := sha256.Sum256([]byte(plain))
	return hash[:]
}
