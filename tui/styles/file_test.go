// SPDX-License-Identifier: GPL-2.0-only

package styles

import (
	"errors"
	"image/color"
	"strings"
	"testing"
)

func TestAThemesFileChangesWhatItSays(t *testing.T) {
	theme, err := Parse("dusk", []byte("# mine\nbase = \"contrast\"\naccent = \"#FF8800\"\nnames = [\"#ffffff\", \"#00ff00\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, light := range []bool{false, true} {
		p := theme.For(light)
		if p.Accent != hex(0xff8800) || len(p.Names) != 2 || p.Names[1] != hex(0x00ff00) {
			t.Errorf("light %t: %v, %v", light, p.Accent, p.Names)
		}
		base, _ := Builtin(Contrast)
		if p.Muted != base.For(light).Muted || p.Ratio != ContrastRatio || p.Name != "dusk" {
			t.Errorf("light %t: the rest is not that of the base: %+v", light, p)
		}
		// What somebody chose badly can still be read.
		drawn := New(p, Options{}).Accent.GetForeground().(color.RGBA)
		if got := Ratio(drawn, p.Ground); got < ContrastRatio {
			t.Errorf("light %t: the accent has %.2f", light, got)
		}
	}
	if _, err := Parse("empty", nil); err != nil {
		t.Errorf("a file that says nothing: %v", err)
	}
}

// Whoever made a mistake in a file learns in which line, of which colour, and what would be right.
func TestAMistakeInAThemesFileIsNamedWithItsLine(t *testing.T) {
	for file, want := range map[string]string{
		"# c\n\nacent = \"#ffffff\"\n":       "line 3: acent: there is no such colour; there are base, names, text, muted, ",
		"text = \"#ffffff\"\nwarn = \"red\"": "line 2: warn: red is no colour; one is written as \"#7cb7ff\"",
		"good = \"#fff\"":                    "line 1: good: #fff is no colour",
		"good = 5":                           "line 1: good: 5 is no colour",
		"\nbase = \"solarized\"":             "line 2: base: there is no theme \"solarized\" to begin with; auto, dark, light, contrast, colorblind are built in",
		"names = []":                         "line 1: names: a list of 1 to 64 colours is wanted",
		"names = [\"#ffffff\", 1]":           "line 1: names: 1 is no colour",
		"[colors]\naccent = \"#ffffff\"":     "line 1: colors: there is no such colour",
		"text = \"#ffffff\"\naccent = \n":    "line 2: ",
		"text = \"#ffffff\ngood = \"#1\"":    "line 1: ",
		strings.Repeat("#", MaxFile+1):       "65537 bytes are too many for a theme; 65536 are the most",
	} {
		_, err := Parse("mine", []byte(file))
		if bad, ok := errors.AsType[*FileError](err); !ok || !strings.HasPrefix(bad.Error(), want) {
			t.Errorf("%.40q gives %v, not %q", file, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("base = \"dark\"\naccent = \"#ff8800\""))
	f.Add([]byte("names = [\"#ff8800\"]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		theme, err := Parse("fuzz", data)
		if err != nil {
			return
		}
		for _, light := range []bool{false, true} {
			New(theme.For(light), Options{}).Name(1)
		}
	})
}
