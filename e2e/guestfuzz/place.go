// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"kchat/e2e/peer"
	"kchat/server/genl"
	"kchat/server/route"
	"kchat/wire"
)

const (
	port     = 10106
	address  = "127.0.0.1:10106"
	password = "fuzz"
	room     = "fuzz"
	people   = 4                 // accounts 1 to 4, "person1" to "person4"
	rootIs   = 1                 // the account of the user who opens the device
	patience = 100 * time.Second // for what is certain to come, on the slowest kernel
)

// Who the server is, and a peer of it, and by what they know each other.
var (
	serverUUID      = [16]byte{1}
	peerUUID        = [16]byte{9}
	communitySecret = [32]byte{3}
)

// place is a server in the network namespace of one thread, to which it belongs.
type place struct {
	local      *genl.Local
	kernel     *genl.Client
	generation uint32
	checks     int
	salted     []byte // of the password; all have the same
}

// newPlace starts the server of the namespace in which the caller is.
func newPlace() (*place, error) {
	if err := route.WithLink("lo", func(conn *route.Conn, lo *net.Interface) error { return conn.Up(lo.Index) }); err != nil {
		return nil, err
	}
	local, err := genl.Dial(genl.Family)
	if err != nil {
		return nil, err
	}
	p := &place{local: local, kernel: genl.NewClient(local)}
	if err := p.start(); err != nil {
		return nil, errors.Join(err, local.Close())
	}
	return p, nil
}

func (p *place) close() { _ = p.local.Close() }

// wide are limits that would sooner or later stop every input at the same place.
var wide = []genl.Param{
	{Name: "failures_account", Value: 100_000},
	{Name: "failures_address", Value: 1_000_000},
	{Name: "sessions", Value: 1000},
	{Name: "session_ms", Value: 100},
	{Name: "room_idle_ms", Value: 0},
	{Name: "answers_address", Value: 1000},
	{Name: "closing_ms", Value: 50},
}

func (p *place) start() error {
	p.generation++
	start := genl.Start{
		Name: "fuzz", Generation: p.generation, Iterations: wire.IterationsMin, Port: port, CommunitySecret: communitySecret[:], ServerUUID: serverUUID,
	}
	start.CommunityUUID[0] = 2
	ctx := context.Background()
	if err := p.kernel.Start(ctx, start); err != nil {
		return err
	}
	for _, limit := range wide {
		if err := p.kernel.SetParam(ctx, limit.Name, limit.Value); err != nil {
			return err
		}
	}
	keys, err := wire.DeriveKeys(password, [wire.SaltLen]byte{1}, wire.IterationsMin)
	if err != nil {
		return err
	}
	for number := uint64(1); number <= people; number++ {
		account := genl.Account{
			Number: number, Name: login(number), Login: login(number),
			Salt: keys.Salt, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey,
		}
		if number == rootIs {
			root := uint32(0)
			account.UID = &root
		}
		if err := p.kernel.SetAccount(ctx, account); err != nil {
			return err
		}
	}
	return nil
}

func login(number uint64) string { return fmt.Sprint("person", number) }

// enter logs somebody in who joins a room.
func (p *place) enter(number uint64, room string) (*peer.Conn, uint32, error) {
	c, err := peer.Dial(address)
	if err != nil {
		return nil, 0, err
	}
	joined, err := func() (*peer.Room, error) {
		if err := c.Hello(); err != nil {
			return nil, err
		}
		if err := c.LoginSalted(login(number), p.derive); err != nil {
			return nil, err
		}
		return c.Join(wire.Join{Name: room})
	}()
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("%s does not get in: %w, after %v", login(number), err, c.Passed()), c.Close())
	}
	return c, joined.Number, nil
}

// derive is the salted password, computed once.
func (p *place) derive(asked wire.Challenge) (salted []byte, err error) {
	if p.salted == nil {
		p.salted, err = wire.SaltedPassword(password, asked.Salt, asked.Iterations)
	}
	return p.salted, err
}

// alive fails unless two people can talk, in a room for which no input has made rules.
func (p *place) alive() error {
	p.checks++
	room := fmt.Sprint("check ", p.checks)
	one, number, err := p.enter(people, room)
	if err != nil {
		return err
	}
	defer one.Close()
	two, _, err := p.enter(people-1, room)
	if err != nil {
		return err
	}
	defer two.Close()
	id := peer.NewID()
	if err := one.Say(number, id, "still there?"); err != nil {
		return err
	}
	if _, err := one.Reply(id, wire.TypeMsg); err != nil {
		return err
	}
	if _, err = two.Find(patience, func(f peer.Frame) bool { return f.Type == wire.TypeMsg && f.ID == id }); err != nil {
		return fmt.Errorf("what one says the other does not hear: %w, after %v", err, two.Passed())
	}
	return nil
}
