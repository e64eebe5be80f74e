// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"kchat/e2e/peer"
	"kchat/server/device"
	"kchat/wire"
)

// ruler is Tess, whose the room is.
type ruler struct {
	c *peer.Conn
	r *peer.Room
}

func (t ruler) rules(action wire.Action, account uint64) func() error {
	return t.ruling(wire.Ruling{Action: action, Account: account})
}

func (t ruler) flags(flags uint32) func() error {
	return t.ruling(wire.Ruling{Action: wire.RuleFlags, Seconds: flags})
}

func (t ruler) ruling(ruling wire.Ruling) func() error {
	return func() error {
		_, err := t.c.Ask(wire.TypeRule, t.r.Number, ruling, wire.TypeOK)
		return err
	}
}

// tells says something and waits until everybody has it.
func (t ruler) tells(text string) func() error {
	return func() error {
		return errors.Join(t.c.Say(t.r.Number, peer.NewID(), text), hears(t.c, tessNumber, text))
	}
}

// ruled: who may not speak in a room is refused, and goes on hearing the others.
func ruled(p *place) error {
	f, c, r, err := pair(p)
	if err != nil {
		return err
	}
	owner := ruler{c, r}
	speaks := func(text string) func() error {
		return func() error { return errors.Join(say(f, text), hears(c, kimNumber, text)) }
	}
	silent := func() error { return errno("against the rules", say(f, "x\n"), unix.EPERM) }
	return all(
		owner.flags(wire.RoomModerated),
		silent,
		owner.tells("moderated"),
		func() error { return line(f, "tess: moderated\n") },
		owner.rules(wire.RuleVoice, kimNumber),
		speaks("with a voice"),
		owner.rules(wire.RuleMute, kimNumber),
		silent,
		func() error { return becomes(f, unix.POLLOUT) },
		owner.rules(wire.RuleUnmute, kimNumber),
		speaks("again"),
		owner.rules(wire.RuleNoVoice, kimNumber),
		silent,
		owner.flags(0),
		speaks("to all"),
		owner.ruling(wire.Ruling{Action: wire.RuleMute, Account: kimNumber, Seconds: 1}),
		silent,
		func() error { return retry("the end of a mute", func() bool { return say(f, "at last\n") == nil }) },
		func() error { return hears(c, kimNumber, "at last") },
	)
}

// removed: who is put out of a room reads to that place and no further; a kick is no ban.
func removed(p *place) error {
	f, g, c, r, err := three(p, unix.O_RDWR)
	if err != nil {
		return err
	}
	owner := ruler{c, r}
	refused := func(what string, err error) error { return errno(what, err, unix.EPERM) }
	return all(
		func() error { return becomes(g, unix.POLLOUT) },
		owner.tells("before"),
		owner.rules(wire.RuleKick, kimNumber),
		owner.tells("after"),
		func() error { return line(g, "tess: before\ntess: after\n") },
		func() error { return line(f, "tess: before\n") },
		func() error { return over(f) },
		// The same file comes in again when it asks for it.
		func() error { return device.Join(f, localRoom, false) },
		func() error { return say(f, "back\n") },
		func() error { return line(g, "Kim: back\n") },
		// Who waits is woken by the end.
		func() error {
			woken := make(chan error, 1)
			go func() { woken <- line(f, "") }()
			return errors.Join(owner.rules(wire.RuleBan, kimNumber)(), <-woken)
		},
		func() error { return over(f) },
		func() error { return refused("a join of who is banned", device.Join(f, localRoom, false)) },
		func() error { return device.Join(f, "elsewhere", false) },
		func() error {
			again, err := p.open(kim, unix.O_RDWR)
			if err != nil {
				return err
			}
			_, read := next(again)
			events, poll := polled(again, anything, 0)
			if events != unix.POLLERR {
				poll = errors.Join(poll, fmt.Errorf("poll of who is banned says %#x", events))
			}
			return errors.Join(
				refused("a read of who is banned", read), poll,
				refused("a write of who is banned", say(again, "x\n")),
				owner.rules(wire.RuleUnban, kimNumber)(),
				must("a write of who is banned no more", say(again, "here\n")),
			)
		},
		func() error { return line(g, "Kim: here\n") },
	)
}

