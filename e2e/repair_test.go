// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

func TestWantIsSeenByAll(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	want := wire.Want{FromEpoch: 1, FromSeq: 2, ToEpoch: 3, ToSeq: 4}
	f := b.gets(a.send(wire.TypeWant, r.Number, want), wire.TypeWant)
	if got, err := wire.ParseWant(f.Body); err != nil || got != want || f.Sender != a.Me.Account || f.Seq != r.Seq {
		t.Errorf("WANT: %+v %+v, %v", f.Header, got, err)
	}
	blob := wire.BlobWant{Hash: [32]byte{9}, Offset: 7, Length: 5}
	f = b.gets(a.send(wire.TypeBlobWant, r.Number, blob), wire.TypeBlobWant)
	if got, err := wire.ParseBlobWant(f.Body); err != nil || got != blob || f.Sender != a.Me.Account {
		t.Errorf("BLOB_WANT: %+v %+v, %v", f.Header, got, err)
	}
}

func reoffer(to uint64) wire.Reoffer {
	return wire.Reoffer{
		To: to, Epoch: 1 << 32, Seq: 42, Time: 1_700_000_000_000_000, Type: wire.TypeMsg,
		Body: wire.Talk{Text: []byte("said long ago")}.Append(nil),
	}
}

// TestReofferComesFromItsAuthor: the server stamps the sender, so nobody offers another's words.
func TestReofferComesFromItsAuthor(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	second, outside := enterAs(t, b.acct), enterAs(t, b.acct)
	second.join(r.Name)
	third := enter(t)
	third.join(r.Name)
	offer := reoffer(b.Me.Account)
	id := peer.NewID()
	a.ok(a.Send(wire.Header{Type: wire.TypeReoffer, Room: r.Number, ID: id}, offer))
	a.gets(id, wire.TypeOK)
	for _, w := range []*who{b, second} {
		f := w.gets(id, wire.TypeReoffer)
		if f.Sender != a.Me.Account || f.Room != r.Number || !bytes.Equal(f.Body, offer.Append(nil)) {
			t.Errorf("REOFFER: %+v", f.Header)
		}
	}
	for _, w := range []*who{outside, third, a} {
		w.alive()
		for _, f := range w.Passed() {
			if f.Type == wire.TypeReoffer {
				t.Error("REOFFER came to a connection it was not meant for")
			}
		}
	}
	// A sender in the header is refused, whoever it names.
	frame := wire.AppendFrame(nil, wire.Header{Type: wire.TypeReoffer, Room: r.Number, ID: id, Sender: third.Me.Account}, offer)
	a.ok(a.Bytes(frame))
	a.refused(id, wire.ErrBadFrame)
}

func TestReofferRefused(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	gone, away := world.account(t, 0), enter(t)
	for name, to := range map[string]uint64{"nobody": 1 << 60, "offline": gone.number, "not in the room": away.Me.Account} {
		id := a.send(wire.TypeReoffer, r.Number, reoffer(to))
		if e := a.error(a.gets(id, wire.TypeError)); e.Number != wire.ErrOffline {
			t.Errorf("%s: ERROR %s", name, e.Number.Name())
		}
	}
	edit := func(change func(*wire.Reoffer)) wire.Body {
		o := reoffer(b.Me.Account)
		change(&o)
		return o
	}
	reserved := wire.Raw(reoffer(b.Me.Account).Append(nil))
	reserved[36] = 1
	for name, body := range map[string]wire.Body{
		"a type that does not last": edit(func(o *wire.Reoffer) { o.Type = wire.TypeTyping }),
		"a type of the server":      edit(func(o *wire.Reoffer) { o.Type = wire.TypeWelcome }),
		"reserved not 0":            reserved,
		"cut":                       wire.Raw(reserved[:39]),
		"body malformed":            edit(func(o *wire.Reoffer) { o.Body = o.Body[:5] }),
		"body with an escape":       edit(func(o *wire.Reoffer) { o.Body = talk("\x1b") }),
		"delete without target":     edit(func(o *wire.Reoffer) { o.Type, o.Body = wire.TypeDelete, talk("") }),
	} {
		id := a.send(wire.TypeReoffer, r.Number, body)
		if e := a.error(a.gets(id, wire.TypeError)); e.Number != wire.ErrBadFrame {
			t.Errorf("%s: ERROR %s", name, e.Number.Name())
		}
	}
	b.alive()
	for _, f := range b.Passed() {
		if f.Type == wire.TypeReoffer {
			t.Error("what was refused has come")
		}
	}
	// The longest one there is.
	longest := edit(func(o *wire.Reoffer) {
		o.Body = talk(string(bytes.Repeat([]byte("t"), wire.TextMax)), attr(0x55, make([]byte, 1020)))
	})
	id := a.send(wire.TypeReoffer, r.Number, longest)
	a.gets(id, wire.TypeOK)
	b.gets(id, wire.TypeReoffer)
}

// delivered reads DELIVERED frames of a room until one satisfies want.
func (w *who) delivered(room uint32, what string, want func(wire.Delivered) bool) wire.Delivered {
	w.t.Helper()
	var d wire.Delivered
	w.find("DELIVERED: "+what, func(f peer.Frame) bool {
		if f.Type != wire.TypeDelivered || f.Room != room {
			return false
		}
		var err error
		d, err = wire.ParseDelivered(f.Body)
		w.ok(err)
		if f.Sender != 0 {
			w.t.Fatalf("DELIVERED has the sender %d", f.Sender)
		}
		for i, s := range d.Steps {
			if i > 0 && (s.Seq >= d.Steps[i-1].Seq || s.People < d.Steps[i-1].People) {
				w.t.Fatalf("the steps are not sorted: %+v", d.Steps)
			}
		}
		return want(d)
	})
	return d
}

