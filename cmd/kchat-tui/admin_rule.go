// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kchat/server"
	"kchat/server/accounts"
	"kchat/server/genl"
	"kchat/wire"
)

// adminRuleCommands are "ban" and "mute".
func adminRuleCommands(o *adminOptions) []*cobra.Command {
	return []*cobra.Command{
		adminRuleCommand(o, "ban", "Keep somebody out of a room, wherever they are", wire.RuleBan, wire.RuleUnban),
		adminRuleCommand(o, "mute", "Let somebody who is in a room listen only", wire.RuleMute, wire.RuleUnmute),
	}
}

func adminRuleCommand(o *adminOptions, name, short string, on, off wire.Action) *cobra.Command {
	var howLong, reason string
	var lift bool
	cmd := &cobra.Command{
		Use:   name + " ROOM NAME",
		Short: short,
		Long: short + ". It binds operators and owners too (a banned owner owns the room no more), and everybody there is told.\n" +
			"An account with the flag ADMIN comes in past every rule; it cannot be banned or muted.",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			rule := genl.Order{Room: shownRoom(args[0]), Action: on, Reason: reason}
			if lift {
				rule.Action = off
				if howLong != "" {
					return errors.New("--off ends it at once: leave out --for")
				}
			}
			var err error
			if rule.Seconds, err = seconds(howLong); err != nil {
				return err
			}
			if len(reason) > wire.ReasonMax {
				return fmt.Errorf("a reason has %d bytes at most", wire.ReasonMax)
			}
			err = o.ask(cmd.Context(), func(ctx context.Context, p server.Paths) (err error) {
				if rule.Account, err = accountNumber(p, args[1]); err != nil {
					return err
				}
				return server.RuleInRoom(ctx, p, rule)
			})
			if err != nil {
				return err
			}
			return sayDone(cmd, doneLine{Room: rule.Room, Account: rule.Account, Seconds: rule.Seconds, Reason: rule.Reason, Off: lift}, "Done.")
		},
	}
	cmd.Flags().StringVar(&howLong, "for", "", "how long, such as 10m, 2h or 7d; for good if it is not said")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for everybody there to read")
	cmd.Flags().BoolVar(&lift, "off", false, "lift it")
	return cmd
}

// seconds reads how long something is to hold; 0: for good.
func seconds(text string) (uint32, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if days, found := strings.CutSuffix(text, "d"); found {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 15)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d < time.Second || d > math.MaxUint32*time.Second {
		return 0, fmt.Errorf("--for wants a time such as 10m, 2h or 7d, not %q", text)
	}
	return uint32(d / time.Second), nil
}

// shownRoom is the name of a room that may be given as it is shown. Others than ours may have made it in capitals.
func shownRoom(typed string) string { return strings.TrimPrefix(typed, "#") }

// banned is somebody who is kept out of a room, or may only listen there.
type banned struct {
	genl.Standing
	Name string `json:"name"` // empty: the account is not on file
}

func (b banned) what() string {
	var what []string
	for _, one := range []struct {
		flag  uint32
		word  string
		until uint64
	}{{genl.StandingBanned, "banned", b.BannedUntil}, {genl.StandingMuted, "muted", b.MutedUntil}} {
		switch {
		case b.Flags&one.flag == 0:
		case one.until == 0:
			what = append(what, one.word+" for good")
		default:
			what = append(what, one.word+" until "+time.UnixMilli(int64(one.until)).Local().Format(time.DateTime))
		}
	}
	return strings.Join(what, ", ")
}

func adminBansCommand(o *adminOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "bans [ROOM]",
		Short: "List who is banned or muted, in one room or in all",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			get := func(ctx context.Context, p server.Paths) ([]banned, error) {
				return getBanned(ctx, p, shownRoom(strings.Join(args, "")))
			}
			return list(cmd, &o.serverOptions, "ban", get, banFields, "ROOM\tNAME\tWHAT", func(b banned) string {
				return fmt.Sprintf("%s\t%s\t%s", b.Room, b.Name, b.what())
			})
		},
	}
}

func getBanned(ctx context.Context, paths server.Paths, room string) ([]banned, error) {
	standings, err := server.GetStandings(ctx, paths, room)
	if err != nil {
		return nil, err
	}
	data, err := readAccounts(paths)
	if err != nil {
		return nil, err
	}
	list := []banned{}
	for _, s := range standings {
		if s.Flags&(genl.StandingBanned|genl.StandingMuted) != 0 {
			list = append(list, banned{s, nameOf(data, s.Account)})
		}
	}
	return list, nil
}

func nameOf(data *accounts.Data, number uint64) string {
	if a := data.FindNumber(number); a != nil {
		return a.Name
	}
	return ""
}

func adminUnregisterCommand(o *adminOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "unregister ROOM",
		Short: "End the registration of a room: it goes with its last person",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := o.ask(cmd.Context(), func(ctx context.Context, p server.Paths) error {
				return server.Unregister(ctx, p, shownRoom(args[0]))
			})
			if err != nil {
				return err
			}
			return sayDone(cmd, doneLine{Room: shownRoom(args[0])}, "Done.")
		},
	}
}

// actionWords is what an operator of a room, or of the server, has done.
func actionWords(e genl.Event) string {
	words := strings.ReplaceAll(actionName(wire.Action(e.Action)), "_", " ")
	if e.Account != 0 {
		words += fmt.Sprintf(" of account %d", e.Account)
	}
	if e.By == 0 {
		return words + " by an order over netlink"
	}
	return words + fmt.Sprintf(" by account %d", e.By)
}
