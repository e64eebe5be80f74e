// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/text"
)

// peoplePane lists who is in the room: those who are here, and those who are gone.
type peoplePane struct {
	visibility
	rows  []rooms.AccountID // by row of the last draw; zero where there is nobody
	first int               // how many rows are scrolled away
}

func (p *peoplePane) draw(e *env, b *book, online bool, width, height int) []string {
	p.rows = nil
	r := b.current
	if r == nil {
		return nil
	}
	var here, gone []rooms.Person
	for _, person := range r.people {
		if person.State.Here() && online {
			here = append(here, person)
		} else {
			gone = append(gone, person)
		}
	}
	sortPeople(here)
	sortPeople(gone)
	st := e.st
	var out []string
	add := func(row string, id rooms.AccountID) {
		out = append(out, row)
		p.rows = append(p.rows, id)
	}
	add("", 0)
	add("", 0)
	add(" "+st.Title.Render(e.say("people.here"))+st.Faint.Render(" "+strconv.Itoa(len(here))), 0)
	for _, person := range here {
		add(p.row(e, b, r, person, online, width), person.ID)
	}
	if len(gone) > 0 {
		add("", 0)
		add(" "+st.Title.Render(e.say("people.gone"))+st.Faint.Render(" "+strconv.Itoa(len(gone))), 0)
		for _, person := range gone {
			add(p.row(e, b, r, person, online, width), person.ID)
		}
	}
	p.first = max(0, min(p.first, len(out)-height))
	out, p.rows = out[p.first:], p.rows[p.first:]
	if more := len(out) - height + 1; more > 1 && height > 0 {
		out, p.rows = append(out[:height-1], " "+st.Faint.Render(e.words.Count("people.more", more))), p.rows[:height-1]
	}
	return out
}

// scroll moves the list, where it is longer than the screen.
func (p *peoplePane) scroll(rows int) { p.first = max(0, p.first+rows) }

// at returns who stands in row y of the last draw, or 0.
func (p *peoplePane) at(y int) rooms.AccountID {
	if y < 0 || y >= len(p.rows) {
		return 0
	}
	return p.rows[y]
}

func (p *peoplePane) row(e *env, b *book, r *room, person rooms.Person, online bool, width int) string {
	st, g := e.st, e.st.Glyphs
	name, tail := text.Name(person.Name), ""
	style := st.Name(uint64(person.ID))
	mark := st.Good.Render(g.Here)
	switch {
	case !online:
		mark, style = st.Faint.Render(g.Offline), st.Faint
	case person.State == rooms.Present:
	case person.State == rooms.Away:
		mark, tail = st.Warn.Render(g.Away), e.awayWords(r, person)
	case person.State == rooms.Reconnecting:
		mark, style, tail = st.Warn.Render(g.Reconnecting), st.Faint, e.say("people.reconnecting")
	default:
		mark, style = st.Faint.Render(g.Offline), st.Faint
	}
	if person.ID == b.me {
		tail = e.say("people.you")
		if online {
			style = st.Mine
		}
	}
	if person.Bot {
		tail = e.say("people.bot")
	}
	if role := e.roleWords(person); role != "" && tail == "" {
		tail = role
	} else if role != "" {
		tail += ", " + role
	}
	if since, ok := r.typing[person.ID]; ok && person.ID != b.me && e.cfg.Clock().Sub(since) < typingFor {
		tail = e.say("people.typing")
	}
	name = text.Truncate(name, max(4, width-4))
	row := " " + mark + " " + style.Render(name)
	if room := width - text.Width(name) - 5; tail != "" && room >= 3 {
		row += " " + st.Faint.Render(text.Truncate(tail, room))
	}
	return row
}

// awayWords say that somebody is away, and for how long if we have seen them go.
func (e *env) awayWords(r *room, person rooms.Person) string {
	since, seen := r.since[person.ID]
	ago := e.cfg.Clock().Sub(since)
	if !seen || ago < time.Minute {
		return e.say("people.away")
	}
	return e.say("people.away") + " " + e.spanWords(ago)
}

// spanWords are a span of time in its largest unit, in few letters.
func (e *env) spanWords(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return e.say("span.days", "n", int(d/(24*time.Hour)))
	case d >= time.Hour:
		return e.say("span.hours", "n", int(d/time.Hour))
	default:
		return e.say("span.minutes", "n", int(d/time.Minute))
	}
}

// typersNamed is how many of those who type are named.
const typersNamed = 2

// typingWords say who types.
func (e *env) typingWords(names []string) string {
	who := strings.Join(names[:min(typersNamed, len(names))], ", ")
	if more := len(names) - typersNamed; more > 0 {
		return e.words.Count("hint.typing_more", more, "who", who)
	}
	return e.words.Count("hint.typing", len(names), "who", who)
}

// openPerson shows what is known of somebody in the room, and what can be done.
func (c *chat) openPerson(id rooms.AccountID) tea.Cmd {
	r := c.book.current
	if r == nil || id == 0 {
		return nil
	}
	person, ok := r.people[id]
	if !ok {
		return nil
	}
	name := text.Name(person.Name)
	card := &question{title: name, words: strings.Join(c.facts(r, person), "\n")}
	if id != c.me.ID {
		if _, direct := r.peer(c.me.ID); !direct {
			card.choices = append(card.choices, choice{"w", c.say("person.write"), func(c *chat) tea.Cmd { return c.openDirect(person) }})
		}
		card.choices = append(card.choices, choice{"n", c.say("person.name"), func(c *chat) tea.Cmd {
			c.composer.insert("@" + person.Name + " ")
			return c.tellTyping()
		}})
	}
	if me := r.people[c.me.ID]; (me.Operator || me.Owner || me.Admin) && id != c.me.ID {
		for _, order := range []string{"kick", "mute"} {
			card.choices = append(card.choices, choice{order[:1], c.say("command." + order + ".help"), func(c *chat) tea.Cmd {
				if !c.composer.empty() {
					return c.warn(c.say("composer.busy"))
				}
				c.composer.set("/" + order + " " + person.Name + " ")
				return nil
			}})
		}
	}
	card.choices = append(card.choices, choice{"esc", c.say("person.close"), nil})
	c.dialogs.push(card)
	return nil
}

// facts are what is known of somebody in a room: how they are there, what they may do, when they spoke, how far they
// have read.
func (c *chat) facts(r *room, person rooms.Person) []string {
	facts := []string{c.stateWords(person)}
	if person.State == rooms.Away {
		facts[0] = strings.Replace(facts[0], c.say("state.away"), c.awayWords(r, person), 1)
	}
	if role := c.roleWords(person); role != "" {
		facts = append(facts, role)
	}
	if last := r.talk.LastOf(person.ID, r.talk.Newest()); last != nil {
		facts = append(facts, c.say("person.spoke", "time", last.Time.In(c.cfg.Zone).Format("2006-01-02 15:04")))
	}
	if person.ID == c.me.ID {
		return facts
	}
	if ours := r.talk.LastOf(c.me.ID, r.readBy[person.ID]); ours != nil {
		facts = append(facts, c.say("person.read", "time", ours.Time.In(c.cfg.Zone).Format("15:04")))
	}
	return facts
}
