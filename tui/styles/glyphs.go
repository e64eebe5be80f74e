// SPDX-License-Identifier: GPL-2.0-only

package styles

// Glyphs are the marks and lines of the screen. Each is one cell wide.
type Glyphs struct {
	Vertical, Horizontal, Dashed               string
	TopLeft, TopRight, BottomLeft, BottomRight string
	Here, Away, Reconnecting, Offline, Bot     string
	Mark, Prompt, Ellipsis, Bullet, Item       string
	Waiting, Sending, Sent, Delivered, Failed  string
	BarFull, BarEmpty, Up, Down, Masked        string
	Play, Pause, Favourite, Answer             string
}

func glyphs(ascii bool) Glyphs {
	if ascii {
		return Glyphs{
			Vertical: "|", Horizontal: "-", Dashed: "-",
			TopLeft: "+", TopRight: "+", BottomLeft: "+", BottomRight: "+",
			Here: "*", Away: "o", Reconnecting: "~", Offline: ".", Bot: "b",
			Mark: ">", Prompt: ">", Ellipsis: ".", Bullet: "-", Item: "*",
			Waiting: "w", Sending: ".", Sent: "+", Delivered: "+", Failed: "!",
			BarFull: "#", BarEmpty: ".", Up: "^", Down: "v", Masked: "*",
			Play: ">", Pause: "=", Favourite: "+", Answer: "\\",
		}
	}
	return Glyphs{
		Vertical: "│", Horizontal: "─", Dashed: "┄",
		TopLeft: "╭", TopRight: "╮", BottomLeft: "╰", BottomRight: "╯",
		Here: "●", Away: "◐", Reconnecting: "◌", Offline: "○", Bot: "◆",
		Mark: "▌", Prompt: "›", Ellipsis: "…", Bullet: "·", Item: "•",
		Waiting: "◷", Sending: "·", Sent: "✓", Delivered: "✓", Failed: "!",
		BarFull: "━", BarEmpty: "─", Up: "↑", Down: "↓", Masked: "•",
		Play: "▸", Pause: "‖", Favourite: "★", Answer: "↳",
	}
}

// Marks are pairs of the marks that the interface's words speak of, and what stands for them in ASCII.
func Marks() []string {
	var out []string
	drawn, plain := glyphs(false), glyphs(true)
	for _, pair := range [][2]string{{drawn.Waiting, plain.Waiting}, {drawn.Sent, plain.Sent}, {drawn.Delivered, plain.Delivered}} {
		out = append(out, pair[0], pair[1])
	}
	return out
}
