// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
)

// command is one thing that can be typed after a slash. The table of them is what the help shows and what completion
// and the correction of slips go by.
type command struct {
	name    string
	words   string // its entries in the catalogue: command.WORDS.usage and .help
	aliases []string
	offline bool // works without a connection
	// complete offers what an argument can be; nil when nothing can be offered.
	complete completer
	do       func(c *chat, argument string) tea.Cmd
}

func commandTable() []command {
	return []command{
		{name: "join", words: "join", aliases: []string{"j"}, complete: completeRooms, do: (*chat).commandJoin},
		{name: "part", words: "part", aliases: []string{"leave", "close"}, offline: true, complete: completeRooms, do: (*chat).commandPart},
		{name: "rooms", words: "rooms", aliases: []string{"list"}, do: (*chat).commandRooms},
		{name: "who", words: "who", aliases: []string{"names"}, complete: completePeople, do: (*chat).commandWho},
		{name: "msg", words: "msg", aliases: []string{"query", "m"}, complete: completePeople, do: (*chat).commandMsg},
		{name: "invite", words: "invite", complete: completePeople, do: (*chat).commandInvite},
		{name: "send-image", words: "send_image", aliases: []string{"image"}, complete: completePaths, do: (*chat).commandSendImage},
		{name: "send-video", words: "send_video", aliases: []string{"video"}, complete: completePaths, do: (*chat).commandSendVideo},
		{name: "send-file", words: "send_file", aliases: []string{"file"}, complete: completePaths, do: (*chat).commandSendFile},
		{name: "accept", words: "accept", do: (*chat).commandAccept},
		{name: "cancel", words: "cancel", aliases: []string{"decline"}, do: (*chat).commandCancel},
		{name: "save", words: "save", offline: true, do: (*chat).commandSave},
		{name: "keep", words: "keep", aliases: []string{"pin"}, offline: true, do: (*chat).commandKeep},
		{name: "gallery", words: "gallery", aliases: []string{"media"}, offline: true, complete: completeKinds, do: (*chat).commandGallery},
		{name: "emoji", words: "emoji", do: (*chat).commandEmoji},
		{name: "history", words: "history", offline: true, complete: completeHistory, do: (*chat).commandHistory},
		{name: "reply", words: "reply", aliases: []string{"r"}, offline: true, do: (*chat).commandReply},
		{name: "edit", words: "edit", offline: true, do: (*chat).commandEdit},
		{name: "delete", words: "delete", offline: true, do: (*chat).commandDelete},
		{name: "react", words: "react", aliases: []string{"+"}, offline: true, do: (*chat).commandReact},
		{name: "threads", words: "threads", aliases: []string{"thread"}, offline: true, do: func(c *chat, _ string) tea.Cmd { return c.openThreads() }},
		{name: "search", words: "search", aliases: []string{"find"}, offline: true, do: (*chat).commandSearch},
		{name: "topic", words: "topic", do: (*chat).commandTopic},
		{name: "kick", words: "kick", complete: completePeople, do: ruling("kick", rooms.Kick)},
		{name: "ban", words: "ban", complete: completePeople, do: ruling("ban", rooms.Ban)},
		{name: "unban", words: "unban", complete: completePeople, do: ruling("unban", rooms.Unban)},
		{name: "mute", words: "mute", complete: completePeople, do: ruling("mute", rooms.Mute)},
		{name: "unmute", words: "unmute", complete: completePeople, do: ruling("unmute", rooms.Unmute)},
		{name: "voice", words: "voice", complete: completePeople, do: ruling("voice", rooms.Voice)},
		{name: "devoice", words: "devoice", complete: completePeople, do: ruling("devoice", rooms.NoVoice)},
		{name: "op", words: "op", complete: completePeople, do: ruling("op", rooms.Operator)},
		{name: "deop", words: "deop", complete: completePeople, do: ruling("deop", rooms.NoOperator)},
		{name: "rules", words: "rules", complete: completeRules, do: (*chat).commandRules},
		{name: "me", words: "me", offline: true, do: (*chat).commandMe},
		{name: "mentions", words: "mentions", aliases: []string{"highlights"}, offline: true, do: func(c *chat, _ string) tea.Cmd { return c.openMentions() }},
		{name: "favourite", words: "favourite", aliases: []string{"favorite", "fav", "star"}, offline: true, complete: completeOpen, do: (*chat).commandFavourite},
		{name: "notify", words: "notify", offline: true, complete: completeNotify, do: (*chat).commandNotify},
		{name: "dnd", words: "dnd", aliases: []string{"quiet"}, offline: true, complete: completeQuiet, do: (*chat).commandQuiet},
		{name: "theme", words: "theme", aliases: []string{"colours", "colors"}, offline: true, complete: completeTheme, do: (*chat).commandTheme},
		{name: "away", words: "away", do: func(c *chat, _ string) tea.Cmd { return c.setAway(true) }},
		{name: "back", words: "back", do: func(c *chat, _ string) tea.Cmd { return c.setAway(false) }},
		{name: "kernel", words: "kernel", do: func(c *chat, _ string) tea.Cmd { return c.toggleKernel() }},
		{name: "practice", words: "practice", do: func(c *chat, _ string) tea.Cmd { return c.partner() }},
		{name: "passwd", words: "passwd", do: (*chat).commandPasswd},
		{name: "help", words: "help", aliases: []string{"?"}, offline: true, do: func(c *chat, _ string) tea.Cmd { return c.openHelp() }},
		{name: "quit", words: "quit", aliases: []string{"exit", "q"}, offline: true, do: func(c *chat, _ string) tea.Cmd { return c.quit() }},
	}
}

