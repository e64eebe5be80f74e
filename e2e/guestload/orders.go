// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"syscall"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"kchat/e2e/peer"
	"kchat/server/genl"
	"kchat/wire"
)

// order is what genl.Client would send. Being its transport, it takes that down instead.
type order struct {
	command uint8
	flags   netlink.HeaderFlags
	data    []byte
}

func (o *order) Execute(_ context.Context, command uint8, flags netlink.HeaderFlags, data []byte) ([][]byte, error) {
	*o = order{command, flags, data}
	return nil, nil
}

// deaf is the accounts service until the time is over, prints "deaf" when it is, and answers nothing.
func deaf(ctx context.Context) error {
	service, err := genl.NewService(ctx)
	if err != nil {
		return err
	}
	defer service.Close()
	fmt.Println("deaf")
	<-ctx.Done()
	return nil
}

// orderer gives orders through one netlink socket, right and wrong ones.
type orderer struct {
	random *rand.Rand
	family uint16
	fd     int
	params []genl.Param

	answers map[syscall.Errno]int // how often the kernel said what
}

// giveOrders has several give orders at once while others connect, until the time is over.
func giveOrders(ctx context.Context, seed uint64, addr string) error {
	family, params, err := acquaint(ctx)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	errs := make(chan error, 4)
	var all []*orderer
	for i := range uint64(cap(errs)) {
		o := &orderer{random: rand.New(rand.NewPCG(seed, i)), family: family, params: params, fd: -1, answers: map[syscall.Errno]int{}}
		all = append(all, o)
		group.Go(func() { errs <- o.run(ctx) })
	}
	for range 2 {
		group.Go(func() { visit(ctx, addr) })
	}
	group.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	answers := map[syscall.Errno]int{}
	for _, o := range all {
		for errno, n := range o.answers {
			answers[errno] += n
		}
	}
	fmt.Printf("%d orders were obeyed\n", answers[0])
	for errno, n := range answers {
		fmt.Printf("%d times: %v\n", n, errno)
	}
	return nil
}

// acquaint finds the family's number and the limits.
func acquaint(ctx context.Context) (family uint16, params []genl.Param, err error) {
	conn, err := genetlink.Dial(nil)
	if err != nil {
		return 0, nil, fmt.Errorf("open a generic netlink socket: %w", err)
	}
	defer conn.Close()
	f, err := conn.GetFamily(genl.Family)
	if err != nil {
		return 0, nil, fmt.Errorf("find the family: %w", err)
	}
	local, err := genl.Dial(genl.Family)
	if err != nil {
		return 0, nil, err
	}
	defer local.Close()
	params, err = genl.NewClient(local).Params(ctx)
	return f.ID, params, err
}

// visit comes and goes, since a server that stops has people to part with.
func visit(ctx context.Context, addr string) {
	for ctx.Err() == nil {
		conn, err := peer.Dial(addr)
		if err != nil {
			continue // it is stopped, or at another port
		}
		_ = conn.Hello()
		_ = conn.Close()
	}
}

func (o *orderer) run(ctx context.Context) error {
	defer o.hangUp()
	for ctx.Err() == nil {
		if o.fd < 0 {
			if err := o.call(); err != nil {
				return err
			}
		}
		datagram := o.broken(ctx)
		for o.random.IntN(4) == 0 && len(datagram) < 60_000 { // several in one
			datagram = append(datagram, o.broken(ctx)...)
		}
		// The kernel may refuse what cannot be a message; that is one of the answers.
		_ = unix.Sendto(o.fd, datagram, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
		if o.random.IntN(3) > 0 {
			o.listen()
		}
		if o.random.IntN(50) == 0 { // with a dump half read, perhaps
			o.hangUp()
		}
	}
	return nil
}

func (o *orderer) open() error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_GENERIC)
	if err != nil {
		return fmt.Errorf("open a netlink socket: %w", err)
	}
	o.fd = fd
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("bind a netlink socket: %w", err)
	}
	return nil
}

