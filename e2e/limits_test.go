// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

// The tests of this file change limits, which are the server's, so they run alone, before the parallel ones. Those of one
// group run side by side.

// full connects until the server has no place left.
func full(t *testing.T, most int, enter func() (*peer.Conn, error)) {
	t.Helper()
	for range most + 1 {
		c, err := enter()
		if err == nil {
			continue
		}
		var wrong *peer.Unexpected
		if c == nil || !errors.As(err, &wrong) {
			t.Fatalf("want ERROR FULL, got %v", err)
		}
		if !isError(err, wire.ErrFull) || wrong.Got.Flags&wire.FlagLast == 0 {
			t.Fatalf("want ERROR FULL with LAST, got %v", err)
		}
		return
	}
	t.Errorf("%d connections, and the limit is %d", most+1, most)
}

// greeted connects and waits for the answer to HELLO, or for an ERROR that comes unasked.
func greeted(t *testing.T) func() (*peer.Conn, error) {
	return func() (*peer.Conn, error) {
		c, err := peer.Dial(world.server(t).Addr)
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { _ = c.Close() })
		// A server that is full may close before it has read HELLO.
		_ = c.Send(wire.Header{Type: wire.TypeHello}, wire.Hello{Version: wire.Version})
		f, err := c.Next(world.slow(patience))
		if err == nil && f.Type != wire.TypeWelcome {
			err = &peer.Unexpected{Want: wire.TypeWelcome, Got: f}
		}
		return c, err
	}
}

func TestTooManyConnections(t *testing.T) {
	world.set(t, "connections", 12)
	full(t, 12, greeted(t))
}

func TestTooManyConnectionsThatHaveNotLoggedIn(t *testing.T) {
	a := enter(t)
	world.set(t, "unauthenticated", 6)
	full(t, 6, greeted(t))
	a.alive()
}

func TestTooManyConnectionsFromOneAddress(t *testing.T) {
	world.set(t, "per_address", 8)
	full(t, 8, greeted(t))
}

