// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"image"
	"image/color"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
)

// screen draws lines in a terminal emulator.
func screen(t testing.TB, cols, rows int, lines []string) *vt.Emulator {
	t.Helper()
	e := vt.NewEmulator(cols, rows)
	if _, err := e.Write([]byte(strings.Join(lines, "\r\n"))); err != nil {
		t.Fatal(err)
	}
	return e
}

func colorOf(c color.Color) color.RGBA {
	if c == nil {
		return color.RGBA{}
	}
	return color.RGBAModel.Convert(c).(color.RGBA)
}

// pixelAt tells what stands in the upper and in the lower half of a cell.
func pixelAt(t testing.TB, c *uv.Cell) (top, bottom color.RGBA) {
	t.Helper()
	switch c.Content {
	case " ":
		return colorOf(c.Style.Bg), colorOf(c.Style.Bg)
	case "▀":
		return colorOf(c.Style.Fg), colorOf(c.Style.Bg)
	}
	t.Fatalf("unexpected character %q", c.Content)
	return top, bottom
}

func randomFrame(w, h, colors int, seed uint64) *image.RGBA {
	r := rand.New(rand.NewPCG(seed, 7))
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := 0; i < len(m.Pix); i += 4 {
		c := r.IntN(colors)
		m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3] = uint8(c*53), uint8(c*101), uint8(c*197), 255
	}
	return m
}

func TestFitKeepsTheShape(t *testing.T) {
	for _, tc := range []struct {
		w, h, maxCols, maxRows, cellW, cellH int
		cols, rows                           int
	}{
		{640, 360, 80, 24, 0, 0, 80, 23}, // 80 columns of 1 by 22.5 rows of 2
		{640, 360, 60, 24, 10, 20, 60, 17},
		{360, 640, 80, 24, 10, 20, 27, 24},
		{100, 100, 80, 24, 8, 16, 48, 24},
		{100, 100, 80, 24, 10, 10, 24, 24}, // square cells
		{8, 8, 80, 24, 10, 20, 8, 4},       // never wider than its pixels
		{1, 1, 80, 24, 10, 20, 1, 1},
		{10000, 1, 80, 24, 10, 20, 80, 1},
		{1, 10000, 80, 24, 10, 20, 1, 24},
		{1 << 31, 1 << 31, 80, 24, 10, 20, 48, 24}, // announced by a stranger
		{0, 5, 80, 24, 10, 20, 0, 0},
		{5, 5, 0, 24, 10, 20, 0, 0},
		{5, 5, 10, -1, 10, 20, 0, 0},
	} {
		cols, rows := Fit(tc.w, tc.h, tc.maxCols, tc.maxRows, tc.cellW, tc.cellH)
		if cols != tc.cols || rows != tc.rows {
			t.Errorf("Fit(%d, %d, %d, %d, %d, %d) = %d, %d, want %d, %d",
				tc.w, tc.h, tc.maxCols, tc.maxRows, tc.cellW, tc.cellH, cols, rows, tc.cols, tc.rows)
		}
	}
}

func TestHalfBlocksShowEveryPixelInItsExactColour(t *testing.T) {
	m := randomFrame(23, 14, 40, 1)
	b := NewBlocks(23, 7, BlockOptions{Profile: TrueColor})
	if changed := b.Draw(m); changed != 23*7 {
		t.Errorf("%d cells changed", changed)
	}
	e := screen(t, 23, 7, b.Lines())
	for y := range 7 {
		for x := range 23 {
			top, bottom := pixelAt(t, e.CellAt(x, y))
			if top != m.RGBAAt(x, 2*y) || bottom != m.RGBAAt(x, 2*y+1) {
				t.Fatalf("cell %d,%d shows %v over %v, want %v over %v", x, y, top, bottom, m.RGBAAt(x, 2*y), m.RGBAAt(x, 2*y+1))
			}
		}
	}
}

func TestLinesStandForThemselves(t *testing.T) {
	for _, profile := range []Profile{NoColor, ANSI16, ANSI256, TrueColor} {
		for _, symbols := range []Symbols{HalfBlocks, Quadrants} {
			w, h := symbols.Pixels(11, 5)
			b := NewBlocks(11, 5, BlockOptions{Profile: profile, Symbols: symbols})
			b.Draw(randomFrame(w, h, 9, 3))
			if len(b.Lines()) != 5 {
				t.Fatalf("%d lines", len(b.Lines()))
			}
			for _, line := range b.Lines() {
				if got := ansi.StringWidth(line); got != 11 {
					t.Errorf("profile %d, symbols %d: %d cells wide", profile, symbols, got)
				}
				if profile != NoColor && !strings.HasSuffix(line, "\x1b[m") {
					t.Errorf("profile %d: colours stay set: %q", profile, line)
				}
			}
		}
	}
}

func TestUnchangedColoursAreNotSetAgain(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 40, 2))
	fill(m, color.RGBA{1, 2, 3, 255})
	b := NewBlocks(40, 1, BlockOptions{Profile: TrueColor})
	b.Draw(m)
	if want := "\x1b[48;2;1;2;3m" + strings.Repeat(" ", 40) + "\x1b[m"; b.Lines()[0] != want {
		t.Errorf("got %q", b.Lines()[0])
	}
}

