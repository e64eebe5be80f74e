// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"kchat/e2e/fuzz/guided"
	"kchat/server/genl"
	"kchat/wire"
)

// The lines of generic netlink: the flags of a request. A packet is its generic header and its attributes.
const (
	netlinkDo = iota
	netlinkDump
	netlinkLines
)

// control is what an administrator's program asks of the module.
type control struct {
	place  *place
	family uint16
	limits []genl.Param // as they were before
	runs   int
}

// often is after how many inputs the server begins anew, whatever they made of it.
const often = 100

func newNetlink(p *place) (guided.Target, error) {
	conn, err := genetlink.Dial(nil)
	if err != nil {
		return nil, fmt.Errorf("open a generic netlink socket: %w", err)
	}
	defer conn.Close()
	family, err := conn.GetFamily(genl.Family)
	if err != nil {
		return nil, fmt.Errorf("find the family of the module: %w", err)
	}
	limits, err := p.kernel.Params(context.Background())
	if err != nil {
		return nil, err
	}
	return &control{place: p, family: family.ID, limits: limits}, nil
}

func (t *control) Lines() int { return netlinkLines }

func (t *control) Mend(guided.Input, *rand.Rand) {}

// Run sends each request and reads what is answered. The kernel deals with a request while it is sent.
func (t *control) Run(in guided.Input) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.NETLINK_GENERIC)
	if err != nil {
		return fmt.Errorf("open a netlink socket: %w", err)
	}
	buffer := make([]byte, 1<<16)
	for i, p := range in {
		flags := uint16(unix.NLM_F_REQUEST | unix.NLM_F_ACK)
		if p.Line%netlinkLines == netlinkDump {
			flags |= unix.NLM_F_DUMP
		}
		// struct nlmsghdr
		message := binary.NativeEndian.AppendUint32(nil, uint32(unix.NLMSG_HDRLEN+len(p.Data)))
		message = binary.NativeEndian.AppendUint16(message, t.family)
		message = binary.NativeEndian.AppendUint16(message, flags)
		message = binary.NativeEndian.AppendUint32(message, uint32(i)+1)
		message = binary.NativeEndian.AppendUint32(message, 0)
		_ = unix.Sendto(fd, append(message, p.Data...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
		for {
			if _, _, err := unix.Recvfrom(fd, buffer, 0); err != nil {
				break // EAGAIN: that was all
			}
		}
	}
	if err := unix.Close(fd); err != nil {
		return fmt.Errorf("close a netlink socket: %w", err)
	}
	return t.restore()
}

// restore starts the server again if it was stopped, and now and then anyway, with the limits of before.
func (t *control) restore() error {
	ctx := context.Background()
	status, err := t.place.kernel.Status(ctx)
	if err != nil {
		return fmt.Errorf("the module does not say how it is: %w", err)
	}
	if t.runs++; status.Running && t.runs%often != 0 {
		return nil
	}
	return t.again(status.Running)
}

// Settle makes of the server what it was before the inputs.
func (t *control) Settle() error { return t.again(true) }

func (t *control) again(running bool) error {
	ctx := context.Background()
	if running {
		if err := t.place.kernel.Stop(ctx); err != nil {
			return err
		}
	}
	for _, limit := range t.limits {
		if err := t.place.kernel.SetParam(ctx, limit.Name, limit.Value); err != nil {
			return err
		}
	}
	// Accounts outlive a stop, and one that an input has made may have a name of ours.
	accounts, err := t.place.kernel.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, account := range accounts {
		if err := t.place.kernel.DeleteAccount(ctx, account.Number); err != nil {
			return err
		}
	}
	t.place.generation += 1 << 16 // more than an input has started it with
	return t.place.start()
}

// recorder passes requests on and keeps them.
type recorder struct {
	to   genl.Transport
	kept []guided.Input
}

func (r *recorder) Execute(ctx context.Context, command uint8, flags netlink.HeaderFlags, data []byte) ([][]byte, error) {
	line := byte(netlinkDo)
	if flags&netlink.Dump == netlink.Dump {
		line = netlinkDump
	}
	r.kept = append(r.kept, guided.Input{{Line: line, Data: append([]byte{command, genl.Version, 0, 0}, data...)}})
	return r.to.Execute(ctx, command, flags, data)
}

// Seeds are the requests of our own administration, one of each kind.
func (t *control) Seeds() ([]guided.Input, error) {
	ctx, r := context.Background(), &recorder{to: t.place.local}
	place := &place{local: t.place.local, kernel: genl.NewClient(r), generation: t.place.generation}
	k := place.kernel
	peer := genl.Peer{Server: peerUUID, Name: "peer", Addr: netip.MustParseAddr("127.0.0.1"), UDPPort: 9, Host: "localhost", Port: 9}
	refused := func(err error) error { // nobody is there for whom it could be done
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EHOSTUNREACH) {
			return nil
		}
		return err
	}
	err := errors.Join(
		k.Stop(ctx), place.start(), k.SetPeer(ctx, peer), refused(k.Drain(ctx, &peer.Server)), k.Drain(ctx, nil), k.DeletePeer(ctx, peer.Server),
		k.SetRoom(ctx, genl.KeptRoom{Name: "kept"}), k.DeleteRoom(ctx, "kept"), refused(k.Kick(ctx, 1, 0)), refused(k.Kick(ctx, 0, people)),
		k.SetEther(ctx, "lo", true), k.SetEther(ctx, "lo", false), k.DeleteAccount(ctx, people),
		k.SetAccount(ctx, genl.Account{Number: people, Name: login(people), Login: login(people), Salt: [wire.SaltLen]byte{1}}),
	)
	for _, dump := range []func(context.Context) error{
		func(ctx context.Context) error { _, err := k.Status(ctx); return err },
		func(ctx context.Context) error { _, err := k.Accounts(ctx); return err },
		func(ctx context.Context) error { _, err := k.Rooms(ctx); return err },
		func(ctx context.Context) error { _, err := k.Sessions(ctx); return err },
		func(ctx context.Context) error { _, err := k.Params(ctx); return err },
		func(ctx context.Context) error { _, err := k.Ether(ctx); return err },
		func(ctx context.Context) error { _, err := k.Peers(ctx); return err },
	} {
		err = errors.Join(err, dump(ctx))
	}
	t.place.generation = place.generation
	return r.kept, err
}
