// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui/talk"
)

// What was said is read as far back as it goes: a page at a time from the history, and where that ends from the people
// who are present, who have what they wrote themselves. What is far from the screen is let go again (talk/window.go).

const (
	// windowMost is how many messages of a room are held; more are in the history.
	windowMost = 1200
	// wantPage is how many messages are asked for of the people present in one go.
	wantPage = 100
)

// scroll moves the talk. Before its end is reached what lies beyond is on its way.
func (c *chat) scroll(rows int) tea.Cmd {
	r := c.book.current
	if r == nil {
		return nil
	}
	if c.aside.thread != nil {
		c.aside.thread.Scroll(rows)
		c.viewed()
		return c.pictures()
	}
	return c.scrollTalk(rows)
}

// scrollTalk is scroll for the talk of the room, also beside an open thread.
func (c *chat) scrollTalk(rows int) tea.Cmd {
	r := c.book.current
	atTop := r.talk.Scroll(rows)
	r.stuck = false
	c.viewed()
	if rows < 0 && atTop && !r.talk.Earlier() {
		return tea.Batch(c.beginning(r), c.pictures())
	}
	return c.pictures() // what is due is fetched by pages
}

// pages fetches what the current room needs next: its end if that is wanted, else what one comes close to.
func (c *chat) pages() tea.Cmd {
	r := c.book.current
	if r == nil || r.loading || r.stuck || c.session.Archive == nil {
		return nil
	}
	switch {
	case r.talk.WantsEnd():
		return c.loadEnd(r)
	case r.talk.NearTop():
		return c.loadOlder(r, pageSize, false)
	case r.talk.NearEnd():
		return c.loadLater(r)
	}
	return nil
}

// readPage asks the history for a page and shows what came. One page of a room is on its way at a time.
func (c *chat) readPage(r *room, page func(ctx context.Context, a Archive, community rooms.UUID) ([]history.Entry, error),
	show func(c *chat, entries []history.Entry) tea.Cmd,
) tea.Cmd {
	archive, community := c.session.Archive, c.community(r)
	if archive == nil {
		return nil
	}
	r.loading = true
	turn := r.turn
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		entries, err := page(ctx, archive, community)
		return func(c *chat) tea.Cmd {
			if r.turn != turn {
				return nil // one has gone elsewhere
			}
			r.loading = false
			next := r.next
			r.next = nil
			if err != nil {
				r.stuck = true
				r.talk.Stay()
				return c.warn(c.say("chat.no_history", "why", c.reason(err)))
			}
			for _, e := range entries {
				c.book.meet(rooms.Person{ID: e.Message.Sender, Name: e.Message.Name})
			}
			cmd := show(c, entries)
			c.markRead(r)
			c.viewed()
			if next != nil {
				cmd = tea.Batch(cmd, next(c))
			}
			return tea.Batch(cmd, c.pictures())
		}
	})
}

// loadLater puts the next page below.
func (c *chat) loadLater(r *room) tea.Cmd {
	after := r.talk.Newest()
	return c.readPage(r, func(ctx context.Context, a Archive, community rooms.UUID) ([]history.Entry, error) {
		return a.After(ctx, community, r.name, after, pageSize)
	}, func(_ *chat, entries []history.Entry) tea.Cmd {
		r.talk.LoadLater(entries, len(entries) < pageSize)
		return nil
	})
}

// loadEnd goes to the end of the room.
func (c *chat) loadEnd(r *room) tea.Cmd {
	return c.readPage(r, func(ctx context.Context, a Archive, community rooms.UUID) ([]history.Entry, error) {
		return a.Page(ctx, community, r.name, rooms.Position{}, pageSize)
	}, func(_ *chat, entries []history.Entry) tea.Cmd {
		r.talk.Show(entries, len(entries) == pageSize, false)
		r.talk.Follow()
		return nil
	})
}

