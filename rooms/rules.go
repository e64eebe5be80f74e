// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"fmt"
	"math"
	"time"

	"kchat/wire"
)

// Action is what an operator does to somebody, or the owner to the room.
type Action uint8

// The actions, with the numbers of the protocol.
const (
	Kick       = Action(wire.RuleKick)
	Ban        = Action(wire.RuleBan)
	Unban      = Action(wire.RuleUnban)
	Mute       = Action(wire.RuleMute)
	Unmute     = Action(wire.RuleUnmute)
	Operator   = Action(wire.RuleOperator)
	NoOperator = Action(wire.RuleNoOperator)
	Voice      = Action(wire.RuleVoice)
	NoVoice    = Action(wire.RuleNoVoice)
	HandOver   = Action(wire.RuleOwner)
	Keep       = Action(wire.RuleRegister)
	NotKept    = Action(wire.RuleUnregister)
	SetRules   = Action(wire.RuleFlags)
	SetKey     = Action(wire.RulePassword)
)

// Ruling is one action.
type Ruling struct {
	Action Action
	Person AccountID     // whom it is about, 0: the room
	For    time.Duration // a ban or a mute, in whole seconds; 0: for good
	Why    string
	Rules  Rules // of SetRules: InviteOnly, Moderated and TopicLocked
}

// roomKey is what is made of a room's password, which takes time.
type roomKey struct {
	password  string
	community UUID
	key       [wire.KeyLen]byte
}

func rulesOf(flags uint32) Rules {
	return Rules{
		Registered: flags&wire.RoomRegistered != 0, InviteOnly: flags&wire.RoomInviteOnly != 0,
		Moderated: flags&wire.RoomModerated != 0, Password: flags&wire.RoomPassword != 0,
		TopicLocked: flags&wire.RoomTopicLocked != 0,
	}
}

func (r Rules) flags() (flags uint32) {
	for flag, on := range map[uint32]bool{
		wire.RoomInviteOnly: r.InviteOnly, wire.RoomModerated: r.Moderated, wire.RoomTopicLocked: r.TopicLocked,
	} {
		if on {
			flags |= flag
		}
	}
	return flags
}

// Rule does something in a room, as far as we may: see docs/rooms.md.
func (c *Client) Rule(ctx context.Context, name string, do Ruling) error {
	body := wire.Ruling{Action: wire.Action(do.Action), Account: uint64(do.Person), Text: do.Why}
	switch do.Action {
	case Ban, Mute:
		body.Seconds = uint32(min(math.MaxUint32, max(0, do.For.Seconds())))
	case SetRules:
		body.Seconds = do.Rules.flags()
	}
	return c.rule(ctx, name, func(*room, wire.ID) (wire.Ruling, error) { return body, nil })
}

// SetRoomPassword gives a room a password, or, if that is empty, takes it away. The server learns a key made of it.
func (c *Client) SetRoomPassword(ctx context.Context, name, password string) error {
	return c.rule(ctx, name, func(r *room, id wire.ID) (wire.Ruling, error) {
		body := wire.Ruling{Action: wire.RulePassword}
		if password == "" {
			return body, nil
		}
		key, err := c.roomKey(r, password)
		if err != nil {
			return body, err
		}
		masked := wire.MaskRoomKey(key, r.home.session.key, id)
		body.Text = string(masked[:])
		// We come back with it after the next break of the connection.
		r.opts.Password = password
		return body, nil
	})
}

func (c *Client) rule(ctx context.Context, name string, body func(*room, wire.ID) (wire.Ruling, error)) error {
	_, err := call(ctx, c, func(done func(struct{}, error)) {
		r, ok := c.view.rooms[name]
		if !ok || r.number == 0 {
			done(struct{}{}, ErrNotInRoom)
			return
		}
		id := newMark()
		ruling, err := body(r, id)
		if err != nil {
			done(struct{}{}, err)
			return
		}
		c.request(r.home, wire.Header{Type: wire.TypeRule, Room: r.number, ID: id}, ruling,
			func(f wire.Frame, err error) bool {
				if err == nil && f.Type == wire.TypeRuled {
					// Our own RULED has the mark of the request too, and may come before the answer.
					if err = c.handleRuled(r, f); err == nil {
						return true
					}
				}
				done(struct{}{}, err)
				return false
			})
	})
	if err != nil {
		return fmt.Errorf("setting a rule in %s: %w", name, err)
	}
	return nil
}

// roomKey makes the key of a room's password, once.
func (c *Client) roomKey(r *room, password string) ([wire.KeyLen]byte, error) {
	community := r.home.session.community
	if r.key.password == password && r.key.community == community {
		return r.key.key, nil
	}
	prepared, err := PreparePassword(password)
	if err != nil {
		return r.key.key, err
	}
	key, err := wire.RoomKey(prepared, community, r.name)
	if err != nil {
		return key, fmt.Errorf("the password of %s: %w", r.name, err)
	}
	r.key = roomKey{password: password, community: community, key: key}
	return key, nil
}

func (c *Client) joinProof(r *room) ([]byte, error) {
	key, err := c.roomKey(r, r.opts.Password)
	if err != nil {
		return nil, err
	}
	return wire.JoinProof(key, r.home.welcome.Nonce, r.name), nil
}

// handleRuled follows what holds in a room. What was ruled before we came is in JOINED already.
func (c *Client) handleRuled(r *room, f wire.Frame) error {
	body, err := c.decoder.Ruled(f.Body)
	if err != nil {
		return err
	}
	if !r.live {
		return nil
	}
	do := Ruling{Action: Action(body.Action), Person: AccountID(body.Account), Why: body.Text}
	c.view.Lock()
	rules := &r.info.Rules
	switch do.Action {
	case Ban, Mute:
		do.For = time.Duration(body.Seconds) * time.Second
	case SetRules:
		do.Rules = rulesOf(body.Seconds)
		rules.InviteOnly, rules.Moderated, rules.TopicLocked = do.Rules.InviteOnly, do.Rules.Moderated, do.Rules.TopicLocked
	case Keep, NotKept:
		rules.Registered = do.Action == Keep
	case SetKey:
		rules.Password = body.Seconds != 0
	}
	now := *rules
	c.view.Unlock()
	c.out.tell(Ruled{Room: r.name, By: AccountID(f.Sender), Ruling: do, Rules: now})
	return nil
}
