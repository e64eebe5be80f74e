// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"kchat/tui/talk"
)

// binding ties keys to what they do in the chat. The table is also what the help shows.
type binding struct {
	keys  key.Binding
	words string // key of the help's words
	do    func(c *chat) tea.Cmd
	fits  func(c *chat, m *talk.Message) bool // of a key for the selected message: whether it is one for this; nil: always
}

// of says for which messages a key is.
func (b binding) of(fits func(c *chat, m *talk.Message) bool) binding {
	b.fits = fits
	return b
}

func bind(words string, shown string, do func(c *chat) tea.Cmd, keys ...string) binding {
	return binding{keys: key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, "")), words: words, do: do}
}

// chatKeys are the keys that work whatever is written in the composer.
func chatKeys() []binding {
	return []binding{
		bind("keys.send", "Enter", (*chat).enter, "enter"),
		bind("keys.newline", "Alt+Enter, Ctrl+J", nil),
		bind("keys.editor", "Ctrl+O", (*chat).openEditor, "ctrl+o"),
		bind("keys.recall", "Alt+P, Ctrl+↑", (*chat).recallOlder, "alt+p", "ctrl+up"),
		bind("keys.recall_newer", "Alt+N, Ctrl+↓", (*chat).recallNewer, "alt+n", "ctrl+down"),
		bind("keys.emoji", "Alt+E", func(c *chat) tea.Cmd { return c.openEmoji(nil) }, "alt+e"),
		bind("keys.complete", "Tab", (*chat).tab, "tab"),
		bind("keys.select", "↑ (empty line)", nil),
		bind("keys.page_up", "PgUp", func(c *chat) tea.Cmd { return c.scroll(-c.page()) }, "pgup"),
		bind("keys.page_down", "PgDn", func(c *chat) tea.Cmd { return c.scroll(c.page()) }, "pgdown"),
		bind("keys.oldest", "Ctrl+Home", (*chat).toOldest, "ctrl+home"),
		bind("keys.newest", "Ctrl+End", (*chat).toNewest, "ctrl+end"),
		bind("keys.search", "Ctrl+F", (*chat).searchRoom, "ctrl+f"),
		bind("keys.search_all", "Ctrl+G", (*chat).searchAll, "ctrl+g"),
		bind("keys.switch", "Ctrl+K", (*chat).openSwitcher, "ctrl+k"),
		bind("keys.next_room", "Alt+↓", func(c *chat) tea.Cmd { return c.show(c.book.beside(1)) }, "alt+down", "ctrl+pgdown"),
		bind("keys.previous_room", "Alt+↑", func(c *chat) tea.Cmd { return c.show(c.book.beside(-1)) }, "alt+up", "ctrl+pgup"),
		bind("keys.next_unread", "Alt+A", func(c *chat) tea.Cmd { return c.show(c.book.nextUnread()) }, "alt+a"),
		bind("keys.first_unread", "Alt+U", (*chat).toFirstUnread, "alt+u"),
		bind("keys.mentions", "Alt+M", (*chat).openMentions, "alt+m"),
		bind("keys.threads", "Alt+T", (*chat).openThreads, "alt+t"),
		bind("keys.follow", "Alt+J", (*chat).follow, "alt+j"),
		bind("keys.rooms", "F2", func(c *chat) tea.Cmd { c.roomsPane.toggle(); return nil }, "f2"),
		bind("keys.people", "F3", func(c *chat) tea.Cmd { c.peoplePane.toggle(); return nil }, "f3"),
		bind("keys.kernel", "F4", (*chat).toggleKernel, "f4"),
		bind("keys.copy_line", "Ctrl+Y", (*chat).copyLine, "ctrl+y"),
		bind("keys.second_seat", "Ctrl+T", (*chat).secondSeat, "ctrl+t"),
		bind("keys.partner", "Ctrl+P", (*chat).partner, "ctrl+p"),
		bind("keys.escape", "Esc", (*chat).undivide, "esc"),
		bind("keys.redraw", "Ctrl+L", (*chat).repaint, "ctrl+l"),
		bind("keys.help", "F1", (*chat).openHelp, "f1"),
		bind("keys.quit", "Ctrl+C", (*chat).askQuit, "ctrl+c", "ctrl+q"),
	}
}

