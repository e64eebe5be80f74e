// SPDX-License-Identifier: GPL-2.0-only

// Package plain is the chat in lines: for screen readers, for terminals that can show nothing else, and for whoever
// likes it so. It writes whole lines and nothing but text: no cursor movement, no colours, no escape sequence.
package plain

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui"
	"kchat/tui/text"
	"kchat/tui/words"
)

const (
	askFor   = 20 * time.Second // how long a question to the server or the disk may take
	lastMost = 10               // messages of before that are read out when a room is entered
)

// Client is what is needed of rooms.Client.
type Client interface {
	Events() <-chan rooms.Event
	Me() (rooms.Person, bool)
	Roster(room string) []rooms.Person
	OthersPresent(room string) int
	Send(d rooms.Draft) (rooms.Message, error)
	Resend(room string, id rooms.MessageID) error
	Join(ctx context.Context, name string, opt rooms.JoinOptions) (rooms.RoomInfo, error)
	OpenDirect(ctx context.Context, with rooms.AccountID) (rooms.RoomInfo, error)
	Part(ctx context.Context, name string) error
	Whois(ctx context.Context, name string) (rooms.Person, error)
	People(ctx context.Context) ([]rooms.Person, error)
	Rooms(ctx context.Context) ([]rooms.RoomInfo, error)
	Invite(ctx context.Context, name string, person rooms.AccountID) error
	SetAway(ctx context.Context, away bool) error
	Read(room string, upTo rooms.Position)
}

// Archive is what is needed of history.Store.
type Archive interface {
	Last(ctx context.Context, key history.Key, n int) ([]history.Entry, error)
	Message(ctx context.Context, key history.Key, id rooms.MessageID) (history.Entry, bool, error)
	Unsent(ctx context.Context, key history.Key) ([]rooms.Message, error)
	Draft(ctx context.Context, key history.Key) (string, error)
	SetDraft(ctx context.Context, key history.Key, text string) error
}

// Config is what a chat in lines stands on.
type Config struct {
	Client  Client
	Archive Archive
	Words   *words.Catalogue
	In      io.Reader // lines; its end is the end of the chat
	Out     io.Writer
	Room    string // that is entered first
	NoRead  bool   // the others are not told how far we have read
	Chosen  bool   // by the terminal, which can show nothing else: it is said
	Zone    *time.Location
	// Failed says why the client cannot go on after an event, if so; online: it has been so before. nil: it always can.
	Failed func(e rooms.Event, online bool) error
}

// Chat is a chat in lines. One goroutine has it: that of Run.
type Chat struct {
	Config
	rooms     map[string]*room
	current   string // the room in which is said what is typed
	community rooms.UUID
	online    bool
	been      bool  // online, once
	err       error // of the output
}

// room is one that we are in.
type room struct {
	title   string // as it is shown
	live    bool   // what was kept of it has been read out: what comes is, too
	alone   bool   // as it was told
	printed map[rooms.MessageID]bool
	waiting map[rooms.MessageID]bool // of ours, not acknowledged, and told so
}

// Run chats until ctx ends, the input does, or somebody quits. The error is why the client or the output cannot go on.
//
// A read of the input cannot be called off: where Run ends otherwise, one goroutine waits for one line more.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Zone == nil {
		cfg.Zone = time.Local
	}
	c := &Chat{Config: cfg, rooms: make(map[string]*room), current: cfg.Room}
	if cfg.Chosen {
		c.say("plain.chosen")
	}
	c.say("plain.hello", "room", text.Name("#"+cfg.Room))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := c.typed(ctx)
	for c.err == nil {
		select {
		case <-ctx.Done():
			return nil
		case e, more := <-c.Client.Events():
			if !more {
				return nil
			}
			if c.Failed != nil {
				if err := c.Failed(e, c.been); err != nil {
					return err
				}
			}
			c.event(ctx, e)
		case line, more := <-lines:
			if !more || !c.line(ctx, line) {
				return nil
			}
		}
	}
	return fmt.Errorf("writing the chat: %w", c.err)
}

// typed hands on the lines of the input; it is closed behind the last.
func (c *Chat) typed(ctx context.Context) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewReader(c.In); ; {
			line, err := in.ReadString('\n')
			if line != "" {
				select {
				case lines <- strings.TrimRight(line, "\r\n"):
				case <-ctx.Done():
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return lines
}

// write puts a line out. Whatever it was made of, it is text of one line; further lines of it are set in.
func (c *Chat) write(line string) {
	if c.err != nil {
		return
	}
	_, c.err = fmt.Fprintln(c.Out, strings.ReplaceAll(text.Clean(line), "\n", "\n  "))
}

// say writes words of the catalogue.
func (c *Chat) say(key string, pairs ...any) { c.write(c.Words.Say(key, pairs...)) }

// fails says what went wrong, and reports whether something did.
func (c *Chat) fails(key string, err error, pairs ...any) bool {
	if err == nil {
		return false
	}
	c.say(key, append(pairs, "why", text.Line(tui.Reason(c.Words, err)))...)
	return true
}

// ask does something that waits.
func ask(ctx context.Context, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	return do(ctx)
}

func (c *Chat) key(name string) history.Key { return history.Key{Community: c.community, Room: name} }

// title is a room as it is shown.
func (c *Chat) title(name string) string {
	if r := c.rooms[name]; r != nil && r.title != "" {
		return r.title
	}
	return text.Name("#" + name)
}

// utter says words in the current room. Where nobody would hear them they are kept.
func (c *Chat) utter(ctx context.Context, said string) {
	r := c.rooms[c.current]
	switch {
	case r == nil && c.online:
		c.say("composer.no_room")
		return
	case c.online && c.Client.OthersPresent(c.current) == 0:
		err := ask(ctx, func(ctx context.Context) error { return c.Archive.SetDraft(ctx, c.key(c.current), said) })
		if !c.fails("chat.not_remembered", err) {
			c.say("plain.refused_alone", "room", c.title(c.current))
		}
		return
	}
	m, err := c.Client.Send(rooms.Draft{Room: c.current, Text: said})
	if c.fails("talk.not_sent", err) {
		return
	}
	if r != nil {
		r.printed[m.ID] = true // who has typed it has it before them
		if !c.online {
			r.waiting[m.ID] = true
			c.say("composer.offline")
		}
	}
}
