// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"kchat/e2e/peer"
	"kchat/wire"
)

// TestTypeInState walks the whole table of the document: each type in each state.
func TestTypeInState(t *testing.T) {
	t.Parallel()
	for state, enter := range states {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			w := enter(t)
			for _, r := range rules(t) {
				if r.allowed(state) {
					continue
				}
				id := w.send(r.kind, 0, wire.Empty{})
				if e := w.refused(id, wire.ErrWrongState); e.Cause != r.kind {
					t.Errorf("%s: ERROR names %v as its cause", r.name, e.Cause)
				}
			}
			w.alive()
			for _, r := range rules(t) {
				if !r.allowed(state) || r.name == "BYE" {
					continue
				}
				id := w.send(r.kind, 0, wire.Empty{})
				fence := w.send(wire.TypePing, 0, wire.Empty{})
				w.find("PONG", func(f peer.Frame) bool { return f.ID == fence })
				for _, f := range w.Passed() {
					if f.ID == id && f.Type == wire.TypeError && w.error(f).Number == wire.ErrWrongState {
						t.Errorf("%s is refused with WRONG_STATE", r.name)
					}
				}
			}
			w.send(wire.TypeBye, 0, wire.Empty{})
			w.closed()
		})
	}
}

// TestLengthOfType goes to the edge of each type's longest body, and over it.
func TestLengthOfType(t *testing.T) {
	t.Parallel()
	for _, r := range rules(t) {
		if !r.client() {
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			w := r.reach(t)
			id := w.send(r.kind, 0, make(wire.Raw, r.max))
			if r.name != "BYE" && r.name != "HELLO" {
				w.alive()
				for _, f := range w.Passed() {
					if f.ID == id && f.Type == wire.TypeError && w.error(f).Number == wire.ErrTooLong {
						t.Errorf("a body of %d bytes is TOO_LONG", r.max)
					}
				}
			} else if f, err := w.Next(world.slow(patience)); err == nil && f.Type == wire.TypeError && w.error(f).Number == wire.ErrTooLong {
				t.Errorf("a body of %d bytes is TOO_LONG", r.max)
			}
			w = r.reach(t)
			w.send(r.kind, 0, make(wire.Raw, r.max+1))
			if e := w.ends(wire.ErrTooLong); e.Cause != r.kind {
				t.Errorf("ERROR names %v as its cause", e.Cause)
			}
		})
	}
}

// header is a header with any length field.
func header(length uint32, kind wire.Type) []byte {
	b := wire.Header{Type: kind, ID: peer.NewID()}.Append(nil, 0)
	binary.LittleEndian.PutUint32(b, length)
	return b
}

func TestLengthThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		length uint32
		kind   wire.Type
		want   wire.ErrorNumber
	}{
		{"0", 0, wire.TypePing, wire.ErrBadFrame},
		{"1", 1, wire.TypePing, wire.ErrBadFrame},
		{"59", 59, wire.TypePing, wire.ErrBadFrame},
		{"over the largest frame", 60 + 17457, wire.TypeMsg, wire.ErrTooLong},
		{"half of all", 0x80000000, wire.TypeMsg, wire.ErrTooLong},
		{"0xFFFFFFFF", 0xffffffff, wire.TypeMsg, wire.ErrTooLong},
		{"0xFFFFFFFF of HELLO", 0xffffffff, wire.TypeHello, wire.ErrTooLong},
		{"0xFFFFFFC3, which overflows with 61", 0xffffffc3, wire.TypeMsg, wire.ErrTooLong},
		{"an unknown type of 65537 bytes", 60 + wire.UnknownMax + 1, 0x0fff, wire.ErrTooLong},
		{"an unknown critical type of 65537 bytes", 60 + wire.UnknownMax + 1, 0x8fff, wire.ErrTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, enter := range []func(testing.TB) *who{dial, enter} {
				w := enter(t)
				w.ok(w.Bytes(header(c.length, c.kind)))
				w.ends(c.want)
			}
		})
	}
}

func TestUnknownType(t *testing.T) {
	t.Parallel()
	for _, state := range []func(testing.TB) *who{dial, enter} {
		w := state(t)
		for _, kind := range []wire.Type{0x0fff, 0x0000, 0x0012, 0x0001, 0x7fff} {
			for _, n := range []int{0, 1, 20_000, wire.UnknownMax} {
				w.send(kind, 0, make(wire.Raw, n))
			}
		}
		w.alive()
		if passed := w.Passed(); len(passed) > 0 {
			t.Errorf("frames without the critical bit should be skipped, but:%s", names(passed))
		}
		for _, kind := range []wire.Type{0x8fff, 0x8000, 0x8010, 0xffff} {
			for _, n := range []int{0, 1, wire.UnknownMax} {
				if e := w.refused(w.send(kind, 0, make(wire.Raw, n)), wire.ErrUnknownType); e.Cause != kind {
					t.Errorf("ERROR names %v as its cause, want %v", e.Cause, kind)
				}
			}
		}
		w.alive()
	}
}

