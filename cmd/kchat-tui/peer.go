// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kchat/server"
)

// serverPeerCommand makes servers that share accounts know each other.
func serverPeerCommand(o *serverOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "peer",
		Short: "Share the rooms with other servers of the same accounts",
		Long: "Makes known to the server which other servers share its accounts (\"server start --accounts FILE\"). A room is then at one of\n" +
			"them, a new one at the least busy, and clients are led there. What is said here is remembered over restarts, and is to be\n" +
			"said to each of the servers. docs/balancing.md tells more.",
	}
	cmd.AddCommand(peerAddCommand(o), peerDelCommand(o), peerListCommand(o))
	return cmd
}

func peerAddCommand(o *serverOptions) *cobra.Command {
	var udp uint16
	cmd := &cobra.Command{
		Use:   "add NAME HOST[:PORT]",
		Short: "Add a server, or say that it is elsewhere now",
		Long: "NAME is how you call it; HOST is a name or an address, the one by which clients reach it: they are led there. It has to run,\n" +
			"and to share the accounts of this server.",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			add := server.PeerOrder{Name: args[0], UDP: udp}
			var err error
			if add.Host, add.Port, err = hostPort(args[1]); err != nil {
				return coded{err, exitUsage}
			}
			return o.ask(cmd.Context(), func(ctx context.Context, p server.Paths) error {
				peer, err := server.AddPeer(ctx, p, add)
				if err != nil {
					return err
				}
				return sayDone(cmd, doneLine{Name: peer.Name, Server: &peer.Server}, fmt.Sprintf("%s is a peer now (UUID %s).", peer.Name, peer.Server))
			})
		},
	}
	cmd.Flags().Uint16Var(&udp, "udp", 0, "UDP port where it hears other servers (default 2325)")
	return asUsage(cmd)
}

// hostPort takes HOST or HOST:PORT apart; an IPv6 address with a port stands in brackets.
func hostPort(text string) (host string, port uint16, err error) {
	host, number, err := net.SplitHostPort(text)
	if err != nil {
		return strings.Trim(text, "[]"), 0, nil
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("%q is no port", number)
	}
	return host, uint16(n), nil
}

func peerDelCommand(o *serverOptions) *cobra.Command {
	return asUsage(&cobra.Command{
		Use:   "del NAME",
		Short: "Take a server away, by its name or UUID",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.ask(cmd.Context(), func(ctx context.Context, p server.Paths) error {
				if err := server.DeletePeer(ctx, p, args[0]); err != nil {
					return err
				}
				return sayDone(cmd, doneLine{Name: args[0]}, "")
			})
		},
	})
}

func peerListCommand(o *serverOptions) *cobra.Command {
	return asUsage(&cobra.Command{
		Use:   "list",
		Short: "List the other servers, and what is heard of them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			heads := "NAME\tADDRESS\tSTATE\tHEARD\tPEOPLE\tROOMS\tLOAD"
			return list(cmd, o, "peer", server.GetPeers, same, heads, func(p server.PeerStatus) string {
				heard := "never"
				if p.HeardMS != nil {
					heard = (time.Duration(*p.HeardMS) * time.Millisecond).String() + " ago"
				}
				return fmt.Sprintf("%s\t%s\t%s\t%s\t%d\t%d\t%.0f%%", p.Name, net.JoinHostPort(p.Host, strconv.Itoa(int(p.Port))),
					p.State, heard, p.People, p.Rooms, 100*p.Load)
			})
		},
	})
}

// drainEvery is how often is asked how many rooms are left.
const drainEvery = 200 * time.Millisecond

func adminDrainCommand(o *adminOptions) *cobra.Command {
	var off bool
	cmd := &cobra.Command{
		Use:   "drain [SUCCESSOR]",
		Short: "Send all rooms to another server, whole, and take no new ones",
		Long: "Sends all rooms to a peer (\"server peer list\"), with everybody in them, and waits until the last one is there. From then on who\n" +
			"comes is led to other servers, also after a restart, until --off. Interrupted, it goes on all the same.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == off {
				return errors.New("say who gets the rooms: a name from \"kchat-tui server peer list\", or --off to take rooms again")
			}
			return o.ask(cmd.Context(), func(ctx context.Context, p server.Paths) error {
				if off {
					if err := server.Drain(ctx, p, server.DrainOrder{}); err != nil {
						return err
					}
					return sayDone(cmd, doneLine{Off: true}, "The server takes rooms again.")
				}
				if err := server.Drain(ctx, p, server.DrainOrder{Successor: args[0]}); err != nil {
					return err
				}
				return o.drained(ctx, cmd, p)
			})
		},
	}
	cmd.Flags().BoolVar(&off, "off", false, "take rooms again")
	return cmd
}

// drained waits until no room is left, and says how many are whenever there are fewer.
func (o *adminOptions) drained(ctx context.Context, cmd *cobra.Command, p server.Paths) error {
	left := int64(-1)
	for {
		status, err := server.GetStatus(ctx, p)
		if err != nil {
			return err
		}
		d := status.Drain
		if d == nil {
			return errors.New("somebody has ended it: the server takes rooms again")
		}
		if d.State == "silent" && d.RoomsLeft > 0 {
			return fmt.Errorf("nothing is heard of %s any more: %d rooms stay here for now. They go on when it is back; "+
				"\"kchat-tui admin drain --off\" keeps them here", d.Name, d.RoomsLeft)
		}
		if now := int64(d.RoomsLeft); now != left {
			left = now
			if err := say(cmd, "drain", d, drainWords(*d)); err != nil || now == 0 {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(drainEvery):
		}
	}
}

func drainWords(d server.DrainStatus) string {
	switch d.RoomsLeft {
	case 0:
		return "All rooms are at " + d.Name + "."
	case 1:
		return "1 room is still to go to " + d.Name
	}
	return fmt.Sprintf("%d rooms are still to go to %s", d.RoomsLeft, d.Name)
}
