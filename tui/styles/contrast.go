// SPDX-License-Identifier: GPL-2.0-only

package styles

import (
	"image/color"
	"math"
)

// What a colour needs against its ground, by WCAG 2.2: 4.5 for text (1.4.3), 7 for text that more people can read
// (1.4.6), 3 for what is no text (1.4.11).
const (
	TextRatio     = 4.5
	ContrastRatio = 7.0
	lineRatio     = 3.0
)

// hex is a colour as it is written: 0x7cb7ff.
func hex(rgb uint32) color.RGBA {
	return color.RGBA{uint8(rgb >> 16), uint8(rgb >> 8), uint8(rgb), 0xff}
}

// linear are the three parts of a colour in linear light, from 0 to 1 (sRGB, IEC 61966-2-1).
func linear(c color.RGBA) [3]float64 {
	var out [3]float64
	for i, v := range [3]uint8{c.R, c.G, c.B} {
		f := float64(v) / 255
		if f <= 0.04045 {
			out[i] = f / 12.92
		} else {
			out[i] = math.Pow((f+0.055)/1.055, 2.4)
		}
	}
	return out
}

// coded is linear the other way.
func coded(l [3]float64) color.RGBA {
	var out [3]uint8
	for i, f := range l {
		f = min(max(f, 0), 1)
		if f <= 0.0031308 {
			f *= 12.92
		} else {
			f = 1.055*math.Pow(f, 1/2.4) - 0.055
		}
		out[i] = uint8(math.Round(f * 255))
	}
	return color.RGBA{out[0], out[1], out[2], 0xff}
}

// luminance is WCAG's relative luminance.
func luminance(c color.RGBA) float64 {
	l := linear(c)
	return 0.2126*l[0] + 0.7152*l[1] + 0.0722*l[2]
}

// Ratio is the contrast of two colours by WCAG, from 1 to 21.
func Ratio(a, b color.RGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// Readable is a colour with as much of its hue as leaves it a contrast to the ground, or black or white where nothing
// else does. What has the contrast already is left alone.
func Readable(c, ground color.RGBA, ratio float64) color.RGBA {
	if Ratio(c, ground) >= ratio {
		return c
	}
	const rounding = 1.02 // to whole numbers of 0 to 255
	l, at, under := linear(c), luminance(c), luminance(ground)+0.05
	white, black := 1.05/under, under/0.05
	if white >= black {
		want := min(under*ratio*rounding-0.05, 1)
		t := (want - at) / (1 - at)
		for i := range l {
			l[i] += t * (1 - l[i])
		}
		return coded(l)
	}
	want := max(under/(ratio*rounding)-0.05, 0)
	for i := range l {
		l[i] *= want / at
	}
	return coded(l)
}

// indexed is the colour of xterm's cube and greys that comes closest to one and still has the contrast, or the closest
// one where none has. Left to itself the nearest colour would often be too dark.
func indexed(c, ground color.RGBA, ratio float64) color.RGBA {
	best, nearest := color.RGBA{}, math.Inf(1)
	for n := range 240 {
		candidate := xterm(n)
		r, g, b := float64(c.R)-float64(candidate.R), float64(c.G)-float64(candidate.G), float64(c.B)-float64(candidate.B)
		distance := r*r + g*g + b*b
		if Ratio(candidate, ground) < ratio {
			distance += 1 << 20 // behind all that have it
		}
		if distance < nearest {
			best, nearest = candidate, distance
		}
	}
	return best
}

// xterm is colour 16+n of xterm's 256: a cube of six steps, then 24 greys (xterm, 256colres.h).
func xterm(n int) color.RGBA {
	if n >= 216 {
		grey := uint8(8 + 10*(n-216))
		return color.RGBA{grey, grey, grey, 0xff}
	}
	step := func(i int) uint8 {
		if i == 0 {
			return 0
		}
		return uint8(55 + 40*i)
	}
	return color.RGBA{step(n / 36), step(n / 6 % 6), step(n % 6), 0xff}
}
