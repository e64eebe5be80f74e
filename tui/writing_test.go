// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/text/unicode/norm"

	"kchat/rooms"
)

const (
	altP   = "\x1bp"
	altN   = "\x1bn"
	altE   = "\x1be"
	ctrlO  = "\x0f"
	ctrlJ  = "\n"
	ctrlU  = "\x15"
	back   = "\x7f"
	altEnt = "\x1b\r"
)

// sends waits until the room was told something.
func (s *stage) sends(want ...string) {
	s.t.Helper()
	s.until(fmt.Sprintf("%q to be sent", want), func() bool { return slices.Equal(s.client.drafts(), want) })
}

func TestEnterSendsAndTheOtherEntersBreakTheLine(t *testing.T) {
	s := inCompany(t)
	s.type_("one" + altEnt + "two" + ctrlJ + "three\x1b[13;2ufour")
	s.wait("› one", "two", "three", "four")
	s.press(enter)
	s.sends("one\ntwo\nthree\nfour")
}

func TestTheComposerGrowsToABoundAndScrolls(t *testing.T) {
	s := inCompany(t)
	for i := range composerRows + 4 {
		s.type_(fmt.Sprintf("line%d%s", i, ctrlJ))
	}
	s.type_("end")
	s.wait("line9", "end")
	if screen := s.term.Screen(); strings.Contains(screen, "line1 ") || strings.Count(screen, "line") > composerRows {
		t.Errorf("more than %d rows:\n%s", composerRows, screen)
	}
}

func TestWhatIsPutIntoTheComposerIsSeenWhereTheCursorIs(t *testing.T) {
	s := inCompany(t)
	var lines []string
	for i := range composerRows + 4 {
		lines = append(lines, fmt.Sprintf("line%d", i))
	}
	s.type_(strings.Join(lines, altEnt) + enter)
	s.sends(strings.Join(lines, "\n"))
	s.press(altP)
	s.wait("│   line9 ")
	if y := s.term.Cursor().Y; !strings.Contains(strings.Split(s.term.Screen(), "\n")[y], "line9") {
		t.Errorf("the cursor is in row %d:\n%s", y, s.term.Screen())
	}
}

func TestTheHelpNamesOnlyTheEntersThatThisTerminalDelivers(t *testing.T) {
	s := inCompany(t)
	s.press(f1)
	s.wait("COMMANDS")
	s.press("\x1b[F", "\x1b[5~", "\x1b[5~") // the end, and up to the keys
	s.until("the keys", func() bool { s.press("\x1b[A"); return strings.Contains(s.term.Screen(), "Alt+Enter, Ctrl+J") })
	if strings.Contains(s.term.Screen(), "Shift/Alt") {
		t.Error("a terminal that tells nothing has Shift+Enter")
	}
	s.program.Send(tea.KeyboardEnhancementsMsg{Flags: 1})
	s.wait("Shift/Alt+Enter, Ctrl+J")
}

func TestWhatWasSentIsRecalledAndWhatIsBeingWrittenComesBack(t *testing.T) {
	s := inCompany(t)
	s.happen(rooms.MessageChanged{Message: said(2, s.client.me, "from before")})
	s.wait("from before")
	s.type_("first" + enter)
	s.type_("second" + enter)
	s.sends("first", "second")
	s.type_("in the middle")
	s.wait("› in the middle")
	s.press(altP)
	s.wait("› second")
	s.press(altP)
	s.wait("› first")
	s.press(altP)
	s.wait("› from before")
	s.press(altP, altN)
	s.wait("› first")
	s.press(altN, altN)
	s.wait("› in the middle")
	s.press(altP, enter)
	s.sends("first", "second", "second")
}

func TestRecallKnowsTheRoomAndWhatASlashMeans(t *testing.T) {
	s := inCompany(t)
	s.happen(rooms.MessageChanged{Message: said(2, s.client.me, "/etc is where it is")})
	s.wait("/etc is where it is")
	s.type_("good :tada:" + enter)
	s.sends("good 🎉")
	s.press(altP)
	s.wait("› good 🎉")
	s.press(altP)
	s.wait("› //etc is where it is")
	s.press(altN, altN)
	s.gone("› good 🎉")
	s.type_("/join attic" + enter)
	s.wait("Only you are in #attic")
	s.press(altP)
	s.settle()
	s.wait("› Nobody else is here.") // nothing was said in this room
}

func TestShortcodesAreEmojiWhenSentAndWhenCompleted(t *testing.T) {
	s := inCompany(t)
	s.type_("good :tada: `:tada:`" + enter)
	s.sends("good 🎉 `:tada:`")
	s.type_("so :rocke")
	s.wait("🚀 :rocket:")
	s.press(tab)
	s.wait("› so 🚀")
	s.press(enter)
	s.sends("good 🎉 `:tada:`", "so 🚀")
}

func TestEscSendsTheOffersAwayUntilTheNextWord(t *testing.T) {
	s := inCompany(t)
	s.type_(":rock")
	s.wait(":rocket:")
	s.press(esc)
	s.gone(":rocket:")
	s.type_("e")
	s.wait("› :rocke")
	s.settle()
	if strings.Contains(s.term.Screen(), ":rocket:") {
		t.Error("it is offered again for the same word")
	}
	s.type_(" :rock")
	s.wait(":rocket:")
}

