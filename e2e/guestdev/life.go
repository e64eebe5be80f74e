// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"kchat/e2e/peer"
	"kchat/server/device"
	"kchat/wire"
)

func ioctl(f *os.File, request uintptr) error {
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, f.Fd(), request, 0); e != 0 {
		return e
	}
	return nil
}

// lag: who reads too slowly is told how much is missing, and goes on.
func lag(p *place) error {
	const messages = 100
	if err := p.kernel.SetParam(context.Background(), "log_bytes", 65536); err != nil {
		return err
	}
	f, c, r, err := pair(p)
	if err != nil {
		return err
	}
	for i := range messages {
		if err := c.Say(r.Number, peer.NewID(), fmt.Sprintf("%d %s", i, longText(8000))); err != nil {
			return err
		}
	}
	// All are in the log when the last one has come back.
	if _, err := c.Find(limit, func(f peer.Frame) bool { return f.Type == wire.TypeMsg && f.Seq == messages }); err != nil {
		return err
	}
	var missed, first int
	text, err := next(f)
	if err != nil {
		return err
	}
	note, rest, _ := strings.Cut(text, "\n")
	if _, err := fmt.Sscanf(note, "* %d missed", &missed); err != nil {
		return fmt.Errorf("the first line is %.40q", note)
	}
	if _, err := fmt.Sscanf(rest, "tess: %d x", &first); err != nil {
		return fmt.Errorf("the second line is %.40q", rest)
	}
	if missed != first || missed < messages/2 {
		return fmt.Errorf("%d are missing, and message %d follows", missed, first)
	}
	return nil
}

func polled(f *os.File, wait time.Duration) (int16, error) {
	fds := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLIN | unix.POLLOUT}}
	for {
		_, err := unix.Poll(fds, int(wait.Milliseconds()))
		if !errors.Is(err, unix.EINTR) {
			return fds[0].Revents, err
		}
	}
}

// becomes waits in poll for these events and no others.
func becomes(f *os.File, want int16) error {
	var last int16
	var err error
	return errors.Join(retry(fmt.Sprintf("poll says %#x", want), func() bool {
		last, err = polled(f, 0)
		return err != nil || last == want
	}), err)
}

// poll: there is something to read when there is, and somebody to write to when somebody is there.
func poll(p *place) error {
	f, err := p.open(kim, unix.O_RDWR|unix.O_NONBLOCK)
	if err != nil {
		return err
	}
	if err := becomes(f, 0); err != nil {
		return err
	}
	woken := make(chan error, 1)
	go func() {
		events, err := polled(f, limit)
		if err == nil && events != unix.POLLOUT {
			err = fmt.Errorf("woken by %#x", events)
		}
		woken <- err
	}()
	c, r, err := p.tess(localRoom)
	if err != nil {
		return err
	}
	return all(
		func() error { return must("waiting for company", <-woken) },
		func() error { return c.Say(r.Number, peer.NewID(), "hello") },
		func() error { return becomes(f, unix.POLLIN|unix.POLLOUT) },
		func() error { return line(f, "tess: hello\n") },
		func() error { return becomes(f, unix.POLLOUT) },
		// What is no line is nothing to read.
		func() error {
			return c.Send(wire.Header{Type: wire.TypeTyping, Room: r.Number}, wire.Raw{1})
		},
		func() error { return becomes(f, unix.POLLOUT) },
		func() error { _, err := next(f); return errno("nothing to read", err, unix.EAGAIN) },
		func() error { _, err := c.Part(r.Number); return err },
		func() error { return becomes(f, 0) },
		func() error { return epoll(f, c) },
	)
}

// epoll: the same by edges, and across a change of the room.
func epoll(f *os.File, c *peer.Conn) error {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET}
	if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, int(f.Fd()), &event); err != nil {
		return err
	}
	if err := device.Join(f, "elsewhere", false); err != nil {
		return err
	}
	r, err := c.Join(wire.Join{Name: "elsewhere"})
	if err != nil {
		return err
	}
	for i := range 3 {
		if err := c.Say(r.Number, peer.NewID(), "edge"); err != nil {
			return err
		}
		got := make([]unix.EpollEvent, 1)
		n, err := unix.EpollWait(fd, got, int(limit.Milliseconds()))
		for errors.Is(err, unix.EINTR) {
			n, err = unix.EpollWait(fd, got, int(limit.Milliseconds()))
		}
		if n != 1 || err != nil {
			return fmt.Errorf("edge %d: %d, %w", i, n, err)
		}
		if err := retry("the line of an edge", func() bool { return line(f, "tess: edge\n") == nil }); err != nil {
			return err
		}
	}
	return nil
}

