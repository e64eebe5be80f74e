// SPDX-License-Identifier: GPL-2.0-only

// Command kchat-tui is the kchat client, and what runs a kchat server. Each subcommand has a file of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"kchat/rooms"
	"kchat/server"
)

func main() {
	if was, err := server.MaybeSupervise(); was {
		exit(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	cmd, err := rootCommand().ExecuteContextC(ctx)
	stop()
	if err != nil && (wantsJSON(cmd) || asksForJSON(os.Args[1:])) {
		writeError(os.Stderr, err)
		os.Exit(exitCode(err))
	}
	exit(err)
}

// rootCommand lists the subcommands; each constructor is in the file of its name.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "kchat-tui",
		Short:         "Chat through the Linux kernel",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().Bool(jsonFlag, false, "speak to a program: one JSON object a line (docs/scripting.md)")
	root.AddCommand(
		loginCommand(),
		sendCommand(),
		tailCommand(),
		partnerCommand(),
		botCommand(),
		serverCommand(),
		userCommand(),
		adminCommand(),
		doctorCommand(),
		historyCommand(),
		discoverCommand(),
	)
	offerValues(root, flagValues())
	return root
}

// exit ends the program. An error with a method ExitCode chooses the exit code, any other means 1.
func exit(err error) {
	if err == nil {
		os.Exit(0)
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(os.Stderr, "kchat-tui:", text)
	}
	if fault, ok := errors.AsType[*rooms.Fault](err); ok {
		fmt.Fprint(os.Stderr, fault.Stack)
	}
	os.Exit(exitCode(err))
}
