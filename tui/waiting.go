// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/text"
	"kchat/wire"
)

// elsewhereEvery is how often the waiting room asks who is online.
const elsewhereEvery = 5 * time.Second

// waitingRoom is what one sees alone in a room: how somebody comes, and who could.
type waitingRoom struct {
	elsewhere []rooms.Person
	asked     time.Time
}

// reset makes the waiting room ask anew.
func (w *waitingRoom) reset() tea.Cmd {
	w.asked = time.Time{}
	return nil
}

// due reports whether it is time to ask who is online.
func (w *waitingRoom) due(now time.Time) bool {
	if now.Sub(w.asked) < elsewhereEvery {
		return false
	}
	w.asked = now
	return true
}

// height returns how many rows it takes of those that there are: everything, the essentials, or two rows.
func (w *waitingRoom) height(c *chat, width, height int) int {
	full, dense := len(w.full(c, width, true))+2, len(w.full(c, width, false))+2
	switch {
	case height >= full+1 && width >= 36:
		return full
	case height >= dense+1 && width >= 36:
		return dense
	case height >= 6:
		return 4
	default:
		return min(2, max(0, height-1))
	}
}

// full is everything that the waiting room has to say, with or without empty rows in between.
func (w *waitingRoom) full(c *chat, width int, airy bool) []string {
	r, st := c.book.current, c.st
	if r == nil {
		return nil
	}
	inner := width - 8
	rows := []string{""}
	rows = append(rows, text.Wrap(c.say("waiting.explain"), inner)...)
	rows = append(rows, "", st.Muted.Render(c.say("waiting.friend")))
	for _, row := range text.Wrap(c.friendLine(r), inner) {
		rows = append(rows, st.Accent.Render(row))
	}
	if line := c.lanLine(); line != "" {
		for _, row := range text.Wrap(c.say("waiting.this_machine", "line", line), inner) {
			rows = append(rows, st.Faint.Render(row))
		}
	}
	rows = append(rows, "")
	rows = append(rows, c.waitingKeys(inner)...)
	rows = append(rows, "", st.Muted.Render(text.Truncate(w.who(c, r), inner)))
	if !airy {
		rows = slices.DeleteFunc(rows, func(row string) bool { return row == "" })
	}
	for i := range rows {
		rows[i] = " " + rows[i]
	}
	return rows
}

func (w *waitingRoom) draw(c *chat, width, height int) []string {
	r := c.book.current
	if r == nil || height <= 0 {
		return nil
	}
	st := c.st
	full := w.full(c, width, true)
	if height < len(full)+2 {
		full = w.full(c, width, false)
	}
	if height < len(full)+2 {
		rows := []string{
			" " + st.Warn.Render(text.Truncate(w.title(c, r), width-2)),
			" " + st.Accent.Render(text.Truncate(c.friendLine(r), width-2)),
			" " + strings.Join(c.waitingKeys(1<<16), ""),
			" " + st.Muted.Render(text.Truncate(w.who(c, r), width-2)),
		}
		return rows[:min(height, len(rows))]
	}
	box := frame(st, w.title(c, r), full, width-2, height)
	for i := range box {
		box[i] = " " + box[i]
	}
	return box
}

func (w *waitingRoom) title(c *chat, r *room) string {
	for _, p := range r.people {
		if p.ID != c.me.ID && p.State == rooms.Reconnecting {
			return c.say("waiting.reconnecting", "name", text.Name(p.Name))
		}
	}
	if peer, ok := r.peer(c.me.ID); ok {
		if name := c.book.names[peer]; name != "" {
			return c.say("waiting.person", "name", text.Name(name))
		}
	}
	return c.say("waiting.title", "room", c.book.title(r))
}

// who says who is online elsewhere.
func (w *waitingRoom) who(c *chat, r *room) string {
	var names []string
	for _, p := range w.elsewhere {
		if _, here := r.people[p.ID]; p.ID == c.me.ID || !p.State.Here() || (here && r.counts(p)) {
			continue
		}
		names = append(names, text.Name(p.Name))
	}
	if len(names) == 0 {
		return c.say("waiting.nobody_elsewhere")
	}
	return c.say("waiting.elsewhere", "names", strings.Join(names, ", "))
}

