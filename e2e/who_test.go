// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

// who is a peer in a test: what goes wrong ends the test.
type who struct {
	*peer.Conn
	t    testing.TB
	acct account
	in   uint32 // the room of the streams it sends

	waits time.Duration // for what must come, if not patience
}

// patience is how long this one waits for what must come.
func (w *who) patience() time.Duration {
	if w.waits != 0 {
		return world.slow(w.waits)
	}
	return world.slow(patience)
}

const patience = time.Minute // for what must come

// dial connects and says nothing.
func dial(t testing.TB) *who {
	t.Helper()
	c, err := peer.Dial(world.server(t).Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &who{Conn: c, t: t}
}

// greet connects and says HELLO.
func greet(t testing.TB) *who {
	t.Helper()
	w := dial(t)
	w.ok(w.Hello())
	return w
}

// enter logs a new person in.
func enter(t testing.TB) *who {
	t.Helper()
	return enterAs(t, world.account(t, 0))
}

// enterAs logs a person in, once more perhaps, and keeps the connection alive.
func enterAs(t testing.TB, a account) *who {
	t.Helper()
	w := silent(t, a)
	w.KeepAlive(2 * time.Second)
	return w
}

// silent logs a person in that sends nothing by itself.
func silent(t testing.TB, a account) *who {
	t.Helper()
	w := greet(t)
	w.acct = a
	w.ok(w.Login(a.login, a.password))
	return w
}

// room is a name that no other test uses.
func room() string { return fmt.Sprintf("room-%d", world.number()) }

// pair is two people in a room of their own. What their coming brought is behind them.
func pair(t testing.TB) (a, b *who, r *peer.Room) {
	t.Helper()
	a, b = enter(t), enter(t)
	name := room()
	a.join(name)
	r = b.join(name)
	a.sees(r.Number, b, wire.PersonPresent)
	return a, b, r
}

func (w *who) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *who) join(name string) *peer.Room {
	w.t.Helper()
	return w.joinAs(wire.Join{Name: name})
}

func (w *who) joinAs(j wire.Join) *peer.Room {
	w.t.Helper()
	r, err := w.Join(j)
	w.ok(err)
	return r
}

// sees waits for a PRESENCE.
func (w *who) sees(room uint32, of *who, state wire.PersonState) peer.Frame {
	w.t.Helper()
	f, err := w.Presence(world.slow(patience), room, of.Me.Account, state)
	if err != nil {
		w.t.Fatalf("waiting for PRESENCE %d of %d: %v", state, of.Me.Account, err)
	}
	if f.Sender != of.Me.Account {
		w.t.Fatalf("PRESENCE of %d has the sender %d", of.Me.Account, f.Sender)
	}
	return f
}

// meets brings one more into a room, and returns them when w has seen them come.
func (w *who) meets(other *who, r *peer.Room) *who {
	w.t.Helper()
	other.join(r.Name)
	w.sees(r.Number, other, wire.PersonPresent)
	return other
}

func (w *who) send(kind wire.Type, room uint32, body wire.Body) wire.ID {
	w.t.Helper()
	id, err := w.Request(kind, room, body)
	w.ok(err)
	return id
}

func (w *who) say(room uint32, text string) wire.ID {
	w.t.Helper()
	id := peer.NewID()
	w.ok(w.Say(room, id, text))
	return id
}

// find waits for a frame, and leaves what came before it.
func (w *who) find(what string, match func(peer.Frame) bool) peer.Frame {
	w.t.Helper()
	f, err := w.Find(w.patience(), match)
	if err != nil {
		w.t.Fatalf("waiting for %s: %v (passed over: %s)", what, err, names(w.Passed()))
	}
	return f
}

// gets waits for the frame of this id, which must have this type.
func (w *who) gets(id wire.ID, kind wire.Type) peer.Frame {
	w.t.Helper()
	f := w.find(kind.String(), func(f peer.Frame) bool { return f.ID == id })
	if f.Type != kind {
		w.t.Fatal((&peer.Unexpected{Want: kind, Got: f}).Error())
	}
	return f
}

// typed waits for the next frame of this type, whatever comes before.
func (w *who) typed(kind wire.Type) peer.Frame {
	w.t.Helper()
	return w.find(kind.String(), func(f peer.Frame) bool { return f.Type == kind })
}

// refused waits until the request of this id is answered with this error, the connection going on.
func (w *who) refused(id wire.ID, number wire.ErrorNumber) wire.ErrorBody {
	w.t.Helper()
	f := w.gets(id, wire.TypeError)
	e := w.error(f)
	if e.Number != number {
		w.t.Fatalf("want ERROR %s, got %s (%s)", number.Name(), e.Number.Name(), e.Sentence)
	}
	if f.Flags != 0 {
		w.t.Fatalf("ERROR %s says that the connection ends", number.Name())
	}
	return e
}

// ends waits for ERROR with the flag LAST, and for the end of the connection.
func (w *who) ends(number wire.ErrorNumber) wire.ErrorBody {
	w.t.Helper()
	f := w.find("ERROR with LAST", func(f peer.Frame) bool { return f.Type == wire.TypeError && f.Flags&wire.FlagLast != 0 })
	e := w.error(f)
	if e.Number != number {
		w.t.Fatalf("want ERROR %s, got %s (%s)", number.Name(), e.Number.Name(), e.Sentence)
	}
	w.closed()
	return e
}

// closed waits for the end of the connection.
func (w *who) closed() {
	w.t.Helper()
	_, err := w.Find(world.slow(patience), func(peer.Frame) bool { return false })
	if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		w.t.Fatalf("the connection should end, but: %v", err)
	}
}

func (w *who) error(f peer.Frame) wire.ErrorBody {
	w.t.Helper()
	e, err := wire.ParseError(f.Body)
	w.ok(err)
	if e.Sentence != e.Number.Error() {
		w.t.Fatalf("ERROR %s says %q, the document %q", e.Number.Name(), e.Sentence, e.Number.Error())
	}
	return e
}

// alive checks that the connection still answers, and returns nothing: the log of a room may come before or after.
func (w *who) alive() {
	w.t.Helper()
	id := w.send(wire.TypePing, 0, wire.Raw("still there?"))
	if f := w.gets(id, wire.TypePong); string(f.Body) != "still there?" {
		w.t.Fatalf("PONG says %q", f.Body)
	}
}

func names(frames []peer.Frame) string {
	var s string
	for _, f := range frames {
		s += " " + f.Type.String()
		if f.Type == wire.TypeError {
			if e, err := wire.ParseError(f.Body); err == nil {
				s += "(" + e.Number.Name() + ")"
			}
		}
		if f.Type == wire.TypeStreamCancel {
			if c, err := wire.ParseStreamCancel(f.Body); err == nil {
				s += "(" + c.Reason.Name() + ")"
			}
		}
	}
	return s
}

// lasting are the frames among these that have a sequence number of their own.
func lasting(frames []peer.Frame) []peer.Frame {
	var l []peer.Frame
	for _, f := range frames {
		if f.Type.Lasting() {
			l = append(l, f)
		}
	}
	return l
}

// timeout reports whether nothing came.
func timeout(err error) bool {
	var n net.Error
	return errors.Is(err, peer.ErrNothing) || errors.As(err, &n) && n.Timeout()
}

// isError reports whether the server answered with this error.
func isError(err error, number wire.ErrorNumber) bool { return errors.Is(err, number) }

// asError is the ERROR that err stands for; zero if it stands for none.
func asError(err error) wire.ErrorBody {
	var e *wire.ErrorBody
	if errors.As(err, &e) {
		return *e
	}
	return wire.ErrorBody{}
}
