// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// keyboard is what is known of the keys that the terminal can tell apart.
type keyboard struct {
	shiftEnter bool // Shift+Enter is another key than Enter
}

// learn takes what the terminal says about its keys: its answer to kitty's protocol, that it is xterm, whose
// modifyOtherKeys the program switches on, or the key itself.
func (k *keyboard) learn(msg tea.Msg) {
	switch msg := msg.(type) {
	case tea.KeyboardEnhancementsMsg:
		k.shiftEnter = k.shiftEnter || msg.SupportsKeyDisambiguation()
	case tea.TerminalVersionMsg:
		k.shiftEnter = k.shiftEnter || strings.HasPrefix(msg.Name, "XTerm(")
	case tea.KeyPressMsg:
		k.shiftEnter = k.shiftEnter || (msg.Code == tea.KeyEnter && msg.Mod == tea.ModShift)
	}
}

// keyFor is the first key of an action of the chat, as it is shown; "" if it has none.
func (c *chat) keyFor(words string) string {
	for _, b := range c.keys {
		if keys := b.keys.Keys(); b.words == words && len(keys) > 0 {
			return c.plainly(keyLabel(keys[0]))
		}
	}
	return ""
}

// shownKeys are the keys of a binding for the help: only such as this terminal delivers.
func (c *chat) shownKeys(b binding) string {
	if _, changed := c.cfg.Keys[KeysChat]["newline"]; b.words == "keys.newline" && c.keyboard.shiftEnter && !changed {
		return "Shift/" + b.keys.Help().Key
	}
	return b.keys.Help().Key
}
