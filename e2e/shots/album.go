// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
)

// heaviest is how large the file of a screenshot may be, in bytes.
const heaviest = 150 << 10

var errHeavy = errors.New("the picture is too large to be kept")

// keep writes a screenshot with 256 colours at most.
func keep(dir, name string, m *image.RGBA) error {
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	var b bytes.Buffer
	if err := encoder.Encode(&b, quantise(m)); err != nil {
		return fmt.Errorf("keep %s: %w", name, err)
	}
	if b.Len() > heaviest {
		return fmt.Errorf("keep %s: %w: %d bytes", name, errHeavy, b.Len())
	}
	return os.WriteFile(filepath.Join(dir, name+".png"), b.Bytes(), 0o644)
}

// shade is a colour of a screen and how often it is there.
type shade struct {
	color.RGBA
	pixels int
}

func (s shade) channel(i int) uint8 { return [3]uint8{s.R, s.G, s.B}[i] }

// quantise finds 256 colours for a screen by cutting, again and again, the group of colours that is spread widest (median
// cut, Heckbert 1982), and paints it with them. A screen with no more colours stays exact.
func quantise(m *image.RGBA) *image.Paletted {
	counts := map[color.RGBA]int{}
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		for x := m.Rect.Min.X; x < m.Rect.Max.X; x++ {
			counts[m.RGBAAt(x, y)]++
		}
	}
	all := group{}
	for c, n := range counts {
		all.shades = append(all.shades, shade{c, n})
	}
	groups := cut(all.measured(), 256)
	out := image.NewPaletted(image.Rect(0, 0, m.Rect.Dx(), m.Rect.Dy()), nil)
	place := make(map[color.RGBA]uint8, len(counts))
	for i, g := range groups {
		out.Palette = append(out.Palette, mean(g.shades))
		for _, s := range g.shades {
			place[s.RGBA] = uint8(i)
		}
	}
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			out.SetColorIndex(x, y, place[m.RGBAAt(m.Rect.Min.X+x, m.Rect.Min.Y+y)])
		}
	}
	return out
}

// group is colours that may become one.
type group struct {
	shades  []shade
	channel int // in which they differ most
	spread  int // by how much, weighed by how many pixels have them; 0: they are one colour
}

// measured finds the channel and the spread.
func (g group) measured() group {
	pixels := 0
	for _, s := range g.shades {
		pixels += s.pixels
	}
	weight := int(math.Ceil(math.Cbrt(float64(pixels))))
	for c := range 3 {
		low, high := g.shades[0].channel(c), g.shades[0].channel(c)
		for _, s := range g.shades {
			low, high = min(low, s.channel(c)), max(high, s.channel(c))
		}
		if d := int(high-low) * weight; d > g.spread {
			g.channel, g.spread = c, d
		}
	}
	return g
}

// cut divides a group until there are that many or each is one colour.
func cut(all group, wanted int) []group {
	groups := []group{all}
	for len(groups) < wanted {
		widest := 0
		for i, g := range groups {
			if g.spread > groups[widest].spread {
				widest = i
			}
		}
		g := groups[widest]
		if g.spread == 0 {
			break
		}
		slices.SortFunc(g.shades, func(a, b shade) int { // the rest, so that the same screen gives the same bytes
			return cmp.Or(cmp.Compare(a.channel(g.channel), b.channel(g.channel)),
				cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
		})
		half := len(g.shades) / 2
		groups[widest] = group{shades: g.shades[:half]}.measured()
		groups = append(groups, group{shades: g.shades[half:]}.measured())
	}
	return groups
}

func mean(shades []shade) color.RGBA {
	r, g, b, n := 0, 0, 0, 0
	for _, s := range shades {
		r, g, b, n = r+int(s.R)*s.pixels, g+int(s.G)*s.pixels, b+int(s.B)*s.pixels, n+s.pixels
	}
	return color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 0xff}
}
