// SPDX-License-Identifier: GPL-2.0-only

// Package sixel encodes pictures for terminals with sixel graphics (DEC STD 070, chapter 9). The package only makes
// bytes; it writes to no terminal.
package sixel

import (
	"errors"
	"fmt"
	"image"
	"strconv"
)

// MaxColors is the most colours a picture can have: more registers are rarely there.
const MaxColors = 256

// ErrSize says that a picture cannot be encoded.
var ErrSize = errors.New("a sixel picture needs a width, a height, and between 2 and 256 colours")

// Encode gives an opaque picture as one device control string, with a palette of its own of at most colors colours.
// Pixels are dithered where the palette is too small for the picture.
func Encode(m *image.RGBA, colors int) ([]byte, error) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if w <= 0 || h <= 0 || colors < 2 || colors > MaxColors {
		return nil, fmt.Errorf("%w: %d x %d with %d colours", ErrSize, w, h, colors)
	}
	palette, exact := choose(m, colors)
	indices := assign(m, palette, exact)

	out := make([]byte, 0, w*h/2+16*len(palette))
	out = append(out, "\x1bP0;1;0q\"1;1;"...)
	out = strconv.AppendInt(out, int64(w), 10)
	out = append(out, ';')
	out = strconv.AppendInt(out, int64(h), 10)
	for i, c := range palette {
		out = append(out, '#')
		out = strconv.AppendInt(out, int64(i), 10)
		out = append(out, ";2"...)
		for _, v := range []int32{c.r, c.g, c.b} {
			out = append(out, ';')
			out = strconv.AppendInt(out, int64(v*100+127)/255, 10)
		}
	}
	b := band{w: w, used: make([]bool, len(palette)), rows: make([][]byte, len(palette))}
	for y := 0; y < h; y += 6 {
		if y > 0 {
			out = append(out, '-')
		}
		out = b.append(out, indices[y*w:min((y+6)*w, len(indices))])
	}
	return append(out, "\x1b\\"...), nil
}

// band is the work space for six lines of pixels.
type band struct {
	w    int
	used []bool
	rows [][]byte // for each colour, a bit for each of the six pixels in a column
}

// append writes a band: each colour that is in it as a pass over the whole width.
func (b *band) append(out, indices []byte) []byte {
	clear(b.used)
	for i, c := range indices {
		if !b.used[c] {
			b.used[c] = true
			if b.rows[c] == nil {
				b.rows[c] = make([]byte, b.w)
			}
			clear(b.rows[c])
		}
		b.rows[c][i%b.w] |= 1 << (i / b.w)
	}
	first := true
	for c, used := range b.used {
		if !used {
			continue
		}
		if !first {
			out = append(out, '$')
		}
		first = false
		out = append(out, '#')
		out = strconv.AppendInt(out, int64(c), 10)
		out = appendRuns(out, b.rows[c])
	}
	return out
}

// appendRuns writes columns, repeats of more than three in short. What is empty at the end is left out.
func appendRuns(out, row []byte) []byte {
	for len(row) > 0 {
		n := 1
		for n < len(row) && row[n] == row[0] {
			n++
		}
		if row[0] == 0 && n == len(row) {
			return out
		}
		sixel := '?' + row[0]
		if n > 3 {
			out = append(out, '!')
			out = strconv.AppendInt(out, int64(n), 10)
			out = append(out, sixel)
		} else {
			for range n {
				out = append(out, sixel)
			}
		}
		row = row[n:]
	}
	return out
}
