// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"slices"
	"strings"
	"testing"

	"kchat/history"
	"kchat/rooms"
)

// about makes m do something to another message.
func about(kind rooms.Kind, target rooms.Message, m rooms.Message) rooms.Message {
	m.Kind, m.Target = kind, target.ID
	return m
}

// waiting makes m one of ours that the server has not taken.
func waiting(m rooms.Message, state rooms.State) rooms.Message {
	m.Pos, m.State = rooms.Position{}, state
	return m
}

// in makes m a message of a thread.
func in(root rooms.Message, m rooms.Message) rooms.Message {
	m.Thread = root.ID
	return m
}

// holds reports whether a row of the screen holds all words, in their order.
func holds(t *Talk, words ...string) bool {
	return slices.ContainsFunc(plainRows(t), func(row string) bool {
		for _, w := range words {
			_, after, found := strings.Cut(row, w)
			if !found {
				return false
			}
			row = after
		}
		return true
	})
}

func shows(t *testing.T, l *Talk, words ...string) {
	t.Helper()
	if !holds(l, words...) {
		t.Errorf("no row holds %q:\n%s", words, strings.Join(plainRows(l), "\n"))
	}
}

func showsNot(t *testing.T, l *Talk, words ...string) {
	t.Helper()
	if holds(l, words...) {
		t.Errorf("a row holds %q:\n%s", words, strings.Join(plainRows(l), "\n"))
	}
}

func TestAnAnswerQuotesWhatItAnswersAsThatStandsNow(t *testing.T) {
	l := newTalk(t, 60, 12)
	question, answer := message(1, 2, "which build?"), message(2, 1, "tuesday's")
	answer.ReplyTo = question.ID
	l.Put(question)
	l.Put(answer)
	shows(t, l, "p2", "which build?")
	if wanted := l.Wanted(); len(wanted) != 0 {
		t.Errorf("looks for %v", wanted)
	}
	l.Put(about(rooms.KindEdit, question, message(3, 2, "which kernel?")))
	shows(t, l, "╭─ p2", "which kernel?")
	l.Put(about(rooms.KindDelete, question, message(4, 2, "")))
	shows(t, l, "╭─ p2", "deleted")
}

func TestWhatAnAnswerAnswersIsLookedForOnceAndMayBeMissing(t *testing.T) {
	l := newTalk(t, 60, 12)
	question, answer := message(1, 2, "which build?"), message(2, 1, "tuesday's")
	answer.ReplyTo = question.ID
	l.Put(answer)
	showsNot(t, l, "not here") // before it was looked for
	if wanted := l.Wanted(); !slices.Equal(wanted, []rooms.MessageID{question.ID}) || l.Wanted() != nil {
		t.Errorf("looks for %v", wanted)
	}
	l.Lost(question.ID)
	shows(t, l, "a message that is not here")
	l.Learn(history.Entry{Message: question})
	shows(t, l, "╭─ p2", "which build?")
	if l.Len() != 1 {
		t.Errorf("what was looked up stands in the list: %d", l.Len())
	}
	l.Load([]history.Entry{{Message: question}})
	if l.Len() != 2 {
		t.Errorf("its page has come, and it does not stand in the list: %d", l.Len())
	}
}

func TestOnlyAuthorsChangeTheirWords(t *testing.T) {
	l := newTalk(t, 60, 12)
	m := message(1, 2, "mine")
	l.Put(m)
	l.Put(about(rooms.KindEdit, m, message(2, 3, "forged")))
	l.Put(about(rooms.KindDelete, m, message(3, 3, "")))
	shows(t, l, "mine")
	showsNot(t, l, "edited")
	l.Put(about(rooms.KindEdit, m, message(4, 2, "better")))
	l.Put(about(rooms.KindEdit, m, message(4, 2, "better")))
	shows(t, l, "better (edited)")
	early := about(rooms.KindEdit, m, message(2, 2, "overtaken"))
	early.ID = rooms.MessageID{9}
	l.Put(early)
	shows(t, l, "better (edited)")
}

func TestAnEditOfOursShowsAtOnceAndSaysHowFarItIs(t *testing.T) {
	l := newTalk(t, 60, 12)
	m := message(1, 1, "teh build")
	m.State = rooms.StateDelivered
	m.Stored, m.Present = 1, 1
	l.Put(m)
	edit := about(rooms.KindEdit, m, message(7, 1, "the build"))
	l.Put(waiting(edit, rooms.StateWaiting))
	shows(t, l, "the build (edited)", "waiting")
	edit.State = rooms.StateSent
	l.Put(edit)
	shows(t, l, "the build (edited)", "✓✓")
	showsNot(t, l, "waiting")
	l.Put(waiting(edit, rooms.StateWaiting)) // read from the disk before, and told late
	showsNot(t, l, "waiting")
}

