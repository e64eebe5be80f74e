// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"kchat/server"
	"kchat/server/export"
)

// exportDefault is where metrics are, unless it is said: on this machine alone.
const exportDefault = "127.0.0.1:9466"

// How long who asks for metrics may take, and how long those who are asking may still have at the end.
const (
	exportHeader = 5 * time.Second
	exportAnswer = 15 * time.Second
	exportEnd    = 2 * time.Second
)

func adminExportCommand(o *adminOptions) *cobra.Command {
	var listen string
	var log logging
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Tell Prometheus what the server counts, and a load balancer whether it takes people",
		Long: "Answers over HTTP, until it is interrupted: /metrics for Prometheus, /healthz for a load balancer (200 while the module\n" +
			"answers and is not being drained, else 503). It goes on when the server stops, and says then that it is down.\n" +
			"Whoever reaches the address can read it. docs/watching.md has the metrics.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			logger, err := log.logger(cmd)
			if err != nil {
				return err
			}
			paths, err := o.paths()
			if err != nil {
				return err
			}
			source := func(ctx context.Context) (server.Status, error) { return server.GetStatus(ctx, paths) }
			return serveExport(cmd, listen, export.Handler(source, logger), logger)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", exportDefault, "address and port to answer at")
	log.flags(cmd, "warn")
	return cmd
}

// serveExport answers at an address until the command is interrupted.
func serveExport(cmd *cobra.Command, address string, handler http.Handler, log *slog.Logger) error {
	ctx := cmd.Context()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", address, err)
	}
	web := &http.Server{
		Handler: handler, ReadHeaderTimeout: exportHeader, ReadTimeout: exportHeader, WriteTimeout: exportAnswer, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(l) }()
	where := "http://" + l.Addr().String()
	if err := say(cmd, "listening", listeningLine{where}, "Metrics are at "+where+"/metrics, health at "+where+"/healthz"); err != nil {
		return errors.Join(err, web.Close(), notClosed(<-ended))
	}
	select {
	case err := <-ended:
		return fmt.Errorf("answering at %s: %w", where, err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), exportEnd)
	defer cancel()
	if web.Shutdown(last) != nil { // somebody reads slowly
		_ = web.Close()
	}
	return notClosed(<-ended)
}

// notClosed is an error but that the server was closed, as it was to be.
func notClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
