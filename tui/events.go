// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/talk"
	"kchat/tui/text"
)

// bell rings the terminal's bell.
func bell() tea.Cmd { return tea.Raw("\a") }

// event takes one thing that happened in the client.
func (c *chat) event(ev rooms.Event) tea.Cmd {
	switch ev := ev.(type) {
	case rooms.Connecting:
		c.link.attempt = ev.Attempt
	case rooms.Online:
		return c.online(ev)
	case rooms.Disconnected:
		c.link.online, c.link.err = false, ev.Err
		c.link.retry = c.cfg.Clock().Add(ev.Retry)
		c.flash.words = "" // the status line has something to say
		return c.keptOut(ev.Err)
	case rooms.Joined:
		return c.joined(ev)
	case rooms.Live:
		if r := c.book.find(ev.Room); r != nil {
			r.cameIn()
		}
		c.viewed()
	case rooms.Parted:
		return c.parted(ev)
	case rooms.Moved:
		c.moved(ev)
	case rooms.PersonChanged:
		return c.person(ev)
	case rooms.MessageChanged:
		return c.message(ev.Message)
	case rooms.TypingChanged:
		if r := c.book.find(ev.Room); r != nil {
			delete(r.typing, ev.Person)
			if ev.Typing {
				r.typing[ev.Person] = c.cfg.Clock()
			}
		}
	case rooms.ReadChanged:
		c.readBy(ev)
	case rooms.Ruled:
		return c.ruled(ev)
	case rooms.GapChanged:
		c.gap(ev)
	case rooms.Invited:
		return c.invited(ev)
	case rooms.TransferChanged:
		c.transfer(ev.Transfer)
		return c.videoTransfer(ev.Transfer)
	case rooms.Offered:
		return c.liveOffered(ev.Transfer)
	case rooms.TransferEnded:
		return c.transferEnded(ev)
	}
	return nil
}

// online comes after the login, and after each reconnect.
func (c *chat) online(ev rooms.Online) tea.Cmd {
	first := !c.link.ever
	c.link.online, c.link.ever, c.link.err, c.link.told = true, true, nil, false
	c.me, c.server = ev.Me, ev.Server
	c.book.me = ev.Me.ID
	c.book.meet(ev.Me)
	c.look.Me, c.look.Name = ev.Me.ID, ev.Me.Name
	if !first {
		return tea.Batch(c.tell(c.say("chat.back")), c.tellAway())
	}
	return c.reopen()
}

// keptOut says once why a server that is there does not let us in any more. The client goes on trying: what was taken
// away may be given back.
func (c *chat) keptOut(err error) tea.Cmd {
	if c.link.told || !errors.Is(err, rooms.ErrRefused) {
		return nil
	}
	c.link.told = true
	return c.note(talk.NoteWarn, c.say("chat.kept_out", "why", c.cause(err)))
}

// reopen opens the rooms of last time, or those one starts in.
func (c *chat) reopen() tea.Cmd {
	archive, client, community := c.session.Archive, c.session.Client, c.server.Community
	start := c.cfg.Rooms
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		var open []SavedRoom
		known := make(map[string]SavedRoom)
		var failed error
		if archive != nil {
			all, err := archive.Rooms(ctx)
			failed = err
			for _, s := range all {
				if s.Community != community {
					continue
				}
				known[s.Name] = s
				if s.Open {
					open = append(open, s)
				}
			}
		}
		for _, name := range start {
			if !slices.ContainsFunc(open, func(s SavedRoom) bool { return s.Name == name }) {
				open = append(open, SavedRoom{Community: community, Name: name})
			}
		}
		return func(c *chat) tea.Cmd {
			cmds := make([]tea.Cmd, 0, len(open)+1)
			c.book.recall(known)
			for _, s := range open {
				c.book.open(s.Name)
				cmds = append(cmds, c.joinKnown(client, s.Name))
			}
			c.settleFront(start)
			if failed != nil {
				cmds = append(cmds, c.warn(c.say("chat.no_history", "why", failed)))
			}
			return tea.Batch(cmds...)
		}
	})
}

// settleFront brings the room to the front that one asked for or left.
func (c *chat) settleFront(start []string) {
	if len(start) > 0 {
		if r := c.book.find(start[len(start)-1]); r != nil {
			c.book.front(r)
		}
	}
	if r := c.book.current; r != nil && c.composer.empty() {
		c.composer.set(r.draft)
	}
}

