// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"testing"
	"time"

	"kchat/wire"
)

// The times of TestLiveness, in milliseconds: short enough to wait for, long enough for a busy machine.
const (
	silenceMS = 3000
	lostMS    = 6000
	sessionMS = 9000
)

func TestLiveness(t *testing.T) {
	factor := uint64(world.slow(1))
	world.set(t, "silence_ms", silenceMS*factor)
	world.set(t, "lost_ms", lostMS*factor)
	world.set(t, "session_ms", sessionMS*factor)
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond * time.Duration(factor) }
	lively := func(t *testing.T) *who {
		w := silent(t, world.account(t, 0))
		w.KeepAlive(ms(100))
		return w
	}
	// mates are a person who is alive and one who may fall silent, in a room.
	mates := func(t *testing.T) (a, b *who, r uint32, name string) {
		a, b = lively(t), silent(t, world.account(t, 0))
		name = room()
		r = a.join(name).Number
		b.join(name)
		a.sees(r, b, wire.PersonPresent)
		return a, b, r, name
	}
	// Only "too early" is wrong: on a busy machine an emulated one is late.
	atLeast := func(t *testing.T, since time.Time, least time.Duration) {
		t.Helper()
		if d := time.Since(since); d < least {
			t.Errorf("it took %v, want %v at least", d, least)
		}
	}
	t.Run("group", func(t *testing.T) {
		t.Run("silence makes reconnecting, then lost", func(t *testing.T) {
			t.Parallel()
			a, b, r, _ := mates(t)
			began := time.Now()
			a.sees(r, b, wire.PersonReconnecting)
			atLeast(t, began, ms(silenceMS-400))
			allAlone(t, a, r)
			a.sees(r, b, wire.PersonLost)
			atLeast(t, began, ms(lostMS-400))
			b.ends(wire.ErrTimeout)
			allAlone(t, a, r)
		})
		t.Run("a frame in time brings back", func(t *testing.T) {
			t.Parallel()
			a, b, r, _ := mates(t)
			a.sees(r, b, wire.PersonReconnecting)
			b.send(wire.TypeStatus, 0, wire.Empty{})
			a.sees(r, b, wire.PersonPresent)
			id := a.say(r, "there again")
			b.gets(id, wire.TypeMsg)
		})
		t.Run("any frame is a sign of life", func(t *testing.T) {
			t.Parallel()
			a, b, r, _ := mates(t)
			for end := time.Now().Add(2 * ms(silenceMS)); time.Now().Before(end); time.Sleep(ms(100)) {
				b.ok(b.Send(wire.Header{Type: wire.TypeStored, Room: r}, wire.Stored{Epoch: 1}))
				b.ok(b.Send(wire.Header{Type: 0x0fff}, wire.Empty{})) // one that the server does not know, too
			}
			a.alive()
			for _, f := range a.Passed() {
				if f.Type == wire.TypePresence && f.Sender == b.Me.Account {
					p, err := wire.ParsePerson(f.Body)
					a.ok(err)
					if p.State != wire.PersonPresent {
						t.Errorf("PRESENCE: %+v", p)
					}
				}
			}
		})
		t.Run("half a frame is no sign of life for ever", func(t *testing.T) {
			t.Parallel()
			a, b, r, _ := mates(t)
			b.ok(b.Bytes(wire.AppendFrame(nil, wire.Header{Type: wire.TypePing}, wire.Raw("half"))[:30]))
			a.sees(r, b, wire.PersonReconnecting)
			a.sees(r, b, wire.PersonLost)
		})
		t.Run("a broken connection is reconnecting at once, then lost", func(t *testing.T) {
			t.Parallel()
			a, b, r, _ := mates(t)
			began := time.Now()
			b.ok(b.Close())
			a.sees(r, b, wire.PersonReconnecting)
			a.sees(r, b, wire.PersonLost)
			atLeast(t, began, ms(lostMS-400))
		})
		t.Run("lost, and the session can still be resumed", func(t *testing.T) {
			t.Parallel()
			a, b, r, name := mates(t)
			b.ok(b.Close())
			a.sees(r, b, wire.PersonLost)
			back := resumed(t, b)
			back.KeepAlive(ms(100))
			back.join(name)
			a.sees(r, back, wire.PersonPresent)
		})
		t.Run("resumed but not joined is lost in time", func(t *testing.T) {
			t.Parallel()
			a, b, r, _ := mates(t)
			back := resumed(t, b)
			back.KeepAlive(ms(100))
			a.sees(r, b, wire.PersonReconnecting)
			a.sees(r, b, wire.PersonLost)
			back.alive()
		})
		t.Run("the session ends in time", func(t *testing.T) {
			t.Parallel()
			b := silent(t, world.account(t, 0))
			b.ok(b.Close())
			// Each try that succeeds begins the time anew, so the next one waits longer.
			for wait := ms(sessionMS + 3000); ; wait *= 2 {
				time.Sleep(wait)
				w := greet(t)
				err := w.Resume(b.Me.Session, b.Key, wire.ResumeSession)
				if isError(err, wire.ErrSession) {
					return
				}
				if err != nil || wait > ms(4*sessionMS) {
					t.Fatalf("want ERROR SESSION, got %v", err)
				}
				w.ok(w.Close())
			}
		})
		t.Run("one session silent, another alive", func(t *testing.T) {
			t.Parallel()
			a, b, r, name := mates(t)
			second := silent(t, b.acct)
			second.KeepAlive(ms(100))
			second.join(name)
			b.ends(wire.ErrTimeout)
			id := a.say(r, "one is enough")
			second.gets(id, wire.TypeMsg)
			a.gets(id, wire.TypeMsg)
			for _, f := range a.Passed() {
				if f.Type == wire.TypePresence && f.Sender == b.Me.Account {
					if p, err := wire.ParsePerson(f.Body); err != nil || p.State != wire.PersonPresent {
						t.Errorf("PRESENCE: %+v, %v", p, err)
					}
				}
			}
		})
		t.Run("the sender of a stream is lost", func(t *testing.T) {
			t.Parallel()
			a, b, r, _ := mates(t)
			id, _ := b.opened(r, begin(wire.StreamFile, blob(1000)))
			a.gets(id, wire.TypeStreamBegin)
			a.accepts(id, 0)
			b.ok(b.Reset())
			a.cancelled(id, wire.ErrStreamGone)
		})
		t.Run("a stream ends when the last recipient is silent", func(t *testing.T) {
			t.Parallel()
			a, b, r, _ := mates(t)
			id, _ := a.opened(r, begin(wire.StreamFile, blob(1000)))
			b.accepts(id, 0)
			a.cancelled(id, wire.ErrAlone)
		})
	})
}
