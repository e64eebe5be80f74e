// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// ruleWords are the rules by the word for them.
func ruleWords() []string { return []string{"default", "all", "mentions", "none"} }

// commandNotify is /notify: what is to be noticed of this room.
func (c *chat) commandNotify(argument string) tea.Cmd {
	r := c.book.current
	switch {
	case r == nil:
		return c.warn(c.say("composer.no_room"))
	case c.link.reading:
		return c.warn(c.say("composer.reading"))
	case argument == "":
		return c.tell(c.noticedWords(r))
	}
	for rule, word := range ruleWords() {
		if strings.EqualFold(argument, word) {
			r.wants.notify = uint8(rule)
			return tea.Batch(c.remember(), c.tell(c.noticedWords(r)))
		}
	}
	return c.wrong("notify", argument)
}

// noticedWords says what is noticed of a room.
func (c *chat) noticedWords(r *room) string {
	key := map[uint8]string{notifyAll: "notice.rule.all", notifyMentions: "notice.rule.mentions", notifyNone: "notice.rule.none"}[r.rule()]
	words := c.say(key, "room", c.book.title(r))
	if r.wants.notify == notifyUsual {
		words += " " + c.say("notice.rule.usual")
	}
	return words
}

// completeNotify offers the rules.
func completeNotify(_ *chat, before []string, word string) ([]suggestion, tea.Cmd) {
	if len(before) > 0 {
		return nil, nil
	}
	return suggestionsOf(ruleWords(), word), nil
}

// completeQuiet offers what /dnd can be told.
func completeQuiet(_ *chat, before []string, word string) ([]suggestion, tea.Cmd) {
	if len(before) > 0 {
		return nil, nil
	}
	return suggestionsOf([]string{"on", "off", "for 1h", "until 18:00"}, word), nil
}
