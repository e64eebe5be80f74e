// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"kchat/server"
	"kchat/server/accounts"
)

func userCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Manage the accounts of this user's server",
	}
	o := &userOptions{}
	cmd.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return o.meant(cmd) }
	cmd.PersistentFlags().Uint16Var(&o.port, "port", server.DefaultPort, "port of the server")
	cmd.AddCommand(userAddCommand(o), userSetCommand(o), userDelCommand(o), userListCommand(o), userPasswdCommand(o), userInviteCommand(o))
	return cmd
}

type userOptions struct {
	port         uint16
	passwordFile string
}

func (o *userOptions) passwordFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.passwordFile, "password-file", "", "file whose first line is the password; - is standard input (default: ask)")
}

// meant makes sure that the accounts are those that are meant: where the only servers that run are at other ports than
// the default, the port has to be said.
func (o *userOptions) meant(cmd *cobra.Command) error {
	if cmd.Flags().Changed("port") {
		return nil
	}
	ports, err := server.RunningPorts(cmd.Context())
	if err != nil || len(ports) == 0 || slices.Contains(ports, o.port) {
		return err
	}
	return coded{fmt.Errorf("no server is running at port %d; yours run at %s: say whose accounts with --port", o.port, portNames(ports)), exitUsage}
}

// change edits the accounts file and tells the server, if it runs.
func (o *userOptions) change(cmd *cobra.Command, edit func(*accounts.Data) error) error {
	store, paths, err := o.open()
	if err != nil {
		return err
	}
	if err := store.Update(edit); err != nil {
		return err
	}
	return server.SyncAccounts(cmd.Context(), paths)
}

func (o *userOptions) open() (*accounts.Store, server.Paths, error) {
	paths, err := server.DefaultPaths(o.port)
	if err != nil {
		return nil, paths, err
	}
	name, err := os.Hostname()
	if err != nil {
		return nil, paths, fmt.Errorf("ask for this machine's name: %w", err)
	}
	store, err := server.OpenAccounts(paths, name)
	return store, paths, err
}

// verifier asks for a password and derives what the server keeps of it.
func (o *userOptions) verifier(prompt string) (accounts.Verifier, error) {
	store, _, err := o.open()
	if err != nil {
		return accounts.Verifier{}, err
	}
	data, err := store.Read()
	if err != nil {
		return accounts.Verifier{}, err
	}
	password, err := newPassword(o.passwordFile, prompt)
	if err != nil {
		return accounts.Verifier{}, err
	}
	return accounts.NewVerifier(password, data.Iterations)
}

func userAddCommand(o *userOptions) *cobra.Command {
	var bot, admin bool
	var local uidFlag
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Make an account",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			shown, _, err := accounts.Names(args[0])
			if err != nil {
				return err
			}
			verifier, err := o.verifier("Password for " + shown + ": ")
			if err != nil {
				return err
			}
			var number uint64
			err = o.change(cmd, func(d *accounts.Data) error {
				account, err := d.Add(args[0], verifier, time.Now())
				if err != nil {
					return err
				}
				account.Bot, account.Admin = bot, admin
				number = account.Number
				return d.SetUID(account, local.uid())
			})
			if err != nil {
				return err
			}
			return sayDone(cmd, doneLine{Name: shown, Account: number}, fmt.Sprintf("%s has account %d.", shown, number))
		},
	}
	o.passwordFlag(cmd)
	cmd.Flags().BoolVar(&bot, "bot", false, "a program, which counts as a person in practice rooms only")
	cmd.Flags().BoolVar(&admin, "admin", false, "may do what admins may")
	local.flag(cmd)
	return cmd
}

// uidFlag is --uid, which a user's number must follow.
type uidFlag struct {
	cmd   *cobra.Command
	value uint32
}

func (f *uidFlag) flag(cmd *cobra.Command) {
	f.cmd = cmd
	cmd.Flags().Uint32Var(&f.value, "uid", 0, "number of this machine's user who is this person at /dev/kchat, without a password")
}

