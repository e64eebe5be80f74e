// SPDX-License-Identifier: GPL-2.0-only

package sixel

import (
	"cmp"
	"image"
	"slices"
)

// rgb is a colour with room for what dithering adds.
type rgb struct{ r, g, b int32 }

// bucket holds all pixels whose colours agree in their five upper bits.
type bucket struct {
	n       int64
	r, g, b int64 // sums
}

// slot is the number of the bucket a colour belongs to.
func slot(r, g, b uint8) int { return int(r)>>3<<10 | int(g)>>3<<5 | int(b)>>3 }

// choose finds the palette for a picture. It is exact if the picture has no more colours than that.
func choose(m *image.RGBA, colors int) (palette []rgb, exact bool) {
	seen := make(map[rgb]bool, colors+1)
	buckets := make([]bucket, 1<<15)
	for y := range m.Rect.Dy() {
		for p := m.Pix[y*m.Stride : y*m.Stride+4*m.Rect.Dx()]; len(p) >= 4; p = p[4:] {
			if len(seen) <= colors {
				seen[rgb{int32(p[0]), int32(p[1]), int32(p[2])}] = true
			}
			k := &buckets[slot(p[0], p[1], p[2])]
			k.n++
			k.r += int64(p[0])
			k.g += int64(p[1])
			k.b += int64(p[2])
		}
	}
	if len(seen) <= colors {
		for c := range seen {
			palette = append(palette, c)
		}
		slices.SortFunc(palette, func(a, b rgb) int { // the same picture gives the same bytes
			return cmp.Or(cmp.Compare(a.r, b.r), cmp.Compare(a.g, b.g), cmp.Compare(a.b, b.b))
		})
		return palette, true
	}
	return medianCut(buckets, colors), false
}

// box is a group of buckets that will become one colour.
type box struct {
	buckets []bucket
	n       int64
	channel int   // the one with the widest spread
	spread  int64 // of that channel, times the number of pixels
}

func newBox(buckets []bucket) box {
	b := box{buckets: buckets}
	low, high := [3]int64{255, 255, 255}, [3]int64{}
	for _, k := range buckets {
		b.n += k.n
		for c := range 3 {
			low[c], high[c] = min(low[c], k.mean(c)), max(high[c], k.mean(c))
		}
	}
	// The eye tells greens apart best and blues worst.
	for c, weight := range [3]int64{3, 4, 2} {
		if s := (high[c] - low[c]) * weight; s > b.spread {
			b.channel, b.spread = c, s
		}
	}
	return b
}

func (k bucket) mean(channel int) int64 { return [3]int64{k.r, k.g, k.b}[channel] / k.n }

// weight says which box is most worth being divided.
func (b box) weight() int64 {
	if len(b.buckets) < 2 {
		return 0
	}
	return b.spread * b.n
}

// medianCut divides the colours into groups, always the heaviest one in its widest direction, and gives the mean of
// each.
func medianCut(buckets []bucket, colors int) []rgb {
	buckets = slices.DeleteFunc(slices.Clone(buckets), func(k bucket) bool { return k.n == 0 })
	boxes := []box{newBox(buckets)}
	for len(boxes) < colors {
		i := 0
		for j, b := range boxes {
			if b.weight() > boxes[i].weight() {
				i = j
			}
		}
		b := boxes[i]
		if b.weight() == 0 {
			break
		}
		slices.SortFunc(b.buckets, func(p, q bucket) int { return cmp.Compare(p.mean(b.channel), q.mean(b.channel)) })
		half, at := b.buckets[0].n, 1
		for at < len(b.buckets)-1 && half < b.n/2 {
			half += b.buckets[at].n
			at++
		}
		boxes[i] = newBox(b.buckets[:at])
		boxes = append(boxes, newBox(b.buckets[at:]))
	}
	palette := make([]rgb, len(boxes))
	for i, b := range boxes {
		var sum bucket
		for _, k := range b.buckets {
			sum = bucket{sum.n + k.n, sum.r + k.r, sum.g + k.g, sum.b + k.b}
		}
		palette[i] = rgb{int32(sum.mean(0)), int32(sum.mean(1)), int32(sum.mean(2))}
	}
	return palette
}

// assign gives each pixel its place in the palette.
func assign(m *image.RGBA, palette []rgb, exact bool) []byte {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := make([]byte, w*h)
	if exact {
		index := make(map[rgb]byte, len(palette))
		for i, c := range palette {
			index[c] = byte(i)
		}
		for y := range h {
			for x := range w {
				p := m.Pix[y*m.Stride+4*x:]
				out[y*w+x] = index[rgb{int32(p[0]), int32(p[1]), int32(p[2])}]
			}
		}
		return out
	}
	dither(out, m, palette)
	return out
}

// dither spreads what the palette cannot show over the pixels to come (Floyd and Steinberg).
func dither(out []byte, m *image.RGBA, palette []rgb) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	known := make([]int16, 1<<15) // the nearest colour for a bucket, plus one
	line, below := make([]rgb, w+2), make([]rgb, w+2)
	for y := range h {
		line, below = below, line
		clear(below)
		for x := range w {
			p := m.Pix[y*m.Stride+4*x:]
			e := line[x+1]
			c := rgb{
				min(max(int32(p[0])+e.r/16, 0), 255), min(max(int32(p[1])+e.g/16, 0), 255), min(max(int32(p[2])+e.b/16, 0), 255),
			}
			k := slot(uint8(c.r), uint8(c.g), uint8(c.b))
			if known[k] == 0 {
				known[k] = int16(nearest(palette, c)) + 1
			}
			i := known[k] - 1
			out[y*w+x] = byte(i)
			e = rgb{c.r - palette[i].r, c.g - palette[i].g, c.b - palette[i].b}
			line[x+2].add(e, 7)
			below[x].add(e, 3)
			below[x+1].add(e, 5)
			below[x+2].add(e, 1)
		}
	}
}

func (c *rgb) add(e rgb, part int32) {
	c.r += e.r * part
	c.g += e.g * part
	c.b += e.b * part
}

func nearest(palette []rgb, c rgb) int {
	best, found := int32(1<<30), 0
	for i, p := range palette {
		r, g, b := p.r-c.r, p.g-c.g, p.b-c.b
		if d := 3*r*r + 4*g*g + 2*b*b; d < best {
			best, found = d, i
		}
	}
	return found
}