func TestDeliveredFollowsStored(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	c := a.meets(enter(t), r)
	var last wire.ID
	for range 5 {
		last = a.say(r.Number, "x")
	}
	for _, w := range []*who{a, b, c} {
		w.gets(last, wire.TypeMsg)
	}
	stored := func(w *who, seq uint64) {
		w.ok(w.Send(wire.Header{Type: wire.TypeStored, Room: r.Number}, wire.Stored{Epoch: r.Epoch, Seq: seq}))
	}
	people := func(d wire.Delivered, seq uint64) (n uint32) {
		for _, s := range d.Steps {
			if s.Seq >= seq {
				n = s.People
			}
		}
		return n
	}
	stored(a, 5)
	stored(b, 3)
	d := c.delivered(r.Number, "one has all, one has 3", func(d wire.Delivered) bool { return people(d, 5) == 1 && people(d, 3) == 2 })
	if d.Present != 3 {
		t.Errorf("%d people present", d.Present)
	}
	// The best session of a person counts.
	second := enterAs(t, b.acct)
	second.join(r.Name)
	stored(second, 5)
	stored(c, 4)
	a.delivered(r.Number, "two have all", func(d wire.Delivered) bool { return people(d, 5) == 2 && people(d, 4) == 3 })
	// Who leaves does not count any more.
	_, err := c.Part(r.Number)
	c.ok(err)
	d = a.delivered(r.Number, "without the one who left", func(d wire.Delivered) bool { return d.Present == 2 })
	if people(d, 5) != 2 {
		t.Errorf("DELIVERED: %+v", d)
	}
}

// TestDeliveredOfMany: with more than eight people the steps are a choice, but each of them is true.
func TestDeliveredOfMany(t *testing.T) {
	t.Parallel()
	const count, steps = 12, 8
	a, b, r := pair(t)
	all := []*who{a, b}
	for len(all) < count {
		all = append(all, a.meets(enter(t), r))
	}
	var last wire.ID
	for range count {
		last = a.say(r.Number, "x")
	}
	for _, w := range all {
		w.gets(last, wire.TypeMsg)
	}
	// The first has kept one message, the second two, and so on.
	for i, w := range all {
		w.ok(w.Send(wire.Header{Type: wire.TypeStored, Room: r.Number}, wire.Stored{Epoch: r.Epoch, Seq: uint64(i) + 1}))
	}
	d := b.delivered(r.Number, "everybody has something", func(d wire.Delivered) bool {
		return d.Present == count && len(d.Steps) > 0 && d.Steps[len(d.Steps)-1].Seq > 0
	})
	if len(d.Steps) > steps {
		t.Errorf("%d steps", len(d.Steps))
	}
	for _, s := range d.Steps {
		if want := count - uint32(s.Seq) + 1; s.People != want {
			t.Errorf("DELIVERED says that %d people have %d, but %d have", s.People, s.Seq, want)
		}
	}
	if least := d.Steps[len(d.Steps)-1]; least.Seq != 1 || least.People != count {
		t.Errorf("the last step is %+v, not the minimum of all", least)
	}
}

// TestStoredThatCannotBe: a mark beyond what was said, or of another epoch, is no mark.
func TestStoredThatCannotBe(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	last := a.say(r.Number, "x")
	a.gets(last, wire.TypeMsg)
	b.gets(last, wire.TypeMsg)
	send := func(w *who, s wire.Stored) {
		w.ok(w.Send(wire.Header{Type: wire.TypeStored, Room: r.Number}, s))
	}
	send(b, wire.Stored{Epoch: r.Epoch, Seq: 1 << 40})
	send(a, wire.Stored{Epoch: r.Epoch, Seq: 1})
	d := a.delivered(r.Number, "anything", func(d wire.Delivered) bool { return len(d.Steps) > 0 && d.Steps[0].Seq > 0 })
	if d.Steps[0].Seq > 1 {
		t.Errorf("DELIVERED says that %d is stored, but only 1 was said", d.Steps[0].Seq)
	}
}

// TestDeliveredComesOnceASecond: many reports, few frames.
func TestDeliveredComesAtMostOnceASecond(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	const count = 40
	began := time.Now()
	for i := range uint64(count) {
		id := a.say(r.Number, "x")
		a.gets(id, wire.TypeMsg)
		b.gets(id, wire.TypeMsg)
		for _, w := range []*who{a, b} {
			w.ok(w.Send(wire.Header{Type: wire.TypeStored, Room: r.Number}, wire.Stored{Epoch: r.Epoch, Seq: i + 1}))
		}
	}
	id := a.say(r.Number, "the end")
	b.gets(id, wire.TypeMsg)
	marks := 0
	for _, f := range b.Passed() {
		if f.Type == wire.TypeDelivered {
			marks++
		}
	}
	if most := int(time.Since(began)/time.Second) + 2; marks > most {
		t.Errorf("%d DELIVERED in %v", marks, time.Since(began))
	}
}
