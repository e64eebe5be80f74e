// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"errors"
	"strings"
	"testing"

	"kchat/rooms"
)

// in makes m a message of a thread.
func in(root int, m rooms.Message) rooms.Message {
	m.Thread = idOf(root)
	return m
}

func TestAThreadIsItsFirstMessageAndWhatWasSaidInIt(t *testing.T) {
	s := openTest(t)
	save(t, s, said(1, "which build?"), said(2, "lunch"), in(1, said(3, "tuesday's")), in(2, said(4, "soup")),
		in(1, said(5, "thanks")), to(3, rooms.KindEdit, said(6, "wednesday's")))
	thread := must(s.Thread(context.Background(), lobby, idOf(1), 10))(t)
	equal(t, "thread", texts(thread), []string{"which build?", "wednesday's", "thanks"})
	equal(t, "thread of a reply", thread[1].Message.Thread, idOf(1))
	equal(t, "the newest of it", texts(must(s.Thread(context.Background(), lobby, idOf(1), 1))(t)), []string{"which build?", "thanks"})
	equal(t, "of a message that nobody answered", texts(must(s.Thread(context.Background(), lobby, idOf(5), 10))(t)), []string{"thanks"})
	equal(t, "of one that is not here", len(must(s.Thread(context.Background(), lobby, idOf(9), 10))(t)), 0)
}

func TestAThreadWhoseFirstMessageIsNotHereIsWhatThereIs(t *testing.T) {
	s := openTest(t)
	save(t, s, in(1, said(3, "an answer")), in(4, said(4, "said in its own thread")))
	equal(t, "thread", texts(must(s.Thread(context.Background(), lobby, idOf(1), 10))(t)), []string{"an answer"})
	equal(t, "own thread", texts(must(s.Thread(context.Background(), lobby, idOf(4), 10))(t)), []string{"said in its own thread"})
}

func TestAThreadIsFoundByItsIndex(t *testing.T) {
	s := openTest(t)
	plan, err := collect(context.Background(), s, func(row scanner) (detail string, err error) {
		var n int
		err = row.Scan(&n, &n, &n, &detail)
		return detail, err
	}, "EXPLAIN QUERY PLAN "+selectMessages+inThread, 1, idOf(1).String())
	if err != nil || !strings.Contains(strings.Join(plan, "\n"), "messages_thread") {
		t.Errorf("the plan is %q, %v", plan, err)
	}
}

func TestTheThreadOfWhatWaitsIsKept(t *testing.T) {
	s := openTest(t)
	m := in(1, said(2, "later"))
	m.Pos, m.State = rooms.Position{}, rooms.StateWaiting
	save(t, s, m)
	left := must(s.Outbox(context.Background(), testCommunity, bob))(t)
	if len(left) != 1 || left[0].Thread != idOf(1) {
		t.Errorf("the outbox has %+v", left)
	}
}

func TestHowFarThreadsWereLookedAtIsKeptAsAWhole(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	equal(t, "of a room that is not known", len(must(s.ThreadMarks(ctx, lobby))(t)), 0)
	marks := map[rooms.MessageID]rooms.Position{idOf(1): at(1, 3), idOf(2): at(2, 1)}
	for _, state := range []RoomState{{Threads: marks}, {Draft: "says nothing of threads"}} {
		if err := s.Remember(ctx, lobby, state); err != nil {
			t.Fatal(err)
		}
		equal(t, "marks", must(s.ThreadMarks(ctx, lobby))(t), marks)
	}
	beyond := RoomState{Draft: "not kept", Threads: map[rooms.MessageID]rooms.Position{idOf(3): {Epoch: 1 << 63}}}
	if err := s.Remember(ctx, lobby, beyond); !errors.Is(err, ErrInvalid) {
		t.Errorf("a position beyond all: %v", err)
	}
	equal(t, "draft", must(s.Draft(ctx, lobby))(t), "says nothing of threads")
	delete(marks, idOf(1))
	if err := s.Remember(ctx, lobby, RoomState{Threads: marks}); err != nil {
		t.Fatal(err)
	}
	equal(t, "marks", must(s.ThreadMarks(ctx, lobby))(t), marks)
}
