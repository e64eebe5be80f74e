// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"kchat/e2e/reliability/trial"
	"kchat/rooms"
	"kchat/rooms/e2e/promise"
	"kchat/server/vmtest"
)

// awaitCount waits until so many messages are settled.
func awaitCount(t *testing.T, l *promise.Ledger, n int, patience time.Duration) {
	t.Helper()
	late := time.After(patience)
	for l.Count() < n {
		select {
		case <-l.Changed():
		case <-late:
			t.Fatalf("%d messages of %d came", l.Count(), n)
		}
	}
}

// sameTalk fails the test unless all have the same messages at the same places, each once.
func sameTalk(t *testing.T, ledgers []*promise.Ledger) {
	t.Helper()
	first := ledgers[0].Settled()
	for i, l := range ledgers {
		got := l.Settled()
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
func crowd(t *testing.T, s *vmtest.Server, room, prefix string, n int, dial func(context.Context, string, string) (net.Conn, error)) ([]*user, []*promise.Ledger) {
	t.Helper()
	names := s.AddUsers(t, prefix, password, n)
	users, ledgers := make([]*user, n), make([]*promise.Ledger, n)
	for i := range n {
		l := promise.NewLedger()
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
	dice  *rand.Rand // which of them; nil: the oldest
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
		at := 0
		if c.dice != nil {
			at = c.dice.IntN(len(c.conns))
		}
		c.conns[at].Close()
		c.conns = slices.Delete(c.conns, at, at+1)
	}
}

// TestACrowdHasEveryMessageOnceAndInOrder sends fifty messages from each of two hundred clients to one room while
// connections are cut all the time.
func TestACrowdHasEveryMessageOnceAndInOrder(t *testing.T) {
	t.Parallel()
	const each = 50
	people := crowdSize
	if vmtest.Slowness() > 0 {
		people = 30 // every memory access is checked
	}
	seed := trial.Seed(t)
	result := &trial.Result{Trial: "cuts", Seed: seed}
	trial.Keep(t, time.Now(), result)
	s := vmtest.Start(t)
	c := cutter{dice: rand.New(rand.NewPCG(seed, 0))}
	users, ledgers := crowd(t, s, "crowd", "crowd", people, c.dial)
	stop := make(chan struct{})
	var cutting sync.WaitGroup
	cutting.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(slow(500 * time.Millisecond)):
				c.cut(5)
				result.Times += 5
			}
		}
	})
	for k := range each {
		for i, u := range users {
			u.say("crowd", fmt.Sprintf("%d says %d", i, k))
		}
		// Not all at once: the cuts are to fall between the messages too.
		awaitCount(t, ledgers[0], k*people*9/10, slow(5*time.Minute))
	}
	close(stop)
	cutting.Wait()
	defer func() {
		if t.Failed() {
			t.Log(s.ReadFile(t, "/proc/net/kchat"))
		}
	}()
	for _, l := range ledgers {
		awaitCount(t, l, people*each, slow(5*time.Minute))
	}
	sameTalk(t, ledgers)
	result.Words = people * each
	for i, l := range ledgers {
		for k, m := range l.Settled() {
			if m.Pos.Seq != uint64(k+1) {
				t.Fatalf("client %d has %v at place %d", i, m.Pos, k+1)
			}
		}
	}
}

// sendAgain sends what was refused while a client was back before all others.
func sendAgain(users []*user, ledgers []*promise.Ledger) {
	for i, l := range ledgers {
		for _, id := range l.Alone() {
			_ = users[i].Resend("phoenix", id) // it may have settled meanwhile
		}
	}
}

// TestNothingAcknowledgedIsMissingAfterTheMachineDied kills the machine again and again while people talk, at random:
// before any of what they said last is in the room, or after most of it. When all are back, everybody has what anybody had
// acknowledged. KCHAT_KILLS says how often.
func TestNothingAcknowledgedIsMissingAfterTheMachineDied(t *testing.T) {
	t.Parallel()
	const people, each = 20, 5
	kills, seed := trial.Count(t, "KCHAT_KILLS", 10), trial.Seed(t)
	result := &trial.Result{Trial: "machine dies", Seed: seed}
	trial.Keep(t, time.Now(), result)
	dice := rand.New(rand.NewPCG(seed, 0))
	s := vmtest.Start(t)
	users, ledgers := crowd(t, s, "phoenix", "phoenix", people, nil)
	var words []promise.Word
	for k := range kills {
		for range each {
			for i, u := range users {
				text := fmt.Sprintf("%d in life %d, %d", i, k, len(words))
				words = append(words, promise.Word{ID: u.say("phoenix", text), Author: u.name, Text: text, Acknowledged: true})
			}
		}
		onTheWay := dice.IntN(people*each + 1)
		awaitSettled(t, users, ledgers, ledgers[0], len(words)-onTheWay)
		t.Logf("life %d: %d words of %d are here, and the machine dies", k, ledgers[0].Count(), len(words))
		s.CutPower(t)
	}
	var readers []promise.Reader
	for i, l := range ledgers {
		awaitSettled(t, users, ledgers, l, len(words))
		readers = append(readers, promise.Reader{Name: users[i].name, Heard: l.Settled()})
	}
	breaches := promise.Check(words, readers) // all were acknowledged in the end
	result.Tally = promise.Count(words, breaches, kills)
	for _, b := range breaches {
		t.Error(b)
	}
	sameTalk(t, ledgers)
}

// awaitSettled waits until one of them has so many words, while all say again what was refused.
func awaitSettled(t *testing.T, users []*user, ledgers []*promise.Ledger, of *promise.Ledger, words int) {
	t.Helper()
	for late := time.Now().Add(slow(5 * time.Minute)); of.Count() < words; {
		if time.Now().After(late) {
			t.Fatalf("%d words of %d came", of.Count(), words)
		}
		sendAgain(users, ledgers)
		select {
		case <-of.Changed():
		case <-time.After(time.Second):
		}
	}
}
