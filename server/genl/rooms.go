// SPDX-License-Identifier: GPL-2.0-only

package genl

import (
	"context"
	"errors"
	"fmt"

	"github.com/mdlayher/netlink"

	"kchat/wire"
)

// KeptRoom is what is kept of a registered room.
type KeptRoom struct {
	Name      string
	Flags     uint32 // as wire.Room*
	Owner     uint64 // account number; 0: nobody
	Keeper    uint64 // account that registered it; 0: not known
	Backlog   uint16 // messages a newcomer sees
	Created   uint64 // microseconds since 1970
	Topic     string
	Key       [KeyLen]byte // of the password, with wire.RoomPassword
	Standings []Standing
}

// Standing is what a room remembers about an account. Times are milliseconds since 1970; 0: for good.
type Standing struct {
	Room         string `json:"room"`
	Account      uint64 `json:"account"`
	Flags        uint32 `json:"flags"` // Standing*
	BannedUntil  uint64 `json:"banned_until,omitempty"`
	MutedUntil   uint64 `json:"muted_until,omitempty"`
	InvitedUntil uint64 `json:"invited_until,omitempty"`
}

// Order is what whoever runs the server does to somebody in a room.
type Order struct {
	Room    string      `json:"room"`
	Action  wire.Action `json:"action"` // RuleKick to RuleUnmute
	Account uint64      `json:"account"`
	Seconds uint32      `json:"seconds,omitempty"` // of a ban or a mute; 0: for good
	Reason  string      `json:"reason,omitempty"`
}

// standingsAtOnce is how many fit well into one request.
const standingsAtOnce = 200

// SetRoom gives a registered room to the module, in which nobody may be.
func (c *Client) SetRoom(ctx context.Context, r KeptRoom) error {
	for first := true; first || len(r.Standings) > 0; first = false {
		n := min(len(r.Standings), standingsAtOnce)
		part := r
		part.Standings, r.Standings = r.Standings[:n], r.Standings[n:]
		err := c.do(ctx, "give the room "+r.Name+" to the module", cmdRoomSet, func(e *netlink.AttributeEncoder) { encodeRoom(e, part) })
		if err != nil {
			return err
		}
	}
	return nil
}

func encodeRoom(e *netlink.AttributeEncoder, r KeptRoom) {
	e.String(attrRoomName, r.Name)
	e.Uint32(attrRoomFlags, r.Flags)
	e.Uint64(attrOwner, r.Owner)
	if r.Keeper != 0 {
		e.Uint64(attrKeeper, r.Keeper)
	}
	e.Uint16(attrBacklog, r.Backlog)
	e.Uint64(attrCreated, r.Created)
	if r.Topic != "" {
		e.String(attrTopic, r.Topic)
	}
	if r.Flags&wire.RoomPassword != 0 {
		e.Bytes(attrRoomKey, r.Key[:])
	}
	for _, s := range r.Standings {
		e.Nested(attrStanding, func(e *netlink.AttributeEncoder) error {
			e.Uint64(attrAccount, s.Account)
			e.Uint32(attrStandingFlags, s.Flags)
			e.Uint64(attrBannedUntil, s.BannedUntil)
			e.Uint64(attrMutedUntil, s.MutedUntil)
			e.Uint64(attrInvitedUntil, s.InvitedUntil)
			return nil
		})
	}
}

// DeleteRoom ends the registration of a room. ENOENT: it has none.
func (c *Client) DeleteRoom(ctx context.Context, name string) error {
	return c.do(ctx, "end the registration of "+name, cmdRoomDel, func(e *netlink.AttributeEncoder) {
		e.String(attrRoomName, name)
	})
}

// Room asks what is to be kept of a room. ENOENT: there is no such room.
func (c *Client) Room(ctx context.Context, name string) (KeptRoom, error) {
	what := "ask the module for the room " + name
	data, err := encode(func(e *netlink.AttributeEncoder) { e.String(attrRoomName, name) })
	if err != nil {
		return KeptRoom{}, fmt.Errorf("%s: %w", what, err)
	}
	replies, err := c.to.Execute(ctx, cmdRoomRecord, netlink.Request, data)
	if err == nil && len(replies) == 0 {
		err = errors.New("no answer")
	}
	if err != nil {
		return KeptRoom{}, fmt.Errorf("%s: %w", what, err)
	}
	r, err := decodeKeptRoom(replies[0])
	if err != nil {
		return KeptRoom{}, fmt.Errorf("%s: %w", what, err)
	}
	r.Standings, err = c.Standings(ctx, name)
	return r, err
}

// Standings lists whom rooms remember: all of them, or one.
func (c *Client) Standings(ctx context.Context, room string) ([]Standing, error) {
	data, err := encode(func(e *netlink.AttributeEncoder) {
		if room != "" {
			e.String(attrRoomName, room)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("ask the module whom a room remembers: %w", err)
	}
	return dumpWith(ctx, c.to, "memory of rooms", cmdStandingGet, data, decodeStanding)
}

// Order carries out a ruling of whoever runs the server, whom no role binds. ENOENT: there is no such room or account;
// ESRCH: the account is not in the room; EINVAL: it would not hold.
func (c *Client) Order(ctx context.Context, o Order) error {
	return c.do(ctx, "rule in "+o.Room, cmdRule, func(e *netlink.AttributeEncoder) {
		e.String(attrRoomName, o.Room)
		e.Uint8(attrAction, uint8(o.Action))
		e.Uint64(attrAccount, o.Account)
		if o.Seconds != 0 {
			e.Uint32(attrSeconds, o.Seconds)
		}
		if o.Reason != "" {
			e.String(attrReason, o.Reason)
		}
	})
}

func decodeKeptRoom(data []byte) (KeptRoom, error) {
	var r KeptRoom
	err := walk(data, func(d *netlink.AttributeDecoder) {
		switch d.Type() {
		case attrRoomName:
			r.Name = d.String()
		case attrRoomFlags:
			r.Flags = d.Uint32()
		case attrOwner:
			r.Owner = d.Uint64()
		case attrKeeper:
			r.Keeper = d.Uint64()
		case attrBacklog:
			r.Backlog = d.Uint16()
		case attrCreated:
			r.Created = d.Uint64()
		case attrTopic:
			r.Topic = d.String()
		case attrRoomKey:
			copy(r.Key[:], d.Bytes())
		}
	})
	return r, err
}

func decodeStanding(data []byte) (Standing, error) {
	var s Standing
	err := walk(data, func(d *netlink.AttributeDecoder) {
		switch d.Type() {
		case attrRoomName:
			s.Room = d.String()
		case attrAccount:
			s.Account = d.Uint64()
		case attrStandingFlags:
			s.Flags = d.Uint32()
		case attrBannedUntil:
			s.BannedUntil = d.Uint64()
		case attrMutedUntil:
			s.MutedUntil = d.Uint64()
		case attrInvitedUntil:
			s.InvitedUntil = d.Uint64()
		}
	})
	return s, err
}
