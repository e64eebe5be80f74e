// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui/text"
)

// tailOptions are the flags of tail.
type tailOptions struct {
	connection
	room  string
	json  bool
	since string
}

func tailCommand() *cobra.Command {
	o := &tailOptions{}
	cmd := &cobra.Command{
		Use:   "tail --room ROOM [--json] [--since EPOCH:SEQ]",
		Short: "Print what is said in a room, until interrupted",
		Long: "Print what is said in a room from now on, until interrupted. With --since also all that was said after that place,\n" +
			"as far as it is kept here or by the server; 0:0 is the beginning. docs/cli.md describes the output and the exit codes.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
	o.flags(cmd)
	o.roomFlags(cmd, &o.room)
	cmd.Flags().BoolVar(&o.json, "json", false, "one JSON object a line")
	cmd.Flags().StringVar(&o.since, "since", "", "place after which to begin, EPOCH:SEQ")
	return asUsage(cmd)
}

func (o *tailOptions) run(ctx context.Context, out io.Writer) (err error) {
	if o.room == "" {
		return coded{errors.New("which room? Give --room"), exitUsage}
	}
	var since rooms.Position
	if o.since != "" {
		if since, err = parsePosition(o.since); err != nil {
			return coded{fmt.Errorf("--since: %w", err), exitUsage}
		}
	}
	h, err := o.open(ctx, o.room, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	t := &tailing{headless: h, room: o.room, print: printText, out: out, printed: map[rooms.MessageID]bool{}}
	if o.json {
		t.print = printJSON
	}
	return t.follow(ctx, o.since != "", since)
}

// parsePosition reads EPOCH:SEQ, two decimal numbers.
func parsePosition(s string) (rooms.Position, error) {
	epoch, seq, _ := strings.Cut(s, ":")
	e, err := strconv.ParseUint(epoch, 10, 64)
	n, seqErr := strconv.ParseUint(seq, 10, 64)
	if err != nil || seqErr != nil {
		return rooms.Position{}, fmt.Errorf("%q is not EPOCH:SEQ, two numbers such as send prints them", s)
	}
	return rooms.Position{Epoch: e, Seq: n}, nil
}

// tailing is a tail at work.
type tailing struct {
	*headless
	room      string
	out       io.Writer
	print     func(io.Writer, record) error
	community rooms.UUID
	online    bool
	printed   map[rooms.MessageID]bool
	live      bool // what is kept has been printed
}

// follow prints events until ctx ends.
func (t *tailing) follow(ctx context.Context, kept bool, since rooms.Position) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, more := <-t.Events():
			if !more {
				return coded{errors.New("the connection ended"), exitNoServer}
			}
			if err := failure(e, t.room, t.online); err != nil {
				return err
			}
			if live, ok := e.(rooms.Live); ok && live.Room == t.room && !t.live {
				t.live = true
				if kept {
					if err := t.past(ctx, since); err != nil {
						return err
					}
				}
			}
			if err := t.event(e); err != nil {
				return fmt.Errorf("printing: %w", err)
			}
		}
	}
}

