// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"kchat/rooms"
	"kchat/server/vmtest"
)

// ledger is a Store in memory that remembers each message as it first came: a disk for each of two hundred clients
// would test the disk.
type ledger struct {
	mu       sync.Mutex
	byID     map[rooms.MessageID]int
	messages []rooms.Message
	gaps     []rooms.Gap
	last     rooms.Position
	changed  chan struct{}
}

func newLedger() *ledger {
	return &ledger{byID: map[rooms.MessageID]int{}, changed: make(chan struct{}, 1)}
}

func (l *ledger) Save(_ context.Context, messages ...rooms.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range messages {
		at, known := l.byID[m.ID]
		switch {
		case !known:
			l.byID[m.ID] = len(l.messages)
			l.messages = append(l.messages, m)
		case m.Pos.Compare(l.messages[at].Pos) > 0, l.messages[at].Pos.IsZero():
			l.messages[at] = m // the last place counts
		default:
			l.messages[at].State = m.State
		}
		if m.Pos.Compare(l.last) > 0 {
			l.last = m.Pos
		}
	}
	select {
	case l.changed <- struct{}{}:
	default:
	}
	return nil
}

func (l *ledger) Stored(context.Context, rooms.UUID, string) (rooms.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, nil
}

func (l *ledger) Own(_ context.Context, _ rooms.UUID, _ string, sender rooms.AccountID, from, to rooms.Position) iter.Seq2[rooms.Message, error] {
	own := slices.DeleteFunc(l.settled(), func(m rooms.Message) bool {
		return m.Sender != sender || m.Pos.Compare(from) <= 0 || m.Pos.Compare(to) > 0
	})
	return func(yield func(rooms.Message, error) bool) {
		for _, m := range own {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func (l *ledger) Outbox(_ context.Context, _ rooms.UUID, sender rooms.AccountID) ([]rooms.Message, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []rooms.Message
	for _, m := range l.messages {
		if m.Sender == sender && m.Pos.IsZero() && (m.State == rooms.StateWaiting || m.State == rooms.StateSending) {
			out = append(out, m)
		}
	}
	return out, nil
}

func (l *ledger) Missing(_ context.Context, _ rooms.UUID, _ string, from, to rooms.Position, filled bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gaps = slices.DeleteFunc(l.gaps, func(g rooms.Gap) bool { return g == rooms.Gap{From: from, To: to} })
	if !filled {
		l.gaps = append(l.gaps, rooms.Gap{From: from, To: to})
	}
	return nil
}

func (l *ledger) Forget(context.Context, rooms.UUID, string, rooms.MessageID) error { return nil }

// settled is what has a place in the room, in order.
func (l *ledger) settled() []rooms.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(l.messages), func(m rooms.Message) bool { return m.Pos.IsZero() })
	slices.SortFunc(list, func(a, b rooms.Message) int { return a.Pos.Compare(b.Pos) })
	return list
}

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, m := range l.messages {
		if !m.Pos.IsZero() {
			n++
		}
	}
	return n
}

// awaitCount waits until so many messages are settled.
func (l *ledger) awaitCount(t *testing.T, n int, patience time.Duration) {
	t.Helper()
	late := time.After(patience)
	for l.count() < n {
		select {
		case <-l.changed:
		case <-late:
			t.Fatalf("%d messages of %d came", l.count(), n)
		}
	}
}

// sameTalk fails the test unless all have the same messages at the same places, each once.
func sameTalk(t *testing.T, ledgers []*ledger) {
	t.Helper()
	first := ledgers[0].settled()
	for i, l := range ledgers {
		got := l.settled()
		if len(got) != len(first) {
			t.Errorf("client %d has %d messages, the first has %d", i, len(got), len(first))
			continue
		}
		for k := range got {
			if got[k].ID != first[k].ID || got[k].Pos != first[k].Pos || got[k].Text != first[k].Text {
				t.Errorf("client %d has %v %q at %d, the first %v %q", i, got[k].Pos, got[k].Text, k, first[k].Pos, first[k].Text)
				break
			}
		}
	}
}

