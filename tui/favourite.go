// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	tea "charm.land/bubbletea/v2"

	"kchat/tui/text"
)

// setFavourite puts a room before the others, or back among them. It is kept over a restart.
func (c *chat) setFavourite(r *room, on bool) tea.Cmd {
	r.wants.favourite = on
	c.book.sort()
	key := "favourite.off"
	if on {
		key = "favourite.on"
	}
	return tea.Batch(c.tell(c.say(key, "room", c.book.title(r))), c.remember())
}

// commandFavourite is /favourite: the room in front, or the one that is named.
func (c *chat) commandFavourite(argument string) tea.Cmd {
	r := c.book.current
	if argument != "" {
		if r = c.book.titled(argument); r == nil {
			return c.warn(c.say("chat.not_open", "room", text.Name(argument)))
		}
	}
	if r == nil {
		return c.warn(c.say("composer.no_room"))
	}
	return c.setFavourite(r, !r.wants.favourite)
}
