// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"kchat/e2e/peer"
	"kchat/server/device"
	"kchat/server/genl"
	"kchat/server/route"
	"kchat/wire"
)

// The people: two with programs on this machine, and one who comes over TCP. Nobody is stranger's.
const (
	kim      = 1001
	lee      = 1002
	stranger = 1099

	kimNumber  = 1
	leeNumber  = 2
	tessNumber = 3
	tess       = "tess"
	password   = "tess's own"
	port       = 10106
)

// place is a server in the network namespace of one thread, to which it belongs.
type place struct {
	kernel *genl.Client
	local  *genl.Local
	files  []*os.File
	conns  []*peer.Conn
}

// newPlace starts the server of the namespace in which the caller is.
func newPlace() (*place, error) {
	if err := loopback(); err != nil {
		return nil, err
	}
	local, err := genl.Dial(genl.Family)
	if err != nil {
		return nil, err
	}
	p := &place{kernel: genl.NewClient(local), local: local}
	if err := p.start(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func loopback() error {
	return route.WithLink("lo", func(conn *route.Conn, lo *net.Interface) error { return conn.Up(lo.Index) })
}

func (p *place) start() error {
	none := uint16(0)
	start := genl.Start{Name: "device", Generation: 1, Iterations: wire.IterationsMin, Port: port, UDPPort: &none}
	start.ServerUUID[0], start.CommunityUUID[0] = 1, 2
	if err := p.kernel.Start(context.Background(), start); err != nil {
		return err
	}
	for number, a := range map[uint64]struct {
		name string
		uid  *uint32
	}{kimNumber: {"Kim", uid(kim)}, leeNumber: {"Lee", uid(lee)}, tessNumber: {tess, nil}} {
		if err := p.account(number, a.name, a.uid); err != nil {
			return err
		}
	}
	return nil
}

func uid(n uint32) *uint32 { return &n }

func (p *place) account(number uint64, name string, uid *uint32) error {
	keys, err := wire.DeriveKeys(password, [wire.SaltLen]byte{1}, wire.IterationsMin)
	if err != nil {
		return err
	}
	return p.kernel.SetAccount(context.Background(), genl.Account{
		Number: number, Name: name, Login: name, UID: uid,
		Salt: keys.Salt, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey,
	})
}

func (p *place) close() {
	for _, f := range p.files {
		_ = f.Close()
	}
	for _, c := range p.conns {
		_ = c.Close()
	}
	_ = p.local.Close()
}

// open opens the device as a user of this machine.
func (p *place) open(user, flags int) (*os.File, error) {
	if err := as(user); err != nil {
		return nil, err
	}
	fd, err := unix.Open(device.Path, flags&unix.O_ACCMODE|unix.O_CLOEXEC, 0)
	if back := as(0); back != nil {
		return nil, back
	}
	if err != nil {
		return nil, err
	}
	// Blocking until here, so that the runtime leaves it to us.
	file := os.NewFile(uintptr(fd), device.Path)
	p.files = append(p.files, file)
	return file, unix.SetNonblock(fd, flags&unix.O_NONBLOCK != 0)
}

// as changes whose this thread is; unix.Setresuid would change all threads.
func as(user int) error {
	if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), uintptr(user), ^uintptr(0)); e != 0 {
		return fmt.Errorf("become user %d: %w", user, e)
	}
	return nil
}

// tess comes over TCP and is in a room.
func (p *place) tess(room string) (*peer.Conn, *peer.Room, error) {
	c, err := peer.Dial(fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, nil, err
	}
	p.conns = append(p.conns, c)
	if err := c.Hello(); err != nil {
		return nil, nil, err
	}
	if err := c.Login(tess, password); err != nil {
		return nil, nil, err
	}
	c.KeepAlive(time.Second)
	r, err := c.Join(wire.Join{Name: room})
	return c, r, err
}

// raw is a file without the runtime's poller: what it does is the system call that it looks like.
func raw(f *os.File) int { return int(f.Fd()) }

// next reads once, and waits if there is nothing.
func next(f *os.File) (string, error) { return nextOf(f, 1<<16) }

func nextOf(f *os.File, size int) (string, error) {
	buffer := make([]byte, size)
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	fd := raw(f)
	go func() {
		n, err := unix.Read(fd, buffer)
		for errors.Is(err, unix.EINTR) {
			n, err = unix.Read(fd, buffer)
		}
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		runtime.KeepAlive(f)
		return string(buffer[:max(r.n, 0)]), r.err
	case <-time.After(limit):
		return "", errors.New("nothing to read came in time")
	}
}

func say(f *os.File, text string) error {
	_, err := unix.Write(raw(f), []byte(text))
	runtime.KeepAlive(f)
	return err
}

// hears waits for a message.
func hears(c *peer.Conn, sender uint64, text string) error {
	f, err := c.Find(limit, func(f peer.Frame) bool { return f.Type == wire.TypeMsg })
	if err != nil {
		return err
	}
	talk, err := wire.ParseTalk(f.Body)
	if err != nil {
		return err
	}
	if f.Sender != sender {
		return fmt.Errorf("a message of %d, want one of %d", f.Sender, sender)
	}
	return equal("a message", string(talk.Text), text)
}
