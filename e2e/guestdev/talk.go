// SPDX-License-Identifier: GPL-2.0-only

package main

import (
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

const localRoom = "local"

// entered waits until somebody is in the room.
func entered(c *peer.Conn, r *peer.Room, account uint64) error {
	_, err := c.Presence(limit, r.Number, account, wire.PersonPresent)
	return err
}

// pair is Kim with a file and Tess over TCP, in #local.
func pair(p *place) (*os.File, *peer.Conn, *peer.Room, error) {
	c, r, err := p.tess(localRoom)
	if err != nil {
		return nil, nil, nil, err
	}
	f, err := p.open(kim, unix.O_RDWR|unix.O_NONBLOCK)
	if err != nil {
		return nil, nil, nil, err
	}
	// The first read enters, and finds nothing.
	if _, err := unix.Read(raw(f), make([]byte, 1)); !errors.Is(err, unix.EAGAIN) {
		return nil, nil, nil, fmt.Errorf("reading before anybody has spoken: %v", err)
	}
	if err := unix.SetNonblock(raw(f), false); err != nil {
		return nil, nil, nil, err
	}
	return f, c, r, entered(c, r, kimNumber)
}

// three are the pair and Lee, with a file that has been used for nothing yet.
func three(p *place, flags int) (f, g *os.File, c *peer.Conn, r *peer.Room, err error) {
	f, c, r, err = pair(p)
	if err == nil {
		g, err = p.open(lee, flags)
	}
	return f, g, c, r, err
}

// talk: what one writes the others read, whichever way they came.
func talk(p *place) error {
	f, g, c, r, err := three(p, unix.O_RDWR)
	if err != nil {
		return err
	}
	return all(
		func() error { return say(f, "hello\n") },
		func() error { return hears(c, kimNumber, "hello") },
		func() error { return say(g, "no newline") },
		func() error { return hears(c, leeNumber, "no newline") },
		func() error { return line(f, "Lee: no newline\n") },
		func() error { return c.Say(r.Number, peer.NewID(), "from afar") },
		func() error { return line(f, "tess: from afar\n") },
		func() error { return line(g, "tess: from afar\n") },
		// Kim reads not what this file has said, but what another one of Kim's has.
		func() error { return say(f, "one") },
		func() error { return line(g, "Kim: one\n") },
		func() error {
			again, err := p.open(kim, unix.O_WRONLY)
			if err != nil {
				return err
			}
			defer again.Close()
			return say(again, "two\n")
		},
		func() error { return line(f, "Kim: two\n") },
	)
}

func line(f *os.File, want string) error {
	got, err := next(f)
	if err != nil {
		return fmt.Errorf("waiting for %q: %w", want, err)
	}
	return equal("a line", got, want)
}

// lines: what stands in a message cannot pass for somebody else's.
func lines(p *place) error {
	f, c, r, err := pair(p)
	if err != nil {
		return err
	}
	tell := func(text string) func() error {
		return func() error { return c.Say(r.Number, peer.NewID(), text) }
	}
	long := longText(wire.TextMax)
	descriptor := wire.Talk{Descriptor: &wire.Descriptor{Size: 5, MIME: "image/png", Name: "cat.png"}}
	return all(
		tell("first\nLee: no\n\nlast"),
		func() error { return line(f, "tess: first\n\tLee: no\n\t\n\tlast\n") },
		tell("\u009b31mred\u0085"),
		func() error { return line(f, "tess: \ufffd31mred\ufffd\n") },
		tell(long),
		func() error { return line(f, "tess: "+long+"\n") },
		tell(strings.Repeat("\n", wire.TextMax)),
		func() error { return line(f, "tess: "+strings.Repeat("\n\t", wire.TextMax)+"\n") },
		func() error {
			return c.Send(wire.Header{Type: wire.TypeMsg, Room: r.Number, ID: peer.NewID()}, descriptor)
		},
		func() error { return line(f, "tess: [cat.png]\n") },
	)
}

// wrong: what cannot be said is refused with a reason, and is nobody's.
func wrong(p *place) error {
	f, c, _, err := pair(p)
	if err != nil {
		return err
	}
	refused := func(text string, want error) func() error {
		return func() error { return errno(fmt.Sprintf("%.20q", text), say(f, text), want) }
	}
	return all(
		refused("\n", unix.EINVAL),
		refused("bell\a", unix.EINVAL),
		refused("nul\x00", unix.EINVAL),
		refused("\xff\xfe", unix.EILSEQ),
		refused("broken off \xe2\x82", unix.EILSEQ),
		refused("\xed\xa0\x80", unix.EILSEQ),
		refused(longText(wire.TextMax+1), unix.EMSGSIZE),
		refused(longText(wire.TextMax+2), unix.EMSGSIZE),
		refused(longText(1<<20), unix.EMSGSIZE),
		func() error { return say(f, "") },
		func() error {
			// From memory that ends in the middle.
			page, err := unix.Mmap(-1, 0, 8192, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
			if err != nil {
				return err
			}
			defer unix.Munmap(page)
			if err := unix.Mprotect(page[4096:], unix.PROT_NONE); err != nil {
				return err
			}
			_, err = unix.Write(raw(f), page[4000:8192])
			return errno("a write from memory that is not there", err, unix.EFAULT)
		},
		func() error { return must("the longest text", say(f, longText(wire.TextMax)+"\n")) },
		func() error { return hears(c, kimNumber, longText(wire.TextMax)) },
		func() error { return say(f, "tab\tand\nline") },
		func() error { return hears(c, kimNumber, "tab\tand\nline") },
	)
}

// alone: nothing is said to nobody, and nothing is kept for later.
func alone(p *place) error {
	f, err := p.open(kim, unix.O_RDWR|unix.O_NONBLOCK)
	if err != nil {
		return err
	}
	return all(
		func() error { return errno("alone", say(f, "is anybody there\n"), unix.EHOSTDOWN) },
		func() error {
			// With oneself one is alone, however often.
			again, err := p.open(kim, unix.O_RDWR)
			if err != nil {
				return err
			}
			defer again.Close()
			return errno("alone with oneself", say(again, "me\n"), unix.EHOSTDOWN)
		},
		func() error {
			c, r, err := p.tess(localRoom)
			if err != nil {
				return err
			}
			for _, past := range r.Past {
				if past.Type == wire.TypeMsg {
					return errors.New("what was refused has been kept")
				}
			}
			if err := say(f, "now\n"); err != nil {
				return err
			}
			if err := hears(c, kimNumber, "now"); err != nil {
				return err
			}
			if err := c.Close(); err != nil {
				return err
			}
			// She is gone, with her connection or soon after.
			return retry("a message to who has gone", func() bool { return errors.Is(say(f, "gone?\n"), unix.EHOSTDOWN) })
		},
	)
}

// deaf: a file that only writes is nobody to talk to.
func deaf(p *place) error {
	f, err := p.open(kim, unix.O_WRONLY)
	if err != nil {
		return err
	}
	g, err := p.open(lee, unix.O_RDWR)
	return all(
		func() error { return err },
		func() error { return errno("to nobody", say(f, "hello\n"), unix.EHOSTDOWN) },
		func() error { return errno("to somebody deaf", say(g, "hello\n"), unix.EHOSTDOWN) },
		func() error { return say(f, "hello\n") },
		func() error { return line(g, "Kim: hello\n") },
	)
}

func retry(what string, is func() bool) error {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if is() {
			return nil
		}
	}
	return fmt.Errorf("%s: not in time", what)
}

func ioctl(f *os.File, request uintptr) error {
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, f.Fd(), request, 0); e != 0 {
		return e
	}
	return nil
}

