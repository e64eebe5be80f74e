// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"kchat/rooms"
	"kchat/wire"
)

// record is a message as a line of JSON, in files that are written to be read back. docs/history.md describes it.
type record struct {
	Community string    `json:"community"`
	Room      string    `json:"room"`
	ID        string    `json:"id"`
	Epoch     uint64    `json:"epoch"`
	Seq       uint64    `json:"seq"`
	Time      time.Time `json:"time,omitzero"`
	Sender    uint64    `json:"sender"`
	Name      string    `json:"name"`
	Kind      string    `json:"kind"`
	Text      string    `json:"text,omitempty"`
	ReplyTo   string    `json:"reply_to,omitempty"`
	Thread    string    `json:"thread,omitempty"`
	Target    string    `json:"target,omitempty"`
	Mentions  []uint64  `json:"mentions,omitempty"`
	Removed   bool      `json:"removed,omitempty"`
	Attached  *attached `json:"attached,omitempty"`
	State     string    `json:"state,omitempty"`
	Stored    int       `json:"stored,omitempty"`
	Present   int       `json:"present,omitempty"`
	Backfill  bool      `json:"before,omitempty"`
}

// mentionsMax is how many people a message can name: as many as wire.AttrsMax has room for.
const mentionsMax = wire.AttrsMax / 12

type attached struct {
	Hash       string `json:"sha256"`
	Size       uint64 `json:"size"`
	MIME       string `json:"mime"`
	Name       string `json:"name,omitempty"`
	Width      uint32 `json:"width,omitempty"`
	Height     uint32 `json:"height,omitempty"`
	DurationMS int64  `json:"duration_ms,omitempty"`
}

var kindNames = map[rooms.Kind]string{
	rooms.KindText: "message", rooms.KindEdit: "edit", rooms.KindDelete: "delete", rooms.KindReact: "reaction",
	rooms.KindTopic: "topic",
}

// stateNames are the states of settled messages that a file keeps; the others are of no use to its reader.
var stateNames = map[rooms.State]string{rooms.StateSent: "sent", rooms.StateDelivered: "delivered"}

func recordOf(m rooms.Message) record {
	r := record{
		Community: m.Community.String(), Room: m.Room, ID: m.ID.String(), Epoch: m.Pos.Epoch, Seq: m.Pos.Seq,
		Time: m.Time.UTC(), Sender: uint64(m.Sender), Name: m.Name, Kind: kindNames[m.Kind], Text: m.Text,
		Removed: m.Removed, State: stateNames[m.State], Stored: m.Stored, Present: m.Present, Backfill: m.Backfill,
	}
	if r.Kind == "" {
		r.Kind = strconv.Itoa(int(m.Kind))
	}
	if !m.ReplyTo.IsZero() {
		r.ReplyTo = m.ReplyTo.String()
	}
	if !m.Thread.IsZero() {
		r.Thread = m.Thread.String()
	}
	if !m.Target.IsZero() {
		r.Target = m.Target.String()
	}
	for _, id := range m.Mentions {
		r.Mentions = append(r.Mentions, uint64(id))
	}
	if a := m.Attached; a != nil {
		r.Attached = &attached{
			Hash: a.Hash.String(), Size: a.Size, MIME: a.MIME, Name: a.Name, Width: a.Width, Height: a.Height,
			DurationMS: a.Duration.Milliseconds(),
		}
	}
	return r
}

