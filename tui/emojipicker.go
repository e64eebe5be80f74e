// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kchat/tui/emoji"
	"kchat/tui/text"
)

const (
	emojiCell = 4  // columns of one in the grid
	emojiCols = 12 // at most
	emojiRows = 8  // at most
	emojiHead = 3  // rows above the grid
	maxRecent = 24 // emoji that come first since they were used of late
)

// Recent remembers emoji that were used, from one run to the next. A nil Recent forgets them.
type Recent interface {
	// Load returns them, the last one first.
	Load() ([]string, error)
	Save(all []string) error
}

// emojiShelf is the table of emoji, which is read when the first one is wanted, and those that were used of late.
type emojiShelf struct {
	table  *emoji.Table
	recent []string
}

// emojis returns the table.
func (c *chat) emojis() *emoji.Table {
	if c.shelf.table == nil {
		c.shelf.table = emoji.New()
	}
	return c.shelf.table
}

// withEmoji puts emoji in place of the shortcodes in words.
func (c *chat) withEmoji(words string) string {
	if strings.Count(words, ":") < 2 { // most words need no table
		return words
	}
	return c.emojis().Expand(words)
}

// loadRecent brings what was used in the last run.
func (c *chat) loadRecent() tea.Cmd {
	from := c.cfg.Recent
	if from == nil {
		return nil
	}
	return c.ask(func(context.Context) func(*chat) tea.Cmd {
		all, err := from.Load()
		return func(c *chat) tea.Cmd {
			if err == nil { // without it only the order is another one
				c.shelf.recent = all[:min(len(all), maxRecent)]
			}
			return nil
		}
	})
}

// usedEmoji puts one before the others.
func (c *chat) usedEmoji(char string) tea.Cmd {
	all := append([]string{char}, slices.DeleteFunc(slices.Clone(c.shelf.recent), func(s string) bool { return s == char })...)
	c.shelf.recent = all[:min(len(all), maxRecent)]
	to, all := c.cfg.Recent, slices.Clone(c.shelf.recent)
	if to == nil {
		return nil
	}
	return c.ask(func(context.Context) func(*chat) tea.Cmd {
		if err := to.Save(all); err != nil {
			return func(c *chat) tea.Cmd { return c.warn(c.say("emoji.not_kept", "why", c.reason(err))) }
		}
		return nil
	})
}

// emojiPicker chooses an emoji: a grid that typing narrows.
type emojiPicker struct {
	typed field
	shown []*emoji.Emoji
	at    int
	top   int // the first row of the grid
	cols  int // as they were drawn last
	rows  int
	done  func(c *chat, char string) tea.Cmd
}

// openEmoji lets one choose an emoji for something; nil: to be put into the composer.
func (c *chat) openEmoji(done func(c *chat, char string) tea.Cmd) tea.Cmd {
	return c.findEmoji("", done)
}

func (c *chat) findEmoji(typed string, done func(c *chat, char string) tea.Cmd) tea.Cmd {
	if done == nil {
		done = func(c *chat, char string) tea.Cmd {
			c.composer.insert(char)
			return tea.Batch(c.popup.update(c), c.tellTyping(), c.saveSoon())
		}
	}
	p := &emojiPicker{typed: newField(typed, false), done: done, cols: emojiCols, rows: emojiRows}
	p.typed.focus()
	p.narrow(c)
	c.dialogs.push(p)
	return nil
}

// commandEmoji opens the picker, with words to look for.
func (c *chat) commandEmoji(argument string) tea.Cmd { return c.findEmoji(argument, nil) }

// narrow shows what is found by what is typed. Without a word those come first that were used of late.
func (p *emojiPicker) narrow(c *chat) {
	p.at, p.top = 0, 0
	recent := c.shelf.recent
	p.shown = c.emojis().Like(p.typed.value(), recent, 1<<16)
	if strings.TrimSpace(p.typed.value()) != "" {
		return
	}
	slices.SortStableFunc(p.shown, func(a, b *emoji.Emoji) int {
		x, y := slices.Index(recent, a.Char), slices.Index(recent, b.Char)
		switch {
		case x < 0 || y < 0:
			return y - x // those that are not there are -1, and come last
		default:
			return x - y
		}
	})
}

func (p *emojiPicker) key(c *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	switch msg.String() {
	case "esc", "ctrl+c":
		return true, nil
	case "enter":
		return p.choose(c)
	case "left", "shift+tab":
		p.move(-1)
	case "right", "tab":
		p.move(1)
	case "up":
		p.move(-p.cols)
	case "down":
		p.move(p.cols)
	case "pgup":
		p.move(-p.cols * p.rows)
	case "pgdown":
		p.move(p.cols * p.rows)
	default:
		before := p.typed.value()
		p.typed.update(msg)
		if p.typed.value() != before {
			p.narrow(c)
		}
	}
	return false, nil
}

func (p *emojiPicker) paste(c *chat, msg tea.PasteMsg) tea.Cmd {
	p.typed.update(msg)
	p.narrow(c)
	return nil
}

func (p *emojiPicker) move(by int) {
	if to := p.at + by; to >= 0 && to < len(p.shown) {
		p.at = to
	} else if by > 1 {
		p.at = max(0, len(p.shown)-1)
	} else if by < -1 {
		p.at = 0
	}
}

// scroll implements scroller.
func (p *emojiPicker) scroll(rows int) {
	step := p.cols
	if rows < 0 {
		step = -step
	}
	p.move(step)
}

func (p *emojiPicker) choose(c *chat) (bool, tea.Cmd) {
	if p.at >= len(p.shown) {
		return false, nil
	}
	char := p.shown[p.at].Char
	return true, tea.Batch(c.usedEmoji(char), p.done(c, char))
}

// click takes the emoji that is clicked.
func (p *emojiPicker) click(c *chat, x, y int) (bool, tea.Cmd) {
	row, col := y-emojiHead, x/emojiCell
	at := (p.top+row)*p.cols + col
	if row < 0 || row >= p.rows || x < 0 || col >= p.cols || at >= len(p.shown) {
		return false, nil
	}
	p.at = at
	return p.choose(c)
}

func (p *emojiPicker) draw(c *chat, width, height int) (string, []string, *tea.Cursor) {
	st := c.st
	p.cols = max(1, min(emojiCols, width/emojiCell))
	p.rows = max(1, min(emojiRows, height-emojiHead-2))
	width = p.cols * emojiCell
	row, x := p.typed.draw(st, max(1, width-2))
	rows := []string{"", st.Accent.Render(st.Glyphs.Prompt) + " " + row, ""}
	line := p.at / p.cols
	p.top = min(max(p.top, line-p.rows+1), line)
	for y := range p.rows {
		var b strings.Builder
		for i := (p.top + y) * p.cols; i < min((p.top+y+1)*p.cols, len(p.shown)); i++ {
			cell := text.Pad(p.shown[i].Shown, 2)
			if i == p.at {
				b.WriteString(st.SelectedMark.Render("[") + cell + st.SelectedMark.Render("]"))
			} else {
				b.WriteString(" " + cell + " ")
			}
		}
		rows = append(rows, text.Pad(b.String(), width))
	}
	below := c.say("emoji.nothing")
	if p.at < len(p.shown) {
		e := p.shown[p.at]
		below = e.Code() + "  " + e.Name
	}
	return c.say("emoji.title"), append(rows, "", st.Muted.Render(text.Truncate(below, width))), tea.NewCursor(x+2, 1)
}
