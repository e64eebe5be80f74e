// SPDX-License-Identifier: GPL-2.0-only

package styles

import (
	"hash/fnv"
	"image/color"

	"charm.land/lipgloss/v2"
)

// Theme is a set of colour tokens. The ground is the terminal's own.
type Theme struct {
	Name   string
	Text   color.Color
	Muted  color.Color // second in rank: times, titles of panes
	Faint  color.Color // third: separators, marks nobody needs to read
	Accent color.Color // what is ours or active
	Good   color.Color
	Warn   color.Color
	Bad    color.Color
	Border color.Color
	Names  []color.Color // of persons; readable on the ground, told apart by eye
}

// Dark is the theme for terminals with a dark ground.
func Dark() Theme {
	return Theme{
		Name:   "dark",
		Text:   lipgloss.Color("#dfe3ea"),
		Muted:  lipgloss.Color("#8b93a3"),
		Faint:  lipgloss.Color("#5b6272"),
		Accent: lipgloss.Color("#7cb7ff"),
		Good:   lipgloss.Color("#7fd8a4"),
		Warn:   lipgloss.Color("#f2c572"),
		Bad:    lipgloss.Color("#ff8f8f"),
		Border: lipgloss.Color("#3c4352"),
		Names:  hexes("#f2a97e", "#8fd694", "#d6a2f2", "#f2d06b", "#7fd4d0", "#f295b8", "#a9c77a", "#e0b48a", "#6fcfa8", "#c9a6d9"),
	}
}

// Light is the theme for terminals with a light ground.
func Light() Theme {
	return Theme{
		Name:   "light",
		Text:   lipgloss.Color("#22262e"),
		Muted:  lipgloss.Color("#636b7a"),
		Faint:  lipgloss.Color("#8a92a0"),
		Accent: lipgloss.Color("#1a5fb4"),
		Good:   lipgloss.Color("#1f7a46"),
		Warn:   lipgloss.Color("#8f5d00"),
		Bad:    lipgloss.Color("#b3261e"),
		Border: lipgloss.Color("#c5cad3"),
		Names:  hexes("#a84a12", "#2f7a35", "#7d3fa6", "#7a5f00", "#0f706c", "#a5316a", "#556b1c", "#8a5524", "#1d7357", "#6d4584"),
	}
}

// version tells renderings of different themes apart.
func (t Theme) version(o Options) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(t.Name)) // a hash never fails
	for i, on := range []bool{o.Light, o.ASCII, o.Plain} {
		if on {
			_, _ = h.Write([]byte{byte(i)})
		}
	}
	return h.Sum64()
}

func hexes(all ...string) []color.Color {
	out := make([]color.Color, 0, len(all))
	for _, s := range all {
		out = append(out, lipgloss.Color(s))
	}
	return out
}

// Glyphs are the marks and lines of the screen. Each is one cell wide.
type Glyphs struct {
	Vertical, Horizontal, Dashed               string
	TopLeft, TopRight, BottomLeft, BottomRight string
	Here, Away, Reconnecting, Offline, Bot     string
	Mark, Prompt, Ellipsis, Bullet             string
	Waiting, Sending, Sent, Delivered, Failed  string
	BarFull, BarEmpty, Up, Down, Masked        string
	Play, Pause                                string
}

func glyphs(ascii bool) Glyphs {
	if ascii {
		return Glyphs{
			Vertical: "|", Horizontal: "-", Dashed: "-",
			TopLeft: "+", TopRight: "+", BottomLeft: "+", BottomRight: "+",
			Here: "*", Away: "o", Reconnecting: "~", Offline: ".", Bot: "b",
			Mark: ">", Prompt: ">", Ellipsis: ".", Bullet: "-",
			Waiting: "w", Sending: ".", Sent: "+", Delivered: "+", Failed: "!",
			BarFull: "#", BarEmpty: ".", Up: "^", Down: "v", Masked: "*",
			Play: ">", Pause: "=",
		}
	}
	return Glyphs{
		Vertical: "│", Horizontal: "─", Dashed: "┄",
		TopLeft: "╭", TopRight: "╮", BottomLeft: "╰", BottomRight: "╯",
		Here: "●", Away: "◐", Reconnecting: "◌", Offline: "○", Bot: "◆",
		Mark: "▌", Prompt: "›", Ellipsis: "…", Bullet: "·",
		Waiting: "◷", Sending: "·", Sent: "✓", Delivered: "✓", Failed: "!",
		BarFull: "━", BarEmpty: "─", Up: "↑", Down: "↓", Masked: "•",
		Play: "▸", Pause: "‖",
	}
}