// message checks a record that came from a file and makes a message of it.
func (r record) message() (m rooms.Message, err error) {
	m = rooms.Message{
		Room: r.Room, Pos: rooms.Position{Epoch: r.Epoch, Seq: r.Seq}, Time: r.Time, Sender: rooms.AccountID(r.Sender),
		Name: r.Name, Text: r.Text, Removed: r.Removed, Stored: max(r.Stored, 0), Present: max(r.Present, 0),
		Backfill: r.Backfill,
	}
	for _, part := range []struct {
		name string
		text string
		into []byte
	}{
		{"community", strings.ReplaceAll(r.Community, "-", ""), m.Community[:]},
		{"id", r.ID, m.ID[:]},
		{"reply_to", r.ReplyTo, m.ReplyTo[:]},
		{"thread", r.Thread, m.Thread[:]},
		{"target", r.Target, m.Target[:]},
	} {
		if err := unhex(part.into, part.text); err != nil && (part.text != "" || part.name == "id") {
			return m, fmt.Errorf("%s %q: %w", part.name, part.text, err)
		}
	}
	for _, id := range r.Mentions[:min(len(r.Mentions), mentionsMax)] {
		m.Mentions = append(m.Mentions, rooms.AccountID(id))
	}
	if m.Kind, err = kindNamed(r.Kind); err != nil {
		return m, err
	}
	for state, name := range stateNames {
		if r.State == name {
			m.State = state
		}
	}
	if m.Attached, err = r.Attached.attachment(); err != nil {
		return m, err
	}
	if m.Pos.IsZero() {
		return m, errors.New("no position: it was never taken by a server")
	}
	return m, validate(m)
}

func kindNamed(name string) (rooms.Kind, error) {
	for kind, known := range kindNames {
		if name == known {
			return kind, nil
		}
	}
	n, err := strconv.ParseUint(name, 10, 8)
	if err != nil {
		return 0, fmt.Errorf("kind %q is not known", name)
	}
	return rooms.Kind(n), nil
}

func (a *attached) attachment() (*rooms.Attachment, error) {
	if a == nil {
		return nil, nil
	}
	const longest = int64(1<<63-1) / int64(time.Millisecond)
	out := &rooms.Attachment{
		Size: a.Size, MIME: a.MIME, Width: a.Width, Height: a.Height,
		Duration: time.Duration(min(max(a.DurationMS, 0), longest)) * time.Millisecond,
	}
	if name := path.Base(strings.ReplaceAll(a.Name, `\`, "/")); name != "." && name != ".." && name != "/" {
		out.Name = name
	}
	if err := unhex(out.Hash[:], a.Hash); err != nil {
		return nil, fmt.Errorf("sha256 %q: %w", a.Hash, err)
	}
	return out, nil
}

// unhex reads exactly len(into) bytes.
func unhex(into []byte, text string) error {
	if len(text) != 2*len(into) {
		return fmt.Errorf("not %d hexadecimal digits", 2*len(into))
	}
	_, err := hex.Decode(into, []byte(text))
	return err
}

// marshal writes a record as one line. No part of a message can break out of an HTML comment or act on a terminal:
// <, > and & are escaped, and so is every character that controls a terminal or the direction of text.
func (r record) marshal() ([]byte, error) { return marshalLine(r) }

func marshalLine(v any) ([]byte, error) {
	line, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, c := range string(line) {
		if c > 0x7e && acts(c) {
			fmt.Fprintf(&out, `\u%04x`, c)
			continue
		}
		out.WriteRune(c)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// JSON returns an entry as a line of JSON: the fields of a saved message as it stands now, and what was done to it.
func (e Entry) JSON() ([]byte, error) {
	type reaction struct {
		Text string            `json:"text"`
		By   []rooms.AccountID `json:"by"`
	}
	line := struct {
		record
		Deleted   bool       `json:"deleted,omitempty"`
		Edited    time.Time  `json:"edited,omitzero"`
		Original  string     `json:"original,omitempty"`
		Reactions []reaction `json:"reactions,omitempty"`
	}{record: recordOf(e.Message), Deleted: e.Deleted, Edited: e.Edited.UTC(), Original: e.Original}
	for _, r := range e.Reactions {
		line.Reactions = append(line.Reactions, reaction(r))
	}
	return marshalLine(line)
}

// acts tells whether a character does something to what shows it: C0 and C1 controls, bidirectional controls, line
// and paragraph separators.
func acts(c rune) bool {
	return c < 0x20 || c >= 0x7f && c < 0xa0 || c == 0x061c || c == 0x200e || c == 0x200f ||
		c >= 0x2028 && c <= 0x202e || c >= 0x2066 && c <= 0x2069 || c == utf8.RuneError
}
