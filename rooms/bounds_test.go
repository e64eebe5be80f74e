// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"testing"

	"kchat/wire"
)

func TestWhoeverIsNotInTheRoomDoesNotType(t *testing.T) {
	h := newHostile(t, nil)
	r := h.room("lobby")
	r.live = true
	for who := range 100 {
		f := wire.Frame{Header: wire.Header{Type: wire.TypeTyping, Sender: uint64(who + 10)}, Body: []byte{1}}
		if err := h.handleTyping(r, f); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.typing) != 0 || len(h.timers) != 0 {
		t.Errorf("%d type, %d timers", len(r.typing), len(h.timers))
	}
}

func TestOnlyTheRoomOfUsTwoIsEnteredUnasked(t *testing.T) {
	h := newHostile(t, nil)
	for _, name := range []string{"trap", "@2-3", "@1-3"} {
		body := wire.Invited{Flags: wire.RoomDirect, Room: name, Sender: "Anna"}.Append(nil)
		if err := h.handleInvited(h.main, wire.Frame{Header: wire.Header{Sender: annaID}, Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	if len(h.view.rooms) != 2 {
		t.Errorf("%d rooms", len(h.view.rooms))
	}
}

func TestFramesThatWaitForANameAreCounted(t *testing.T) {
	h := newHostile(t, nil)
	r := h.room("lobby")
	r.number, r.live, h.main.byNumber[roomNumber] = roomNumber, true, r
	for seq := uint64(1); seq <= heldMax+10 && h.l.reason() == nil; seq++ {
		h.handle(h.l, said(epochOne, seq, 500, wire.ID{byte(seq)}, "who am I?"))
	}
	if len(r.held) > heldMax || h.l.reason() == nil {
		t.Errorf("%d frames wait, %v", len(r.held), h.l.reason())
	}
}

func TestGapsAreCounted(t *testing.T) {
	h := newHostile(t, nil)
	r := h.room("lobby")
	for seq := uint64(1); seq < 3*gapsMax; seq += 2 {
		h.noteGap(r, Position{epochOne, seq}, Position{epochOne, seq + 1}, false)
	}
	if len(r.gaps) != gapsMax {
		t.Errorf("%d gaps", len(r.gaps))
	}
}

func TestEndsAreCountedAndTheNewestKept(t *testing.T) {
	h := newHostile(t, nil)
	r := h.room("lobby")
	r.info.Epoch = 1000
	for epoch := uint64(1); epoch <= endsMax; epoch++ {
		h.noteEnds(r, Position{epoch, 1})
	}
	if len(r.ends) != endsMax || r.beyond(Position{endsMax + 1, 1}) != nil {
		t.Errorf("%d ends", len(r.ends))
	}
	h.noteEnds(r, Position{endsMax + 2, 1})
	if len(r.ends) != endsMax || r.ends[1] != nil || r.ends[2] == nil || r.ends[endsMax+2] == nil {
		t.Errorf("%d ends, the newest is to stay", len(r.ends))
	}
}

func TestWantsThatWaitAreCounted(t *testing.T) {
	h := newHostile(t, nil)
	r := h.room("lobby")
	r.number, r.live, h.main.byNumber[roomNumber] = roomNumber, true, r
	h.offering = true // with somebody else's
	for who := range uint64(2 * wantsKept) {
		f := wire.Frame{
			Header: wire.Header{Type: wire.TypeWant, Room: roomNumber, Sender: 10 + who},
			Body:   wire.Want{ToEpoch: epochOne, ToSeq: 9}.Append(nil),
		}
		h.handle(h.l, f)
	}
	if len(h.asking) != wantsKept {
		t.Errorf("%d wait", len(h.asking))
	}
}

func TestBlobsThatAreDescribedAreCounted(t *testing.T) {
	h := newHostile(t, nil)
	for i := range knownMax + 100 {
		h.describe(Attachment{Hash: Hash{byte(i), byte(i >> 8)}})
	}
	if len(h.known) != knownMax {
		t.Errorf("%d blobs", len(h.known))
	}
}

func TestNamesOfPeopleWhoAreGoneAreForgotten(t *testing.T) {
	h := newHostile(t, nil)
	h.room("lobby").people[annaID] = Person{ID: annaID, Name: "Anna"}
	for i := range namesMax {
		h.names[AccountID(i+100)] = "x"
	}
	h.boundNames()
	if len(h.names) != 3 || h.names[annaID] != "Anna" || h.names[myID] != "Me" {
		t.Errorf("%d names", len(h.names))
	}
}
