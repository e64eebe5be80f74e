// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Action is what RULE does and RULED says was done.
type Action uint8

// The actions.
const (
	RuleKick Action = iota + 1
	RuleBan
	RuleUnban
	RuleMute
	RuleUnmute
	RuleOperator
	RuleNoOperator
	RuleVoice
	RuleNoVoice
	RuleOwner // hands the room over
	RuleRegister
	RuleUnregister
	RuleFlags
	RulePassword
)

// ruleFixed is how long RULE is without its text.
const ruleFixed = 16

// Ruling is the body of RULE and RULED.
type Ruling struct {
	Action  Action
	Seconds uint32 // how long a ban or mute holds, 0: for good; of RuleFlags the new flags
	Account uint64 // whom it is about, 0: the room
	Text    string // why; of RulePassword in RULE the masked key
}

// Append appends the body of RULE or RULED.
func (r Ruling) Append(dst []byte) []byte {
	dst = append(dst, byte(r.Action), 0)
	dst = u16(dst, uint16(len(r.Text)))
	dst = u32(dst, r.Seconds)
	return append(u64(dst, r.Account), r.Text...)
}

// ParseRule reads the body of RULE, as strictly as a server does.
func ParseRule(body []byte) (Ruling, error) {
	r, err := ParseRuled(body)
	switch {
	case err != nil:
		return r, err
	case !r.fits():
		return r, ErrBadFrame
	case r.Action == RulePassword:
		return r, nil
	case !utf8.ValidString(r.Text):
		return r, ErrUTF8
	case strings.ContainsFunc(r.Text, func(c rune) bool { return c < 0x20 || c == 0x7f }):
		return r, ErrBadFrame
	}
	return r, nil
}

// fits reports whether time or flags, account and text belong to the action.
func (r Ruling) fits() bool {
	if r.Action < RuleKick || r.Action > RulePassword || (r.Action <= RuleOwner) != (r.Account != 0) {
		return false
	}
	switch r.Action {
	case RuleBan, RuleMute:
		return true
	case RuleFlags:
		return r.Seconds&^(RoomInviteOnly|RoomModerated|RoomTopicLocked) == 0
	case RulePassword:
		return r.Seconds == 0 && (r.Text == "" || len(r.Text) == KeyLen)
	default:
		return r.Seconds == 0
	}
}

// ParseRuled reads the body of RULED. Its action may be one that this version does not know.
func ParseRuled(body []byte) (Ruling, error) { return (*Decoder)(nil).Ruled(body) }

// Ruled is ParseRuled.
func (dec *Decoder) Ruled(body []byte) (Ruling, error) {
	c := cursor{rest: body, keep: dec}
	r := Ruling{Action: Action(c.u8())}
	c.zeros(1)
	length := c.u16()
	r.Seconds = c.u32()
	r.Account = c.u64()
	r.Text = c.text(length, ReasonMax)
	return r, c.end()
}

// roomKeyIterations is what the password of a room is stretched by.
const roomKeyIterations = 4096

// RoomKey is what a server knows of a room's password, which must be prepared.
func RoomKey(password string, community [16]byte, room string) (key [KeyLen]byte, err error) {
	salt := append([]byte("kchat room"), community[:]...)
	b, err := pbkdf2.Key(sha256.New, password, append(salt, room...), roomKeyIterations, KeyLen)
	if err != nil {
		return key, fmt.Errorf("deriving a room's key: %w", err)
	}
	copy(key[:], b)
	return key, nil
}

// MaskRoomKey hides a room's key in a RULE with this id, or uncovers it.
func MaskRoomKey(key, session [KeyLen]byte, id ID) (masked [KeyLen]byte) {
	h := hmac.New(sha256.New, session[:])
	h.Write([]byte("kchat room key"))
	h.Write(id[:])
	copy(masked[:], h.Sum(nil))
	for i := range masked {
		masked[i] ^= key[i]
	}
	return masked
}

// JoinProof shows on a connection that one knows the room's password.
func JoinProof(key [KeyLen]byte, serverNonce [NonceLen]byte, room string) []byte {
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte("kchat join"))
	h.Write(serverNonce[:])
	h.Write([]byte(room))
	return h.Sum(nil)
}
