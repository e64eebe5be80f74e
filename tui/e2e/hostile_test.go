// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/vt"
	"golang.org/x/text/unicode/norm"

	"kchat/tui/screentest"
	"kchat/wire"
)

// attacks are texts made to break a terminal or the screen of the one who reads them.
var attacks = map[string]string{
	"a title, a cleared screen, a reset":    "\x1b]0;pwned\x07\x1b[2J\x1b[H\x1bc",
	"the clipboard":                         "\x1b]52;c;cHduZWQ=\x1b\\",
	"sequences in C1":                       "\u009b2J\u009d0;pwned\u009c",
	"the other way round":                   "abc\u202edef\u2066ghi\u2069\u200f",
	"families, hearts and flags":            strings.Repeat("👨\u200d👩\u200d👧\u200d👦❤\ufe0f🏳\ufe0f\u200d🌈🇰🇷🇰", 12),
	"five hundred marks":                    "z" + strings.Repeat("\u0316", 500),
	"tabs":                                  "\t\tx\ty\t",
	"line ends of all kinds":                "over\rwritten\r\nsecond\u2028third\u2029fourth\vfifth\ffollows",
	"16 KiB without a space":                strings.Repeat("가", (wire.TextMax-64)/3),
	"16 KiB of combining marks":             strings.Repeat("e\u0301\u0316", (wire.TextMax-64)/5),
	"placeholders of pictures":              "\x1b[38;2;0;0;31m\U0010eeee\u0305\u0305\U0010eeee\u0305\u030d",
	"graphics, modes and a question":        "\x1b_Ga=d,d=A\x1b\\\x1b[?1049l\x1b[?1006l\x1b[?25l\x1b[c\x1bP$qm\x1b\\",
	"a link that leads elsewhere":           "http://a.example/\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\ [x](http://b.example/\x07)",
	"Markdown that never ends":              "```\n\x1b[2J\n" + strings.Repeat("> ", 400) + strings.Repeat("**_`", 200),
	"Hangul in pieces, and its fillers":     "\u1112\u1161\u11ab\u3164\u115f\u1160\uffa0",
	"nothing to see":                        "\u200b\u2060\ufeff\u00ad\u034f",
	"wide, ambiguous and a control picture": "ｗｉｄｅ ①②③ …—─│┌ ␛[2J",
}

// never is what no stranger brings to a terminal.
var never = []string{
	"\x1b]0;pwned", "0;pwned\x07", "\x1b]52;c;cHduZWQ", "cHduZWQ=\x1b", "\u009b", "\u009d", "\u202e", "\u2066", "\u200f", "\x1bc", "\x1b_Ga=d", "\x1b[?1006l", "\x1b]8;;http://evil",
	strings.Repeat("\u0316", 20), "\U0010eeee", "\u2028", "\v", "\f", "\x1bP$q",
}

