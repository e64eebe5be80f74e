// SPDX-License-Identifier: GPL-2.0-only

package peer

import (
	"errors"
	"fmt"
	"time"

	"kchat/wire"
)

// Room is what a JOIN brought, up to LIVE.
type Room struct {
	Number uint32
	Epoch  uint64
	Seq    uint64 // of the last lasting frame when joined
	wire.Joined
	Roster  []wire.Person
	Past    []Frame // the log before LIVE
	Streams []Frame // STREAM_BEGIN before LIVE
}

// Find is the entry of an account in the roster.
func (r *Room) Find(account uint64) (wire.Person, bool) {
	for _, p := range r.Roster {
		if p.Account == account {
			return p, true
		}
	}
	return wire.Person{}, false
}

// Join joins, and checks that JOINED, ROSTER, log and LIVE come in this order.
func (c *Conn) Join(join wire.Join) (*Room, error) {
	f, err := c.Ask(wire.TypeJoin, 0, join, wire.TypeJoined)
	if err != nil {
		return nil, err
	}
	r := &Room{Number: f.Room, Epoch: f.Epoch, Seq: f.Seq}
	if r.Joined, err = wire.ParseJoined(f.Body); err != nil {
		return nil, err
	}
	if r.Number == 0 || r.Epoch == 0 || f.Time != 0 && f.Sender != 0 {
		return nil, fmt.Errorf("JOINED of room %d, epoch %d", r.Number, r.Epoch)
	}
	if err := c.roster(r); err != nil {
		return nil, err
	}
	for {
		f, err := c.inRoom(r.Number)
		if err != nil {
			return nil, fmt.Errorf("waiting for LIVE: %w", err)
		}
		switch f.Type {
		case wire.TypeLive:
			return r, nil
		case wire.TypeJoined, wire.TypeRoster, wire.TypeParted:
			return nil, fmt.Errorf("%v before LIVE", f.Type)
		case wire.TypeStreamBegin:
			r.Streams = append(r.Streams, f)
			continue
		}
		r.Past = append(r.Past, f)
	}
}

func (c *Conn) roster(r *Room) error {
	for {
		f, err := c.inRoom(r.Number)
		if err != nil {
			return fmt.Errorf("waiting for ROSTER: %w", err)
		}
		if f.Type != wire.TypeRoster {
			return &Unexpected{Want: wire.TypeRoster, Got: f}
		}
		people, err := wire.ParsePeople(f.Body)
		if err != nil {
			return err
		}
		r.Roster = append(r.Roster, people...)
		if f.Flags&wire.FlagLast == 0 {
			continue
		}
		if int(r.People) != len(r.Roster) {
			return fmt.Errorf("JOINED says %d people, ROSTER has %d", r.People, len(r.Roster))
		}
		return nil
	}
}

// inRoom is the next frame of this room; those of others stay.
func (c *Conn) inRoom(room uint32) (Frame, error) {
	return c.Find(Limit, func(f Frame) bool { return f.Room == room })
}

// Part leaves, and returns what came of the room before PARTED.
func (c *Conn) Part(room uint32) ([]Frame, error) {
	id, err := c.Request(wire.TypePart, room, wire.Empty{})
	if err != nil {
		return nil, err
	}
	var last []Frame
	for {
		f, err := c.inRoom(room)
		switch {
		case err != nil:
			return last, fmt.Errorf("waiting for PARTED: %w", err)
		case f.Type == wire.TypeError && f.ID == id:
			return last, &Unexpected{Want: wire.TypeParted, Got: f}
		case f.Type == wire.TypeParted:
			if f.ID != id {
				return last, errors.New("PARTED with another id")
			}
			return last, nil
		}
		last = append(last, f)
	}
}

// Say sends text to a room under an id, without waiting for anything.
func (c *Conn) Say(room uint32, id wire.ID, text string) error {
	return c.Send(wire.Header{Type: wire.TypeMsg, Room: room, ID: id}, wire.Talk{Text: []byte(text)})
}

// Presence waits until the room says that somebody is in this state.
func (c *Conn) Presence(limit time.Duration, room uint32, account uint64, state wire.PersonState) (Frame, error) {
	return c.Find(limit, func(f Frame) bool {
		if f.Type != wire.TypePresence || f.Room != room {
			return false
		}
		p, err := wire.ParsePerson(f.Body)
		return err == nil && p.Account == account && p.State == state
	})
}
