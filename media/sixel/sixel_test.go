// SPDX-License-Identifier: GPL-2.0-only

package sixel

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"math/rand/v2"
	"regexp"
	"testing"
)

// shown is what a terminal makes of the bytes: every pixel is set once, in a colour that was defined.
func shown(t *testing.T, data []byte) image.Image {
	t.Helper()
	body, ok := bytes.CutPrefix(data, []byte("\x1bP0;1;0q"))
	body, ok2 := bytes.CutSuffix(body, []byte("\x1b\\"))
	if !ok || !ok2 || bytes.ContainsRune(body, 0x1b) {
		t.Fatalf("malformed: %.60q", data)
	}
	var m *image.RGBA
	var pen color.RGBA
	colors := map[int]color.RGBA{}
	x, y, repeat := 0, 0, 1
	for len(body) > 0 {
		c := body[0]
		body = body[1:]
		var n []int
		if c == '"' || c == '#' || c == '!' {
			n, body = numbers(body)
		}
		switch {
		case c == '"':
			m = image.NewRGBA(image.Rect(0, 0, n[2], n[3]))
		case c == '#' && len(n) == 5:
			colors[n[0]] = color.RGBA{uint8(n[2] * 255 / 100), uint8(n[3] * 255 / 100), uint8(n[4] * 255 / 100), 255}
		case c == '#':
			pen, ok = colors[n[0]]
			if !ok {
				t.Fatalf("colour %d is not defined", n[0])
			}
		case c == '!':
			repeat = n[0]
		case c == '$':
			x = 0
		case c == '-':
			x, y = 0, y+6
		case c >= '?' && c <= '~':
			for range repeat {
				for bit := range 6 {
					if (c-'?')>>bit&1 == 0 {
						continue
					}
					if !image.Pt(x, y+bit).In(m.Rect) || m.RGBAAt(x, y+bit).A != 0 {
						t.Fatalf("pixel %d,%d is outside or set twice", x, y+bit)
					}
					m.SetRGBA(x, y+bit, pen)
				}
				x++
			}
			repeat = 1
		default:
			t.Fatalf("unexpected byte %q", c)
		}
	}
	return m
}

// numbers reads decimal numbers with semicolons between them.
func numbers(b []byte) (n []int, rest []byte) {
	n = []int{0}
	for ; len(b) > 0; b = b[1:] {
		switch c := b[0]; {
		case c == ';':
			n = append(n, 0)
		case c >= '0' && c <= '9':
			n[len(n)-1] = 10*n[len(n)-1] + int(c-'0')
		default:
			return n, b
		}
	}
	return n, b
}

func gradient(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x + y) % 256), 255})
		}
	}
	return m
}

func off(a, b color.Color) int {
	x, y := color.RGBAModel.Convert(a).(color.RGBA), color.RGBAModel.Convert(b).(color.RGBA)
	d := func(p, q uint8) int { return max(int(p)-int(q), int(q)-int(p)) }
	return max(d(x.R, y.R), d(x.G, y.G), d(x.B, y.B))
}

func TestPictureOfFewColoursIsExact(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {5, 6}, {17, 13}, {64, 40}} {
		m := image.NewRGBA(image.Rect(0, 0, size.X, size.Y))
		r := rand.New(rand.NewPCG(3, 4))
		for y := range size.Y {
			for x := range size.X {
				c := uint8(r.IntN(6))
				m.SetRGBA(x, y, color.RGBA{c * 51, 255 - c*51, c * 40, 255})
			}
		}
		data, err := Encode(m, 16)
		if err != nil {
			t.Fatal(err)
		}
		got := shown(t, data)
		for y := range size.Y {
			for x := range size.X {
				if d := off(got.At(x, y), m.At(x, y)); d > 2 { // sixel counts to 100, not to 255
					t.Fatalf("%v: pixel %d,%d is %v, want %v", size, x, y, got.At(x, y), m.At(x, y))
				}
			}
		}
	}
}

func TestPictureOfManyColoursIsNearOnTheWhole(t *testing.T) {
	m := gradient(120, 90)
	for colors, allowed := range map[int]int{256: 8, 16: 30} {
		data, err := Encode(m, colors)
		if err != nil {
			t.Fatal(err)
		}
		got := shown(t, data)
		if n := len(regexp.MustCompile(`#\d+;2;`).FindAll(data, -1)); n > colors {
			t.Errorf("%d colours are defined", n)
		}
		// Dithering is right on average: compare blocks of 6 by 6 pixels.
		for y := 0; y < 90; y += 6 {
			for x := 0; x < 120; x += 6 {
				if d := off(mean(got, x, y), mean(m, x, y)); d > allowed {
					t.Errorf("%d colours: around %d,%d it is off by %d", colors, x, y, d)
				}
			}
		}
	}
}

func mean(m image.Image, x0, y0 int) color.Color {
	var r, g, b uint32
	for y := range 6 {
		for x := range 6 {
			p, q, s, _ := m.At(x0+x, y0+y).RGBA()
			r, g, b = r+p>>8, g+q>>8, b+s>>8
		}
	}
	return color.RGBA{uint8(r / 36), uint8(g / 36), uint8(b / 36), 255}
}

func TestSamePictureGivesTheSameBytes(t *testing.T) {
	a, err := Encode(gradient(50, 50), 64)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Encode(gradient(50, 50), 64)
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("they differ, %v", err)
	}
}

func TestWhatCannotBeEncodedIsRefused(t *testing.T) {
	for _, tc := range []struct{ w, h, colors int }{{0, 5, 16}, {5, 0, 16}, {5, 5, 1}, {5, 5, 257}} {
		if _, err := Encode(image.NewRGBA(image.Rect(0, 0, tc.w, tc.h)), tc.colors); !errors.Is(err, ErrSize) {
			t.Errorf("%+v: %v", tc, err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	for name, size := range map[string]image.Point{"320x180": {320, 180}, "1600x900": {1600, 900}} {
		m := gradient(size.X, size.Y)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Encode(m, 256); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
