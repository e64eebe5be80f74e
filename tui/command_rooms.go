// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/talk"
	"kchat/tui/text"
)

// roomList is what the server said of its rooms, for completion.
type roomList struct {
	infos []rooms.RoomInfo
	asked time.Time
}

const roomListFor = 5 * time.Second

func (c *chat) refreshRooms() tea.Cmd {
	now := c.cfg.Clock()
	if !c.link.online || now.Sub(c.rooms.asked) < roomListFor {
		return nil
	}
	c.rooms.asked = now
	client := c.session.Client
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		infos, err := client.Rooms(ctx)
		return func(c *chat) tea.Cmd {
			if err == nil {
				c.rooms.infos = infos
			}
			return c.popup.refresh(c)
		}
	})
}

// note puts an answer of the program into the current room.
func (c *chat) note(style talk.NoteStyle, words string) tea.Cmd {
	r := c.book.current
	if r == nil {
		return c.tell(words)
	}
	r.talk.Note(talk.NewNote(style, words, c.cfg.Clock()))
	r.talk.Follow()
	return nil
}

func (c *chat) commandJoin(argument string) tea.Cmd {
	fields := strings.Fields(argument)
	if len(fields) == 0 {
		return c.wrong("join", argument)
	}
	opt := rooms.JoinOptions{}
	if len(fields) > 1 && fields[1] == "practice" {
		opt.Practice = true
	}
	return c.join(fields[0], opt)
}

// join joins a room, made if it is not there, and brings it to the front.
func (c *chat) join(name string, opt rooms.JoinOptions) tea.Cmd {
	checked := roomName(name)
	if r := c.book.find(checked); r != nil && r.joined {
		return c.show(r)
	}
	client := c.session.Client
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		info, err := client.Join(ctx, checked, opt)
		return func(c *chat) tea.Cmd {
			if needsPassword(err) {
				if opt.Password != "" {
					c.warn(c.reason(err))
				}
				return c.askRoomPassword("#"+text.Name(checked), func(c *chat, password string) tea.Cmd {
					opt.Password = password
					return c.join(checked, opt)
				})
			}
			if err != nil {
				return c.warn(c.say("chat.join_failed", "room", text.Name(checked), "why", c.reason(err)))
			}
			return c.show(c.book.open(info.Name))
		}
	})
}

// roomName is the name of the room that was typed. Names of rooms of two cannot be typed.
func roomName(typed string) string { return strings.TrimLeft(rooms.RoomName(typed), "@") }

func (c *chat) commandPart(argument string) tea.Cmd {
	r := c.book.current
	if argument != "" {
		if r = c.book.find(roomName(argument)); r == nil {
			return c.warn(c.say("chat.not_open", "room", text.Name(argument)))
		}
	}
	if r == nil {
		return c.warn(c.say("composer.no_room"))
	}
	if !r.joined || !c.link.online {
		return c.closeRoom(r)
	}
	client := c.session.Client
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		err := client.Part(ctx, r.name)
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.reason(err))
			}
			return c.closeRoom(r)
		}
	})
}

// closeRoom takes a room off the screen; its draft and its history stay.
func (c *chat) closeRoom(r *room) tea.Cmd {
	if r == c.book.current {
		c.leaveAside()
		r.draft = c.composer.value()
	}
	front := c.book.current
	c.book.drop(r)
	if next := c.book.current; next != front {
		c.composer.set("")
		if next != nil {
			c.composer.set(next.draft)
		}
		c.viewed()
	}
	archive, memory := c.session.Archive, r.memory(c.server.Community)
	if archive == nil || c.link.reading {
		return nil
	}
	memory.Open = false
	c.book.known[r.name] = memory
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		err := archive.Remember(ctx, memory)
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("chat.not_remembered", "why", c.reason(err)))
			}
			return nil
		}
	})
}

func (c *chat) commandRooms(string) tea.Cmd {
	client := c.session.Client
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		infos, err := client.Rooms(ctx)
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.reason(err))
			}
			c.rooms.infos = infos
			lines := []string{c.words.Count("rooms.list", len(infos))}
			for _, info := range infos {
				line := "  " + text.Pad("#"+text.Name(info.Name), 20) + " " + c.words.Count("rooms.people", info.People)
				if info.Registered {
					line += "  " + c.say("rooms.registered")
				} else {
					line += "  " + c.say("rooms.passing")
				}
				if info.Topic != "" {
					line += "  " + text.Line(info.Topic)
				}
				lines = append(lines, line)
			}
			return c.note(talk.NoteInfo, strings.Join(lines, "\n"))
		}
	})
}

// commandWho lists who is online, or shows what is known of one person in the room.
func (c *chat) commandWho(name string) tea.Cmd {
	if r := c.book.current; r != nil && name != "" {
		for id, p := range r.people {
			if strings.EqualFold(p.Name, strings.TrimPrefix(name, "@")) {
				return c.openPerson(id)
			}
		}
		return c.warn(c.say("who.not_here", "name", text.Name(name)))
	}
	client := c.session.Client
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		people, err := client.People(ctx)
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.reason(err))
			}
			sortPeople(people)
			lines := []string{c.words.Count("who.list", len(people))}
			for _, p := range people {
				c.book.meet(p)
				line := "  " + text.Pad(text.Name(p.Name), 20) + " " + c.stateWords(p)
				lines = append(lines, line)
			}
			return c.note(talk.NoteInfo, strings.Join(lines, "\n"))
		}
	})
}

// stateWords says how somebody is there.
func (c *chat) stateWords(p rooms.Person) string {
	words := []string{c.say("state.offline")}
	switch p.State {
	case rooms.Present:
		words[0] = c.say("state.present")
	case rooms.Away:
		words[0] = c.say("state.away")
	case rooms.Reconnecting:
		words[0] = c.say("state.reconnecting")
	}
	if p.Bot {
		words = append(words, c.say("people.bot"))
	}
	if p.Admin {
		words = append(words, c.say("people.admin"))
	}
	if p.Sessions > 1 {
		words = append(words, c.words.Count("who.sessions", p.Sessions))
	}
	return strings.Join(words, ", ")
}
