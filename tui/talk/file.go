// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"strings"

	"kchat/rooms"
	"kchat/tui/text"
)

// Standing says where the bytes of an attachment are.
type Standing uint8

// Where they can be.
const (
	Unknown  Standing = iota // nobody has looked
	Here                     // all of them
	Large                    // more than is taken unasked
	Declined                 // they were not wanted
	Asked                    // others have been asked for them
	Partly                   // some are here, and the rest may come when somebody has it
	Missing                  // not here
	Damaged                  // others came than the hash says
	Stopped                  // one side ended it
	Untaken                  // of what we send: nobody has taken it so far
)

// file is what is known of an attachment besides how it looks.
type file struct {
	standing Standing
	part     float64 // of it that is here
	saved    string  // where it was saved
	kept     bool    // it is never evicted
	looked   bool    // somebody is finding out where it is
}

// Looked reports whether somebody finds out already where the bytes are, and notes it.
func (p *Picture) Looked() bool {
	before := p.file.looked
	p.file.looked = true
	return before
}

// Outgoing reports whether the last transfer was from us.
func (p *Picture) Outgoing() bool { return p.outgoing }

// IsVideo reports whether it is a film.
func (p *Picture) IsVideo() bool { return strings.HasPrefix(p.Attached.MIME, "video/") }

// IsFile reports whether it is nothing that is shown in the talk.
func (p *Picture) IsFile() bool { return !p.IsImage() && !p.IsVideo() }

// Standing returns where the bytes are.
func (p *Picture) Standing() Standing { return p.file.standing }

// SetStanding notes where the bytes are. It ends the progress.
func (p *Picture) SetStanding(s Standing) {
	p.file.standing, p.moving, p.failure = s, false, ""
	p.version++
}

// SetPart notes how much of it is here, from 0 to 1.
func (p *Picture) SetPart(part float64) {
	p.file.part = part
	p.SetStanding(Partly)
}

// Saved returns where it was saved, or nothing. SetSaved notes it.
func (p *Picture) Saved() string { return p.file.saved }

// SetSaved notes where it was saved.
func (p *Picture) SetSaved(path string) {
	p.file.saved = path
	p.version++
}

// Kept reports whether it is never evicted. SetKept notes it.
func (p *Picture) Kept() bool { return p.file.kept }

// SetKept notes whether it is never evicted.
func (p *Picture) SetKept(kept bool) {
	if p.file.kept != kept {
		p.file.kept = kept
		p.version++
	}
}

// details are what a file's caption says besides name and size.
func (p *Picture) details(look *Look) string {
	dot, out := " "+look.Styles.Glyphs.Bullet+" ", ""
	if p.IsFile() {
		hash := p.Attached.Hash.String()
		out = dot + text.Line(p.Attached.MIME) + dot + look.Words.Say("file.hash", "hash", hash[:12])
	}
	if p.file.kept {
		out += dot + look.Words.Say("file.kept")
	}
	return out
}

// statusRows say where the bytes are, where that is not seen.
func (p *Picture) statusRows(look *Look, width int) []string {
	st, words := look.Styles, ""
	style := st.Muted
	switch s := p.file.standing; {
	case p.moving || p.failure != "":
	case p.file.saved != "":
		words = look.Words.Say("file.saved", "path", text.Line(p.file.saved))
	case s == Large:
		words, style = look.Words.Say("file.large"), st.Accent
	case s == Declined:
		words = look.Words.Say("file.declined")
	case s == Asked && !p.IsImage():
		words = look.Words.Say("file.asked")
	case s == Partly:
		words = look.Words.Say("file.partly", "percent", int(p.file.part*100))
	case s == Missing && p.IsFile():
		words = look.Words.Say("file.not_here")
	case s == Damaged:
		words, style = look.Words.Say("file.damaged"), st.Warn
	case s == Stopped:
		words = look.Words.Say("file.stopped")
	case s == Untaken:
		words = look.Words.Say("file.untaken")
	}
	var rows []string
	if words != "" {
		for _, row := range text.Wrap(words, width) {
			rows = append(rows, style.Render(row))
		}
	}
	return rows
}

// Attachments calls do for what is attached in the room, the newest first, until it returns false.
func (t *Talk) Attachments(do func(m *Message, p *Picture) bool) {
	for i := t.Len() - 1; i >= 0; i-- {
		if m, ok := t.At(i).(*Message); ok && m.picture != nil && !m.Withdrawn() && !do(m, m.picture) {
			return
		}
	}
}

// progressOf is how far a transfer is, from 0 to 1.
func progressOf(t rooms.Transfer) float64 {
	if t.Attached.Size == 0 || t.Attached.Size == 1<<64-1 {
		return 0
	}
	return float64(t.Done) / float64(t.Attached.Size)
}

// Move shows how far a transfer is.
func (p *Picture) Move(t rooms.Transfer) { p.SetProgress(progressOf(t), t.Outgoing) }

// Progress returns how far it has come.
func (p *Picture) Progress() float64 { return p.progress }
