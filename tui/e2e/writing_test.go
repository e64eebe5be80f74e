// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"
	"golang.org/x/text/unicode/norm"
)

// below reports whether lines stand one below the other on the screen, each at the same column.
func (p *person) below(lines ...string) bool {
	x, y, found := p.Find(lines[0])
	for i, line := range lines {
		at, row, is := p.Find(line)
		found = found && is && at == x && row == y+i
	}
	return found
}

func TestAMessageHasManyLines(t *testing.T) {
	anna, ben := two(t, answering(map[string]string{"\x1b[?u": "\x1b[?1u"})) // a terminal with kitty's keys
	anna.Type("first")
	anna.Key("alt+enter")
	anna.Type("second")
	anna.Key("ctrl+j")
	anna.Type("third")
	anna.Key("shift+enter")
	anna.Type("fourth")
	anna.Shows("› first", "fourth")
	anna.Key("enter")
	ben.Shows("fourth")
	if !ben.below("first", "second", "third", "fourth") {
		t.Errorf("the lines are not below each other:\n%s", ben.Screen())
	}
	anna.Paste("pasted one\npasted two\npasted three")
	anna.Shows("3 lines", "keep the lines")
	anna.Key("enter")
	anna.Shows("› pasted one", "pasted three")
	anna.Key("enter")
	ben.Shows("pasted three")
	if !ben.below("pasted one", "pasted two", "pasted three") {
		t.Errorf("the pasted lines are not below each other:\n%s", ben.Screen())
	}
}

func TestTheHelpTellsOnlyOfKeysThatTheTerminalDelivers(t *testing.T) {
	for answer, with := range map[string]bool{"\x1b[?1u": true, "": false} {
		answers := map[string]string{}
		if answer != "" {
			answers["\x1b[?u"] = answer
		}
		anna := people.Start(t, "anna", answering(answers), sized(100, 150)) // the whole help
		anna.Key("f1")
		anna.Shows("COMMANDS", "Alt+Enter, Ctrl+J")
		if has := strings.Contains(anna.Screen(), "Shift/Alt+Enter"); has != with {
			t.Errorf("Shift+Enter is in the help: %v, want %v", has, with)
		}
		anna.Key("esc")
		anna.ShowsNot("COMMANDS")
		anna.Quit()
	}
}

func TestDraftsOfSeveralRoomsOutliveTheProgram(t *testing.T) {
	anna, _ := two(t)
	anna.Type("a draft for the first room")
	anna.Shows("› a draft for the first room")
	anna.Key("ctrl+k")
	anna.Type("garret")
	anna.Shows("join #garret")
	anna.Key("enter")
	anna.Shows("#garret", "only you")
	anna.Type("다락방에 쓸 말")
	anna.Shows("› 다락방에 쓸 말")
	anna.Signal(syscall.SIGTERM)
	anna.Again()
	show := func(room, draft string) {
		anna.Key("ctrl+k")
		anna.Shows("Go to a room")
		anna.Type(room)
		anna.Key("enter")
		anna.Shows("› " + draft)
	}
	show("garret", "다락방에 쓸 말")
	show(anna.Room, "a draft for the first room")
}

func TestWhatOneSentIsRecalled(t *testing.T) {
	anna, ben := two(t)
	anna.Say("the first thing")
	anna.Say("the second thing")
	ben.Shows("the second thing")
	anna.Type("being written")
	anna.Shows("› being written")
	anna.Key("alt+p")
	anna.Shows("› the second thing")
	anna.Key("alt+p")
	anna.Shows("› the first thing")
	anna.Key("alt+n", "alt+n")
	anna.Shows("› being written")
	anna.Key("ctrl+up", "ctrl+up", "enter")
	ben.Until("it to be said twice", func(screen string) bool { return strings.Count(screen, "the first thing") == 2 })
	anna.Quit()
	anna.Again() // what is in the history can be recalled too
	anna.Shows("the second thing")
	anna.Key("alt+p", "alt+p")
	anna.Shows("› the second thing")
}

