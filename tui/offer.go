// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/text"
)

// offerToSend looks whether what was pasted is a picture or film of this machine, as when one drops a file onto the
// terminal, and asks whether to send it. The words stand in the composer already, before is what stood there.
func (c *chat) offerToSend(words, before string) tea.Cmd {
	pictures, after := c.cfg.Pictures, c.composer.value()
	if pictures == nil || !looksLikePath(words) || strings.HasPrefix(before, "/") {
		return nil
	}
	paths := pathsIn(words)
	return c.ask(func(context.Context) func(*chat) tea.Cmd {
		path, found := fileOf(paths)
		var kind rooms.StreamKind
		if found {
			kind, found = pictures.Kind(path)
		}
		return func(c *chat) tea.Cmd {
			if !found || c.composer.value() != after || c.dialogs.open() || c.viewer != nil {
				return nil // nothing to be sent, or one has gone on
			}
			c.dialogs.push(c.offerDialog(path, kind, before, after))
			return nil
		}
	})
}

// offerDialog asks whether to send a file whose path was pasted; otherwise the path stays as it is.
func (c *chat) offerDialog(path string, kind rooms.StreamKind, before, after string) dialog {
	name, send := text.Name(filepath.Base(path)), "send-image"
	words := c.say("offer.picture", "file", name)
	if kind == rooms.StreamVideo {
		send, words = "send-video", c.say("offer.video", "file", name)
	}
	return &question{
		title: c.say("offer.title"), words: words,
		choices: []choice{
			{"y", c.say("offer.yes"), func(c *chat) tea.Cmd {
				if c.composer.value() == after {
					c.composer.set(before)
				}
				c.popup.close()
				return c.sendPath(send, path, kind)
			}},
			{"n", c.say("offer.no"), nil},
		},
	}
}
