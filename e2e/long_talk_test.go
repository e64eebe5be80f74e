// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"kchat/e2e/peer"
	"kchat/wire"
)

// longTalk is a message so long that the server receives it into the pages of its log, when it does not come whole.
func longTalk(room uint32, id wire.ID, text string) []byte {
	return wire.AppendFrame(nil, wire.Header{Type: wire.TypeMsg, Room: room, ID: id}, talk(text))
}

// patterned is text of which no two stretches are alike, with characters of three bytes in it.
func patterned(length int) string {
	var text strings.Builder
	for i := 0; text.Len() < length-16; i++ {
		fmt.Fprintf(&text, "%d한", i)
	}
	return text.String() + strings.Repeat("x", length-text.Len())
}

func TestLongTalkInPiecesIsWhatItsAuthorSent(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	// Both sides of the border where a segment is half full, and of pages.
	for _, length := range []int{10168, 10169, 12216, 16312, wire.TextMax} {
		for _, cut := range []int{1, wire.HeaderLen - 1, wire.HeaderLen, wire.HeaderLen + 1, 4096, 9000, -1} {
			id, after, text := peer.NewID(), peer.NewID(), patterned(length)
			message := longTalk(r.Number, id, text)
			if cut < 0 {
				cut = len(message) - 1
			}
			// Another message's beginning comes with the end of this one.
			small := longTalk(r.Number, after, "after it")
			a.ok(a.Bytes(message[:cut]))
			a.ok(a.Bytes(append(message[cut:], small[:10]...)))
			a.ok(a.Bytes(small[10:]))
			f, own := b.gets(id, wire.TypeMsg), a.gets(id, wire.TypeMsg)
			if !bytes.Equal(f.Body, talk(text)) || !bytes.Equal(raw(f), raw(own)) {
				t.Fatalf("%d bytes, cut at %d: not what was sent", length, cut)
			}
			if g := b.gets(after, wire.TypeMsg); g.Seq != f.Seq+1 || !bytes.Equal(g.Body, talk("after it")) {
				t.Fatalf("%d bytes, cut at %d: what follows is %+v", length, cut, g.Header)
			}
		}
	}
}

func TestLongTalkThatIsRefusedLeavesTheConnectionAsItWas(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	long := patterned(16000)
	inPieces := func(message []byte) {
		for len(message) > 0 {
			n := min(len(message), 5000)
			a.ok(a.Bytes(message[:n]))
			message = message[n:]
		}
	}
	for _, c := range []struct {
		name string
		room uint32
		text string
		want wire.ErrorNumber
	}{
		{"not UTF-8 in its last byte", r.Number, long + "\xff", wire.ErrUTF8},
		{"UTF-8 cut where a page ends", r.Number, long[:4096-wire.HeaderLen-9] + "\xe2\x82" + strings.Repeat("x", 11000), wire.ErrUTF8},
		{"a control character", r.Number, long + "\x7f", wire.ErrBadFrame},
		{"text one too long", r.Number, strings.Repeat("t", wire.TextMax+1), wire.ErrBadFrame},
		{"a room where one is not", r.Number + 1000000, long, wire.ErrNotInRoom},
	} {
		id, after := peer.NewID(), peer.NewID()
		inPieces(longTalk(c.room, id, c.text))
		a.refused(id, c.want)
		a.ok(a.Say(r.Number, after, "as if nothing had been"))
		if f := b.gets(after, wire.TypeMsg); !bytes.Equal(f.Body, talk("as if nothing had been")) {
			t.Errorf("%s: what follows is %+v", c.name, f.Header)
		}
	}
}

func TestLongTalkSaidTwiceIsInTheRoomOnce(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	first, second, after := longTalk(r.Number, peer.NewID(), patterned(16000)), patterned(15000), peer.NewID()
	a.ok(a.Bytes(first))
	id := wire.ID(first[wire.HeaderLen-16 : wire.HeaderLen])
	said := b.gets(id, wire.TypeMsg)
	a.gets(id, wire.TypeMsg)
	again := longTalk(r.Number, id, second)
	a.ok(a.Bytes(again[:100]))
	a.ok(a.Bytes(again[100:]))
	if ack := a.gets(id, wire.TypeAck); ack.Seq != said.Seq {
		t.Errorf("the repeat is number %d, the first one was %d", ack.Seq, said.Seq)
	}
	a.ok(a.Say(r.Number, after, "after it"))
	if f := b.gets(after, wire.TypeMsg); f.Seq != said.Seq+1 || !bytes.Equal(f.Body, talk("after it")) {
		t.Errorf("what follows is %+v", f.Header)
	}
}