func TestOnesOwnEditorWritesTheMessage(t *testing.T) {
	editor := filepath.Join(t.TempDir(), "editor")
	script := `#!/bin/sh
[ -t 0 ] && [ -t 1 ] || exit 5   # it has the terminal itself
case "$(cat "$1")" in
*fail*) exit 7 ;;
esac
printf 'edited: ' > "$1.new"
cat "$1" >> "$1.new"
printf '\nsecond line\n' >> "$1.new"
mv "$1.new" "$1"
`
	if err := os.WriteFile(editor, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	anna, ben := two(t, withEnv("VISUAL=", "EDITOR="+editor))
	anna.Type("a draft")
	anna.Shows("› a draft")
	anna.Key("ctrl+o")
	anna.Shows("› edited: a draft", "second line")
	anna.Key("enter")
	ben.Shows("edited: a draft", "second line")
	anna.Type("this will fail")
	anna.Shows("› this will fail")
	anna.Key("ctrl+o")
	anna.Shows("exit status 7", "› this will fail")
}

func TestWhatIsTypedIsCompleted(t *testing.T) {
	anna, ben := two(t)
	folder := t.TempDir()
	name := norm.NFD.String("여름 바다") + ".txt" // as macOS keeps names
	if err := os.WriteFile(filepath.Join(folder, name), []byte("sea\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	anna.Type("@b")
	anna.Shows("@ben")
	anna.Key("tab")
	anna.Shows("› @ben ")
	anna.Key("ctrl+u")
	anna.Type("#roo")
	anna.Shows("▌ #" + anna.Room)
	anna.Key("tab")
	anna.Shows("› #room")
	anna.Key("ctrl+u")
	anna.Type("/send-f")
	anna.Shows("any file")
	anna.Key("tab")
	anna.Shows("› /send-file")
	anna.Type(folder + "/여")
	anna.Shows("여름 바다.txt")
	anna.Key("tab")
	anna.Shows(`여름\`, "바다.txt")
	anna.ShowsNot("▌ 여름 바다.txt")
	anna.Key("enter")
	ben.Shows("여름 바다.txt")
	// What is offered is taken with the mouse, too.
	anna.Type("/he")
	anna.Shows("› /he", "▌ /help")
	anna.ClickOn("▌ /help")
	anna.Shows("› /help")
	anna.Key("ctrl+u")
	anna.Type("/jion attic")
	anna.Key("enter")
	anna.Shows("Did you mean /join?")
}

func TestEmojiByShortcodeAndFromThePicker(t *testing.T) {
	anna, ben := two(t)
	anna.Type("great :tada: `:tada:`")
	anna.Key("enter")
	ben.Shows("great 🎉 :tada:")
	anna.Type("off we go :rocke")
	anna.Shows("🚀 :rocket:")
	anna.Key("tab")
	anna.Shows("› off we go 🚀")
	anna.Key("enter")
	ben.Shows("off we go 🚀")
	anna.Key("alt+e")
	anna.Shows("Emoji", "[🚀]") // it was used last
	anna.Type("펭귄")
	anna.Shows("[🐧]", ":penguin:")
	anna.Key("enter")
	anna.Shows("› 🐧")
	anna.Key("enter")
	ben.Shows("🐧")
	anna.Quit()
	anna.Again()
	anna.Type("/emoji")
	anna.Key("enter")
	anna.Shows("[🐧] 🚀")
	anna.ClickOn("🚀 ")
	anna.Shows("› 🚀")
}

// An input method may hand over the last syllable after the Enter that ended it.
func TestHangulHalfComposedAtEnterIsComplete(t *testing.T) {
	anna, ben := two(t)
	anna.Type("안녕하세\r요")
	ben.Shows("안녕하세요")
	anna.Shows("Write to")
}

// cell is what stands where s begins on the screen.
func (p *person) cell(s string) *uv.Cell {
	p.t.Helper()
	x, y, found := p.Find(s)
	if !found {
		p.t.Fatalf("%q is not on the screen:\n%s", s, p.Screen())
	}
	var cell *uv.Cell
	p.Do(func(e *vt.Emulator) { cell = e.CellAt(x, y).Clone() })
	return cell
}

func TestMarkedWordsAndCodeAreShownAsSuch(t *testing.T) {
	anna, ben := two(t)
	anna.Paste("**heavy** *leaning* ~~gone~~ `inline`\n> quoted by anna\n- an item\n```go\nfunc main() { return \"str\" } // why\n```")
	anna.Shows("keep the lines")
	anna.Key("enter")
	anna.Shows("› **heavy**", "func main()") // what is written is what is sent
	anna.Key("enter")
	ben.Shows("heavy leaning gone inline", "│ quoted by anna", "• an item", "│ func main()")
	for words, attribute := range map[string]uint8{"heavy": uv.AttrBold, "leaning": uv.AttrItalic, "gone": uv.AttrStrikethrough} {
		if ben.cell(words).Style.Attrs&attribute == 0 {
			t.Errorf("%s looks like any word", words)
		}
	}
	colors := make(map[any]string)
	for _, words := range []string{"heavy", "func", "\"str\"", "// why"} {
		color := ben.cell(words).Style.Fg
		if same, twice := colors[color]; twice {
			t.Errorf("%s and %s have one colour", words, same)
		}
		colors[color] = words
	}
	if ben.cell("inline").Style.Fg == ben.cell("heavy").Style.Fg {
		t.Error("code within words looks like any word")
	}
}

func TestLinksSurviveWrapping(t *testing.T) {
	anna := people.Start(t, "anna")
	ben := people.Start(t, "ben", sized(60, 20))
	anna.Shows("2 here")
	const target = "https://example.com/a/path/that/is/too/long/for/one/row/of/the/screen/of/ben"
	anna.Say("see " + target + " and [the docs](https://kernel.org/doc) now")
	ben.Shows("the docs (kernel.org) now")
	first, firstID := ben.link("https://example")
	second, secondID := ben.link("of/ben")
	if first != target || second != target || !strings.HasPrefix(secondID, firstID) || !strings.HasPrefix(firstID, "id=k") {
		t.Errorf("the rows lead to %s (%s) and %s (%s)", first, firstID, second, secondID)
	}
	if docs, id := ben.link("the docs"); docs != "https://kernel.org/doc" || strings.HasPrefix(id, firstID) {
		t.Errorf("the docs lead to %s (%s)", docs, id)
	}
	if to, _ := ben.link(" now"); to != "" {
		t.Errorf("what is no link leads to %s", to)
	}
}

// link is where the words lead that begin on the screen as s does, and by which parameters. The emulator keeps the two
// the other way round.
func (p *person) link(s string) (target, params string) {
	p.t.Helper()
	link := p.cell(s).Link
	if strings.HasPrefix(link.URL, "id=") {
		return link.Params, link.URL
	}
	return link.URL, link.Params
}
