// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"cmp"
	"context"
	"errors"

	tea "charm.land/bubbletea/v2"

	"kchat/tui/styles"
	"kchat/tui/text"
)

// Themes are the colours that there are.
type Themes interface {
	// Names lists the themes.
	Names(ctx context.Context) ([]string, error)
	// Load reads a theme. The error says what is wrong with it, and where.
	Load(ctx context.Context, name string) (styles.Theme, error)
}

// Looks is what the screen is drawn in.
type Looks struct {
	Theme  styles.Theme // the zero value: the built-in one
	Usual  string       // the theme where none is chosen; empty: the built-in one
	Themes Themes       // nil: the built-in ones
	// ThemeErr says why the theme that was chosen last time is not Theme.
	ThemeErr error
	ASCII    bool // lines and marks in ASCII only
	Plain    bool // no colour
}

// themeMsg is a theme that was read. It concerns the whole program.
type themeMsg struct{ theme styles.Theme }

// errNoTheme says that a theme is not there.
var errNoTheme = errors.New("there is no such theme")

// builtin are the themes without a folder.
type builtin struct{}

func (builtin) Names(context.Context) (names []string, err error) {
	for _, t := range styles.Themes() {
		names = append(names, t.Name)
	}
	return names, nil
}

func (builtin) Load(_ context.Context, name string) (styles.Theme, error) {
	if t, known := styles.Builtin(name); known {
		return t, nil
	}
	return styles.Theme{}, errNoTheme
}

// themeDefault is the word for what is usual.
const themeDefault = "default"

// commandTheme is /theme: the whole screen in other colours at once, and the next time. Without a name it lists them, and
// shows the screen in each.
func (c *chat) commandTheme(name string) tea.Cmd {
	if name == "" {
		return c.openThemes()
	}
	themes, usual := c.cfg.Themes, cmp.Or(c.cfg.Usual, styles.Auto)
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		chosen := name
		if name == themeDefault {
			name, chosen = usual, ""
		}
		theme, err := themes.Load(ctx, name)
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("theme.failed", "why", c.reason(err)))
			}
			keep := c.keep(func(s *Settings) { s.Theme = chosen })
			return tea.Batch(keep, wear(theme), c.tell(c.say("theme.now", "name", text.Name(name))))
		}
	})
}

// sayThemeErr says why the screen is not in the theme of last time.
func (c *chat) sayThemeErr() tea.Cmd {
	if err := c.cfg.ThemeErr; err != nil {
		return c.warn(c.say("theme.failed", "why", c.reason(err)))
	}
	return nil
}

// completeTheme offers the themes that are built in; those of files have names that their writer knows.
func completeTheme(_ *chat, before []string, word string) ([]suggestion, tea.Cmd) {
	if len(before) > 0 {
		return nil, nil
	}
	names, _ := builtin{}.Names(context.Background()) // it does not wait, nor fail
	return suggestionsOf(append(names, themeDefault), word), nil
}
