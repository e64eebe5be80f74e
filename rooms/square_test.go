// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kchat/wire"
)

// square is a server with one room, which forgets everything whenever its test wants it to, as a server that is
// started again does. It knows no passwords, rules or limits.
type square struct {
	t *testing.T

	mu    sync.Mutex
	epoch uint64
	seq   uint64
	seats map[uint64]*seat // of those who are in the room, by account
	log   []wire.Frame
	wants int // that were asked
}

// seat is one connection. What it is to be sent waits for a moment, as on any network, and is lost when it ends.
type seat struct {
	*peer
	account uint64
	far     time.Duration // what a frame from the server takes
	out     *queue[[]byte]
	ended   chan struct{}
}

func (s *seat) write() {
	for {
		select {
		case <-s.out.ready:
			time.Sleep(s.far)
			if _, err := s.conn.Write(slices.Concat(s.out.take()...)); err != nil {
				return
			}
		case <-s.ended:
			return
		}
	}
}

func (s *seat) put(h wire.Header, body wire.Body) { s.out.put(wire.AppendFrame(nil, h, body)) }

// serve answers the connections of one client until the test is over.
func (q *square) serve(n *network, over <-chan struct{}) {
	for {
		var conn net.Conn
		select {
		case conn = <-n.calls:
		case <-over:
			return
		}
		s := &seat{peer: n.greet(conn), account: n.account, far: time.Duration(n.account) * 10 * time.Millisecond, out: newQueue[[]byte](), ended: make(chan struct{})}
		s.logIn()
		var writing sync.WaitGroup
		writing.Go(s.write)
		for {
			f, err := s.read()
			if err != nil {
				break
			}
			q.handle(s, f)
		}
		q.mu.Lock()
		if q.seats[s.account] == s {
			delete(q.seats, s.account)
			q.tell(person(s.account, fmt.Sprint(s.account), wire.PersonLeft))
		}
		q.mu.Unlock()
		close(s.ended)
		writing.Wait()
	}
}

// all sends a frame to everybody in the room.
func (q *square) all(h wire.Header, body wire.Body) {
	for _, s := range q.seats {
		s.put(h, body)
	}
}

// tell tells everybody what has become of somebody.
func (q *square) tell(who wire.Person) {
	q.all(wire.Header{Type: wire.TypePresence, Room: roomNumber, Epoch: q.epoch, Seq: q.seq, Sender: who.Account}, who)
}

func (q *square) handle(s *seat, f wire.Frame) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch f.Type {
	case wire.TypeJoin:
		q.join(s, f)
	case wire.TypeMsg:
		q.say(s, f)
	case wire.TypeWant:
		q.wants++
		f.Epoch, f.Seq, f.Sender = q.epoch, q.seq, s.account
		q.all(f.Header, wire.Raw(f.Body))
	case wire.TypeReoffer:
		o, err := wire.ParseReoffer(f.Body)
		if err != nil {
			q.t.Error(err)
			return
		}
		to := q.seats[o.To]
		if to == nil {
			s.put(wire.Header{Type: wire.TypeError, Room: f.Room, ID: f.ID}, wire.ErrorBody{Number: wire.ErrOffline, Cause: f.Type})
			return
		}
		s.put(wire.Header{Type: wire.TypeOK, Room: f.Room, ID: f.ID}, wire.Empty{})
		f.Sender = s.account
		to.put(f.Header, wire.Raw(f.Body))
	}
}

// join lets somebody in, with what the log has after what they have of this epoch.
func (q *square) join(s *seat, f wire.Frame) {
	j, err := wire.ParseJoin(f.Body)
	if err != nil {
		q.t.Error(err)
		return
	}
	start := uint64(0)
	if j.Epoch == q.epoch {
		start = j.Seq
	}
	q.seats[s.account] = s
	var people wire.People
	for account := range q.seats {
		people = append(people, person(account, fmt.Sprint(account), wire.PersonPresent))
	}
	h := wire.Header{Type: wire.TypeJoined, Room: roomNumber, Epoch: q.epoch, Seq: q.seq, ID: f.ID}
	s.put(h, wire.Joined{Start: start, First: 1, Made: uint64(time.Now().UnixMicro()), People: uint32(len(people)), Backlog: 50, Name: j.Name})
	h.Type, h.Flags = wire.TypeRoster, wire.FlagLast
	s.put(h, people)
	for _, l := range q.log[start:] {
		s.put(l.Header, wire.Raw(l.Body))
	}
	h.Type, h.Flags = wire.TypeLive, 0
	s.put(h, wire.Empty{})
	q.tell(person(s.account, fmt.Sprint(s.account), wire.PersonPresent))
}

