// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"kchat/e2e/peer"
	"kchat/wire"
)

// drainUnderTalk: people talk without pause in the rooms of a server that is drained. Each follows its rooms; what was
// acknowledged, everybody has heard, once and in its order. Topic, roles and password come along.
func drainUnderTalk(ctx context.Context) error {
	c, err := newCommunity(ctx)
	defer c.close()
	if err != nil {
		return err
	}
	from, to := c.towns[0], c.towns[1]
	if err := refusedDrains(ctx, c); err != nil {
		return err
	}
	names, err := c.homesAt(from, 3)
	if err != nil {
		return err
	}
	var talkers []*talker
	for i, name := range names {
		for j := range 3 {
			t, err := newTalker(c, 3*i+j, from, name)
			if err != nil {
				return fmt.Errorf("%s in %s: %w", c.logins[3*i+j], name, err)
			}
			defer t.guest.close()
			talkers = append(talkers, t)
		}
	}
	owner := talkers[0]
	if err := owner.rule(); err != nil {
		return err
	}
	stop, err := talkAll(talkers)
	if err != nil {
		return err
	}
	if err := from.kernel.Drain(ctx, &to.uuid); err != nil {
		return err
	}
	if err := from.empty(ctx); err != nil {
		return err
	}
	for _, t := range talkers {
		if err := t.reaches(to); err != nil {
			return fmt.Errorf("%s: %w", t.guest.login, err)
		}
	}
	if err := errors.Join(stop(), compare(talkers)); err != nil {
		return err
	}
	return drained(ctx, c, from, to, names)
}

// refusedDrains: to nobody, to oneself, and what is no peer.
func refusedDrains(ctx context.Context, c *community) error {
	stranger := [16]byte{1, 2, 3}
	for what, one := range map[string]struct {
		to   *[16]byte
		want error
	}{
		"to itself": {&c.towns[0].uuid, unix.EINVAL}, "to a stranger": {&stranger, unix.ENOENT},
	} {
		if err := c.towns[0].kernel.Drain(ctx, one.to); !errors.Is(err, one.want) {
			return fmt.Errorf("a drain %s: %w", what, err)
		}
	}
	return c.towns[0].kernel.Drain(ctx, nil) // it was not drained: nothing changes
}

// homesAt makes rooms until a server has so many, and returns their names.
func (c *community) homesAt(t *town, count int) (names []string, err error) {
	g := c.guest(0)
	defer g.close()
	for i := 0; len(names) < count; i++ {
		name := fmt.Sprintf("talk-%d", i)
		home, _, err := g.join(t, wire.Join{Name: name})
		if err != nil {
			return nil, fmt.Errorf("room %s: %w", name, err)
		}
		if home == t {
			names = append(names, name)
		}
	}
	return names, nil
}

// empty waits until a server that is drained has no rooms.
func (t *town) empty(ctx context.Context) error {
	for deadline := time.Now().Add(20 * patience); ; time.Sleep(20 * time.Millisecond) {
		status, err := t.kernel.Status(ctx)
		if err != nil {
			return err
		}
		if status.Successor == nil {
			return fmt.Errorf("%s is not drained: %+v", t.name, status)
		}
		if status.RoomsLeft == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s has %d rooms left", t.name, status.RoomsLeft)
		}
	}
}

// drained: who asks the old home is led to the new one, the old one makes no new rooms, and what the rooms were they are.
func drained(ctx context.Context, c *community, from, to *town, names []string) error {
	g := c.guest(people - 2)
	defer g.close()
	for i := range 4 {
		home, _, err := g.join(from, wire.Join{Name: fmt.Sprintf("later-%d", i)})
		if err != nil || home == from {
			return fmt.Errorf("a room made while %s is drained: %w", from.name, err)
		}
	}
	_, r, err := g.join(from, wire.Join{Name: names[1]})
	if err != nil {
		return err
	}
	if r.Epoch == 0 || r.People < 3 {
		return fmt.Errorf("%s is %+v", names[1], r.Joined)
	}
	_, _, err = g.join(from, wire.Join{Name: names[0]})
	var refused *wire.ErrorBody
	if !errors.As(err, &refused) || refused.Number != wire.ErrBanned {
		return fmt.Errorf("%s joins a room that they are banned from: %w", g.login, err)
	}
	rooms, err := to.rooms(ctx)
	if err != nil {
		return err
	}
	if r := rooms[names[0]]; r.Flags&wire.RoomModerated == 0 || r.Owner != 1 {
		return fmt.Errorf("%s has come as %+v", names[0], r)
	}
	if err := to.kernel.Drain(ctx, &from.uuid); !errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("a drain to a server that is drained: %w", err)
	}
	fmt.Println("the old home leads to the new one; rules have come along")
	return from.kernel.Drain(ctx, nil)
}

