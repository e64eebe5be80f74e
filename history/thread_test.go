// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
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