func TestProfilesUseOnlyColoursTheyHave(t *testing.T) {
	for profile, allowed := range map[Profile]string{
		NoColor: `^[ .:\-=+*#%@]+$`,
		ANSI16:  `^(\x1b\[((3|4|9|10)[0-7]|39|49|;)*m|[ ▀])+$`,
		ANSI256: `^(\x1b\[([34]8;5;(1[6-9]|[2-9][0-9]|1[0-9][0-9]|2[0-5][0-9])|39|49|;)*m|[ ▀])+$`,
	} {
		for _, dither := range []Dither{NoDither, Diffuse, Ordered} {
			b := NewBlocks(30, 10, BlockOptions{Profile: profile, Dither: dither})
			b.Draw(randomFrame(30, 20, 200, 5))
			for _, line := range b.Lines() {
				if !regexp.MustCompile(allowed).MatchString(line) {
					t.Errorf("profile %d: %q", profile, line)
				}
			}
		}
	}
}

func TestNearestColours(t *testing.T) {
	for _, tc := range []struct {
		profile Profile
		c       rgb
		want    paint
	}{
		{ANSI256, rgb{0, 0, 0}, 16},
		{ANSI256, rgb{255, 255, 255}, 231},
		{ANSI256, rgb{255, 0, 0}, 196},
		{ANSI256, rgb{95, 135, 175}, 67},
		{ANSI256, rgb{128, 128, 128}, 244},
		{ANSI256, rgb{8, 8, 8}, 232},
		{ANSI256, rgb{238, 238, 238}, 255},
		{ANSI16, rgb{0, 0, 0}, 0},
		{ANSI16, rgb{250, 250, 250}, 15},
		{ANSI16, rgb{250, 10, 10}, 9},
		{ANSI16, rgb{120, 120, 120}, 8},
		{TrueColor, rgb{1, 2, 3}, 0x010203},
	} {
		if got, _ := tc.profile.paintOf(tc.c); got != tc.want {
			t.Errorf("profile %d: %v is %d, want %d", tc.profile, tc.c, got, tc.want)
		}
	}
}

func TestDitheringKeepsTheMeanColour(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 64, 64))
	fill(m, color.RGBA{70, 110, 200, 255})
	for _, dither := range []Dither{Diffuse, Ordered} {
		b := NewBlocks(64, 32, BlockOptions{Profile: ANSI256, Dither: dither})
		var sum rgb
		for _, c := range b.prepare(m, 64, 64) {
			_, got := ANSI256.paintOf(c)
			sum = rgb{sum.r + got.r, sum.g + got.g, sum.b + got.b}
		}
		mean := color.RGBA{uint8(sum.r / 4096), uint8(sum.g / 4096), uint8(sum.b / 4096), 255}
		if !near(mean, color.RGBA{70, 110, 200, 255}, 10) {
			t.Errorf("dither %d: mean %v", dither, mean)
		}
	}
}

func TestWithoutColoursTheGroundDecidesWhatIsBright(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 2, 2))
	m.Pix = []byte{0, 0, 0, 255, 255, 255, 255, 255, 0, 0, 0, 255, 255, 255, 255, 255}
	for ground, want := range map[color.RGBA]string{{A: 255}: " @", {255, 255, 255, 255}: "@ "} {
		b := NewBlocks(2, 1, BlockOptions{Ground: ground})
		b.Draw(m)
		if b.Lines()[0] != want {
			t.Errorf("on %v: %q", ground, b.Lines()[0])
		}
	}
}

func TestQuadrantsShowTwoColoursExactly(t *testing.T) {
	red, blue := color.RGBA{255, 0, 0, 255}, color.RGBA{0, 0, 255, 255}
	parts := map[string]int{" ": 0, "▘": 1, "▝": 2, "▀": 3, "▖": 4, "▌": 5, "▞": 6, "▛": 7}
	for mask := range 16 {
		m := image.NewRGBA(image.Rect(0, 0, 2, 2))
		for i := range 4 {
			m.SetRGBA(i%2, i/2, blue)
			if mask>>i&1 == 1 {
				m.SetRGBA(i%2, i/2, red)
			}
		}
		b := NewBlocks(1, 1, BlockOptions{Profile: TrueColor, Symbols: Quadrants})
		b.Draw(m)
		c := screen(t, 1, 1, b.Lines()).CellAt(0, 0)
		shown, ok := parts[c.Content]
		if !ok {
			t.Fatalf("mask %d: character %q", mask, c.Content)
		}
		for i := range 4 {
			got := colorOf(c.Style.Bg)
			if shown>>i&1 == 1 {
				got = colorOf(c.Style.Fg)
			}
			if got != m.RGBAAt(i%2, i/2) {
				t.Errorf("mask %d: quarter %d is %v", mask, i, got)
			}
		}
	}
}

