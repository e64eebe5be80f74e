// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"kchat/server"
)

// serverEtherCommand switches discovery over Ethernet.
func serverEtherCommand(o *serverOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ether",
		Short: "Let the server be found over Ethernet, on networks without addresses",
		Long: "Let the server be found over Ethernet: clients on the same segment see it with \"kchat-tui discover --ether\", even where\n" +
			"nobody has an address. Off at first; what is switched is remembered over restarts. It needs a server in this kernel\n" +
			"(--mode native): a microVM has none of this machine's interfaces.",
	}
	cmd.AddCommand(
		switchEtherCommand(o, "on", "Answer on an interface; it need not be there yet", true),
		switchEtherCommand(o, "off", "Answer on an interface no more", false),
		listEtherCommand(o),
	)
	return cmd
}

func switchEtherCommand(o *serverOptions, word, short string, on bool) *cobra.Command {
	return asUsage(&cobra.Command{
		Use:   word + " IFACE",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.ask(cmd.Context(), func(ctx context.Context, p server.Paths) error {
				if err := server.SetEther(ctx, p, args[0], on); err != nil {
					return err
				}
				return sayDone(cmd, doneLine{Interface: args[0], Off: !on}, "")
			})
		},
	})
}

func listEtherCommand(o *serverOptions) *cobra.Command {
	return asUsage(&cobra.Command{
		Use:   "list",
		Short: "List the interfaces on which the server answers",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			status, err := o.status(cmd.Context())
			if err != nil {
				return err
			}
			for _, iface := range status.Discovery.Ether {
				switch {
				case wantsJSON(cmd):
					err = writeLine(cmd.OutOrStdout(), "interface", iface)
				case iface.Index == 0:
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s (there is no such interface now)\n", iface.Name)
				default:
					_, err = fmt.Fprintln(cmd.OutOrStdout(), iface.Name)
				}
				if err != nil {
					return fmt.Errorf("printing: %w", err)
				}
			}
			return nil
		},
	})
}