func TestPlacesAreGivenBack(t *testing.T) {
	world.set(t, "connections", 10)
	for range 60 {
		c, err := greeted(t)()
		for wait := 0; err != nil && wait < 50; wait++ { // the one before may not be gone yet
			time.Sleep(20 * time.Millisecond)
			c, err = greeted(t)()
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTooManyPeopleInARoom(t *testing.T) {
	world.set(t, "members", 3)
	name := room()
	a, b, c, d := enter(t), enter(t), enter(t), enter(t)
	for _, w := range []*who{a, b, c} {
		w.join(name)
	}
	d.refused(d.send(wire.TypeJoin, 0, wire.Join{Name: name}), wire.ErrRoomFull)
	_, err := c.Part(a.joinElsewhere(t, b, name))
	c.ok(err)
	d.join(name)
}

// joinElsewhere gives the number of a room that both are in.
func (w *who) joinElsewhere(t *testing.T, other *who, name string) uint32 {
	t.Helper()
	for _, e := range roomList(other) {
		if e.Name == name {
			return e.Number
		}
	}
	t.Fatalf("%s is not on the list", name)
	return 0
}

func TestTooManyRooms(t *testing.T) {
	a, b := enter(t), enter(t)
	name := room()
	a.join(name)
	world.set(t, "rooms", 1)
	a.refused(a.send(wire.TypeJoin, 0, wire.Join{Name: room()}), wire.ErrRooms)
	b.join(name)
}

func TestTooManyStreams(t *testing.T) {
	world.set(t, "streams", 2)
	a, b, r := pair(t)
	a.opened(r.Number, begin(wire.StreamFile, blob(10)))
	b.opened(r.Number, begin(wire.StreamFile, blob(10)))
	a.refused(a.send(wire.TypeStreamBegin, r.Number, begin(wire.StreamFile, blob(10))), wire.ErrStreams)
}

func TestTheLimitsInWelcomeAreThoseThatHold(t *testing.T) {
	for number, name := range map[uint16]string{
		wire.LimitRooms: "rooms_per_connection", wire.LimitMembers: "members", wire.LimitStreams: "streams_per_person", wire.LimitWindow: "window",
		wire.LimitPingMS: "ping_ms", wire.LimitSilenceMS: "silence_ms", wire.LimitLostMS: "lost_ms", wire.LimitSessionMS: "session_ms",
		wire.LimitLoginMS: "login_ms", wire.LimitStoredMS: "stored_ms",
	} {
		params, err := world.kernel(t).Params(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range params {
			if p.Name == name && uint64(greet(t).Welcome.Limit(number, 0)) != p.Value {
				t.Errorf("%s is %d, WELCOME says %d", name, p.Value, greet(t).Welcome.Limit(number, 0))
			}
		}
	}
}

func TestLoginTakesTooLong(t *testing.T) {
	world.set(t, "login_ms", uint64(world.slow(2000)))
	t.Run("group", func(t *testing.T) {
		for name, begin := range map[string]func(t *testing.T) *who{
			"says nothing": func(t *testing.T) *who { return dial(t) },
			"half a HELLO": func(t *testing.T) *who {
				w := dial(t)
				w.ok(w.Bytes(wire.AppendFrame(nil, wire.Header{Type: wire.TypeHello}, wire.Hello{Version: 1, Agent: "half"})[:70]))
				return w
			},
			"half a header": func(t *testing.T) *who {
				w := dial(t)
				w.ok(w.Bytes(make([]byte, 3)))
				return w
			},
			"greeted and silent": func(t *testing.T) *who { return greet(t) },
			"greeted and pinging": func(t *testing.T) *who {
				w := greet(t)
				w.KeepAlive(100 * time.Millisecond)
				return w
			},
			"challenged": func(t *testing.T) *who { return states["CHALLENGED"](t) },
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				begin(t).ends(wire.ErrTimeout)
			})
		}
		t.Run("who is in stays", func(t *testing.T) {
			t.Parallel()
			a := enter(t)
			m := media(t, a)
			late := dial(t)
			late.ends(wire.ErrTimeout)
			a.alive()
			m.alive()
		})
	})
}

// TestTheLogForgetsItsBeginning: with a small log, what is gone is said to be gone.
func TestTheLogForgetsItsBeginning(t *testing.T) {
	world.set(t, "log_bytes", 65536)
	a, b, r := pair(t)
	const count = 300
	text := strings.Repeat("t", 1000)
	ids := make([]wire.ID, count)
	for i := range ids {
		ids[i] = a.say(r.Number, text)
		b.gets(ids[i], wire.TypeMsg)
	}
	_, err := b.Part(r.Number)
	b.ok(err)
	for _, j := range []wire.Join{{Name: r.Name, Epoch: r.Epoch, Seq: 1}, {Name: r.Name, Epoch: r.Epoch - 1, Seq: 9}} {
		got := b.joinAs(j)
		past := lasting(got.Past)
		if got.First < 2 || got.Start+1 < got.First || got.Seq != count || len(past) != int(count-got.Start) || len(past) < 20 {
			t.Errorf("first %d, start %d, %d messages", got.First, got.Start, len(past))
		}
		for i, f := range past {
			if f.Seq != got.Start+1+uint64(i) || f.ID != ids[f.Seq-1] {
				t.Fatalf("message %d has the sequence %d", i, f.Seq)
			}
		}
		_, err := b.Part(r.Number)
		b.ok(err)
	}
	// A repeat of what is still in the log is one, with the table as large as the log.
	b.join(r.Name)
	a.sees(r.Number, b, wire.PersonPresent)
	a.ok(a.Say(r.Number, ids[count-1], text))
	if ack := a.find("ACK", func(f peer.Frame) bool { return f.ID == ids[count-1] && f.Type == wire.TypeAck }); ack.Seq != count {
		t.Errorf("ACK has the sequence %d", ack.Seq)
	}
}

// TestARoomIsForgotten: after some time without people, and what comes back has a larger epoch.
func TestARoomIsForgottenAndItsEpochGrows(t *testing.T) {
	world.set(t, "room_idle_ms", 300)
	a, b, r := pair(t)
	id := a.say(r.Number, "to be forgotten")
	b.gets(id, wire.TypeMsg)
	for _, w := range []*who{a, b} {
		_, err := w.Part(r.Number)
		w.ok(err)
	}
	eventually(t, "the end of the room", func() bool {
		return !slices.ContainsFunc(roomList(a), func(e wire.RoomEntry) bool { return e.Name == r.Name })
	})
	a.refused(a.send(wire.TypeJoin, 0, wire.Join{Name: r.Name, Flags: wire.JoinExisting}), wire.ErrNoRoom)
	again := a.joinAs(wire.Join{Name: r.Name, Epoch: r.Epoch, Seq: 1})
	if again.Epoch <= r.Epoch || again.Seq != 0 || len(lasting(again.Past)) != 0 {
		t.Errorf("epoch %d after %d, sequence %d, %d messages", again.Epoch, r.Epoch, again.Seq, len(again.Past))
	}
}

func TestStreamsThatStandStill(t *testing.T) {
	world.set(t, "stream_idle_ms", uint64(world.slow(1500)))
	t.Run("group", func(t *testing.T) {
		end := func(w *who, id wire.ID) {
			w.t.Helper()
			w.find("STREAM_CANCEL", func(f peer.Frame) bool { return f.ID == id && f.Type == wire.TypeStreamCancel })
		}
		t.Run("nobody accepts", func(t *testing.T) {
			t.Parallel()
			a, _, r := pair(t)
			id, _ := a.opened(r.Number, begin(wire.StreamFile, blob(100)))
			end(a, id)
		})
		t.Run("the sender stops", func(t *testing.T) {
			t.Parallel()
			a, b, r := pair(t)
			id, _ := a.opened(r.Number, begin(wire.StreamFile, blob(100)))
			b.accepts(id, 0)
			a.ok(a.chunk(id, 0, make([]byte, 50)))
			end(a, id)
			end(b, id)
		})
	})
}

func TestAFinishedStreamIsForgotten(t *testing.T) {
	world.set(t, "stream_linger_ms", 300)
	a, b, r := pair(t)
	data := blob(100)
	id, credit := a.opened(r.Number, begin(wire.StreamFile, data))
	b.accepts(id, 0)
	a.ok(a.pour(id, data, 0, credit.Limit))
	b.drink(id, 0, a.Me.Account)
	for deadline := time.Now().Add(world.slow(patience)); ; time.Sleep(50 * time.Millisecond) {
		c := enter(t)
		c.join(r.Name)
		c.ok(c.Send(wire.Header{Type: wire.TypeStreamAccept, ID: id}, wire.Number{}))
		f := c.find("an answer", func(f peer.Frame) bool { return f.ID == id })
		if f.Type == wire.TypeError && c.error(f).Number == wire.ErrStream {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the stream stays:%s", names([]peer.Frame{f}))
		}
	}
}

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
	lazy := narrow(t)
	lazy.join(r.Name)
	a.sees(r.Number, lazy, wire.PersonPresent)
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

// TestQuestionsWithoutReadingTheAnswers: it is not heard any more, or closed; others are.
func TestQuestionsWithoutReadingTheAnswers(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	lazy := narrow(t)
	var questions []byte
	for i := range uint64(20_000) {
		questions = wire.AppendFrame(questions, wire.Header{Type: wire.TypePeople, ID: number(i)}, wire.Number{})
	}
	n, err := lazy.BytesWithin(3*time.Second, questions)
	t.Logf("%d of %d bytes were taken, %v", n, len(questions), err)
	id := a.say(r.Number, "not held up")
	b.gets(id, wire.TypeMsg)
	asked := uint64(n / (len(questions) / 20_000))
	for i := uint64(0); i < asked; {
		f, err := lazy.Next(world.slow(patience))
		if err != nil {
			t.Fatalf("after %d answers of %d: %v", i, asked, err)
		}
		if f.Type == wire.TypeError && f.Flags&wire.FlagLast != 0 {
			// What is not read is not heard either, so it may be silent as well as slow.
			if e := lazy.error(f); e.Number != wire.ErrSlow && e.Number != wire.ErrTimeout {
				t.Errorf("ERROR %s", e.Number.Name())
			}
			break
		}
		if f.ID != number(i) {
			t.Fatalf("answer %d has the id %v", i, f.ID)
		}
		if f.Flags&wire.FlagLast != 0 {
			i++
		}
	}
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

// TestMemoryIsBounded: many rooms, each with a full log, and less memory than that.
func TestMemoryIsBounded(t *testing.T) {
	const limit = 4 << 20
	world.set(t, "memory", limit)
	a, b := enter(t), enter(t)
	text := strings.Repeat("t", wire.TextMax)
	for range 12 {
		name := room()
		ra, err := a.Join(wire.Join{Name: name})
		if isError(err, wire.ErrBusy) {
			continue
		}
		a.ok(err)
		b.join(name)
		for range 50 {
			id := a.say(ra.Number, text)
			f := a.find("an answer", func(f peer.Frame) bool { return f.ID == id })
			if f.Type == wire.TypeError && a.error(f).Number != wire.ErrBusy {
				t.Fatalf("ERROR %s", a.error(f).Number.Name())
			}
			if f.Type == wire.TypeMsg {
				b.gets(id, wire.TypeMsg)
			}
		}
		if held := status(t, world.server(t)).Counters[wire.CounterLogBytes]; held > limit+limit/4 {
			t.Fatalf("the logs hold %d bytes, the limit is %d", held, limit)
		}
	}
	// Who comes now is not shut out for ever by what was said before.
	c, d := enter(t), enter(t)
	name := room()
	eventually(t, "a room for somebody else", func() bool {
		_, err := c.Join(wire.Join{Name: name})
		if !isError(err, wire.ErrBusy) {
			c.ok(err)
		}
		return err == nil
	})
	r := d.join(name)
	eventually(t, "a message that goes through", func() bool {
		id := c.say(r.Number, "room for me?")
		return c.find("an answer", func(f peer.Frame) bool { return f.ID == id }).Type == wire.TypeMsg
	})
	d.typed(wire.TypeMsg)
}

func TestASlowTakerOfAFileIsDropped(t *testing.T) {
	world.set(t, "stream_floor", 64<<10)
	world.set(t, "stall_ms", 600_000)
	a, b, r := pair(t)
	a.waits, b.waits = time.Minute, time.Minute // the rate is that of ten seconds
	lazy := narrow(t)
	lazy.join(r.Name)
	a.sees(r.Number, lazy, wire.PersonPresent)
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
	lazy := narrow(t)
	lazy.join(r.Name)
	a.sees(r.Number, lazy, wire.PersonPresent)
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
				t.Fatalf("in the video:%s", names([]peer.Frame{f}))
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
