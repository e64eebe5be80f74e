// SPDX-License-Identifier: GPL-2.0-only

// Package styles turns a theme, which is a set of colours by what they are for, into the styles of every part of the
// screen. A palette never decides what can be read: every colour is moved as far from the terminal's own ground as text
// needs.
package styles

import (
	"image/color"

	"charm.land/lipgloss/v2"
)

// Options say what the terminal and its user want.
type Options struct {
	Ground  color.RGBA // the terminal's; the zero value: not known
	ASCII   bool       // borders and marks in ASCII only
	Plain   bool       // no colour (NO_COLOR): weight, underline and reverse say what colours would
	Indexed bool       // the terminal has xterm's 256 colours, and no others
	Sixteen bool       // the terminal has 16 colours, and nobody knows which
}

// Styles is everything a part of the screen needs to draw itself. It is made new when the theme changes; Version then
// differs, which makes remembered renderings stale.
type Styles struct {
	Version uint64
	Glyphs  Glyphs

	Text, Muted, Faint, Strong        lipgloss.Style
	Accent, Good, Warn, Bad, Mine     lipgloss.Style
	Border, Title, Brand, Key         lipgloss.Style
	Selected, SelectedMark            lipgloss.Style
	Badge, Bar, BarStrong             lipgloss.Style
	ComposerBorder, ComposerOffBorder lipgloss.Style
	Panel                             lipgloss.Style

	Mention, MentionMark   lipgloss.Style // what names us; the bar beside such a message
	Quote, Link            lipgloss.Style
	Reaction, ReactionMine lipgloss.Style
	Match                  lipgloss.Style // what was searched for

	Code, CodeKeyword, CodeString, CodeNumber, CodeComment lipgloss.Style

	names []lipgloss.Style
}

// New builds the styles of a palette.
func New(p Palette, o Options) *Styles {
	ink := inkOf(p, o)
	none := lipgloss.NewStyle()
	s := &Styles{
		Version:           version(p, o),
		Glyphs:            glyphs(o.ASCII),
		Text:              none,
		Muted:             ink.text(p.Muted),
		Faint:             ink.text(p.Faint),
		Strong:            none.Bold(true),
		Accent:            ink.text(p.Accent),
		Good:              ink.text(p.Good),
		Warn:              ink.text(p.Warn),
		Bad:               ink.text(p.Bad),
		Mine:              ink.text(p.Accent).Bold(true),
		Border:            ink.line(p.Border),
		Title:             ink.text(p.Muted).Bold(true),
		Brand:             ink.text(p.Accent).Bold(true),
		Key:               ink.text(p.Accent),
		Selected:          none.Bold(true),
		SelectedMark:      ink.text(p.Accent),
		Badge:             ink.text(p.Accent).Bold(true),
		Bar:               ink.text(p.Muted),
		BarStrong:         ink.text(p.Text),
		ComposerBorder:    ink.text(p.Accent),
		ComposerOffBorder: ink.line(p.Border),
		Panel:             ink.line(p.Border),
		Mention:           ink.text(p.Mention).Bold(true),
		MentionMark:       ink.text(p.Mention),
		Quote:             ink.text(p.Quote),
		Link:              ink.text(p.Link).Underline(true),
		Reaction:          ink.text(p.Muted),
		ReactionMine:      ink.text(p.Accent).Bold(true),
		Match:             ink.text(p.Match).Bold(true).Underline(true),
		Code:              ink.text(p.Code),
		CodeKeyword:       ink.text(p.CodeKeyword),
		CodeString:        ink.text(p.CodeString),
		CodeNumber:        ink.text(p.CodeNumber),
		CodeComment:       ink.text(p.CodeComment),
	}
	for _, c := range p.Names {
		s.names = append(s.names, ink.text(c).Bold(true))
	}
	switch {
	case o.Plain:
		s.plain()
	case o.Sixteen:
		s.sixteen(p.Light)
	}
	return s
}

