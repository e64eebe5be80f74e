// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"kchat/bot"
	"kchat/rooms"
)

// botOptions are the flags of bot.
type botOptions struct {
	connection
	log     logging
	rooms   []string
	socket  string
	timeout time.Duration
}

func botCommand() *cobra.Command {
	o := &botOptions{}
	cmd := &cobra.Command{
		Use:   "bot --room ROOM [--room ROOM...] [--socket PATH]",
		Short: "Let programs of this machine talk, over a Unix socket",
		Long: "Stays in rooms, until interrupted, and lets programs of this machine hear and talk there over a Unix socket, in lines of\n" +
			"JSON. The socket is for its owner alone; without --socket it is $XDG_RUNTIME_DIR/kchat/bot-NAME.sock. docs/bots.md\n" +
			"describes the lines, docs/cli.md the exit codes.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	o.flags(cmd)
	o.log.flags(cmd, "warn")
	cmd.Flags().StringArrayVar(&o.rooms, "room", nil, "a room to be in (several: say it again)")
	cmd.Flags().StringVar(&o.roomPasswordFile, "room-password-file", "", "file whose first line is the password of the rooms, if they have one")
	cmd.Flags().StringVar(&o.socket, "socket", "", "the socket (default $XDG_RUNTIME_DIR/kchat/bot-NAME.sock)")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 30*time.Second, "how long an acknowledgement may take")
	return asUsage(cmd)
}

func (o *botOptions) run(cmd *cobra.Command) (err error) {
	ctx := cmd.Context()
	if len(o.rooms) == 0 {
		return coded{errors.New("which room? Give --room"), exitUsage}
	}
	for i, room := range o.rooms {
		o.rooms[i] = rooms.RoomName(room)
	}
	slices.Sort(o.rooms)
	o.rooms = slices.Compact(o.rooms)
	log, err := o.log.logger(cmd)
	if err != nil {
		return err
	}
	h, err := o.open(ctx, o.rooms[0], func(cfg *rooms.Config) { cfg.Rooms, cfg.Logger = o.rooms, log })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	path, err := o.path()
	if err != nil {
		return err
	}
	socket, err := listenAlone(ctx, path)
	if err != nil {
		return err
	}
	if err := say(cmd, "listening", listeningLine{path}, "Programs reach it at "+path); err != nil {
		return errors.Join(err, socket.Close())
	}
	s := bot.New(bot.Config{
		Client: h.Client, Rooms: o.rooms, Line: lineOfEvents(h.Client), Fatal: fatalTo(o.rooms), State: stateName,
		Failure: func(err error) any { return failureOf(withCode(err)) }, Patience: o.timeout, Logger: log,
	})
	log.Info("in the rooms", "rooms", o.rooms, "socket", path)
	return withCode(s.Serve(ctx, socket))
}

// path is where the socket is to be.
func (o *botOptions) path() (string, error) {
	if o.socket != "" {
		return filepath.Abs(o.socket)
	}
	base := os.Getenv("XDG_RUNTIME_DIR")
	if !filepath.IsAbs(base) {
		return "", coded{errors.New("XDG_RUNTIME_DIR is not set: say where the socket is to be with --socket"), exitUsage}
	}
	name, err := rooms.LoginName(o.user)
	return filepath.Join(base, "kchat", "bot-"+name+".sock"), err
}

// listenAlone listens on a Unix socket that nobody but its owner can connect to. One that a program left behind when it
// was killed is taken; one at which another program listens is not.
func listenAlone(ctx context.Context, path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the socket: %w", err)
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("look for the socket: %w", err)
	case info.Mode().Type() != fs.ModeSocket:
		return nil, coded{fmt.Errorf("%s is there, and is no socket: choose another place with --socket", path), exitUsage}
	default:
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
		if err == nil {
			_ = conn.Close()
			return nil, coded{fmt.Errorf("another program listens at %s: choose another place with --socket", path), exitUsage}
		}
		if !errors.Is(err, unix.ECONNREFUSED) {
			return nil, fmt.Errorf("look who listens at the socket: %w", err)
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("remove the socket that was left behind: %w", err)
		}
	}
	// From the first moment nobody else may connect: the folder may be one that others can enter.
	old := unix.Umask(0o177)
	socket, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	unix.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("listen at the socket: %w", err)
	}
	return socket, nil
}

// lineOfEvents makes lines of events, as tail prints them: of each message one, when it has its place.
func lineOfEvents(client *rooms.Client) func(rooms.Event) ([]byte, error) {
	told := &idRing{}
	return func(e rooms.Event) ([]byte, error) {
		if m, is := e.(rooms.MessageChanged); is && (m.Message.Pos.IsZero() || !told.add(m.Message.ID)) {
			return nil, nil
		}
		r, known := recordOf(e, client)
		if !known {
			return nil, nil
		}
		line, err := json.Marshal(r)
		return append(line, '\n'), err
	}
}

// fatalTo says which events end a client that is to stay in rooms.
func fatalTo(names []string) func(rooms.Event) error {
	online := false
	return func(e rooms.Event) error {
		if _, is := e.(rooms.Online); is {
			online = true
		}
		for _, room := range names {
			if err := failure(e, room, online); err != nil {
				return err
			}
		}
		return nil
	}
}
