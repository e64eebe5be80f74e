// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"kchat/server"
	"kchat/server/accounts"
	"kchat/server/genl"
	"kchat/wire"
)

func adminCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "admin",
		Short: "See what happens on your server, and take a hand in it",
	}
	o := &adminOptions{}
	cmd.PersistentFlags().Uint16Var(&o.port, "port", server.DefaultPort, "port of the server")
	cmd.AddCommand(
		adminRoomsCommand(o), adminSessionsCommand(o), adminKickCommand(o), adminSetCommand(o), adminStatsCommand(o),
		adminWatchCommand(o), adminBansCommand(o), adminUnregisterCommand(o), adminDrainCommand(o), adminExportCommand(o),
	)
	cmd.AddCommand(adminRuleCommands(o)...)
	return cmd
}

type adminOptions struct {
	serverOptions
}

// list prints what get gives: as JSON lines of a kind with these fields, or as a table with a line for each.
func list[T, L any](cmd *cobra.Command, o *serverOptions, kind string, get func(context.Context, server.Paths) ([]T, error), fields func(T) L, heads string, row func(T) string) error {
	var all []T
	err := o.ask(cmd.Context(), func(ctx context.Context, p server.Paths) (err error) {
		all, err = get(ctx, p)
		return err
	})
	if err != nil {
		return err
	}
	if !wantsJSON(cmd) {
		return printTable(cmd.OutOrStdout(), all, heads, row)
	}
	for _, one := range all {
		if err := writeLine(cmd.OutOrStdout(), kind, fields(one)); err != nil {
			return err
		}
	}
	return nil
}

// same is for what is printed as it is.
func same[T any](one T) T { return one }

func printTable[T any](out io.Writer, all []T, heads string, row func(T) string) error {
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, heads)
	for _, one := range all {
		fmt.Fprintln(table, row(one))
	}
	return table.Flush()
}

func adminRoomsCommand(o *adminOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "rooms",
		Short: "List the rooms",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list(cmd, &o.serverOptions, "room", server.GetRooms, roomFields, "ROOM\tKIND\tPEOPLE\tMESSAGES\tLOG BYTES", func(r genl.Room) string {
				kind := "passing"
				if r.Flags&wire.RoomRegistered != 0 {
					kind = "kept"
				}
				return fmt.Sprintf("%s\t%s\t%d\t%d\t%d", r.Name, kind, r.People, r.Sequence, r.LogBytes)
			})
		},
	}
}

func adminSessionsCommand(o *adminOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "sessions",
		Short: "List who is logged in: address, since when, rooms, lag, bytes",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			heads := "SESSION\tNAME\tADDRESS\tFOR\tSTATE\tROOMS\tLAG\tIN\tOUT"
			return list(cmd, &o.serverOptions, "session", server.GetSessions, sessionFields, heads, func(s genl.Session) string {
				address := s.Peer
				if address == "" {
					address = "-"
				}
				return fmt.Sprintf("%d\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d", s.Number, s.Name, address, since(s.SinceMS),
					personState(s.State), s.Rooms, s.Lag, s.BytesIn, s.BytesOut)
			})
		},
	}
}

func since(ms uint64) time.Duration { return (time.Duration(ms) * time.Millisecond).Round(time.Second) }

func personState(state uint8) string {
	switch wire.PersonState(state) {
	case wire.PersonPresent:
		return "present"
	case wire.PersonAway:
		return "away"
	case wire.PersonReconnecting:
		return "reconnecting"
	case wire.PersonLeft:
		return "left"
	case wire.PersonLost:
		return "lost"
	}
	return strconv.Itoa(int(state))
}

func adminKickCommand(o *adminOptions) *cobra.Command {
	var session uint64
	cmd := &cobra.Command{
		Use:   "kick [NAME]",
		Short: "End all sessions of an account, or one session",
		Long: "Ends all sessions of the account with this login name, or one session by its number (see \"admin sessions\").\n" +
			"Its people hear that an operator removed them. They can log in again: \"user passwd\" and \"user del\" keep somebody out.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (session != 0) {
				return errors.New("say whom: a login name, or --session and a number from \"kchat-tui admin sessions\"")
			}
			kick := server.Kick{Session: session}
			err := o.ask(cmd.Context(), func(ctx context.Context, p server.Paths) (err error) {
				if session == 0 {
					if kick.Account, err = accountNumber(p, args[0]); err != nil {
						return err
					}
				}
				return server.EndSessions(ctx, p, kick)
			})
			if err != nil {
				return err
			}
			return sayDone(cmd, doneLine{Account: kick.Account, Session: kick.Session}, "Done.")
		},
	}
	cmd.Flags().Uint64Var(&session, "session", 0, "number of one session")
	return cmd
}

