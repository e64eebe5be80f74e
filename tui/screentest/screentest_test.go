// SPDX-License-Identifier: GPL-2.0-only

package screentest

import (
	"os/exec"
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
