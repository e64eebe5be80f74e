// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kchat/history"
	"kchat/rooms"
)

// tailOptions are the flags of tail.
type tailOptions struct {
	connection
	log   logging
	room  string
	json  bool
	since string
	// noHistory: nothing of what comes is kept here.
	noHistory bool
}

func tailCommand() *cobra.Command {
	o := &tailOptions{}
	cmd := &cobra.Command{
		Use:   "tail --room ROOM [--json] [--since EPOCH:SEQ] [--no-history]",
		Short: "Print what is said in a room, until interrupted",
		Long: "Print what is said in a room from now on, until interrupted. With --since also all that was said after that place,\n" +
			"as far as it is kept here or by the server; 0:0 is the beginning. With --no-history nothing is kept, and what was kept\n" +
			"before is not looked at. docs/cli.md describes the output and the exit codes.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.json = wantsJSON(cmd)
			log, err := o.log.logger(cmd)
			if err != nil {
				return err
			}
			return o.run(cmd.Context(), cmd.OutOrStdout(), log)
		},
	}
	o.flags(cmd)
	o.roomFlags(cmd, &o.room)
	o.log.flags(cmd, "error")
	cmd.Flags().StringVar(&o.since, "since", "", "place after which to begin, EPOCH:SEQ")
	cmd.Flags().BoolVar(&o.noHistory, "no-history", false, "print and keep nothing, for rooms in which very much is said")
	return asUsage(cmd)
}

func (o *tailOptions) run(ctx context.Context, out io.Writer, log *slog.Logger) (err error) {
	if o.room == "" {
		return coded{errors.New("which room? Give --room"), exitUsage}
	}
	var since rooms.Position
	if o.since != "" {
		if since, err = parsePosition(o.since); err != nil {
			return coded{fmt.Errorf("--since: %w", err), exitUsage}
		}
	}
	h, err := o.open(ctx, o.room, func(cfg *rooms.Config) {
		cfg.Logger = log
		if o.noHistory {
			cfg.Store, cfg.Blobs = newPassing(o.room, since), nil
		}
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	lines := newOutlet(out)
	defer func() { err = errors.Join(err, lines.close()) }()
	t := &tailing{headless: h, room: o.room, out: lines, printer: textPrinter{}, kept: o.since != "" && !o.noHistory}
	// Without a history what was said before comes from the server alone, and is printed as it comes.
	t.live = o.since != "" && o.noHistory
	if o.json {
		t.printer = jsonPrinter{}
	}
	return t.follow(ctx, since)
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
	out       *outlet
	printer   printer
	line      bytes.Buffer
	community rooms.UUID
	online    bool
	printed   idRing
	kept      bool // what is kept of the past is to be printed
	live      bool // it has been, or is not to be: what comes is printed
}

// follow prints events until ctx ends.
func (t *tailing) follow(ctx context.Context, since rooms.Position) error {
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
			if err := t.begin(ctx, e, since); err != nil {
				return err
			}
			if err := t.event(e); err != nil {
				return fmt.Errorf("printing: %w", err)
			}
		}
	}
}

// begin prints what is kept when all that the server still had has come.
func (t *tailing) begin(ctx context.Context, e rooms.Event, since rooms.Position) error {
	if live, ok := e.(rooms.Live); !ok || live.Room != t.room || t.live {
		return nil
	}
	t.live = true
	if !t.kept {
		return nil
	}
	return t.past(ctx, since)
}

// past prints what is kept of the room after a position; what the server still had has been kept by now.
func (t *tailing) past(ctx context.Context, since rooms.Position) error {
	for entry, err := range t.store.All(ctx, history.Key{Community: t.community, Room: t.room}) {
		if err != nil {
			return err
		}
		m := entry.Message
		if m.Pos.Compare(since) <= 0 || !t.printed.add(m.ID) {
			continue
		}
		m.Backfill = true
		if err := t.print(messageRecord(m)); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}

// print hands on a line, which is written with those that come meanwhile.
func (t *tailing) print(r record) error {
	t.line.Reset()
	if err := t.printer.print(&t.line, &r); err != nil {
		return err
	}
	return t.out.write(t.line.Bytes())
}

func (t *tailing) event(e rooms.Event) error {
	switch e := e.(type) {
	case rooms.Online:
		t.online, t.community = true, e.Server.Community
	case rooms.MessageChanged:
		if m := e.Message; !t.live || m.Pos.IsZero() || !t.printed.add(m.ID) {
			return nil
		}
	}
	r, known := recordOf(e, t.Client)
	if !known {
		return nil
	}
	return t.print(r)
}

// recordOf makes a record of an event, if it is one that programs are told.
func recordOf(e rooms.Event, client *rooms.Client) (r record, known bool) {
	others := func(room string) *int {
		n := client.OthersPresent(room)
		return &n
	}
	switch e := e.(type) {
	case rooms.Online:
		return record{Type: "online", Server: e.Server.Name, Account: e.Me.ID, Name: e.Me.Name}, true
	case rooms.Disconnected:
		return record{Type: "offline", Reason: e.Err.Error(), RetryMS: e.Retry.Milliseconds()}, true
	case rooms.Live:
		return record{Type: "live", Room: e.Room, Present: others(e.Room)}, true
	case rooms.Moved:
		return record{Type: "moved", Room: e.Room, Server: e.To.Name}, true
	case rooms.PersonChanged:
		return record{
			Type: "presence", Room: e.Room, Account: e.Person.ID, Name: e.Person.Name, State: stateName(e.Person.State), Present: others(e.Room),
		}, true
	case rooms.GapChanged:
		return record{
			Type: "gap", Room: e.Room, From: e.From.String(), To: e.To.String(),
			State: [...]string{"open", "filled", "given up"}[e.State],
		}, true
	case rooms.MessageChanged:
		return messageRecord(e.Message), true
	}
	return record{}, false
}

func stateName(s rooms.PersonState) string {
	return [...]string{"offline", "present", "away", "reconnecting", "left", "lost"}[s]
}
