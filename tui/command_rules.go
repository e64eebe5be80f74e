// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/talk"
	"kchat/tui/text"
	"kchat/wire"
)

// commandTopic sets the topic of the room.
func (c *chat) commandTopic(argument string) tea.Cmd {
	r := c.book.current
	if r == nil {
		return c.warn(c.say("composer.no_room"))
	}
	return c.post(rooms.Draft{Room: r.name, Kind: rooms.KindTopic, Text: argument})
}

// ruling makes a command that does something to a person in the room.
func ruling(name string, action rooms.Action) func(*chat, string) tea.Cmd {
	return func(c *chat, argument string) tea.Cmd { return c.commandRuling(name, action, argument) }
}

func (c *chat) commandRuling(command string, action rooms.Action, argument string) tea.Cmd {
	name, rest := c.splitPerson(argument)
	r := c.book.current
	if name == "" || r == nil {
		return c.wrong(command, argument)
	}
	do := rooms.Ruling{Action: action, Why: rest}
	if action == rooms.Ban || action == rooms.Mute {
		do.For, do.Why = splitTime(rest)
	}
	if len(do.Why) > wire.ReasonMax {
		return c.warn(c.say("rule.long", "n", wire.ReasonMax))
	}
	client := c.session.Client
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		person, err := client.Whois(ctx, name)
		if err == nil {
			do.Person = person.ID
			err = client.Rule(ctx, r.name, do)
		}
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("rule.failed", "name", text.Name(name), "why", c.reason(err)))
			}
			c.book.meet(person)
			return nil
		}
	})
}

// units are what a time can be said in.
var units = map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}

// splitTime cuts a time such as 10m, 2h or 7d off the beginning; none: for good.
func splitTime(argument string) (time.Duration, string) {
	word, rest, _ := strings.Cut(argument, " ")
	if len(word) < 2 {
		return 0, argument
	}
	unit, known := units[word[len(word)-1]]
	n, err := strconv.ParseUint(word[:len(word)-1], 10, 32)
	if !known || err != nil || n == 0 || n > math.MaxUint32/uint64(unit/time.Second) {
		return 0, argument
	}
	return time.Duration(n) * unit, strings.TrimSpace(rest)
}

// roomRules are the rules that /rules switches, by the word for it.
var roomRules = []struct {
	word string
	key  string // what it says when it holds
	of   func(*rooms.Rules) *bool
}{
	{"moderated", "rules.is.moderated", func(r *rooms.Rules) *bool { return &r.Moderated }},
	{"invite-only", "rules.is.invite_only", func(r *rooms.Rules) *bool { return &r.InviteOnly }},
	{"topic-locked", "rules.is.topic_locked", func(r *rooms.Rules) *bool { return &r.TopicLocked }},
}

// ruleRegistered is the word for keeping a room, which /rules switches like a rule.
const ruleRegistered = "registered"

// commandRules shows what holds in the room, or changes it.
func (c *chat) commandRules(argument string) tea.Cmd {
	r := c.book.current
	fields := strings.Fields(argument)
	switch {
	case r == nil:
		return c.warn(c.say("composer.no_room"))
	case len(fields) == 0:
		return c.note(talk.NoteInfo, c.rulesWords(r))
	case fields[0] == "password":
		return c.rulePassword(r, fields[1:])
	case fields[0] == "owner" && len(fields) > 1:
		return c.commandRuling("rules", rooms.HandOver, strings.TrimSpace(strings.TrimPrefix(argument, "owner")))
	case len(fields) == 2 && (fields[1] == "on" || fields[1] == "off"):
		if fields[0] == ruleRegistered {
			return c.askRule(r, rooms.Ruling{Action: keeping(fields[1] == "on")})
		}
		for _, rule := range roomRules {
			if rule.word == fields[0] {
				return c.setRule(r, rule.of, fields[1] == "on")
			}
		}
	}
	return c.wrong("rules", argument)
}

func keeping(on bool) rooms.Action {
	if on {
		return rooms.Keep
	}
	return rooms.NotKept
}

func (c *chat) setRule(r *room, of func(*rooms.Rules) *bool, on bool) tea.Cmd {
	do := rooms.Ruling{Action: rooms.SetRules, Rules: r.info.Rules}
	*of(&do.Rules) = on
	return c.askRule(r, do)
}

func (c *chat) askRule(r *room, do rooms.Ruling) tea.Cmd {
	client := c.session.Client
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		err := client.Rule(ctx, r.name, do)
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.say("rule.failed", "name", c.book.title(r), "why", c.reason(err)))
			}
			return nil
		}
	})
}

// rulePassword asks for a new password of the room, or takes it away.
func (c *chat) rulePassword(r *room, fields []string) tea.Cmd {
	client := c.session.Client
	set := func(c *chat, password string) tea.Cmd {
		return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
			err := client.SetRoomPassword(ctx, r.name, password)
			return func(c *chat) tea.Cmd {
				if err != nil {
					return c.warn(c.say("rule.failed", "name", c.book.title(r), "why", c.reason(err)))
				}
				return nil
			}
		})
	}
	switch {
	case len(fields) == 1 && fields[0] == "off":
		return set(c, "")
	case len(fields) > 0 && fields[0] != "on":
		return c.wrong("rules", "password")
	}
	return c.askRoomPassword(c.book.title(r), set)
}

