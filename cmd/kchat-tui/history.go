// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"kchat/history"
	"kchat/rooms"
)

func historyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "history",
		Short: "Read, search and export what was said, without a server",
	}
	o := &historyOptions{}
	cmd.PersistentFlags().StringVar(&o.user, "user", "", "whose history (or KCHAT_USER, or the configuration; default: the only one there is)")
	cmd.PersistentFlags().StringVar(&o.file, "file", "", "the history file itself, in place of --user")
	cmd.PersistentFlags().StringVar(&o.community, "community", "", "the community of a room, or how it begins, if several have a room of the same name")
	cmd.AddCommand(asUsage(historyListCommand(o)), asUsage(historyShowCommand(o)), asUsage(historySearchCommand(o)),
		asUsage(historyExportCommand(o)), asUsage(historyImportCommand(o)))
	return cmd
}

// wrong is a mistake in how the command was called.
func wrong(format string, args ...any) error { return coded{fmt.Errorf(format, args...), exitUsage} }

type historyOptions struct {
	user      string
	file      string
	community string
}

// with opens the history, runs use and closes it.
func (o *historyOptions) with(ctx context.Context, use func(*history.Store) error) (err error) {
	path, err := o.path()
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no history at %s yet", path)
	}
	store, err := history.Open(ctx, path, history.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if aside := store.SetAside(); aside != "" {
		return fmt.Errorf("the history was damaged, and is now at %s; a new one was begun", aside)
	}
	return use(store)
}

func (o *historyOptions) path() (string, error) {
	if o.file != "" {
		return o.file, nil
	}
	who := connection{user: o.user}
	if err := who.complete(); err != nil {
		return "", err
	}
	if who.user != "" {
		return history.DefaultPath(who.user)
	}
	users, err := history.Users()
	switch {
	case err != nil:
		return "", err
	case len(users) == 0:
		return "", errors.New("there is no history here yet")
	case len(users) > 1:
		return "", wrong("whose history? --user %s", strings.Join(users, " or --user "))
	}
	return history.DefaultPath(users[0])
}

// rooms returns the rooms of the community that was asked for, of one name or ("") of all.
func (o *historyOptions) rooms(ctx context.Context, store *history.Store, name string) ([]history.Room, error) {
	all, err := store.Rooms(ctx, rooms.UUID{}, 0)
	if err != nil {
		return nil, err
	}
	var found []history.Room
	for _, r := range all {
		if strings.HasPrefix(r.Community.String(), strings.ToLower(o.community)) && (name == "" || r.Room == name) {
			found = append(found, r)
		}
	}
	return found, nil
}

// room returns the one room of a name.
func (o *historyOptions) room(ctx context.Context, store *history.Store, name string) (history.Key, error) {
	name = rooms.RoomName(name)
	found, err := o.rooms(ctx, store, name)
	switch {
	case err != nil:
		return history.Key{}, err
	case len(found) == 0:
		return history.Key{}, fmt.Errorf("there is no room %q in this history; kchat-tui history list shows them", name)
	case len(found) > 1:
		var which []string
		for _, r := range found {
			which = append(which, "--community "+r.Community.String())
		}
		return history.Key{}, wrong("%q is a room of several communities: %s", name, strings.Join(which, " or "))
	}
	return found[0].Key, nil
}

func historyListCommand(o *historyOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the rooms with their messages",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), func(store *history.Store) error {
				found, err := o.rooms(cmd.Context(), store, "")
				if err != nil {
					return err
				}
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				if !wantsJSON(cmd) {
					fmt.Fprintln(table, "ROOM\tMESSAGES\tFIRST\tLAST\tCOMMUNITY")
				}
				for _, r := range found {
					n, err := store.Count(cmd.Context(), r.Key)
					if err == nil && wantsJSON(cmd) {
						line := keptRoomLine{r.Community.String(), r.Room, n, r.First.UTC(), r.Last.UTC()}
						err = writeLine(cmd.OutOrStdout(), "kept_room", line)
					} else if err == nil {
						fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\n", history.OneLine(r.Room), n, minute(r.First), minute(r.Last), r.Community)
					}
					if err != nil {
						return err
					}
				}
				return table.Flush()
			})
		},
	}
}

func minute(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04")
}

