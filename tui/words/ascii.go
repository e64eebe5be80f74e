// SPDX-License-Identifier: GPL-2.0-only

package words

import "strings"

// ASCII says everything without the signs of typography, for terminals that have none: marks are pairs of a sign and
// what stands for it there. Letters of a language stay what they are.
func (c *Catalogue) ASCII(marks []string) {
	plain := Plain(marks)
	for key, entry := range c.entries {
		c.entries[key] = plain.Replace(entry)
	}
}

// Plain replaces the signs of typography, and the marks, which come first.
func Plain(marks []string) *strings.Replacer {
	return strings.NewReplacer(append(append([]string{}, marks...),
		"…", "...", "·", "-", "×", "x", "“", "\"", "”", "\"", "‘", "'", "’", "'", "–", "-", "—", "-",
		"↑↓←→", "arrow keys", "↑↓", "Up/Down", "←→", "Left/Right", "↑", "Up", "↓", "Down", "←", "Left", "→", "Right", "␣", "Space")...)
}
