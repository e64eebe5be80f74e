// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/text"
)

// preparation is a video that is being made ready to be sent.
type preparation struct{ stop context.CancelCauseFunc }

// errStopped is why a video that was being made ready is not sent.
var errStopped = errors.New("it was stopped")

// commandSendVideo makes a file streamable and sends it.
func (c *chat) commandSendVideo(path string) tea.Cmd {
	return c.sendFile("send-video", path, rooms.StreamVideo)
}

// attach makes a file ready to be sent. It waits for that.
func (c *chat) attach(ctx context.Context, path string, kind rooms.StreamKind) (Prepared, error) {
	film := kind == rooms.StreamVideo && c.cfg.Videos != nil
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	this := &preparation{stop}
	c.send(applyMsg{c, func(c *chat) tea.Cmd {
		c.videos.preparing = append(c.videos.preparing, this)
		if !film {
			return nil
		}
		return c.tell(c.say("video.preparing", "file", text.Name(path), "percent", 0))
	}})
	var out Prepared
	var err error
	if film {
		out, err = c.attachFilm(ctx, path)
	} else {
		out, err = c.cfg.Pictures.Attach(ctx, path, kind)
	}
	c.send(applyMsg{c, func(c *chat) tea.Cmd {
		c.videos.preparing = slices.DeleteFunc(c.videos.preparing, func(p *preparation) bool { return p == this })
		return nil
	}})
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return out, err
}

// attachFilm makes a film ready, and tells how far it is.
func (c *chat) attachFilm(ctx context.Context, path string) (Prepared, error) {
	told := time.Now()
	return c.cfg.Videos.Attach(ctx, path, func(done float64) {
		if time.Since(told) < time.Second {
			return
		}
		told = time.Now()
		c.send(applyMsg{c, func(c *chat) tea.Cmd {
			return c.tell(c.say("video.preparing", "file", text.Name(path), "percent", int(done*100)))
		}})
	})
}

// stopPreparing ends what is being made ready, and reports whether there was anything.
func (c *chat) stopPreparing() bool {
	all := c.videos.preparing
	c.videos.preparing = nil
	for _, p := range all {
		p.stop(errStopped)
	}
	return len(all) > 0
}