func historyShowCommand(o *historyOptions) *cobra.Command {
	var n int
	var since string
	cmd := &cobra.Command{
		Use:   "show ROOM",
		Short: "Show the last messages of a room, or all since a date",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, out := cmd.Context(), cmd.OutOrStdout()
			return o.with(ctx, func(store *history.Store) error {
				key, err := o.room(ctx, store, args[0])
				if err != nil {
					return err
				}
				talk := talkOf(store.Last(ctx, key, n))
				if since != "" {
					from, err := history.ParseDate(since, time.Now())
					if err != nil {
						return wrong("--since: %w", err)
					}
					talk = store.Since(ctx, key, from)
				}
				if !wantsJSON(cmd) {
					return store.WriteTalk(ctx, out, key, talk, time.Local)
				}
				for e, err := range talk {
					if err != nil {
						return err
					}
					if err := writeJSON(out, e); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().IntVarP(&n, "number", "n", 50, "how many messages")
	cmd.Flags().StringVar(&since, "since", "", "all since a date: 2026-11-21, 2026-11-21T18:30, today, yesterday, 12h, 7d, 3w")
	return cmd
}

// talkOf makes what a reading method returned into what WriteTalk takes.
func talkOf(list []history.Entry, err error) func(yield func(history.Entry, error) bool) {
	return func(yield func(history.Entry, error) bool) {
		if err != nil {
			yield(history.Entry{}, err)
			return
		}
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func writeJSON(out io.Writer, e history.Entry) error {
	line, err := e.JSON()
	if err != nil {
		return err
	}
	return writeLine(out, "message", json.RawMessage(line))
}

func historySearchCommand(o *historyOptions) *cobra.Command {
	var n int
	cmd := &cobra.Command{
		Use:   "search WORDS...",
		Short: "Search all rooms, newest first",
		Long: `Search all rooms, newest first. Every word must be there, as a whole or as a part of a word, in upper or lower case.

  "two words"        (quoted twice for the shell) these words in a row
  from:NAME          said by NAME
  in:ROOM            said in ROOM
  before:DATE        said before DATE
  after:DATE         said on DATE or later
  has:image          with an image; also has:video, has:file, has:link

DATE is 2026-11-21, 2026-11-21T18:30, 2026-11, today, yesterday, 12h, 7d or 3w.`,
		Example: `  kchat-tui history search 회의 in:lobby after:7d
  kchat-tui history search '"build failed" from:ann'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, out := cmd.Context(), cmd.OutOrStdout()
			query, err := history.ParseQuery(strings.Join(args, " "), time.Now())
			if err != nil {
				return coded{err, exitUsage}
			}
			return o.with(ctx, func(store *history.Store) error {
				left := n
				for hit, err := range store.Search(ctx, query) {
					if err != nil {
						return err
					}
					if left--; left < 0 {
						if wantsJSON(cmd) {
							return nil
						}
						fmt.Fprintf(cmd.ErrOrStderr(), "there are more: -n %d\n", 10*n)
						return nil
					}
					if err := writeHit(out, hit, wantsJSON(cmd)); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().IntVarP(&n, "number", "n", 50, "how many hits at most")
	return cmd
}

func writeHit(out io.Writer, hit history.Hit, asJSON bool) error {
	if asJSON {
		return writeJSON(out, hit.Entry)
	}
	m := hit.Message
	_, err := fmt.Fprintf(out, "%s  #%s  %s: %s\n", minute(m.Time), history.OneLine(m.Room), history.OneLine(m.Name),
		history.OneLine(hit.Plain()))
	return err
}

func historyExportCommand(o *historyOptions) *cobra.Command {
	var all, force bool
	cmd := &cobra.Command{
		Use:   "export [ROOM...] FILE",
		Short: "Write rooms to a file that can be read back: .txt, .md or .jsonl",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			names, file := args[:len(args)-1], args[len(args)-1]
			if all == (len(names) > 0) {
				return wrong("name the rooms, or say --all")
			}
			return o.with(cmd.Context(), func(store *history.Store) error {
				opt := history.ExportOptions{Replace: force}
				for _, name := range names {
					key, err := o.room(cmd.Context(), store, name)
					if err != nil {
						return err
					}
					opt.Rooms = append(opt.Rooms, key)
				}
				count, err := store.SaveFile(cmd.Context(), file, opt)
				if errors.Is(err, os.ErrExist) {
					return fmt.Errorf("%s is there already; --force replaces it", file)
				}
				if err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return sayDone(cmd, doneLine{File: file, Messages: &count}, "")
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "%d messages written to %s\n", count, file)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all rooms")
	cmd.Flags().BoolVar(&force, "force", false, "replace the file if it is there")
	return cmd
}

func historyImportCommand(o *historyOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Read an exported file back, without doubles",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd.Context(), func(store *history.Store) error {
				done, err := store.LoadFile(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if wantsJSON(cmd) {
					bad := len(done.Bad)
					return sayDone(cmd, doneLine{File: args[0], Messages: &done.Read, New: &done.New, Bad: &bad}, "")
				}
				fmt.Fprintln(cmd.ErrOrStderr(), done)
				return nil
			})
		},
	}
}
