// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kchat/server"
)

func serverCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "server",
		Short: "Run a server: the module in a microVM, or in this kernel",
	}
	o := &serverOptions{}
	cmd.PersistentFlags().Uint16Var(&o.port, "port", server.DefaultPort, "port of the server; each port is a server of its own")
	cmd.AddCommand(
		serverStartCommand(o), serverRunCommand(o), serverStopCommand(o), serverRestartCommand(o),
		serverStatusCommand(o), serverLogsCommand(o), serverEtherCommand(o), serverPeerCommand(o),
	)
	return cmd
}

type serverOptions struct {
	port   uint16
	mode   string
	listen string
	lan    bool
	name   string
	module string

	accounts string
	udp      uint16
}

func (o *serverOptions) paths() (server.Paths, error) { return server.DefaultPaths(o.port) }

// explain says of a server that does not run at which port it does not, and where others of this user run.
func (o *serverOptions) explain(ctx context.Context, err error) error {
	if !errors.Is(err, server.ErrNotRunning) {
		return err
	}
	err = fmt.Errorf("%w at port %d", err, o.port)
	ports, listErr := server.RunningPorts(ctx)
	if listErr != nil {
		return errors.Join(err, listErr)
	}
	if len(ports) == 0 {
		return err
	}
	return fmt.Errorf("%w; yours run at %s: choose one with --port", err, portNames(ports))
}

// portNames are ports in a sentence.
func portNames(ports []uint16) string {
	names := make([]string, len(ports))
	for i, port := range ports {
		names[i] = strconv.Itoa(int(port))
	}
	return strings.Join(names, ", ")
}

// ask gives do the folders of the server; of a server that does not run it says more than do knows.
func (o *serverOptions) ask(ctx context.Context, do func(context.Context, server.Paths) error) error {
	paths, err := o.paths()
	if err != nil {
		return err
	}
	return o.explain(ctx, do(ctx, paths))
}

// status asks how the server is.
func (o *serverOptions) status(ctx context.Context) (status server.Status, err error) {
	err = o.ask(ctx, func(ctx context.Context, p server.Paths) (err error) {
		status, err = server.GetStatus(ctx, p)
		return err
	})
	return status, err
}

// startFlags are the flags of start and restart.
func (o *serverOptions) startFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.mode, "mode", string(server.ModeAuto), "auto, native (this kernel) or vm (a microVM)")
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1", "address to listen on")
	cmd.Flags().BoolVar(&o.lan, "lan", false, "let other machines in: listen on all addresses")
	cmd.Flags().StringVar(&o.name, "name", "", "name of a new server (default: this machine's)")
	cmd.Flags().StringVar(&o.module, "module", "", "native mode: the kchat.ko to load (default: the installed one)")
	cmd.Flags().StringVar(&o.accounts, "accounts", "", "share the accounts of other servers: their accounts file (remembered)")
	cmd.Flags().Uint16Var(&o.udp, "udp", 0, "UDP port where it is found and where other servers reach it (default 2325)")
	cmd.MarkFlagsMutuallyExclusive("listen", "lan")
}

// asBefore takes for flags that are not given what the server that runs was started with.
func (o *serverOptions) asBefore(cmd *cobra.Command) error {
	paths, err := o.paths()
	if err != nil {
		return err
	}
	was, err := server.RunningConfig(cmd.Context(), paths)
	if errors.Is(err, server.ErrNotRunning) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ask how the server was started: %w", err)
	}
	given := cmd.Flags().Changed
	if !given("listen") && !given("lan") {
		o.listen = was.Listen.String()
	}
	if !given("mode") {
		o.mode = string(was.Mode)
	}
	if !given("module") {
		o.module = was.Module
	}
	if !given("udp") {
		o.udp = was.UDPPort
	}
	return nil
}

func (o *serverOptions) config() (server.Config, error) {
	mode, err := server.ParseMode(o.mode)
	if err != nil {
		return server.Config{}, err
	}
	paths, err := o.paths()
	if err != nil {
		return server.Config{}, err
	}
	cfg := server.Config{Mode: mode, Port: o.port, Name: o.name, Module: o.module, Paths: paths}
	cfg.UDPPort = o.udp
	if o.accounts != "" {
		if cfg.Accounts, err = filepath.Abs(o.accounts); err != nil {
			return server.Config{}, fmt.Errorf("find the accounts %s: %w", o.accounts, err)
		}
	}
	if cfg.Name == "" {
		if cfg.Name, err = os.Hostname(); err != nil {
			return server.Config{}, fmt.Errorf("ask for this machine's name: %w", err)
		}
	}
	if cfg.Listen, err = netip.ParseAddr(o.listen); err != nil {
		return server.Config{}, coded{fmt.Errorf("--listen is an address such as 127.0.0.1, and not %q; --port is its port", o.listen), exitUsage}
	}
	if cfg.Mode == server.ModeAuto {
		cfg.Mode = server.ChooseMode()
	}
	if o.lan {
		cfg.Listen = server.EveryAddress()
	}
	if cfg.Mode == server.ModeVM {
		cfg.Parts, err = server.FindParts()
	}
	return cfg, err
}

