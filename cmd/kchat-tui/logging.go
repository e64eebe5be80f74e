// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"log/slog"
	"slices"

	"github.com/spf13/cobra"
)

// logging says what a command that goes on writes to its log, which is standard error.
type logging struct {
	level  string
	format string
}

func (l *logging) flags(cmd *cobra.Command, level string) {
	cmd.Flags().StringVar(&l.level, "log-level", level, "the least that is logged: debug, info, warn or error")
	cmd.Flags().StringVar(&l.format, "log-format", "", "text or json (default text, with --json json)")
}

func (l *logging) logger(cmd *cobra.Command) (*slog.Logger, error) {
	var level slog.Level
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, l.level) || level.UnmarshalText([]byte(l.level)) != nil {
		return nil, wrong("--log-level is debug, info, warn or error, not %q", l.level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch {
	case l.format == "json" || l.format == "" && wantsJSON(cmd):
		return slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), options)), nil
	case l.format == "text" || l.format == "":
		return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), options)), nil
	}
	return nil, wrong("--log-format is text or json, not %q", l.format)
}
