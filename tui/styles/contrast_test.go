// SPDX-License-Identifier: GPL-2.0-only

package styles

import (
	"fmt"
	"image/color"
	"math"
	"testing"

	"github.com/charmbracelet/colorprofile"
)

// The grounds of terminals that people have: black and white, those of well-known schemes, and our own guesses.
var (
	darkGrounds  = hues(0x000000, 0x161920, 0x1e1e2e, 0x282c34, 0x2e3440, 0x002b36, 0x300a24)
	lightGrounds = hues(0xffffff, 0xfbfbf8, 0xfdf6e3, 0xeee8d5, 0xeff1f5)
)

func TestTheContrastOfColoursIsThatOfWCAG(t *testing.T) {
	// The ends of the scale, and the lightest grey that passes on white.
	for _, c := range []struct {
		a, b uint32
		want float64
	}{{0x000000, 0xffffff, 21}, {0xffffff, 0xffffff, 1}, {0x767676, 0xffffff, 4.54}} {
		if got := Ratio(hex(c.a), hex(c.b)); math.Abs(got-c.want) > 0.005 {
			t.Errorf("%06x on %06x: %.3f, not %.2f", c.a, c.b, got, c.want)
		}
	}
}

// every is each colour of a palette for text, with a name to speak of.
func every(p Palette) map[string]color.RGBA {
	all := map[string]color.RGBA{}
	for _, k := range tokens() {
		if !k.line {
			all[k.name] = *k.of(&p)
		}
	}
	for i, c := range p.Names {
		all[fmt.Sprint("names ", i)] = c
	}
	return all
}

// What a person reads has the contrast that WCAG asks for, on every ground, in every theme.
func TestTextOfEveryThemeCanBeReadOnEveryGround(t *testing.T) {
	for _, theme := range Themes() {
		for _, light := range []bool{false, true} {
			grounds := darkGrounds
			if light {
				grounds = lightGrounds
			}
			p := theme.For(light)
			want := TextRatio
			if theme.Name == Contrast {
				want = ContrastRatio
			}
			if p.Ratio != want {
				t.Errorf("%s promises %.1f", theme.Name, p.Ratio)
			}
			for _, ground := range grounds {
				for name, c := range every(p) {
					drawn, ok := inkOf(p, Options{Ground: ground}).text(c).GetForeground().(color.RGBA)
					if !ok {
						t.Fatalf("%s: %s has no colour", theme.Name, name)
					}
					if got := Ratio(drawn, ground); got < want {
						t.Errorf("%s (light %t): %s on %v has %.2f, not %.1f", theme.Name, light, name, ground, got, want)
					}
				}
			}
		}
	}
}

// On the ground that it was made for, a palette is drawn as it stands: what a theme's author chose is not changed.
func TestAPaletteFitsItsOwnGround(t *testing.T) {
	for _, p := range []Palette{Dark(), Light(), contrastDark(), contrastLight()} {
		for name, c := range every(p) {
			if got := Readable(c, p.Ground, p.Ratio); got != c {
				t.Errorf("%s (light %t): %s has %.2f", p.Name, p.Light, name, Ratio(c, p.Ground))
			}
		}
	}
}

// With 256 colours there is one with the contrast for each, and the terminal's library leaves it as it is.
func TestOf256ColoursThoseThatCanBeReadAreTaken(t *testing.T) {
	for _, theme := range Themes() {
		for _, light := range []bool{false, true} {
			grounds, p := darkGrounds, theme.For(light)
			if light {
				grounds = lightGrounds
			}
			for _, ground := range grounds {
				for name, c := range every(p) {
					drawn := inkOf(p, Options{Ground: ground, Indexed: true}).text(c).GetForeground().(color.RGBA)
					r, g, b, _ := colorprofile.ANSI256.Convert(drawn).RGBA()
					if shown := (color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 0xff}); shown != drawn {
						t.Errorf("%s: %s is %v and becomes %v", theme.Name, name, drawn, shown)
					}
					if got := Ratio(drawn, ground); got < p.Ratio {
						t.Errorf("%s (light %t): %s on %v has %.2f", theme.Name, light, name, ground, got)
					}
				}
			}
		}
	}
}

func TestACorrectedColourKeepsItsHue(t *testing.T) {
	blue := Readable(hex(0x0000ff), hex(0x000000), TextRatio)
	if blue.B <= blue.R || blue.R != blue.G {
		t.Errorf("blue became %v", blue)
	}
	red := Readable(hex(0xff8080), hex(0xffffff), TextRatio)
	if red.R <= red.G || red.G != red.B {
		t.Errorf("red became %v", red)
	}
	// Where nothing reaches the ratio, the end of the scale comes closest.
	grey := hex(0x777777)
	if got := Readable(grey, grey, 21); got != hex(0x000000) && got != hex(0xffffff) {
		t.Errorf("grey on grey became %v", got)
	}
}

// deuteranopia is what somebody without green cones sees (Machado, Oliveira and Fernandes 2009, severity 1).
func deuteranopia(c color.RGBA) [3]float64 {
	l := linear(c)
	return [3]float64{
		0.367322*l[0] + 0.860646*l[1] - 0.227968*l[2],
		0.280085*l[0] + 0.672501*l[1] + 0.047413*l[2],
		-0.011820*l[0] + 0.042940*l[1] + 0.968881*l[2],
	}
}

// apart is how far two colours lie apart to the eye: their distance in OKLab (Ottosson 2020), where black and white have 1.
func apart(a, b [3]float64) float64 {
	x, y := oklab(a), oklab(b)
	return math.Sqrt((x[0]-y[0])*(x[0]-y[0]) + (x[1]-y[1])*(x[1]-y[1]) + (x[2]-y[2])*(x[2]-y[2]))
}

func oklab(c [3]float64) [3]float64 {
	l := math.Cbrt(0.4122214708*c[0] + 0.5363325363*c[1] + 0.0514459929*c[2])
	m := math.Cbrt(0.2119034982*c[0] + 0.6806995451*c[1] + 0.1073969566*c[2])
	s := math.Cbrt(0.0883024619*c[0] + 0.2817188376*c[1] + 0.6299787005*c[2])
	return [3]float64{
		0.2104542553*l + 0.7936177850*m - 0.0040720468*s,
		1.9779984951*l - 2.4285922050*m + 0.4505937099*s,
		0.0259040371*l + 0.7827717662*m - 0.8086757660*s,
	}
}

// In the theme for them, those who do not see green tell good from bad, and the names in the talk.
func TestWithoutGreenTheThemeForItStillTellsThingsApart(t *testing.T) {
	theme, _ := Builtin(Colorblind)
	for _, light := range []bool{false, true} {
		p := theme.For(light)
		drawn := func(c color.RGBA) [3]float64 { return deuteranopia(Readable(c, p.Ground, p.Ratio)) }
		for _, pair := range [][2]color.RGBA{{p.Good, p.Bad}, {p.Good, p.Warn}, {p.Accent, p.Bad}, {p.Accent, p.Warn}} {
			if d := apart(drawn(pair[0]), drawn(pair[1])); d < 0.09 {
				t.Errorf("light %t: %v and %v are %.3f apart", light, pair[0], pair[1], d)
			}
		}
		for i, a := range p.Names {
			for j, b := range p.Names[:i] {
				if d := apart(drawn(a), drawn(b)); d < 0.06 {
					t.Errorf("light %t: names %d and %d are %.3f apart", light, i, j, d)
				}
			}
		}
	}
}
