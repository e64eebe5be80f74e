// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"errors"
	"testing"
)

func TestAKeyIsReadAsPeopleWriteIt(t *testing.T) {
	for text, want := range map[string]string{
		"ctrl+k": "ctrl+k", "Ctrl+K": "ctrl+k", "shift+ALT+up": "alt+shift+up", "F5": "f5", "PageUp": "pgup", "Escape": "esc", "x": "x", "N": "N",
		"+": "+", "ctrl++": "ctrl++", "alt+ㅎ": "alt+ㅎ", "Space": "space", "shift+tab": "shift+tab", "f20": "f20",
	} {
		if got, err := ParseKey(text); err != nil || got != want {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "ctrl+", "+k", "hyper+k", "ctrl+ctrl+k", "f21", "f0", "enterr", "two", "\x1b", "ctrl+\x07"} {
		if got, err := ParseKey(text); !errors.Is(err, ErrKey) {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"ctrl+i", "Ctrl+M", "ctrl+[", "shift+n"} {
		if got, err := ParseKey(text); err == nil {
			t.Errorf("%q is %q", text, got)
		}
	}
}

func TestTheUsualKeysCanBeWrittenDownAndHaveNoConflicts(t *testing.T) {
	all := Keymap{}
	for _, a := range Actions() {
		for _, k := range a.Keys {
			if got, err := ParseKey(k); (err != nil || got != k) && k != "shift+n" {
				t.Errorf("%s: %q is read as %q, %v", a.Name, k, got, err)
			}
		}
		if all[a.Table] == nil {
			all[a.Table] = map[string][]string{}
		}
		all[a.Table][a.Name] = a.Keys
	}
	for _, fault := range all.Check() {
		t.Errorf("%s %s: %v", fault.Table, fault.Action, fault.Err)
	}
}

func TestActionsMayExchangeTheirKeys(t *testing.T) {
	m := Keymap{KeysChat: {"search": {"ctrl+g"}, "search_all": {"ctrl+f"}}}
	if faults := m.Check(); len(faults) > 0 {
		t.Errorf("%v", faults)
	}
	m = Keymap{KeysChat: {"search": {"ctrl+g"}}}
	if faults := m.Check(); len(faults) != 1 || faults[0].Action != "search" {
		t.Errorf("%v", faults)
	}
}

func TestTheScreenHasTheKeysThatWereChosen(t *testing.T) {
	s := newStage(t, 100, 160, func(_ *stage, cfg *Config) { // so high that the help needs no scrolling
		cfg.Keys = Keymap{KeysChat: {"help": {"f5"}, "search": {"alt+shift+up", "ctrl+s"}, "kernel": {}, "send": {"alt+enter"}, "newline": {"enter"}}}
	})
	s.logIn()
	s.wait("F5 help")
	s.company(joon)
	s.wait("2 here")
	s.press("\x1b[15~")
	s.wait("COMMANDS", "Alt+Shift+↑, Ctrl+S")
	s.press(esc)
	s.gone("COMMANDS")
	s.type_("one")
	s.press(enter)
	s.type_("two")
	s.press("\x1b\r")
	if d := s.lastDraft(1); d.Text != "one\ntwo" {
		t.Errorf("said: %q", d.Text)
	}
	s.type_("\x13")
	s.wait("Search")
}
