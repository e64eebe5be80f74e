// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"kchat/wire"
)

// link is the machine's one network card.
const link = "eth0"

// patience is how long an answer may take on an emulated processor; silence is taken for "no answer" after quiet.
const (
	patience = 15 * time.Second
	quiet    = time.Second
)

// asker is a socket from which questions are asked.
type asker struct {
	conn     *net.UDPConn
	answered map[[8]byte]bool // marks of questions that were asked more than once, perhaps, and have their answer
}

func newAsker(ctx context.Context, network string) (*asker, error) {
	var config net.ListenConfig
	conn, err := config.ListenPacket(ctx, network, ":0")
	if err != nil {
		return nil, fmt.Errorf("open a socket: %w", err)
	}
	return &asker{conn.(*net.UDPConn), map[[8]byte]bool{}}, nil
}

func (a *asker) send(to netip.AddrPort, data []byte) error {
	if _, err := a.conn.WriteToUDPAddrPort(data, to); err != nil {
		return fmt.Errorf("ask %v: %w", to, err)
	}
	return nil
}

// answer waits for one datagram that is not the second answer to a question. An error of os.ErrDeadlineExceeded: nothing came.
func (a *asker) answer(wait time.Duration) ([]byte, netip.AddrPort, error) {
	if err := a.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return nil, netip.AddrPort{}, err
	}
	data := make([]byte, 2048)
	for {
		n, from, err := a.conn.ReadFromUDPAddrPort(data)
		if err == nil {
			if again, err := wire.ParseAnswer(data[:n]); err == nil && a.answered[again.Mark] {
				continue
			}
		}
		return data[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), err
	}
}

// ask sends a question, again after a second as the protocol says, and takes the answer with its mark.
func (a *asker) ask(to netip.AddrPort, server [16]byte) (wire.Answer, netip.AddrPort, error) {
	q := wire.Question{Server: server}
	_, _ = rand.Read(q.Mark[:]) // never fails
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if err := a.send(to, q.Append(nil)); err != nil {
			return wire.Answer{}, netip.AddrPort{}, err
		}
		data, from, err := a.answer(time.Second)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			return wire.Answer{}, from, err
		}
		if len(data) > wire.DiscoverLen {
			return wire.Answer{}, from, fmt.Errorf("the answer has %d bytes, more than the question", len(data))
		}
		answer, err := wire.ParseAnswer(data)
		if err != nil || answer.Mark != q.Mark {
			return wire.Answer{}, from, fmt.Errorf("%v answers with %x: %w", from, data, err)
		}
		a.answered[q.Mark] = true
		return answer, from, nil
	}
	return wire.Answer{}, netip.AddrPort{}, fmt.Errorf("%v does not answer", to)
}

// udpFromEverywhere asks by every kind of address, and looks where the answer comes from.
func udpFromEverywhere(ctx context.Context) error {
	if err := waitForIPv6(ctx); err != nil {
		return err
	}
	var server [16]byte
	for _, way := range []struct {
		name, network, to string
		from              string // the answer's address; "": one of the server's
	}{
		{"IPv4 loopback", "udp4", "127.0.0.1", "127.0.0.1"},
		{"another address of the loopback", "udp4", "127.7.7.7", "127.7.7.7"},
		{"IPv4 unicast", "udp4", "10.0.2.15", "10.0.2.15"},
		{"IPv4 broadcast of the network", "udp4", "10.0.2.255", ""},
		{"IPv4 multicast", "udp4", wire.DiscoverGroup4, ""},
		{"IPv6 loopback", "udp6", "::1", "::1"},
		{"IPv6 multicast", "udp6", wire.DiscoverGroup6 + "%" + link, ""},
	} {
		a, err := newAsker(ctx, way.network)
		if err != nil {
			return err
		}
		answer, from, err := a.ask(netip.AddrPortFrom(netip.MustParseAddr(way.to), wire.DiscoverPort), [16]byte{})
		_ = a.conn.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		if way.from != "" && from.Addr().String() != way.from {
			return fmt.Errorf("%s: %v was asked, %v answers", way.name, way.from, from)
		}
		if from.Port() != wire.DiscoverPort || (server != [16]byte{} && answer.Server != server) {
			return fmt.Errorf("%s: %v answers, server %x", way.name, from, answer.Server)
		}
		if answer.MAC != [6]byte{} || answer.LinkLocal != [16]byte{} {
			return fmt.Errorf("%s: an answer over UDP has addresses of Ethernet", way.name)
		}
		server = answer.Server
		fmt.Printf("%s: %v answers: %q version %s, TCP port %d, %d people, %d rooms, %d connections\n",
			way.name, from, answer.Name, answer.Version, answer.Port, answer.People, answer.Rooms, answer.Connections)
	}
	return onlyWhoIsAsked(ctx, server)
}

