// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"kchat/media"
	"kchat/rooms"
	"kchat/tui/text"
)

// The place of the look at what is chosen, in cells, where the screen is wide enough.
const (
	lookCols = 34
	lookRows = pickerHeight
)

// look draws what is chosen, one at a time: what was passed over meanwhile is not drawn.
func (p *picker) look(c *chat) tea.Cmd {
	e, v := p.chosen(), &p.preview
	path := ""
	if e != nil && !e.folder {
		path = e.path
	}
	if v.busy || v.path == path {
		return nil
	}
	v.path, v.why = path, ""
	v.drawn.free()
	v.drawn = painted{}
	if path == "" || p.kind != rooms.StreamImage || c.look.NoPictures {
		return nil
	}
	v.busy = true
	pictures, to, on, cell := c.cfg.Pictures, c.paint, c.ground(), c.look
	return c.askToDraw(func(ctx context.Context) func(*chat) tea.Cmd {
		var out painted
		cols, rows := 0, 0
		m, err := pictures.Preview(ctx, path)
		if err == nil {
			cols, rows = media.Fit(m.Width, m.Height, lookCols, lookRows, cell.CellWidth, cell.CellHeight)
			out, err = paintIn(ctx, to, m, cols, rows, on)
		}
		return func(c *chat) tea.Cmd {
			v.busy = false
			if !p.isOpen(c) {
				out.free()
				return nil
			}
			v.drawn, v.cols, v.rows = out, cols, rows
			if err != nil {
				v.why = c.reason(err)
			}
			return p.look(c)
		}
	})
}

// isOpen reports whether the picker is still there.
func (p *picker) isOpen(c *chat) bool {
	for _, d := range c.dialogs.stack {
		if d == dialog(p) {
			return true
		}
	}
	return false
}

// besides are the rows beside the list: the look at what is chosen, or why there is none.
func (p *picker) besides(c *chat, width, height int) []string {
	rows := make([]string, height)
	v := &p.preview
	switch e := p.chosen(); {
	case e == nil || e.folder:
	case v.why != "":
		for i, row := range text.Wrap(text.Line(v.why), max(1, width)) {
			if i < height && width > 8 {
				rows[i] = c.st.Warn.Render(row)
			}
		}
	case v.path == e.path && v.cols <= width && v.rows <= height:
		copy(rows, v.drawn.cells)
	}
	return rows
}