// rulesWords says what holds in a room, and who has a role there.
func (c *chat) rulesWords(r *room) string {
	lines := []string{c.say("rules.title", "room", c.book.title(r)), "  " + c.say(kindKey(r.info.Rules))}
	for _, rule := range roomRules {
		if *rule.of(&r.info.Rules) {
			lines = append(lines, "  "+c.say(rule.key))
		}
	}
	if r.info.Rules.Password {
		lines = append(lines, "  "+c.say("rules.is.password"))
	}
	var people []rooms.Person
	for _, p := range r.people {
		people = append(people, p)
	}
	sortPeople(people)
	for _, p := range people {
		if role := c.roleWords(p); role != "" {
			lines = append(lines, "  "+text.Pad(text.Name(p.Name), 20)+" "+role)
		}
	}
	return strings.Join(lines, "\n")
}

// kindKey tells rooms that are kept from those that go with their last person.
func kindKey(rules rooms.Rules) string {
	if rules.Registered {
		return "rules.kind.registered"
	}
	return "rules.kind.passing"
}

// roleWords says what somebody is in a room.
func (e *env) roleWords(p rooms.Person) string {
	var words []string
	for _, role := range []struct {
		is  bool
		key string
	}{{p.Owner, "people.owner"}, {p.Operator, "people.operator"}, {p.Voice, "people.voice"}, {p.Muted, "people.muted"}} {
		if role.is {
			words = append(words, e.say(role.key))
		}
	}
	return strings.Join(words, ", ")
}

func completeRules(c *chat, before []string, word string) ([]suggestion, tea.Cmd) {
	offers := []string{ruleRegistered, "password", "owner"}
	for _, rule := range roomRules {
		offers = append(offers, rule.word)
	}
	switch {
	case len(before) == 1 && before[0] == "owner":
		return c.peopleLike(word, "", " "), nil
	case len(before) == 1:
		offers = []string{"on", "off"}
	case len(before) > 1:
		return nil, nil
	}
	return suggestionsOf(offers, word), nil
}

// ruled shows what an operator did.
func (c *chat) ruled(ev rooms.Ruled) tea.Cmd {
	r := c.book.find(ev.Room)
	if r == nil {
		return nil
	}
	r.info.Rules = ev.Rules
	name := func(id rooms.AccountID) string {
		if id == 0 {
			return c.say("ruled.server")
		}
		return text.Name(c.book.names[id])
	}
	key, known := ruledKeys[ev.Ruling.Action]
	if !known {
		return nil
	}
	words := c.say(key, "by", name(ev.By), "name", name(ev.Ruling.Person))
	if ev.Ruling.Action == rooms.SetKey && !ev.Rules.Password {
		words = c.say("ruled.no_key", "by", name(ev.By))
	}
	if ev.Ruling.Action == rooms.SetRules {
		words += " " + c.say("ruled.see")
	}
	if ev.Ruling.For > 0 {
		words += " " + c.say("ruled.for", "time", sinceWords(ev.Ruling.For))
	}
	if ev.Ruling.Why != "" {
		words += " " + c.say("ruled.why", "why", text.Line(ev.Ruling.Why))
	}
	style := talk.NoteQuiet
	if ev.Ruling.Person == c.me.ID {
		style = talk.NoteWarn
	}
	r.talk.Note(talk.NewNote(style, words, c.cfg.Clock()))
	return nil
}

// ruledKeys are the words for what was done.
var ruledKeys = map[rooms.Action]string{
	rooms.Kick: "ruled.kick", rooms.Ban: "ruled.ban", rooms.Unban: "ruled.unban", rooms.Mute: "ruled.mute", rooms.Unmute: "ruled.unmute",
	rooms.Operator: "ruled.op", rooms.NoOperator: "ruled.deop", rooms.Voice: "ruled.voice", rooms.NoVoice: "ruled.devoice",
	rooms.HandOver: "ruled.owner", rooms.Keep: "ruled.keep", rooms.NotKept: "ruled.not_kept", rooms.SetRules: "ruled.rules", rooms.SetKey: "ruled.key",
}

// roomPasswordDialog asks for the password of a room.
type roomPasswordDialog struct {
	room  string
	field field
	done  func(c *chat, password string) tea.Cmd
}

func (c *chat) askRoomPassword(room string, done func(c *chat, password string) tea.Cmd) tea.Cmd {
	d := &roomPasswordDialog{room: room, field: newField("", true), done: done}
	d.field.focus()
	c.dialogs.push(d)
	return nil
}

func (d *roomPasswordDialog) paste(_ *chat, msg tea.PasteMsg) tea.Cmd {
	d.field.update(msg)
	return nil
}

func (d *roomPasswordDialog) key(c *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	switch msg.String() {
	case "esc", "ctrl+c":
		return true, nil
	case "enter":
		if password := d.field.value(); password != "" {
			return true, d.done(c, password)
		}
	default:
		d.field.update(msg)
	}
	return false, nil
}

func (d *roomPasswordDialog) draw(c *chat, width, _ int) (string, []string, *tea.Cursor) {
	st := c.st
	width = min(width, 50)
	row, x := d.field.draw(st, width-2)
	rows := []string{"", st.Accent.Render(text.Truncate(c.say("rules.password", "room", d.room), width)), "  " + row, ""}
	return c.say("login.password"), rows, tea.NewCursor(x+2, 2)
}

// needsPassword reports whether a room was not entered for want of its password.
func needsPassword(err error) bool { return errors.Is(err, wire.ErrRoomPassword) }