// crowd connects many clients to one room, each with a ledger, and waits until all are in it.
func crowd(t *testing.T, s *vmtest.Server, room, prefix string, n int, dial func(context.Context, string, string) (net.Conn, error)) ([]*user, []*ledger) {
	t.Helper()
	names := s.AddUsers(t, prefix, password, n)
	users, ledgers := make([]*user, n), make([]*ledger, n)
	for i := range n {
		l := newLedger()
		users[i] = connectWith(t, s.Addr, names[i], nil, func(c *rooms.Config) {
			c.Store, c.Pins, c.Rooms = l, nil, []string{room}
			if dial != nil {
				c.Dial = dial
			}
		})
		ledgers[i] = l
	}
	for _, u := range users {
		await(u, func(e rooms.Live) bool { return e.Room == room })
	}
	return users, ledgers
}

// cutter dials connections that it can cut.
type cutter struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (c *cutter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		c.mu.Lock()
		c.conns = append(c.conns, conn)
		c.mu.Unlock()
	}
	return conn, err
}

// cut cuts some of the connections there are, and forgets them.
func (c *cutter) cut(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range min(n, len(c.conns)) {
		at := rand.IntN(len(c.conns))
		c.conns[at].Close()
		c.conns = slices.Delete(c.conns, at, at+1)
	}
}

// TestACrowdHasEveryMessageOnceAndInOrder sends fifty messages from each of two hundred clients to one room while
// connections are cut all the time.
func TestACrowdHasEveryMessageOnceAndInOrder(t *testing.T) {
	t.Parallel()
	const people, each = crowdSize, 50
	s := vmtest.Start(t)
	var c cutter
	users, ledgers := crowd(t, s, "crowd", "crowd", people, c.dial)
	stop := make(chan struct{})
	var cutting sync.WaitGroup
	cutting.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(500 * time.Millisecond):
				c.cut(5)
			}
		}
	})
	for k := range each {
		for i, u := range users {
			u.say("crowd", fmt.Sprintf("%d says %d", i, k))
		}
		// Not all at once: the cuts are to fall between the messages too.
		ledgers[0].awaitCount(t, k*people*9/10, 5*time.Minute)
	}
	close(stop)
	cutting.Wait()
	defer func() {
		if t.Failed() {
			t.Log(s.ReadFile(t, "/proc/net/kchat"))
		}
	}()
	for _, l := range ledgers {
		l.awaitCount(t, people*each, 5*time.Minute)
	}
	sameTalk(t, ledgers)
	for i, l := range ledgers {
		for k, m := range l.settled() {
			if m.Pos.Seq != uint64(k+1) {
				t.Fatalf("client %d has %v at place %d", i, m.Pos, k+1)
			}
		}
	}
}

// sendAgain sends what was refused while a client was back before all others.
func sendAgain(users []*user, ledgers []*ledger) {
	for i, l := range ledgers {
		l.mu.Lock()
		var alone []rooms.MessageID
		for _, m := range l.messages {
			if m.State == rooms.StateAlone {
				alone = append(alone, m.ID)
			}
		}
		l.mu.Unlock()
		for _, id := range alone {
			_ = users[i].Resend("phoenix", id) // it may have settled meanwhile
		}
	}
}

// TestNothingAcknowledgedIsMissingAfterTheMachineDied kills the machine again and again while people talk. When all are
// back, everybody has what anybody had acknowledged.
func TestNothingAcknowledgedIsMissingAfterTheMachineDied(t *testing.T) {
	t.Parallel()
	const people, kills = 20, 10
	s := vmtest.Start(t)
	users, ledgers := crowd(t, s, "phoenix", "phoenix", people, nil)
	sent := 0
	for k := range kills {
		for range 5 {
			for i, u := range users {
				u.say("phoenix", fmt.Sprintf("%d in life %d, %d", i, k, sent))
				sent++
			}
		}
		// The machine dies while the messages are on their way.
		for begun := time.Now(); ledgers[0].count() < sent-people*3; {
			if time.Since(begun) > 2*time.Minute {
				t.Fatalf("in life %d: %d messages of %d came", k, ledgers[0].count(), sent)
			}
			sendAgain(users, ledgers)
			select {
			case <-ledgers[0].changed:
			case <-time.After(time.Second):
			}
		}
		t.Logf("life %d: %d messages of %d are here, and the machine dies", k, ledgers[0].count(), sent)
		s.CutPower(t)
	}
	late := time.Now().Add(3 * time.Minute)
	for i, l := range ledgers {
		for l.count() < sent && time.Now().Before(late) {
			sendAgain(users, ledgers)
			select {
			case <-l.changed:
			case <-time.After(time.Second):
			}
		}
		if l.count() != sent {
			t.Errorf("client %d has %d messages of %d", i, l.count(), sent)
		}
	}
	sameTalk(t, ledgers)
}
