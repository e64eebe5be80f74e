// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/server/guest"
	"kchat/wire"
)

// attr is one attribute as it stands on the wire.
func attr(number uint16, value []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, number)
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(value))), value...)
}

// talk is the body of a lasting frame, with any attributes.
func talk(text string, attrs ...[]byte) wire.Raw {
	all := bytes.Join(attrs, nil)
	b := binary.LittleEndian.AppendUint16(nil, uint16(len(all)))
	b = append(b, make([]byte, 6)...)
	return append(append(b, all...), text...)
}

var someID = peer.NewID()

func descriptor(mime, name int) []byte {
	b := make([]byte, 32+8+4+4+4)
	b = binary.LittleEndian.AppendUint16(b, uint16(mime))
	b = binary.LittleEndian.AppendUint16(b, uint16(name))
	return append(b, strings.Repeat("m", mime)+strings.Repeat("n", name)...)
}

func TestTalkThatIsRelayed(t *testing.T) {
	t.Parallel()
	target := attr(wire.AttrTarget, someID[:])
	a, b, r := pair(t)
	seq := r.Seq
	for _, c := range []struct {
		name  string
		kind  wire.Type
		flags wire.Flags
		body  wire.Raw
	}{
		{"one byte", wire.TypeMsg, 0, talk("x")},
		{"the longest text", wire.TypeMsg, 0, talk(strings.Repeat("t", wire.TextMax))},
		{"the longest text and attributes", wire.TypeMsg, 0, talk(strings.Repeat("한", wire.TextMax/3), attr(0x0055, make([]byte, 1020)))},
		{"tab and newline", wire.TypeMsg, 0, talk("a\tb\nc")},
		{"C1 control and other scripts", wire.TypeMsg, 0, talk("\u0085 e\u0301 \u202e 🇰🇷")},
		{"reply, thread, mentions", wire.TypeMsg, 0, talk("x", attr(wire.AttrReplyTo, someID[:]), attr(wire.AttrThread, someID[:]),
			attr(wire.AttrMention, make([]byte, 8)), attr(wire.AttrMention, make([]byte, 8)))},
		{"descriptor and no text", wire.TypeMsg, 0, talk("", attr(wire.AttrDescriptor, descriptor(9, 5)))},
		{"descriptor at its longest", wire.TypeMsg, 0, talk("x", attr(wire.AttrDescriptor, descriptor(64, 255)))},
		{"an unknown attribute", wire.TypeMsg, 0, talk("x", attr(0x0077, []byte("later")))},
		{"an unknown attribute, empty", wire.TypeMsg, 0, talk("x", attr(0x0077, nil))},
		{"edit", wire.TypeEdit, 0, talk("new", target)},
		{"delete", wire.TypeDelete, 0, talk("", target)},
		{"react", wire.TypeReact, 0, talk("👍", target)},
		{"react at its longest", wire.TypeReact, 0, talk(strings.Repeat("r", 64), target)},
		{"react taken back", wire.TypeReact, wire.FlagRemove, talk("👍", target)},
		{"topic", wire.TypeTopic, 0, talk(strings.Repeat("t", 256))},
		{"topic taken away", wire.TypeTopic, 0, talk("")},
	} {
		id := peer.NewID()
		a.ok(a.Send(wire.Header{Type: c.kind, Flags: c.flags, Room: r.Number, ID: id}, c.body))
		f := b.gets(id, c.kind)
		own := a.gets(id, c.kind)
		seq++
		if f.Seq != seq || f.Epoch != r.Epoch || f.Sender != a.Me.Account || f.Room != r.Number || f.Flags != c.flags || !bytes.Equal(f.Body, c.body) {
			t.Errorf("%s: %+v", c.name, f.Header)
		}
		if !bytes.Equal(raw(f), raw(own)) {
			t.Errorf("%s: author and recipient get different bytes", c.name)
		}
	}
}

// raw is a frame as it stood on the wire.
func raw(f peer.Frame) []byte { return wire.AppendFrame(nil, f.Header, wire.Raw(f.Body)) }

