// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kchat/history"
	"kchat/tui/text"
)

// offersMost is how many ways to go on with a filter are offered.
const offersMost = 12

// offers are ways to go on with the filter that is being typed in a search.
type offers struct {
	before string // what stands before the word
	all    []string
	at     int // the one that Tab has put in; -1: none yet
	spans  [][2]int
}

// offersFor offers filters, and what can stand after their colons.
func (c *chat) offersFor(typed string) offers {
	at := strings.LastIndexByte(typed, ' ') + 1
	o := offers{before: typed[:at], at: -1}
	word := strings.ToLower(typed[at:])
	name, value, colon := strings.Cut(word, ":")
	if !colon {
		for _, f := range history.Filters() {
			if word != "" && strings.HasPrefix(f, word) {
				o.all = append(o.all, f+":")
			}
		}
		return o
	}
	var values []string
	switch name {
	case "from":
		for _, who := range c.book.names {
			values = append(values, who)
		}
		slices.Sort(values)
	case "in":
		for _, r := range c.book.rooms {
			if _, _, direct := r.direct(); !direct {
				values = append(values, r.name)
			}
		}
	case "before", "after":
		now := c.cfg.Clock().In(c.cfg.Zone)
		values = []string{"today", "yesterday", "7d", now.Format("2006-01"), now.Format("2006-01-02")}
	case "has":
		values = history.Kinds()
	}
	for _, v := range slices.Compact(values) {
		if lower := strings.ToLower(v); strings.HasPrefix(lower, strings.TrimLeft(value, `@#"`)) && lower != value && len(o.all) < offersMost {
			if strings.ContainsAny(v, " \t") {
				v = `"` + v + `"`
			}
			o.all = append(o.all, name+":"+v)
		}
	}
	return o
}

// complete puts the next way to go on in place of the word, or the one before it.
func (s *search) complete(c *chat, next bool) tea.Cmd {
	o := s.offers
	if len(o.all) == 0 {
		o = c.offersFor(s.typed.value())
		if len(o.all) == 0 {
			return nil
		}
	}
	if next {
		o.at++
	} else {
		o.at += len(o.all) - 1
	}
	o.at = (o.at + len(o.all)) % len(o.all)
	taken := o.all[o.at]
	if len(o.all) == 1 && !strings.HasSuffix(taken, ":") {
		taken += " "
	}
	s.typed.set(o.before + taken)
	cmd := s.look(c)
	if len(o.all) > 1 { // the next Tab goes on
		s.offers = o
	}
	return cmd
}

func (o *offers) draw(c *chat, width int) string {
	st := c.st
	out, x := st.Key.Render("Tab")+" ", 4
	o.spans = o.spans[:0]
	for i, offer := range o.all {
		shown := text.Name(offer)
		if x+text.Width(shown) > width {
			break
		}
		style := st.Muted
		if i == o.at {
			style = st.Selected
		}
		out += style.Render(shown) + "  "
		o.spans = append(o.spans, [2]int{x, x + text.Width(shown)})
		x += text.Width(shown) + 2
	}
	return out
}

// index is the offer in a column of the last draw, or -1.
func (o *offers) index(x int) int {
	return slices.IndexFunc(o.spans, func(s [2]int) bool { return x >= s[0] && x < s[1] })
}

func itoa(n int) string { return strconv.Itoa(n) }
