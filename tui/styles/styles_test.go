// SPDX-License-Identifier: GPL-2.0-only

package styles

import (
	"image/color"
	"reflect"
	"testing"

	"charm.land/lipgloss/v2"
)

// A person has one colour, today and next year: a change of these numbers changes the colours of everybody's friends.
func TestANamesColourFollowsFromTheAccount(t *testing.T) {
	s := New(Dark(), Options{})
	seen := map[color.Color]int{}
	for account := range uint64(1200) {
		seen[s.Name(account).GetForeground()]++
	}
	if len(seen) != len(Dark().Names) {
		t.Errorf("%d colours of %d are given", len(seen), len(Dark().Names))
	}
	for c, n := range seen {
		if n < 60 || n > 140 {
			t.Errorf("%v is the colour of %d of 1200", c, n)
		}
	}
	var got []uint64
	for account := range uint64(8) {
		got = append(got, scatter(account)%12)
	}
	if want := []uint64{7, 5, 10, 9, 10, 2, 8, 3}; !reflect.DeepEqual(got, want) {
		t.Errorf("accounts 0 to 7 have colours %v", got)
	}
}

// styled is each style of a Styles with its name.
func styled(s *Styles) map[string]lipgloss.Style {
	all := map[string]lipgloss.Style{}
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		if field := v.Type().Field(i); field.IsExported() && field.Type == reflect.TypeFor[lipgloss.Style]() {
			all[field.Name] = v.Field(i).Interface().(lipgloss.Style)
		}
	}
	for account := range uint64(20) {
		all["name"] = s.Name(account)
	}
	return all
}

// With NO_COLOR no cell has a colour; what must not be missed is told by weight or in reverse.
func TestWithoutColoursNothingIsColouredAndNothingIsLost(t *testing.T) {
	for _, theme := range Themes() {
		s := New(theme.For(false), Options{Plain: true})
		for name, style := range styled(s) {
			for _, c := range []color.Color{style.GetForeground(), style.GetBackground()} {
				if _, none := c.(lipgloss.NoColor); !none {
					t.Errorf("%s: %s has a colour", theme.Name, name)
				}
			}
		}
		for name, style := range map[string]lipgloss.Style{
			"Selected": s.Selected, "Mention": s.Mention, "Match": s.Match, "ReactionMine": s.ReactionMine, "Code": s.Code,
		} {
			if !style.GetReverse() {
				t.Errorf("%s: %s does not stand out", theme.Name, name)
			}
		}
		if !s.Warn.GetBold() || !s.Name(1).GetBold() || !s.Link.GetUnderline() {
			t.Errorf("%s: a warning, a name or a link looks like any text", theme.Name)
		}
	}
}

// With sixteen colours only numbers are used, which the terminal's user has chosen the looks of.
func TestSixteenColoursAreTheTerminalsOwn(t *testing.T) {
	for _, p := range []Palette{Dark(), Light()} {
		for name, style := range styled(New(p, Options{Sixteen: true})) {
			if c, ok := style.GetForeground().(color.RGBA); ok {
				t.Errorf("light %t: %s has the colour %v", p.Light, name, c)
			}
		}
	}
}

func TestInASCIIEveryMarkIsASCIIAndOneCell(t *testing.T) {
	ascii, drawn := reflect.ValueOf(glyphs(true)), reflect.ValueOf(glyphs(false))
	for i := range ascii.NumField() {
		name := ascii.Type().Field(i).Name
		if g := ascii.Field(i).String(); len(g) != 1 || g[0] <= ' ' || g[0] > '~' {
			t.Errorf("%s is %q in ASCII", name, g)
		}
		if w := lipgloss.Width(drawn.Field(i).String()); w != 1 {
			t.Errorf("%s takes %d cells", name, w)
		}
	}
}

func TestStylesThatDifferHaveOtherVersions(t *testing.T) {
	seen := map[uint64]string{}
	for _, theme := range Themes()[1:] {
		for _, o := range []Options{{}, {Plain: true}, {ASCII: true}, {Sixteen: true}, {Ground: color.RGBA{A: 0xff}}} {
			v := New(theme.For(false), o).Version
			if seen[v] != "" {
				t.Errorf("%s %+v has the version of %s", theme.Name, o, seen[v])
			}
			seen[v] = theme.Name
		}
	}
}
