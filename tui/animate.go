// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/media"
	"kchat/rooms"
	"kchat/tui/pixels"
	"kchat/tui/talk"
)

// What animated pictures may take of the machine.
const (
	maxAnimations = 3                      // that run at the same time; each keeps its canvas
	shortestFrame = 50 * time.Millisecond  // shown for less, a frame is shown for this
	noFrame       = 20 * time.Millisecond  // what says less has no idea: see untimed
	untimed       = 100 * time.Millisecond // as everywhere else
	frameShare    = 4                      // a frame may cost one part in so many of the time
)

// animation is an animated picture that runs in the talk.
type animation struct {
	picture *talk.Picture
	width   int
	height  int
	on      ground
	caps    pixels.Caps
	player  *media.Player
	film    *pixels.Film  // where the terminal has pixels
	blocks  *media.Blocks // otherwise
	busy    bool          // a frame is being drawn, or waited for
	ended   bool          // it has played as often as it wants
}

// drawn is a frame in cells, and how long it is shown.
type drawn struct {
	lines []string
	wait  time.Duration
	err   error
}

// animate starts the animated pictures on the screen, and stops those that have left it.
func (c *chat) animate() tea.Cmd {
	if c.cfg.Pictures == nil || !c.focused || c.viewer != nil {
		return nil
	}
	var seen []*talk.Picture
	if r := c.book.current; r != nil {
		for _, m := range c.sight(r) {
			if m.Picture() != nil && m.Picture().Animated() {
				seen = append(seen, m.Picture())
			}
		}
	}
	c.animations = slices.DeleteFunc(c.animations, func(a *animation) bool {
		if a.busy || (slices.Contains(seen, a.picture) && a.fits(c)) {
			return false
		}
		a.stop()
		return true
	})
	for _, p := range seen {
		known := slices.ContainsFunc(c.animations, func(a *animation) bool { return a.picture == p })
		if !known && len(c.animations) < maxAnimations {
			width, height := p.Drawn()
			c.animations = append(c.animations, &animation{picture: p, width: width, height: height, on: c.ground(), caps: c.paint.Caps()})
		}
	}
	var cmds []tea.Cmd
	for _, a := range c.animations {
		if !a.busy && !a.ended {
			a.busy = true
			cmds = append(cmds, c.nextFrame(a))
		}
	}
	return tea.Batch(cmds...)
}

// fits reports whether the animation is drawn as the picture is now.
func (a *animation) fits(c *chat) bool {
	width, height := a.picture.Drawn()
	return a.width == width && a.height == height && a.on == c.ground() && a.caps == c.paint.Caps()
}

// stop lets the picture stand still.
func (a *animation) stop() {
	if a.film != nil {
		a.film.Close()
		a.film = nil
		a.picture.Rest()
	}
	a.player, a.blocks = nil, nil
}

// nextFrame draws the next frame.
func (c *chat) nextFrame(a *animation) tea.Cmd {
	pictures, to, hash := c.cfg.Pictures, c.paint, a.picture.Attached.Hash
	return c.askToDraw(func(ctx context.Context) func(*chat) tea.Cmd {
		begin := time.Now()
		f := a.draw(ctx, pictures, to, hash)
		f.wait = pace(f.wait, time.Since(begin))
		return func(c *chat) tea.Cmd { return c.showFrame(a, f) }
	})
}

// draw decodes a frame and puts it into cells. It runs outside of Update, one at a time for each animation.
func (a *animation) draw(ctx context.Context, pictures Pictures, to *pixels.Painter, hash rooms.Hash) (f drawn) {
	if a.player == nil {
		m, err := pictures.Load(ctx, hash)
		if err != nil {
			return drawn{err: err}
		}
		if a.player, err = m.Play(); err != nil {
			return drawn{err: err}
		}
		if a.player == nil {
			return drawn{err: io.EOF}
		}
	}
	if f.wait, f.err = a.player.Next(ctx); f.err != nil {
		return f
	}
	m := a.player.Picture()
	if a.caps.Kitty && a.film == nil {
		if a.film, f.err = to.Film(a.width, a.height); f.err != nil {
			return f
		}
	}
	if a.film != nil {
		w, h := pixelsIn(a.caps, a.width, a.height)
		f.lines, f.err = a.film.Frame(ctx, m.Scale(min(w, m.Width), min(h, m.Height), a.on.back))
		return f
	}
	opts := blocksOn(a.on)
	if opts.Profile != media.TrueColor {
		opts.Dither = media.Ordered // it stands still between frames
	}
	if a.blocks == nil {
		a.blocks = media.NewBlocks(a.width, a.height, opts)
	}
	w, h := opts.Symbols.Pixels(a.width, a.height)
	a.blocks.Draw(m.Scale(w, h, a.on.back))
	f.lines = slices.Clone(a.blocks.Lines())
	return f
}

// pace is how long to wait after a frame that took some time to draw.
func pace(shown, took time.Duration) time.Duration {
	if shown < noFrame {
		shown = untimed
	}
	return max(shown, shortestFrame, took*frameShare) - took
}

// showFrame shows a frame, and has the next one drawn when its time is over.
func (c *chat) showFrame(a *animation, f drawn) tea.Cmd {
	switch {
	case errors.Is(f.err, io.EOF): // its last frame stays
		a.busy, a.ended, a.player = false, true, nil
		return c.animate()
	case f.err != nil:
		a.picture.SetFrames(1) // it stands still from now on
		fallthrough
	case !a.fits(c):
		a.busy = false
		return c.animate()
	}
	a.picture.Show(f.lines)
	return c.cfg.Tick(f.wait, func(time.Time) tea.Msg { return frameMsg{c, a} })
}

// frameMsg comes when a frame has been shown long enough.
type frameMsg struct {
	to *chat
	of *animation
}

// frameOver goes on with an animation that is still looked at.
func (c *chat) frameOver(a *animation) tea.Cmd {
	a.busy = false
	return c.animate()
}
