// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

// narrow logs a new person in who will not read.
func narrow(t *testing.T) *who {
	t.Helper()
	c, err := peer.DialNarrow(world.server(t).Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	w := &who{Conn: c, t: t, acct: world.account(t, 0)}
	w.ok(w.Hello())
	w.ok(w.Login(w.acct.login, w.acct.password))
	w.KeepAlive(2 * time.Second)
	return w
}

// TestAReaderThatNeverReads: the others are not held up; when it reads again it has everything or is told what is missing.
func TestWhoDoesNotReadIsToldWhatIsMissing(t *testing.T) {
	world.set(t, "stall_ms", 600_000)
	a, b, r := pair(t)
	lazy := narrow(t)
	got := lazy.join(r.Name)
	a.sees(r.Number, lazy, wire.PersonPresent)
	const count = 800
	text := strings.Repeat("t", wire.TextMax)
	for i := range uint64(count) {
		a.ok(a.Say(r.Number, number(i), text))
		if i%16 == 15 {
			b.gets(number(i), wire.TypeMsg)
			a.gets(number(i), wire.TypeMsg)
		}
	}
	if passed := len(lasting(b.Passed())); passed != count-count/16 {
		t.Errorf("the one who reads has %d messages of %d", passed+count/16, count)
	}
	seq, gaps := got.Seq, 0
	for seq < got.Seq+count {
		f, err := lazy.Next(world.slow(patience))
		if err != nil {
			t.Fatalf("after %d: %v", seq, err)
		}
		switch {
		case f.Type == wire.TypeGap:
			g, err := wire.ParseGap(f.Body)
			lazy.ok(err)
			if g.From != seq || g.To <= g.From || f.Epoch != got.Epoch || f.Room != got.Number {
				t.Fatalf("GAP from %d to %d after %d", g.From, g.To, seq)
			}
			seq, gaps = g.To, gaps+1
		case f.Type.Lasting():
			if f.Seq != seq+1 {
				t.Fatalf("the sequence %d after %d, without a GAP", f.Seq, seq)
			}
			seq = f.Seq
		}
	}
	if gaps == 0 {
		t.Error("nothing was missing, so this test has tested nothing")
	}
	lazy.alive()
}

func TestWhoTakesNothingIsClosed(t *testing.T) {
	world.set(t, "stall_ms", 1500)
	a, b, r := pair(t)
	lazy := a.meets(narrow(t), r)
	text := strings.Repeat("t", wire.TextMax)
	done := make(chan error, 1)
	stop := make(chan struct{})
	go func() {
		for i := uint64(0); ; i++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if err := a.Say(r.Number, number(i), text); err != nil {
				done <- err
				return
			}
			if i%16 != 15 {
				continue // one answer is awaited for many, since a slow machine takes long for each
			}
			f, err := a.Find(world.slow(patience), func(f peer.Frame) bool { return f.ID == number(i) })
			if err != nil || f.Type != wire.TypeMsg {
				done <- fmt.Errorf("message %d: %v, %w", i, f.Type, err)
				return
			}
		}
	}()
	b.sees(r.Number, lazy, wire.PersonReconnecting)
	close(stop)
	a.ok(<-done)
	// What it finds in its buffer ends in the middle of something, or with ERROR SLOW.
	for {
		f, err := lazy.Next(world.slow(patience))
		if err != nil {
			break
		}
		if f.Type == wire.TypeError && lazy.error(f).Number != wire.ErrSlow {
			t.Errorf("ERROR %s", lazy.error(f).Number.Name())
		}
	}
}

// TestWhoDoesNotReadAnswersIsNotHeard: a connection whose answers are not read is not read either, and loses
// nothing by it; the others are not held up.
func TestWhoDoesNotReadAnswersIsNotHeard(t *testing.T) {
	world.set(t, "lost_ms", 600_000)
	world.set(t, "silence_ms", 600_000) // its pings are not heard either
	world.set(t, "stall_ms", 600_000)
	a, b, r := pair(t)
	lazy := narrow(t)
	asked := lazy.asksAndDoesNotRead()
	b.gets(a.say(r.Number, "not held up"), wire.TypeMsg)
	for i := range uint64(questions) {
		lazy.gets(number(i), wire.TypeStatusIs)
	}
	lazy.ok(<-asked)
	lazy.alive()
}

// questions is how many are asked by who does not read: their answers are 5 MiB, more than all buffers on the way.
const questions = 12_000

// asksAndDoesNotRead asks, and returns when the server reads no more of it. What it returns gets the result of writing.
func (w *who) asksAndDoesNotRead() <-chan error {
	w.t.Helper()
	var all []byte
	for i := range uint64(questions) {
		all = wire.AppendFrame(all, wire.Header{Type: wire.TypeStatus, ID: number(i)}, wire.Empty{})
	}
	asked := make(chan error, 1)
	go func() { asked <- w.Bytes(all) }()
	heard := steady(w.t, func() uint64 { return bytesIn(w.t, w) })
	if heard >= uint64(len(all)) {
		w.t.Errorf("all %d bytes of questions were read, though no answer was", heard)
	}
	w.t.Logf("%d of %d bytes were read", heard, len(all))
	return asked
}

// TestWhoIsThrownOutAndDoesNotReadGoes: the time to read the last frames ends.
func TestWhoIsThrownOutAndDoesNotReadGoes(t *testing.T) {
	world.set(t, "closing_ms", 100)
	world.set(t, "stall_ms", 600_000)
	lazy := narrow(t)
	lazy.asksAndDoesNotRead()
	open := func() uint64 { return status(t, world.server(t)).Counters[wire.CounterConnections] }
	before := open()
	if err := world.kernel(t).DeleteAccount(t.Context(), lazy.acct.number); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the connection", func() bool { return open() < before })
}