func TestTheEmojiPickerFindsAndRemembers(t *testing.T) {
	kept := &fakeRecent{all: []string{"🐧"}}
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Recent = kept })
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.type_("so ")
	s.press(altE)
	s.wait("Emoji", "[🐧]", ":penguin:")
	s.type_("rocket")
	s.wait("[🚀]", ":rocket:  rocket")
	s.golden("emoji-100x30")
	s.press(enter)
	s.wait("› so 🚀")
	s.until("it to be remembered", func() bool { return slices.Equal(kept.saved(), []string{"🚀", "🐧"}) })
	s.type_(enter)
	s.sends("so 🚀")
	// With the mouse.
	s.type_("/emoji")
	s.press(enter)
	s.wait("[🚀]")
	s.click("🐧")
	s.wait("› 🐧")
}

func TestAClickTakesAnOffer(t *testing.T) {
	s := inCompany(t)
	s.type_("/jo")
	s.click("/join ROOM")
	s.wait("› /join ")
}

func TestBackspaceTakesAWholeEmojiAndAWholeSyllable(t *testing.T) {
	s := inCompany(t)
	s.type_("ab👨\u200d👩\u200d👧각")
	s.press(back, back)
	s.type_("c" + enter)
	s.sends("abc")
}

func TestTheEditorOfTheUserWritesTheMessage(t *testing.T) {
	editor := filepath.Join(t.TempDir(), "my editor")
	script := "#!/bin/sh\ngrep -q '^draft$' \"$2\" || exit 3\n[ \"$1\" = --wait ] || exit 4\nprintf 'draft, edited\\nin two lines\\n' > \"$2\"\n"
	if err := os.WriteFile(editor, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Editor = "'" + editor + "' --wait" })
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.type_("draft")
	s.wait("› draft")
	s.press(ctrlO)
	s.wait("› draft, edited", "in two lines")
	if left, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "kchat-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestAnEditorThatFailsOrIsMissingSaysSoAndTheTextStays(t *testing.T) {
	for command, want := range map[string]string{
		"no-such-editor": "no-such-editor: command not found",
		"false":          "false: exit status 1",
		"":               "There is no editor here. Set $VISUAL or $EDITOR",
	} {
		t.Run(command, func(t *testing.T) {
			s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Editor = command })
			s.logIn()
			s.company(joon)
			s.wait("2 here")
			s.type_("precious")
			s.wait("› precious")
			s.press(ctrlO)
			s.wait(want, "› precious")
		})
	}
}

func TestAPasteThatNeverEndsSwallowsNoKeys(t *testing.T) {
	now := noon
	g := &pasteGuard{now: func() time.Time { return now }}
	read := func(words string) string {
		p := make([]byte, 4096)
		return string(p[:g.guard(p, copy(p, words))])
	}
	read("\x1b[20") // a mark that was cut in two
	read("0~half a paste")
	if got := read("x"); got != "x" {
		t.Errorf("within the paste %q", got)
	}
	now = now.Add(pasteStalls)
	if got := read("more of the paste, late, in one piece"); strings.Contains(got, pasteEnds) {
		t.Errorf("a late piece ended it: %q", got)
	}
	now = now.Add(pasteStalls)
	if got := read("\r"); got != pasteEnds+"\r" {
		t.Errorf("a key after the silence is %q", got)
	}
	if got := read("y"); got != "y" {
		t.Errorf("the next key is %q", got)
	}
	now = now.Add(pasteStalls)
	read(pasteBegins + "whole" + pasteEnds)
	now = now.Add(pasteStalls)
	if got := read("z"); got != "z" {
		t.Errorf("after a whole paste %q", got)
	}
}

func TestTheProgramReadsThroughTheGuard(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	now := noon
	g := &pasteGuard{File: r, now: func() time.Time { return now }}
	p := make([]byte, 4096)
	for _, step := range []struct{ typed, read string }{{pasteBegins + "half", pasteBegins + "half"}, {"x", pasteEnds + "x"}, {"y", "y"}} {
		if _, err := w.WriteString(step.typed); err != nil {
			t.Fatal(err)
		}
		n, err := g.Read(p)
		if err != nil || string(p[:n]) != step.read {
			t.Errorf("%q is read as %q, %v", step.typed, p[:n], err)
		}
		now = now.Add(pasteStalls)
	}
}

func TestPathsAreCompletedHoweverTheSystemKeepsTheirNames(t *testing.T) {
	dir := folderWith(t, norm.NFD.String("여름")+"/"+norm.NFD.String("바다 사진.png"), "it's.txt")
	for typed, want := range map[string]string{
		dir + "/여":       dir + "/여름/",
		dir + "/여름/바":    dir + `/여름/바다\ 사진.png`,
		dir + `/여름/바다\ `: dir + `/여름/바다\ 사진.png`,
		dir + "/it":      dir + `/it\'s.txt`,
	} {
		got := pathsLike(typed)
		if len(got) != 1 || got[0].insert != want {
			t.Errorf("%q goes on with %v, not %q", typed, got, want)
			continue
		}
		if !strings.HasSuffix(want, "/") {
			if _, found := fileOf(pathsIn(got[0].insert)); !found {
				t.Errorf("%q leads nowhere", got[0].insert)
			}
		}
	}
}

func TestASpaceWithinAPathDoesNotEndTheWord(t *testing.T) {
	dir := folderWith(t, "two words.txt")
	s := inCompany(t)
	s.type_("/send-file " + dir + `/two\ w`)
	s.wait("two words.txt")
	s.press(tab)
	s.wait(`two\ words.txt`)
}

// fakeRecent remembers emoji in memory.
type fakeRecent struct {
	mu  sync.Mutex
	all []string
}

func (f *fakeRecent) Load() ([]string, error) { return f.saved(), nil }

func (f *fakeRecent) Save(all []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = all
	return nil
}

func (f *fakeRecent) saved() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.all)
}
