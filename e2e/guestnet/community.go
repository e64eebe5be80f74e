// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"kchat/e2e/driver"
	"kchat/e2e/netns"
	"kchat/server/genl"
	"kchat/server/route"
	"kchat/wire"
)

// place is a network namespace, kept by a file.
type place struct{ namespace int }

// newPlace makes one. It goes with close.
func newPlace() (*place, error) {
	p := &place{}
	if err := netns.New(func() (err error) { p.namespace, err = netns.Open(); return err }); err != nil {
		return nil, err
	}
	return p, nil
}

// do runs a function there.
func (p *place) do(run func() error) error { return netns.In(p.namespace, run) }

func (p *place) close() { _ = unix.Close(p.namespace) }

// cable lays one from where the caller is to a place, with an address at either end.
func cable(name string, near [4]byte, to *place, far [4]byte) error {
	const bits = 30
	end := func(name string, addr [4]byte) error {
		return errors.Join(route.WithLink(name, up), route.WithLink(name, func(conn *route.Conn, link *net.Interface) error {
			return conn.AddAddress(link.Index, addr, bits)
		}))
	}
	conn, err := route.Dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.AddVeth(name+"n", name+"f", to.namespace); err != nil {
		return fmt.Errorf("lay cable %s: %w", name, err)
	}
	return errors.Join(end(name+"n", near), to.do(func() error { return end(name+"f", far) }))
}

// town is a server of the community, in a place of its own.
type town struct {
	*place
	name   string
	uuid   [16]byte
	start  genl.Start
	local  *genl.Local
	kernel *genl.Client
	// host is where clients are told to find it; the guest's first namespace reaches it there.
	host string
	// heard is where each of the others hears it.
	heard map[*town]netip.Addr
}

func (t *town) address() string { return t.host + ":10106" }

// peer is what another server knows of it.
func (t *town) peer(of *town) genl.Peer {
	return genl.Peer{
		Server: t.uuid, Name: t.name, Addr: t.heard[of], UDPPort: wire.DiscoverPort, Host: t.host, Port: wire.Port,
	}
}

// community is three servers that share accounts, with cables between all of them.
type community struct {
	towns  []*town
	logins []string
}

// people is how many accounts a community has.
const people = 12

// newCommunity makes one of three. The servers know each other when it returns.
func newCommunity(ctx context.Context) (*community, error) {
	c, _, err := newTowns(ctx, "ann", "bob", "cid")
	if err != nil {
		return c, err
	}
	for _, t := range c.towns {
		if err := c.open(ctx, t); err != nil {
			return c, err
		}
	}
	return c, c.all(ctx, genl.PeerLive)
}

// newTowns makes the places of one, and what is needed to start servers there; also its secret.
func newTowns(ctx context.Context, names ...string) (*community, []byte, error) {
	c := &community{}
	if err := driver.Load("veth"); err != nil {
		return c, nil, err
	}
	for i := range people {
		c.logins = append(c.logins, fmt.Sprintf("p%d", i))
	}
	secret := make([]byte, wire.KeyLen)
	_, _ = rand.Read(secret) // never fails
	for i, name := range names {
		t, err := c.found(ctx, i, name, secret)
		if err != nil {
			return c, nil, fmt.Errorf("server %s: %w", name, err)
		}
		c.towns = append(c.towns, t)
	}
	for i, t := range c.towns {
		for j, other := range c.towns[i+1:] {
			at := byte(4 * (4*i + j))
			near, far := [4]byte{198, 51, 100, at + 1}, [4]byte{198, 51, 100, at + 2}
			if err := t.do(func() error { return cable(fmt.Sprintf("w%d%d", i, j), near, other.place, far) }); err != nil {
				return c, nil, err
			}
			// Each is heard at its own end.
			t.heard[other], other.heard[t] = netip.AddrFrom4(near), netip.AddrFrom4(far)
		}
	}
	return c, secret, nil
}

// found makes a place for a server, with accounts, and with a cable from here.
func (c *community) found(ctx context.Context, i int, name string, secret []byte) (*town, error) {
	p, err := newPlace()
	if err != nil {
		return nil, err
	}
	near, far := [4]byte{192, 0, 2, byte(4*i + 1)}, [4]byte{192, 0, 2, byte(4*i + 2)}
	t := &town{place: p, name: name, host: netip.AddrFrom4(far).String(), heard: map[*town]netip.Addr{}}
	_, _ = rand.Read(t.uuid[:]) // never fails
	if err := cable(fmt.Sprintf("c%d", i), near, p, far); err != nil {
		return nil, err
	}
	if err := p.do(func() (err error) { t.local, err = genl.Dial(genl.Family); return err }); err != nil {
		return nil, err
	}
	t.kernel = genl.NewClient(t.local)
	for j, login := range c.logins {
		account, err := somebody(uint64(1+j), login)
		if err != nil {
			return nil, err
		}
		if err := t.kernel.SetAccount(ctx, account); err != nil {
			return nil, err
		}
	}
	// Who is quiet while the machine takes its time stays, and slow answers are waited for.
	for name, value := range map[string]uint64{
		"silence_ms": 600_000, "lost_ms": 600_000, "peer_ms": 10_000, "home_ms": 20_000, "move_ms": 20_000,
	} {
		if err := t.kernel.SetParam(ctx, name, value); err != nil {
			return nil, err
		}
	}
	t.start = genl.Start{
		ServerUUID: t.uuid, CommunityUUID: [16]byte{1}, Name: name, Generation: uint32(generationNow()) + uint32(i),
		Iterations: wire.IterationsMin, CommunitySecret: secret,
	}
	return t, nil
}

// open starts a server, and tells it of the others.
func (c *community) open(ctx context.Context, t *town) error {
	t.start.Generation++
	if err := t.kernel.Start(ctx, t.start); err != nil {
		return err
	}
	for _, other := range c.towns {
		if other == t {
			continue
		}
		if err := t.kernel.SetPeer(ctx, other.peer(t)); err != nil {
			return err
		}
	}
	return nil
}

// close ends all servers with their namespaces.
func (c *community) close() {
	for _, t := range c.towns {
		_ = t.local.Close()
		t.place.close()
	}
}

// all waits until every server sees every other in a state.
func (c *community) all(ctx context.Context, state genl.PeerState) error {
	for _, t := range c.towns {
		for _, other := range c.towns {
			if other == t {
				continue
			}
			if err := t.sees(ctx, other, state); err != nil {
				return err
			}
		}
	}
	return nil
}

// sees waits until the server sees another in a state.
func (t *town) sees(ctx context.Context, other *town, state genl.PeerState) error {
	last := genl.PeerState(255)
	for deadline := time.Now().Add(10 * patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		list, err := t.kernel.Peers(ctx)
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.Server != other.uuid {
				continue
			}
			if last = p.State; last == state {
				return nil
			}
		}
	}
	return fmt.Errorf("%s sees %s %v, not %v", t.name, other.name, last, state)
}

// rooms are the names of the server's rooms.
func (t *town) rooms(ctx context.Context) (map[string]genl.Room, error) {
	list, err := t.kernel.Rooms(ctx)
	rooms := map[string]genl.Room{}
	for _, r := range list {
		rooms[r.Name] = r
	}
	return rooms, err
}

// of is the server with a UUID.
func (c *community) of(uuid [16]byte) *town {
	for _, t := range c.towns {
		if t.uuid == uuid {
			return t
		}
	}
	return nil
}
