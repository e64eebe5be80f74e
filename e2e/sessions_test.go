// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"crypto/rand"
	"errors"
	"io"
	"testing"

	"kchat/e2e/peer"
	"kchat/wire"
)

// resumed comes back by the session of w.
func resumed(t testing.TB, w *who) *who {
	t.Helper()
	back := greet(t)
	back.acct = w.acct
	back.ok(back.Resume(w.Me.Session, w.Key, wire.ResumeSession))
	return back
}

func TestResumeReplacesTheConnection(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	back := resumed(t, a)
	if back.Me.Account != a.Me.Account || back.Me.Session != a.Me.Session || back.Me.Name != a.acct.name {
		t.Errorf("AUTH_OK: %+v", back.Me)
	}
	a.ends(wire.ErrReplaced)
	b.sees(r.Number, a, wire.PersonReconnecting)
	allAlone(t, b, r.Number)
	// The new connection is in no room.
	back.refused(back.send(wire.TypeMsg, r.Number, talk("x")), wire.ErrNotInRoom)
	got := back.joinAs(wire.Join{Name: r.Name, Epoch: r.Epoch, Seq: r.Seq})
	b.sees(r.Number, back, wire.PersonPresent)
	only(t, back, b, got)
}

func TestResumeAfterTheConnectionBroke(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	c := a.meets(enter(t), r)
	a.ok(a.Reset())
	b.sees(r.Number, a, wire.PersonReconnecting)
	var last wire.ID
	for range 100 {
		last = b.say(r.Number, "while you were away")
	}
	c.gets(last, wire.TypeMsg)
	back := resumed(t, a)
	got := back.joinAs(wire.Join{Name: r.Name, Epoch: r.Epoch, Seq: r.Seq})
	past := lasting(got.Past)
	if len(past) != 100 || got.Start != r.Seq {
		t.Errorf("%d messages from %d on, want 100 from %d", len(past), got.Start, r.Seq)
	}
	b.sees(r.Number, back, wire.PersonPresent)
}

func TestResumeRefused(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	other := enter(t)
	w := greet(t)
	try := func(name string, session uint64, key [wire.KeyLen]byte, kind uint8) {
		if err := w.Resume(session, key, kind); !isError(err, wire.ErrSession) {
			t.Errorf("%s: want ERROR SESSION, got %v", name, err)
		}
		w = greet(t)
	}
	try("wrong key", a.Me.Session, [wire.KeyLen]byte{1}, wire.ResumeSession)
	try("wrong key, media", a.Me.Session, [wire.KeyLen]byte{1}, wire.ResumeMedia)
	try("another's key", a.Me.Session, other.Key, wire.ResumeSession)
	try("no such session", 1<<60, a.Key, wire.ResumeSession)
	try("session 0", 0, a.Key, wire.ResumeSession)

	// The proof of one kind is none for the other, and that of another connection's nonce is none here.
	request := wire.Resume{Session: a.Me.Session, Kind: wire.ResumeSession}
	_, _ = rand.Read(request.Nonce[:]) // never fails
	request.Proof = wire.ResumeProof(a.Key, wire.ResumeMedia, w.Welcome.Nonce, request.Nonce)
	w.refused(w.send(wire.TypeResume, 0, request), wire.ErrSession)
	request.Proof = wire.ResumeProof(a.Key, wire.ResumeSession, other.Welcome.Nonce, request.Nonce)
	w.refused(w.send(wire.TypeResume, 0, request), wire.ErrSession)
	body := wire.Raw(request.Append(nil))
	for name, change := range map[string]func(wire.Raw) wire.Raw{
		"kind 2":         func(b wire.Raw) wire.Raw { b[8] = 2; return b },
		"reserved not 0": func(b wire.Raw) wire.Raw { b[15] = 1; return b },
		"cut":            func(b wire.Raw) wire.Raw { return b[:63] },
	} {
		w := greet(t)
		id := w.send(wire.TypeResume, 0, change(append(wire.Raw{}, body...)))
		if e := w.error(w.gets(id, wire.TypeError)); e.Number != wire.ErrBadFrame {
			t.Errorf("%s: ERROR %s", name, e.Number.Name())
		}
	}
	// None of it has touched the session.
	id := a.say(r.Number, "still here")
	b.gets(id, wire.TypeMsg)
}