// bytesIn is how many bytes of a connection the module has read.
func bytesIn(t testing.TB, w *who) uint64 {
	t.Helper()
	sessions, err := world.kernel(t).Sessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sessions {
		if s.Number == w.Me.Session {
			return s.BytesIn
		}
	}
	t.Fatal("the session is not on the list")
	return 0
}

// steady waits until a number that grows has stopped growing, and returns it.
func steady(t testing.TB, read func() uint64) uint64 {
	t.Helper()
	const enough = 10 // equal in a row
	last, equal := read(), 0
	for deadline := time.Now().Add(world.slow(patience)); equal < enough; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it still grows: %d", last)
		}
		if next := read(); next == last && last > 0 {
			equal++
		} else {
			last, equal = next, 0
		}
	}
	return last
}

// TestEnvelopesToWhoDoesNotRead: what waits for one person is bounded, and the sender hears of it.
func TestEnvelopesToWhoDoesNotRead(t *testing.T) {
	t.Parallel()
	a, lazy := enter(t), narrow(t)
	envelope := wire.Direct{To: lazy.Me.Account, Data: make([]byte, wire.DirectMax)}
	const most = 8000 // 32 MiB: more than any buffer on the way
	for range most {
		id := a.send(wire.TypeDirect, 0, envelope)
		f := a.find("an answer", func(f peer.Frame) bool { return f.ID == id })
		if f.Type == wire.TypeOK {
			continue
		}
		if e := a.error(f); e.Number != wire.ErrBusy && e.Number != wire.ErrOffline {
			t.Errorf("ERROR %s", e.Number.Name())
		}
		return
	}
	t.Errorf("%d envelopes wait for somebody who does not read", most)
}

func TestASlowTakerOfAFileIsDropped(t *testing.T) {
	world.set(t, "stream_floor", 64<<10) // a slow machine reads faster; who reads nothing is soon below, when the buffers are full
	world.set(t, "stall_ms", 600_000)
	a, b, r := pair(t)
	a.waits, b.waits = time.Minute, time.Minute // the rate is that of ten seconds
	lazy := a.meets(narrow(t), r)
	data := blob(8 << 20)
	id, credit := a.opened(r.Number, begin(wire.StreamFile, data))
	lazy.accepts(id, 0)
	b.accepts(id, 0)
	a.accepted(id, 2)
	poured := make(chan error, 1)
	go func() { poured <- a.pour(id, data, 0, credit.Limit) }()
	if got, _ := b.drink(id, 0, a.Me.Account); !bytes.Equal(got, data) {
		t.Errorf("%d bytes came to the one who reads", len(got))
	}
	a.ok(<-poured)
	lazy.cancelled(id, wire.ErrStreamSlow)
}

func TestASlowTakerOfAVideoJumps(t *testing.T) {
	world.set(t, "stall_ms", 600_000)
	a, b, r := pair(t)
	lazy := a.meets(narrow(t), r)
	announced := begin(wire.StreamVideo, nil)
	announced.Size = wire.SizeUnknown
	id, credit := a.opened(r.Number, announced)
	lazy.accepts(id, 0)
	b.accepts(id, 0)
	a.accepted(id, 2)
	const chunks, group = 768, 16 // 12 MiB, a key frame each 256 KiB
	chunk := make([]byte, wire.ChunkMax)
	sent := make(chan error, 1)
	go func() {
		limit := credit.Limit
		for i := range uint64(chunks) {
			for (i+1)*wire.ChunkMax > limit {
				f, err := a.Find(world.slow(patience), func(f peer.Frame) bool { return f.ID == id && f.Type == wire.TypeStreamCredit })
				if err != nil {
					sent <- fmt.Errorf("waiting for credit at chunk %d: %w", i, err)
					return
				}
				c, err := wire.ParseStreamCredit(f.Body)
				if err != nil {
					sent <- err
					return
				}
				limit = c.Limit
			}
			flags := wire.Flags(0)
			if i%group == 0 {
				flags = wire.FlagKeyframe
			}
			if err := a.chunk(id, flags, chunk); err != nil {
				sent <- err
				return
			}
		}
		sent <- a.Send(wire.Header{Type: wire.TypeStreamEnd, Room: r.Number, ID: id}, wire.StreamEnd{Size: chunks * wire.ChunkMax})
	}()
	video := func(w *who) (jumps int) {
		at := uint64(0)
		for {
			f := w.find("the video", func(f peer.Frame) bool { return f.ID == id && f.Type != wire.TypeStreamBegin })
			switch {
			case f.Type == wire.TypeStreamEnd:
				if at != chunks*wire.ChunkMax {
					t.Errorf("the video ends at %d", at)
				}
				return jumps
			case f.Type != wire.TypeStreamChunk:
				t.Fatalf("in the video at %d:%s", at, names([]peer.Frame{f}))
			case f.Seq != at:
				jumps++
				if f.Seq < at || f.Flags&wire.FlagKeyframe == 0 {
					t.Fatalf("the video goes from %d to %d, flags %d", at, f.Seq, f.Flags)
				}
			}
			at = f.Seq + uint64(len(f.Body))
		}
	}
	video(b)
	a.ok(<-sent)
	if video(lazy) == 0 {
		t.Error("the slow one has not jumped, so this test has tested nothing")
	}
}
