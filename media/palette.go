// SPDX-License-Identifier: GPL-2.0-only

package media

import "strconv"

// Profile is which colours a terminal can show.
type Profile uint8

// The profiles, from poor to rich.
const (
	NoColor   Profile = iota // characters of different weight instead of colours
	ANSI16                   // the sixteen colours of ECMA-48 and their bright twins
	ANSI256                  // xterm's cube and greys
	TrueColor                // 24 bits
)

// paint is a colour as a profile writes it: 0xRRGGBB in TrueColor, a palette index otherwise, or noPaint.
type paint int32

// noPaint is the terminal's own colour.
const noPaint paint = -1

// rgb is a colour with room for what dithering adds.
type rgb struct{ r, g, b int32 }

func (c rgb) distance(d rgb) int32 {
	r, g, b := c.r-d.r, c.g-d.g, c.b-d.b
	return 2*r*r + 4*g*g + 3*b*b // the eye tells greens apart best
}

func (c rgb) clamp() rgb {
	return rgb{min(max(c.r, 0), 255), min(max(c.g, 0), 255), min(max(c.b, 0), 255)}
}

// luma is the brightness, 0 to 255 (ITU-R BT.601).
func (c rgb) luma() int32 { return (299*c.r + 587*c.g + 114*c.b) / 1000 }

// paintOf finds the nearest colour of a profile, and what it looks like.
func (p Profile) paintOf(c rgb) (paint, rgb) {
	switch p {
	case TrueColor:
		c = c.clamp()
		return paint(c.r<<16 | c.g<<8 | c.b), c
	case ANSI256:
		return nearest256(c.clamp())
	case ANSI16:
		return nearest16(c.clamp())
	}
	return noPaint, c
}

// cubeLevel is the value of each of the six steps of xterm's colour cube.
func cubeLevel(i int32) int32 {
	if i == 0 {
		return 0
	}
	return 55 + 40*i
}

func nearestCube(v int32) int32 {
	switch {
	case v < 48:
		return 0
	case v < 115:
		return 1
	}
	return (v - 35) / 40
}

// nearest256 looks in the cube and the greys only: the first sixteen look different everywhere.
func nearest256(c rgb) (paint, rgb) {
	r, g, b := nearestCube(c.r), nearestCube(c.g), nearestCube(c.b)
	cube := rgb{cubeLevel(r), cubeLevel(g), cubeLevel(b)}
	step := min(max(((c.r+c.g+c.b)/3-3)/10, 0), 23)
	grey := rgb{8 + 10*step, 8 + 10*step, 8 + 10*step}
	if c.distance(grey) < c.distance(cube) {
		return paint(232 + step), grey
	}
	return paint(16 + 36*r + 6*g + b), cube
}

// ansi16 are xterm's own values for the sixteen colours.
func ansi16() [16]rgb {
	return [16]rgb{
		{0, 0, 0},
		{205, 0, 0},
		{0, 205, 0},
		{205, 205, 0},
		{0, 0, 238},
		{205, 0, 205},
		{0, 205, 205},
		{229, 229, 229},
		{127, 127, 127},
		{255, 0, 0},
		{0, 255, 0},
		{255, 255, 0},
		{92, 92, 255},
		{255, 0, 255},
		{0, 255, 255},
		{255, 255, 255},
	}
}

func nearest16(c rgb) (paint, rgb) {
	best, found := int32(1<<30), 0
	table := ansi16()
	for i := range table {
		if d := c.distance(table[i]); d < best {
			best, found = d, i
		}
	}
	return paint(found), table[found]
}

// appendColor appends the parameters that choose a colour, as foreground (base 30) or background (base 40), without
// introducer and final byte.
func (p Profile) appendColor(dst []byte, base int64, c paint) []byte {
	switch {
	case c == noPaint:
		return strconv.AppendInt(dst, base+9, 10)
	case p == ANSI16 && c < 8:
		return strconv.AppendInt(dst, base+int64(c), 10)
	case p == ANSI16:
		return strconv.AppendInt(dst, base+60+int64(c)-8, 10)
	}
	dst = strconv.AppendInt(dst, base+8, 10)
	if p == ANSI256 {
		return strconv.AppendInt(append(dst, ";5;"...), int64(c), 10)
	}
	dst = strconv.AppendInt(append(dst, ";2;"...), int64(c>>16&255), 10)
	dst = strconv.AppendInt(append(dst, ';'), int64(c>>8&255), 10)
	return strconv.AppendInt(append(dst, ';'), int64(c&255), 10)
}
