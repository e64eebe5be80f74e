// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/sys/unix"

	"kchat/server/accounts"
	"kchat/server/genl"
	"kchat/server/relay"
	"kchat/wire"
)

// Peer is another server of the community, as an operator has named it (docs/balancing.md).
type Peer struct {
	Name   string        `json:"name"`
	Server accounts.UUID `json:"server_uuid"`
	Host   string        `json:"host"` // where clients reach it, with Port
	Port   uint16        `json:"port"`
	UDP    uint16        `json:"udp_port"` // where it hears other servers
}

// PeerStatus is a peer and what was heard of it. Its JSON is a line of "kchat-tui server peer list --json".
type PeerStatus struct {
	Peer
	Address string  `json:"address,omitempty"` // of the host
	State   string  `json:"state"`             // silent, live or drained
	HeardMS *int64  `json:"heard_ms"`          // since it was heard last; null: never
	People  uint32  `json:"people"`
	Rooms   uint32  `json:"rooms"`
	Load    float64 `json:"load"` // share of the connections that there may be
}

// PeerOrder says which server is to be a peer, or none any more.
type PeerOrder struct {
	Name string `json:"name"`
	Host string `json:"host,omitempty"`
	Port uint16 `json:"port,omitempty"`
	UDP  uint16 `json:"udp_port,omitempty"`
}

// peers are where a Runner's peers are. Under its lock.
type peers struct {
	community relay.Community
	at        map[accounts.UUID]netip.Addr // as the module or the relay was told last
	undrained bool                         // the server is to be drained, but its successor could not be told yet
}

// How often it is looked whether the names of peers lead elsewhere, and how long one may take to be found.
const (
	tendEvery   = 10 * time.Second
	resolveWait = 2 * time.Second
)

// Errors about peers that a caller may want to tell apart.
var (
	ErrPeerName    = errors.New("this is no name for a peer")
	ErrPeerTaken   = errors.New("there is such a peer already")
	ErrNoPeer      = errors.New("there is no such peer")
	ErrOneself     = errors.New("that is this server itself")
	ErrStranger    = errors.New("that server does not share our accounts")
	ErrPeerSilent  = errors.New("nothing is heard of that server")
	ErrPeerDrained = errors.New("that server gives its rooms away itself")
	ErrDrainedTo   = errors.New("the rooms of this server go there")
	ErrNoUDP       = errors.New("this server hears no others")
)

// find is the index of the peer with a name or UUID, or -1.
func (s *settings) find(name string) int {
	return slices.IndexFunc(s.Peers, func(p Peer) bool { return p.Name == name || p.Server.String() == strings.ToLower(name) })
}

func noPeer(name string) error {
	return fmt.Errorf("%w: %s; \"kchat-tui server peer list\" shows all", ErrNoPeer, name)
}

// resolve finds the address of a host. IPv4 goes first: where a name has both, it is the one that everybody has.
func resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr.Unmap()}, nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("find the host %s: %w", host, err)
	}
	for i, addr := range addrs {
		addrs[i] = addr.Unmap()
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	return addrs, nil
}