func TestTalkThatIsRefused(t *testing.T) {
	t.Parallel()
	target := attr(wire.AttrTarget, someID[:])
	a, b, r := pair(t)
	reserved := talk("x")
	reserved[3] = 1
	for _, c := range []struct {
		name string
		kind wire.Type
		body wire.Raw
		want wire.ErrorNumber
	}{
		{"message without a body", wire.TypeMsg, nil, wire.ErrBadFrame},
		{"message cut", wire.TypeMsg, talk("")[:7], wire.ErrBadFrame},
		{"message empty", wire.TypeMsg, talk(""), wire.ErrEmpty},
		{"text one too long", wire.TypeMsg, talk(strings.Repeat("t", wire.TextMax+1)), wire.ErrBadFrame},
		{"reserved not 0", wire.TypeMsg, reserved, wire.ErrBadFrame},
		{"attributes over 1024", wire.TypeMsg, talk("x", attr(0x55, make([]byte, 1021))), wire.ErrBadFrame},
		{"attributes longer than the body", wire.TypeMsg, wire.Raw{9, 0, 0, 0, 0, 0, 0, 0, 'x'}, wire.ErrBadFrame},
		{"attribute head cut", wire.TypeMsg, talk("x", []byte{1, 0, 16}), wire.ErrBadFrame},
		{"attribute cut", wire.TypeMsg, talk("x", attr(wire.AttrReplyTo, someID[:])[:10]), wire.ErrBadFrame},
		{"reply of 15", wire.TypeMsg, talk("x", attr(wire.AttrReplyTo, someID[:15])), wire.ErrBadFrame},
		{"mention of 7", wire.TypeMsg, talk("x", attr(wire.AttrMention, make([]byte, 7))), wire.ErrBadFrame},
		{"two descriptors", wire.TypeMsg, talk("x", attr(wire.AttrDescriptor, descriptor(1, 1)), attr(wire.AttrDescriptor, descriptor(1, 1))), wire.ErrBadFrame},
		{"descriptor cut", wire.TypeMsg, talk("x", attr(wire.AttrDescriptor, descriptor(1, 1)[:50])), wire.ErrBadFrame},
		{"descriptor with too much", wire.TypeMsg, talk("x", attr(wire.AttrDescriptor, append(descriptor(1, 1), 0))), wire.ErrBadFrame},
		{"descriptor, MIME of 65", wire.TypeMsg, talk("x", attr(wire.AttrDescriptor, descriptor(65, 1))), wire.ErrBadFrame},
		{"descriptor, name of 256", wire.TypeMsg, talk("x", attr(wire.AttrDescriptor, descriptor(1, 256))), wire.ErrBadFrame},
		{"unknown critical attribute", wire.TypeMsg, talk("x", attr(0x8077, []byte("later"))), wire.ErrBadFrame},
		{"signature", wire.TypeMsg, talk("x", attr(wire.AttrSignature, make([]byte, 64))), wire.ErrBadFrame},
		{"not UTF-8", wire.TypeMsg, talk("a\xff"), wire.ErrUTF8},
		{"UTF-8 cut at the end", wire.TypeMsg, talk("a\xe2\x82"), wire.ErrUTF8},
		{"UTF-8 overlong", wire.TypeMsg, talk("\xc0\x80"), wire.ErrUTF8},
		{"UTF-8 surrogate", wire.TypeMsg, talk("\xed\xa0\x80"), wire.ErrUTF8},
		{"UTF-8 beyond the last", wire.TypeMsg, talk("\xf4\x90\x80\x80"), wire.ErrUTF8},
		{"long and not UTF-8 at the very end", wire.TypeMsg, talk(strings.Repeat("t", wire.TextMax-1) + "\xc3"), wire.ErrUTF8},
		{"zero", wire.TypeMsg, talk("a\x00b"), wire.ErrBadFrame},
		{"escape", wire.TypeMsg, talk("\x1b[2J"), wire.ErrBadFrame},
		{"carriage return", wire.TypeMsg, talk("a\r\n"), wire.ErrBadFrame},
		{"delete character", wire.TypeMsg, talk("a\x7f"), wire.ErrBadFrame},
		{"edit without target", wire.TypeEdit, talk("new"), wire.ErrBadFrame},
		{"edit empty", wire.TypeEdit, talk("", target), wire.ErrEmpty},
		{"edit not UTF-8", wire.TypeEdit, talk("\xff", target), wire.ErrUTF8},
		{"delete without target", wire.TypeDelete, talk(""), wire.ErrBadFrame},
		{"delete with text", wire.TypeDelete, talk("x", target), wire.ErrBadFrame},
		{"target of 15", wire.TypeDelete, talk("", attr(wire.AttrTarget, someID[:15])), wire.ErrBadFrame},
		{"react without target", wire.TypeReact, talk("x"), wire.ErrBadFrame},
		{"react empty", wire.TypeReact, talk("", target), wire.ErrEmpty},
		{"react of 65", wire.TypeReact, talk(strings.Repeat("r", 65), target), wire.ErrBadFrame},
		{"topic of 257", wire.TypeTopic, talk(strings.Repeat("t", 257)), wire.ErrBadFrame},
		{"topic not UTF-8", wire.TypeTopic, talk("\xff"), wire.ErrUTF8},
		{"typing of 2", wire.TypeTyping, wire.Raw{2}, wire.ErrBadFrame},
		{"typing without a body", wire.TypeTyping, nil, wire.ErrBadFrame},
		{"want cut", wire.TypeWant, make(wire.Raw, 31), wire.ErrBadFrame},
		{"blob want cut", wire.TypeBlobWant, make(wire.Raw, 47), wire.ErrBadFrame},
	} {
		id := a.send(c.kind, r.Number, c.body)
		f := a.gets(id, wire.TypeError)
		if e := a.error(f); e.Number != c.want || e.Cause != c.kind || f.Flags != 0 || f.Room != r.Number {
			t.Errorf("%s: ERROR %s to %v in room %d, want %s", c.name, e.Number.Name(), e.Cause, f.Room, c.want.Name())
		}
	}
	only(t, a, b, r)
}

