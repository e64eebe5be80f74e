// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"hash/fnv"
	"strconv"

	"kchat/rooms"
	"kchat/tui/markdown"
)

// marks is what the marks within the message's words are drawn with. What was not sent yet is paler.
func (m *Message) marks(look *Look) *markdown.Look {
	st := look.Styles
	out := &markdown.Look{
		Text: st.Text, Faint: st.Faint, Quote: st.Quote, Link: st.Link, Inline: st.CodeString, Code: st.Code, Keyword: st.CodeKeyword, String: st.CodeString,
		Number: st.CodeNumber, Remark: st.CodeComment, Added: st.Good, Removed: st.Bad, Bar: st.Glyphs.Vertical, Bullet: st.Glyphs.Item,
		Anchor: anchor(m.ID),
	}
	if out.Ticks = st.CodeString.Render("x") == "x"; out.Ticks { // without colours, ticks and the bar tell code from words
		out.Code = st.Text
	}
	if m.State == rooms.StateWaiting || m.State == rooms.StateSending || m.Unsent() {
		out.Text = st.Muted
	}
	return out
}

// anchor begins the ids of a message's links. The message's own id is its author's choice, so it is hashed: nothing
// that a stranger wrote reaches the terminal.
func anchor(id rooms.MessageID) string {
	h := fnv.New64a()
	_, _ = h.Write(id[:]) // a hash never fails
	return "k" + strconv.FormatUint(h.Sum64(), 36)
}
