// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kchat/tui/talk"
	"kchat/tui/text"
	"kchat/wire"
)

// usual are the reactions that the palette offers, each by the key of its number.
func usual() []string { return []string{"👍", "❤", "😂", "🎉", "😮", "😢", "👀", "✅"} }

// palette offers the usual reactions, and those that others gave already.
type palette struct {
	of    *talk.Message
	offer []string
	at    int
	cols  int // in a row, as it was drawn last
}

// react opens the palette for the selected message.
func (c *chat) react() tea.Cmd { return c.reactTo(c.selected()) }

func (c *chat) reactTo(m *talk.Message) tea.Cmd {
	if why := c.whyNotReact(m); why != "" {
		return c.warn(why)
	}
	p := &palette{of: m, offer: usual()}
	for _, chip := range m.Reactions(c.me.ID) {
		if !slices.Contains(p.offer, chip.With) && len(p.offer) < 2*len(usual()) {
			p.offer = append(p.offer, chip.With)
		}
	}
	c.dialogs.push(p)
	return nil
}

func (c *chat) whyNotReact(m *talk.Message) string {
	if why := c.whyNotAnswer(m); why != "" {
		return why
	}
	return c.cannotSend()
}

// toggle puts a reaction of ours to a message, or takes it back.
func (c *chat) toggle(m *talk.Message, with string) tea.Cmd {
	if why := c.whyNotReact(m); why != "" {
		return c.warn(why)
	}
	var cmds []tea.Cmd
	for _, draft := range m.Toggle(c.me.ID, with) {
		cmds = append(cmds, c.post(draft))
	}
	return tea.Batch(cmds...)
}

// commandReact reacts to a message: without a reaction by the palette, to one that is chosen.
func (c *chat) commandReact(with string) tea.Cmd {
	with = c.emojis().Expand(with)
	switch m := c.meantOr(c.lastOther()); {
	case with == "" && c.aside.meant == nil:
		return c.choose("keys.react", m, (*chat).reactTo)
	case with == "":
		return c.reactTo(m)
	case len(with) > wire.ReactionMax:
		return c.warn(c.say("react.long", "most", wire.ReactionMax))
	default:
		return c.toggle(m, with)
	}
}

func (p *palette) key(c *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	switch pressed := latin(msg).String(); pressed {
	case "left", "h", "up", "shift+tab":
		p.at = (p.at + len(p.offer) - 1) % len(p.offer)
	case "right", "l", "down", "tab":
		p.at = (p.at + 1) % len(p.offer)
	case "enter":
		return p.give(c, p.at)
	case "esc", "ctrl+c", "q", "+":
		return true, nil
	case "e":
		return true, p.others(c)
	default:
		if n, err := strconv.Atoi(pressed); err == nil && n >= 1 && n <= len(p.offer) {
			return p.give(c, n-1)
		}
	}
	return false, nil
}

func (p *palette) give(c *chat, i int) (bool, tea.Cmd) {
	c.endSelection()
	return true, c.toggle(p.of, p.offer[i])
}

// others lets one choose any emoji.
func (p *palette) others(c *chat) tea.Cmd {
	c.dialogs.remove(p)
	of := p.of
	return c.openEmoji(func(c *chat, char string) tea.Cmd {
		c.endSelection()
		return c.toggle(of, char)
	})
}

// chipWidth is how wide a reaction of the palette is, with its key.
const chipWidth = 6

func (p *palette) click(c *chat, x, y int) (bool, tea.Cmd) {
	if i := (y-1)/2*p.cols + x/chipWidth; y >= 1 && (y-1)%2 == 0 && x >= 0 && x/chipWidth < p.cols && i < len(p.offer) {
		return p.give(c, i)
	}
	return false, nil
}

func (p *palette) draw(c *chat, width, _ int) (string, []string, *tea.Cursor) {
	st := c.st
	p.cols = min(max(1, width/chipWidth), len(usual()))
	mine := map[string]bool{}
	for _, chip := range p.of.Reactions(c.me.ID) {
		mine[chip.With] = chip.Mine
	}
	rows := []string{""}
	for first := 0; first < len(p.offer); first += p.cols {
		var row strings.Builder
		for i := first; i < min(first+p.cols, len(p.offer)); i++ {
			label := " "
			if i < 9 {
				label = strconv.Itoa(i + 1)
			}
			mark, style := " ", st.Reaction
			if i == p.at {
				mark = st.SelectedMark.Render(st.Glyphs.Mark)
			}
			words := text.Truncate(p.offer[i], 2)
			if mine[p.offer[i]] {
				style, words = st.ReactionMine, "["+words+"]"
			} else {
				words = " " + words
			}
			row.WriteString(text.Pad(mark+st.Key.Render(label)+style.Render(words), chipWidth))
		}
		rows = append(rows, text.Truncate(row.String(), width), "")
	}
	other := st.Key.Render("e") + " " + st.Muted.Render(c.say("react.other"))
	rows = append(rows, text.Truncate(other, width))
	return c.say("react.title"), rows, nil
}
