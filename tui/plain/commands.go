// SPDX-License-Identifier: GPL-2.0-only

package plain

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"kchat/rooms"
	"kchat/tui/talk"
	"kchat/tui/text"
)

// command is one thing that can be typed after a slash.
type command struct {
	name    string
	usage   string // its words in the catalogue
	help    string
	offline bool
	do      func(c *Chat, ctx context.Context, argument string)
}

// commandTable lists the commands, which are those of the screen as far as they make sense in lines.
func commandTable() []command {
	return []command{
		{"join", "command.join.usage", "command.join.help", false, (*Chat).join},
		{"part", "command.part.usage", "command.part.help", false, (*Chat).part},
		{"here", "plain.here_usage", "plain.here_help", false, func(c *Chat, _ context.Context, _ string) { c.here(c.current) }},
		{"rooms", "command.rooms.usage", "command.rooms.help", false, (*Chat).list},
		{"who", "plain.who_usage", "command.who.help", false, (*Chat).who},
		{"msg", "command.msg.usage", "command.msg.help", false, (*Chat).msg},
		{"invite", "command.invite.usage", "command.invite.help", false, (*Chat).invite},
		{"me", "command.me.usage", "command.me.help", true, (*Chat).me},
		{"topic", "command.topic.usage", "command.topic.help", false, (*Chat).topic},
		{"history", "plain.history_usage", "plain.history_help", true, (*Chat).history},
		{"resend", "plain.resend_usage", "plain.resend_help", false, (*Chat).resend},
		{"away", "command.away.usage", "command.away.help", false, func(c *Chat, ctx context.Context, _ string) { c.setAway(ctx, true) }},
		{"back", "command.back.usage", "command.back.help", false, func(c *Chat, ctx context.Context, _ string) { c.setAway(ctx, false) }},
	}
}

// line does what was typed, and reports whether the chat goes on.
func (c *Chat) line(ctx context.Context, typed string) bool {
	order, is := strings.CutPrefix(typed, "/")
	switch {
	case strings.TrimSpace(typed) == "":
		return true
	case !is || strings.HasPrefix(order, "/"): // two slashes say one
		c.utter(ctx, strings.TrimPrefix(typed, "/"))
		return true
	}
	name, argument, _ := strings.Cut(order, " ")
	argument = strings.TrimSpace(argument)
	switch name = strings.ToLower(name); name {
	case "quit":
		return false
	case "help":
		c.help()
		return true
	}
	table := commandTable()
	i := slices.IndexFunc(table, func(cmd command) bool { return cmd.name == name })
	switch {
	case i < 0:
		c.say("plain.unknown", "name", text.Line(name))
	case !table[i].offline && !c.online:
		c.say("command.needs_server", "name", name)
	default:
		table[i].do(c, ctx, argument)
	}
	return true
}

func (c *Chat) help() {
	for _, cmd := range commandTable() {
		c.write(c.Words.Say(cmd.usage) + ": " + c.Words.Say(cmd.help))
	}
	for _, name := range []string{"help", "quit"} {
		c.write("/" + name + ": " + c.Words.Say("command."+name+".help"))
	}
}

// wants says how a command is used where its argument is missing.
func (c *Chat) wants(argument, usage string) bool {
	if argument == "" {
		c.say("command.usage", "usage", c.Words.Say(usage))
	}
	return argument != ""
}

// join goes into a room, or back to one that we are in.
func (c *Chat) join(ctx context.Context, name string) {
	if !c.wants(name, "command.join.usage") {
		return
	}
	name = rooms.RoomName(name)
	if c.rooms[name] != nil {
		c.current = name
		c.here(name)
		return
	}
	err := ask(ctx, func(ctx context.Context) error {
		_, err := c.Client.Join(ctx, name, rooms.JoinOptions{})
		return err
	})
	if !c.fails("chat.join_failed", err, "room", text.Name("#"+name)) {
		c.current = name
	}
}

func (c *Chat) part(ctx context.Context, name string) {
	if name = rooms.RoomName(name); name == "" {
		name = c.current
	}
	if c.rooms[name] == nil {
		c.say("chat.not_open", "room", text.Name("#"+name))
		return
	}
	err := ask(ctx, func(ctx context.Context) error { return c.Client.Part(ctx, name) })
	c.fails("plain.parted", err, "room", c.title(name))
}

func (c *Chat) list(ctx context.Context, _ string) {
	var all []rooms.RoomInfo
	err := ask(ctx, func(ctx context.Context) (err error) {
		all, err = c.Client.Rooms(ctx)
		return err
	})
	if c.fails("plain.failed", err) {
		return
	}
	c.write(c.Words.Count("rooms.list", len(all)))
	for _, r := range all {
		line := text.Name("#"+r.Name) + ", " + c.Words.Count("rooms.people", r.People)
		if r.Topic != "" {
			line += ": " + text.Line(r.Topic)
		}
		c.write(line)
	}
}