// place in a room's order.
type turn struct{ epoch, seq uint64 }

// talker is somebody who talks without pause in one room, and follows it.
type talker struct {
	guest *guest
	name  string

	mu      sync.Mutex
	home    *town
	conn    *peer.Conn
	room    uint32
	last    turn
	acked   []wire.ID
	heard   map[wire.ID]turn
	order   []turn
	doubt   map[wire.ID]bool // sent, and not acknowledged
	refused []wire.ID        // of these, to be sent again
	moves   int
	ended   error
}

func newTalker(c *community, i int, from *town, name string) (*talker, error) {
	t := &talker{guest: c.guest(i), name: name, heard: map[wire.ID]turn{}, doubt: map[wire.ID]bool{}}
	return t, t.enter(from)
}

// enter goes into the room, with what was heard there last.
func (t *talker) enter(from *town) error {
	home, r, err := t.guest.join(from, wire.Join{Name: t.name, Epoch: t.last.epoch, Seq: t.last.seq})
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.home, t.conn, t.room = home, t.guest.conns[home], r.Number
	if r.Epoch < t.last.epoch {
		return fmt.Errorf("%s goes on with epoch %x after %x", t.name, r.Epoch, t.last.epoch)
	}
	for _, f := range r.Past {
		if err := t.hear(f); err != nil {
			return err
		}
	}
	return nil
}

// hear notes a message; under the lock.
func (t *talker) hear(f peer.Frame) error {
	if f.Type != wire.TypeMsg {
		return nil
	}
	at := turn{f.Epoch, f.Seq}
	if before, twice := t.heard[f.ID]; twice {
		return fmt.Errorf("%x is at %v and at %v", f.ID, before, at)
	}
	if at.epoch < t.last.epoch || at.epoch == t.last.epoch && at.seq <= t.last.seq {
		return fmt.Errorf("%v comes after %v", at, t.last)
	}
	t.last, t.heard[f.ID], t.order = at, at, append(t.order, at)
	if t.doubt[f.ID] {
		delete(t.doubt, f.ID)
		t.acked = append(t.acked, f.ID)
	}
	return nil
}

// listen reads until the room has been left for good, and follows it until then.
func (t *talker) listen(done <-chan struct{}) error {
	for {
		f, err := t.conn.Next(200 * time.Millisecond)
		if errors.Is(err, peer.ErrNothing) {
			select {
			case <-done:
				return nil
			default:
				continue
			}
		}
		if err != nil {
			return err
		}
		switch {
		case f.Type == wire.TypeParted && f.Room == t.room:
			p, err := wire.ParseParted(f.Body)
			if err != nil || p.Reason != wire.ErrMoved {
				return fmt.Errorf("PARTED %+v: %w", p, err)
			}
		case f.Type == wire.TypeMoved && f.Room == t.room:
			to, err := t.guest.c.moved(f, t.name)
			if err != nil {
				return err
			}
			if err := t.enter(to); err != nil {
				return fmt.Errorf("follow to %s: %w", to.name, err)
			}
			t.moves++
			t.again()
		case f.Type == wire.TypeError: // alone for now, or not here any more
			t.mu.Lock()
			t.refused = append(t.refused, f.ID)
			t.mu.Unlock()
		case f.Room == t.room:
			t.mu.Lock()
			err := t.hear(f)
			t.mu.Unlock()
			if err != nil {
				return err
			}
		}
	}
}

// again sends what is in doubt once more, under the same ids.
func (t *talker) again() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id := range t.doubt {
		_ = t.conn.Say(t.room, id, t.guest.login)
	}
}

