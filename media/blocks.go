// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"image"
	"image/color"
	"strconv"
)

// Symbols are the characters that stand for pixels.
type Symbols uint8

// The symbols. Every font has the half blocks; with quadrants a cell holds four pixels but still only two colours.
const (
	HalfBlocks Symbols = iota
	Quadrants
)

// Dither is how colours are mixed that a profile does not have. TrueColor needs none.
type Dither uint8

// The ways to mix. Diffusion looks best in a still picture; the ordered pattern stands still when a film does.
const (
	NoDither Dither = iota
	Diffuse
	Ordered
)

// BlockOptions say how pixels become cells. The zero value is half blocks without colour on black.
type BlockOptions struct {
	Profile Profile
	Symbols Symbols
	Dither  Dither
	Ground  color.RGBA // what shines through; without colours, whether the terminal is dark or light
	// Hold keeps a cell's colours while none of their channels moved by more than this, 0 to 255: in a film, noise
	// that nobody sees is most of what would be written.
	Hold uint8
}

// Pixels is how many pixels the cells show.
func (s Symbols) Pixels(cols, rows int) (w, h int) {
	if s == Quadrants {
		return 2 * cols, 2 * rows
	}
	return cols, 2 * rows
}

// Blocks scales the picture to cols by rows cells and gives a styled line for each row. A line sets all colours it
// uses, leaves none set behind it, and is cols cells wide.
func (p *Picture) Blocks(cols, rows int, opts BlockOptions) []string {
	if cols <= 0 || rows <= 0 {
		return nil
	}
	w, h := opts.Symbols.Pixels(cols, rows)
	b := NewBlocks(cols, rows, opts)
	b.Draw(p.Scale(w, h, opts.Ground))
	return b.Lines()
}

// Blocks turns pixels into cells, frame after frame. It remembers what it showed, so that lines which did not
// change are not made again and a film can be written as differences. It is not safe for use by several goroutines
// at once.
type Blocks struct {
	cols, rows int
	opts       BlockOptions
	cells      []cell
	changed    []bool   // since the frame before
	lines      []string // "" where the row has changed since
	buf        []byte
	work       []rgb // pixels that are being dithered
}

// A cell is one character with its two colours. Cells that look alike are equal: a cell of one colour is a space
// without foreground, so that a renderer that compares cells finds nothing to do.
type cell struct {
	glyph  rune
	fg, bg paint
}

// NewBlocks makes cells for a picture of cols by rows, which must be positive.
func NewBlocks(cols, rows int, opts BlockOptions) *Blocks {
	return &Blocks{
		cols: cols, rows: rows, opts: opts,
		cells:   make([]cell, cols*rows),
		changed: make([]bool, cols*rows),
		lines:   make([]string, rows),
	}
}

// Draw takes the next frame, an opaque picture of exactly the size that Pixels tells (any other is passed over), and
// returns how many cells changed.
func (b *Blocks) Draw(m *image.RGBA) int {
	w, h := b.opts.Symbols.Pixels(b.cols, b.rows)
	if m.Rect.Dx() != w || m.Rect.Dy() != h {
		return 0
	}
	pixels := b.prepare(m, w, h)
	changed := 0
	for y := range b.rows {
		for x := range b.cols {
			i := y*b.cols + x
			var next cell
			if b.opts.Symbols == Quadrants {
				next = b.quadrant(pixels, 2*x, 2*y, w)
			} else {
				next = b.half(pixels[2*y*w+x], pixels[(2*y+1)*w+x])
			}
			b.changed[i] = !b.cells[i].holds(next, b.opts)
			if b.changed[i] {
				b.cells[i] = next
				b.lines[y] = ""
				changed++
			}
		}
	}
	return changed
}

// holds reports whether a cell can stay in place of the next one.
func (c cell) holds(next cell, opts BlockOptions) bool {
	if c == next {
		return true
	}
	if opts.Profile != TrueColor || opts.Hold == 0 || c.glyph != next.glyph {
		return false
	}
	return c.fg.near(next.fg, opts.Hold) && c.bg.near(next.bg, opts.Hold)
}

