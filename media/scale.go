// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"image"
	"image/color"
	"image/draw"

	xdraw "golang.org/x/image/draw"
)

// sharpPixels is how many source pixels are worth the sharper way of shrinking a little: above it Catmull-Rom takes
// 100 ms and more, four times as long as the averages.
const sharpPixels = 2_000_000

// resample gives the rectangle r of src at w by h pixels, composed on an opaque ground. When it shrinks by two or
// more in both directions every source pixel counts by the area it covers, which is the exact answer and takes one
// pass; nearer to the original size Catmull-Rom keeps edges sharper, as long as the picture is not large.
func resample(src image.Image, r image.Rectangle, w, h int, ground color.RGBA) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if r.Dx() >= 2*w && r.Dy() >= 2*h || r.Dx() > w && r.Dy() > h && r.Dx()*r.Dy() > sharpPixels {
		averageAreas(out, src, r)
		compose(out, ground)
		return out
	}
	fill(out, ground)
	if r.Dx() == w && r.Dy() == h {
		draw.Draw(out, out.Rect, src, r.Min, draw.Over)
		return out
	}
	xdraw.CatmullRom.Scale(out, out.Rect, src, r, xdraw.Over, nil)
	return out
}

// compose puts the premultiplied pixels of m on an opaque ground.
func compose(m *image.RGBA, ground color.RGBA) {
	for p := m.Pix; len(p) >= 4; p = p[4:] {
		if p[3] == 0xff {
			continue
		}
		rest := 0xff - uint32(p[3])
		p[0] += uint8(uint32(ground.R) * rest / 0xff)
		p[1] += uint8(uint32(ground.G) * rest / 0xff)
		p[2] += uint8(uint32(ground.B) * rest / 0xff)
		p[3] = 0xff
	}
}

// A span is the part of a source line that one target pixel covers: whole pixels from first to last, not counting
// last, of which the outermost may count for less.
type span struct {
	first, last int
	head, tail  uint32 // weights of first and last-1, of spanOne; both are whole when they are the same pixel
}

const spanOne = 256

// spans divides n source pixels among m target pixels, n >= m.
func spans(n, m int) []span {
	out := make([]span, m)
	for i := range out {
		from, to := i*n*spanOne/m, (i+1)*n*spanOne/m
		s := span{first: from / spanOne, last: (to + spanOne - 1) / spanOne}
		s.head = uint32(spanOne - from%spanOne)
		s.tail = uint32(spanOne - (s.last*spanOne - to))
		out[i] = s
	}
	return out
}

// averageAreas fills out, premultiplied, with the averages of the areas of r.
func averageAreas(out *image.RGBA, src image.Image, r image.Rectangle) {
	lines := linesOf(src, r)
	w, h := out.Rect.Dx(), out.Rect.Dy()
	cols, rows := spans(r.Dx(), w), spans(r.Dy(), h)
	sums := make([]uint64, 4*w)
	for y, row := range rows {
		clear(sums)
		for sy := row.first; sy < row.last; sy++ {
			weight := uint32(spanOne)
			switch sy {
			case row.first:
				weight = row.head
			case row.last - 1:
				weight = row.tail
			}
			addLine(sums, lines.line(sy), cols, uint64(weight))
		}
		pix := out.Pix[y*out.Stride : y*out.Stride+4*w]
		rowWeight := row.weight()
		for x, col := range cols {
			total := col.weight() * rowWeight
			for c := range 4 {
				pix[4*x+c] = uint8((sums[4*x+c] + total/2) / total)
			}
		}
		lines.finish(pix)
	}
}

// weight is the sum of all weights in a span.
func (s span) weight() uint64 {
	if n := s.last - s.first; n > 1 {
		return uint64(s.head) + uint64(s.tail) + uint64(n-2)*spanOne
	}
	return uint64(s.head)
}

// addLine adds one source line of four-byte pixels to the sums of a target line.
func addLine(sums []uint64, line []uint8, cols []span, weight uint64) {
	for x, s := range cols {
		var a, b, c, d uint32
		px := line[4*s.first : 4*s.last]
		for p := px; len(p) >= 4; p = p[4:] {
			a += uint32(p[0])
			b += uint32(p[1])
			c += uint32(p[2])
			d += uint32(p[3])
		}
		a, b, c, d = a*spanOne, b*spanOne, c*spanOne, d*spanOne
		if less := spanOne - s.head; less > 0 {
			a, b, c, d = a-uint32(px[0])*less, b-uint32(px[1])*less, c-uint32(px[2])*less, d-uint32(px[3])*less
		}
		if less := spanOne - s.tail; less > 0 {
			p := px[len(px)-4:]
			a, b, c, d = a-uint32(p[0])*less, b-uint32(p[1])*less, c-uint32(p[2])*less, d-uint32(p[3])*less
		}
		t := sums[4*x : 4*x+4]
		t[0] += uint64(a) * weight
		t[1] += uint64(b) * weight
		t[2] += uint64(c) * weight
		t[3] += uint64(d) * weight
	}
}
