// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"cmp"
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kchat/tui/styles"
	"kchat/tui/text"
)

// themePicker lists the themes. The one that is marked is the screen's, until Enter keeps it or Esc brings back the one
// before.
type themePicker struct {
	names  []string
	at     int
	first  int          // row of names that is shown first
	shown  int          // how many were at the last draw
	before styles.Theme // what Esc goes back to
	worn   string       // the theme that is shown; empty: it is being read, or cannot be
	wrong  string       // why the marked one cannot be shown
	closed bool
}

// openThemes lists the themes, from the one that is worn.
func (c *chat) openThemes() tea.Cmd {
	themes := c.cfg.Themes
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		names, err := themes.Names(ctx)
		return func(c *chat) tea.Cmd {
			if len(names) == 0 {
				return c.warn(c.reason(err))
			}
			d := &themePicker{names: names, before: c.theme, worn: c.theme.Name}
			for i, name := range names {
				if name == c.theme.Name {
					d.at = i
				}
			}
			c.dialogs.push(d)
			if err != nil {
				return c.warn(c.reason(err))
			}
			return nil
		}
	})
}

// wear puts the screen into a theme.
func wear(theme styles.Theme) tea.Cmd { return func() tea.Msg { return themeMsg{theme} } }

func (d *themePicker) key(c *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	switch latin(msg).String() {
	case "up", "k", "shift+tab":
		return false, d.move(c, -1)
	case "down", "j", "tab":
		return false, d.move(c, 1)
	case "pgup":
		return false, d.move(c, -max(1, d.shown))
	case "pgdown":
		return false, d.move(c, max(1, d.shown))
	case "home":
		return false, d.move(c, -len(d.names))
	case "end":
		return false, d.move(c, len(d.names))
	case "enter":
		if d.worn == "" {
			return false, nil // it says why
		}
		d.closed = true
		name := d.worn
		return true, tea.Batch(c.keep(func(s *Settings) { s.Theme = name }), c.tell(c.say("theme.now", "name", text.Name(name))))
	case "esc", "q", "ctrl+c":
		d.closed = true
		return true, wear(d.before)
	}
	return false, nil
}

// wheel implements wheeler.
func (d *themePicker) wheel(c *chat, rows int) tea.Cmd { return d.move(c, cmp.Compare(rows, 0)) }

// click implements clicker: the first one shows a theme, the second keeps it.
func (d *themePicker) click(c *chat, _, y int) (bool, tea.Cmd) {
	i := d.first + y - 1
	if y < 1 || y > d.shown || i >= len(d.names) {
		return false, nil
	}
	if i == d.at {
		return d.key(c, tea.KeyPressMsg{Code: tea.KeyEnter})
	}
	return false, d.move(c, i-d.at)
}

// move marks another theme and shows the screen in it.
func (d *themePicker) move(c *chat, by int) tea.Cmd {
	at := max(0, min(d.at+by, len(d.names)-1))
	if at == d.at {
		return nil
	}
	d.at, d.worn, d.wrong = at, "", ""
	themes, name := c.cfg.Themes, d.names[at]
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		theme, err := themes.Load(ctx, name)
		return func(*chat) tea.Cmd {
			switch {
			case d.closed || d.names[d.at] != name:
				return nil // somebody was faster
			case err != nil:
				d.wrong = c.reason(err)
				return nil
			}
			d.worn = name
			return wear(theme)
		}
	})
}

func (d *themePicker) draw(c *chat, width, height int) (string, []string, *tea.Cursor) {
	st := c.st
	below := []string{"", d.sample(c)}
	for _, row := range text.Wrap(text.Clean(d.wrong), width) {
		if row != "" {
			below = append(below, st.Warn.Render(row))
		}
	}
	below = append(below, "", st.Muted.Render(text.Truncate(c.say("theme.keys"), width)))
	d.shown = max(1, min(len(d.names), height-len(below)-1))
	d.first = max(min(d.first, d.at), d.at-d.shown+1)
	rows := []string{""}
	for i := d.first; i < min(len(d.names), d.first+d.shown); i++ {
		mark, style := "  ", st.Text
		if i == d.at {
			mark, style = st.SelectedMark.Render(st.Glyphs.Mark)+" ", st.Selected
		}
		rows = append(rows, mark+style.Render(text.Truncate(text.Name(d.names[i]), width-2)))
	}
	return c.say("theme.title"), append(rows, below...), nil
}

// sample shows what the colours are for.
func (d *themePicker) sample(c *chat) string {
	st := c.st
	var names []string
	for account := range uint64(4) {
		names = append(names, st.Name(account).Render(c.say("theme.sample.name")))
	}
	return strings.Join(append(names, st.Mention.Render(c.say("theme.sample.mention")), st.Link.Render(c.say("theme.sample.link")),
		st.Good.Render(st.Glyphs.Delivered), st.Warn.Render(st.Glyphs.Failed), st.Faint.Render(c.say("theme.sample.faint"))), " ")
}