// small: a line goes on where the last read ended.
func small(p *place) error {
	f, c, r, err := pair(p)
	if err != nil {
		return err
	}
	for _, text := range []string{"one", "two\nthree"} {
		if err := c.Say(r.Number, peer.NewID(), text); err != nil {
			return err
		}
	}
	want, got := "tess: one\ntess: two\n\tthree\n", ""
	for len(got) < len(want) {
		part, err := nextOf(f, 1)
		if err != nil {
			return err
		}
		if len(part) != 1 {
			return fmt.Errorf("%q after %q", part, got)
		}
		got += part
	}
	if err := equal("byte by byte", got, want); err != nil {
		return err
	}
	if n, err := unix.Read(raw(f), nil); n != 0 || err != nil {
		return fmt.Errorf("a read of nothing: %d, %w", n, err)
	}
	return unix.SetNonblock(raw(f), true)
}

// thousand: opened and closed again and again, with and without a word.
func thousand(p *place) error {
	c, _, err := p.tess(localRoom)
	if err != nil {
		return err
	}
	for i := range 1000 {
		f, err := p.open(kim, unix.O_RDWR)
		if err != nil {
			return fmt.Errorf("time %d: %w", i, err)
		}
		if i%10 == 0 {
			if err := say(f, "hello\n"); err != nil {
				return fmt.Errorf("time %d: %w", i, err)
			}
			if err := hears(c, kimNumber, "hello"); err != nil {
				return fmt.Errorf("time %d: %w", i, err)
			}
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	sessions, err := p.kernel.Sessions(context.Background())
	if err != nil {
		return err
	}
	if len(sessions) != 1 {
		return fmt.Errorf("%d sessions are left, want that of tess", len(sessions))
	}
	return nil
}

// limits: at the edge of sessions and of files.
func limits(p *place) error {
	for name, value := range map[string]uint64{"sessions": 3, "files": 5} {
		if err := p.kernel.SetParam(context.Background(), name, value); err != nil {
			return err
		}
	}
	open := func(user, count int) (last *os.File, err error) {
		for range count {
			if last, err = p.open(user, unix.O_RDWR); err != nil {
				return nil, err
			}
		}
		return last, nil
	}
	third, err := open(kim, 3)
	if err != nil {
		return err
	}
	_, err = open(kim, 1)
	if err := errno("one session too many", err, unix.EUSERS); err != nil {
		return err
	}
	if _, err := open(lee, 2); err != nil {
		return err
	}
	_, err = open(lee, 1)
	if err := errno("one file too many", err, unix.ENFILE); err != nil {
		return err
	}
	if err := third.Close(); err != nil {
		return err
	}
	_, err = open(kim, 1)
	return err
}

// kicked: whose account is deleted reads to the end of what was said to it, and no further.
func kicked(p *place) error {
	f, c, r, err := pair(p)
	if err != nil {
		return err
	}
	g, err := p.open(lee, unix.O_RDWR)
	if err != nil {
		return err
	}
	return all(
		func() error { return say(g, "before\n") },
		func() error { return hears(c, leeNumber, "before") },
		func() error { return p.kernel.DeleteAccount(context.Background(), kimNumber) },
		func() error {
			_, err := c.Presence(limit, r.Number, kimNumber, wire.PersonLeft)
			return err
		},
		func() error { return say(g, "after\n") },
		func() error { return hears(c, leeNumber, "after") },
		func() error { return line(f, "Lee: before\n") },
		func() error { return over(f) },
		func() error { return errno("another room", device.Join(f, "garden", false), unix.ENOTCONN) },
		func() error { _, err := device.NewLogin(f); return errno("a session", err, unix.EACCES) },
	)
}

// stopped: who reads, polls or waits when the server stops is woken, and nothing of the server is left.
func stopped(p *place) error {
	f, c, r, err := pair(p)
	if err != nil {
		return err
	}
	ends := make(chan error, 2)
	go func() { ends <- line(f, "") }()
	g, err := p.open(lee, unix.O_RDWR)
	if err != nil {
		return err
	}
	if err := becomes(g, unix.POLLOUT); err != nil {
		return err
	}
	go func() {
		fds := []unix.PollFd{{Fd: int32(raw(g)), Events: unix.POLLIN}}
		_, err := unix.Poll(fds, int(limit.Milliseconds()))
		for errors.Is(err, unix.EINTR) {
			_, err = unix.Poll(fds, int(limit.Milliseconds()))
		}
		if want := int16(unix.POLLIN | unix.POLLHUP | unix.POLLERR); err == nil && fds[0].Revents != want {
			err = fmt.Errorf("poll says %#x, want %#x", fds[0].Revents, want)
		}
		ends <- err
	}()
	if err := entered(c, r, leeNumber); err != nil {
		return err
	}
	return all(
		func() error { return p.kernel.Stop(context.Background()) },
		func() error { return <-ends },
		func() error { return <-ends },
		func() error { return over(f) },
		func() error { return over(g) },
		func() error { _, err := p.open(kim, unix.O_RDWR); return errno("no server", err, unix.ECONNREFUSED) },
		func() error { return p.start() },
		// A file is not of a later server; who opens again is.
		func() error { return over(f) },
		func() error { _, _, _, err := pair(p); return err },
	)
}

// dying: a network namespace goes while files are open; they outlive it.
func dying(p *place) error {
	files := make(chan []*os.File, 1)
	err := elsewhere(func(q *place) error {
		f, c, _, err := pair(q)
		if err != nil {
			return err
		}
		g, err := q.open(lee, unix.O_RDONLY)
		if err != nil {
			return err
		}
		if err := say(f, "a line nobody reads\n"); err != nil {
			return err
		}
		q.files = nil
		files <- []*os.File{f, g}
		return c.Close()
	})
	if err != nil {
		return err
	}
	// The kernel takes a namespace down when its last thread has gone, some time later.
	for _, f := range <-files {
		if err := line(f, ""); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// two: in each network namespace one is at its server, with its accounts.
func two(p *place) error {
	f, c, _, err := pair(p)
	if err != nil {
		return err
	}
	return elsewhere(func(q *place) error {
		if err := q.kernel.DeleteAccount(context.Background(), leeNumber); err != nil {
			return err
		}
		g, d, _, err := pair(q)
		if err != nil {
			return err
		}
		_, err = q.open(lee, unix.O_RDWR)
		return errors.Join(errno("an account of the other server", err, unix.EACCES), all(
			func() error { return say(f, "in the first\n") },
			func() error { return say(g, "in the second\n") },
			func() error { return hears(c, kimNumber, "in the first") },
			func() error { return hears(d, kimNumber, "in the second") },
			func() error { return q.kernel.Stop(context.Background()) },
			func() error { return over(g) },
			func() error { return say(f, "still there\n") },
			func() error { return hears(c, kimNumber, "still there") },
		))
	})
}

// busy: many threads read, write, poll and change rooms on the same file, which others close, while the server stops.
func busy(p *place) error {
	var all sync.WaitGroup
	for _, user := range []int{kim, kim, lee, lee} {
		f, err := p.open(user, unix.O_RDWR|unix.O_NONBLOCK)
		if err != nil {
			return err
		}
		end := time.Now().Add(2 * time.Second)
		for i, what := range []func() error{
			func() error { return say(f, "word\nword\n") },
			func() error { return say(f, longText(5000)) },
			func() error { _, err := unix.Read(raw(f), make([]byte, 700)); return err },
			func() error { _, err := unix.Read(raw(f), make([]byte, 30000)); return err },
			func() error { _, err := polled(f, 0); return err },
			func() error { return device.Join(f, fmt.Sprintf("room %d", time.Now().UnixMicro()%3), true) },
		} {
			all.Go(func() {
				for time.Now().Before(end) {
					if err := what(); errors.Is(err, unix.ENOTCONN) {
						return
					}
					if i == 5 {
						time.Sleep(time.Millisecond)
					}
				}
			})
		}
	}
	time.Sleep(time.Second)
	err := p.kernel.Stop(context.Background())
	all.Wait()
	return err
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