func (q *square) say(s *seat, f wire.Frame) {
	if q.seats[s.account] != s || len(q.seats) < 2 {
		s.put(wire.Header{Type: wire.TypeError, Room: f.Room, ID: f.ID}, wire.ErrorBody{Number: wire.ErrAlone, Cause: f.Type})
		return
	}
	q.seq++
	f.Epoch, f.Seq, f.Time, f.Sender = q.epoch, q.seq, uint64(time.Now().UnixMicro()), s.account
	q.log = append(q.log, f)
	q.all(f.Header, wire.Raw(f.Body))
}

// cut ends the connections of these accounts.
func (q *square) cut(accounts ...uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, account := range accounts {
		if s := q.seats[account]; s != nil {
			s.conn.Close()
		}
	}
}

// holds reports whether so many are in the room.
func (q *square) holds(people int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.seats) == people
}

// forget ends all connections, and begins the room anew.
func (q *square) forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for account, s := range q.seats {
		s.conn.Close()
		delete(q.seats, account)
	}
	q.epoch += 1 << 32
	q.seq, q.log = 0, nil
}

// TestAfterManyRestartsEverybodySoonHasEverything: six people talk while the server is started again and again, some of
// them being away when it ends. However much has happened, what is missing then is here within some seconds.
func TestAfterManyRestartsEverybodySoonHasEverything(t *testing.T) {
	const people, restarts = 6, 25
	const soon = 20 * time.Second // of which coming back takes up to three
	bubble(t, func(t *testing.T, _ *network) {
		seed := rand.Uint64()
		dice := rand.New(rand.NewPCG(seed, 0))
		q := &square{t: t, epoch: epochOne, seats: map[uint64]*seat{}}
		users := q.open(people)
		for !q.holds(people) {
			time.Sleep(50 * time.Millisecond)
		}
		hush := talkOn(users)
		for range restarts {
			time.Sleep(time.Duration(dice.Int64N(int64(2 * time.Second))))
			q.cut(uint64(1+dice.IntN(people)), uint64(1+dice.IntN(people)))
			time.Sleep(time.Duration(dice.Int64N(int64(400 * time.Millisecond))))
			q.forget()
		}
		hush()
		time.Sleep(soon)
		synctest.Wait()
		words, lacking := lackingAmong(users)
		if words < 1000 || len(lacking) > 0 {
			t.Errorf("seed %d: of %d words are missing: %v", seed, words, lacking)
		}
		t.Logf("%d words, %d WANTs", words, q.wants)
	})
}

// open brings people to the square, who are there until the test ends.
func (q *square) open(people int) []*user {
	over := make(chan struct{})
	var serving sync.WaitGroup
	q.t.Cleanup(func() {
		close(over)
		serving.Wait()
	})
	users := make([]*user, people)
	for i := range users {
		n := newNetwork(q.t)
		n.account = uint64(i + 1)
		serving.Go(func() { q.serve(n, over) })
		users[i] = n.start(nil)
		serving.Go(func() {
			for range users[i].Events() {
			}
		})
	}
	return users
}

// talkOn has all say one word after the other, until hush is called.
func talkOn(users []*user) (hush func()) {
	quiet := make(chan struct{})
	var talking sync.WaitGroup
	for _, u := range users {
		talking.Go(func() {
			for {
				select {
				case <-quiet:
					return
				case <-time.After(50 * time.Millisecond):
					u.say("word")
				}
			}
		})
	}
	return func() {
		close(quiet)
		talking.Wait()
	}
}

// lackingAmong are the words that somebody lacks of those whose authors were told that they are in the room, and how many
// of those there are.
func lackingAmong(users []*user) (words int, lacking []string) {
	for i, u := range users {
		for _, m := range u.store.messages {
			if m.Sender != AccountID(i+1) || m.Pos.IsZero() {
				continue
			}
			words++
			for k, o := range users {
				if o.store.place(m) < 0 {
					lacking = append(lacking, fmt.Sprintf("%d lacks %v of %d", k+1, m.Pos, i+1))
				}
			}
		}
	}
	return words, lacking
}