// waitingKeys lists what can be done here, in rows of at most width cells.
func (c *chat) waitingKeys(width int) []string {
	st := c.st
	var keys []string
	add := func(action, words string) {
		if k := c.keyFor(action); k != "" {
			keys = append(keys, st.Key.Render(k)+" "+st.Muted.Render(c.say(words)))
		}
	}
	add("keys.copy_line", "waiting.copy")
	if c.cfg.Host.SecondSeat != nil {
		add("keys.second_seat", "waiting.seat")
	}
	if c.cfg.Host.Partner != nil {
		add("keys.partner", "waiting.partner")
	}
	if len(keys) == 0 {
		return nil
	}
	rows := []string{keys[0]}
	for _, k := range keys[1:] {
		if last := len(rows) - 1; text.Width(rows[last])+3+text.Width(k) <= width {
			rows[last] += "   " + k
		} else {
			rows = append(rows, k)
		}
	}
	return rows
}

// friendLine is the exact line that another person types to come here.
func (c *chat) friendLine(r *room) string {
	line := c.cfg.Command + " login --server " + c.public
	if _, _, direct := r.direct(); !direct && !c.startsIn(r.name) {
		line += " --room " + r.name
	}
	return line
}

// lanLine is what lets other computers in, when the server runs here and only this computer reaches it.
func (c *chat) lanLine() string {
	host, port, err := net.SplitHostPort(c.public)
	if ip := net.ParseIP(host); err != nil || c.mode == "" || ip == nil || !ip.IsLoopback() {
		return ""
	}
	line := c.cfg.Command + " server restart --lan"
	if port != strconv.Itoa(wire.Port) {
		line += " --port " + port
	}
	return line
}

// startsIn reports whether newcomers come to a room by themselves.
func (c *chat) startsIn(name string) bool {
	return len(c.cfg.Rooms) > 0 && c.cfg.Rooms[0] == name
}

// copyLine puts the line for a friend on the clipboard of the terminal (OSC 52).
func (c *chat) copyLine() tea.Cmd {
	r := c.book.current
	if r == nil {
		return nil
	}
	return tea.Batch(tea.SetClipboard(c.friendLine(r)), c.tell(c.say("waiting.copied")))
}

// secondSeat opens another real client beside this one.
func (c *chat) secondSeat() tea.Cmd {
	open, r := c.cfg.Host.SecondSeat, c.book.current
	if open == nil || r == nil {
		return c.warn(c.say("waiting.no_seat"))
	}
	seat := Seat{Address: c.address, Room: r.name}
	return tea.Batch(c.tell(c.say("waiting.seat_opening")), c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		err := open(ctx, seat)
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("waiting.seat_failed", "why", c.reason(err), "line", c.friendLine(r)))
			}
			return nil
		}
	}))
}

// practiceRoom is where the practice partner is met when the current room is not for practice: bots count as
// company there only.
const practiceRoom = "practice"

// forPractice reports whether a room that is made anew, as after a restart of the server, is one for practice again.
func forPractice(name string) bool { return strings.HasPrefix(name, practiceRoom+"-") }

// partner brings in the practice partner.
func (c *chat) partner() tea.Cmd {
	r := c.book.current
	if c.cfg.Host.Partner == nil || !c.link.online {
		return c.warn(c.say("waiting.no_partner"))
	}
	name := fmt.Sprintf("%s-%d", practiceRoom, c.me.ID)
	if r != nil && r.info.Practice {
		name = r.name
	}
	client := c.session.Client
	return tea.Batch(c.tell(c.say("waiting.partner_coming")), c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		info, err := client.Join(ctx, name, rooms.JoinOptions{Practice: true})
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("waiting.partner_failed", "why", c.reason(err)))
			}
			return tea.Batch(c.show(c.book.open(info.Name)), c.fetchPartner(info.Name))
		}
	}))
}

// fetchPartner starts the partner, who then comes by itself.
func (c *chat) fetchPartner(room string) tea.Cmd {
	bring, seat := c.cfg.Host.Partner, Seat{Address: c.address, Room: room}
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		err := bring(ctx, seat)
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("waiting.partner_failed", "why", c.reason(err)))
			}
			return nil
		}
	})
}

// askElsewhere asks who is online.
func (c *chat) askElsewhere() tea.Cmd {
	client := c.session.Client
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		people, err := client.People(ctx)
		return func(c *chat) tea.Cmd {
			if err == nil {
				sortPeople(people)
				c.waiting.elsewhere = people
				for _, p := range people {
					c.book.meet(p)
				}
			}
			return nil
		}
	})
}