// waitForIPv6 waits until the card has its address on the link: duplicates are looked for first (RFC 4862).
func waitForIPv6(ctx context.Context) error {
	for ; ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		list, err := os.ReadFile("/proc/net/if_inet6")
		if err != nil {
			return fmt.Errorf("look for IPv6: %w", err)
		}
		for line := range strings.Lines(string(list)) {
			// address, index, length of the prefix, scope, flags, name; 0x40 is "tentative"
			f := strings.Fields(line)
			if flags, err := strconv.ParseUint(f[4], 16, 8); err == nil && f[5] == link && flags&0x40 == 0 {
				return nil
			}
		}
	}
	return fmt.Errorf("wait for an IPv6 address of %s: %w", link, ctx.Err())
}

// onlyWhoIsAsked: a question to a server by its UUID is answered by that one alone.
func onlyWhoIsAsked(ctx context.Context, server [16]byte) error {
	a, err := newAsker(ctx, "udp4")
	if err != nil {
		return err
	}
	defer a.conn.Close()
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), wire.DiscoverPort)
	if _, _, err := a.ask(to, server); err != nil {
		return fmt.Errorf("by its UUID: %w", err)
	}
	server[0] ^= 1
	return a.silent(to, "a question to another server", wire.Question{Server: server}.Append(nil))
}

// silent fails if what is sent gets an answer. A good question after it does, so it was not the network.
func (a *asker) silent(to netip.AddrPort, what string, data []byte) error {
	if err := a.send(to, data); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	// Questions are answered in their order: the answer to a good one proves that there is none to this.
	q := wire.Question{Mark: [8]byte{0xaa}}
	if err := a.send(to, q.Append(nil)); err != nil {
		return err
	}
	got, _, err := a.answer(patience)
	if err != nil {
		return fmt.Errorf("after %s: %w", what, err)
	}
	if answer, err := wire.ParseAnswer(got); err != nil || answer.Mark != q.Mark {
		return fmt.Errorf("%s is answered with %x", what, got)
	}
	return nil
}

// udpMalformed sends what is no question.
func udpMalformed(ctx context.Context) error {
	a, err := newAsker(ctx, "udp4")
	if err != nil {
		return err
	}
	defer a.conn.Close()
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), wire.DiscoverPort)
	good := wire.Question{Mark: [8]byte{1}}.Append(nil)
	changed := func(at int, value byte) []byte {
		b := append([]byte(nil), good...)
		b[at] = value
		return b
	}
	for what, data := range map[string][]byte{
		"nothing": {}, "one byte": {1}, "a question cut by one": good[:len(good)-1], "a question and one byte": append(good, 0),
		"64 KiB": make([]byte, 65_507), "another magic": changed(0, 'x'), "another version": changed(4, 2),
		"an answer": changed(5, 2), "a reserved field": changed(6, 1), "something in the padding": changed(255, 1),
	} {
		if err := a.silent(to, what, data); err != nil {
			return err
		}
		time.Sleep(60 * time.Millisecond) // the server answers one address 20 times a second
		fmt.Printf("%s: no answer\n", what)
	}
	return nil
}

// udpFlood asks far more often than the limits allow, from one address and from many.
func udpFlood(context.Context) error {
	const questions, perAddress, inAll = 600, 5, 20 // the limits as the test has set them
	if err := flood("one address", questions, perAddress, func(int) string { return "127.0.0.1" }); err != nil {
		return err
	}
	return flood("many addresses", questions, inAll, func(i int) string { return fmt.Sprintf("127.1.%d.%d", i/250, i%250+1) })
}

// flood fails if more answers come than a second's worth at once and then so many a second.
func flood(what string, questions, perSecond int, from func(i int) string) error {
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), wire.DiscoverPort)
	start, conns := time.Now(), make([]*net.UDPConn, questions)
	for i := range conns {
		local := netip.AddrPortFrom(netip.MustParseAddr(from(i)), 0)
		conn, err := net.DialUDP("udp4", net.UDPAddrFromAddrPort(local), net.UDPAddrFromAddrPort(to))
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		defer conn.Close()
		conns[i] = conn
		if _, err := conn.Write(wire.Question{Mark: [8]byte{byte(i), byte(i >> 8)}}.Append(nil)); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	got, deadline := 0, time.Now().Add(quiet)
	for _, conn := range conns {
		if err := conn.SetReadDeadline(deadline); err != nil {
			return err
		}
		if _, err := conn.Read(make([]byte, wire.DiscoverLen)); err == nil {
			got++
		}
	}
	seconds := time.Since(start).Seconds() // the server may have looked at the last question only now
	most := int(float64(perSecond) * (seconds + 1))
	fmt.Printf("%s: %d questions, in %.2f s %d answers, at most %d\n", what, questions, seconds, got, most)
	if got == 0 || got > most || most >= questions {
		return fmt.Errorf("%s: %d answers", what, got)
	}
	return nil
}
