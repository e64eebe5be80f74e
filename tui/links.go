// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"

	tea "charm.land/bubbletea/v2"

	"kchat/tui/markdown"
	"kchat/tui/talk"
	"kchat/tui/text"
)

// linksOf are the links of a message as it stands now.
func linksOf(m *talk.Message) []markdown.Link {
	if m == nil || m.Withdrawn() {
		return nil
	}
	return markdown.Links(text.Clean(m.Raw()))
}

func hasLink(_ *chat, m *talk.Message) bool { return len(linksOf(m)) > 0 }

// openLink opens the link of the selected message. Where it leads is shown first if its words say another thing, and all
// of them if there are several.
func (c *chat) openLink() tea.Cmd {
	links := linksOf(c.selected())
	switch {
	case len(links) == 0:
		return c.warn(c.say("links.none"))
	case len(links) == 1 && links[0].Plain():
		c.endSelection()
		return c.visit(links[0].Target)
	}
	c.dialogs.push(&linkList{links: links, do: (*chat).visit})
	return nil
}

// copyLink copies the link of the selected message; of several, the one that is chosen.
func (c *chat) copyLink() tea.Cmd {
	links := linksOf(c.selected())
	switch {
	case len(links) == 0:
		return c.warn(c.say("links.none"))
	case len(links) == 1:
		c.endSelection()
		return c.copyAddress(links[0].Target)
	}
	c.dialogs.push(&linkList{links: links, do: (*chat).copyAddress})
	return nil
}

func (c *chat) copyAddress(link string) tea.Cmd {
	return tea.Batch(tea.SetClipboard(link), c.tell(c.say("talk.link_copied", "link", text.Line(link))))
}

// visit has a browser show a link. Where there is none the link is copied, for one that is elsewhere.
func (c *chat) visit(link string) tea.Cmd {
	open := c.cfg.Host.OpenLink
	if open == nil {
		return c.noBrowser(link)
	}
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		err := open(ctx, link)
		return func(c *chat) tea.Cmd {
			switch {
			case errors.Is(err, ErrNoBrowser):
				return c.noBrowser(link)
			case err != nil:
				return c.warn(c.say("links.failed", "why", c.cause(err)))
			}
			return c.tell(c.say("links.opened", "link", text.Line(link)))
		}
	})
}

func (c *chat) noBrowser(link string) tea.Cmd {
	return tea.Batch(tea.SetClipboard(link), c.warn(c.say("links.no_browser", "link", text.Line(link))))
}

// linkList shows the links of a message, of the marked one all of where it leads.
type linkList struct {
	links []markdown.Link
	do    func(c *chat, link string) tea.Cmd // what Enter does
	at    int
	above []int // the row in which each begins, in the last draw; negative: not shown
}

func (l *linkList) key(c *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	link := l.links[l.at].Target
	switch latin(msg).String() {
	case "up", "k", "shift+tab":
		l.scroll(-1)
	case "down", "j", "tab":
		l.scroll(1)
	case "enter":
		return l.done(c, l.do(c, link))
	case "o":
		return l.done(c, c.visit(link))
	case "c", "y", "l":
		return l.done(c, c.copyAddress(link))
	case "esc", "q", "ctrl+c":
		return true, nil
	}
	return false, nil
}

func (l *linkList) done(c *chat, cmd tea.Cmd) (bool, tea.Cmd) {
	c.endSelection()
	return true, cmd
}

func (l *linkList) scroll(rows int) { l.at = min(max(0, l.at+sign(rows)), len(l.links)-1) }

// click marks a link; nothing is opened that was not read.
func (l *linkList) click(_ *chat, _, y int) (bool, tea.Cmd) {
	for i, above := range l.above {
		if above >= 0 && y >= above {
			l.at = i
		}
	}
	return false, nil
}

func (l *linkList) draw(c *chat, width, height int) (string, []string, *tea.Cursor) {
	st := c.st
	width = min(width, 72)
	last := "  " + st.Key.Render("o") + " " + st.Muted.Render(c.say("links.open")) + "  " + st.Key.Render("c") + " " + st.Muted.Render(c.say("links.copy"))
	marked := l.rows(c, l.at, width)
	others := max(0, height-len(marked)-3)
	first := max(0, min(l.at-others/2, len(l.links)-others-1))
	rows := []string{""}
	l.above = make([]int, len(l.links))
	for i := range l.links {
		if l.above[i] = -1; i < first || i > first+others {
			continue
		}
		l.above[i] = len(rows)
		if i == l.at {
			rows = append(rows, marked...)
		} else {
			rows = append(rows, "  "+st.Text.Render(text.Truncate(l.links[i].Target, width-2)))
		}
	}
	rows = append(rows, "", last)
	for i := range rows {
		rows[i] = text.Pad(rows[i], width)
	}
	return c.words.Count("links.title", len(l.links)), rows, nil
}

// rows are the marked link: where it leads, whole, and what its words say if that is another thing.
func (l *linkList) rows(c *chat, i, width int) []string {
	st, link := c.st, l.links[i]
	var rows []string
	for n, row := range text.Wrap(link.Target, width-2) {
		mark := "  "
		if n == 0 {
			mark = st.SelectedMark.Render(st.Glyphs.Mark) + " "
		}
		rows = append(rows, mark+st.Selected.Render(row))
	}
	if !link.Plain() {
		rows = append(rows, "  "+st.Warn.Render(text.Truncate(c.say("links.says", "words", text.Line(link.Words)), width-2)))
	}
	return rows
}