func (p paint) near(q paint, hold uint8) bool {
	if p == q {
		return true
	}
	if p == noPaint || q == noPaint {
		return false
	}
	for shift := 0; shift <= 16; shift += 8 {
		if d := int(p>>shift&255) - int(q>>shift&255); d > int(hold) || d < -int(hold) {
			return false
		}
	}
	return true
}

// half makes a cell of two pixels, one above the other.
func (b *Blocks) half(top, bottom rgb) cell {
	if b.opts.Profile == NoColor {
		return b.weight((top.luma() + bottom.luma()) / 2)
	}
	fg, _ := b.opts.Profile.paintOf(top)
	bg, _ := b.opts.Profile.paintOf(bottom)
	if fg == bg {
		return cell{' ', noPaint, bg}
	}
	return cell{'▀', fg, bg}
}

// weight makes a cell of a character that covers about as much as the brightness asks for.
func (b *Blocks) weight(luma int32) cell {
	const ramp = " .:-=+*#%@"
	g := b.opts.Ground
	if (rgb{int32(g.R), int32(g.G), int32(g.B)}).luma() > 127 { // dark characters on a light ground
		luma = 255 - luma
	}
	return cell{rune(ramp[int(luma)*len(ramp)/256]), noPaint, noPaint}
}

// Lines gives the cells as styled lines. The slice is the Blocks' own and changes with the next Draw.
func (b *Blocks) Lines() []string {
	for y, line := range b.lines {
		if line != "" {
			continue
		}
		b.buf = b.buf[:0]
		pen := pen{noPaint, noPaint}
		for _, c := range b.cells[y*b.cols : (y+1)*b.cols] {
			b.buf = pen.append(b.buf, c, b.opts.Profile)
		}
		b.buf = pen.lift(b.buf)
		b.lines[y] = string(b.buf)
	}
	return b.lines
}

// AppendDiff appends what changes the frame before into this one on a screen where the picture's top left cell
// stands in column and row, counted from 1. It moves the cursor and leaves no colour set.
func (b *Blocks) AppendDiff(dst []byte, column, row int) []byte {
	// Going on over cells that did not change costs less than moving the cursor.
	const bridge = 4
	pen := pen{noPaint, noPaint}
	for y := range b.rows {
		at := -1 - bridge // the column after the last one written
		for x := range b.cols {
			i := y*b.cols + x
			if !b.changed[i] {
				continue
			}
			if x-at <= bridge {
				for ; at < x; at++ {
					dst = pen.append(dst, b.cells[y*b.cols+at], b.opts.Profile)
				}
			} else {
				dst = appendMove(dst, column+x, row+y)
			}
			dst = pen.append(dst, b.cells[i], b.opts.Profile)
			at = x + 1
		}
	}
	return pen.lift(dst)
}

func appendMove(dst []byte, column, row int) []byte {
	dst = strconv.AppendInt(append(dst, "\x1b["...), int64(row), 10)
	dst = strconv.AppendInt(append(dst, ';'), int64(column), 10)
	return append(dst, 'H')
}

// A pen is the colours that are set.
type pen struct{ fg, bg paint }

// append writes a cell, setting only the colours that are not set yet.
func (p *pen) append(dst []byte, c cell, profile Profile) []byte {
	fg, bg := c.fg != p.fg, c.bg != p.bg
	if fg || bg {
		dst = append(dst, "\x1b["...)
		if fg {
			dst = profile.appendColor(dst, 30, c.fg)
		}
		if fg && bg {
			dst = append(dst, ';')
		}
		if bg {
			dst = profile.appendColor(dst, 40, c.bg)
		}
		dst = append(dst, 'm')
		p.fg, p.bg = c.fg, c.bg
	}
	return append(dst, string(c.glyph)...)
}

// lift leaves no colour set.
func (p *pen) lift(dst []byte) []byte {
	if p.fg == noPaint && p.bg == noPaint {
		return dst
	}
	p.fg, p.bg = noPaint, noPaint
	return append(dst, "\x1b[m"...)
}