// readAccounts is the accounts file of a server that has run.
func readAccounts(paths server.Paths) (*accounts.Data, error) {
	store, err := server.OpenAccounts(paths, "")
	if err != nil {
		return nil, err
	}
	return store.Read()
}

func accountNumber(paths server.Paths, name string) (uint64, error) {
	data, err := readAccounts(paths)
	if err != nil {
		return 0, err
	}
	_, login, err := accounts.Names(name)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(data.Accounts, func(a accounts.Account) bool { return a.Login == login })
	if i < 0 {
		return 0, fmt.Errorf("there is no account named %s; \"kchat-tui user list\" shows all", name)
	}
	return data.Accounts[i].Number, nil
}

func adminSetCommand(o *adminOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "set [LIMIT [VALUE]]",
		Short: "Show the limits, or change one until the server stops",
		Args:  cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return o.setLimit(cmd, args[0], args[1])
			}
			get := func(ctx context.Context, p server.Paths) ([]genl.Param, error) { return limitsNamed(ctx, p, args) }
			return list(cmd, &o.serverOptions, "limit", get, same, "LIMIT\tVALUE\tFROM\tTO", func(p genl.Param) string {
				return fmt.Sprintf("%s\t%d\t%d\t%d", p.Name, p.Value, p.Min, p.Max)
			})
		},
	}
}

// limitsNamed are all limits, or the one that is named.
func limitsNamed(ctx context.Context, p server.Paths, names []string) ([]genl.Param, error) {
	all, err := server.GetLimits(ctx, p)
	if err != nil || len(names) == 0 {
		return all, err
	}
	i := slices.IndexFunc(all, func(p genl.Param) bool { return p.Name == names[0] })
	if i < 0 {
		return nil, fmt.Errorf("there is no limit named %q; \"kchat-tui admin set\" shows all", names[0])
	}
	return all[i : i+1], nil
}

func (o *adminOptions) setLimit(cmd *cobra.Command, name, text string) error {
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("%s wants a whole number, not %q", name, text)
	}
	limit := server.Limit{Name: name, Value: value}
	err = o.ask(cmd.Context(), func(ctx context.Context, p server.Paths) error { return server.SetLimit(ctx, p, limit) })
	if err != nil {
		return err
	}
	return sayDone(cmd, doneLine{Limit: name, Value: &value}, fmt.Sprintf("%s is %d until the server stops.", name, value))
}

func adminStatsCommand(o *adminOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "stats",
		Short: "Show all counters",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			status, err := o.status(cmd.Context())
			if err != nil {
				return err
			}
			if wantsJSON(cmd) {
				return writeLine(cmd.OutOrStdout(), "counters", countersLine{status.Counters})
			}
			names := make([]string, 0, len(status.Counters))
			for name := range status.Counters {
				names = append(names, name)
			}
			slices.Sort(names)
			return printTable(cmd.OutOrStdout(), names, "COUNTER\tVALUE", func(name string) string {
				return fmt.Sprintf("%s\t%d", name, status.Counters[name])
			})
		},
	}
}

func adminWatchCommand(o *adminOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "watch",
		Short: "Show what happens, until it is interrupted: logins, rooms, kicks, limits",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := o.ask(cmd.Context(), func(ctx context.Context, p server.Paths) error {
				return server.Watch(ctx, p, func(e genl.Event) error {
					return say(cmd, "event", eventFields(e), eventWords(e))
				})
			})
			if cmd.Context().Err() != nil {
				return nil // it was interrupted, as it should be
			}
			return err
		},
	}
}

// eventWords is an event in words.
func eventWords(e genl.Event) string {
	parts := []string{e.Time.Local().Format(time.TimeOnly), e.What}
	if e.Name != "" {
		parts = append(parts, e.Name)
	}
	if e.RoomName != "" {
		parts = append(parts, e.RoomName)
	}
	if e.What == "part" {
		parts = append(parts, "("+personState(e.State)+")")
	}
	if e.Server != "" {
		parts = append(parts, e.Server, e.Peered)
	}
	if e.Peer != "" {
		parts = append(parts, "from "+e.Peer)
	}
	if e.Session != 0 {
		parts = append(parts, fmt.Sprintf("session %d", e.Session))
	}
	if e.Action != 0 {
		parts = append(parts, actionWords(e))
	}
	if e.Limit != "" {
		parts = append(parts, fmt.Sprintf("%s = %d", e.Limit, e.Value))
	}
	if e.Lost != 0 {
		parts = append(parts, fmt.Sprintf("(%d before this were left out)", e.Lost))
	}
	return strings.Join(parts, "  ")
}