// TestHeaderFieldsOfTheServer: what only the server fills in must be 0.
func TestHeaderFieldsOfTheServer(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	for _, offset := range []int{12, 15, 16, 23, 24, 31, 32, 39, 40, 47} {
		for _, kind := range []wire.Type{wire.TypePing, wire.TypeMsg, wire.TypeStatus, wire.TypeStreamChunk} {
			id := peer.NewID()
			frame := wire.AppendFrame(nil, wire.Header{Type: kind, Room: r.Number, ID: id}, wire.Talk{Text: []byte("x")})
			if kind == wire.TypeStatus || kind == wire.TypePing {
				frame = wire.AppendFrame(nil, wire.Header{Type: kind, ID: id}, wire.Empty{})
			}
			frame[offset] = 1
			a.ok(a.Bytes(frame))
			if e := a.refused(id, wire.ErrBadFrame); e.Cause != kind {
				t.Errorf("ERROR names %v as its cause, want %v", e.Cause, kind)
			}
		}
	}
	only(t, a, b, r)
}

func TestFlagsNotAllowed(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	body := wire.Talk{Target: peer.NewID(), Text: []byte("x")}
	for kind, allowed := range map[wire.Type]wire.Flags{
		wire.TypeMsg: 0, wire.TypeReact: wire.FlagRemove, wire.TypePing: 0, wire.TypeJoin: 0,
		wire.TypeTyping: 0, wire.TypeStreamBegin: 0, wire.TypeStreamChunk: wire.FlagKeyframe, wire.TypeStatus: 0,
	} {
		for bit := range 16 {
			flag := wire.Flags(1) << bit
			if flag == allowed {
				continue
			}
			id := peer.NewID()
			h := wire.Header{Type: kind, Flags: flag, Room: r.Number, ID: id}
			var frame []byte
			switch kind {
			case wire.TypePing, wire.TypeStatus:
				frame = wire.AppendFrame(nil, h, wire.Empty{})
			case wire.TypeTyping:
				frame = wire.AppendFrame(nil, h, wire.Typing{On: true})
			case wire.TypeJoin:
				frame = wire.AppendFrame(nil, h, wire.Join{Name: "flagged"})
			case wire.TypeStreamBegin:
				frame = wire.AppendFrame(nil, h, wire.StreamBegin{Size: 1, Kind: wire.StreamFile})
			default:
				frame = wire.AppendFrame(nil, h, body)
			}
			a.ok(a.Bytes(frame))
			a.refused(id, wire.ErrBadFrame)
		}
	}
	only(t, a, b, r)
}

// only checks that nothing of what a tried before has come to b: what a says now is the next number.
func only(t *testing.T, a, b *who, r *peer.Room) {
	t.Helper()
	id := a.say(r.Number, "the only one")
	f := b.gets(id, wire.TypeMsg)
	if f.Seq != r.Seq+1 {
		t.Errorf("the first message has the sequence %d, want %d", f.Seq, r.Seq+1)
	}
	for _, p := range b.Passed() {
		if p.Room == r.Number && p.Sender == a.Me.Account && p.Type != wire.TypePresence {
			t.Errorf("%v was relayed", p.Type)
		}
	}
	a.gets(id, wire.TypeMsg)
}

func TestTruncatedBodyThenClose(t *testing.T) {
	t.Parallel()
	for _, cut := range []int{1, 3, 4, 5, 63, 64, 65, 100} {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			t.Parallel()
			a, b, r := pair(t)
			frame := wire.AppendFrame(nil, wire.Header{Type: wire.TypeMsg, Room: r.Number, ID: peer.NewID()},
				wire.Talk{Text: bytes.Repeat([]byte("cut"), 100)})
			a.ok(a.Bytes(frame[:cut]))
			a.ok(a.Close())
			b.sees(r.Number, a, wire.PersonReconnecting)
			for _, f := range b.Passed() {
				if f.Type == wire.TypeMsg {
					t.Error("half a message was relayed")
				}
			}
			b.alive()
		})
	}
}

