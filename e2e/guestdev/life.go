// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"kchat/server/device"
	"kchat/wire"
)

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
	last, err := open(kim, 1)
	if err != nil {
		return err
	}
	// Below what is in use: nobody loses a file by it, and there is none for who comes.
	for _, name := range []string{"sessions", "files"} {
		if err := p.kernel.SetParam(context.Background(), name, 1); err != nil {
			return err
		}
	}
	c, _, err := p.tess(localRoom)
	if err != nil {
		return err
	}
	_, err = open(lee, 1)
	return errors.Join(errno("a file over a lowered limit", err, unix.ENFILE), say(last, "still here\n"), hears(c, kimNumber, "still here"))
}

// kicked: whose account is deleted reads to the end of what was said to it, and no further.
func kicked(p *place) error {
	f, g, c, r, err := three(p, unix.O_RDWR)
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
	f, g, c, r, err := three(p, unix.O_RDWR)
	if err != nil {
		return err
	}
	ends := make(chan error, 2)
	go func() { ends <- line(f, "") }()
	if err := becomes(g, unix.POLLOUT); err != nil {
		return err
	}
	go func() {
		ends <- hungUp(g, unix.POLLIN, limit)
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
		f, g, c, _, err := three(q, unix.O_RDONLY)
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
			func() error { _, err := polled(f, anything, 0); return err },
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

// over checks that a file has come to its end.
func over(f *os.File) error {
	return all(
		func() error { return line(f, "") },
		func() error { return errno("a write after the end", say(f, "x\n"), unix.ENOTCONN) },
		func() error { return hungUp(f, anything, 0) },
	)
}
