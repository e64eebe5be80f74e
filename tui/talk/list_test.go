// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui/styles"
	"kchat/tui/words"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newLook(t testing.TB) *Look {
	t.Helper()
	w, err := words.Load("en")
	if err != nil {
		t.Fatal(err)
	}
	return &Look{Styles: styles.New(styles.Dark(), styles.Options{}), Words: w, Zone: time.UTC, Compact: true, Me: 1}
}

func message(seq uint64, sender rooms.AccountID, words string) rooms.Message {
	return rooms.Message{
		Room: "lobby", ID: rooms.MessageID{byte(seq >> 24), byte(seq >> 16), byte(seq >> 8), byte(seq)},
		Pos: rooms.Position{Epoch: 1, Seq: seq}, Time: noon, Sender: sender, Name: fmt.Sprintf("p%d", sender),
		Kind: rooms.KindText, Text: words,
	}
}

func entries(from, to uint64) []history.Entry {
	var out []history.Entry
	for i := from; i <= to; i++ {
		out = append(out, history.Entry{Message: message(i, 2, fmt.Sprintf("line %d.", i))})
	}
	return out
}

func plainRows(t *Talk) []string {
	var out []string
	for _, row := range t.Draw() {
		out = append(out, strings.TrimSpace(ansi.Strip(row)))
	}
	return out
}

func newTalk(t testing.TB, width, height int) *Talk {
	talk := New(newLook(t))
	talk.SetSize(width, height)
	return talk
}

func TestTheNewestIsInSightUntilOneReads(t *testing.T) {
	l := newTalk(t, 40, 10)
	l.Load(entries(1, 60))
	if rows := plainRows(l); rows[9] != "line 60." || rows[0] != "line 51." {
		t.Fatalf("rows %q", rows)
	}
	l.Scroll(-5)
	l.Put(message(61, 2, "line 61."))
	if rows := plainRows(l); rows[9] != "line 55." {
		t.Fatalf("reading, but a new message moved it: %q", rows)
	}
	if l.Below() != 6 {
		t.Errorf("%d below", l.Below())
	}
	l.Scroll(100)
	if rows := plainRows(l); rows[9] != "line 61." || !l.Following() {
		t.Fatalf("rows %q", rows)
	}
}

func TestAHigherScreenIsFilledWhileReading(t *testing.T) {
	l := newTalk(t, 40, 10)
	l.Load(entries(1, 60))
	l.Draw()
	l.Scroll(-3)
	l.SetSize(40, 30)
	if rows := plainRows(l); rows[0] == "" || rows[29] != "line 60." {
		t.Errorf("rows %q", rows)
	}
}

func TestOlderMessagesDoNotMoveTheLineBeingRead(t *testing.T) {
	l := newTalk(t, 40, 10)
	l.Load(entries(101, 160))
	l.Draw()
	l.Scroll(-20)
	before := plainRows(l)
	l.Load(entries(1, 100))
	l.Begins("the beginning")
	if after := plainRows(l); !slices.Equal(before, after) {
		t.Errorf("%q became %q", before, after)
	}
	for !l.Scroll(-10) {
	}
	if rows := plainRows(l); !strings.Contains(rows[0], "the beginning") || rows[3] != "line 1." {
		t.Errorf("rows %q", rows)
	}
}

func TestMessagesStandInTheOrderOfTheirPlaces(t *testing.T) {
	l := newTalk(t, 40, 12)
	l.Put(message(5, 2, "five"))
	pending := message(0, 1, "mine")
	pending.Pos, pending.State = rooms.Position{}, rooms.StateSending
	pending.ID = rooms.MessageID{9, 9}
	l.Put(pending)
	l.Put(message(3, 2, "three"))
	l.Put(message(7, 2, "seven"))
	if got := strings.Join(said(l), " "); got != "three five seven mine" {
		t.Errorf("order %q", got)
	}
	pending.Pos, pending.State = rooms.Position{Epoch: 1, Seq: 6}, rooms.StateSent
	l.Put(pending)
	if got := strings.Join(said(l), " "); got != "three five mine seven" {
		t.Errorf("order after the acknowledgement %q", got)
	}
	if l.Put(message(7, 2, "seven")) {
		t.Error("the same message is new twice")
	}
}

func said(l *Talk) []string {
	var out []string
	for i := range l.Len() {
		if m, ok := l.At(i).(*Message); ok {
			out = append(out, m.words())
		}
	}
	return out
}