func (o *orderer) call() error {
	if err := o.open(); err != nil {
		return err
	}
	for _, option := range []int{unix.NETLINK_EXT_ACK, unix.NETLINK_CAP_ACK, unix.NETLINK_GET_STRICT_CHK} {
		if err := unix.SetsockoptInt(o.fd, unix.SOL_NETLINK, option, o.random.IntN(2)); err != nil {
			return fmt.Errorf("set an option of a netlink socket: %w", err)
		}
	}
	return nil
}

func (o *orderer) hangUp() {
	if o.fd >= 0 {
		_ = unix.Close(o.fd)
	}
	o.fd = -1
}

// listen takes what has been answered so far.
func (o *orderer) listen() {
	var answer [16 << 10]byte
	for {
		n, _, err := unix.Recvfrom(o.fd, answer[:], unix.MSG_DONTWAIT)
		if err != nil && !errors.Is(err, unix.ENOBUFS) {
			return
		}
		// An acknowledgement is a message with an errno, negated, behind its header (RFC 3549, 2.3.2.1).
		if n >= unix.NLMSG_HDRLEN+4 && binary.NativeEndian.Uint16(answer[4:]) == unix.NLMSG_ERROR {
			o.answers[syscall.Errno(-int32(binary.NativeEndian.Uint32(answer[unix.NLMSG_HDRLEN:])))]++
		}
	}
}

// right is an order as package genl gives it.
func (o *orderer) right(ctx context.Context) order {
	var made order
	c := genl.NewClient(&made)
	name := fmt.Sprintf("name-%d", o.random.IntN(50))
	proxies := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	switch o.random.IntN(20) {
	case 0, 1:
		_ = c.Start(ctx, genl.Start{
			Name: name, Generation: o.random.Uint32() | 1, Iterations: 4096 + o.random.Uint32N(2), Port: 10106 + uint16(o.random.IntN(2)),
			Register: genl.Registration(o.random.IntN(5)), ProxyFrom: proxies[:o.random.IntN(len(proxies)+1)],
		})
	case 2:
		_ = c.Stop(ctx)
	case 3:
		_, _ = c.Status(ctx)
	case 4, 5, 6:
		_ = c.SetAccount(ctx, genl.Account{Number: o.random.Uint64N(50), Name: name, Login: name, Flags: o.random.Uint32N(4)})
	case 7:
		_ = c.DeleteAccount(ctx, o.random.Uint64N(50))
	case 8:
		_, _ = c.Accounts(ctx)
	case 12:
		_ = c.Kick(ctx, o.random.Uint64N(3)<<32, o.random.Uint64N(50))
	case 9:
		_, _ = c.Sessions(ctx)
	case 10:
		_, _ = c.Rooms(ctx)
	case 13:
		_ = c.SetRoom(ctx, genl.KeptRoom{
			Name: name, Flags: o.random.Uint32N(0x80), Owner: o.random.Uint64N(50), Keeper: o.random.Uint64N(50), Topic: name,
			Standings: []genl.Standing{
				{Account: 1 + o.random.Uint64N(50), Flags: 1 + o.random.Uint32N(0x400), BannedUntil: o.random.Uint64()},
				{Account: 1 + o.random.Uint64N(50), Flags: genl.StandingMuted, MutedUntil: 1},
			},
		})
	case 14:
		_ = c.DeleteRoom(ctx, name)
	case 15:
		_, _ = c.Room(ctx, name)
	case 16:
		_, _ = c.Standings(ctx, []string{"", name}[o.random.IntN(2)])
	case 17:
		_ = c.Order(ctx, genl.Order{
			Room: name, Action: wire.Action(o.random.IntN(6)), Account: o.random.Uint64N(50), Seconds: o.random.Uint32N(2), Reason: name,
		})
	default:
		p := o.params[o.random.IntN(len(o.params))]
		_ = c.SetParam(ctx, p.Name, []uint64{p.Min, p.Value, p.Max, o.random.Uint64()}[o.random.IntN(4)])
	}
	return made
}

