// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"image"
	"math"
)

// How far one can zoom, in pixels of the screen for one of the picture.
const (
	maxZoom = 32.0
	maxFit  = 4.0 // a small picture is not made larger than this to fill the screen
	zoomBy  = 1.5 // with each key
)

// pane is the part of the screen for a picture.
type pane struct {
	cols, rows   int // cells
	cellW, cellH int // pixels of a cell
}

func (p pane) width() float64  { return float64(p.cols * p.cellW) }
func (p pane) height() float64 { return float64(p.rows * p.cellH) }

// fit is the scale at which a whole picture of w by h pixels is seen.
func (p pane) fit(w, h int) float64 {
	return min(p.width()/float64(w), p.height()/float64(h), maxFit)
}

// lens is which part of a picture is looked at, and how large. The zero value shows all of it.
type lens struct {
	scale float64 // pixels of the screen for one of the picture; 0: as fits
	x, y  float64 // the point in the middle, in pixels of the picture; not used while all is seen
}

// at is the scale for a picture of w by h pixels.
func (l lens) at(p pane, w, h int) float64 {
	if l.scale == 0 {
		return p.fit(w, h)
	}
	return l.scale
}

// seen is what a lens shows: a part of the picture, and the cells that it takes.
type seen struct {
	part       image.Rectangle
	cols, rows int
}

// see tells what the lens shows of a picture of w by h pixels.
func (l lens) see(p pane, w, h int) seen {
	s := l.at(p, w, h)
	x0, x1, cols := along(l.x, s, w, p.cols, p.cellW)
	y0, y1, rows := along(l.y, s, h, p.rows, p.cellH)
	return seen{part: image.Rect(x0, y0, x1, y1), cols: cols, rows: rows}
}

// along is see in one direction, for n pixels of the picture and cells of so many pixels.
func along(middle, scale float64, n, cells, cell int) (from, to, taken int) {
	if all := float64(n) * scale; all <= float64(cells*cell) {
		return 0, n, min(max(1, int(math.Round(all/float64(cell)))), cells)
	}
	span := min(max(1, int(math.Round(float64(cells*cell)/scale))), n)
	from = min(max(0, int(math.Round(middle-float64(span)/2))), n-span)
	return from, from + span, cells
}

// zoom makes everything larger by a factor, or smaller; what is in the middle stays there.
func (l lens) zoom(by float64, p pane, w, h int) lens {
	fit := p.fit(w, h)
	was, lowest := l.centred(p, w, h), min(fit, 1)
	scale := min(max(l.at(p, w, h)*by, lowest), maxZoom)
	if math.Abs(scale/fit-1) < 0.02 {
		return lens{}
	}
	return lens{scale: scale, x: was.x, y: was.y}
}

// actual shows each pixel of the picture as one of the screen.
func (l lens) actual(p pane, w, h int) lens {
	was := l.centred(p, w, h)
	return lens{scale: 1, x: was.x, y: was.y}
}

// pan moves the lens over the picture by cells, as far as there is something to be seen.
func (l lens) pan(cols, rows int, p pane, w, h int) lens {
	s := l.at(p, w, h)
	l = l.centred(p, w, h)
	l.x += float64(cols*p.cellW) / s
	l.y += float64(rows*p.cellH) / s
	return l.centred(p, w, h)
}

// centred puts the middle where it really is: in the picture's own where all of it is seen, and not over its edge.
func (l lens) centred(p pane, w, h int) lens {
	s := l.at(p, w, h)
	l.x = middleOf(l.x, p.width()/s, float64(w), l.scale == 0)
	l.y = middleOf(l.y, p.height()/s, float64(h), l.scale == 0)
	return l
}

func middleOf(at, span, n float64, whole bool) float64 {
	if whole || span >= n {
		return n / 2
	}
	return min(max(at, span/2), n-span/2)
}