func TestOnlyAuthorsEditAndWithdraw(t *testing.T) {
	l := newTalk(t, 60, 10)
	edit := message(9, 2, "better words")
	edit.Kind, edit.Target = rooms.KindEdit, rooms.MessageID{0, 0, 0, 1}
	l.Put(edit) // before what it refers to
	l.Put(message(1, 2, "words"))
	forged := message(10, 3, "forged")
	forged.Kind, forged.Target = rooms.KindEdit, rooms.MessageID{0, 0, 0, 1}
	l.Put(forged)
	react := message(11, 3, "👍")
	react.Kind, react.Target = rooms.KindReact, rooms.MessageID{0, 0, 0, 1}
	l.Put(react)
	l.Put(react)
	all := strings.Join(plainRows(l), "\n")
	if !strings.Contains(all, "better words (edited)") || strings.Contains(all, "forged") || !strings.Contains(all, "👍 1") {
		t.Errorf("rows\n%s", all)
	}
	withdrawn := message(12, 2, "")
	withdrawn.Kind, withdrawn.Target = rooms.KindDelete, rooms.MessageID{0, 0, 0, 1}
	l.Put(withdrawn)
	if all := strings.Join(plainRows(l), "\n"); strings.Contains(all, "better words") || !strings.Contains(all, "deleted by its author") {
		t.Errorf("rows\n%s", all)
	}
}

func TestRowsNeverAreWiderThanTheList(t *testing.T) {
	for _, width := range []int{1, 2, 5, 20, 43, 160} {
		l := newTalk(t, width, 50)
		l.Put(message(1, 2, "안녕하세요 everybody, 여기는 커널입니다. supercalifragilistic"))
		m := message(2, 1, "mine")
		m.State, m.Failure = rooms.StateFailed, "the room is full of people"
		l.Put(m)
		pic := message(3, 2, "look")
		pic.Attached = &rooms.Attachment{Name: "고양이.png", MIME: "image/png", Width: 640, Height: 480, Size: 12345}
		l.Put(pic)
		l.Message(pic.ID).Picture().SetProgress(0.4, true)
		l.Note(NewNote(NoteInfo, "a note that is quite long", noon))
		for _, row := range l.Draw() {
			if w := ansi.StringWidth(row); width >= 20 && w > width {
				t.Errorf("width %d: %q is %d wide", width, row, w)
			}
		}
	}
}

func TestAPictureKeepsItsHeightWhenThePixelsCome(t *testing.T) {
	l := newTalk(t, 60, 40)
	pic := message(1, 2, "look")
	pic.Attached = &rooms.Attachment{Name: "cat.png", MIME: "image/png", Width: 640, Height: 480, Size: 12345}
	l.Put(pic)
	l.Draw()
	before := len(l.rows(0))
	p := l.Message(pic.ID).Picture()
	w, h, wants := p.Wants()
	if !wants || w == 0 || h == 0 {
		t.Fatalf("wants %v, %dx%d", wants, w, h)
	}
	p.SetCells(w, h, slices.Repeat([]string{strings.Repeat("▀", w)}, h), nil)
	if after := len(l.rows(0)); after != before {
		t.Errorf("%d rows became %d", before, after)
	}
	if _, _, wants := p.Wants(); wants {
		t.Error("wants to be drawn again")
	}
}

func benchmarkTalk(b *testing.B) *Talk {
	l := newTalk(b, 100, 40)
	l.look.Compact = false
	all := make([]history.Entry, 0, 100_000)
	for i := range uint64(100_000) {
		m := message(i+1, rooms.AccountID(2+i/3%5), "커널 안에서 도는 채팅, and a few more words to be wrapped somewhere behind the edge of the screen.")
		m.Time = noon.Add(time.Duration(i) * 20 * time.Second)
		all = append(all, history.Entry{Message: m})
	}
	l.Load(all)
	return l
}

// The room is scrolled through from its newest message upwards, a wheel notch at a time.
func BenchmarkScroll100000(b *testing.B) {
	l := benchmarkTalk(b)
	b.ReportAllocs()
	for b.Loop() {
		if l.Scroll(-3) {
			l.Follow()
		}
		l.Draw()
	}
}

// Nothing has changed since the last drawing.
func BenchmarkRedraw100000(b *testing.B) {
	l := benchmarkTalk(b)
	for b.Loop() {
		l.Draw()
	}
}

// A message comes while one reads the newest.
func BenchmarkAppend100000(b *testing.B) {
	l := benchmarkTalk(b)
	seq := uint64(100_000)
	for b.Loop() {
		seq++
		l.Put(message(seq, 2, "one more line"))
		l.Draw()
	}
}

func strippedOf(row string) string { return ansi.Strip(row) }

func widthOf(row string) int { return ansi.StringWidth(row) }
