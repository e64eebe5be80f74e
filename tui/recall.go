// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/talk"
)

// maxRecall is how many lines of a room are kept to be recalled. What was said before this run is in the talk.
const maxRecall = 200

// recall brings back what one sent: in the composer, to be sent again or changed. What was being written comes back
// behind the newest.
type recall struct {
	sent  map[string][]string // by room, oldest first; commands too
	room  string              // whose list it is
	list  []string            // being gone through, newest first
	at    int
	shown string // what was put into the composer; another text there ends it
	kept  string // what was being written
}

// note remembers what was sent, or done.
func (r *recall) note(room, words string) {
	if r.sent == nil {
		r.sent = make(map[string][]string)
	}
	r.list = nil
	lines := r.sent[room]
	if n := len(lines); n > 0 && lines[n-1] == words {
		return
	}
	r.sent[room] = append(lines[max(0, len(lines)-maxRecall+1):], words)
}

// begin lists what can be recalled in a room: what was sent in this run, then older messages of ours in the talk.
func (r *recall) begin(of *room, me rooms.AccountID, writing string) {
	r.room, r.list, r.at, r.kept, r.shown = of.name, nil, -1, writing, writing
	for _, words := range slices.Backward(r.sent[of.name]) {
		r.list = append(r.list, words)
	}
	for i := of.talk.Len() - 1; i >= 0 && len(r.list) < maxRecall; i-- {
		m, ok := of.talk.At(i).(*talk.Message)
		if !ok || m.Sender != me || m.Kind != rooms.KindText || m.Text == "" {
			continue
		}
		if words := typable(m.Text); !slices.Contains(r.list, words) {
			r.list = append(r.list, words)
		}
	}
}

// typable is what one types to say words: a slash at their beginning would make them a command.
func typable(words string) string {
	if strings.HasPrefix(words, "/") && !strings.HasPrefix(words, "/me ") {
		return "/" + words
	}
	return words
}

// recallBy goes to older lines with 1 and to newer ones with -1.
func (c *chat) recallBy(step int) tea.Cmd {
	r, now := c.book.current, c.composer.value()
	if r == nil || c.link.reading {
		return nil
	}
	k := &c.recall
	if k.list == nil || k.room != r.name || now != k.shown {
		k.begin(r, c.me.ID, now)
	}
	at := k.at + step
	if at < -1 || at >= len(k.list) {
		return nil
	}
	k.at, k.shown = at, k.kept
	if at >= 0 {
		k.shown = k.list[at]
	}
	c.composer.set(k.shown)
	k.shown = c.composer.value()
	c.popup.close()
	return nil
}

func (c *chat) recallOlder() tea.Cmd { return c.recallBy(1) }
func (c *chat) recallNewer() tea.Cmd { return c.recallBy(-1) }
