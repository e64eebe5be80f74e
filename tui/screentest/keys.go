// SPDX-License-Identifier: GPL-2.0-only

package screentest

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// named are keys with a name: what xterm sends for them, with the place where modifiers go.
var named = map[string]struct{ plain, modified string }{
	"up": {"\x1b[A", "\x1b[1;%dA"}, "down": {"\x1b[B", "\x1b[1;%dB"},
	"right": {"\x1b[C", "\x1b[1;%dC"}, "left": {"\x1b[D", "\x1b[1;%dD"},
	"home": {"\x1b[H", "\x1b[1;%dH"}, "end": {"\x1b[F", "\x1b[1;%dF"},
	"insert": {"\x1b[2~", "\x1b[2;%d~"}, "delete": {"\x1b[3~", "\x1b[3;%d~"},
	"pgup": {"\x1b[5~", "\x1b[5;%d~"}, "pgdown": {"\x1b[6~", "\x1b[6;%d~"},
	"f1": {"\x1bOP", "\x1b[1;%dP"}, "f2": {"\x1bOQ", "\x1b[1;%dQ"}, "f3": {"\x1bOR", "\x1b[1;%dR"}, "f4": {"\x1bOS", "\x1b[1;%dS"},
	"f5": {"\x1b[15~", "\x1b[15;%d~"}, "f6": {"\x1b[17~", "\x1b[17;%d~"}, "f7": {"\x1b[18~", "\x1b[18;%d~"},
	"f8": {"\x1b[19~", "\x1b[19;%d~"}, "f9": {"\x1b[20~", "\x1b[20;%d~"}, "f10": {"\x1b[21~", "\x1b[21;%d~"},
	"f11": {"\x1b[23~", "\x1b[23;%d~"}, "f12": {"\x1b[24~", "\x1b[24;%d~"},
	// With a modifier these are told apart only by terminals that send CSI u.
	"enter": {"\r", "\x1b[13;%du"}, "tab": {"\t", "\x1b[9;%du"}, "esc": {"\x1b", "\x1b[27;%du"},
	"backspace": {"\x7f", "\x1b[127;%du"}, "space": {" ", "\x1b[32;%du"},
}

// KeyBytes are what a terminal sends for a key, such as "k", "ctrl+k", "alt+down", "shift+enter" or "f1".
func KeyBytes(key string) (string, error) {
	name, mods := key, map[string]bool{}
	for {
		mod, rest, more := strings.Cut(name, "+")
		if !more || rest == "" {
			break
		}
		if mod != "ctrl" && mod != "alt" && mod != "shift" {
			return "", fmt.Errorf("the key %q: %q is no modifier (ctrl, alt, shift)", key, mod)
		}
		mods[mod], name = true, rest
	}
	if special, ok := named[name]; ok {
		return modified(name, special.plain, special.modified, mods), nil
	}
	if utf8.RuneCountInString(name) != 1 {
		return "", fmt.Errorf("there is no key %q", key)
	}
	if mods["ctrl"] {
		r := name[0]
		if r < '@' || r > '~' {
			return "", fmt.Errorf("the key %q: no terminal sends it", key)
		}
		name = string(rune(r & 0x1f))
	}
	if mods["alt"] {
		name = "\x1b" + name
	}
	return name, nil
}

// modified is a key with a name, together with modifiers.
func modified(name, plain, pattern string, mods map[string]bool) string {
	switch {
	case len(mods) == 0:
		return plain
	case name == "tab" && mods["shift"] && len(mods) == 1:
		return "\x1b[Z"
	case len(plain) == 1 && mods["alt"] && len(mods) == 1:
		return "\x1b" + plain
	case name == "space" && mods["ctrl"] && len(mods) == 1:
		return "\x00"
	}
	code := 1
	for mod, bit := range map[string]int{"shift": 1, "alt": 2, "ctrl": 4} {
		if mods[mod] {
			code += bit
		}
	}
	return fmt.Sprintf(pattern, code)
}
