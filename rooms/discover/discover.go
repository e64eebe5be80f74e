// SPDX-License-Identifier: GPL-2.0-only

// Package discover finds the kchat servers that are around (section 12 of the protocol): it asks, again every second,
// and reports who answers. An answer proves nothing; whoever is on the network can send one.
package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"kchat/wire"
)

// Every is how often is asked: questions and answers may be lost, and interfaces come.
const Every = time.Second

// What a flood of answers can make us hold and report.
const (
	mostServers   = 1024 // pairs of server and address in all
	mostFromOne   = 16   // servers at one address
	mostMarks     = 1024 // questions that still wait for answers
	mostHeard     = 64   // answers that wait to be read; more are left to the system, which drops them
	markLivesFor  = 5 * time.Second
	longestAnswer = 2048 // bytes; what is longer is cut, and read as far as it is known
)

// ErrNothingAsked says that there is nobody who could be asked: no interface is up.
var ErrNothingAsked = errors.New("nobody could be asked")

// Server is one that answered, as it can be reached.
type Server struct {
	wire.Answer
	// Addr is where to log in; of a server that answered over Ethernet and has no IPv6 address there it is invalid.
	Addr netip.AddrPort
	// RTT is the time from the question to the answer.
	RTT time.Duration
	// Interface is the one over which Ethernet was asked; empty: the answer came over UDP.
	Interface string
}

// Options say who is asked. The zero value asks everybody around over UDP.
type Options struct {
	Hosts  []string // names or addresses, instead of everybody; fe80::1%eth0 names an interface
	Ether  string   // interface on which everybody is asked over Ethernet, instead of UDP; Linux alone
	Server [16]byte // UUID of the server that is asked; zero: all
	port   uint16   // UDP; 0: wire.DiscoverPort
}

// ear is a socket from which is asked. Its listen runs until close.
type ear interface {
	// ask sends questions to everybody whom this socket reaches. mark makes one for each.
	ask(mark func(to netip.Addr) []byte) error
	listen(heard chan<- heard, done <-chan struct{})
	close()
}

// heard is what came to an ear.
type heard struct {
	data  []byte
	from  netip.Addr
	ether *etherFrom // over Ethernet
	at    time.Time
}

// etherFrom is where a frame came from.
type etherFrom struct {
	mac   [6]byte
	iface string
}

// Find asks until ctx ends and calls found for each server that answers: once for each address of it, from this
// goroutine. An error means that nothing could be asked at all.
func Find(ctx context.Context, opt Options, found func(Server)) error {
	ears, err := open(ctx, opt)
	if err != nil {
		return err
	}
	f := &finder{opt: opt, ears: ears, heard: make(chan heard, mostHeard), done: make(chan struct{}), marks: map[mark]question{}}
	defer f.close()
	f.listen()
	if err := f.ask(time.Now()); err != nil {
		return err
	}
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			_ = f.ask(now) // an interface may have gone, and comes back
		case h := <-f.heard:
			if s, ok := f.take(h); ok {
				found(s)
			}
		}
	}
}

// open opens the sockets for what is to be asked.
func open(ctx context.Context, opt Options) ([]ear, error) {
	if opt.Ether != "" {
		e, err := openEther(opt.Ether)
		if err != nil {
			return nil, err
		}
		return []ear{e}, nil
	}
	if opt.port == 0 {
		opt.port = wire.DiscoverPort
	}
	hosts, err := resolve(ctx, opt.Hosts)
	if err != nil {
		return nil, err
	}
	var ears []ear
	var errs []error
	for _, v6 := range []bool{false, true} {
		e, err := openUDP(ctx, v6, opt.port, hosts)
		if err != nil {
			errs = append(errs, err) // a system without one of the two asks over the other
			continue
		}
		ears = append(ears, e)
	}
	if len(ears) == 0 {
		return nil, errors.Join(errs...)
	}
	return ears, nil
}

// resolve finds the addresses of hosts.
func resolve(ctx context.Context, hosts []string) ([]netip.Addr, error) {
	var all []netip.Addr
	for _, host := range hosts {
		if addr, err := netip.ParseAddr(host); err == nil {
			all = append(all, addr.Unmap())
			continue
		}
		addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", host, err)
		}
		for _, addr := range addrs {
			all = append(all, addr.Unmap())
		}
	}
	return all, nil
}
