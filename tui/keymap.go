// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"charm.land/bubbles/v2/key"
)

// Keymap says which keys do what, where that is not as usual: keys by table and action, as Actions has them. An action
// with an empty list has no key. Keys are written as ParseKey returns them.
type Keymap map[string]map[string][]string

// The tables of keys.
const (
	KeysChat      = "chat"      // work whatever is being written
	KeysSelection = "selection" // work while a message is selected
	KeysViewer    = "viewer"    // work in the viewer of pictures
	KeysVideo     = "video"     // work for a video that is selected or fills the screen
)

// Action is something that keys do.
type Action struct {
	Table string
	Name  string
	Words string   // key of its words in the catalogue
	Keys  []string // the usual ones
}

// newlineKeys are the usual keys for a new line in the composer, which are the text area's and not the chat's.
func newlineKeys() []string { return []string{"alt+enter", "shift+enter", "ctrl+j"} }

// keepsKeys reports whether the keys of a binding stay as they are: other parts of the screen rely on them.
func keepsKeys(table string, b binding) bool {
	switch b.words {
	case "keys.newline":
		return false
	case "keys.escape", "keys.leave_selection", "keys.leave_search", "keys.choose", "viewer.close":
		return true
	}
	return b.do == nil || b.words == "" || table == KeysSelection && b.words == "keys.open"
}

// tablesOfKeys are all tables, in the order in which the help shows them.
func tablesOfKeys() []struct {
	name     string
	bindings []binding
} {
	return []struct {
		name     string
		bindings []binding
	}{{KeysChat, chatKeys()}, {KeysSelection, selectionKeys()}, {KeysVideo, videoKeys()}, {KeysViewer, viewerKeys()}}
}

// Actions lists what has keys that can be changed.
func Actions() (all []Action) {
	for _, table := range tablesOfKeys() {
		for _, b := range table.bindings {
			if keepsKeys(table.name, b) {
				continue
			}
			a := Action{Table: table.name, Name: actionName(b), Words: b.words, Keys: b.keys.Keys()}
			if b.words == "keys.newline" {
				a.Keys = newlineKeys()
			}
			all = append(all, a)
		}
	}
	return all
}

// actionName is the last part of the key of its words.
func actionName(b binding) string {
	_, name, _ := strings.Cut(b.words, ".")
	return name
}

// apply gives the bindings of a table the keys that were changed.
func (m Keymap) apply(table string, bindings []binding) []binding {
	for i, b := range bindings {
		keys, changed := m[table][actionName(b)]
		if !changed || keepsKeys(table, b) {
			continue
		}
		labels := make([]string, len(keys))
		for i, k := range keys {
			labels[i] = keyLabel(k)
		}
		bindings[i].keys = key.NewBinding(key.WithKeys(keys...), key.WithHelp(strings.Join(labels, ", "), ""))
	}
	return bindings
}

// newlines are the keys for a new line.
func (m Keymap) newlines() []string {
	if keys, changed := m[KeysChat]["newline"]; changed {
		return keys
	}
	return newlineKeys()
}

// KeyFault is a key that cannot be given to an action.
type KeyFault struct {
	Table, Action string
	Err           error
}

// Check looks for keys that cannot do what they are to do, and for such as would do two things.
func (m Keymap) Check() (faults []KeyFault) {
	usual := Actions()
	now := func(a Action) []string {
		if keys, changed := m[a.Table][a.Name]; changed {
			return keys
		}
		return a.Keys
	}
	for i, a := range usual {
		keys, changed := m[a.Table][a.Name]
		if !changed {
			continue
		}
		if err := suits(a, keys); err != nil {
			faults = append(faults, KeyFault{a.Table, a.Name, err})
			continue
		}
		for j, b := range usual {
			_, also := m[b.Table][b.Name]
			if a.Table != b.Table || i == j || also && j < i {
				continue // of two that were changed the first one is told
			}
			for _, k := range keys {
				asUsual := slices.Contains(a.Keys, k) && slices.Contains(b.Keys, k)
				if slices.Contains(now(b), k) && !asUsual {
					err := fmt.Errorf("%s is the key of %s already: give that another one, or [] for none", keyLabel(k), b.Name)
					faults = append(faults, KeyFault{a.Table, a.Name, err})
				}
			}
		}
	}
	return faults
}