// past prints what is kept of the room after a position; what the server still had has been kept by now.
func (t *tailing) past(ctx context.Context, since rooms.Position) error {
	for entry, err := range t.store.All(ctx, history.Key{Community: t.community, Room: t.room}) {
		if err != nil {
			return err
		}
		m := entry.Message
		if m.Pos.Compare(since) <= 0 || t.printed[m.ID] {
			continue
		}
		t.printed[m.ID] = true
		m.Backfill = true
		if err := t.print(t.out, messageRecord(m)); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}

func (t *tailing) event(e rooms.Event) error {
	switch e := e.(type) {
	case rooms.Online:
		t.online, t.community = true, e.Server.Community
		return t.print(t.out, record{Type: "online", Server: e.Server.Name, Account: e.Me.ID, Name: e.Me.Name})
	case rooms.Disconnected:
		return t.print(t.out, record{Type: "offline", Reason: e.Err.Error(), RetryMS: e.Retry.Milliseconds()})
	case rooms.Live:
		return t.print(t.out, record{Type: "live", Room: e.Room, Present: t.others(e.Room)})
	case rooms.Moved:
		return t.print(t.out, record{Type: "moved", Room: e.Room, Server: e.To.Name})
	case rooms.PersonChanged:
		return t.print(t.out, record{
			Type: "presence", Room: e.Room, Account: e.Person.ID, Name: e.Person.Name, State: stateName(e.Person.State), Present: t.others(e.Room),
		})
	case rooms.GapChanged:
		return t.print(t.out, record{
			Type: "gap", Room: e.Room, From: e.From.String(), To: e.To.String(),
			State: [...]string{"open", "filled", "given up"}[e.State],
		})
	case rooms.MessageChanged:
		m := e.Message
		if !t.live || m.Pos.IsZero() || t.printed[m.ID] {
			return nil
		}
		t.printed[m.ID] = true
		return t.print(t.out, messageRecord(m))
	}
	return nil
}

// others is how many other people are present.
func (t *tailing) others(room string) *int {
	n := t.OthersPresent(room)
	return &n
}

func stateName(s rooms.PersonState) string {
	return [...]string{"offline", "present", "away", "reconnecting", "left", "lost"}[s]
}

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
		Time: m.Time.UTC().Format("2006-01-02T15:04:05.000000Z07:00"), Sender: m.Sender, Name: m.Name,
		Kind: kindName(m.Kind), Text: m.Text, Removed: m.Removed, Before: m.Backfill, at: m.Time,
	}
	if !m.ReplyTo.IsZero() {
		r.ReplyTo = m.ReplyTo.String()
	}
	if !m.Target.IsZero() {
		r.Target = m.Target.String()
	}
	if a := m.Attached; a != nil {
		r.Attached = &attached{Hash: a.Hash.String(), Size: a.Size, MIME: a.MIME, Name: a.Name, Width: a.Width, Height: a.Height}
	}
	return r
}

func kindName(k rooms.Kind) string {
	return [...]string{"", "message", "edit", "delete", "reaction", "topic"}[k]
}

func printJSON(out io.Writer, r record) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = out.Write(append(b, '\n'))
	return err
}

// printText prints for people: what strangers wrote is made harmless for a terminal.
func printText(out io.Writer, r record) error {
	var line string
	switch r.Type {
	case "message":
		line = fmt.Sprintf("%s %s: %s", r.at.Local().Format("15:04"), text.Name(r.Name), text.Clean(r.Text))
		switch r.Kind {
		case "edit", "reaction", "topic", "delete":
			line = fmt.Sprintf("%s %s (%s) %s", r.at.Local().Format("15:04"), text.Name(r.Name), r.Kind, text.Clean(r.Text))
		}
		if r.Attached != nil {
			line += fmt.Sprintf(" [%s, %s, %d bytes]", text.Line(r.Attached.Name), text.Line(r.Attached.MIME), r.Attached.Size)
		}
	case "presence":
		line = fmt.Sprintf("-- %s is %s", text.Name(r.Name), r.State)
	case "gap":
		line = fmt.Sprintf("-- messages after %s up to %s are missing: %s", r.From, r.To, r.State)
	case "offline":
		line = "-- not connected: " + text.Line(r.Reason)
	case "online":
		line = fmt.Sprintf("-- connected to %s as %s", text.Line(r.Server), text.Name(r.Name))
	case "moved":
		line = fmt.Sprintf("-- %s moved to the server %s", text.Line(r.Room), text.Line(r.Server))
	case "live":
		line = fmt.Sprintf("-- in %s, others present: %d", text.Line(r.Room), *r.Present)
	}
	_, err := fmt.Fprintln(out, line)
	return err
}