// broken is one message: an order, most often with something wrong in it.
func (o *orderer) broken(ctx context.Context) []byte {
	made := o.right(ctx)
	attrs, err := netlink.UnmarshalAttributes(made.data)
	if err != nil {
		return nil // genl makes no such
	}
	if o.random.IntN(10) == 0 {
		made.command = uint8(o.random.IntN(36)) // one that there is not, or another one with these attributes
	}
	var body []byte
	for _, a := range attrs {
		switch o.random.IntN(40) {
		case 0: // missing
			continue
		case 1: // twice
			body = append(body, frame(int(a.Type), unix.NLA_HDRLEN+len(a.Data), a.Data)...)
		}
		body = append(body, o.attribute(int(a.Type), a.Data, o.random.IntN(20) > 0)...)
	}
	for o.random.IntN(3) == 0 { // some that do not belong there, or that there are not
		body = append(body, o.attribute(o.random.IntN(100), o.bytes([]int{1, 2, 4, 8, 16, 32}[o.random.IntN(6)]), o.random.IntN(2) == 0)...)
	}
	if len(body) > 0 && o.random.IntN(20) == 0 {
		body = body[:o.random.IntN(len(body))]
	}
	return o.message(made, body)
}

// message puts the headers of netlink (RFC 3549, 2.3.2) and of generic netlink before a body.
func (o *orderer) message(made order, body []byte) []byte {
	flags := int(made.flags) | unix.NLM_F_ACK*o.random.IntN(2)
	if o.random.IntN(10) == 0 {
		flags ^= unix.NLM_F_DUMP
	}
	kind, version := o.family, byte(genl.Version)
	length := unix.NLMSG_HDRLEN + unix.GENL_HDRLEN + len(body)
	switch o.random.IntN(60) {
	case 0:
		flags = o.random.IntN(1 << 16)
	case 1:
		version = byte(o.random.Uint32())
	case 2:
		kind = uint16(o.random.Uint32())
	case 3:
		length = o.random.IntN(2 * length)
	case 4:
		length = int(o.random.Uint32())
	}
	m := binary.NativeEndian.AppendUint32(nil, uint32(length))
	m = binary.NativeEndian.AppendUint16(m, kind)
	m = binary.NativeEndian.AppendUint16(m, uint16(flags))
	m = binary.NativeEndian.AppendUint32(m, o.random.Uint32()) // sequence
	m = binary.NativeEndian.AppendUint32(m, 0)                 // whose port
	m = append(m, made.command, version, 0, 0)
	m = append(m, body...)
	return append(m, make([]byte, -len(m)&3)...)
}

// attribute is an attribute, with something wrong in it unless it is to be right.
func (o *orderer) attribute(number int, value []byte, right bool) []byte {
	length := unix.NLA_HDRLEN + len(value)
	if !right {
		switch o.random.IntN(9) {
		case 0:
			value = nil
		case 1:
			value = value[:o.random.IntN(len(value)+1)]
		case 2:
			value = append(slices.Clip(value), o.bytes(o.random.IntN(200))...)
		case 3: // as long as an attribute can be
			value = o.bytes(0xfff0 - unix.NLA_HDRLEN)
		case 4: // one in another
			for range o.random.IntN(20) + 1 {
				value = frame(o.random.IntN(64)|unix.NLA_F_NESTED*o.random.IntN(2), unix.NLA_HDRLEN+len(value), value)
			}
		case 5:
			number |= unix.NLA_F_NESTED
		case 6:
			number |= unix.NLA_F_NET_BYTEORDER
		case 7: // any length
			return frame(number, o.random.IntN(1<<16), value)
		default:
			value = o.bytes(len(value))
		}
		length = unix.NLA_HDRLEN + len(value)
	}
	return frame(number, length, value)
}

// frame puts the header of an attribute before a value, and fills up to a multiple of four.
func frame(number, length int, value []byte) []byte {
	a := binary.NativeEndian.AppendUint16(nil, uint16(length))
	a = binary.NativeEndian.AppendUint16(a, uint16(number))
	a = append(a, value...)
	return append(a, make([]byte, -len(a)&3)...)
}

func (o *orderer) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(o.random.Uint32())
	}
	return b
}
