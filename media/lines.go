// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"image"
	"image/color"
	"image/draw"
)

// lines reads a picture line by line as four-byte pixels in which averages can be taken, and turns the averages
// into premultiplied RGBA. A line is valid until the next one is asked for.
type lines interface {
	line(y int) []uint8      // y counts from the top of the rectangle
	finish(averages []uint8) // in place
}

// linesOf chooses the quickest reader for the rectangle r of a picture.
func linesOf(src image.Image, r image.Rectangle) lines {
	buf := make([]uint8, 4*r.Dx())
	switch m := src.(type) {
	case *image.RGBA:
		return rgbaLines{m, r}
	case *image.NRGBA:
		return nrgbaLines{m, r, buf}
	case *image.YCbCr:
		return ycbcrLines{m, r, buf}
	case *image.Paletted:
		p := &palettedLines{m: m, r: r, buf: buf}
		for i, c := range m.Palette[:min(len(m.Palette), 256)] {
			p.colors[i] = color.RGBAModel.Convert(c).(color.RGBA)
		}
		return p
	}
	return otherLines{src, r, &image.RGBA{Pix: buf, Stride: len(buf), Rect: image.Rect(0, 0, r.Dx(), 1)}}
}

type rgbaLines struct {
	m *image.RGBA
	r image.Rectangle
}

func (l rgbaLines) line(y int) []uint8 {
	return l.m.Pix[l.m.PixOffset(l.r.Min.X, l.r.Min.Y+y):][:4*l.r.Dx()]
}
func (rgbaLines) finish([]uint8) {}

type nrgbaLines struct {
	m   *image.NRGBA
	r   image.Rectangle
	buf []uint8
}

func (l nrgbaLines) line(y int) []uint8 {
	src := l.m.Pix[l.m.PixOffset(l.r.Min.X, l.r.Min.Y+y):][:4*l.r.Dx()]
	copy(l.buf, src)
	for p := l.buf; len(p) >= 4; p = p[4:] {
		if a := uint32(p[3]); a != 0xff {
			p[0] = uint8(uint32(p[0]) * a / 0xff)
			p[1] = uint8(uint32(p[1]) * a / 0xff)
			p[2] = uint8(uint32(p[2]) * a / 0xff)
		}
	}
	return l.buf
}
func (nrgbaLines) finish([]uint8) {}

// ycbcrLines averages luma and chroma themselves: the way from there to RGB is linear, so it can be gone once per
// target pixel rather than once per source pixel.
type ycbcrLines struct {
	m   *image.YCbCr
	r   image.Rectangle
	buf []uint8
}

func (l ycbcrLines) line(y int) []uint8 {
	x0, sy := l.r.Min.X, l.r.Min.Y+y
	luma := l.m.Y[l.m.YOffset(x0, sy):][:l.r.Dx()]
	shift := 0
	switch l.m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
		shift = 1
	case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
		shift = 2
	}
	// Offsets within the chroma planes count from the column that x = 0 falls into.
	base := l.m.COffset(x0, sy) - x0>>shift
	for i, v := range luma {
		c := base + (x0+i)>>shift
		p := l.buf[4*i : 4*i+4]
		p[0], p[1], p[2], p[3] = v, l.m.Cb[c], l.m.Cr[c], 0xff
	}
	return l.buf
}

func (ycbcrLines) finish(avg []uint8) {
	for p := avg; len(p) >= 4; p = p[4:] {
		p[0], p[1], p[2] = color.YCbCrToRGB(p[0], p[1], p[2])
	}
}

type palettedLines struct {
	m      *image.Paletted
	r      image.Rectangle
	buf    []uint8
	colors [256]color.RGBA
}

func (l *palettedLines) line(y int) []uint8 {
	for i, v := range l.m.Pix[l.m.PixOffset(l.r.Min.X, l.r.Min.Y+y):][:l.r.Dx()] {
		c := l.colors[v]
		p := l.buf[4*i : 4*i+4]
		p[0], p[1], p[2], p[3] = c.R, c.G, c.B, c.A
	}
	return l.buf
}
func (*palettedLines) finish([]uint8) {}

// otherLines lets the standard library convert: sixteen bits, CMYK, grey, YCbCr with alpha.
type otherLines struct {
	m   image.Image
	r   image.Rectangle
	row *image.RGBA
}

func (l otherLines) line(y int) []uint8 {
	draw.Draw(l.row, l.row.Rect, l.m, image.Pt(l.r.Min.X, l.r.Min.Y+y), draw.Src)
	return l.row.Pix
}
func (otherLines) finish([]uint8) {}