func TestBytesOneAtATime(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	one := func(w *who, frame []byte) {
		for _, c := range frame {
			w.ok(w.Bytes([]byte{c}))
		}
	}
	c := dial(t)
	hello := peer.NewID()
	one(c, wire.AppendFrame(nil, wire.Header{Type: wire.TypeHello, ID: hello}, wire.Hello{Version: 1, Agent: "slow"}))
	c.gets(hello, wire.TypeWelcome)
	id := peer.NewID()
	one(a, wire.AppendFrame(nil, wire.Header{Type: wire.TypeMsg, Room: r.Number, ID: id}, wire.Talk{Text: []byte("letter by letter")}))
	if talk, err := wire.ParseTalk(b.gets(id, wire.TypeMsg).Body); err != nil || string(talk.Text) != "letter by letter" {
		t.Errorf("got %q, %v", talk.Text, err)
	}
	long := bytes.Repeat([]byte("0123456789abcdef"), wire.TextMax/16)
	id = peer.NewID()
	frame := wire.AppendFrame(nil, wire.Header{Type: wire.TypeMsg, Room: r.Number, ID: id}, wire.Talk{Text: long})
	for at := 0; at < len(frame); at += 97 {
		a.ok(a.Bytes(frame[at:min(at+97, len(frame))]))
	}
	if talk, err := wire.ParseTalk(b.gets(id, wire.TypeMsg).Body); err != nil || !bytes.Equal(talk.Text, long) {
		t.Errorf("the long text came out wrong: %v", err)
	}
}

// TestHelloAndLoginInOneWrite: a client need not wait for WELCOME, and what follows is read in the new state.
func TestHelloAndPingInOneWrite(t *testing.T) {
	t.Parallel()
	w := dial(t)
	hello, ping := peer.NewID(), peer.NewID()
	frames := wire.AppendFrame(nil, wire.Header{Type: wire.TypeHello, ID: hello}, wire.Hello{Version: 1})
	frames = wire.AppendFrame(frames, wire.Header{Type: wire.TypePing, ID: ping}, wire.Raw("now"))
	frames = wire.AppendFrame(frames, wire.Header{Type: wire.TypeHello, ID: wire.ID{1}}, wire.Hello{Version: 1})
	w.ok(w.Bytes(frames))
	w.gets(hello, wire.TypeWelcome)
	if f := w.gets(ping, wire.TypePong); string(f.Body) != "now" {
		t.Errorf("PONG says %q", f.Body)
	}
	w.refused(wire.ID{1}, wire.ErrWrongState)
}

func TestTenThousandFramesInOneWrite(t *testing.T) {
	t.Parallel()
	const count = 10_000
	t.Run("pings", func(t *testing.T) {
		t.Parallel()
		w := enter(t)
		var all []byte
		for i := range uint64(count) {
			all = wire.AppendFrame(all, wire.Header{Type: wire.TypePing}, wire.Number{Value: i})
		}
		wrote := make(chan error, 1)
		go func() { wrote <- w.Bytes(all) }()
		for i := range uint64(count) {
			f := w.typed(wire.TypePong)
			if n, err := wire.ParseNumber(f.Body); err != nil || n.Value != i {
				t.Fatalf("PONG number %d says %d, %v", i, n.Value, err)
			}
		}
		w.ok(<-wrote)
	})
	t.Run("messages", func(t *testing.T) {
		t.Parallel()
		a, b, r := pair(t)
		var all []byte
		for i := range uint64(count) {
			all = wire.AppendFrame(all, wire.Header{Type: wire.TypeMsg, Room: r.Number, ID: number(i)}, wire.Talk{Text: fmt.Append(nil, i)})
		}
		wrote, read := make(chan error, 1), make(chan error, 1)
		go func() { wrote <- a.Bytes(all) }()
		go func() { read <- contiguous(a, r, count) }()
		if err := contiguous(b, r, count); err != nil {
			t.Error(err)
		}
		if err := <-read; err != nil {
			t.Error(err)
		}
		a.ok(<-wrote)
	})
}

// number makes an id out of a number.
func number(i uint64) (id wire.ID) {
	binary.BigEndian.PutUint64(id[8:], i+1)
	return id
}

// contiguous reads count messages that were sent with number(0), number(1) and so on.
func contiguous(w *who, r *peer.Room, count uint64) error {
	for i := uint64(0); i < count; {
		f, err := w.Next(world.slow(patience))
		switch {
		case err != nil:
			return fmt.Errorf("after %d messages: %w", i, err)
		case f.Type == wire.TypePresence, f.Type == wire.TypeDelivered:
			continue
		case f.Type != wire.TypeMsg:
			return fmt.Errorf("after %d messages:%s", i, names([]peer.Frame{f}))
		case f.Seq != r.Seq+1+i || f.ID != number(i):
			return fmt.Errorf("message %d has the sequence %d and the id %v", i, f.Seq, f.ID)
		}
		i++
	}
	return nil
}
