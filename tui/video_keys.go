// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"kchat/media"
	"kchat/tui/talk"
	"kchat/tui/text"
)

// seekBy is how far the arrow keys go in a video.
const seekBy = 5 * time.Second

// videoKeys are the keys of a video that is selected or fills the screen.
func videoKeys() []binding {
	return []binding{
		{keys: key.NewBinding(key.WithKeys("space"), key.WithHelp("␣", "")), words: "keys.play", do: (*chat).playPause},
		bind("keys.fill", "f", (*chat).fillScreen, "f"),
		bind("keys.mute", "m", (*chat).muteVideo, "m"),
		bind("keys.back", "←", func(c *chat) tea.Cmd { return c.seekVideo(-seekBy) }, "left"),
		bind("keys.forth", "→", func(c *chat) tea.Cmd { return c.seekVideo(seekBy) }, "right"),
	}
}

// aVideo is the video that keys are for: the one that fills the screen, the selected one, or nil.
func (c *chat) aVideo() *talk.Message {
	if v := c.videos.full; v != nil {
		return v.message
	}
	if m := c.selected(); m != nil && m.Picture() != nil && m.Picture().IsVideo() && c.cfg.Videos != nil {
		return m
	}
	return nil
}

// videoKey gives a key to the video that is selected or fills the screen, and reports whether it was for that.
func (c *chat) videoKey(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	m := c.aVideo()
	if m == nil {
		return c.spaceKey(msg)
	}
	pressed := latin(msg)
	if b, ok := match(c.videoKeys, pressed); ok {
		return b.do(c), true
	}
	if c.videos.full == nil {
		return nil, false
	}
	switch pressed.String() {
	case "esc", "q", "enter":
		return c.fillScreen(), true
	case "ctrl+c", "ctrl+q":
		return nil, false
	}
	return nil, true // nothing is written behind a video
}

// spaceKey pauses what plays in the talk, or goes on with it, while nothing is written: no message begins with a space.
func (c *chat) spaceKey(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	if msg.String() != "space" || !c.composer.empty() || c.composer.value() != "" {
		return nil, false
	}
	for i := len(c.videos.open) - 1; i >= 0; i-- {
		if v := c.videos.open[i]; !v.away && !v.poster && !v.state.Ended && v.room == c.book.current {
			v.paused = !v.paused
			c.applyPause(v)
			return nil, true
		}
	}
	return nil, false
}

// playPause begins a video, pauses it, goes on with it, or shows it again.
func (c *chat) playPause() tea.Cmd {
	m := c.aVideo()
	if m == nil {
		return nil
	}
	v := c.videoOf(m.Picture())
	switch {
	case v == nil || v.poster:
		return c.startVideo(m)
	case v.show == nil:
		v.paused = !v.paused
	case v.show.State().Ended:
		v.paused = false
		v.show.Resume()
		v.show.Seek(0)
	default:
		v.paused = !v.paused
		c.applyPause(v)
	}
	return nil
}

// startVideo plays a video from its beginning.
func (c *chat) startVideo(m *talk.Message) tea.Cmd {
	p := m.Picture()
	if p.Live() && p.Standing() == talk.Large {
		return c.takeLive(m)
	}
	if !p.CanPlay() {
		return c.takeFile()
	}
	if v := c.videoOf(p); v != nil {
		c.closeVideo(v)
	}
	p.SetDone("")
	c.openVideo(c.book.current, m, false)
	return nil
}

// takeLive takes a live video that was offered.
func (c *chat) takeLive(m *talk.Message) tea.Cmd {
	client, stream, p := c.session.Client, m.ID, m.Picture()
	p.SetStanding(talk.Here)
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		err := client.Take(ctx, stream)
		return func(c *chat) tea.Cmd {
			if err != nil {
				p.SetDone(c.reason(err))
			}
			return nil
		}
	})
}

// stopLive ends a live video on our side.
func (c *chat) stopLive(m *talk.Message) tea.Cmd {
	client, stream := c.session.Client, m.ID
	if v := c.videoOf(m.Picture()); v != nil {
		c.closeVideo(v)
	}
	if client == nil {
		return nil
	}
	return func() tea.Msg {
		client.Cancel(stream)
		return nil
	}
}

