// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/mdlayher/genetlink"
	"golang.org/x/sys/unix"

	"kchat/e2e/peer"
	"kchat/server/genl"
)

// The orders of enum kchat_cmd (kmod/uapi/kchat.h) that have attributes. Package genl keeps its numbers to itself, since
// it gives right orders only.
const (
	cmdStart      = 1
	cmdAccountSet = 4
	cmdAccountDel = 5
	cmdDecision   = 10
	cmdParamSet   = 13

	orders = 18 // a few more than there are
)

// The attributes of enum kchat_nla that orders have.
const (
	attrServerUUID = iota + 2
	attrCommunityUUID
	attrServerName
	attrGeneration
	attrSecret
	attrIterations
	attrPort
	attrAddr
	attrRegister
	_ // RUNNING
	attrAccount
	attrName
	attrLogin
	attrFlags
	attrSalt
	attrStoredKey
	attrServerKey
	attrCookie
	attrError      = 23
	attrParamName  = 42
	attrParamValue = 43

	attributes = 50 // a few more than there are
)

// whole are the attributes of an order that lacks nothing.
var whole = map[int][]int{
	cmdStart: {
		attrServerUUID, attrCommunityUUID, attrServerName, attrGeneration, attrSecret, attrIterations, attrPort, attrAddr, attrRegister,
	},
	cmdAccountSet: {attrAccount, attrName, attrLogin, attrFlags, attrSalt, attrStoredKey, attrServerKey},
	cmdAccountDel: {attrAccount},
	cmdDecision:   {attrCookie, attrError, attrAccount},
	cmdParamSet:   {attrParamName, attrParamValue},
}

// orderer gives orders through one netlink socket, right and wrong ones.
type orderer struct {
	random *rand.Rand
	family uint16
	fd     int
	params []string
}

// giveOrders has several give orders at once while others connect, until the time is over.
func giveOrders(ctx context.Context, seed uint64, addr string) error {
	family, params, err := acquaint(ctx)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	errs := make(chan error, 4)
	for i := range uint64(cap(errs)) {
		o := &orderer{random: rand.New(rand.NewPCG(seed, i)), family: family, params: params, fd: -1}
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
	return nil
}

// acquaint finds the family's number and the names of the limits.
func acquaint(ctx context.Context) (family uint16, params []string, err error) {
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
	list, err := genl.NewClient(local).Params(ctx)
	for _, p := range list {
		params = append(params, p.Name)
	}
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
		datagram := o.order()
		for o.random.IntN(4) == 0 && len(datagram) < 60_000 { // several in one
			datagram = append(datagram, o.order()...)
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

func (o *orderer) call() error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_GENERIC)
	if err != nil {
		return fmt.Errorf("open a netlink socket: %w", err)
	}
	o.fd = fd
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("bind a netlink socket: %w", err)
	}
	for _, option := range []int{unix.NETLINK_EXT_ACK, unix.NETLINK_CAP_ACK, unix.NETLINK_GET_STRICT_CHK} {
		if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, option, o.random.IntN(2)); err != nil {
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
		_, _, err := unix.Recvfrom(o.fd, answer[:], unix.MSG_DONTWAIT)
		if err != nil && !errors.Is(err, unix.ENOBUFS) {
			return
		}
	}
}

// order is one message: a whole order, most often with something wrong in it.
func (o *orderer) order() []byte {
	command := o.random.IntN(orders)
	if o.random.IntN(2) == 0 {
		command = []int{cmdStart, cmdAccountSet, cmdAccountSet, cmdAccountDel, cmdDecision, cmdParamSet}[o.random.IntN(6)]
	}
	var body []byte
	needed := whole[command]
	for _, number := range needed {
		switch o.random.IntN(40) {
		case 0: // missing
		case 1: // twice
			body = append(body, o.attribute(number, true)...)
			fallthrough
		default:
			body = append(body, o.attribute(number, o.random.IntN(20) > 0)...)
		}
	}
	for o.random.IntN(3) == 0 { // some that do not belong there
		body = append(body, o.attribute(o.random.IntN(attributes), o.random.IntN(2) == 0)...)
	}
	if len(body) > 0 && o.random.IntN(20) == 0 {
		body = body[:o.random.IntN(len(body))]
	}
	return o.message(command, body)
}

// message puts the headers of netlink (RFC 3549, 2.3.2) and of generic netlink before a body.
func (o *orderer) message(command int, body []byte) []byte {
	flags := unix.NLM_F_REQUEST | unix.NLM_F_ACK*o.random.IntN(2)
	if o.random.IntN(3) == 0 {
		flags |= unix.NLM_F_DUMP
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
	m = append(m, byte(command), version, 0, 0)
	m = append(m, body...)
	return append(m, make([]byte, -len(m)&3)...)
}

// attribute is an attribute, of the form that its kind has if it is to be right.
func (o *orderer) attribute(number int, right bool) []byte {
	value := o.value(number)
	length := unix.NLA_HDRLEN + len(value)
	if !right {
		switch o.random.IntN(9) {
		case 0:
			value = nil
		case 1:
			value = value[:o.random.IntN(len(value)+1)]
		case 2:
			value = append(value, o.bytes(o.random.IntN(200))...)
		case 3: // as long as an attribute can be
			value = o.bytes(0xfff0 - unix.NLA_HDRLEN)
		case 4: // one in another
			for range o.random.IntN(20) + 1 {
				value = frame(o.random.IntN(attributes)|unix.NLA_F_NESTED*o.random.IntN(2), unix.NLA_HDRLEN+len(value), value)
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

// value is a value of the right form, and most often one that is allowed.
func (o *orderer) value(number int) []byte {
	edges := []uint64{0, 1, 4096, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1<<63 - 1, 1 << 63, 1<<64 - 1, o.random.Uint64()}
	edge := edges[o.random.IntN(len(edges))]
	switch number {
	case attrServerUUID, attrCommunityUUID, attrSalt:
		return o.bytes(16)
	case attrAddr:
		return make([]byte, 16) // any: of the others few are the guest's
	case attrSecret, attrStoredKey, attrServerKey:
		return o.bytes(32)
	case attrServerName, attrName, attrLogin:
		return fmt.Appendf(nil, "name-%d\x00", o.random.IntN(50))
	case attrParamName:
		return append([]byte(o.params[o.random.IntN(len(o.params))]), 0)
	case attrGeneration, attrIterations:
		return binary.NativeEndian.AppendUint32(nil, uint32(max(edge, 4096)))
	case attrFlags:
		return binary.NativeEndian.AppendUint32(nil, o.random.Uint32N(4))
	case attrPort:
		return binary.NativeEndian.AppendUint16(nil, 10106+uint16(o.random.IntN(2)))
	case attrError:
		return binary.NativeEndian.AppendUint16(nil, uint16(edge))
	case attrRegister:
		return []byte{byte(o.random.IntN(5))}
	case attrAccount:
		return binary.NativeEndian.AppendUint64(nil, o.random.Uint64N(50))
	}
	return binary.NativeEndian.AppendUint64(nil, edge)
}