func TestARefusedChangeLeavesTheMessageAndWaitsForItsAuthor(t *testing.T) {
	for _, tc := range []struct {
		kind rooms.Kind
		text string
		says string
	}{
		{rooms.KindEdit, "the build", "Your edit was not sent: nobody else was here"},
		{rooms.KindDelete, "", "It was not deleted: nobody else was here"},
		{rooms.KindReact, "👍", "Your 👍 was not sent: nobody else was here"},
	} {
		l := newTalk(t, 100, 12)
		m := message(1, 1, "teh build")
		l.Put(m)
		change := waiting(about(tc.kind, m, message(7, 1, tc.text)), rooms.StateSending)
		l.Put(change)
		change.State = rooms.StateAlone
		l.Put(change)
		shows(t, l, "teh build")
		shows(t, l, tc.says)
		item := l.Message(m.ID)
		if l.UnsentCount() != 1 || !item.Unsent() || !item.Settled() || len(item.Refused()) != 1 {
			t.Errorf("%v: %d unsent", tc.kind, l.UnsentCount())
		}
		l.TakeBack(change)
		showsNot(t, l, tc.says)
		if l.UnsentCount() != 0 {
			t.Errorf("%v: dropped, and %d unsent", tc.kind, l.UnsentCount())
		}
	}
}

func TestReactionsAreCountedAndOursAreMarked(t *testing.T) {
	l := newTalk(t, 60, 12)
	m := message(1, 2, "lunch?")
	l.Put(m)
	for i, by := range []rooms.AccountID{2, 3, 1} {
		l.Put(about(rooms.KindReact, m, message(uint64(10+i), by, "👍")))
	}
	l.Put(about(rooms.KindReact, m, message(20, 3, "🎉")))
	shows(t, l, "[👍 3]", "🎉 1")
	item := l.Message(m.ID)
	x, y := chipAt(t, l, "🎉")
	if s, ok := item.SpotAt(x, y); !ok || s.Kind != SpotReaction || s.With != "🎉" {
		t.Errorf("at the chip is %v, %v", s, ok)
	}
	add := item.Toggle(1, "🎉")
	if len(add) != 1 || add[0].Removed || add[0].Text != "🎉" || add[0].Target != m.ID || add[0].Kind != rooms.KindReact {
		t.Errorf("to add: %+v", add)
	}
	gone := item.Toggle(1, "👍")
	if len(gone) != 1 || !gone[0].Removed || gone[0].Text != "👍" {
		t.Errorf("to take back: %+v", gone)
	}
	back := about(rooms.KindReact, m, message(30, 1, "👍"))
	back.Removed = true
	l.Put(waiting(back, rooms.StateSending))
	shows(t, l, "👍 2", "🎉 1")
	showsNot(t, l, "[👍")
	if again := item.Toggle(1, "👍"); len(again) != 1 || again[0].Removed {
		t.Errorf("taken back, and again: %+v", again)
	}
}

// chipAt is where in its message something stands on the screen, in columns and rows.
func chipAt(t *testing.T, l *Talk, what string) (x, y int) {
	t.Helper()
	for row, words := range l.Draw() {
		if at := strings.Index(strippedOf(words), what); at >= 0 {
			_, y = l.ItemAt(row)
			return widthOf(strippedOf(words)[:at]), y
		}
	}
	t.Fatalf("%q is not on the screen", what)
	return 0, 0
}