func (c *Chat) who(ctx context.Context, _ string) {
	var all []rooms.Person
	err := ask(ctx, func(ctx context.Context) (err error) {
		all, err = c.Client.People(ctx)
		return err
	})
	if c.fails("plain.failed", err) {
		return
	}
	c.write(c.Words.Count("who.list", len(all)))
	for _, p := range all {
		c.write(text.Name(p.Name) + ", " + c.state(p.State))
	}
}

// find asks the server for somebody.
func (c *Chat) find(ctx context.Context, name string) (person rooms.Person, ok bool) {
	err := ask(ctx, func(ctx context.Context) (err error) {
		person, err = c.Client.Whois(ctx, strings.TrimPrefix(name, "@"))
		return err
	})
	return person, !c.fails("msg.failed", err, "name", text.Name(name))
}

// msg goes into the room of two with somebody, and says words there.
func (c *Chat) msg(ctx context.Context, argument string) {
	name, said, _ := strings.Cut(argument, " ")
	if !c.wants(name, "command.msg.usage") {
		return
	}
	person, ok := c.find(ctx, name)
	if !ok {
		return
	}
	var info rooms.RoomInfo
	err := ask(ctx, func(ctx context.Context) (err error) {
		info, err = c.Client.OpenDirect(ctx, person.ID)
		return err
	})
	if c.fails("msg.failed", err, "name", text.Name(person.Name)) {
		return
	}
	if c.rooms[info.Name] == nil {
		c.joined(rooms.Joined{Room: info, People: []rooms.Person{person}})
	}
	c.current = info.Name
	if said = strings.TrimSpace(said); said != "" {
		c.utter(ctx, said)
	}
}

func (c *Chat) invite(ctx context.Context, name string) {
	if !c.wants(name, "command.invite.usage") {
		return
	}
	person, ok := c.find(ctx, name)
	if !ok {
		return
	}
	err := ask(ctx, func(ctx context.Context) error { return c.Client.Invite(ctx, c.current, person.ID) })
	if !c.fails("invite.failed", err, "name", text.Name(person.Name)) {
		c.say("invite.done", "name", text.Name(person.Name), "room", c.title(c.current))
	}
}

func (c *Chat) me(ctx context.Context, does string) {
	if c.wants(does, "command.me.usage") {
		c.utter(ctx, talk.ActionPrefix+does)
	}
}

func (c *Chat) topic(_ context.Context, topic string) {
	if c.wants(topic, "command.topic.usage") {
		_, err := c.Client.Send(rooms.Draft{Room: c.current, Kind: rooms.KindTopic, Text: topic})
		c.fails("talk.not_sent", err)
	}
}

func (c *Chat) history(ctx context.Context, argument string) {
	n := 20
	if argument != "" {
		var err error
		if n, err = strconv.Atoi(argument); err != nil || n < 1 || n > 10000 {
			c.say("command.usage", "usage", c.Words.Say("plain.history_usage"))
			return
		}
	}
	c.past(ctx, c.current, n)
}

// resend says what was kept because nobody was here to hear it, and sends again what was refused.
func (c *Chat) resend(ctx context.Context, _ string) {
	var draft string
	var unsent []rooms.Message
	err := ask(ctx, func(ctx context.Context) (err error) {
		if draft, err = c.Archive.Draft(ctx, c.key(c.current)); err != nil {
			return err
		}
		unsent, err = c.Archive.Unsent(ctx, c.key(c.current))
		return err
	})
	if c.fails("chat.no_history", err) {
		return
	}
	if c.Client.OthersPresent(c.current) == 0 {
		c.say("plain.alone", "room", c.title(c.current))
		return
	}
	for _, m := range unsent {
		if m.State == rooms.StateAlone || m.State == rooms.StateFailed {
			c.fails("talk.not_sent", c.Client.Resend(m.Room, m.ID))
		}
	}
	if draft == "" {
		if len(unsent) == 0 {
			c.say("plain.nothing_kept")
		}
		return
	}
	m, err := c.Client.Send(rooms.Draft{Room: c.current, Text: draft})
	if c.fails("talk.not_sent", err) {
		return
	}
	if r := c.rooms[c.current]; r != nil {
		r.waiting[m.ID], r.printed[m.ID] = true, true // "sent" is said of it
	}
	err = ask(ctx, func(ctx context.Context) error { return c.Archive.SetDraft(ctx, c.key(c.current), "") })
	c.fails("chat.not_remembered", err)
}

func (c *Chat) setAway(ctx context.Context, away bool) {
	err := ask(ctx, func(ctx context.Context) error { return c.Client.SetAway(ctx, away) })
	switch {
	case c.fails("plain.failed", err):
	case away:
		c.say("away.on")
	default:
		c.say("away.off")
	}
}
