// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"kchat/e2e/peer"
	"kchat/server/device"
	"kchat/wire"
)

// anything is what there is to wait for.
const anything = unix.POLLIN | unix.POLLOUT

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

// polled asks for these events, and waits for them at most so long.
func polled(f *os.File, events int16, wait time.Duration) (int16, error) {
	fds := []unix.PollFd{{Fd: int32(raw(f)), Events: events}}
	for {
		_, err := unix.Poll(fds, int(wait.Milliseconds()))
		if !errors.Is(err, unix.EINTR) {
			return fds[0].Revents, err
		}
	}
}

// hungUp checks that poll, asked for these events, says that a file has come to its end.
func hungUp(f *os.File, events int16, wait time.Duration) error {
	got, err := polled(f, events, wait)
	if want := int16(unix.POLLIN | unix.POLLHUP | unix.POLLERR); err == nil && got != want {
		err = fmt.Errorf("poll says %#x, want %#x", got, want)
	}
	return err
}

// becomes waits in poll for these events and no others.
func becomes(f *os.File, want int16) error {
	var last int16
	var err error
	return errors.Join(retry(fmt.Sprintf("poll says %#x", want), func() bool {
		last, err = polled(f, anything, 0)
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
		events, err := polled(f, anything, limit)
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
