// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/text"
)

func (c *chat) commandSendImage(path string) tea.Cmd {
	if path == "" && c.cfg.Pictures != nil && !c.closed() {
		return c.openPicker("send-image", rooms.StreamImage)
	}
	return c.sendFile("send-image", path, rooms.StreamImage)
}

// sendFile checks a file, keeps it and sends it. It goes through the kernel while one chats on.
func (c *chat) sendFile(name, path string, kind rooms.StreamKind) tea.Cmd {
	if path == "" {
		return c.wrong(name, path)
	}
	return c.sendPath(name, path, kind)
}

// sendPath is sendFile for a path that is there, however it is written.
func (c *chat) sendPath(name, path string, kind rooms.StreamKind) tea.Cmd {
	r, pictures, client := c.book.current, c.cfg.Pictures, c.session.Client
	switch {
	case r == nil || pictures == nil || client == nil:
		return c.warn(c.say("picture.cannot"))
	case c.closed():
		c.composer.set("/" + name + " " + path)
		return c.warn(c.say("waiting.kept"))
	}
	return func() tea.Msg {
		ctx := context.Background() // a slow line may take long; the client ends it when it ends
		file, _ := fileOf(pathsIn(path))
		att, err := c.attach(ctx, file, kind)
		if err == nil {
			_, err = client.SendBlob(ctx, r.name, kind, att.Attachment, "", nil)
		}
		return applyMsg{c, func(c *chat) tea.Cmd {
			if err == nil {
				return c.placeRemoved(att)
			}
			if c.composer.empty() {
				c.composer.set("/" + name + " " + path)
			}
			if errors.Is(err, rooms.ErrAlone) {
				return c.warn(c.say("waiting.kept"))
			}
			return c.warn(c.say("picture.not_sent", "file", text.Name(path), "why", c.reason(err)))
		}}
	}
}

// placeRemoved says that a picture went out without the place where it was taken.
func (c *chat) placeRemoved(sent Prepared) tea.Cmd {
	if !sent.PlaceRemoved {
		return nil
	}
	return c.tell(c.say("picture.place_removed", "file", text.Name(sent.Name)))
}

// pictures draws what is on the screen and not drawn yet, and asks for what is not here.
func (c *chat) pictures() tea.Cmd {
	r, pictures := c.book.current, c.cfg.Pictures
	if c.viewer != nil {
		return c.paintViewer() // it covers all others
	}
	if r == nil || pictures == nil {
		return nil
	}
	var cmds []tea.Cmd
	if c.lay.width > 0 { // what happened may have made more room for the talk
		c.fit(c.lay.width, c.lay.height)
	}
	r.talk.LayOut()
	for _, m := range c.sight(r) {
		if m.Picture() == nil {
			continue
		}
		p := m.Picture()
		cmds = append(cmds, c.lookFor(r, m))
		p.Look()
		if p.IsDrawn() && p.IsImage() {
			c.noteDrawn(p)
		}
		width, height, wants := p.Wants()
		if !wants || p.Asked(width, height) {
			continue
		}
		if !pictures.Has(p.Attached.Hash) {
			cmds = append(cmds, c.fetchOnce(r, m))
			continue
		}
		p.Ask(width, height)
		cmds = append(cmds, c.drawPicture(r, p, width, height))
	}
	return tea.Batch(append(cmds, c.animate(), c.lookAtVideos())...)
}
