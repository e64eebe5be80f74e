// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"time"

	"kchat/rooms"
)

// record is one line of output; docs/cli.md says what its fields mean.
type record struct {
	Type     string          `json:"type"`
	Room     string          `json:"room,omitempty"`
	ID       string          `json:"id,omitempty"`
	Epoch    uint64          `json:"epoch,omitempty"`
	Seq      uint64          `json:"seq,omitempty"`
	Time     string          `json:"time,omitempty"`
	Sender   rooms.AccountID `json:"sender,omitempty"`
	Account  rooms.AccountID `json:"account,omitempty"`
	Name     string          `json:"name,omitempty"`
	Kind     string          `json:"kind,omitempty"`
	Text     string          `json:"text,omitempty"`
	ReplyTo  string          `json:"reply_to,omitempty"`
	Thread   string          `json:"thread,omitempty"`
	Target   string          `json:"target,omitempty"`
	Removed  bool            `json:"removed,omitempty"`
	Attached *attached       `json:"attached,omitempty"`
	Before   bool            `json:"before,omitempty"`
	State    string          `json:"state,omitempty"`
	Present  *int            `json:"present,omitempty"`
	From     string          `json:"from,omitempty"`
	To       string          `json:"to,omitempty"`
	Server   string          `json:"server,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	RetryMS  int64           `json:"retry_ms,omitempty"`

	at time.Time
}

// attached is the blob of a message.
type attached struct {
	Hash   string `json:"sha256"`
	Size   uint64 `json:"size"`
	MIME   string `json:"mime"`
	Name   string `json:"name"`
	Width  uint32 `json:"width,omitempty"`
	Height uint32 `json:"height,omitempty"`
}

func messageRecord(m rooms.Message) record {
	r := record{
		Type: "message", Room: m.Room, ID: m.ID.String(), Epoch: m.Pos.Epoch, Seq: m.Pos.Seq,
		Time: moment(m.Time), Sender: m.Sender, Name: m.Name,
		Kind: kindName(m.Kind), Text: m.Text, Removed: m.Removed, Before: m.Backfill, at: m.Time,
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
	if a := m.Attached; a != nil {
		r.Attached = &attached{Hash: a.Hash.String(), Size: a.Size, MIME: a.MIME, Name: a.Name, Width: a.Width, Height: a.Height}
	}
	return r
}

// moment is a time as programs read it: UTC, with microseconds.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z07:00") }

func kindName(k rooms.Kind) string {
	return [...]string{"", "message", "edit", "delete", "reaction", "topic"}[k]
}
