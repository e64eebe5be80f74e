// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"kchat/e2e/driver"
	"kchat/e2e/peer"
	"kchat/server/genl"
	"kchat/wire"
)

// etherGoesWithItsNamespace: a network namespace goes while its server answers questions over Ethernet, and people who
// came over the segment, by the addresses that every interface gives itself, talk there. They hear the last word.
func etherGoesWithItsNamespace(ctx context.Context) error {
	if err := driver.Load("veth"); err != nil {
		return err
	}
	var guests [2]*peer.Conn
	asked := make(chan error, 1)
	err := elsewhere(func(namespace int) error {
		if err := errors.Join(startThere(ctx, namespace), etherThere(ctx)); err != nil {
			return err
		}
		address, err := ownLinkLocal(farEnd)
		if err != nil {
			return err
		}
		return here(func() error {
			far := netip.AddrPortFrom(address.WithZone(nearEnd), wire.Port).String()
			if err := errors.Join(reached(ctx, far), visit(far, &guests)); err != nil {
				return err
			}
			w, err := openWireAt(nearEnd)
			if err != nil {
				return err
			}
			if answered, err := w.asks(); err != nil || !answered {
				return errors.Join(errors.New("the second server does not answer on the segment"), err)
			}
			go func() {
				defer w.close()
				asked <- w.asksOn()
			}()
			return nil
		})
	})
	if err != nil {
		return err
	}
	began := time.Now()
	for i, c := range guests {
		if err := ends(c); err != nil {
			return fmt.Errorf("guest %d of a namespace that has gone: %w", i, err)
		}
	}
	if err := <-asked; err != nil {
		return err
	}
	fmt.Printf("the namespace has gone with its segment, under questions, and its people knew after %v\n", time.Since(began).Round(time.Millisecond))
	return nil
}

// etherThere switches discovery on at the far end, in the caller's namespace.
func etherThere(ctx context.Context) error {
	local, err := genl.Dial(genl.Family)
	if err != nil {
		return err
	}
	defer local.Close()
	return genl.NewClient(local).SetEther(ctx, farEnd, true)
}

// ownLinkLocal waits for the address that an interface of the caller's namespace gives itself.
func ownLinkLocal(name string) (netip.Addr, error) {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return netip.Addr{}, err
	}
	for deadline := time.Now().Add(12 * patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		addresses, err := link.Addrs()
		if err != nil {
			return netip.Addr{}, err
		}
		for _, a := range addresses {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().IsLinkLocalUnicast() && prefix.Addr().Is6() {
				return prefix.Addr(), nil
			}
		}
	}
	return netip.Addr{}, fmt.Errorf("%s has given itself no address", name)
}

// reached waits until both ends have made sure that nobody else has their addresses.
func reached(ctx context.Context, address string) (err error) {
	for deadline := time.Now().Add(12 * patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		dialer := net.Dialer{Timeout: patience}
		var conn net.Conn
		if conn, err = dialer.DialContext(ctx, "tcp", address); err == nil {
			return conn.Close()
		}
	}
	return err
}

// asks sends questions until one is answered.
func (w *wireEnd) asks() (answered bool, err error) {
	for deadline := time.Now().Add(12 * patience); time.Now().Before(deadline); {
		if err := w.send(wire.Question{Mark: [8]byte{0xaa}}.Append(nil)); err != nil {
			return false, err
		}
		if _, data, err := w.receive(time.Second); err == nil {
			answer, err := wire.ParseAnswer(data)
			return answer.Mark == [8]byte{0xaa}, err
		}
	}
	return false, nil
}

// asksOn asks without a pause until the segment is gone.
func (w *wireEnd) asksOn() error {
	question := wire.Question{Mark: [8]byte{0xbb}}.Append(nil)
	for deadline := time.Now().Add(60 * patience); time.Now().Before(deadline); {
		switch err := w.send(question); {
		case errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENETDOWN), errors.Is(err, unix.ENODEV):
			return nil
		case errors.Is(err, unix.ENOBUFS), err == nil:
		default:
			return err
		}
	}
	return errors.New("the segment of a namespace that has gone is still there")
}