// joinKnown joins a room that is open on the screen.
func (c *chat) joinKnown(client Client, name string) tea.Cmd {
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		_, err := client.Join(ctx, name, rooms.JoinOptions{Practice: forPractice(name)})
		return func(c *chat) tea.Cmd {
			if needsPassword(err) {
				return c.join(name, rooms.JoinOptions{})
			}
			if err != nil {
				return c.warn(c.say("chat.join_failed", "room", text.Name(name), "why", c.reason(err)))
			}
			return nil
		}
	})
}

// joined comes with everybody who is in the room, also after each reconnect.
func (c *chat) joined(ev rooms.Joined) tea.Cmd {
	known := c.book.find(ev.Room.Name)
	r := c.book.open(ev.Room.Name)
	wasAlone := known == nil || !known.joined || known.alone(c.me.ID)
	r.info, r.topic, r.joined, r.visit = ev.Room, ev.Room.Topic, true, false
	r.comesIn(ev.Kept)
	clear(r.people)
	for _, p := range ev.People {
		r.people[p.ID] = p
		c.book.meet(p)
	}
	c.markRead(r)
	var cmds []tea.Cmd
	if known != nil && wasAlone && known.live && !r.alone(c.me.ID) {
		cmds = append(cmds, c.opened(r))
	}
	if peer, ok := r.peer(c.me.ID); ok && c.book.names[peer] == "" {
		cmds = append(cmds, c.askName(peer))
	}
	return tea.Batch(append(cmds, c.greet(r), c.loadFirst(r))...)
}

// askName asks for the name of a person whom nobody has named yet.
func (c *chat) askName(id rooms.AccountID) tea.Cmd {
	client := c.session.Client
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		p, err := client.Person(ctx, id)
		return func(c *chat) tea.Cmd {
			if err == nil {
				c.book.meet(p)
			}
			return nil
		}
	})
}

func (c *chat) parted(ev rooms.Parted) tea.Cmd {
	r := c.book.find(ev.Room)
	if r == nil {
		return nil
	}
	r.joined = false
	clear(r.people)
	if ev.Err != nil {
		r.talk.Note(talk.NewNote(talk.NoteWarn, c.say("chat.parted", "why", c.reason(ev.Err)), c.cfg.Clock()))
	}
	return nil
}

// moved notes that a room goes on at another server. Nothing has to be done about it.
func (c *chat) moved(ev rooms.Moved) {
	if r := c.book.find(ev.Room); r != nil {
		words := c.say("chat.moved", "room", c.book.title(r), "server", text.Name(cmp.Or(ev.To.Name, ev.To.Address)))
		r.talk.Note(talk.NewNote(talk.NoteQuiet, words, c.cfg.Clock()))
		r.moved, r.behind = c.cfg.Clock(), map[rooms.AccountID]bool{}
		for id := range r.people {
			r.behind[id] = true
		}
	}
}

// settling reports whether those who were in a room are still on their way to where it has moved.
func (c *chat) settling(r *room) bool { return c.cfg.Clock().Sub(r.moved) < rooms.Settle }

// person follows who is there. Comings and goings stand in the talk; the composer opens and closes with them.
func (c *chat) person(ev rooms.PersonChanged) tea.Cmd {
	r := c.book.find(ev.Room)
	if r == nil {
		return nil
	}
	alone := r.alone(c.me.ID) && !c.settling(r)
	follows := ev.Person.State.Here() && r.behind[ev.Person.ID] && c.settling(r)
	delete(r.behind, ev.Person.ID)
	c.book.meet(ev.Person)
	if ev.Person.State != rooms.Away {
		delete(r.since, ev.Person.ID)
	} else if ev.Was != rooms.Away {
		r.since[ev.Person.ID] = c.cfg.Clock()
	}
	if ev.Person.State == rooms.Left || ev.Person.State == rooms.Lost || ev.Person.State == rooms.Offline {
		delete(r.people, ev.Person.ID)
		delete(r.typing, ev.Person.ID)
		delete(r.readBy, ev.Person.ID)
	} else {
		r.people[ev.Person.ID] = ev.Person
	}
	c.markRead(r)
	if key := comingKey(ev.Was, ev.Person.State); key != "" && ev.Person.ID != c.me.ID && !follows {
		r.talk.Note(talk.NewNote(talk.NoteQuiet, c.say(key, "name", text.Name(ev.Person.Name)), c.cfg.Clock()))
	}
	switch now := r.alone(c.me.ID); {
	case alone && !now:
		return tea.Batch(c.greet(r), c.opened(r))
	case now && !alone && r == c.book.current:
		c.flash.words = "" // that the room is open is no longer so
	}
	return nil
}