// toNewest goes to the end of the room, toOldest to its beginning.
func (c *chat) toNewest() tea.Cmd {
	switch r := c.book.current; {
	case c.aside.thread != nil:
		c.aside.thread.Follow()
		c.viewed()
	case r != nil:
		r.stuck = false
		r.talk.Follow()
		c.viewed()
	}
	return c.pictures()
}

func (c *chat) toOldest() tea.Cmd {
	r := c.book.current
	if r == nil {
		return nil
	}
	if c.aside.thread != nil {
		c.aside.thread.Top()
		return c.pictures()
	}
	if !r.talk.Earlier() {
		r.talk.Top()
		return tea.Batch(c.beginning(r), c.pictures())
	}
	if r.loading {
		r.next = (*chat).toOldest
		return nil
	}
	return c.readPage(r, func(ctx context.Context, a Archive, community rooms.UUID) ([]history.Entry, error) {
		return a.After(ctx, community, r.name, rooms.Position{}, pageSize)
	}, func(c *chat, entries []history.Entry) tea.Cmd {
		r.talk.Show(entries, false, len(entries) == pageSize)
		r.talk.Top()
		return c.beginning(r)
	})
}

// beginning says that nothing older is kept here, and asks those who may have it.
func (c *chat) beginning(r *room) tea.Cmd {
	if !r.talk.Begun() && r.talk.Len() > 0 && r.ready {
		c.markBeginning(r)
	}
	return c.askPeople(r)
}

// askPeople asks who is present for what was said before all that is here. What they have comes as messages; that it
// is being asked for stands where it is missing.
func (c *chat) askPeople(r *room) tea.Cmd {
	oldest := r.talk.Oldest()
	if oldest.Seq <= 1 || c.session.Client == nil || !c.link.online || !r.live || r.alone(c.me.ID) || c.askedFor(r, oldest) {
		return nil
	}
	to := rooms.Position{Epoch: oldest.Epoch, Seq: oldest.Seq - 1}
	from := rooms.Position{Epoch: oldest.Epoch, Seq: to.Seq - min(to.Seq, wantPage)}
	client, name := c.session.Client, r.name
	return c.ask(func(context.Context) func(*chat) tea.Cmd {
		err := client.Want(name, from, to)
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("gap.not_asked", "why", c.reason(err)))
			}
			return nil
		}
	})
}

// askedFor reports whether what lies before a place is known to be missing: it is being asked for, then.
func (c *chat) askedFor(r *room, place rooms.Position) bool {
	for from, g := range r.gaps {
		if from.Compare(place) < 0 && g.to.Seq+1 >= place.Seq && g.to.Epoch == place.Epoch {
			return true
		}
	}
	return false
}

// missing is a range of a room that is not here, and the rule that says so.
type missing struct {
	rule *talk.Rule
	to   rooms.Position
}

// gap shows where messages are missing, and who is asked for them.
func (c *chat) gap(ev rooms.GapChanged) {
	r := c.book.open(ev.Room)
	g, known := r.gaps[ev.From]
	switch {
	case ev.State == rooms.GapFilled && known:
		r.talk.Ungap(g.rule)
		delete(r.gaps, ev.From)
	case ev.State == rooms.GapFilled:
	case known:
		g.rule.SetWords(c.gapWords(r, ev))
	default:
		rule := talk.NewRule(talk.RuleGap, c.gapWords(r, ev), ev.From)
		r.gaps[ev.From] = missing{rule, ev.To}
		r.talk.Gap(rule)
	}
}

func (c *chat) gapWords(r *room, ev rooms.GapChanged) string {
	key := "gap.open"
	if ev.State == rooms.GapGivenUp {
		key = "gap.given_up"
	}
	words := c.say(key + ".some")
	if ev.From.Epoch == ev.To.Epoch && ev.To.Seq > ev.From.Seq {
		words = c.words.Count(key, int(ev.To.Seq-ev.From.Seq))
	}
	if ev.State == rooms.GapOpen {
		people := len(r.company(c.me.ID))
		if people == 0 {
			return words + "; " + c.say("gap.nobody")
		}
		words += "; " + c.words.Count("gap.asking", people)
	}
	return words
}
