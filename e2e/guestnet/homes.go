// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"

	"kchat/e2e/peer"
	"kchat/wire"
)

// guest is somebody of the community, with a connection to each server that they have been led to.
type guest struct {
	c     *community
	login string
	conns map[*town]*peer.Conn
}

func (c *community) guest(i int) *guest {
	return &guest{c, c.logins[i], map[*town]*peer.Conn{}}
}

// at is the guest's connection to a server.
func (g *guest) at(t *town) (*peer.Conn, error) {
	if conn := g.conns[t]; conn != nil {
		return conn, nil
	}
	conn, err := enter(t.address(), g.login)
	if err != nil {
		return nil, fmt.Errorf("%s logs in at %s: %w", g.login, t.name, err)
	}
	g.conns[t] = conn
	return conn, nil
}

func (g *guest) close() {
	for _, conn := range g.conns {
		_ = conn.Close()
	}
}

// moved reads a MOVED, and looks whether what it says is true.
func (c *community) moved(f peer.Frame, room string) (*town, error) {
	m, err := wire.ParseMoved(f.Body)
	if err != nil {
		return nil, err
	}
	to := c.of(m.Server)
	if to == nil || m.Host != to.host || m.Port != wire.Port || m.Room != room {
		return nil, fmt.Errorf("MOVED %+v", m)
	}
	return to, nil
}

// join goes into a room from a server on, as far as it is led.
func (g *guest) join(from *town, join wire.Join) (*town, *peer.Room, error) {
	for range 4 {
		conn, err := g.at(from)
		if err != nil {
			return nil, nil, err
		}
		r, err := conn.Join(join)
		var other *peer.Unexpected
		if err == nil || !errors.As(err, &other) || other.Got.Type != wire.TypeMoved {
			return from, r, err
		}
		to, err := g.c.moved(other.Got, join.Name)
		if err != nil {
			return nil, nil, err
		}
		if to == from {
			return nil, nil, fmt.Errorf("%s says that %q has moved to itself", from.name, join.Name)
		}
		from = to
	}
	return nil, nil, fmt.Errorf("%q has moved too often", join.Name)
}

// homesOfRooms: rooms are made on the least loaded server; whoever asks elsewhere is led there; a room that is not to be
// made is not; local is everywhere.
func homesOfRooms(ctx context.Context) error {
	c, err := newCommunity(ctx)
	defer c.close()
	if err != nil {
		return err
	}
	fmt.Println("three servers see each other")
	a, b := c.guest(0), c.guest(1)
	defer a.close()
	defer b.close()
	homes, err := spread(ctx, c, a)
	if err != nil {
		return err
	}
	for name, home := range homes {
		for _, from := range c.towns {
			to, r, err := b.join(from, wire.Join{Name: name})
			if err != nil {
				return fmt.Errorf("%s joins %s at %s: %w", b.login, name, from.name, err)
			}
			if to != home || r.People != 2 {
				return fmt.Errorf("%s is at %s with %d people, not at %s with 2", name, to.name, r.People, home.name)
			}
			if _, err := b.conns[to].Part(r.Number); err != nil {
				return err
			}
		}
	}
	fmt.Println("whoever asks elsewhere is led there")
	return errors.Join(notMade(ctx, c, a), everywhere(ctx, c, a), twoOfThem(c, a, b))
}

// twoOfThem: the room of two is where the first one is, and the other one hears of it at another server.
func twoOfThem(c *community, a, b *guest) error {
	here, there := c.towns[1], c.towns[2]
	first, err := a.at(here)
	if err != nil {
		return err
	}
	second, err := b.at(there)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("@%d-%d", min(first.Me.Account, second.Me.Account), max(first.Me.Account, second.Me.Account))
	if at, _, err := a.join(here, wire.Join{Name: name}); err != nil || at != here {
		return fmt.Errorf("%s joins %s: %w", a.login, name, err)
	}
	// At the room's own server too, where b has been before.
	isInvited := func(f peer.Frame) bool { return f.Type == wire.TypeInvited }
	if f, err := b.conns[here].Find(peer.Limit, isInvited); err != nil || f.Room == 0 {
		return fmt.Errorf("%s is not invited at home: %+v: %w", b.login, f.Header, err)
	}
	f, err := second.Find(peer.Limit, isInvited)
	if err != nil {
		return fmt.Errorf("%s is not invited: %w", b.login, err)
	}
	invited, err := wire.ParseInvited(f.Body)
	if err != nil || f.Room != 0 || f.Sender != first.Me.Account || invited.Room != name || invited.Sender != a.login {
		return fmt.Errorf("INVITED %+v %+v: %w", f.Header, invited, err)
	}
	if at, r, err := b.join(there, wire.Join{Name: name}); err != nil || at != here || r.People != 2 {
		return fmt.Errorf("%s joins %s: %w", b.login, name, err)
	}
	fmt.Println("somebody at another server is invited")
	return nil
}

// spread makes rooms from one server: none has more than its share.
func spread(ctx context.Context, c *community, a *guest) (map[string]*town, error) {
	const rooms = 12
	homes := map[string]*town{}
	for i := range rooms {
		name := fmt.Sprintf("room-%d", i)
		home, _, err := a.join(c.towns[0], wire.Join{Name: name})
		if err != nil {
			return nil, fmt.Errorf("room %s: %w", name, err)
		}
		homes[name] = home
	}
	for _, t := range c.towns {
		has, err := t.rooms(ctx)
		if err != nil {
			return nil, err
		}
		if len(has) != rooms/len(c.towns) {
			return nil, fmt.Errorf("%s has %d rooms of %d", t.name, len(has), rooms)
		}
		fmt.Printf("%s has %d rooms\n", t.name, len(has))
	}
	return homes, nil
}

func notMade(ctx context.Context, c *community, a *guest) error {
	for _, t := range c.towns {
		_, _, err := a.join(t, wire.Join{Name: "nowhere", Flags: wire.JoinExisting})
		var refused *wire.ErrorBody
		if !errors.As(err, &refused) || refused.Number != wire.ErrNoRoom {
			return fmt.Errorf("a room that is not to be made, at %s: %w", t.name, err)
		}
		has, err := t.rooms(ctx)
		if _, made := has["nowhere"]; made || err != nil {
			return fmt.Errorf("a room that is not to be made is at %s: %w", t.name, err)
		}
	}
	fmt.Println("a room that is not to be made is not")
	return nil
}

func everywhere(_ context.Context, c *community, a *guest) error {
	for _, t := range c.towns {
		if at, _, err := a.join(t, wire.Join{Name: "local"}); err != nil || at != t {
			return fmt.Errorf("local at %s: %w", t.name, err)
		}
	}
	fmt.Println("local is everywhere")
	return nil
}
