// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"image/color"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/media"
	"kchat/tui/pixels"
	"kchat/tui/talk"
)

// The size of a cell in pixels where the terminal does not tell it.
const (
	usualCellWidth  = 10
	usualCellHeight = 20
)

// ground is what pictures are drawn on.
type ground struct {
	back   color.RGBA    // shines through
	colors media.Profile // that the terminal has
}

// ground is what pictures are drawn on now. Without colours, or in ASCII, they are drawn in characters.
func (e *env) ground() ground {
	g := ground{back: e.back, colors: e.color}
	if g.back.A == 0 {
		g.back = color.RGBA{0x16, 0x19, 0x20, 0xff}
		if e.light {
			g.back = color.RGBA{0xff, 0xff, 0xff, 0xff}
		}
	}
	if e.cfg.Plain || e.cfg.ASCII {
		g.colors = media.NoColor
	}
	return g
}

// opaque is a colour of the terminal; none stays none.
func opaque(c color.Color) color.RGBA {
	if c == nil {
		return color.RGBA{}
	}
	r, g, b, _ := c.RGBA()
	return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 0xff}
}

// painted is a picture in cells, with what the terminal keeps for them, if that is more than cells.
type painted struct {
	cells []string
	still *pixels.Still
}

// kept is what the terminal keeps, or nothing.
func (p painted) kept() talk.Kept {
	if p.still == nil {
		return nil
	}
	return p.still
}

// free makes the terminal forget the picture.
func (p painted) free() {
	if p.still != nil {
		p.still.Free()
	}
}

// paintIn paints a picture into cells: in pixels where the terminal has them. It waits for the terminal.
func paintIn(ctx context.Context, to *pixels.Painter, m *media.Picture, cols, rows int, on ground) (painted, error) {
	if caps := to.Caps(); caps.Kitty {
		w, h := pixelsIn(caps, cols, rows)
		if m.Width < w && m.Height < h { // the terminal makes it larger
			w, h = m.Width, m.Height
		}
		still, err := to.Still(ctx, m.Scale(w, h, on.back), cols, rows)
		if err == nil {
			return painted{still.Lines(), still}, nil
		}
		if !errors.Is(err, pixels.ErrNoPixels) { // it may have lost them meanwhile
			return painted{}, err
		}
	}
	return painted{cells: m.Blocks(cols, rows, blocksOn(on))}, nil
}

// blocksOn is how pictures stand in characters.
func blocksOn(on ground) media.BlockOptions {
	return media.BlockOptions{Profile: on.colors, Dither: media.Diffuse, Ground: on.back}
}

// pixelsIn is how many pixels cells have.
func pixelsIn(caps pixels.Caps, cols, rows int) (w, h int) {
	if caps.CellWidth == 0 {
		return cols * usualCellWidth, rows * usualCellHeight
	}
	return cols * caps.CellWidth, rows * caps.CellHeight
}

// drawFor is how long a picture may take until it is drawn: others have their turn before it.
const drawFor = time.Minute

// askToDraw is ask for pictures.
func (c *chat) askToDraw(do func(ctx context.Context) func(c *chat) tea.Cmd) tea.Cmd {
	return askWithin(drawFor, func(ctx context.Context) tea.Msg { return applyMsg{c, do(ctx)} })
}

// drawPicture draws a picture that is here. One that was not drawn in time is looked at again.
func (c *chat) drawPicture(r *room, p *talk.Picture, width, height int) tea.Cmd {
	pictures, hash, on, to := c.cfg.Pictures, p.Attached.Hash, c.ground(), c.paint
	caps := to.Caps()
	return c.askToDraw(func(ctx context.Context) func(*chat) tea.Cmd {
		m, err := pictures.Load(ctx, hash)
		var out painted
		if err == nil {
			out, err = paintIn(ctx, to, m, width, height, on)
		}
		return func(c *chat) tea.Cmd {
			switch {
			case errors.Is(err, context.DeadlineExceeded) && p.Late(width, height):
				return c.pictures()
			case err != nil:
				p.SetDone(c.reason(err))
				return nil
			case on != c.ground() || caps != to.Caps() || c.book.find(r.name) != r:
				out.free() // it is being drawn anew, or not at all
				return nil
			}
			p.SetCells(width, height, out.cells, out.kept())
			p.SetFrames(m.Frames)
			c.noteDrawn(p)
			return c.animate()
		}
	})
}

// maxDrawn is how many pictures of the talk stay drawn: of others the cells, some 40 KiB each, are thrown away, and made
// anew when they are looked at.
const maxDrawn = 64

// noteDrawn notes that a picture is looked at, and throws away what was looked at longest ago.
func (c *chat) noteDrawn(p *talk.Picture) {
	c.drawn = append(slices.DeleteFunc(c.drawn, func(q *talk.Picture) bool { return q == p }), p)
	for len(c.drawn) > maxDrawn {
		c.drawn[0].Undraw()
		c.drawn = slices.Delete(c.drawn, 0, 1)
	}
}

// repaint clears the screen and sends all pictures again: another terminal may be looking now.
func (c *chat) repaint() tea.Cmd {
	for _, r := range c.book.rooms {
		r.talk.Free()
	}
	return tea.Sequence(tea.ClearScreen, c.pictures())
}
