// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"kchat/tui/styles"
	"kchat/tui/text"
)

// canvas is the screen being drawn. Whatever is put on it is cut at its area, so nothing can spill.
type canvas struct {
	uv.ScreenBuffer
}

func newCanvas(width, height int) canvas {
	c := canvas{uv.NewScreenBuffer(width, height)}
	c.Method = ansi.GraphemeWidth
	return c
}

// put draws rows into an area, from its top left corner.
func (c canvas) put(area uv.Rectangle, rows []string) {
	area = area.Intersect(c.Bounds())
	if area.Empty() {
		return
	}
	if len(rows) > area.Dy() {
		rows = rows[:area.Dy()]
	}
	uv.NewStyledString(strings.Join(rows, "\n")).Draw(c, area)
}

// ascii replaces the signs of typography that are left, such as the dots of what was cut, each by one of its width.
func (c canvas) ascii() {
	plain := map[string]string{"…": ".", "·": "-", "×": "x", "“": "\"", "”": "\"", "‘": "'", "’": "'", "–": "-", "—": "-"}
	for y := range c.Height() {
		for x := range c.Width() {
			cell := c.CellAt(x, y)
			if cell == nil {
				continue
			}
			if sign, known := plain[cell.Content]; known {
				cell.Content = sign
			}
		}
	}
}

// split cuts n rows or columns off an area; n is limited to what is there.
func splitTop(r uv.Rectangle, n int) (top, rest uv.Rectangle) {
	y := min(r.Min.Y+max(n, 0), r.Max.Y)
	return uv.Rectangle{Min: r.Min, Max: uv.Pos(r.Max.X, y)}, uv.Rectangle{Min: uv.Pos(r.Min.X, y), Max: r.Max}
}

func splitBottom(r uv.Rectangle, n int) (rest, bottom uv.Rectangle) {
	return splitTop(r, r.Dy()-max(n, 0))
}

func splitLeft(r uv.Rectangle, n int) (left, rest uv.Rectangle) {
	x := min(r.Min.X+max(n, 0), r.Max.X)
	return uv.Rectangle{Min: r.Min, Max: uv.Pos(x, r.Max.Y)}, uv.Rectangle{Min: uv.Pos(x, r.Min.Y), Max: r.Max}
}

func splitRight(r uv.Rectangle, n int) (rest, right uv.Rectangle) {
	return splitLeft(r, r.Dx()-max(n, 0))
}

// centred returns an area of at most the given size in the middle of r.
func centred(r uv.Rectangle, width, height int) uv.Rectangle {
	width, height = min(width, r.Dx()), min(height, r.Dy())
	return uv.Rect(r.Min.X+(r.Dx()-width)/2, r.Min.Y+(r.Dy()-height)/2, width, height)
}

// frame draws a box with a title around rows; the box is as large as asked, and the rows are padded to fill it.
func frame(st *styles.Styles, title string, rows []string, width, height int) []string {
	g, border := st.Glyphs, st.Panel
	inner := max(0, width-4)
	head := ""
	if title != "" {
		head = " " + text.Truncate(title, max(0, inner-2)) + " "
	}
	fill := max(0, width-3-text.Width(head))
	out := []string{border.Render(g.TopLeft+g.Horizontal) + st.Title.Render(head) + border.Render(strings.Repeat(g.Horizontal, fill)+g.TopRight)}
	for y := range max(0, height-2) {
		row := ""
		if y < len(rows) {
			row = rows[y]
		}
		out = append(out, border.Render(g.Vertical)+" "+text.Pad(row, inner)+" "+border.Render(g.Vertical))
	}
	return append(out, border.Render(g.BottomLeft+strings.Repeat(g.Horizontal, max(0, width-2))+g.BottomRight))
}