func TestTopicIsTheRoomsTopic(t *testing.T) {
	t.Parallel()
	a, _, r := pair(t)
	id := a.send(wire.TypeTopic, r.Number, talk("what we talk about"))
	a.gets(id, wire.TypeTopic)
	if got := enter(t).join(r.Name); got.Topic != "what we talk about" {
		t.Errorf("topic %q", got.Topic)
	}
	id = a.send(wire.TypeTopic, r.Number, talk(""))
	a.gets(id, wire.TypeTopic)
	if got := enter(t).join(r.Name); got.Topic != "" {
		t.Errorf("topic %q after it was taken away", got.Topic)
	}
}

// TestEverybodyGetsTheSameBytesInTheSameOrder: several authors at once, several recipients, one order.
func TestEverybodyGetsTheSameBytesInTheSameOrder(t *testing.T) {
	t.Parallel()
	const authors, each = 5, 40
	name := room()
	var all []*who
	var r *peer.Room
	for range authors {
		w := enter(t)
		r = w.join(name)
		all = append(all, w)
	}
	for _, w := range all[:authors-1] {
		w.sees(r.Number, all[authors-1], wire.PersonPresent)
	}
	type result struct {
		bytes []byte
		err   error
	}
	results := make(chan result, authors)
	for i, w := range all {
		go func() {
			for n := range each {
				if err := w.Say(r.Number, peer.NewID(), fmt.Sprintf("%d from %d", n, i)); err != nil {
					results <- result{err: err}
					return
				}
			}
			b, err := transcript(w, r, authors*each)
			results <- result{b, err}
		}()
	}
	first := <-results
	if first.err != nil {
		t.Fatal(first.err)
	}
	for range authors - 1 {
		other := <-results
		if other.err != nil {
			t.Fatal(other.err)
		}
		if !bytes.Equal(first.bytes, other.bytes) {
			t.Error("two people got different logs")
		}
	}
}

// transcript reads count messages and returns their bytes, having checked sequence and time.
func transcript(w *who, r *peer.Room, count int) ([]byte, error) {
	var all []byte
	var last uint64
	seq := r.Seq
	for n := 0; n < count; {
		f, err := w.Next(world.slow(patience))
		if err != nil {
			return nil, fmt.Errorf("after %d messages: %w", n, err)
		}
		if f.Room != r.Number || f.Type == wire.TypePresence && f.Seq < seq {
			continue
		}
		if f.Time < last || f.Time == 0 {
			return nil, fmt.Errorf("time went from %d to %d", last, f.Time)
		}
		last = f.Time
		if f.Type.Lasting() {
			seq++
			n++
			all = append(all, raw(f)...)
		}
		if f.Seq != seq || f.Epoch != r.Epoch {
			return nil, fmt.Errorf("%v has the sequence %d of epoch %d after %d", f.Type, f.Seq, f.Epoch, seq)
		}
	}
	return all, nil
}

