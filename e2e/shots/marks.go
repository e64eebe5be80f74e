// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"image"
	"image/color"
)

// marks are the colours in the corners of what is sent: left above, right above, left below, right below. Nothing that
// the program paints itself comes near them. In the second half of the video the two above and the two below have
// changed places.
var marks = [4]color.RGBA{
	{0xff, 0x00, 0xff, 0xff}, {0x00, 0xff, 0x00, 0xff}, {0x00, 0xff, 0xff, 0xff}, {0xff, 0x78, 0x00, 0xff},
}

// markShare is how wide and high a mark is: one part of so many of the picture's shorter side.
const markShare = 7

const (
	// near is how far a colour of the screen may be from that of a mark, in each channel: palettes and video codecs
	// change it a little.
	near = 44
	// least is how many pixels of its colour a mark must have to be seen, and the most that may be left of one that is
	// gone.
	least, most = 60, 8
)

// seen is where the colour of a mark is on the screen.
type seen struct {
	pixels int
	box    image.Rectangle
}

// find looks for all four marks.
func find(m *image.RGBA) (found [4]seen) {
	for y := range m.Rect.Dy() {
		row := m.Pix[y*m.Stride:]
		for x := range m.Rect.Dx() {
			for i, c := range marks {
				if alike(row[4*x], c.R) && alike(row[4*x+1], c.G) && alike(row[4*x+2], c.B) {
					found[i].pixels++
					found[i].box = found[i].box.Union(image.Rect(x, y, x+1, y+1))
				}
			}
		}
	}
	return found
}

func alike(a, b uint8) bool { return max(a, b)-min(a, b) <= near }

// shows reports where a picture is on the screen, or in what way it is not there as one whole: with each of its marks in
// one piece and in its corner. turned looks for the second half of the video.
func shows(m *image.RGBA, turned bool) (image.Rectangle, error) {
	found := find(m)
	var all image.Rectangle
	for i, f := range found {
		if f.pixels < least {
			return all, fmt.Errorf("mark %d has %d pixels", i, f.pixels)
		}
		if area := f.box.Dx() * f.box.Dy(); f.pixels < area*7/10 {
			return all, fmt.Errorf("mark %d fills %d of the %d pixels of %v", i, f.pixels, area, f.box)
		}
		all = all.Union(f.box)
	}
	if turned {
		found[0], found[2] = found[2], found[0]
		found[1], found[3] = found[3], found[1]
	}
	const slack = 4
	for i, f := range found {
		if right := i%2 == 1; right && f.box.Max.X < all.Max.X-slack || !right && f.box.Min.X > all.Min.X+slack {
			return all, fmt.Errorf("mark %d is at %v, not at its side of %v", i, f.box, all)
		}
		if below := i/2 == 1; below && f.box.Max.Y < all.Max.Y-slack || !below && f.box.Min.Y > all.Min.Y+slack {
			return all, fmt.Errorf("mark %d is at %v, not at its end of %v", i, f.box, all)
		}
	}
	return all, nil
}

// gone reports what is left of a picture that should not be on the screen.
func gone(m *image.RGBA) error {
	for i, f := range find(m) {
		if f.pixels > most {
			return fmt.Errorf("%d pixels of mark %d are left at %v", f.pixels, i, f.box)
		}
	}
	return nil
}

// lower reports whether only the lower end of a picture is on the screen.
func lower(m *image.RGBA) error {
	found := find(m)
	for i, f := range found {
		if i < 2 && f.pixels > most {
			return fmt.Errorf("%d pixels of mark %d, which is above, are left at %v", f.pixels, i, f.box)
		}
		if i >= 2 && f.pixels < least {
			return fmt.Errorf("mark %d has %d pixels", i, f.pixels)
		}
	}
	return nil
}

// sharpness is in which share of its parts a picture has more colours than characters could give it: a part is as large
// as a cell, and in half-blocks it has at most six, as it lies across two cells and their halves.
func sharpness(m *image.RGBA, at image.Rectangle) float64 {
	const width, height, blocks = 8, 16, 8
	sharp, all := 0, 0
	for y := at.Min.Y; y+height <= at.Max.Y; y += height {
		for x := at.Min.X; x+width <= at.Max.X; x += width {
			colors := map[color.RGBA]bool{}
			for dy := range height {
				for dx := range width {
					colors[m.RGBAAt(x+dx, y+dy)] = true
				}
			}
			all++
			if len(colors) > blocks {
				sharp++
			}
		}
	}
	return float64(sharp) / float64(max(all, 1))
}