// selectionKeys are the keys while a message is selected.
func selectionKeys() []binding {
	return []binding{
		bind("keys.next_hit", "n", func(c *chat) tea.Cmd { return c.nextHit(1) }, "n").of(atHit),
		bind("keys.previous_hit", "N", func(c *chat) tea.Cmd { return c.nextHit(-1) }, "N", "shift+n").of(atHit),
		bind("keys.leave_search", "Esc", (*chat).leaveSearch, "esc").of(atHit),
		bind("keys.choose", "Enter", (*chat).chosen, "enter").of(isChosen),
		bind("keys.link", "o", (*chat).openLink, "o").of(hasLink),
		bind("keys.resend", "r", (*chat).resend, "r").of(unsent),
		bind("keys.edit", "e", (*chat).takeBack, "e").of(unsent),
		bind("keys.discard", "d", (*chat).discard, "d", "delete").of(unsent),
		bind("keys.older", "↑", func(c *chat) tea.Cmd { return c.selectBeside(-1) }, "up", "k"),
		bind("keys.newer", "↓", func(c *chat) tea.Cmd { return c.selectBeside(1) }, "down", "j"),
		bind("keys.reply", "r", (*chat).reply, "r").of(canAnswer),
		bind("keys.thread", "t", (*chat).answerInThread, "t").of(canAnswer),
		bind("keys.react", "+", (*chat).react, "+").of(canAnswer),
		bind("keys.change", "e", (*chat).edit, "e").of(canChange),
		bind("keys.delete", "d", (*chat).askDelete, "d", "delete").of(canDelete),
		bind("keys.answered", "q", (*chat).toAnswered, "q").of(isAnswer),
		bind("keys.copy", "c", (*chat).copyMessage, "c", "y").of(hasWords),
		bind("keys.copy_link", "l", (*chat).copyLink, "l").of(hasLink),
		bind("keys.take", "g", (*chat).takeFile, "g").of(forFile(canTake)),
		bind("keys.stop", "x", (*chat).stopFile, "x").of(forFile(canStop)),
		bind("keys.save", "s", (*chat).saveFile, "s").of(forFile(isHere)),
		bind("keys.keep", "p", (*chat).keepFile, "p").of(forFile(isFile)),
		bind("keys.folder", "o", (*chat).copyFolder, "o").of(forFile(isSaved)),
		bind("keys.open", "Enter", (*chat).openSelected, "enter").of(forFile(isPicture)),
		bind("keys.menu", "m", (*chat).openMenu, "m", ".", "enter"),
		bind("keys.leave_selection", "Esc", (*chat).endSelection, "esc"),
	}
}

// jamo are the letters of the two-set Korean keyboard on the Latin keys: in Hangul mode the terminal sends them instead.
var jamo = map[rune]rune{
	'ㅂ': 'q', 'ㅈ': 'w', 'ㄷ': 'e', 'ㄱ': 'r', 'ㅅ': 't', 'ㅛ': 'y', 'ㅕ': 'u', 'ㅑ': 'i', 'ㅐ': 'o', 'ㅔ': 'p',
	'ㅁ': 'a', 'ㄴ': 's', 'ㅇ': 'd', 'ㄹ': 'f', 'ㅎ': 'g', 'ㅗ': 'h', 'ㅓ': 'j', 'ㅏ': 'k', 'ㅣ': 'l',
	'ㅋ': 'z', 'ㅌ': 'x', 'ㅊ': 'c', 'ㅍ': 'v', 'ㅠ': 'b', 'ㅜ': 'n', 'ㅡ': 'm',
}

// latin returns the key as it would be on a Latin keyboard, for commands of one letter.
func latin(k tea.KeyPressMsg) tea.KeyPressMsg {
	if k.BaseCode != 0 && k.Text != "" {
		k.Text, k.Code = string(k.BaseCode), k.BaseCode
		if k.Mod.Contains(tea.ModShift) {
			k.Text = strings.ToUpper(k.Text)
		}
	} else if r, ok := jamo[k.Code]; ok {
		k.Text, k.Code = string(r), r
	}
	return k
}