func TestDifferencesBringTheScreenToTheSameAsTheLines(t *testing.T) {
	const cols, rows = 31, 9
	for _, symbols := range []Symbols{HalfBlocks, Quadrants} {
		for _, profile := range []Profile{NoColor, ANSI16, ANSI256, TrueColor} {
			w, h := symbols.Pixels(cols, rows)
			b := NewBlocks(cols, rows, BlockOptions{Profile: profile, Symbols: symbols})
			e := vt.NewEmulator(cols+10, rows+5)
			for i := range uint64(6) {
				frame := randomFrame(w, h, 12, 1)
				// Later frames differ in spots from the first.
				for y := range int(i) {
					for x := 3 * y; x < w; x += 2 + 3*y {
						frame.SetRGBA(x, y*2, color.RGBA{uint8(40 * i), 9, 200, 255})
					}
				}
				b.Draw(frame)
				if _, err := e.Write(b.AppendDiff(nil, 4, 3)); err != nil {
					t.Fatal(err)
				}
				want := screen(t, cols, rows, b.Lines())
				for y := range rows {
					for x := range cols {
						if got, want := e.CellAt(x+3, y+2), want.CellAt(x, y); !got.Equal(want) {
							t.Fatalf("frame %d, cell %d,%d: %+v, want %+v", i, x, y, got, want)
						}
					}
				}
			}
		}
	}
}

func TestFrameThatDidNotChangeWritesNothing(t *testing.T) {
	m := randomFrame(20, 20, 30, 2)
	b := NewBlocks(20, 10, BlockOptions{Profile: TrueColor})
	b.Draw(m)
	if n := b.Draw(m); n != 0 {
		t.Errorf("%d cells changed", n)
	}
	if diff := b.AppendDiff(nil, 1, 1); len(diff) != 0 {
		t.Errorf("wrote %q", diff)
	}
	if n := b.Draw(image.NewRGBA(image.Rect(0, 0, 3, 3))); n != 0 {
		t.Errorf("a frame of another size changed %d cells", n)
	}
}

func TestHoldPassesOverNoiseButNotOverDrift(t *testing.T) {
	b := NewBlocks(1, 1, BlockOptions{Profile: TrueColor, Hold: 4})
	m := image.NewRGBA(image.Rect(0, 0, 1, 2))
	changes := 0
	for v := range 21 { // one step a frame
		fill(m, color.RGBA{uint8(100 + v), 0, 0, 255})
		changes += b.Draw(m)
	}
	if changes != 1+4 {
		t.Errorf("%d changes", changes)
	}
}

func TestPictureWithAlphaIsComposedOnTheGround(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 40, 40))
	for i := 0; i < len(m.Pix); i += 4 {
		m.Pix[i], m.Pix[i+3] = 255, 128
	}
	p, err := Decode(t.Context(), pngOf(t, m))
	if err != nil {
		t.Fatal(err)
	}
	ground := color.RGBA{0, 0, 100, 255}
	for _, size := range []int{8, 30, 40, 60} { // averaged, interpolated, copied, enlarged
		if got := p.Scale(size, size, ground).RGBAAt(size/2, size/2); !near(got, color.RGBA{128, 0, 50, 255}, 1) || got.A != 255 {
			t.Errorf("at %d pixels: %v", size, got)
		}
	}
	if lines := p.Blocks(4, 2, BlockOptions{Profile: TrueColor, Ground: ground}); len(lines) != 2 {
		t.Errorf("%d lines", len(lines))
	}
	if lines := p.Blocks(0, 2, BlockOptions{}); lines != nil {
		t.Errorf("no columns: %q", lines)
	}
}

func BenchmarkBlocks(b *testing.B) {
	for name, size := range map[string][2]int{"80x24": {80, 24}, "160x48": {160, 48}} {
		for _, symbols := range []Symbols{HalfBlocks, Quadrants} {
			w, h := symbols.Pixels(size[0], size[1])
			frames := []*image.RGBA{randomFrame(w, h, 200, 1), randomFrame(w, h, 200, 2)}
			b.Run(name+map[Symbols]string{HalfBlocks: "/half", Quadrants: "/quadrants"}[symbols], func(b *testing.B) {
				blocks := NewBlocks(size[0], size[1], BlockOptions{Profile: TrueColor, Symbols: symbols})
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					blocks.Draw(frames[i%2])
					blocks.Lines()
				}
			})
		}
	}
}

func BenchmarkScale4K(b *testing.B) {
	m := image.NewYCbCr(image.Rect(0, 0, 3840, 2160), image.YCbCrSubsampleRatio420)
	copy(m.Y, bytes.Repeat(noise(3840), 2160))
	p := &Picture{Info: Info{Width: 3840, Height: 2160}, stored: m}
	for name, size := range map[string]image.Point{"80x48": {80, 48}, "1600x900": {1600, 900}, "2560x1440": {2560, 1440}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p.Scale(size.X, size.Y, color.RGBA{})
			}
		})
	}
}

func BenchmarkDecode4KJPEG(b *testing.B) {
	data := jpegOf(b, corners(3840, 2160))
	for b.Loop() {
		p, err := Decode(b.Context(), data)
		if err != nil {
			b.Fatal(err)
		}
		p.Scale(160, 96, color.RGBA{})
	}
}
