// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/text/unicode/norm"

	"kchat/tui/emoji"
	"kchat/tui/text"
)

// completer offers ways to go on with an argument. What must be looked up comes later, by the command.
type completer func(c *chat, before []string, word string) ([]suggestion, tea.Cmd)

// completions offers ways to go on with the word before the cursor.
func (c *chat) completions() ([]suggestion, tea.Cmd) {
	before, word, first := c.composer.word()
	line := c.composer.value()
	if first && strings.HasPrefix(line, "/") {
		if before == "" {
			return c.completeCommands(word), nil
		}
		fields := strings.Fields(before)
		for _, cmd := range c.commands {
			if cmd.complete != nil && cmd.called(strings.TrimPrefix(fields[0], "/")) {
				return cmd.complete(c, fields[1:], word)
			}
		}
		return nil, nil
	}
	switch {
	case strings.HasPrefix(word, "#"):
		return completeRooms(c, nil, word)
	case strings.HasPrefix(word, "@"):
		return c.peopleLike(word[1:], "@", " "), nil
	case looksLikePath(word):
		return completePaths(c, nil, word)
	case emojiTyped(word):
		return c.emojiLike(word), nil
	case word != "":
		return c.peopleLike(word, "", " "), nil
	}
	return nil, nil
}

// emojiTyped reports whether a shortcode is being typed at the end of a word.
func emojiTyped(word string) bool {
	_, _, ok := emoji.Typed(word)
	return ok
}

// maxEmoji is how many emoji are offered; the picker has all.
const maxEmoji = 24

// emojiLike offers emoji for a shortcode that is being typed.
func (c *chat) emojiLike(word string) []suggestion {
	before, code, _ := emoji.Typed(word)
	var out []suggestion
	for _, e := range c.emojis().Like(code, c.shelf.recent, maxEmoji) {
		out = append(out, suggestion{insert: before + e.Char, shown: text.Pad(e.Shown, 2) + " " + e.Code(), help: e.Name, emoji: e.Char})
	}
	return out
}

func (c *chat) completeCommands(word string) []suggestion {
	var out []suggestion
	for _, cmd := range c.commands {
		if strings.HasPrefix(cmd.name, strings.TrimPrefix(word, "/")) {
			out = append(out, suggestion{insert: "/" + cmd.name + " ", shown: cmd.usage(c), help: c.say("command." + cmd.words + ".help")})
		}
	}
	return out
}

// peopleLike offers the people whose names begin with what is typed: those in the room first.
func (c *chat) peopleLike(typed, prefix, suffix string) []suggestion {
	typed = strings.ToLower(typed)
	here := make(map[string]bool)
	if r := c.book.current; r != nil {
		for _, p := range r.people {
			here[p.Name] = p.State.Here()
		}
	}
	var out []suggestion
	for id, name := range c.book.names {
		if id == c.me.ID || !strings.HasPrefix(strings.ToLower(name), typed) {
			continue
		}
		s := suggestion{insert: prefix + name + suffix, shown: prefix + text.Name(name)}
		if here[name] {
			s.help = c.say("people.here_now")
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b suggestion) int {
		if (a.help != "") != (b.help != "") {
			return cmp.Compare(b.help, a.help)
		}
		return cmp.Compare(a.shown, b.shown)
	})
	return out
}

func completePeople(c *chat, before []string, word string) ([]suggestion, tea.Cmd) {
	if len(before) > 0 {
		return nil, nil
	}
	return c.peopleLike(word, "", " "), nil
}

// completeRooms offers the rooms that are open, and those that the server has.
func completeRooms(c *chat, before []string, word string) ([]suggestion, tea.Cmd) {
	if len(before) > 0 {
		return nil, nil
	}
	typed := strings.ToLower(strings.TrimPrefix(word, "#"))
	seen := make(map[string]bool)
	var out []suggestion
	add := func(name, help string) {
		if !seen[name] && strings.HasPrefix(name, typed) {
			seen[name] = true
			out = append(out, suggestion{insert: "#" + name, shown: "#" + text.Name(name), help: help})
		}
	}
	for _, info := range c.rooms.infos {
		add(info.Name, c.words.Count("rooms.people", info.People))
	}
	for _, r := range c.book.rooms {
		if _, _, direct := r.direct(); !direct {
			add(r.name, "")
		}
	}
	return out, c.refreshRooms()
}

// completeOpen offers what is open.
func completeOpen(c *chat, before []string, word string) ([]suggestion, tea.Cmd) {
	if len(before) > 0 {
		return nil, nil
	}
	typed := strings.ToLower(strings.TrimLeft(word, "#@"))
	var out []suggestion
	for _, r := range c.book.rooms {
		if title := c.book.title(r); strings.HasPrefix(strings.ToLower(strings.TrimLeft(title, "#")), typed) {
			out = append(out, suggestion{insert: title, shown: title})
		}
	}
	return out, nil
}

func completeHistory(_ *chat, before []string, word string) ([]suggestion, tea.Cmd) {
	offers := []string{"load", "save"}
	switch {
	case len(before) == 1 && before[0] == "save":
		return completePaths(nil, nil, word)
	case len(before) == 1:
		offers = []string{"all", "since", "100"}
		if strings.ContainsAny(word, "./~") {
			return completePaths(nil, nil, word)
		}
	case len(before) > 1:
		return nil, nil
	}
	return suggestionsOf(offers, word), nil
}

// suggestionsOf are the offers that go on from a word.
func suggestionsOf(offers []string, word string) []suggestion {
	var out []suggestion
	for _, s := range offers {
		if strings.HasPrefix(s, word) {
			out = append(out, suggestion{insert: s + " ", shown: s})
		}
	}
	return out
}

// pathsMsg brings the files that a path can go on with.
type pathsMsg struct {
	word string
	all  []suggestion
}

// completePaths looks into the folder of what is typed.
func completePaths(_ *chat, _ []string, word string) ([]suggestion, tea.Cmd) {
	return nil, ask(func(context.Context) tea.Msg { return pathsMsg{word, pathsLike(word)} })
}

const maxPaths = 200

// pathsLike lists files whose names begin with what is typed; folders end with a slash. Names are compared composed,
// since some systems keep them taken apart.
func pathsLike(word string) []suggestion {
	folder, base := filepath.Split(word)
	if plain, ok := unquoted(base); ok {
		base = plain
	}
	entries, err := os.ReadDir(onDisk(filepath.Clean(unescaped(cmp.Or(folder, ".")))))
	if err != nil {
		return nil
	}
	var out []suggestion
	for _, e := range entries {
		name := norm.NFC.String(e.Name())
		if !strings.HasPrefix(name, norm.NFC.String(base)) || (strings.HasPrefix(name, ".") && base == "") || strings.Contains(name, "\n") {
			continue
		}
		shown, insert := text.Name(name), folder+escaped(name)
		if e.IsDir() {
			shown, insert = shown+"/", insert+"/"
		}
		if out = append(out, suggestion{insert: insert, shown: shown}); len(out) == maxPaths {
			break
		}
	}
	return out
}

// expand replaces a leading ~ by the home folder.
func expand(path string) string {
	rest, ok := strings.CutPrefix(path, "~")
	if !ok || (rest != "" && rest[0] != filepath.Separator) {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	return filepath.Join(home, rest)
}

// atHome is the opposite of expand: a path as one shows it to its owner.
func atHome(path string) string {
	home, err := os.UserHomeDir()
	if err != nil || home == "/" {
		return path
	}
	rest, ok := strings.CutPrefix(path, home)
	if !ok || rest != "" && rest[0] != filepath.Separator {
		return path
	}
	return "~" + rest
}
