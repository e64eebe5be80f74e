// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kchat/wire"
)

// Whois finds somebody by name. It fails with wire.ErrNoPerson if nobody has it.
func (c *Client) Whois(ctx context.Context, name string) (Person, error) {
	login, err := LoginName(name)
	if err != nil {
		return Person{}, err
	}
	return c.whois(ctx, wire.Whois{Login: login})
}

// Person finds somebody by number.
func (c *Client) Person(ctx context.Context, id AccountID) (Person, error) {
	return c.whois(ctx, wire.Whois{Account: uint64(id)})
}

func (c *Client) whois(ctx context.Context, q wire.Whois) (Person, error) {
	f, err := c.askServer(ctx, wire.Header{Type: wire.TypeWhois}, q)
	if err != nil {
		return Person{}, fmt.Errorf("asking who somebody is: %w", err)
	}
	p, err := wire.ParsePerson(f.Body)
	if err != nil {
		return Person{}, fmt.Errorf("reading who somebody is: %w", err)
	}
	return personOf(p), nil
}

// People is who is connected to the server, sorted by name.
func (c *Client) People(ctx context.Context) ([]Person, error) {
	var people []Person
	after := uint64(0)
	for {
		f, err := c.askServer(ctx, wire.Header{Type: wire.TypePeople}, wire.Number{Value: after})
		if err != nil {
			return nil, fmt.Errorf("asking who is connected: %w", err)
		}
		page, err := wire.ParsePeople(f.Body)
		if err != nil {
			return nil, fmt.Errorf("reading who is connected: %w", err)
		}
		for _, p := range page {
			people = append(people, personOf(p))
			after = p.Account
		}
		if f.Flags&wire.FlagLast != 0 || len(page) == 0 {
			sortPeople(people)
			return people, nil
		}
	}
}

// Rooms is the list of the rooms, without those of two people: those of the main server in the order in which they
// were made, then those that are only at other homes of rooms of ours.
func (c *Client) Rooms(ctx context.Context) ([]RoomInfo, error) {
	list, err := c.roomsOf(ctx, c.main)
	if err != nil {
		return nil, err
	}
	type place struct {
		at   *home
		ours map[string]bool
	}
	others, err := call(ctx, c, func(done func([]place, error)) {
		var others []place
		for _, h := range c.homes {
			p := place{h, map[string]bool{}}
			for _, r := range c.roomsAt(h) {
				p.ours[r.name] = true
			}
			others = append(others, p)
		}
		done(others, nil)
	})
	if err != nil {
		return nil, fmt.Errorf("asking for the rooms: %w", err)
	}
	slices.SortFunc(others, func(a, b place) int { return strings.Compare(a.at.address, b.at.address) })
	for _, p := range others {
		theirs, err := c.roomsOf(ctx, p.at)
		if err != nil {
			c.log.Info("a home does not list its rooms", "address", p.at.address, "error", err)
			continue
		}
		for _, r := range theirs {
			at := slices.IndexFunc(list, func(known RoomInfo) bool { return known.Name == r.Name })
			switch {
			case at < 0:
				list = append(list, r)
			case p.ours[r.Name]: // it is there; elsewhere there is only what is left of it
				list[at] = r
			}
		}
	}
	return list, nil
}

func (c *Client) roomsOf(ctx context.Context, h *home) ([]RoomInfo, error) {
	var list []RoomInfo
	after := uint64(0)
	for {
		f, err := c.askHome(ctx, h, wire.Header{Type: wire.TypeRooms}, wire.Number{Value: after})
		if err != nil {
			return nil, fmt.Errorf("asking for the rooms: %w", err)
		}
		page, err := wire.ParseRoomList(f.Body)
		if err != nil {
			return nil, fmt.Errorf("reading the rooms: %w", err)
		}
		for _, e := range page {
			list = append(list, RoomInfo{
				Name: e.Name, Number: e.Number, Topic: e.Topic, People: int(e.People),
				Practice: e.Flags&wire.RoomPractice != 0, Direct: e.Flags&wire.RoomDirect != 0, Rules: rulesOf(e.Flags),
			})
			if uint64(e.Number) <= after {
				return nil, fmt.Errorf("reading the rooms: they are not sorted: %w", wire.ErrBadFrame)
			}
			after = uint64(e.Number)
		}
		if f.Flags&wire.FlagLast != 0 || len(page) == 0 {
			return list, nil
		}
	}
}