func (cmd command) usage(c *chat) string { return c.say("command." + cmd.words + ".usage") }

func (cmd command) called(name string) bool {
	return cmd.name == name || slices.Contains(cmd.aliases, name)
}

// run does what was typed after a slash. What cannot be done stays in the composer, to be corrected.
func (c *chat) run(words string) tea.Cmd {
	name, argument, _ := strings.Cut(strings.TrimPrefix(words, "/"), " ")
	name = strings.ToLower(name)
	for _, cmd := range c.commands {
		if !cmd.called(name) {
			continue
		}
		if !cmd.offline && !c.link.online {
			return c.warn(c.say("command.needs_server", "name", cmd.name))
		}
		c.composer.set("")
		defer func() { c.aside.meant = nil }()
		return cmd.do(c, strings.TrimSpace(argument))
	}
	if like := c.nearest(name); like != "" {
		return c.warn(c.say("command.unknown_like", "name", name, "like", like))
	}
	return c.warn(c.say("command.unknown", "name", name, "key", c.keyFor("keys.help")))
}

// wrong says how a command is used, and puts it back to be corrected.
func (c *chat) wrong(name, argument string) tea.Cmd {
	for _, cmd := range c.commands {
		if cmd.name == name {
			if c.composer.empty() {
				c.composer.set(strings.TrimSpace("/"+name+" "+argument) + " ")
			}
			return c.warn(c.say("command.usage", "usage", cmd.usage(c)))
		}
	}
	return nil
}

// nearest returns the command that a slip of the fingers most likely meant.
func (c *chat) nearest(name string) string {
	best, at := "", 3
	for _, cmd := range c.commands {
		for _, known := range append([]string{cmd.name}, cmd.aliases...) {
			if len(known) < 3 {
				continue
			}
			if d := distance(name, known); d < at && d < len(known)-1 {
				best, at = cmd.name, d
			}
		}
	}
	return best
}

// distance is how many letters must be put in, left out, replaced or swapped to make b of a.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	two, one, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(one[j]+1, row[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one, row = one, row, two
	}
	return one[len(y)]
}
