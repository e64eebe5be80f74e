// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"image"
	"image/draw"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/media"
	"kchat/media/kitty"
	"kchat/tui/pixels"
	"kchat/tui/talk"
)

const (
	// sixelAfter is how long sixels wait for the cells of the frame in which they stand: whatever is written there
	// later wipes them out.
	sixelAfter = 40 * time.Millisecond
	// maxSixels is how many pixels wide and high sixels may be: more, some terminals cut off.
	maxSixels = 1000
	// Where a terminal does not tell the size of its cells, sixels are drawn for small ones, so that they do not reach
	// over the end of the screen, which would scroll.
	smallCellWidth  = 6
	smallCellHeight = 12
)

// lookThrough changes what part of the picture is seen.
func (c *chat) lookThrough(change func(l lens, p pane, w, h int) lens) tea.Cmd {
	v := c.viewer
	if v == nil || v.picture == nil {
		return nil
	}
	v.lens = change(v.lens, v.pane(c), v.picture.Width, v.picture.Height)
	return c.paintViewer()
}

// inSixels reports whether the viewer draws past the cells.
func inSixels(caps pixels.Caps, on ground) bool {
	return caps.Sixel && !caps.Kitty && on.colors > media.NoColor
}

// pane is the part of the screen for the picture.
func (v *viewer) pane(c *chat) pane {
	caps := c.paint.Caps()
	p := pane{cols: max(1, v.area.Dx()), rows: max(1, v.area.Dy()), cellW: caps.CellWidth, cellH: caps.CellHeight}
	sixel := inSixels(caps, c.ground())
	switch {
	case p.cellW > 0:
	case sixel:
		p.cellW, p.cellH = smallCellWidth, smallCellHeight
	default:
		p.cellW, p.cellH = usualCellWidth, usualCellHeight
	}
	if sixel {
		p.cols, p.rows = min(p.cols, max(1, maxSixels/p.cellW)), min(p.rows, max(1, maxSixels/p.cellH))
	}
	p.cols, p.rows = min(p.cols, kitty.MaxCells), min(p.rows, kitty.MaxCells)
	return p
}

// paintViewer paints what is to be seen now, unless it is being painted or seen already.
func (c *chat) paintViewer() tea.Cmd {
	v := c.viewer
	if v == nil || v.picture == nil || v.busy || v.area.Empty() {
		return nil
	}
	p := v.pane(c)
	if v.shown.still != nil && !v.shown.still.Use() { // the terminal has forgotten it
		v.again++
	}
	want := view{
		seen: v.lens.see(p, v.picture.Width, v.picture.Height), at: centred(v.area, p.cols, p.rows).Min, on: c.ground(),
		caps: c.paint.Caps(), again: v.again,
	}
	due := v.due && c.focused
	if want == v.done && !due {
		return nil
	}
	v.busy = true
	if due {
		v.due = false
	}
	if !inSixels(want.caps, want.on) {
		return c.askToDraw(v.paint(c.paint, want, p, due))
	}
	v.sixels = true
	work := c.askToDraw(v.paint(c.paint, want, p, due))
	return c.cfg.Tick(sixelAfter, func(time.Time) tea.Msg { return work() })
}

// paint paints outside of Update, once at a time.
func (v *viewer) paint(to *pixels.Painter, want view, p pane, due bool) func(ctx context.Context) func(*chat) tea.Cmd {
	return func(ctx context.Context) func(*chat) tea.Cmd {
		begin := time.Now()
		m, wait := v.frame(ctx, due)
		out, err := paintView(ctx, to, m, want, p)
		wait = pace(wait, time.Since(begin))
		return func(c *chat) tea.Cmd {
			v.busy, v.picture = false, m
			if c.viewer != v {
				out.free()
				return nil
			}
			if err != nil {
				v.due = v.due || due
				return v.failed(c, err)
			}
			v.late = 0
			v.before.free()
			v.before, v.shown, v.done = v.shown, out, want
			cmds := []tea.Cmd{c.paintViewer()}
			if due && v.player != nil {
				cmds = append(cmds, c.frameIn(v, wait))
			}
			return tea.Batch(cmds...)
		}
	}
}

// failed tries again what was not done in time, or says why nothing is seen.
func (v *viewer) failed(c *chat, err error) tea.Cmd {
	if v.late++; v.late > talk.TriesLate || !errors.Is(err, context.DeadlineExceeded) {
		v.failure = c.reason(err)
		return nil
	}
	if v.picture == nil {
		return v.load(c)
	}
	return c.paintViewer()
}

// frame is the picture as it looks now: of an animation, the next frame if it is due, and how long that is shown. An
// animation that has played or cannot go on stands still.
func (v *viewer) frame(ctx context.Context, due bool) (*media.Picture, time.Duration) {
	if !due {
		return v.picture, 0
	}
	if v.player == nil {
		player, err := v.picture.Play()
		if err != nil || player == nil {
			return v.picture, 0 // too long to be played
		}
		v.player = player
	}
	wait, err := v.player.Next(ctx)
	if err != nil {
		v.player = nil
		return v.picture, 0
	}
	return v.player.Picture(), wait
}

// paintView paints a part of a picture in the best way that the terminal has.
func paintView(ctx context.Context, to *pixels.Painter, m *media.Picture, want view, p pane) (painted, error) {
	part := want.part
	switch {
	case want.caps.Kitty:
		w, h := want.cols*p.cellW, want.rows*p.cellH
		if part.Dx() < w && part.Dy() < h { // the terminal makes it larger
			w, h = part.Dx(), part.Dy()
		}
		still, err := to.Still(ctx, m.ScaleRect(part, w, h, want.on.back), want.cols, want.rows)
		if err != nil {
			return painted{}, err
		}
		return painted{still.Lines(), still}, nil
	case inSixels(want.caps, want.on):
		// The whole pane, so that nothing stays of what was drawn before.
		canvas := image.NewRGBA(image.Rect(0, 0, p.cols*p.cellW, p.rows*p.cellH))
		draw.Draw(canvas, canvas.Rect, image.NewUniform(want.on.back), image.Point{}, draw.Src)
		scaled := m.ScaleRect(part, want.cols*p.cellW, want.rows*p.cellH, want.on.back)
		middle := canvas.Rect.Size().Sub(scaled.Rect.Size()).Div(2)
		draw.Draw(canvas, scaled.Rect.Add(middle), scaled, image.Point{}, draw.Src)
		return painted{}, to.Sixel(ctx, canvas, want.at.X, want.at.Y)
	}
	opts := blocksOn(want.on)
	w, h := opts.Symbols.Pixels(want.cols, want.rows)
	b := media.NewBlocks(want.cols, want.rows, opts)
	b.Draw(m.ScaleRect(part, w, h, want.on.back))
	return painted{cells: b.Lines()}, nil
}