// uid is the number that was given, or nil.
func (f *uidFlag) uid() *uint32 {
	if !f.cmd.Flags().Changed("uid") {
		return nil
	}
	return &f.value
}

func userSetCommand(o *userOptions) *cobra.Command {
	var local uidFlag
	var nobody bool
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Change which of this machine's users an account is",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			shown, login, err := accounts.Names(args[0])
			if err != nil {
				return err
			}
			if (local.uid() == nil) == !nobody {
				return errors.New("say either --uid UID or --no-uid")
			}
			var number uint64
			err = o.change(cmd, func(d *accounts.Data) error {
				account := d.Find(login)
				if account == nil {
					return fmt.Errorf("%w: %s", accounts.ErrNoAccount, shown)
				}
				number = account.Number
				return d.SetUID(account, local.uid())
			})
			if err != nil {
				return err
			}
			return sayDone(cmd, doneLine{Name: shown, Account: number}, "")
		},
	}
	local.flag(cmd)
	cmd.Flags().BoolVar(&nobody, "no-uid", false, "no user of this machine is this person")
	return cmd
}

func userDelCommand(o *userOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "del NAME",
		Short: "Delete an account; its sessions end, its number is not used again",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			shown, login, err := accounts.Names(args[0])
			if err != nil {
				return err
			}
			var gone accounts.Account
			err = o.change(cmd, func(d *accounts.Data) (err error) {
				gone, err = d.Delete(login)
				return err
			})
			if err != nil {
				return err
			}
			return sayDone(cmd, doneLine{Name: shown, Account: gone.Number}, "")
		},
	}
}

func userListCommand(o *userOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the accounts",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, _, err := o.open()
			if err != nil {
				return err
			}
			data, err := store.Read()
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
			for _, a := range data.Accounts {
				if wantsJSON(cmd) {
					if err := writeLine(cmd.OutOrStdout(), "account", accountFields(a)); err != nil {
						return err
					}
					continue
				}
				fmt.Fprintf(table, "%d\t%s\t%s\t%s\n", a.Number, a.Name, a.Created.Format(time.DateOnly), kind(a))
			}
			return table.Flush()
		},
	}
}

func kind(a accounts.Account) string {
	switch {
	case a.Bot:
		return "bot"
	case a.Admin:
		return "admin"
	}
	return ""
}

func userPasswdCommand(o *userOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "passwd NAME",
		Short: "Set the password of an account",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			shown, login, err := accounts.Names(args[0])
			if err != nil {
				return err
			}
			verifier, err := o.verifier("New password for " + shown + ": ")
			if err != nil {
				return err
			}
			var number uint64
			err = o.change(cmd, func(d *accounts.Data) error {
				account := d.Find(login)
				if account == nil {
					return fmt.Errorf("%w: %s", accounts.ErrNoAccount, shown)
				}
				number = account.Number
				account.SetVerifier(verifier)
				return nil
			})
			if err != nil {
				return err
			}
			return sayDone(cmd, doneLine{Name: shown, Account: number}, "")
		},
	}
	o.passwordFlag(cmd)
	return cmd
}

func userInviteCommand(o *userOptions) *cobra.Command {
	var uses int
	var valid time.Duration
	cmd := &cobra.Command{
		Use:   "invite",
		Short: "Print an invite code, with which somebody elsewhere can make an account",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if uses < 1 {
				return fmt.Errorf("--uses wants at least 1")
			}
			invite := inviteLine{Uses: uses}
			err := o.change(cmd, func(d *accounts.Data) error {
				invite.Code = d.NewInvite(uses, valid, time.Now())
				invite.Until = d.Invites[len(d.Invites)-1].Expires
				return nil
			})
			if err != nil {
				return err
			}
			return say(cmd, "invite", invite, invite.Code)
		},
	}
	cmd.Flags().IntVar(&uses, "uses", 1, "how many accounts it is good for")
	cmd.Flags().DurationVar(&valid, "valid", 7*24*time.Hour, "for how long")
	return cmd
}
