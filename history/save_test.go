// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kchat/rooms"
)

func diff(got, want any) string {
	return cmp.Diff(got, want, cmpopts.EquateEmpty(),
		cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }))
}

func TestEverythingOfAMessageIsReadBack(t *testing.T) {
	s := openTest(t)
	m := said(1, "a picture")
	m.ReplyTo = idOf(7)
	m.Sender = 1 << 63 // account numbers use all 64 bits
	m.Attached = &rooms.Attachment{
		Hash: rooms.Hash{9}, Size: 1 << 40, MIME: "video/mp4", Name: "고양이.mp4", Width: 640, Height: 480,
		Duration: 3 * time.Second,
	}
	m.State, m.Stored, m.Present, m.Backfill = rooms.StateDelivered, 2, 3, true
	save(t, s, m)
	equal(t, "talk", must(s.Last(context.Background(), lobby, 10))(t), []Entry{{Message: m}})
}

func TestSavingTwiceGivesNoDoubles(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	save(t, s, said(1, "one"), said(2, "two"), said(1, "one"))
	save(t, s, said(2, "two"), said(1, "one"))
	equal(t, "talk", texts(must(s.Last(ctx, lobby, 10))(t)), []string{"one", "two"})
}

func TestTheLastPositionWinsInWhicheverOrderTheyCome(t *testing.T) {
	first, again := said(2, "hello"), said(2, "hello")
	again.Pos, again.Time = rooms.Position{Epoch: 9, Seq: 1}, noon.Add(time.Hour)
	for name, order := range map[string][]rooms.Message{
		"first place first": {first, again}, "re-sent first": {again, first}, "twice": {again, first, again},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, s := context.Background(), openTest(t)
			save(t, s, said(3, "later"))
			for _, m := range order {
				save(t, s, m)
			}
			equal(t, "talk", texts(must(s.Last(ctx, lobby, 10))(t)), []string{"later", "hello"})
			e, _, err := s.Message(ctx, lobby, first.ID)
			got := must(e, err)(t)
			equal(t, "position", got.Message.Pos, again.Pos)
			equal(t, "time", got.Message.Time, again.Time)
			hits := gather(t, s.Search(ctx, Query{Terms: []string{"hello"}}))
			equal(t, "hits", len(hits), 1)
		})
	}
}

func TestAnIdBelongsToTheFirstWhoUsedIt(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	forged := by(ann, "ann", said(1, "forged"))
	forged.Pos = rooms.Position{Epoch: 0, Seq: 1}
	save(t, s, said(1, "true"))
	save(t, s, forged)
	equal(t, "talk", texts(must(s.Last(ctx, lobby, 10))(t)), []string{"true"})
}

func TestAMessageLeavesTheOutboxWhenItSettles(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	settled := by(ann, "ann", said(5, "mine"))
	waiting := settled
	waiting.Pos, waiting.State = rooms.Position{}, rooms.StateWaiting
	save(t, s, waiting)
	equal(t, "outbox", must(s.Outbox(ctx, testCommunity, ann))(t), []rooms.Message{waiting})
	settled.State = rooms.StateSent
	save(t, s, settled, waiting) // the late repetition of an old state changes nothing
	equal(t, "outbox", must(s.Outbox(ctx, testCommunity, ann))(t), nil)
	equal(t, "talk", must(s.Last(ctx, lobby, 10))(t), []Entry{{Message: settled}})
}

func TestOutboxKeepsTheOrderOfTyping(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	var want []string
	for i, text := range []string{"one", "two", "three"} {
		m := by(ann, "ann", said(10-i, text)) // ids and times run backwards, as with a clock that does
		m.Pos, m.State = rooms.Position{}, rooms.StateWaiting
		save(t, s, m)
		m.State = rooms.StateSending
		save(t, s, m)
		want = append(want, text)
	}
	var got []string
	for _, m := range must(s.Outbox(ctx, testCommunity, ann))(t) {
		got = append(got, m.Text)
	}
	equal(t, "outbox", got, want)
	equal(t, "shown", texts(must(s.Last(ctx, lobby, 10))(t)), want)
}

func TestRefusedMessagesStayInTheTalkAndAreNotSentBySelf(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	m := by(ann, "ann", said(1, "anybody here?"))
	m.Pos, m.State = rooms.Position{}, rooms.StateAlone
	failed := by(ann, "ann", said(2, "too long"))
	failed.Pos, failed.State, failed.Failure = rooms.Position{}, rooms.StateFailed, "TOO_LONG"
	save(t, s, m, failed)
	equal(t, "outbox", must(s.Outbox(ctx, testCommunity, ann))(t), nil)
	equal(t, "unsent", must(s.Unsent(ctx, lobby))(t), []rooms.Message{m, failed})
	if err := s.Forget(ctx, testCommunity, "lobby", m.ID); err != nil {
		t.Fatal(err)
	}
	equal(t, "unsent", must(s.Unsent(ctx, lobby))(t), []rooms.Message{failed})
}

func TestDeliveryMarksGrowAndNeverShrink(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	m := by(ann, "ann", said(1, "hello"))
	for _, step := range []struct {
		state  rooms.State
		stored int
	}{{rooms.StateSent, 0}, {rooms.StateDelivered, 2}, {rooms.StateSent, 1}} {
		m.State, m.Stored, m.Present = step.state, step.stored, 3
		save(t, s, m)
	}
	e, _, err := s.Message(ctx, lobby, m.ID)
	got := must(e, err)(t).Message
	equal(t, "state", got.State, rooms.StateDelivered)
	equal(t, "stored", got.Stored, 2)
}

func TestInvalidMessagesAreNamedAndTheOthersSaved(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	noID, noRoom, noKind, noTarget, noSeq, far := said(1, ""), said(2, ""), said(3, ""), said(4, ""), said(5, ""), said(6, "")
	noID.ID = rooms.MessageID{}
	noRoom.Room = ""
	noKind.Kind = 0
	noTarget.Kind = rooms.KindEdit
	noSeq.Pos.Seq = 0
	far.Pos.Epoch = 1 << 63
	for _, bad := range []rooms.Message{noID, noRoom, noKind, noTarget, noSeq, far} {
		if err := s.Save(ctx, bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("saving %+v: %v", bad, err)
		}
	}
	if err := s.Save(ctx, noID, said(7, "good")); !errors.Is(err, ErrInvalid) {
		t.Errorf("saving both: %v", err)
	}
	equal(t, "talk", texts(must(s.Last(ctx, lobby, 10))(t)), []string{"good"})
}

func TestTextIsKeptInNFC(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	save(t, s, said(1, "\u1112\u116c\u110b\u1174 \xff"))
	equal(t, "talk", texts(must(s.Last(ctx, lobby, 10))(t)), []string{"회의 \uFFFD"})
}

func TestRoomsAndCommunitiesAreKeptApart(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	other, elsewhere := said(1, "other room"), said(1, "other community")
	other.Room, elsewhere.Community = "kernel", rooms.UUID{2}
	save(t, s, said(1, "here"), other, elsewhere)
	equal(t, "talk", texts(must(s.Last(ctx, lobby, 10))(t)), []string{"here"})
	equal(t, "talk", texts(must(s.Last(ctx, KeyOf(other), 10))(t)), []string{"other room"})
	equal(t, "talk", texts(must(s.Last(ctx, KeyOf(elsewhere), 10))(t)), []string{"other community"})
}
