// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"slices"
	"strconv"
	"strings"

	"kchat/rooms"
	"kchat/tui/text"
)

const (
	// maxReactions is how many reactions of persons to one message are kept; a room of strangers may send any number.
	maxReactions = 1024
	// maxChipRows is how many rows the reactions take at most; of the rest the number is said.
	maxChipRows = 3
	// maxChip is the width in cells of a reaction: it may be any 64 bytes.
	maxChip = 16
)

// reactions are who reacted with what.
type reactions struct {
	all []reaction
}

type reaction struct {
	by   rooms.AccountID
	raw  string // as it was sent: only so can it be taken back
	with string // as it is shown
	on   bool
	at   rooms.Position
}

// set puts or takes back one reaction; what is newer wins.
func (r *reactions) set(by rooms.AccountID, raw string, on bool, at rooms.Position) {
	i := slices.IndexFunc(r.all, func(x reaction) bool { return x.by == by && x.raw == raw })
	switch {
	case i >= 0 && at.Compare(r.all[i].at) >= 0:
		r.all[i].on, r.all[i].at = on, at
	case i < 0 && len(r.all) < maxReactions:
		r.all = append(r.all, reaction{by, raw, shownReaction(raw), on, at})
	}
}

// shownReaction is what a reaction looks like: one harmless row.
func shownReaction(raw string) string { return strings.TrimSpace(text.Line(raw)) }

// Chip is one reaction to a message with all who stand by it, in the order in which they first came.
type Chip struct {
	With string // cleaned
	By   []rooms.AccountID
	Mine bool
}

// Reactions are the reactions to the message as they stand, with what we have just asked for.
func (m *Message) Reactions(me rooms.AccountID) []Chip {
	if m.Withdrawn() {
		return nil
	}
	all := m.reactions.all
	for _, wish := range m.wishes {
		if wish.Kind == rooms.KindReact && !refused(wish.State) {
			copied := reactions{all: slices.Clone(all)}
			copied.set(wish.Sender, wish.Text, !wish.Removed, latest)
			all = copied.all
		}
	}
	var chips []Chip
	for _, x := range all {
		if !x.on || x.with == "" {
			continue
		}
		i := slices.IndexFunc(chips, func(c Chip) bool { return c.With == x.with })
		if i < 0 {
			i = len(chips)
			chips = append(chips, Chip{With: x.with})
		}
		if !slices.Contains(chips[i].By, x.by) {
			chips[i].By = append(chips[i].By, x.by)
		}
		chips[i].Mine = chips[i].Mine || x.by == me
	}
	return chips
}

// latest is a place after every other: of what has none yet.
var latest = rooms.Position{Epoch: ^uint64(0), Seq: ^uint64(0)}

// Toggle returns what must be sent so that we react to the message with what is given, or no longer do.
func (m *Message) Toggle(me rooms.AccountID, with string) []rooms.Draft {
	shown := shownReaction(with)
	draft := rooms.Draft{Room: m.Room, Kind: rooms.KindReact, Target: m.ID}
	mine := slices.ContainsFunc(m.Reactions(me), func(c Chip) bool { return c.Mine && c.With == shown })
	if !mine {
		draft.Text = with
		for _, x := range m.reactions.all {
			if x.on && x.with == shown {
				draft.Text = x.raw // as the others sent it
			}
		}
		return []rooms.Draft{draft}
	}
	draft.Removed = true
	raws := []string{with}
	for _, x := range m.reactions.all {
		if x.by == me && x.on && x.with == shown && !slices.Contains(raws, x.raw) {
			raws = append(raws, x.raw)
		}
	}
	for _, wish := range m.wishes {
		if wish.Kind == rooms.KindReact && shownReaction(wish.Text) == shown && !slices.Contains(raws, wish.Text) {
			raws = append(raws, wish.Text)
		}
	}
	var drafts []rooms.Draft
	for _, raw := range raws {
		if m.reacted(me, raw) {
			draft.Text = raw
			drafts = append(drafts, draft)
		}
	}
	return drafts
}

// reacted reports whether we stand by a reaction as it was sent, or have just asked for it.
func (m *Message) reacted(me rooms.AccountID, raw string) bool {
	on := slices.ContainsFunc(m.reactions.all, func(x reaction) bool { return x.by == me && x.raw == raw && x.on })
	for _, wish := range m.wishes {
		if wish.Kind == rooms.KindReact && wish.Text == raw && !refused(wish.State) {
			on = !wish.Removed
		}
	}
	return on
}

// reactionRows are the rows of reactions: ours in brackets, so that they are told apart without colours too.
func (m *Message) reactionRows(look *Look, width, at int, lies *place) []string {
	st := look.Styles
	chips := m.Reactions(look.Me)
	var rows []string
	row, used := "", 0
	for i, c := range chips {
		words := text.Truncate(c.With, maxChip) + " " + strconv.Itoa(len(c.By))
		style, words := st.Reaction, " "+words+" "
		if c.Mine {
			style, words = st.ReactionMine, "["+words[1:len(words)-1]+"]"
		}
		wide := text.Width(words)
		if used > 0 && used+1+wide > width {
			rows = append(rows, row)
			row, used = "", 0
		}
		if len(rows) == maxChipRows {
			rows[maxChipRows-1] += st.Faint.Render(" +" + strconv.Itoa(len(chips)-i))
			return rows
		}
		if used > 0 {
			row, used = row+" ", used+1
		}
		lies.spots = append(lies.spots, spot{Spot{Kind: SpotReaction, With: c.With}, at + len(rows), used, used + wide})
		row, used = row+style.Render(words), used+wide
	}
	if used > 0 {
		rows = append(rows, row)
	}
	return rows
}