func TestReactionsMadeToBreakAScreenAreHarmless(t *testing.T) {
	l := newTalk(t, 40, 12)
	m := message(1, 2, "lunch?")
	l.Put(m)
	junk := []string{
		"\x1b[2J\x1b]0;title\x07", strings.Repeat("👨‍👩‍👧‍👦", 2) + "ab", strings.Repeat("a\n", 32), "\u202etxt", "\u200b\u200b",
		strings.Repeat("e\u0301\u0302\u0303\u0304", 6), strings.Repeat("\t", 64),
	}
	for i := range 200 {
		l.Put(about(rooms.KindReact, m, message(uint64(10+i), rooms.AccountID(3+i), junk[i%len(junk)]+string(rune('A'+i/len(junk))))))
	}
	l.Put(about(rooms.KindReact, m, message(500, 9, "\u200b")))
	rows := l.Draw()
	for i, row := range rows {
		if bare := strippedOf(row); strings.ContainsAny(bare, "\x1b\x07\u202e\n\t") || widthOf(bare) > 40 {
			t.Errorf("row %d is %q", i, bare)
		}
	}
	if _, n := len(rows), countRows(rows, "] 1")+countRows(rows, " 1 "); n > maxChipRows {
		t.Errorf("%d rows of reactions", n)
	}
	if chips := l.Message(m.ID).Reactions(1); len(chips) == 0 || slices.ContainsFunc(chips, func(c Chip) bool { return c.With == "" }) {
		t.Errorf("%d chips", len(chips))
	}
	shows(t, l, " +")
}

func countRows(rows []string, what string) (n int) {
	for _, row := range rows {
		if strings.Contains(strippedOf(row), what) {
			n++
		}
	}
	return n
}

func TestAThreadStandsAtItsFirstMessageAndInOneRowEach(t *testing.T) {
	l := newTalk(t, 80, 16)
	root := message(1, 2, "which build?")
	l.Put(root)
	l.Put(in(root, message(2, 3, "tuesday's\nwith the patch")))
	l.Put(message(3, 2, "lunch"))
	l.Put(in(root, message(4, 1, "thanks")))
	shows(t, l, "↳ p3", "tuesday's with the patch", "which build?")
	shows(t, l, "↳ 2 replies · last p1")
	if th := l.Thread(root.ID); th.Count() != 2 || th.Unread(1) != 1 || l.UnreadThreads() != 1 {
		t.Errorf("count %d, unread %d of %d", th.Count(), th.Unread(1), l.UnreadThreads())
	}
	shows(t, l, "2 replies", "1 new")
	l.ReadThread(root.ID)
	showsNot(t, l, "1 new")
	l.Put(about(rooms.KindDelete, message(2, 3, ""), message(5, 3, "")))
	shows(t, l, "↳ 1 reply")
	if l.UnreadThreads() != 0 {
		t.Errorf("%d unread", l.UnreadThreads())
	}
}

func TestAThreadIsWholeInItsOwnList(t *testing.T) {
	l := newTalk(t, 80, 16)
	root := message(1, 2, "which build?")
	l.Put(in(root, message(3, 3, "tuesday's\nwith the patch")))
	v := l.Open(root.ID)
	v.SetSize(60, 12)
	if v.Len() != 1 {
		t.Fatalf("%d items", v.Len())
	}
	shows(t, l, "in a message that is")
	l.Learn(history.Entry{Message: root}, history.Entry{Message: in(root, message(2, 1, "hm"))})
	v.Sync()
	var said []string
	for i := range v.Len() {
		said = append(said, MessageOf(v.At(i)).Raw())
	}
	if !slices.Equal(said, []string{"which build?", "hm", "tuesday's\nwith the patch"}) {
		t.Errorf("the thread is %q", said)
	}
	if rows := strings.Join(v.Draw(), "\n"); !strings.Contains(rows, "with the patch") || strings.Contains(rows, "↳ p3") {
		t.Errorf("the thread shows\n%s", rows)
	}
	v.Select(v.At(2))
	l.Put(in(root, message(4, 1, "thanks")))
	v.Sync()
	if v.Len() != 4 || MessageOf(v.Selected()).Raw() != "tuesday's\nwith the patch" {
		t.Errorf("%d items, selected %v", v.Len(), v.Selected())
	}
	l.Drop(rooms.MessageID{0, 0, 0, 4})
	if v.Sync(); v.Len() != 3 {
		t.Errorf("%d items", v.Len())
	}
}

func TestAThreadOfOneselfIsNone(t *testing.T) {
	l := newTalk(t, 60, 12)
	m := message(1, 2, "I am my own thread")
	m.Thread, m.ReplyTo = m.ID, m.ID
	l.Put(m)
	if l.Message(m.ID).InThread() || len(l.Threads()) != 0 {
		t.Error("it is in its own thread")
	}
	shows(t, l, "I am my own thread")
}