// Whatever strangers write, in text, topic, reactions and the names of files: the screen keeps its form, the terminal
// obeys none of it, and one talks on.
func TestWhatStrangersWriteIsHarmless(t *testing.T) {
	anna, eve := people.Start(t, "anna"), people.stranger(t, "eve", people.roomOf(t))
	anna.Shows("2 here")
	form := inForm(anna)
	if len(form) < 2 {
		t.Fatalf("there are %d lines from top to bottom; the screen is\n%s", len(form), anna.Screen())
	}
	n := 0
	shown := func(name string) {
		t.Helper()
		eve.says(fmt.Sprintf("seen %d", n))
		anna.Shows(fmt.Sprintf("seen %d", n))
		n++
		if !anna.Await(screentest.Patience, func() bool { return slices.Equal(walls(anna), form) }) {
			t.Errorf("%s: lines from top to bottom at %d, before at %d; the screen is\n%s", name, walls(anna), form, anna.Screen())
		}
		for _, bad := range never {
			if anna.Wrote(bad) {
				t.Errorf("%s: %q came to the terminal", name, bad)
			}
		}
	}
	for name, text := range attacks {
		id, taken := eve.sends(wire.TypeMsg, wire.Talk{Text: []byte(text + " end")})
		if controls := strings.ContainsFunc(text, func(r rune) bool { return (r < ' ' && r != '\n' && r != '\t') || r == 0x7f }); taken == controls {
			t.Errorf("%s: taken by the server: %t, with control characters: %t", name, taken, controls)
		}
		shown(name)
		eve.sends(wire.TypeReact, wire.Talk{Target: id, Text: []byte(cut(text, wire.ReactionMax))})
		eve.sends(wire.TypeEdit, wire.Talk{Target: id, Text: []byte("edited " + text)})
		eve.sends(wire.TypeTopic, wire.Talk{Text: []byte(cut(text, wire.TopicMax))})
		shown(name + ", as reaction, edit and topic")
		eve.sends(wire.TypeMsg, wire.Talk{Descriptor: &wire.Descriptor{
			Hash: sha256.Sum256([]byte(name)), Size: 5, MIME: "text/plain", Name: cut(text, wire.FileNameMax),
		}})
		shown(name + ", as the name of a file")
	}
	for range 30 { // through all of it
		anna.Key("pgup")
	}
	anna.Resize(60, 20)
	anna.Resize(100, 30)
	anna.Key("ctrl+end")
	shown("all of it once more")
	anna.Say("still here")
	anna.Shows("still here", "✓")
	anna.Quit()
}

// A room whose name is made to deceive is listed and entered without harm.
func TestNamesOfRoomsAreHarmless(t *testing.T) {
	anna := people.Start(t, "anna")
	form := inForm(anna)
	people.stranger(t, "eve", "ro\u202eom\u009b2J\u200b"+strings.Repeat("\u0316", 10)+"x")
	anna.Say("/rooms")
	anna.Shows("room")
	anna.Until("the name without what is hidden in it", func(screen string) bool {
		return strings.Contains(screen, "room\ufffd2J") || strings.Contains(screen, "room2J")
	})
	for _, bad := range never {
		if anna.Wrote(bad) {
			t.Errorf("%q came to the terminal", bad)
		}
	}
	anna.Key("esc")
	anna.Until("the screen to be in form", func(string) bool { return slices.Equal(walls(anna), form) })
	anna.Quit()
}

// Names of files in decomposed Hangul, as macOS writes them, are shown and kept composed.
func TestADecomposedFileNameArrivesComposed(t *testing.T) {
	anna, ben := two(t)
	composed := "한글 문서.txt"
	path := filepath.Join(anna.Dir, norm.NFD.String(composed))
	if err := os.WriteFile(path, []byte("words in a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	anna.Type("/send-file " + path)
	anna.Key("enter")
	anna.Shows(composed)
	ben.Shows(composed)
	if norm.NFD.String(composed) == composed || ben.Wrote(norm.NFD.String(composed)) {
		t.Error("the name came in pieces")
	}
	ben.Key("up", "s")
	saved := filepath.Join(ben.Dir, "downloads", composed)
	ben.Until("the file to be saved", func(string) bool {
		data, err := os.ReadFile(saved)
		return err == nil && string(data) == "words in a file"
	})
}

// inForm waits for a screen that has been drawn whole, with a pane on either side, and returns its walls.
func inForm(p *person) (columns []int) {
	p.Until("a wall on either side", func(string) bool {
		columns = walls(p)
		return len(columns) == 2
	})
	return columns
}

// walls are the columns in which a line goes from the top of the screen to the row above the last.
func walls(p *person) (columns []int) {
	p.Do(func(e *vt.Emulator) {
		for x := range e.Width() {
			y := 0
			for ; y < e.Height()-1; y++ {
				if cell := e.CellAt(x, y); cell == nil || cell.Content != "│" {
					break
				}
			}
			if y == e.Height()-1 {
				columns = append(columns, x)
			}
		}
	})
	return columns
}

// cut is the beginning of a text, of so many bytes at most.
func cut(text string, most int) string {
	for i := range text {
		if i > most-4 {
			return text[:i]
		}
	}
	return text
}
