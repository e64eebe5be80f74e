// SPDX-License-Identifier: GPL-2.0-only

package screentest

import (
	"io"
	"os/exec"
	"strings"
	"testing"
)

func TestKeysAreWhatXtermSends(t *testing.T) {
	for key, want := range map[string]string{
		"x": "x", "한": "한", "enter": "\r", "esc": "\x1b", "tab": "\t", "shift+tab": "\x1b[Z", "alt+enter": "\x1b\r", "shift+enter": "\x1b[13;2u",
		"ctrl+k": "\x0b", "ctrl+j": "\n", "alt+a": "\x1ba", "ctrl+alt+a": "\x1b\x01", "up": "\x1b[A", "alt+up": "\x1b[1;3A", "ctrl+end": "\x1b[1;5F",
		"ctrl+shift+left": "\x1b[1;6D", "pgup": "\x1b[5~", "f1": "\x1bOP", "f12": "\x1b[24~", "ctrl+space": "\x00", "+": "+", "alt++": "\x1b+",
	} {
		if got, err := KeyBytes(key); got != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", key, got, err, want)
		}
	}
	for _, key := range []string{"", "ctr+k", "ctrl+", "nokey", "ctrl+1"} {
		if got, err := KeyBytes(key); err == nil {
			t.Errorf("%q: %q", key, got)
		}
	}
}

func TestAProgramInATerminal(t *testing.T) {
	p := Start(t, "sh", exec.Command("sh", "-c", `printf 'ready 한글\n'; read line; printf '\033]0;title\007got %s\n' "$line"; exit 3`), 40, 5, nil)
	p.Shows("ready 한글")
	if x, y, found := p.Find("글"); x != 8 || y != 0 || !found {
		t.Errorf("found at %d, %d: %t", x, y, found)
	}
	p.Type("words")
	p.Key("enter")
	p.Shows("got words")
	p.Writes("\x1b]0;title\x07")
	if code := p.Ends(); code != 3 {
		t.Errorf("exit code %d", code)
	}
}

// Where a piece ends that a program writes says nothing of where a letter ends.
func TestLettersAreWholeHoweverTheyAreWritten(t *testing.T) {
	const words = "\x1b[2;3He\u0301\u0316 👨\u200d👩\u200d👧|각\x1b[1m한\u200b|"
	whole := New(20, 4)
	whole.write(t, words)
	for size := 1; size < len(words); size++ {
		pieces := New(20, 4)
		for at := 0; at < len(words); at += size {
			pieces.write(t, words[at:min(at+size, len(words))])
		}
		if got, want := pieces.Screen(), whole.Screen(); got != want || pieces.Cursor() != whole.Cursor() {
			t.Errorf("in pieces of %d bytes it is %q, not %q", size, got, want)
		}
	}
}

func TestAQuestionIsAnsweredOnceHoweverItIsWritten(t *testing.T) {
	const question, answer = "\x1b]11;?\a", "\x1b]11;rgb:ffff/ffff/ffff\x1b\\"
	for cut := range len(question) {
		term := New(20, 4)
		term.Answers = map[string]string{"\x1b]11;?": answer} // the emulator knows a colour too
		heard := make(chan string, 1)
		go func() {
			all, _ := io.ReadAll(term.Emulator)
			heard <- string(all)
		}()
		term.write(t, question[:cut])
		term.write(t, question[cut:])
		term.end()
		if got := <-heard; got != answer {
			t.Errorf("cut at %d: %q", cut, got)
		}
	}
}

// What is told to scroll where the screen has become smaller is not drawn; what comes behind it is.
func TestAScreenThatHasShrunkIsWrittenOn(t *testing.T) {
	term := New(20, 30)
	term.write(t, "\x1b[4;30r")
	term.SetSize(20, 10)
	term.write(t, "\x1b[3S\x1b[1;1Hhere")
	if got := term.Row(0); strings.TrimSpace(got) != "here" {
		t.Errorf("it shows %q", got)
	}
}

func (t *Terminal) write(tb testing.TB, s string) {
	tb.Helper()
	if _, err := t.Write([]byte(s)); err != nil {
		tb.Fatal(err)
	}
}