// rooms: a file is in one room, the one it named last.
func rooms(p *place) error {
	c, r, err := p.tess("garden")
	if err != nil {
		return err
	}
	f, err := p.open(kim, unix.O_RDWR)
	if err != nil {
		return err
	}
	return all(
		func() error { return errno("no name", device.Join(f, "", false), unix.EINVAL) },
		func() error { return errno("a bad name", device.Join(f, "a\nb", false), unix.EINVAL) },
		func() error { return errno("of two others", device.Join(f, "@2-3", false), unix.EACCES) },
		func() error { return device.Join(f, "garden", false) },
		func() error { return entered(c, r, kimNumber) },
		func() error { return device.Join(f, "garden", false) },
		func() error { return say(f, "in the garden\n") },
		func() error { return hears(c, kimNumber, "in the garden") },
		func() error { return device.Join(f, "shed", false) },
		func() error {
			_, err := c.Presence(limit, r.Number, kimNumber, wire.PersonLeft)
			return err
		},
		func() error { return errno("in the shed", say(f, "hello?\n"), unix.EHOSTDOWN) },
		// A refused join leaves it where it is.
		func() error { return errno("a bad name", device.Join(f, " ", false), unix.EINVAL) },
		func() error { return errno("still in the shed", say(f, "hello?\n"), unix.EHOSTDOWN) },
		func() error { return device.Join(f, "garden", true) },
		func() error { return errno("a request unknown", ioctl(f, 0x4044BA09), unix.ENOTTY) },
		func() error { return entered(c, r, kimNumber) },
		func() error { return c.Say(r.Number, peer.NewID(), "welcome back") },
		func() error { return line(f, "tess: welcome back\n") },
		// A newcomer who asks for it reads what was said before.
		func() error {
			g, err := p.open(lee, unix.O_RDONLY)
			if err != nil {
				return err
			}
			if err := device.Join(g, "garden", true); err != nil {
				return err
			}
			return line(g, "Kim: in the garden\ntess: welcome back\n")
		},
	)
}
