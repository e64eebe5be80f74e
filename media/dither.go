// SPDX-License-Identifier: GPL-2.0-only

package media

import "image"

// prepare copies the pixels of a frame to where they can be dithered, and dithers them if the options say so. The
// result is valid until the next call.
func (b *Blocks) prepare(m *image.RGBA, w, h int) []rgb {
	if cap(b.work) < w*h {
		b.work = make([]rgb, w*h)
	}
	px := b.work[:w*h]
	for y := range h {
		row := m.Pix[y*m.Stride : y*m.Stride+4*w]
		out := px[y*w : (y+1)*w]
		for x := range out {
			p := row[4*x : 4*x+3 : 4*x+3]
			out[x] = rgb{int32(p[0]), int32(p[1]), int32(p[2])}
		}
	}
	if b.opts.Profile == ANSI256 || b.opts.Profile == ANSI16 {
		switch b.opts.Dither {
		case Diffuse:
			diffuse(px, w, h, b.opts.Profile)
		case Ordered:
			order(px, w, b.opts.Profile)
		}
	}
	return px
}

// diffuse replaces every pixel by the nearest colour of the profile and spreads the difference over the pixels to
// come (Floyd and Steinberg).
func diffuse(px []rgb, w, h int, profile Profile) {
	spread := func(i int, e rgb, part int32) {
		px[i].r += e.r * part / 16
		px[i].g += e.g * part / 16
		px[i].b += e.b * part / 16
	}
	for y := range h {
		for x := range w {
			i := y*w + x
			want := px[i].clamp() // what overflows would smear
			_, got := profile.paintOf(want)
			px[i] = got
			e := rgb{want.r - got.r, want.g - got.g, want.b - got.b}
			if x+1 < w {
				spread(i+1, e, 7)
			}
			if y+1 == h {
				continue
			}
			if x > 0 {
				spread(i+w-1, e, 3)
			}
			spread(i+w, e, 5)
			if x+1 < w {
				spread(i+w+1, e, 1)
			}
		}
	}
}

// order adds a fixed pattern of thresholds (Bayer, 4 by 4), as strong as the profile's steps are wide.
func order(px []rgb, w int, profile Profile) {
	bayer := [16]int32{0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5}
	for i := range px {
		t := 2*bayer[i/w%4*4+i%w%4] - 15
		c := &px[i]
		c.r += t * profile.step(c.r) / 32
		c.g += t * profile.step(c.g) / 32
		c.b += t * profile.step(c.b) / 32
		*c = c.clamp()
	}
}

// step is how far a channel's next value is.
func (p Profile) step(v int32) int32 {
	switch {
	case p == ANSI16:
		return 128
	case v < 95: // the cube's first step is wider than the others
		return 95
	}
	return 40
}
