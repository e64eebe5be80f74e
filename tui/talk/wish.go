// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"slices"

	"kchat/rooms"
	"kchat/tui/text"
)

// What we want to do to a message, an edit, a deletion, a reaction, is a wish until the server has taken it. It shows at
// once, with the mark of how far it has come; one that was refused does not show, but says so until its author decides.

// refused reports whether something waits for its author to decide.
func refused(s rooms.State) bool { return s == rooms.StateAlone || s == rooms.StateFailed }

// wish keeps what we want to do to the message as long as the server has not taken it, and reports whether that is so.
func (m *Message) wish(later rooms.Message) bool {
	i := slices.IndexFunc(m.wishes, func(w rooms.Message) bool { return w.ID == later.ID })
	switch {
	case !later.Pos.IsZero():
		if i >= 0 {
			m.wishes = slices.Delete(m.wishes, i, i+1)
		}
		return false
	case i >= 0:
		m.wishes[i] = later
	default:
		m.wishes = append(m.wishes, later)
	}
	return true
}

// unwish forgets something that we wanted to do.
func (m *Message) unwish(id rooms.MessageID) {
	m.wishes = slices.DeleteFunc(m.wishes, func(w rooms.Message) bool { return w.ID == id })
	m.changed()
}

// Refused are the changes to the message that were refused and wait for us to decide, oldest first.
func (m *Message) Refused() []rooms.Message {
	var out []rooms.Message
	for _, w := range m.wishes {
		if refused(w.State) {
			out = append(out, w)
		}
	}
	return out
}

// Raw is what the message says, as it was written: with its edits, ours among them that are still on their way.
func (m *Message) Raw() string {
	raw := m.Text
	if m.edited {
		raw = m.editText
	}
	for _, w := range m.wishes {
		if w.Kind == rooms.KindEdit && !refused(w.State) {
			raw = w.Text
		}
	}
	return raw
}

// Edited reports whether these are not the first words.
func (m *Message) Edited() bool {
	return m.edited || slices.ContainsFunc(m.wishes, func(w rooms.Message) bool {
		return w.Kind == rooms.KindEdit && !refused(w.State)
	})
}

// Withdrawn reports whether the message is not to be shown any more.
func (m *Message) Withdrawn() bool {
	return m.withdrawn || slices.ContainsFunc(m.wishes, func(w rooms.Message) bool {
		return w.Kind == rooms.KindDelete && !refused(w.State)
	})
}

// wishState is how far the change has come that is least far; StateReceived: none is on its way.
func (m *Message) wishState() rooms.State {
	state := rooms.StateReceived
	for _, w := range m.wishes {
		switch w.State {
		case rooms.StateWaiting:
			return w.State
		case rooms.StateSending:
			state = w.State
		}
	}
	return state
}

// failure is why a message was not taken, which is kept in English, in the language of the screen.
func (look *Look) failure(kept string) string {
	said, _ := look.Words.Translate(kept)
	return said
}

// refusedRows say whether the message was refused, which changes to it were, and why.
func (m *Message) refusedRows(look *Look, width int) []string {
	var rows []string
	if m.State == rooms.StateFailed {
		for _, row := range text.Wrap(look.Words.Say("talk.not_sent", "why", text.Line(look.failure(m.Failure))), width) {
			rows = append(rows, look.Styles.Warn.Render(row))
		}
	}
	for _, w := range m.Refused() {
		why := look.Words.Say("talk.nobody_else")
		if w.State == rooms.StateFailed {
			why = text.Line(look.failure(w.Failure))
		}
		key := map[rooms.Kind]string{
			rooms.KindEdit: "talk.not_edited", rooms.KindDelete: "talk.not_deleted", rooms.KindReact: "talk.not_reacted",
		}[w.Kind]
		for _, row := range text.Wrap(look.Words.Say(key, "why", why, "with", text.Truncate(shownReaction(w.Text), maxChip)), width) {
			rows = append(rows, look.Styles.Warn.Render(row))
		}
	}
	return rows
}

// Settled reports whether the message itself needs no decision of ours: it was taken, or is on its way.
func (m *Message) Settled() bool { return !refused(m.State) }