func serverStartCommand(o *serverOptions) *cobra.Command {
	var join bool
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Start the server; it goes on when the terminal is closed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := o.config()
			if err != nil {
				return err
			}
			status, err := server.Start(cmd.Context(), cfg)
			var other *server.OtherError
			if join && errors.As(err, &other) {
				return sayDone(cmd, doneLine{Name: other.Name}, fmt.Sprintf("%s runs at %s already.", other.Name, other.Addr))
			}
			if errors.Is(err, server.ErrRunning) {
				if !wantsJSON(cmd) {
					fmt.Fprintln(cmd.OutOrStdout(), "The server is running already.")
				}
				err = nil
			}
			if err != nil {
				return err
			}
			return sayStatus(cmd, status)
		},
	}
	o.startFlags(cmd)
	cmd.Flags().BoolVar(&join, "join", false, "be content with another user's server at the port")
	return cmd
}

func serverStopCommand(o *serverOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "stop",
		Short: "Stop the server",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.ask(cmd.Context(), server.Stop); err != nil {
				return err
			}
			return sayDone(cmd, doneLine{}, "The server has stopped.")
		},
	}
}

func serverRestartCommand(o *serverOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restart",
		Short: "Stop the server if it runs, and start it",
		Long:  "Stop the server if it runs, and start it as it was started before, but for the flags that are given.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.asBefore(cmd); err != nil {
				return err
			}
			cfg, err := o.config()
			if err != nil {
				return err
			}
			if err := server.Stop(cmd.Context(), cfg.Paths); err != nil && !errors.Is(err, server.ErrNotRunning) {
				return err
			}
			status, err := server.Start(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return sayStatus(cmd, status)
		},
	}
	o.startFlags(cmd)
	return cmd
}

func serverStatusCommand(o *serverOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say how the server is, and the address to give to others",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			status, err := o.status(cmd.Context())
			if err != nil {
				return err
			}
			return sayStatus(cmd, status)
		},
	}
}

// sayStatus says how a server is.
func sayStatus(cmd *cobra.Command, status server.Status) error {
	if wantsJSON(cmd) {
		return writeLine(cmd.OutOrStdout(), "status", status)
	}
	printStatus(cmd.OutOrStdout(), status)
	return nil
}

func serverLogsCommand(o *serverOptions) *cobra.Command {
	var kernel, follow bool
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Show the server's log",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.ask(cmd.Context(), func(ctx context.Context, p server.Paths) error {
				out := cmd.OutOrStdout()
				if wantsJSON(cmd) {
					lines := &logLines{out: out, log: map[bool]string{true: "kernel", false: "server"}[kernel]}
					return errors.Join(server.CopyLog(ctx, p, kernel, lines, follow), lines.end())
				}
				return server.CopyLog(ctx, p, kernel, out, follow)
			})
		},
	}
	cmd.Flags().BoolVar(&kernel, "kernel", false, "the log of the kernel that the module runs in")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what comes")
	return cmd
}

// logLines writes each line of a log as JSON.
type logLines struct {
	out  io.Writer
	log  string
	part []byte // of a line that has not ended yet
}

// Write takes a part of the log.
func (l *logLines) Write(p []byte) (int, error) {
	l.part = append(l.part, p...)
	for {
		line, rest, ended := bytes.Cut(l.part, []byte("\n"))
		if !ended {
			return len(p), nil
		}
		if err := writeLine(l.out, "log", logLine{l.log, string(line)}); err != nil {
			return 0, err
		}
		l.part = rest
	}
}

// end writes the last line, if it has no newline.
func (l *logLines) end() error {
	if len(l.part) == 0 {
		return nil
	}
	return writeLine(l.out, "log", logLine{l.log, string(l.part)})
}

func printStatus(out io.Writer, s server.Status) {
	where := "in this kernel"
	if s.Mode == server.ModeVM {
		where = "in a microVM (" + s.Accel + ")"
	}
	fmt.Fprintf(out, "%s is up %s, for %s\n", s.Name, where, time.Duration(s.UptimeS)*time.Second)
	fmt.Fprintf(out, "  kernel        %s, module %s\n", s.Kernel, s.Module)
	fmt.Fprintf(out, "  UUID          %s\n", s.Server)
	for _, address := range s.Addresses {
		fmt.Fprintf(out, "  others type   kchat-tui login --server %s\n", address)
	}
	if s.Listen.Addr().IsLoopback() {
		fmt.Fprintf(out, "                (on this machine; \"kchat-tui server restart --lan%s\" lets other machines in)\n", portFlag(s.Listen.Port()))
	}
	fmt.Fprintf(out, "  registration  %s\n", s.Registration)
	fmt.Fprintf(out, "  discovery     %s\n", discoveryWords(s.Discovery))
	fmt.Fprintf(out, "  people        %d in %d rooms, %d connections\n", s.People, s.Rooms, s.Connections)
	if s.Drain != nil {
		fmt.Fprintf(out, "  drained       %s\n", drainWords(*s.Drain))
	}
	if s.Restarts > 0 {
		fmt.Fprintf(out, "  restarts      %d after the microVM died\n", s.Restarts)
	}
}

// discoveryWords says who finds the server without its address.
func discoveryWords(d server.Discovery) string {
	words := "off: " + d.Why
	switch {
	case d.Others:
		words = "found by all machines around"
	case d.On:
		words = "found on this machine"
	}
	for _, iface := range d.Ether {
		words += ", over Ethernet on " + iface.Name
	}
	return words
}

// portFlag is what a command needs besides, to mean the server at a port.
func portFlag(port uint16) string {
	if port == server.DefaultPort {
		return ""
	}
	return fmt.Sprintf(" --port %d", port)
}
