// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"kchat/tui/text"
)

// suggestion is one way to go on with what is being typed.
type suggestion struct {
	insert string // in place of the word before the cursor
	shown  string
	help   string
	emoji  string // that is used by it
}

// popup offers completions above the composer.
type popup struct {
	all    []suggestion
	at     int
	picked bool   // the user has moved in it
	word   string // whose paths are listed
	tabbed bool   // Tab waits for the paths that are being looked up
	away   bool   // Esc was pressed: nothing is offered for the word that begins at begins
	begins string
	area   uv.Rectangle // as it was drawn last
	first  int          // the first one in it
}

const popupRows = 8

func (p *popup) close() { *p = popup{} }

// chosen reports whether Enter takes a suggestion rather than sending.
func (p *popup) chosen() bool { return len(p.all) > 0 && p.picked }

// update offers what fits while one types: commands and what belongs to them, names after @, rooms after # and emoji
// after a colon. What Esc has sent away stays away until the next word.
func (p *popup) update(c *chat) tea.Cmd {
	before, word, first := c.composer.word()
	away, begins := p.away && p.begins == before && word != "", p.begins
	p.close()
	if away {
		p.away, p.begins = true, begins
		return nil
	}
	var cmd tea.Cmd
	switch {
	case first && strings.HasPrefix(c.composer.value(), "/"),
		word != "" && (word[0] == '@' || word[0] == '#'), emojiTyped(word):
		p.all, cmd = c.completions()
	}
	if len(p.all) == 1 && strings.TrimSpace(p.all[0].insert) == word {
		p.close()
	}
	return cmd
}

// refresh offers what has become known meanwhile, unless the user has begun to choose.
func (p *popup) refresh(c *chat) tea.Cmd {
	if _, word, _ := c.composer.word(); p.picked || !strings.HasPrefix(word, "#") {
		return nil
	}
	return p.update(c)
}

// paths takes the files that were looked up, if the same word still is being typed and they are not listed yet: what
// the user has chosen among them stays chosen.
func (p *popup) paths(c *chat, msg pathsMsg) tea.Cmd {
	if _, word, _ := c.composer.word(); word != msg.word || (len(p.all) > 0 && p.word == word) {
		return nil
	}
	if len(msg.all) == 1 && msg.all[0].insert == msg.word {
		return nil // there is nothing to go on with
	}
	p.all, p.at, p.word = msg.all, 0, msg.word
	if !p.tabbed {
		return nil
	}
	p.tabbed, p.picked = false, len(p.all) > 0
	if len(p.all) == 1 {
		return p.accept(c)
	}
	return nil
}

// tab takes what is marked. Where nothing is offered yet it offers, and takes the only one.
func (p *popup) tab(c *chat) tea.Cmd {
	if len(p.all) > 0 {
		return p.accept(c)
	}
	var cmd tea.Cmd
	p.all, cmd = c.completions()
	p.at, p.tabbed, p.picked = 0, true, len(p.all) > 0
	if len(p.all) == 1 {
		return p.accept(c)
	}
	return cmd
}

// key moves in the popup. It reports whether it took the key.
func (p *popup) key(c *chat, msg tea.KeyPressMsg) bool {
	if len(p.all) == 0 {
		return false
	}
	switch msg.String() {
	case "up":
		p.at = (p.at + len(p.all) - 1) % len(p.all)
	case "down":
		p.at = (p.at + 1) % len(p.all)
	case "shift+tab":
		p.at = (p.at + len(p.all) - 1) % len(p.all)
	case "esc":
		begins, _, _ := c.composer.word()
		p.close()
		p.away, p.begins = true, begins
		return true
	default:
		return false
	}
	p.picked = true
	return true
}

// move chooses what lies so many rows below, or above.
func (p *popup) move(by int) {
	p.at, p.picked = max(0, min(p.at+by, len(p.all)-1)), true
}

// accept puts the chosen suggestion in place of the word.
func (p *popup) accept(c *chat) tea.Cmd {
	if len(p.all) == 0 {
		return nil
	}
	chosen := p.all[p.at]
	c.composer.complete(chosen.insert)
	p.close()
	switch {
	case chosen.emoji != "":
		return c.usedEmoji(chosen.emoji)
	case strings.HasPrefix(c.composer.value(), "/"):
		return p.update(c)
	}
	return nil
}

// click takes the suggestion at a place. It reports whether the place was the popup's.
func (p *popup) click(c *chat, at uv.Position) (tea.Cmd, bool) {
	if len(p.all) == 0 || !at.In(p.area) {
		return nil, false
	}
	i := p.first + at.Y - p.area.Min.Y - 1
	if at.Y == p.area.Min.Y || i >= len(p.all) || at.Y == p.area.Max.Y-1 {
		return nil, true // its border
	}
	p.at = i
	return tea.Batch(p.accept(c), c.saveSoon()), true
}

func (p *popup) draw(c *chat, cv canvas, composer uv.Rectangle, cursor *tea.Cursor) {
	if len(p.all) == 0 || c.dialogs.open() {
		return
	}
	st := c.st
	rows := min(popupRows, len(p.all), max(0, composer.Min.Y-2))
	if rows == 0 {
		return
	}
	first := min(max(0, p.at-rows/2), len(p.all)-rows)
	wide, wideHelp := 8, 0
	for _, s := range p.all[first : first+rows] {
		wide, wideHelp = max(wide, text.Width(s.shown)), max(wideHelp, text.Width(s.help))
	}
	width := min(composer.Dx()-2, wide+wideHelp+8)
	if wideHelp > 0 {
		wide = min(wide, width/2) // what it is good for counts as much as its name
	}
	var out []string
	for i, s := range p.all[first : first+rows] {
		mark, name := "  ", st.Text.Render(text.Truncate(s.shown, wide))
		if first+i == p.at {
			mark, name = st.SelectedMark.Render(st.Glyphs.Mark)+" ", st.Selected.Render(text.Truncate(s.shown, wide))
		}
		out = append(out, text.Truncate(mark+text.Pad(name, wide)+"  "+st.Muted.Render(s.help), width-4))
	}
	box := frame(st, "", out, width, rows+2)
	area := uv.Rect(composer.Min.X+1, composer.Min.Y-rows-2, width, rows+2)
	if area.Min.Y < 0 {
		area.Min.Y, box = 0, out
	} else {
		p.area, p.first = area, first
	}
	cv.put(area, box)
}