// say sends what was refused again, and a new message, unless so many are under way.
func (t *talker) say(most int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range t.refused {
		if t.doubt[id] {
			_ = t.conn.Say(t.room, id, t.guest.login)
		}
	}
	t.refused = nil
	if len(t.doubt) >= most {
		return
	}
	id := peer.NewID()
	t.doubt[id] = true
	_ = t.conn.Say(t.room, id, t.guest.login)
}

// reaches waits until the talker is at a server.
func (t *talker) reaches(to *town) error {
	for deadline := time.Now().Add(20 * patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		t.mu.Lock()
		home, ended := t.home, t.ended
		t.mu.Unlock()
		if home == to || ended != nil {
			return ended
		}
	}
	return fmt.Errorf("%s is not followed to %s", t.name, to.name)
}

// rule makes the room what has to come along: moderated, with a voice for the others, and a ban.
func (t *talker) rule() error {
	rules := []wire.Ruling{
		{Action: wire.RuleVoice, Account: 2},
		{Action: wire.RuleVoice, Account: 3},
		{Action: wire.RuleBan, Account: people - 1, Text: "not here"},
		{Action: wire.RuleFlags, Seconds: wire.RoomModerated},
	}
	for _, r := range rules {
		if _, err := t.conn.Ask(wire.TypeRule, t.room, r, wire.TypeOK); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

// talkAll lets all talk. The function that it returns ends that, when more was said and all of it is acknowledged.
func talkAll(talkers []*talker) (stop func() error, err error) {
	var listening, talking sync.WaitGroup
	quiet, done := make(chan struct{}), make(chan struct{})
	for _, t := range talkers {
		listening.Go(func() {
			err := t.listen(done)
			t.mu.Lock()
			t.ended = err
			t.mu.Unlock()
		})
		talking.Go(func() {
			for {
				select {
				case <-quiet:
					return
				case <-time.After(5 * time.Millisecond):
					t.say(4)
				}
			}
		})
	}
	return func() error {
		err := sayMore(talkers)
		close(quiet)
		talking.Wait()
		err = errors.Join(err, settle(talkers))
		close(done)
		listening.Wait()
		for _, t := range talkers {
			err = errors.Join(err, t.ended)
		}
		return err
	}, sayMore(talkers)
}

// sayMore waits until everybody has said so much more that was acknowledged.
func sayMore(talkers []*talker) error {
	const more = 5
	for _, t := range talkers {
		from := -1
		for deadline := time.Now().Add(20 * patience); ; time.Sleep(10 * time.Millisecond) {
			t.mu.Lock()
			said, ended := len(t.acked), t.ended
			t.mu.Unlock()
			if from < 0 {
				from = said
			}
			if ended != nil || said >= from+more {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s is not heard", t.guest.login)
			}
		}
	}
	return nil
}

// settle waits until nothing is in doubt any more: what was refused meanwhile is sent again.
func settle(talkers []*talker) error {
	for deadline := time.Now().Add(20 * patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		left := 0
		for _, t := range talkers {
			t.mu.Lock()
			left += len(t.doubt)
			ended := t.ended
			t.mu.Unlock()
			if ended != nil {
				return ended
			}
			t.again()
		}
		if left == 0 {
			return nil
		}
	}
	return errors.New("something was never acknowledged")
}

// compare looks whether everybody in a room has heard all that was acknowledged there, in one order.
func compare(talkers []*talker) error {
	var wrong []string
	for _, t := range talkers {
		if t.moves != 1 {
			wrong = append(wrong, fmt.Sprintf("%s was moved %d times", t.guest.login, t.moves))
		}
		if len(t.acked) < 10 {
			wrong = append(wrong, fmt.Sprintf("%s has said %d only", t.guest.login, len(t.acked)))
		}
		for _, other := range talkers {
			if other.name != t.name {
				continue
			}
			for _, id := range t.acked {
				if other.heard[id] != t.heard[id] {
					wrong = append(wrong, fmt.Sprintf("%s of %s is at %v, for %s at %v", id, t.guest.login,
						t.heard[id], other.guest.login, other.heard[id]))
				}
			}
		}
	}
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong[:min(len(wrong), 10)], "; "))
	}
	for _, t := range talkers {
		fmt.Printf("%s in %s: %d said and acknowledged, %d heard\n", t.guest.login, t.name, len(t.acked), len(t.heard))
	}
	return nil
}
