// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"kchat/e2e/peer"
	"kchat/server/device"
	"kchat/wire"
)

// strange: whose uid is no account's is kept out, and so is who had one.
func strange(p *place) error {
	_, err := p.open(stranger, unix.O_RDWR)
	if err := errno("a uid without account", err, unix.EACCES); err != nil {
		return err
	}
	if err := os.Chmod(device.Path, 0o600); err != nil {
		return err
	}
	_, err = p.open(kim, unix.O_RDWR)
	if err := errors.Join(errno("without permission", err, unix.EACCES), os.Chmod(device.Path, 0o666)); err != nil {
		return err
	}
	f, c, r, err := pair(p)
	if err != nil {
		return err
	}
	return all(
		func() error { return errno("a uid twice", p.account(9, "again", uid(kim)), unix.ENOTUNIQ) },
		func() error { return errno("no uid", p.account(9, "again", uid(1<<32-1)), unix.EINVAL) },
		func() error { return p.account(kimNumber, "Kim", uid(kim)) },
		func() error { return say(f, "as before\n") },
		func() error { return hears(c, kimNumber, "as before") },
		// The uid becomes another one's: who came in by it goes.
		func() error { return p.account(kimNumber, "Kim", nil) },
		func() error {
			_, err := c.Presence(limit, r.Number, kimNumber, wire.PersonLeft)
			return err
		},
		func() error { return over(f) },
		func() error { _, err := p.open(kim, unix.O_RDWR); return errno("no more", err, unix.EACCES) },
		func() error { return p.account(9, "again", uid(kim)) },
		func() error { _, err := p.open(kim, unix.O_RDWR); return err },
	)
}

// login: the key that a file gives leads in over TCP, once in time.
func login(p *place) error {
	f, err := p.open(kim, unix.O_WRONLY)
	if err != nil {
		return err
	}
	ticket, err := device.NewLogin(f)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if ticket.Account != kimNumber || ticket.Name != "Kim" || ticket.Addr.String() != fmt.Sprintf("127.0.0.1:%d", port) {
		return fmt.Errorf("a session of account %d at %s", ticket.Account, ticket.Addr)
	}
	resume := func(key [wire.KeyLen]byte) (*peer.Conn, error) {
		c, err := peer.Dial(ticket.Addr.String())
		if err != nil {
			return nil, err
		}
		p.conns = append(p.conns, c)
		if err := c.Hello(); err != nil {
			return nil, err
		}
		return c, c.Resume(ticket.Session, key, wire.ResumeSession)
	}
	if _, err := resume([wire.KeyLen]byte{}); err == nil {
		return errors.New("a wrong key leads in")
	}
	c, err := resume(ticket.Key)
	if err != nil {
		return err
	}
	r, err := c.Join(wire.Join{Name: localRoom})
	if err != nil {
		return err
	}
	g, err := p.open(lee, unix.O_WRONLY)
	if err != nil {
		return err
	}
	if err := say(g, "welcome\n"); err != nil {
		return err
	}
	if err := hears(c, leeNumber, "welcome"); err != nil {
		return err
	}
	if _, ok := r.Find(kimNumber); !ok {
		return errors.New("the other one is not in the room")
	}
	// The uid's account being another's, its session goes, which way it came.
	if err := p.account(kimNumber, "Kim", nil); err != nil {
		return err
	}
	_, err = c.Find(limit, func(f peer.Frame) bool { return f.Type == wire.TypeError && f.Flags&wire.FlagLast != 0 })
	if err != nil {
		return err
	}
	// One that nobody uses is gone when the time for a login is over.
	if err := p.kernel.SetParam(context.Background(), "login_ms", 10); err != nil {
		return err
	}
	if g, err = p.open(lee, unix.O_RDWR); err != nil {
		return err
	}
	if _, err := device.NewLogin(g); err != nil {
		return err
	}
	return retry("the end of an unused session", func() bool {
		sessions, err := p.kernel.Sessions(context.Background())
		return err == nil && len(sessions) == 2 // the two files of Lee
	})
}

// unload: the module stays while the file is open, though the server has stopped.
func unload(p *place) error {
	f, _, _, err := pair(p)
	if err != nil {
		return err
	}
	return all(
		func() error { return errno("unload", unix.DeleteModule("kchat", unix.O_NONBLOCK), unix.EWOULDBLOCK) },
		func() error { return p.kernel.Stop(context.Background()) },
		func() error {
			return errno("unload", unix.DeleteModule("kchat", unix.O_NONBLOCK), unix.EWOULDBLOCK)
		},
		func() error { return over(f) },
	)
}
