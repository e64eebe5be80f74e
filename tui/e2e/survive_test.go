// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// However the program is ended, what was typed is there next time, and so are the words that were not sent.
func TestWhateverEndsTheProgramDraftAndOutboxAreKept(t *testing.T) {
	for name, end := range map[string]func(*person){
		"SIGTERM":         func(p *person) { p.Signal(syscall.SIGTERM) },
		"SIGHUP":          func(p *person) { p.Signal(syscall.SIGHUP) },
		"SIGINT":          func(p *person) { p.Signal(syscall.SIGINT) },
		"closed terminal": func(p *person) { p.HangUp() },
		"Ctrl+C twice":    func(p *person) { p.Key("ctrl+c", "ctrl+c") },
	} {
		t.Run(name, func(t *testing.T) {
			line := newCable(t, people.Server(t).Addr)
			ben := people.Start(t, "ben")
			anna := people.Start(t, "anna", through(line))
			ben.Shows("2 here")
			line.Cut()
			anna.Shows("connection lost")
			anna.Say("written in the dark")
			anna.Type("half a thought, 반쯤")
			anna.Shows("written in the dark", "half a thought, 반쯤")
			end(anna)
			anna.Ends()
			line.Mend()
			anna.Again()
			anna.Shows("written in the dark", "› half a thought, 반쯤")
			ben.Shows("written in the dark")
			if n := strings.Count(ben.Screen(), "written in the dark"); n != 1 {
				t.Errorf("it was said %d times; the screen is\n%s", n, ben.Screen())
			}
		})
	}
}

func TestWhatIsWrittenWithoutAConnectionIsSentLater(t *testing.T) {
	line := newCable(t, people.Server(t).Addr)
	ben, anna := people.Start(t, "ben"), people.Start(t, "anna", through(line))
	people.stranger(t, "eve", ben.Room) // with whom ben talks on
	anna.Shows("3 here")
	anna.Say("before")
	ben.Shows("before")
	line.Cut()
	anna.Shows("connection lost")
	ben.Say("said meanwhile")
	anna.Say("first in the dark")
	anna.Say("second in the dark")
	line.Mend()
	anna.Shows("said meanwhile")
	ben.Shows("first in the dark", "second in the dark")
	if screen := ben.Screen(); strings.Index(screen, "first in") > strings.Index(screen, "second in") {
		t.Errorf("out of order:\n%s", screen)
	}
	anna.Shows("1/2") // eve says nothing of what she has
}

// Two windows of one user have one history, and write it at the same time: nothing is lost and nothing is there twice.
func TestTwoWindowsOfOneUserWriteOneHistory(t *testing.T) {
	first := people.Start(t, "anna")
	second := people.Start(t, "anna", sharing(first))
	eve := people.stranger(t, "eve", first.Room)
	first.Shows("2 here")
	second.Shows("2 here")
	const lines = 200
	for i := range lines {
		eve.says(fmt.Sprintf("line %03d.", i))
		switch i {
		case lines / 3:
			first.Say("from the first window")
		case 2 * lines / 3:
			second.Say("from the second window")
		}
	}
	last := fmt.Sprintf("line %03d.", lines-1)
	first.Shows(last)
	second.Shows(last)
	first.Quit()
	second.Quit()
	seen := map[string]int{}
	for line := range strings.Lines(first.does("history", "show", first.Room, "-n", "1000", "--json")) {
		var m struct{ Text string }
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		seen[m.Text]++
	}
	want := []string{"from the first window", "from the second window"}
	for i := range lines {
		want = append(want, fmt.Sprintf("line %03d.", i))
	}
	for _, text := range want {
		if seen[text] != 1 {
			t.Errorf("%q is kept %d times", text, seen[text])
		}
	}
}

// The terminal is resized wildly while people talk and one types: the program goes on, the screen is in form at the end,
// and what was typed is all there.
func TestAnySizeWhileOneTalksAndTypes(t *testing.T) {
	anna, eve := people.Start(t, "anna"), people.stranger(t, "eve", people.roomOf(t))
	anna.Shows("2 here")
	form := inForm(anna)
	typed := "all that is typed while the window moves 모두 stays"
	sizes := [][2]int{{20, 5}, {500, 200}, {1, 1}, {3, 40}, {200, 2}, {60, 20}}
	random := rand.New(rand.NewPCG(5, 106))
	for i, r := range []rune(typed) {
		size := [2]int{1 + random.IntN(200), 1 + random.IntN(60)}
		if i < len(sizes) {
			size = sizes[i]
		}
		anna.Resize(size[0], size[1])
		anna.Type(string(r))
		if i%4 == 0 {
			eve.says(fmt.Sprintf("word %d ", i) + strings.Repeat("안녕하세요 and more ", 20))
		}
		if i%10 == 0 {
			anna.Key("f4", "f4") // what lies over the talk is laid out anew too
		}
	}
	anna.Resize(100, 30)
	eve.says("the last word")
	anna.Shows("the last word", "› "+typed)
	anna.Until("the screen to be in form", func(string) bool { return slices.Equal(walls(anna), form) })
	anna.Key("enter")
	anna.ShowsNot("› " + typed)
	anna.Shows(typed)
	anna.Quit()
}

// On the smallest screen one reads, writes and is told what happens.
func TestTwentyColumnsAndFiveRowsAreEnoughToTalk(t *testing.T) {
	ben := people.Start(t, "ben")
	anna := people.Start(t, "anna", sized(20, 5))
	ben.Shows("2 here")
	ben.Say("hi, 안녕")
	anna.Shows("hi, 안녕")
	anna.Type("small")
	anna.Shows("small")
	anna.Key("enter")
	ben.Shows("small")
	anna.Quit()
}