// Status is what the server counts.
func (c *Client) Status(ctx context.Context) (Status, error) {
	f, err := c.askServer(ctx, wire.Header{Type: wire.TypeStatus}, wire.Empty{})
	if err != nil {
		return Status{}, fmt.Errorf("asking how the server is: %w", err)
	}
	body, err := wire.ParseStatusIs(f.Body)
	if err != nil {
		return Status{}, fmt.Errorf("reading how the server is: %w", err)
	}
	s := Status{Kernel: body.Kernel, Module: body.Module}
	for _, n := range body.Counters {
		if name := wire.CounterName(n.Number); name != "" {
			s.Counters = append(s.Counters, Counter{Name: name, Value: n.Value})
		}
	}
	return s, nil
}

// Invite asks somebody into a room that we are in. It fails with ErrOffline when they are not connected.
func (c *Client) Invite(ctx context.Context, name string, person AccountID) error {
	_, err := call(ctx, c, func(done func(struct{}, error)) {
		r, ok := c.view.rooms[name]
		if !ok || r.number == 0 {
			done(struct{}{}, ErrNotInRoom)
			return
		}
		c.request(r.home, wire.Header{Type: wire.TypeInvite, Room: r.number}, wire.Number{Value: uint64(person)},
			func(_ wire.Frame, err error) bool {
				done(struct{}{}, err)
				return false
			})
	})
	if err != nil {
		return fmt.Errorf("inviting to %s: %w", name, err)
	}
	return nil
}

// Envelope sends somebody up to 4096 bytes that the server does not look into. It fails with ErrOffline when they are
// not connected; nothing is kept.
func (c *Client) Envelope(ctx context.Context, to AccountID, payload []byte) error {
	if len(payload) > wire.DirectMax {
		return fmt.Errorf("sending an envelope of %d bytes: %w", len(payload), wire.ErrTooLong)
	}
	if _, err := c.askServer(ctx, wire.Header{Type: wire.TypeDirect}, wire.Direct{To: uint64(to), Data: payload}); err != nil {
		return fmt.Errorf("sending an envelope: %w", err)
	}
	return nil
}

func (c *Client) handleDirect(_ *home, f wire.Frame) error {
	d, err := wire.ParseDirect(f.Body)
	if err != nil {
		return err
	}
	c.out.tell(Enveloped{From: AccountID(f.Sender), Payload: d.Data})
	return nil
}

// handleInvited enters rooms of two by itself and asks for others.
func (c *Client) handleInvited(h *home, f wire.Frame) error {
	i, err := wire.ParseInvited(f.Body)
	if err != nil {
		return err
	}
	from := Person{ID: AccountID(f.Sender), Name: i.Sender, State: Present}
	c.view.Lock()
	c.names[from.ID] = from.Name
	c.view.Unlock()
	direct := i.Flags&wire.RoomDirect != 0 && i.Room == DirectRoom(c.me(), from.ID) && len(c.view.rooms) < roomsMax
	if direct {
		r := c.room(i.Room)
		r.wanted = true
		if r.number == 0 && !r.joining {
			r.home = h
		}
		c.join(r)
	}
	c.out.tell(Invited{Room: i.Room, Direct: direct, From: from})
	return nil
}

// ChangePassword changes our own password. Our other sessions end.
func (c *Client) ChangePassword(ctx context.Context, password string) error {
	prepared, err := PreparePassword(password)
	if err != nil {
		return err
	}
	iterations, err := call(ctx, c, func(done func(uint32, error)) {
		if c.main.link == nil {
			done(0, ErrNoServer)
			return
		}
		done(c.main.welcome.Iterations, nil)
	})
	if err != nil {
		return fmt.Errorf("changing the password: %w", err)
	}
	keys, err := freshKeys(prepared, iterations)
	if err != nil {
		return fmt.Errorf("changing the password: %w", err)
	}
	_, err = call(ctx, c, func(done func(struct{}, error)) {
		if c.main.link == nil {
			done(struct{}{}, ErrNoServer)
			return
		}
		body := wire.Passwd{Iterations: keys.Iterations, Salt: keys.Salt, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey}
		body.Proof = wire.PasswdProof(c.view.session.key, body)
		c.request(c.main, wire.Header{Type: wire.TypePasswd}, body, func(_ wire.Frame, err error) bool {
			if err == nil {
				c.password = &secret{prepared: prepared}
			}
			done(struct{}{}, err)
			return false
		})
	})
	if err != nil {
		return fmt.Errorf("changing the password: %w", err)
	}
	return nil
}