// fillScreen shows a video as large as the screen, or in the talk again.
func (c *chat) fillScreen() tea.Cmd {
	if v := c.videos.full; v != nil {
		c.videos.full = nil
		c.moveVideo(v)
		return c.pictures()
	}
	m := c.aVideo()
	if m == nil {
		return nil
	}
	v := c.videoOf(m.Picture())
	var cmd tea.Cmd
	if v == nil || v.poster {
		cmd = c.startVideo(m)
		if v = c.videoOf(m.Picture()); v == nil {
			return cmd
		}
	}
	c.videos.full = v
	c.moveVideo(v)
	return cmd
}

// muteVideo lets the sound be heard or not, of this video and of those that follow.
func (c *chat) muteVideo() tea.Cmd {
	m := c.aVideo()
	if m == nil {
		return nil
	}
	v := c.videoOf(m.Picture())
	on := v != nil && !v.sound || v == nil && c.videos.muted
	c.videos.muted = !on
	if v != nil {
		for _, other := range c.videos.open {
			c.hearVideo(other, on && other == v)
		}
		if on && v.show != nil {
			if s := v.show.State(); s.NoSound != nil {
				return c.tell(c.say("video.no_sound"))
			}
		}
	}
	if on {
		return c.tell(c.say("video.heard"))
	}
	return c.tell(c.say("video.muted"))
}

// hearVideo lets a video be heard or not.
func (c *chat) hearVideo(v *videoPlayer, on bool) {
	if v.sound == on || v.poster {
		return
	}
	v.sound = on
	if v.show != nil {
		v.show.SetSound(on)
		c.videoChanged(v)
	}
}

// seekVideo goes forth or back.
func (c *chat) seekVideo(by time.Duration) tea.Cmd {
	m := c.aVideo()
	if m == nil || m.Picture().Live() && m.Picture().Attached.Hash.IsZero() {
		return nil
	}
	v := c.videoOf(m.Picture())
	if v == nil || v.show == nil {
		return nil
	}
	at := v.show.State().At + by
	if d := m.Picture().Attached.Duration; d > 0 {
		at = min(at, max(d-time.Second, 0))
	}
	v.show.Seek(at)
	c.videoChanged(v)
	return nil
}

// fullSize is how many cells a video takes that fills the screen.
func (c *chat) fullSize(v *videoPlayer) (cols, rows int) {
	w, h := int(v.picture.Attached.Width), int(v.picture.Attached.Height)
	if w <= 0 || h <= 0 {
		w, h = 640, 360
	}
	scale := max((c.lay.width+w-1)/w, 1) // a small one is shown larger here
	return media.Fit(w*scale, h*scale, max(c.lay.width, 1), max(c.lay.height-1, 1), c.look.CellWidth, c.look.CellHeight)
}

// fullContent is the screen with a video that fills it, and whether there is one with nothing above it. It is made
// without the grid of cells that everything else is drawn into, which would cost as much again as all the rest.
func (c *chat) fullContent(width, height int) (content string, full bool) {
	v := c.videos.full
	if v == nil || c.dialogs.open() {
		return "", false
	}
	c.fit(width, height)
	c.moveVideo(v) // the terminal may have another size now
	rows := make([]string, height)
	if left, top := (width-v.place.cols)/2, (height-1-v.place.rows)/2; v.drawn == v.place && left >= 0 && top >= 0 {
		margin := strings.Repeat(" ", left)
		for y, line := range v.lines {
			rows[top+y] = margin + line
		}
	}
	left := "  " + v.picture.PlayRow(c.look, width-4)
	name := c.st.Faint.Render(text.Truncate(v.picture.Attached.Name, max(0, width-4-text.Width(left))))
	rows[height-1] = text.Truncate(text.Pad(left, max(0, width-2-text.Width(name)))+name, width)
	return strings.Join(rows, "\n"), true
}
