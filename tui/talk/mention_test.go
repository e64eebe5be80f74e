// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"kchat/rooms"
)

// rowWith is the row of the talk that has words in it, with its styles.
func rowWith(t *testing.T, l *Talk, words string) string {
	t.Helper()
	for _, row := range l.Draw() {
		if strings.Contains(ansi.Strip(row), words) {
			return row
		}
	}
	t.Fatalf("%q is not shown", words)
	return ""
}

// barred reports whether the bar of a mention stands before a row.
func barred(l *Talk, row string) bool {
	return strings.HasPrefix(row, l.look.Styles.MentionMark.Render(l.look.Styles.Glyphs.Mark))
}

func TestAMessageThatNamesItsReaderIsMarked(t *testing.T) {
	l := newTalk(t, 40, 20)
	l.look.Name = "anna"
	l.Put(message(1, 2, "Anna, look"))
	l.Put(message(2, 2, "a banana"))
	l.Put(message(3, 1, "I am anna"))
	named := rowWith(t, l, "Anna, look")
	if !barred(l, named) || !strings.Contains(named, l.look.Styles.Mention.Render("Anna")) {
		t.Errorf("not marked: %q", named)
	}
	for _, words := range []string{"a banana", "I am anna"} {
		if row := rowWith(t, l, words); barred(l, row) {
			t.Errorf("marked: %q", row)
		}
	}
}

func TestAnEditDecidesAnewWhomAMessageNames(t *testing.T) {
	l := newTalk(t, 40, 20)
	l.look.Name = "anna"
	l.Put(message(1, 2, "bert, look"))
	l.Put(message(2, 2, "anna, come"))
	l.Draw()
	edit := func(seq, of uint64, words string) {
		m := message(seq, 2, words)
		m.Kind, m.Target = rooms.KindEdit, message(of, 2, "").ID
		l.Put(m)
	}
	edit(3, 1, "anna, look")
	edit(4, 2, "bert, come")
	if row := rowWith(t, l, "anna, look"); !barred(l, row) {
		t.Errorf("not marked: %q", row)
	}
	if row := rowWith(t, l, "bert, come"); barred(l, row) {
		t.Errorf("still marked: %q", row)
	}
	withdrawn := message(5, 2, "")
	withdrawn.Kind, withdrawn.Target = rooms.KindDelete, message(1, 2, "").ID
	l.Put(withdrawn)
	for _, row := range l.Draw() {
		if barred(l, row) {
			t.Errorf("what was withdrawn is marked: %q", row)
		}
	}
}

func TestAnActionIsOneSentence(t *testing.T) {
	l := newTalk(t, 30, 20)
	l.Put(message(1, 2, "hello"))
	l.Put(message(2, 2, "/me waves at all the others in the room"))
	l.Put(message(3, 2, "/me sits"))
	l.Put(message(4, 2, "there"))
	l.Put(message(5, 2, "/mean"))
	l.Put(message(6, 2, "/me  "))
	rows := plainRows(l)
	got := strings.Join(rows[len(rows)-10:], "\n")
	want := strings.Join([]string{
		"p2  12:00", "hello", "* p2 waves at all the", "others in the room  12:00", "* p2 sits", "p2  12:00", "there", "/mean", "/me", "",
	}, "\n")
	if strings.TrimSpace(got) != strings.TrimSpace(want) && !strings.HasSuffix(strings.TrimSpace(strings.Join(rows, "\n")), strings.TrimSpace(want)) {
		t.Errorf("the rows are\n%s\nnot\n%s", strings.Join(rows, "\n"), want)
	}
}

func TestWhatIsNewIsCountedUntilTheDividerWasSeen(t *testing.T) {
	l := newTalk(t, 40, 10)
	l.Load(entries(1, 22))
	l.Divide(rooms.Position{Epoch: 1, Seq: 20})
	l.Draw()
	if n := l.NewAbove(true); n != 0 {
		t.Errorf("%d are new above the screen on which the divider is", n)
	}
	for i := uint64(23); i <= 60; i++ { // it comes too fast for anybody to have seen the divider
		l.Put(message(i, 2, fmt.Sprintf("line %d.", i)))
	}
	l.Draw()
	if n := l.NewAbove(false); n < 30 || n > 40 {
		t.Errorf("%d are new above the screen", n)
	}
	if !l.ToDivider() {
		t.Fatal("there is no divider")
	}
	rows := plainRows(l)
	if !strings.Contains(rows[0]+rows[1], "new") || !strings.Contains(strings.Join(rows, "\n"), "line 21.") || strings.Contains(strings.Join(rows, "\n"), "line 20.") {
		t.Errorf("the divider is not above what is new: %q", rows)
	}
	l.Follow()
	l.Draw()
	if n := l.NewAbove(false); n != 0 {
		t.Errorf("%d are new above, though they were seen", n)
	}
	l.Divide(rooms.Position{})
	if l.Divided() || l.ToDivider() {
		t.Error("the divider is still there")
	}
	if after := l.After(rooms.Position{Epoch: 1, Seq: 58}); len(after) != 2 || after[0].Pos.Seq != 59 {
		t.Errorf("after 58: %v", after)
	}
}

func TestWhoeverIsMeantIsToldSoWhateverTheWordsSay(t *testing.T) {
	l := newTalk(t, 40, 20)
	l.look.Name = "anna"
	meant := message(1, 2, "you there")
	meant.Mentions = []rooms.AccountID{l.look.Me}
	other := message(2, 2, "and you")
	other.Mentions = []rooms.AccountID{99}
	l.Put(meant)
	l.Put(other)
	if row := rowWith(t, l, "you there"); !barred(l, row) {
		t.Errorf("not marked: %q", row)
	}
	if row := rowWith(t, l, "and you"); barred(l, row) {
		t.Errorf("marked: %q", row)
	}
	edit := message(3, 2, "nobody in particular")
	edit.Kind, edit.Target = rooms.KindEdit, meant.ID
	l.Put(edit)
	if row := rowWith(t, l, "nobody in"); barred(l, row) {
		t.Errorf("marked after an edit: %q", row)
	}
}
