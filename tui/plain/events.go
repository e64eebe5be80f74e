// SPDX-License-Identifier: GPL-2.0-only

package plain

import (
	"context"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui/talk"
	"kchat/tui/text"
)

// event tells what has happened.
func (c *Chat) event(ctx context.Context, e rooms.Event) {
	switch e := e.(type) {
	case rooms.Online:
		again := c.online
		c.online, c.been, c.community = true, true, e.Server.Community
		if !again {
			c.say("plain.connected", "server", text.Name(e.Server.Name), "name", text.Name(e.Me.Name))
		}
	case rooms.Disconnected:
		if c.online {
			c.fails("plain.lost", e.Err)
		}
		c.online = false
	case rooms.Joined:
		c.joined(e)
	case rooms.Live:
		c.live(ctx, e.Room)
	case rooms.Parted:
		c.parted(e)
	case rooms.Moved:
		c.say("chat.moved", "room", c.title(e.Room), "server", text.Name(e.To.Name))
	case rooms.PersonChanged:
		c.person(e)
	case rooms.MessageChanged:
		c.message(ctx, e.Message)
	case rooms.GapChanged:
		if e.State == rooms.GapOpen {
			c.write(c.within(e.Room) + c.Words.Say("gap.open.some"))
		}
	case rooms.Invited:
		if !e.Direct {
			c.say("plain.invited", "name", text.Name(e.From.Name), "room", text.Name("#"+e.Room))
		}
	case rooms.Ruled:
		if e.Ruling.Why != "" {
			c.say("ruled.why", "why", text.Line(e.Ruling.Why))
		}
	}
}

func (c *Chat) joined(e rooms.Joined) {
	r := c.rooms[e.Room.Name]
	if r == nil {
		r = &room{printed: make(map[rooms.MessageID]bool), waiting: make(map[rooms.MessageID]bool)}
		c.rooms[e.Room.Name] = r
	}
	if e.Room.Direct {
		me, _ := c.Client.Me()
		for _, p := range e.People {
			if p.ID != me.ID {
				r.title = "@" + text.Name(p.Name)
			}
		}
	}
	if c.rooms[c.current] == nil {
		c.current = e.Room.Name
	}
}

// live reads out the last of what was said before, and who is here; after that what comes is read out.
func (c *Chat) live(ctx context.Context, name string) {
	r := c.rooms[name]
	if r == nil || r.live {
		return
	}
	r.live = true
	c.past(ctx, name, lastMost)
	c.here(name)
	var draft string
	err := ask(ctx, func(ctx context.Context) (err error) {
		draft, err = c.Archive.Draft(ctx, c.key(name))
		return err
	})
	if !c.fails("chat.no_history", err) && draft != "" {
		c.say("plain.kept", "words", text.Line(draft))
	}
}

// past reads out the last messages that are kept of a room.
func (c *Chat) past(ctx context.Context, name string, n int) {
	var entries []history.Entry
	err := ask(ctx, func(ctx context.Context) (err error) {
		entries, err = c.Archive.Last(ctx, c.key(name), n)
		return err
	})
	if c.fails("chat.no_history", err) {
		return
	}
	var upTo rooms.Position
	for _, entry := range entries {
		m := entry.Message
		if r := c.rooms[name]; r != nil {
			r.printed[m.ID] = true
		}
		if entry.Deleted {
			continue
		}
		c.write(c.within(name) + c.spoken(ctx, m))
		upTo = m.Pos
	}
	c.read(name, upTo)
}

// here says who is in a room.
func (c *Chat) here(name string) {
	me, _ := c.Client.Me()
	var people []string
	for _, p := range c.Client.Roster(name) {
		if p.ID == me.ID || !p.State.Here() && p.State != rooms.Reconnecting {
			continue
		}
		shown := text.Name(p.Name)
		if p.State != rooms.Present {
			shown += " (" + c.state(p.State) + ")"
		}
		people = append(people, shown)
	}
	c.tellAlone(name)
	if len(people) > 0 {
		c.say("plain.here", "room", c.title(name), "people", strings.Join(people, ", "))
	}
}

func (c *Chat) state(s rooms.PersonState) string {
	switch s {
	case rooms.Present:
		return c.Words.Say("state.present")
	case rooms.Away:
		return c.Words.Say("state.away")
	case rooms.Reconnecting:
		return c.Words.Say("state.reconnecting")
	default:
		return c.Words.Say("state.offline")
	}
}

// tellAlone says once that nobody else is in a room, and that somebody is again.
func (c *Chat) tellAlone(name string) {
	r := c.rooms[name]
	alone := c.Client.OthersPresent(name) == 0
	if r == nil || !r.live || r.alone == alone {
		return
	}
	if r.alone = alone; alone {
		c.say("plain.alone", "room", c.title(name))
	} else {
		c.say("plain.open", "room", c.title(name))
	}
}

