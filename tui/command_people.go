// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/text"
)

// splitPerson cuts an argument into a name and what follows. Names may hold spaces: the longest known one wins.
func (c *chat) splitPerson(argument string) (name, rest string) {
	argument = strings.TrimPrefix(argument, "@")
	for _, known := range c.book.names {
		if len(known) > len(name) && len(argument) >= len(known) && strings.EqualFold(argument[:len(known)], known) &&
			(len(argument) == len(known) || argument[len(known)] == ' ') {
			name = argument[:len(known)]
		}
	}
	if name == "" {
		name, _, _ = strings.Cut(argument, " ")
	}
	return name, strings.TrimSpace(argument[len(name):])
}

// commandMsg opens the room of two with somebody, and says something there.
func (c *chat) commandMsg(argument string) tea.Cmd {
	name, words := c.splitPerson(argument)
	if name == "" {
		return c.wrong("msg", argument)
	}
	client, me := c.session.Client, c.me.ID
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		person, err := client.Whois(ctx, name)
		if err == nil && person.ID == me {
			return func(c *chat) tea.Cmd { return c.warn(c.say("msg.yourself")) }
		}
		var info rooms.RoomInfo
		if err == nil {
			info, err = client.Join(ctx, rooms.DirectRoom(me, person.ID), rooms.JoinOptions{})
		}
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("msg.failed", "name", text.Name(name), "why", c.reason(err)))
			}
			c.book.meet(person)
			r := c.book.open(info.Name)
			cmd := c.show(r)
			if words == "" {
				return cmd
			}
			return tea.Batch(cmd, c.sayDirect(r, person, words))
		}
	})
}

// openDirect opens the room of two with somebody.
func (c *chat) openDirect(person rooms.Person) tea.Cmd {
	name := rooms.DirectRoom(c.me.ID, person.ID)
	c.book.meet(person)
	if r := c.book.find(name); r != nil && (r.joined || !c.link.online) {
		return c.show(r)
	}
	if !c.link.online {
		return c.warn(c.say("command.needs_server", "name", "msg"))
	}
	client := c.session.Client
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		info, err := client.Join(ctx, name, rooms.JoinOptions{})
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("msg.failed", "name", text.Name(person.Name), "why", c.reason(err)))
			}
			return c.show(c.book.open(info.Name))
		}
	})
}

// greetFor is how long the words of /msg wait for the other's client to come into the room of two.
const greetFor = 5 * time.Second

// sayDirect sends the words of /msg. The other's client comes into the room by itself if it runs; for those who are
// not there the words wait in the composer, or stay unsent in the talk when something else is written there.
func (c *chat) sayDirect(r *room, person rooms.Person, words string) tea.Cmd {
	switch {
	case !r.alone(c.me.ID):
		return c.post(rooms.Draft{Room: r.name, Kind: rooms.KindText, Text: words})
	case person.State.Here():
		r.greeting = words
		return c.cfg.Tick(greetFor, func(time.Time) tea.Msg {
			return applyMsg{c, func(c *chat) tea.Cmd { return c.keepGreeting(r, person.Name) }}
		})
	default:
		r.greeting = words
		return c.keepGreeting(r, person.Name)
	}
}

// greet sends the words of /msg when the other has come.
func (c *chat) greet(r *room) tea.Cmd {
	if r.greeting == "" || r.alone(c.me.ID) {
		return nil
	}
	words := r.greeting
	r.greeting = ""
	return c.post(rooms.Draft{Room: r.name, Kind: rooms.KindText, Text: words})
}

// keepGreeting keeps the words of /msg for somebody who has not come.
func (c *chat) keepGreeting(r *room, name string) tea.Cmd {
	words := r.greeting
	if words == "" {
		return nil
	}
	r.greeting = ""
	if r == c.book.current && c.composer.empty() {
		c.composer.set(words)
	} else {
		c.keepUnsent(r, rooms.Draft{Room: r.name, Text: words}, rooms.StateAlone, "")
	}
	return c.warn(c.say("msg.offline", "name", text.Name(name)))
}

func (c *chat) commandInvite(argument string) tea.Cmd {
	name, _ := c.splitPerson(argument)
	r := c.book.current
	if name == "" || r == nil {
		return c.wrong("invite", argument)
	}
	client := c.session.Client
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		person, err := client.Whois(ctx, name)
		if err == nil {
			err = client.Invite(ctx, r.name, person.ID)
		}
		return func(c *chat) tea.Cmd {
			shown := text.Name(name)
			switch {
			case errors.Is(err, rooms.ErrOffline):
				return c.warn(c.say("invite.offline", "name", shown, "line", c.friendLine(r)))
			case err != nil:
				return c.warn(c.say("invite.failed", "name", shown, "why", c.reason(err)))
			default:
				return c.tell(c.say("invite.done", "name", shown, "room", c.book.title(r)))
			}
		}
	})
}

// passwdDialog asks for a new password, twice.
type passwdDialog struct {
	fields [2]field
	at     int
	wrong  string
}

func (c *chat) commandPasswd(string) tea.Cmd {
	d := &passwdDialog{fields: [2]field{newField("", true), newField("", true)}}
	d.fields[0].focus()
	c.dialogs.push(d)
	return nil
}

func (d *passwdDialog) paste(_ *chat, msg tea.PasteMsg) tea.Cmd {
	d.fields[d.at].update(msg)
	return nil
}

func (d *passwdDialog) key(c *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	switch msg.String() {
	case "esc", "ctrl+c":
		return true, nil
	case "tab", "shift+tab", "up", "down":
		d.move()
	case "enter":
		if d.at == 0 {
			d.move()
			return false, nil
		}
		return d.submit(c)
	default:
		d.fields[d.at].update(msg)
		d.wrong = ""
	}
	return false, nil
}

func (d *passwdDialog) move() {
	d.fields[d.at].blur()
	d.at = 1 - d.at
	d.fields[d.at].focus()
}

func (d *passwdDialog) submit(c *chat) (bool, tea.Cmd) {
	password := d.fields[0].value()
	switch {
	case password == "":
		d.wrong = c.say("login.no_password")
		return false, nil
	case password != d.fields[1].value():
		d.wrong = c.say("login.not_equal")
		return false, nil
	}
	client := c.session.Client
	return true, c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		err := client.ChangePassword(ctx, password)
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("passwd.failed", "why", c.reason(err)))
			}
			return c.tell(c.say("passwd.done"))
		}
	})
}

func (d *passwdDialog) draw(c *chat, width, _ int) (string, []string, *tea.Cursor) {
	st := c.st
	width = min(width, 40)
	rows := []string{""}
	var cursor *tea.Cursor
	for i, label := range []string{c.say("passwd.new"), c.say("login.again")} {
		row, x := d.fields[i].draw(st, width-2)
		style := st.Muted
		if i == d.at {
			style = st.Accent
			cursor = tea.NewCursor(x+2, len(rows)+1)
		}
		rows = append(rows, style.Render(label), "  "+row, "")
	}
	rows = append(rows, st.Warn.Render(text.Truncate(d.wrong, width)))
	return c.say("passwd.title"), rows, cursor
}