func TestTimeIsTheServersClock(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	f := b.gets(a.say(r.Number, "now"), wire.TypeMsg)
	if off := time.Since(time.UnixMicro(int64(f.Time))); off < -time.Minute || off > time.Minute {
		t.Errorf("the message is %v old", off)
	}
}

// TestTimeNeverGoesBack: not even when the clock of the machine does.
func TestTimeNeverGoesBackThoughTheClockDoes(t *testing.T) {
	clock := func(at time.Time) {
		t.Helper()
		if err := world.server(t).Runner.Guest().Call(t.Context(), guest.OpClock, guest.Clock{UnixMicro: at.UnixMicro()}, nil); err != nil {
			t.Fatal(err)
		}
	}
	a, b, r := pair(t)
	first := b.gets(a.say(r.Number, "before"), wire.TypeMsg)
	defer func() { clock(time.Now()) }()
	clock(time.Now().Add(-time.Hour))
	last := first
	for range 3 {
		f := b.gets(a.say(r.Number, "after"), wire.TypeMsg)
		if f.Time < last.Time {
			t.Errorf("time went from %d to %d", last.Time, f.Time)
		}
		last = f
	}
	a.alive()
}

func TestARepeatIsAcknowledgedWithTheFirstNumbers(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	second := enterAs(t, a.acct)
	second.join(r.Name)
	target := attr(wire.AttrTarget, someID[:])
	for _, c := range []request{
		{wire.TypeMsg, talk("said once")},
		{wire.TypeEdit, talk("edited once", target)},
		{wire.TypeDelete, talk("", target)},
		{wire.TypeReact, talk("👍", target)},
		{wire.TypeTopic, talk("set once")},
	} {
		id := a.send(c.kind, r.Number, c.body)
		first := a.gets(id, c.kind)
		b.gets(id, c.kind)
		second.gets(id, c.kind)
		for _, w := range []*who{a, a, second} {
			w.ok(w.Send(wire.Header{Type: c.kind, Room: r.Number, ID: id}, c.body))
			ack := w.gets(id, wire.TypeAck)
			if ack.Room != r.Number || ack.Epoch != first.Epoch || ack.Seq != first.Seq || ack.Time != first.Time ||
				ack.Sender != first.Sender || len(ack.Body) != 0 {
				t.Errorf("ACK of a %v: %+v, first %+v", c.kind, ack.Header, first.Header)
			}
		}
	}
	// The same id of another author is another message.
	id := a.say(r.Number, "mine")
	b.gets(id, wire.TypeMsg)
	a.gets(id, wire.TypeMsg)
	b.ok(b.Say(r.Number, id, "yours"))
	if f := a.gets(id, wire.TypeMsg); f.Sender != b.Me.Account || f.Seq != r.Seq+7 {
		t.Errorf("sender %d, sequence %d", f.Sender, f.Seq)
	}
	for _, f := range b.Passed() {
		if f.Type.Lasting() {
			t.Errorf("a %v was relayed again", f.Type)
		}
	}
}

// TestARepeatWhenAlone: what was acknowledged stays acknowledged, or is refused; it must not be relayed again.
func TestARepeatAfterComingBack(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	id := a.say(r.Number, "once")
	first := a.gets(id, wire.TypeMsg)
	b.gets(id, wire.TypeMsg)
	a.ok(a.Close())
	back := resumed(t, a)
	got := back.joinAs(wire.Join{Name: r.Name, Epoch: r.Epoch, Seq: first.Seq})
	back.ok(back.Say(got.Number, id, "once"))
	if ack := back.gets(id, wire.TypeAck); ack.Seq != first.Seq {
		t.Errorf("ACK has the sequence %d, want %d", ack.Seq, first.Seq)
	}
	b.alive()
	for _, f := range b.Passed() {
		if f.Type == wire.TypeMsg {
			t.Error("the repeat was relayed")
		}
	}
}

func TestTyping(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	for _, on := range []bool{true, false} {
		id := a.send(wire.TypeTyping, r.Number, wire.Typing{On: on})
		f := b.gets(id, wire.TypeTyping)
		got, err := wire.ParseTyping(f.Body)
		if err != nil || got.On != on || f.Sender != a.Me.Account || f.Seq != r.Seq || f.Epoch != r.Epoch {
			t.Errorf("TYPING: %+v %+v, %v", f.Header, got, err)
		}
		if own := a.gets(id, wire.TypeTyping); !bytes.Equal(raw(own), raw(f)) {
			t.Error("author and recipient get different bytes")
		}
	}
}
