// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"kchat/server"
)

func serverRunCommand(o *serverOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the server in the foreground, for service managers",
		Long: "Run the server in the foreground until it is stopped, by a signal or by \"server stop\". It writes its log to standard error,\n" +
			"and tells systemd when it answers (sd_notify(3)).",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := o.config()
			if err != nil {
				return err
			}
			ending := context.AfterFunc(cmd.Context(), func() { _, _ = daemon.SdNotify(false, daemon.SdNotifyStopping) })
			defer ending()
			return server.Run(cmd.Context(), cfg, func() {
				_ = sayDone(cmd, doneLine{Name: cfg.Name}, fmt.Sprintf("%s answers.", netip.AddrPortFrom(cfg.Listen, cfg.Port)))
				_, _ = daemon.SdNotify(false, daemon.SdNotifyReady)
			})
		},
	}
	o.startFlags(cmd)
	return cmd
}