// resolveAll finds the addresses of peers, at once. Whose name leads nowhere now is not among them.
func (r *Runner) resolveAll(ctx context.Context, list []Peer) map[accounts.UUID]netip.Addr {
	ctx, cancel := context.WithTimeout(ctx, resolveWait)
	defer cancel()
	var all sync.WaitGroup
	var mu sync.Mutex
	found := map[accounts.UUID]netip.Addr{}
	for _, p := range list {
		all.Go(func() {
			addrs, err := resolve(ctx, p.Host)
			if err != nil {
				r.logs.Server.Warn("a peer is not found", "peer", p.Name, "error", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			found[p.Server] = addrs[0]
		})
	}
	all.Wait()
	return found
}

// startPeers tells a module that is about to start who its peers are, and returns the one that gets its rooms, if it is
// to be drained from the beginning. What goes wrong here is no reason not to start.
func (r *Runner) startPeers(ctx context.Context, client *genl.Client, a about, c relay.Community) *[genl.UUIDLen]byte {
	s, err := readSettings(r.cfg.Paths)
	if err != nil {
		r.logs.Server.Error("the peers are not known", "error", err)
		return nil
	}
	found := r.resolveAll(ctx, s.Peers)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.peers = peers{community: c, at: map[accounts.UUID]netip.Addr{}}
	r.placePeers(ctx, client, a, s.Peers, found)
	if s.Successor == nil {
		return nil
	}
	if _, known := r.peers.at[*s.Successor]; !known {
		r.peers.undrained = true
		return nil
	}
	return (*[genl.UUIDLen]byte)(s.Successor)
}

// placePeers tells the module and the relay of peers that are new or elsewhere. Under the lock.
func (r *Runner) placePeers(ctx context.Context, client *genl.Client, a about, list []Peer, found map[accounts.UUID]netip.Addr) {
	for _, p := range list {
		addr, known := found[p.Server]
		if !known || r.peers.at[p.Server] == addr {
			continue
		}
		if err := client.SetPeer(ctx, r.forModule(p, a, addr)); err != nil {
			r.logs.Server.Error("the module does not take a peer", "peer", p.Name, "error", err)
			continue
		}
		r.peers.at[p.Server] = addr
	}
	r.tellRelay(list)
}

// forModule is a peer as the module takes it. In a microVM it sends everything to us.
func (r *Runner) forModule(p Peer, a about, addr netip.Addr) genl.Peer {
	k := genl.Peer{Server: p.Server, Name: p.Name, Addr: addr, UDPPort: p.UDP, Host: p.Host, Port: p.Port}
	if a.outer.IsValid() {
		k.Addr = a.outer
		if r.found.questions != nil {
			k.UDPPort = r.found.questions.GuestPort()
		}
	}
	return k
}

// tellRelay says to the relay, if there is one, where the peers are. Under the lock.
func (r *Runner) tellRelay(list []Peer) {
	if r.found.questions == nil {
		return
	}
	c := r.peers.community
	c.Peers = map[[genl.UUIDLen]byte]netip.AddrPort{}
	for _, p := range list {
		if addr, known := r.peers.at[p.Server]; known {
			c.Peers[p.Server] = netip.AddrPortFrom(addr, p.UDP)
		}
	}
	r.found.questions.Join(c)
}

// tendPeers follows the names of peers to where they lead, until ctx ends.
func (r *Runner) tendPeers(ctx context.Context) {
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		s, err := readSettings(r.cfg.Paths)
		if err != nil || len(s.Peers) == 0 {
			continue
		}
		r.tend(ctx, s.Peers)
	}
}

func (r *Runner) tend(ctx context.Context, list []Peer) {
	found := r.resolveAll(ctx, list)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.backend == nil {
		return
	}
	s, err := readSettings(r.cfg.Paths) // what was ordered meanwhile
	if err != nil {
		return
	}
	client := genl.NewClient(r.backend)
	ctx, cancel := context.WithTimeout(ctx, r.cfg.patience(answerWait))
	defer cancel()
	r.placePeers(ctx, client, r.backend.about(), s.Peers, found)
	if r.peers.undrained && s.Successor != nil && client.Drain(ctx, (*[genl.UUIDLen]byte)(s.Successor)) == nil {
		r.peers.undrained = false
	}
}

// AddPeer makes a server a peer, once it has shown that it shares our accounts, and remembers that.
func (r *Runner) AddPeer(ctx context.Context, o PeerOrder) (Peer, error) {
	if err := checkPeerOrder(&o); err != nil {
		return Peer{}, err
	}
	addr, welcome, err := greetPeer(ctx, o)
	if err != nil {
		return Peer{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.backend == nil {
		return Peer{}, errStarting
	}
	p := Peer{Name: o.Name, Server: welcome.Server, Host: o.Host, Port: o.Port, UDP: o.UDP}
	switch {
	case p.Server == r.who.Server:
		return Peer{}, fmt.Errorf("%w: %s port %d", ErrOneself, p.Host, p.Port)
	case accounts.UUID(welcome.Community) != accounts.UUID(r.community()):
		return Peer{}, fmt.Errorf("%w: %s at %s port %d; start it with --accounts %s", ErrStranger, welcome.Name, p.Host, p.Port, r.store.Path())
	case r.door != nil && r.found.questions == nil:
		return Peer{}, fmt.Errorf("%w: %s", ErrNoUDP, r.found.why)
	}
	s, err := readSettings(r.cfg.Paths)
	if err != nil {
		return Peer{}, err
	}
	if err := s.put(p); err != nil {
		return Peer{}, err
	}
	err = genl.NewClient(r.backend).SetPeer(ctx, r.forModule(p, r.backend.about(), addr))
	if errors.Is(err, unix.ENOSPC) {
		return Peer{}, fmt.Errorf("there are as many peers as there may be; \"kchat-tui admin set peers\" shows and changes that: %w", err)
	}
	if err != nil {
		return Peer{}, err
	}
	r.peers.at[p.Server] = addr
	r.tellRelay(s.Peers)
	return p, writeSettings(r.cfg.Paths, s)
}

var errStarting = errors.New("the server is being started again")

// community is the UUID of ours, as the accounts file has it; zero: it cannot be read.
func (r *Runner) community() (c [genl.UUIDLen]byte) {
	if data, err := r.store.Read(); err == nil {
		c = data.Community
	}
	return c
}

// put adds a peer, or replaces the one with the same name and UUID.
func (s *settings) put(p Peer) error {
	at := -1
	for i, other := range s.Peers {
		if other.Name == p.Name && other.Server == p.Server {
			at = i
		} else if other.Name == p.Name || other.Server == p.Server {
			return fmt.Errorf("%w: %s (%s port %d, UUID %s)", ErrPeerTaken, other.Name, other.Host, other.Port, other.Server)
		}
	}
	if at < 0 {
		s.Peers = append(s.Peers, p)
	} else {
		s.Peers[at] = p
	}
	return nil
}

// The longest host that clients can be told, in bytes (KCHAT_HOST_MAX).
const hostMax = 255

func checkPeerOrder(o *PeerOrder) error {
	if o.Port == 0 {
		o.Port = DefaultPort
	}
	if o.UDP == 0 {
		o.UDP = wire.DiscoverPort
	}
	bad := func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsPrint(c) }
	if o.Name == "" || len(o.Name) > wire.ServerNameMax || strings.ContainsFunc(o.Name, bad) {
		return fmt.Errorf("%w: %q; it has letters, digits and signs, at most %d bytes", ErrPeerName, o.Name, wire.ServerNameMax)
	}
	plain := func(c rune) bool { return c <= ' ' || c > '~' || c == '/' || c == '@' }
	if o.Host == "" || len(o.Host) > hostMax || strings.ContainsFunc(o.Host, plain) {
		return fmt.Errorf("%q is no host: it is a name or an address by which clients reach the server", o.Host)
	}
	return nil
}

// greetPeer asks who is there, at the place that clients will be sent to.
func greetPeer(ctx context.Context, o PeerOrder) (netip.Addr, wire.Welcome, error) {
	looking, cancel := context.WithTimeout(ctx, resolveWait)
	defer cancel()
	addrs, err := resolve(looking, o.Host)
	if err != nil {
		return netip.Addr{}, wire.Welcome{}, err
	}
	for _, addr := range addrs {
		var welcome wire.Welcome
		if welcome, err = Probe(ctx, netip.AddrPortFrom(addr, o.Port)); err == nil {
			return addr, welcome, nil
		}
	}
	return netip.Addr{}, wire.Welcome{}, fmt.Errorf("%w (is it started, and does it listen there? \"server start --lan\")", err)
}

// DeletePeer takes a peer away.
func (r *Runner) DeletePeer(ctx context.Context, name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.backend == nil {
		return errStarting
	}
	s, err := readSettings(r.cfg.Paths)
	if err != nil {
		return err
	}
	i := s.find(name)
	if i < 0 {
		return noPeer(name)
	}
	p := s.Peers[i]
	if s.Successor != nil && *s.Successor == p.Server {
		return fmt.Errorf("%w: \"kchat-tui admin drain --off\" ends that", ErrDrainedTo)
	}
	err = genl.NewClient(r.backend).DeletePeer(ctx, p.Server)
	if err != nil && !errors.Is(err, unix.ENOENT) { // it may never have been found
		return err
	}
	s.Peers = slices.Delete(s.Peers, i, i+1)
	delete(r.peers.at, p.Server)
	r.tellRelay(s.Peers)
	return writeSettings(r.cfg.Paths, s)
}

// Peers lists the peers and what was heard of them.
func (r *Runner) Peers(ctx context.Context) ([]PeerStatus, error) {
	r.mu.Lock()
	b, at := r.backend, maps.Clone(r.peers.at)
	r.mu.Unlock()
	if b == nil {
		return nil, errStarting
	}
	s, err := readSettings(r.cfg.Paths)
	if err != nil {
		return nil, err
	}
	heard, err := genl.NewClient(b).Peers(ctx)
	if err != nil {
		return nil, err
	}
	list := []PeerStatus{}
	for _, p := range s.Peers {
		one := PeerStatus{Peer: p, State: genl.PeerSilent.String()}
		if addr, known := at[p.Server]; known {
			one.Address = addr.String()
		}
		for _, h := range heard {
			if accounts.UUID(h.Server) == p.Server {
				one.hears(h)
			}
		}
		list = append(list, one)
	}
	return list, nil
}

func (p *PeerStatus) hears(h genl.PeerStatus) {
	p.State, p.People, p.Rooms, p.Load = h.State.String(), h.People, h.Rooms, float64(h.Load)/1000
	if h.Known {
		ms := h.Heard.Milliseconds()
		p.HeardMS = &ms
	}
}