func TestThirdRefusedResumeEndsTheConnection(t *testing.T) {
	t.Parallel()
	w := greet(t)
	for range 2 {
		w.refused(w.send(wire.TypeResume, 0, wire.Resume{Session: 1 << 50}), wire.ErrSession)
	}
	w.send(wire.TypeResume, 0, wire.Resume{Session: 1 << 50})
	w.ends(wire.ErrSession)
}

func TestByeEndsTheSession(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	m := media(t, a)
	a.send(wire.TypeBye, 0, wire.Empty{})
	if _, err := a.Find(world.slow(patience), func(peer.Frame) bool { return false }); !errors.Is(err, io.EOF) {
		t.Errorf("after BYE: %v", err)
	}
	m.closed()
	b.sees(r.Number, a, wire.PersonLeft)
	w := greet(t)
	if err := w.Resume(a.Me.Session, a.Key, wire.ResumeSession); !isError(err, wire.ErrSession) {
		t.Errorf("want ERROR SESSION, got %v", err)
	}
}

func TestMediaConnection(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	m := media(t, a)
	m.alive()
	// It is no presence: nobody was told anything.
	b.alive()
	if passed := b.Passed(); len(passed) > 0 {
		t.Errorf("the other one got%s", names(passed))
	}
	// A second one replaces the first.
	second := media(t, a)
	m.ends(wire.ErrReplaced)
	second.alive()
	// It ends with its session's first connection, or goes on; but its end is not the session's.
	second.ok(second.Close())
	id := a.say(r.Number, "still here")
	b.gets(id, wire.TypeMsg)
}

// TestByeOnTheMediaConnection: it ends that connection alone.
func TestByeOnTheMediaConnection(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	m := media(t, a)
	m.send(wire.TypeBye, 0, wire.Empty{})
	m.closed()
	only(t, a, b, r)
	media(t, a).alive()
}

// TestMediaConnectionAlone: who has nothing else is not present.
func TestMediaConnectionAlone(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	media(t, a)
	a.ok(a.Close())
	b.sees(r.Number, a, wire.PersonReconnecting)
	allAlone(t, b, r.Number)
	back := resumed(t, a)
	back.joinAs(wire.Join{Name: r.Name, Epoch: r.Epoch, Seq: r.Seq})
	b.sees(r.Number, back, wire.PersonPresent)
}

// TestResumeManyTimesAtOnce: two clients fight for one session; one connection is left, and it works.
func TestResumeManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	a := enter(t)
	const clients = 8
	back := make(chan *who, clients)
	for range clients {
		go func() {
			w := &who{t: t, acct: a.acct}
			c, err := peer.Dial(world.server(t).Addr)
			if err == nil {
				w.Conn = c
				if err = c.Hello(); err == nil {
					err = c.Resume(a.Me.Session, a.Key, wire.ResumeSession)
				}
			}
			if err != nil {
				t.Error(err)
				back <- nil
				return
			}
			back <- w
		}()
	}
	alive := 0
	var all []*who
	for range clients {
		if w := <-back; w != nil {
			t.Cleanup(func() { _ = w.Close() })
			all = append(all, w)
		}
	}
	a.ends(wire.ErrReplaced)
	for _, w := range all {
		id := w.send(wire.TypePing, 0, wire.Empty{})
		f, err := w.Find(world.slow(patience), func(f peer.Frame) bool {
			return f.Type == wire.TypeError && f.Flags&wire.FlagLast != 0 || f.ID == id
		})
		switch {
		case err == nil && f.Type == wire.TypePong:
			// It may be the last one, or not know yet.
			if _, err := w.Find(200*1e6, func(f peer.Frame) bool { return f.Type == wire.TypeError }); timeout(err) {
				alive++
			}
		case err == nil && w.error(f).Number != wire.ErrReplaced:
			t.Errorf("ERROR %s", w.error(f).Number.Name())
		}
	}
	if alive != 1 {
		t.Errorf("%d connections of one session are alive", alive)
	}
}