func TestWhatWasTakenDoesNotWaitAgain(t *testing.T) {
	l := newTalk(t, 60, 12)
	m := message(1, 1, "hello")
	m.State = rooms.StateSent
	l.Put(m)
	l.Put(waiting(m, rooms.StateWaiting))
	if got := l.Message(m.ID); got.State != rooms.StateSent || got.Pos.IsZero() {
		t.Errorf("state %v at %v", got.State, got.Pos)
	}
}

func TestWhatLiesWhereIsKnownOfTheListAndTheThreadApart(t *testing.T) {
	l := newTalk(t, 80, 16)
	root := message(1, 2, "which build?")
	answer := message(2, 3, "tuesday's")
	l.Put(message(9, 3, "something above"))
	l.Put(root)
	l.Put(in(root, answer))
	l.Put(about(rooms.KindReact, answer, message(3, 2, "👍")))
	v := l.Open(root.ID)
	v.SetSize(60, 12)
	v.Draw()
	l.Draw()
	item := v.At(1)
	var at []int
	for y := range 12 {
		if s, ok := item.(Clickable).SpotAt(indent+1, y); ok && s.Kind == SpotReaction {
			at = append(at, y)
		}
	}
	if len(at) != 1 {
		t.Errorf("in the thread the reaction lies in rows %v", at)
	}
	if s, ok := l.Message(answer.ID).SpotAt(indent+1, 1); !ok || s.Kind != SpotThread {
		if s, ok = l.Message(answer.ID).SpotAt(indent+1, 0); !ok || s.Kind != SpotThread {
			t.Errorf("in the list lies %v, %v", s, ok)
		}
	}
}

func TestTheHistoryTellsWhatWasDoneToAMessage(t *testing.T) {
	l := newTalk(t, 60, 12)
	m := message(1, 2, "teh build")
	l.Put(m)
	e := history.Entry{Message: m, Edited: noon.Add(3), Original: "teh build", Reactions: []history.Reaction{{Text: "👍", By: []rooms.AccountID{1, 3}}}}
	e.Message.Text = "the build"
	l.Load([]history.Entry{e})
	shows(t, l, "the build (edited)")
	shows(t, l, "[👍 2]")
	// What comes late and is older changes nothing; what is newer does.
	late := about(rooms.KindEdit, m, message(2, 2, "overtaken"))
	l.Put(late)
	shows(t, l, "the build (edited)")
	newer := about(rooms.KindEdit, m, message(3, 2, "the kernel"))
	newer.Time = noon.Add(5)
	l.Put(newer)
	shows(t, l, "the kernel (edited)")
	l.Load([]history.Entry{e}) // read before the newer one came
	shows(t, l, "the kernel (edited)")
}

func TestReactionsToWhatIsSaidInAThreadStandInTheListToo(t *testing.T) {
	l := newTalk(t, 60, 12)
	root, answer := message(1, 2, "which build?"), message(2, 3, "tuesday's")
	l.Put(root)
	l.Put(in(root, answer))
	l.Put(about(rooms.KindReact, answer, message(3, 2, "👍")))
	shows(t, l, "👍 1")
	x, y := chipAt(t, l, "👍")
	if s, ok := l.Message(answer.ID).SpotAt(x, y); !ok || s.Kind != SpotReaction || s.With != "👍" {
		t.Errorf("at the reaction is %v, %v", s, ok)
	}
}

func TestWhatThreadsMakeOneHoldIsBoundedAndTheCountStays(t *testing.T) {
	l := newTalk(t, 60, 12)
	l.Bound(500)
	root := message(1, 2, "which build?")
	l.Put(root)
	n := uint64(3 * maxParked)
	for i := range n {
		l.Put(in(root, message(2+i, 3, "another")))
		l.Put(about(rooms.KindReact, message(1<<30+i, 3, ""), message(1<<20+i, 3, "👍"))) // to what nobody has
		l.Trim()
	}
	if held := len(l.byID); held > maxParked+1000 {
		t.Errorf("%d messages are held", held)
	}
	if l.strays > maxOrphans || len(l.orphans) > maxOrphans {
		t.Errorf("%d changes are held", l.strays)
	}
	th := l.Thread(root.ID)
	if th.Count() != int(n) {
		t.Errorf("%d replies, expected %d", th.Count(), n)
	}
	l.Learn(history.Entry{Message: in(root, message(2, 3, "another"))}) // one comes back
	if th.Count() != int(n) {
		t.Errorf("%d replies when one has come back, expected %d", th.Count(), n)
	}
	if l.Message(root.ID) == nil {
		t.Error("the first message of the thread is forgotten")
	}
}
