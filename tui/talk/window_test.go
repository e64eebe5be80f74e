// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"slices"
	"testing"

	"kchat/history"
	"kchat/rooms"
)

// archive is a history to read pages from.
type archive []history.Entry

func (a archive) before(p rooms.Position, n int) []history.Entry {
	i := slices.IndexFunc(a, func(e history.Entry) bool { return e.Message.Pos.Compare(p) >= 0 })
	return a[max(0, i-n):i]
}

func (a archive) after(p rooms.Position, n int) []history.Entry {
	i := slices.IndexFunc(a, func(e history.Entry) bool { return e.Message.Pos.Compare(p) > 0 })
	if i < 0 {
		return nil
	}
	return a[i:min(len(a), i+n)]
}

// turnUp reads upwards as the screen does: a page whenever one is due.
func turnUp(t *Talk, a archive, rows int) {
	t.Scroll(-rows)
	if t.NearTop() {
		page := a.before(t.Oldest(), 100)
		t.Load(page)
		t.SetEarlier(len(page) == 100)
		t.Trim()
	}
}

func turnDown(t *Talk, a archive, rows int) {
	t.Scroll(rows)
	if t.NearEnd() {
		page := a.after(t.Newest(), 100)
		t.LoadLater(page, len(page) < 100)
	}
}

func opened(t testing.TB, a archive, most int) *Talk {
	talk := newTalk(t, 60, 20)
	talk.Bound(most)
	talk.Load(a[len(a)-60:])
	talk.SetEarlier(true)
	return talk
}

func TestALongTalkScrollsInAWindow(t *testing.T) {
	a := archive(entries(1, 20_000))
	talk := opened(t, a, 1200)
	for at := uint64(20_000); talk.Earlier(); at = talk.Oldest().Seq {
		turnUp(talk, a, 18)
		if talk.Len() > 1400 {
			t.Fatalf("%d items are held at %d", talk.Len(), at)
		}
	}
	talk.Top()
	if rows := plainRows(talk); rows[2] != "line 1." {
		t.Errorf("the first row is %q", rows)
	}
	if !talk.Later() || talk.Following() {
		t.Error("the end is not loaded, and yet it is followed")
	}
	for talk.Later() {
		turnDown(talk, a, 18)
		if talk.Len() > 1400 {
			t.Fatalf("%d items are held", talk.Len())
		}
	}
	for !talk.Following() {
		talk.Scroll(18)
	}
	if rows := plainRows(talk); rows[19] != "line 20000." {
		t.Errorf("the last row is %q", rows[19])
	}
}

// What is being read stays where it is, whatever is loaded above and dropped below.
func TestTheScreenDoesNotMoveWhenPagesComeAndGo(t *testing.T) {
	a := archive(entries(1, 5000))
	talk := opened(t, a, 600)
	talk.Scroll(-30)
	for range 40 {
		talk.Scroll(-15)
		before := plainRows(talk)
		page := a.before(talk.Oldest(), 100)
		talk.Load(page)
		// Who stands above the first message is said by the page, if it is the same person.
		if now := plainRows(talk); !slices.Equal(now[2:], before[2:]) {
			t.Fatalf("after a page: %q, before: %q", now, before)
		}
		talk.SetEarlier(true)
		talk.Trim()
		if now := plainRows(talk); !slices.Equal(now[2:], before[2:]) {
			t.Fatalf("after dropping: %q, before: %q", now, before)
		}
	}
	if !talk.Later() {
		t.Error("nothing was dropped below")
	}
}

func TestWhatIsSaidWhileTheEndIsNotLoadedIsCountedOnceAndThere(t *testing.T) {
	a := archive(entries(1, 3000))
	talk := opened(t, a, 600)
	talk.Show(a[1000:1121], true, true)
	below := talk.Below()
	for i := range 3 {
		m := message(3001+uint64(i), 2, "new")
		a = append(a, history.Entry{Message: m})
		if !talk.Put(m) {
			t.Error("it is not new")
		}
		if talk.Put(m) { // its delivery has gone on
			t.Error("it is new twice")
		}
	}
	if talk.Below() != below+3 {
		t.Errorf("%d below, before: %d", talk.Below(), below)
	}
	mine := message(0, 1, "mine")
	mine.ID, mine.Pos, mine.State = rooms.MessageID{0xff}, rooms.Position{}, rooms.StateSending
	talk.Put(mine)
	talk.Follow()
	if !talk.WantsEnd() {
		t.Fatal("the end is not wanted")
	}
	talk.Show(a[len(a)-100:], true, false)
	if rows := plainRows(talk); talk.Later() || !talk.Following() || rows[19] == "" || rows[18] != "new" && rows[17] != "new" {
		t.Errorf("%q", rows)
	}
	if m, ok := talk.At(talk.Len() - 1).(*Message); !ok || m.ID != mine.ID {
		t.Error("what is being sent is not the last")
	}
}

// A page that was read before the last message came is not the end.
func TestAMessageBetweenThePageAndItsShowingIsNotLost(t *testing.T) {
	a := archive(entries(1, 1000))
	talk := opened(t, a, 600)
	talk.Show(a[:800], false, true)
	page := a.after(talk.Newest(), 300)
	late := message(1001, 2, "late")
	talk.Put(late)
	talk.LoadLater(page, true)
	if !talk.Later() {
		t.Fatal("it is taken for the end")
	}
	talk.LoadLater([]history.Entry{{Message: late}}, true)
	if talk.Later() || talk.Message(late.ID) == nil {
		t.Error("it is lost")
	}
}

func TestOursThatIsAcknowledgedOutsideOfTheWindowIsNotShownTwice(t *testing.T) {
	a := archive(entries(1, 1000))
	talk := opened(t, a, 600)
	talk.Show(a[:500], false, true)
	mine := message(1001, 1, "mine")
	waiting := mine
	waiting.Pos, waiting.State = rooms.Position{}, rooms.StateSending
	talk.Put(waiting)
	talk.Put(mine)
	a = append(a, history.Entry{Message: mine})
	talk.Follow()
	talk.Show(a[900:], true, false)
	n := 0
	for i := range talk.Len() {
		if m, ok := talk.At(i).(*Message); ok && m.ID == mine.ID {
			n++
		}
	}
	if n != 1 {
		t.Errorf("it is there %d times", n)
	}
}

func TestRulesOfGapsComeBackWithTheirPlace(t *testing.T) {
	a := archive(entries(1, 1000))
	talk := opened(t, a, 600)
	rule := NewRule(RuleGap, "missing", rooms.Position{Epoch: 1, Seq: 300})
	talk.Gap(rule)
	if talk.Index(rule) >= 0 {
		t.Error("it stands in a window that it is not in")
	}
	talk.Show(a[250:350], true, true)
	if i := talk.Index(rule); i < 0 || talk.At(i-1).Place().Seq != 300 {
		t.Errorf("it is at %d", i)
	}
	talk.Ungap(rule)
	talk.Show(a[:100], false, true)
	talk.Show(a[250:350], true, true)
	if talk.Index(rule) >= 0 {
		t.Error("it is back")
	}
}