// plain says by other means what colours cannot.
func (s *Styles) plain() {
	for _, style := range []*lipgloss.Style{&s.Muted, &s.Faint, &s.Bar, &s.Quote, &s.CodeComment} {
		*style = style.Faint(true)
	}
	for _, style := range []*lipgloss.Style{&s.Selected, &s.Mention, &s.Match, &s.ReactionMine} {
		*style = style.Reverse(true)
	}
	for _, style := range []*lipgloss.Style{&s.Warn, &s.Bad, &s.Key, &s.CodeKeyword} {
		*style = style.Bold(true)
	}
	s.Code = s.Code.Reverse(true)
}

// sixteen uses the terminal's own sixteen colours by their numbers. What they look like is its user's choice; the
// second rank is said by weight, since bright black is the ground itself for some.
func (s *Styles) sixteen(light bool) {
	number := func(style *lipgloss.Style, dark, onLight string) {
		if light {
			dark = onLight
		}
		*style = style.Foreground(lipgloss.Color(dark))
	}
	for _, style := range []*lipgloss.Style{&s.Accent, &s.Mine, &s.Brand, &s.Key, &s.SelectedMark, &s.Badge, &s.ComposerBorder, &s.Link, &s.ReactionMine, &s.CodeKeyword} {
		number(style, "14", "4")
	}
	for _, style := range []*lipgloss.Style{&s.Good, &s.CodeString} {
		number(style, "10", "2")
	}
	for _, style := range []*lipgloss.Style{&s.Warn, &s.Mention, &s.MentionMark, &s.Match, &s.CodeNumber} {
		number(style, "11", "5")
	}
	number(&s.Bad, "9", "1")
	for _, style := range []*lipgloss.Style{&s.Muted, &s.Title, &s.Bar, &s.BarStrong, &s.Quote, &s.Reaction, &s.Code, &s.CodeComment} {
		*style = style.UnsetForeground()
	}
	for _, style := range []*lipgloss.Style{&s.Faint, &s.Border, &s.Panel, &s.ComposerOffBorder, &s.CodeComment} {
		*style = style.UnsetForeground().Faint(true)
	}
	s.names = nil
	numbers := []string{"9", "10", "11", "12", "13", "14"}
	if light {
		numbers = []string{"1", "2", "4", "5", "6"}
	}
	for _, n := range numbers {
		s.names = append(s.names, lipgloss.NewStyle().Foreground(lipgloss.Color(n)).Bold(true))
	}
}

// ink makes the colours of a palette readable on the ground that is there.
type ink struct {
	ground  color.RGBA
	ratio   float64
	indexed bool
	off     bool
}

func inkOf(p Palette, o Options) ink {
	i := ink{ground: p.Ground, ratio: p.Ratio, indexed: o.Indexed, off: o.Plain}
	if o.Ground.A != 0 {
		i.ground = o.Ground
	}
	return i
}

func (i ink) text(c color.RGBA) lipgloss.Style { return i.at(c, i.ratio) }

// line is for what is no text. Where contrast is wanted, lines have it too.
func (i ink) line(c color.RGBA) lipgloss.Style {
	if i.ratio >= ContrastRatio {
		return i.at(c, lineRatio)
	}
	return i.at(c, 1.4) // quiet, but there
}

func (i ink) at(c color.RGBA, ratio float64) lipgloss.Style {
	if i.off || c.A == 0 {
		return lipgloss.NewStyle()
	}
	c = Readable(c, i.ground, ratio)
	if i.indexed {
		c = indexed(c, i.ground, ratio)
	}
	return lipgloss.NewStyle().Foreground(c)
}

// Name returns the style of a person's name. One account has the same colour always and everywhere.
func (s *Styles) Name(account uint64) lipgloss.Style {
	if len(s.names) == 0 {
		return s.Strong
	}
	return s.names[scatter(account)%uint64(len(s.names))]
}

// scatter makes numbers that lie close together, as those of accounts do, lie anywhere (the finalizer of SplitMix64,
// Steele, Lea and Flood 2014).
func scatter(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
