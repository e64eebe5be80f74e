// SPDX-License-Identifier: GPL-2.0-only

// Package styles turns a theme, which is a handful of colour tokens, into the styles of every part of the screen.
package styles

import (
	"image/color"

	"charm.land/lipgloss/v2"
)

// Options say what the terminal and its user want.
type Options struct {
	Light bool // the terminal's ground is light
	ASCII bool // borders and marks in ASCII only
	Plain bool // no colour (NO_COLOR)
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

	names []lipgloss.Style
}

// New builds the styles for a theme.
func New(theme Theme, o Options) *Styles {
	fg := func(c color.Color) lipgloss.Style {
		if o.Plain || c == nil {
			return lipgloss.NewStyle()
		}
		return lipgloss.NewStyle().Foreground(c)
	}
	s := &Styles{
		Version:           theme.version(o),
		Glyphs:            glyphs(o.ASCII),
		Text:              lipgloss.NewStyle(),
		Muted:             fg(theme.Muted),
		Faint:             fg(theme.Faint),
		Strong:            lipgloss.NewStyle().Bold(true),
		Accent:            fg(theme.Accent),
		Good:              fg(theme.Good),
		Warn:              fg(theme.Warn),
		Bad:               fg(theme.Bad),
		Mine:              fg(theme.Accent).Bold(true),
		Border:            fg(theme.Border),
		Title:             fg(theme.Muted).Bold(true),
		Brand:             fg(theme.Accent).Bold(true),
		Key:               fg(theme.Accent),
		Selected:          lipgloss.NewStyle().Bold(true),
		SelectedMark:      fg(theme.Accent),
		Badge:             fg(theme.Accent).Bold(true),
		Bar:               fg(theme.Muted),
		BarStrong:         fg(theme.Text),
		ComposerBorder:    fg(theme.Accent),
		ComposerOffBorder: fg(theme.Border),
		Panel:             fg(theme.Border),
	}
	if o.Plain {
		s.Selected = s.Selected.Reverse(true)
		s.Muted = s.Muted.Faint(true)
		s.Faint = s.Faint.Faint(true)
	}
	for _, c := range theme.Names {
		s.names = append(s.names, fg(c).Bold(true))
	}
	return s
}

// Name returns the style of a person's name. One account has the same colour always and everywhere.
func (s *Styles) Name(account uint64) lipgloss.Style {
	if len(s.names) == 0 {
		return s.Strong
	}
	// Account numbers are small and close together: neighbours should not get neighbouring hues.
	return s.names[(account*7)%uint64(len(s.names))]
}