// suits says why an action cannot have these keys.
func suits(a Action, keys []string) error {
	if len(keys) == 0 && (a.Name == "quit" || a.Name == "help" || a.Name == "send") {
		return fmt.Errorf("%s needs a key: without one nobody finds it", a.Name)
	}
	for _, k := range keys {
		if a.Table == KeysChat && writes(k) {
			return fmt.Errorf("%s is for writing; take it with ctrl or alt, or a key such as F5", keyLabel(k))
		}
		switch k {
		case "esc", "ctrl+c":
			if !slices.Contains(a.Keys, k) {
				return fmt.Errorf("%s leads out of everything, and can do nothing else", keyLabel(k))
			}
		}
	}
	return nil
}

// writes reports whether a key is needed to write with.
func writes(k string) bool {
	k = strings.TrimPrefix(k, "shift+")
	switch k {
	case "space", "backspace", "delete", "left", "right", "up", "down", "home", "end":
		return true
	}
	return utf8.RuneCountInString(k) == 1
}

// namedKeys are the keys that have a name in place of a character, with their labels.
func namedKeys() map[string]string {
	names := map[string]string{
		"enter": "Enter", "tab": "Tab", "esc": "Esc", "space": "␣", "backspace": "Backspace", "delete": "Del", "insert": "Ins",
		"home": "Home", "end": "End", "pgup": "PgUp", "pgdown": "PgDn", "up": "↑", "down": "↓", "left": "←", "right": "→",
	}
	for n := 1; n <= 20; n++ {
		names[fmt.Sprintf("f%d", n)] = fmt.Sprintf("F%d", n)
	}
	return names
}

// modifiers in the order in which the program names them.
var modifiers = [...]string{"ctrl", "alt", "shift"}

// ErrKey says how a key is written.
var ErrKey = errors.New(`a key is written as "ctrl+k", "alt+shift+up", "f5", "pgdown" or, where nothing is written, "x"`)

// ParseKey reads a key as people write it: modifiers in any order, names in any case.
func ParseKey(text string) (string, error) {
	base, rest := text, ""
	if at := strings.LastIndex(strings.TrimSuffix(text, "+"), "+"); at >= 0 && text != "+" {
		rest, base = text[:at], text[at+1:]
	}
	if rest == "" && base != text {
		return "", fmt.Errorf("%q is no key: %w", text, ErrKey)
	}
	has := map[string]bool{}
	for _, m := range strings.FieldsFunc(rest, func(r rune) bool { return r == '+' }) {
		m = strings.ToLower(m)
		if !slices.Contains(modifiers[:], m) || has[m] {
			return "", fmt.Errorf("%q: there is no %q to be held: %w", text, m, ErrKey)
		}
		has[m] = true
	}
	named := strings.ToLower(base)
	for alias, name := range map[string]string{"escape": "esc", "return": "enter", "del": "delete", "ins": "insert", "pageup": "pgup", "pagedown": "pgdown"} {
		if named == alias {
			named = name
		}
	}
	r, _ := utf8.DecodeRuneInString(base)
	switch _, is := namedKeys()[named]; {
	case is:
		base = named
	case utf8.RuneCountInString(base) != 1 || !unicode.IsPrint(r):
		return "", fmt.Errorf("%q is no key: %w", text, ErrKey)
	case has["ctrl"] || has["alt"]:
		base = strings.ToLower(base)
	case has["shift"]:
		return "", fmt.Errorf("%q: a letter with shift is written as the capital, %q", text, strings.ToUpper(base))
	}
	out := ""
	for _, m := range modifiers {
		if has[m] {
			out += m + "+"
		}
	}
	switch out += base; out {
	case "ctrl+i", "ctrl+m", "ctrl+[":
		twin := map[string]string{"ctrl+i": "Tab", "ctrl+m": "Enter", "ctrl+[": "Esc"}[out]
		return "", fmt.Errorf("%q: most terminals send %s for it; take another key", text, twin)
	}
	return out, nil
}

// keyLabel is a key as the help shows it.
func keyLabel(k string) string {
	var parts []string
	for _, m := range modifiers {
		if rest, has := strings.CutPrefix(k, m+"+"); has {
			parts, k = append(parts, strings.ToUpper(m[:1])+m[1:]), rest
		}
	}
	label, named := namedKeys()[k]
	switch {
	case named:
	case len(parts) > 0:
		label = strings.ToUpper(k)
	default:
		label = k
	}
	return strings.Join(append(parts, label), "+")
}
