// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"image"
	"math/rand/v2"
	"testing"
)

func TestALensShowsAllOfAPictureAsLargeAsItFits(t *testing.T) {
	p := pane{cols: 80, rows: 20, cellW: 10, cellH: 20} // 800 x 400 pixels
	for _, c := range []struct {
		name string
		w, h int
		want seen
	}{
		{"wide", 1600, 400, seen{image.Rect(0, 0, 1600, 400), 80, 10}},
		{"high", 100, 800, seen{image.Rect(0, 0, 100, 800), 5, 20}},
		{"of the same shape", 800, 400, seen{image.Rect(0, 0, 800, 400), 80, 20}},
		{"small: not larger than four times", 50, 50, seen{image.Rect(0, 0, 50, 50), 20, 10}},
		{"one pixel", 1, 1, seen{image.Rect(0, 0, 1, 1), 1, 1}},
		{"a line", 16384, 1, seen{image.Rect(0, 0, 16384, 1), 80, 1}},
	} {
		if got := (lens{}).see(p, c.w, c.h); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestZoomKeepsTheMiddleAndPanStopsAtTheEdges(t *testing.T) {
	p := pane{cols: 80, rows: 20, cellW: 10, cellH: 20}
	const w, h = 1600, 800
	l := lens{}.actual(p, w, h)
	if got := l.see(p, w, h); got.part != image.Rect(400, 200, 1200, 600) || got.cols != 80 || got.rows != 20 {
		t.Errorf("every pixel: %+v", got)
	}
	l = l.pan(-1000, 3, p, w, h)
	if got := l.see(p, w, h).part; got != image.Rect(0, 260, 800, 660) {
		t.Errorf("at the left edge: %v", got)
	}
	// There is no dead way back from the edge.
	if got := l.pan(1, 0, p, w, h).see(p, w, h).part; got != image.Rect(10, 260, 810, 660) {
		t.Errorf("a cell back: %v", got)
	}
	// Zooming out ends at the whole picture, zooming in at the limit.
	for range 40 {
		l = l.zoom(1/zoomBy, p, w, h)
	}
	if l != (lens{}) {
		t.Errorf("smallest: %+v", l)
	}
	for range 40 {
		l = l.zoom(zoomBy, p, w, h)
	}
	if l.scale != maxZoom || l.see(p, w, h).part.Dx() != 25 {
		t.Errorf("largest: %+v sees %+v", l, l.see(p, w, h))
	}
}

// Whatever is done, a part of the picture is seen, and it fits into the pane.
func TestALensNeverLeavesThePicture(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		p := pane{cols: 1 + r.IntN(200), rows: 1 + r.IntN(80), cellW: 2 + r.IntN(20), cellH: 2 + r.IntN(40)}
		w, h := 1+r.IntN(5000), 1+r.IntN(5000)
		l := lens{}
		for range 12 {
			switch r.IntN(4) {
			case 0:
				l = l.zoom(zoomBy, p, w, h)
			case 1:
				l = l.zoom(1/zoomBy, p, w, h)
			case 2:
				l = l.pan(r.IntN(100)-50, r.IntN(100)-50, p, w, h)
			case 3:
				l = l.actual(p, w, h)
			}
			s := l.see(p, w, h)
			if s.part.Empty() || !s.part.In(image.Rect(0, 0, w, h)) || s.cols < 1 || s.rows < 1 || s.cols > p.cols || s.rows > p.rows {
				t.Fatalf("%+v of %d x %d in %+v sees %+v", l, w, h, p, s)
			}
		}
	}
}