// comingKey returns the words for a change of presence, or nothing when it is not worth any.
func comingKey(was, now rooms.PersonState) string {
	switch {
	case now == rooms.Lost:
		return "person.lost"
	case now == rooms.Left || now == rooms.Offline:
		return "person.left"
	case now == rooms.Reconnecting:
		return "person.reconnecting"
	case was == rooms.Reconnecting && now.Here():
		return "person.back"
	case !was.Here() && now.Here():
		return "person.came"
	default:
		return ""
	}
}

// opened is when a room one was alone in opens: with a bell, since one may be looking elsewhere.
func (c *chat) opened(r *room) tea.Cmd {
	company := r.company(c.me.ID)
	if len(company) == 0 {
		return nil
	}
	name := text.Name(company[0].Name)
	if _, direct := r.peer(c.me.ID); direct {
		words := c.say("chat.opened_direct", "name", name)
		return tea.Batch(c.called(r, words), c.tell(words))
	}
	words := c.say("chat.opened", "name", name, "room", c.book.title(r))
	return tea.Batch(c.called(r, words), c.tell(words))
}

// message shows a message, or what changed about it.
func (c *chat) message(m rooms.Message) tea.Cmd {
	r := c.book.open(m.Room)
	delete(r.typing, m.Sender)
	if m.Name != "" && m.Sender != 0 {
		c.book.names[m.Sender] = m.Name
	}
	if m.Kind == rooms.KindTopic {
		r.topic = m.Text
	}
	fresh := r.talk.Put(m)
	c.liveKept(r, m)
	if item := r.talk.Message(m.ID); item != nil && r.people[m.Sender].Bot {
		item.SetBot(true)
	}
	if m.Sender == c.me.ID {
		c.markRead(r)
	}
	if !fresh {
		c.viewed()
		return nil
	}
	unread := c.counts(r, m)
	c.arrived(r, m)
	if m.Sender == c.me.ID || m.Backfill {
		return nil
	}
	var cmds []tea.Cmd
	if unread {
		cmds = append(cmds, c.notices(r, m))
	}
	if item := r.talk.Message(m.ID); item != nil && item.Picture() != nil {
		cmds = append(cmds, c.lookFor(r, item))
	}
	return tea.Batch(cmds...)
}

// invited shows an invitation. Rooms of two have been joined already.
func (c *chat) invited(ev rooms.Invited) tea.Cmd {
	c.book.meet(ev.From)
	name := text.Name(ev.From.Name)
	if ev.Direct {
		r := c.book.open(ev.Room)
		if r != c.book.current && r.unread == 0 && r.talk.Len() == 0 {
			words := c.say("chat.direct", "name", name)
			return tea.Batch(c.called(r, words), c.tell(words))
		}
		return nil
	}
	// No dialog: it would take the keys of somebody who is typing.
	c.invitation = ev.Room
	words := c.say("invited.words", "name", name, "room", "#"+text.Name(ev.Room), "key", c.keyFor("keys.follow"))
	if r := c.book.current; r != nil {
		r.talk.Note(talk.NewNote(talk.NoteInfo, words, c.cfg.Clock()))
	}
	return tea.Batch(c.called(nil, words), c.tell(words))
}

// follow goes where the last invitation leads.
func (c *chat) follow() tea.Cmd {
	if c.invitation == "" {
		return c.warn(c.say("invited.none"))
	}
	room := c.invitation
	c.invitation = ""
	return c.join(room, rooms.JoinOptions{})
}

// sinceWords says how long ago something was.
func sinceWords(d time.Duration) string {
	d = d.Round(time.Second)
	if d >= 24*time.Hour {
		return fmt.Sprintf("%dd %dh", d/(24*time.Hour), (d%(24*time.Hour))/time.Hour)
	}
	return d.String()
}