// closed: a room that asks for an invitation or a password is closed to files too, until they are invited.
func closed(p *place) error {
	c, r, err := p.tess(localRoom)
	if err != nil {
		return err
	}
	owner := ruler{c, r}
	f, err := p.open(kim, unix.O_RDWR)
	if err != nil {
		return err
	}
	invites := func(account uint64) func() error {
		return func() error {
			// No connection of theirs can be told; it holds all the same.
			_, err := c.Ask(wire.TypeInvite, r.Number, wire.Number{Value: account}, wire.TypeOK)
			return errno("INVITE", err, wire.ErrOffline)
		}
	}
	return all(
		owner.flags(wire.RoomInviteOnly),
		func() error { return errno("uninvited", say(f, "x\n"), unix.EACCES) },
		invites(kimNumber),
		func() error { return say(f, "invited\n") },
		func() error { return hears(c, kimNumber, "invited") },
		owner.flags(0),
		owner.ruling(wire.Ruling{Action: wire.RulePassword, Text: strings.Repeat("k", wire.KeyLen)}),
		func() error {
			g, err := p.open(lee, unix.O_RDWR)
			return errors.Join(err, all(
				func() error { return errno("without the password", say(g, "x\n"), unix.ENOKEY) },
				func() error { return errno("the same", device.Join(g, localRoom, true), unix.ENOKEY) },
				invites(leeNumber),
				func() error { return say(g, "invited too\n") },
			))
		},
		func() error { return line(f, "Lee: invited too\n") },
	)
}

// unread: a file that leaves unread what is said is not present, until it reads; nobody's words wait for it.
func unread(p *place) error {
	if err := p.kernel.SetParam(context.Background(), "unread_ms", 1000); err != nil {
		return err
	}
	f, g, c, r, err := three(p, unix.O_RDWR)
	if err != nil {
		return err
	}
	owner := ruler{c, r}
	is := func(account uint64, state wire.PersonState) func() error {
		return func() error { _, err := c.Presence(limit, r.Number, account, state); return err }
	}
	alone := func() error {
		_, err := c.Ask(wire.TypeMsg, r.Number, wire.Talk{Text: []byte("anybody?")}, wire.TypeMsg)
		return errno("a word to who does not read", err, wire.ErrAlone)
	}
	part := func(f *os.File, want string) func() error {
		return func() error {
			got, err := nextOf(f, len(want))
			return errors.Join(err, equal("a part of a line", got, want))
		}
	}
	return all(
		func() error { return becomes(g, unix.POLLOUT) },
		// Nothing to read but what it has said itself is no silence: the others are the clock.
		func() error { return say(f, "hello\n") },
		func() error { return line(g, "Kim: hello\n") },
		func() error { return hears(c, kimNumber, "hello") },
		owner.tells("first"),
		part(f, "tess: first\n"),
		is(leeNumber, wire.PersonReconnecting),
		func() error {
			for _, frame := range c.Passed() {
				if person, err := wire.ParsePerson(frame.Body); frame.Type == wire.TypePresence && err == nil &&
					person.Account == kimNumber && person.State != wire.PersonPresent {
					return errors.New("who has read everything is not present")
				}
			}
			return nil
		},
		// Kim reads a part of a line and no more.
		owner.tells("second"),
		part(f, "tess: "),
		is(kimNumber, wire.PersonReconnecting),
		alone,
		func() error { return say(f, "I speak all the same\n") },
		func() error { return hears(c, kimNumber, "I speak all the same") },
		func() error {
			sessions, err := p.kernel.Sessions(context.Background())
			for _, s := range sessions {
				if here := s.Account == tessNumber; (s.State == uint8(wire.PersonPresent)) != here {
					err = errors.Join(err, fmt.Errorf("the session of %d has the state %d", s.Account, s.State))
				}
			}
			return err
		},
		part(f, "second\n"),
		is(kimNumber, wire.PersonPresent),
		// To ask is not to read.
		owner.tells("third"),
		func() error { _, err := polled(f, unix.POLLIN, limit); return err },
		is(kimNumber, wire.PersonReconnecting),
		// Another room is a new beginning.
		func() error { return device.Join(f, "elsewhere", false) },
		is(kimNumber, wire.PersonLeft),
		func() error { return device.Join(f, localRoom, true) },
		is(kimNumber, wire.PersonPresent),
		// Lee has lost nothing.
		func() error { return line(g, "tess: first\ntess: second\nKim: I speak all the same\ntess: third\n") },
		is(leeNumber, wire.PersonPresent),
	)
}