func (c *Chat) parted(e rooms.Parted) {
	if e.Err != nil {
		c.fails("plain.parted", e.Err, "room", c.title(e.Room))
	}
	delete(c.rooms, e.Room)
	if c.current == e.Room {
		c.current = ""
		for name := range c.rooms {
			if c.current == "" || name < c.current {
				c.current = name
			}
		}
	}
}

// person says who came, went or is away.
func (c *Chat) person(e rooms.PersonChanged) {
	me, _ := c.Client.Me()
	if r := c.rooms[e.Room]; r == nil || !r.live || e.Person.ID == me.ID {
		return
	}
	key := ""
	switch was := e.Was; e.Person.State {
	case was:
	case rooms.Present:
		key = "person.came"
		if was == rooms.Away || was == rooms.Reconnecting {
			key = "person.back"
		}
	case rooms.Away:
		key = "plain.away"
	case rooms.Reconnecting:
		key = "person.reconnecting"
	case rooms.Left, rooms.Offline:
		key = "person.left"
	case rooms.Lost:
		key = "person.lost"
	}
	if key != "" {
		c.write(c.within(e.Room) + c.Words.Say(key, "name", text.Name(e.Person.Name)))
	}
	c.tellAlone(e.Room)
}

// message reads out what was said, and what became of what we said.
func (c *Chat) message(ctx context.Context, m rooms.Message) {
	r := c.rooms[m.Room]
	if r == nil {
		return
	}
	me, _ := c.Client.Me()
	if m.Sender == me.ID && c.ours(r, m) {
		return
	}
	if !r.live || m.Pos.IsZero() || r.printed[m.ID] {
		return
	}
	r.printed[m.ID] = true
	c.write(c.within(m.Room) + c.spoken(ctx, m))
	c.read(m.Room, m.Pos)
}

// ours says what became of a message of ours, and reports whether there is nothing more to say of it.
func (c *Chat) ours(r *room, m rooms.Message) bool {
	words := text.Line(m.Text)
	switch m.State {
	case rooms.StateAlone:
		r.waiting[m.ID], r.printed[m.ID] = true, true
		c.say("plain.refused_alone", "room", c.title(m.Room))
	case rooms.StateFailed:
		r.waiting[m.ID], r.printed[m.ID] = true, true
		why, _ := c.Words.Translate(m.Failure)
		c.say("plain.not_sent", "words", words, "why", text.Line(why))
	case rooms.StateSent, rooms.StateDelivered:
		if r.waiting[m.ID] {
			delete(r.waiting, m.ID)
			c.say("plain.sent", "words", words)
			return true
		}
		return r.printed[m.ID]
	case rooms.StateReceived:
		return false // said by us elsewhere
	}
	return true
}

// read tells the others how far we have read, since it was read out.
func (c *Chat) read(name string, upTo rooms.Position) {
	if !c.NoRead && !upTo.IsZero() {
		c.Client.Read(name, upTo)
	}
}

// within stands before what is said in another room than the current one.
func (c *Chat) within(name string) string {
	if name == c.current {
		return ""
	}
	return c.title(name) + " "
}

// spoken is a message as a line.
func (c *Chat) spoken(ctx context.Context, m rooms.Message) string {
	name, at := text.Name(m.Name), m.Time.In(c.Zone).Format("15:04")+" "
	switch m.Kind {
	case rooms.KindTopic:
		return at + c.Words.Say("talk.topic", "name", name, "topic", text.Line(m.Text))
	case rooms.KindEdit:
		return at + c.Words.Say("plain.edited", "name", name, "words", text.Clean(m.Text))
	case rooms.KindDelete:
		return at + c.Words.Say("plain.deleted", "name", name)
	case rooms.KindReact:
		key := "plain.reacted"
		if m.Removed {
			key = "plain.unreacted"
		}
		return at + c.Words.Say(key, "name", name, "with", text.Line(m.Text), "words", text.Truncate(c.original(ctx, m.Room, m.Target), 60))
	}
	if does, is := talk.Action(m.Text); is {
		return at + "* " + name + " " + text.Clean(does)
	}
	line := at + name + ": " + text.Clean(m.Text)
	if !m.ReplyTo.IsZero() {
		line = at + c.Words.Say("plain.answers", "name", name, "to", text.Truncate(c.original(ctx, m.Room, m.ReplyTo), 60), "words", text.Clean(m.Text))
	}
	if a := m.Attached; a != nil {
		line += fmt.Sprintf(" [%s, %s]", text.Line(a.Name), humanize.IBytes(a.Size))
	}
	return line
}

// original is what was said in a message, in one line.
func (c *Chat) original(ctx context.Context, name string, id rooms.MessageID) string {
	var entry history.Entry
	var found bool
	err := ask(ctx, func(ctx context.Context) (err error) {
		entry, found, err = c.Archive.Message(ctx, c.key(name), id)
		return err
	})
	if err != nil || !found {
		return c.Words.Say("talk.not_here")
	}
	return text.Line(entry.Message.Text)
}
