// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kchat/history"
	"kchat/media"
	"kchat/rooms"
	"kchat/tui"
	"kchat/tui/desk"
	"kchat/tui/pixels"
	"kchat/wire"
)

// Exit codes of the commands that talk to a server. docs/cli.md lists them.
const (
	exitUsage    = 2
	exitNoServer = 3
	exitLogin    = 4
	exitAlone    = 5
	exitRefused  = 6
	exitOther    = 7 // another server, or a weakened one, answers at a known address
)

// coded is an error with the exit code it asks for.
type coded struct {
	error
	code int
}

// ExitCode is what the program ends with.
func (c coded) ExitCode() int { return c.code }

// Unwrap gives the error itself.
func (c coded) Unwrap() error { return c.error }

// withCode finds the exit code that fits an error of the client.
func withCode(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[coded](err); ok {
		return err
	}
	for _, c := range []struct {
		is   error
		code int
	}{
		{rooms.ErrPinned, exitOther},
		{rooms.ErrWeakened, exitOther},
		{rooms.ErrEndless, exitOther},
		{rooms.ErrImpostor, exitOther},
		{rooms.ErrRefused, exitLogin},
		{rooms.ErrName, exitUsage},
		{rooms.ErrPassword, exitUsage},
		{rooms.ErrAlone, exitAlone},
		{rooms.ErrNoServer, exitNoServer},
		{wire.ErrShutdown, exitNoServer},
	} {
		if errors.Is(err, c.is) {
			return coded{err, c.code}
		}
	}
	if _, ok := errors.AsType[*rooms.ServerError](err); ok {
		return coded{err, exitRefused}
	}
	return err
}

// asUsage lets mistakes in flags and arguments end the program with the code for them.
func asUsage(cmd *cobra.Command) *cobra.Command {
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return coded{err, exitUsage} })
	args := cmd.Args
	cmd.Args = func(cmd *cobra.Command, given []string) error {
		if err := args(cmd, given); err != nil {
			return coded{err, exitUsage}
		}
		return nil
	}
	return cmd
}

// connection says who connects to what: flags, then the environment, then the configuration file.
type connection struct {
	server           string
	user             string
	passwordFile     string
	roomPasswordFile string // of send and tail
	trust            bool
	unnamed          bool // nobody has said which server
	idle             time.Duration
	noTyping, noRead bool // what the others are not told
	noMouse          bool // it stays with the terminal
	keys             tui.Keymap
	files            files
	images           pixels.Setting
	imagesFlag       string // of login
	themeFlag        string // of login
	asciiFlag        string // of login
	looks            screenLooks
	themes           string // the folder of those of one's own
}

// flags adds the flags of a connection to a command.
func (c *connection) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.server, "server", "", "address of the server (or KCHAT_SERVER; default 127.0.0.1)")
	cmd.Flags().StringVar(&c.user, "user", "", "name to log in with (or KCHAT_USER)")
	cmd.Flags().StringVar(&c.passwordFile, "password-file", "",
		"file whose first line is the password; - is standard input (default: ask)")
	cmd.Flags().BoolVar(&c.trust, "trust", false, "accept that another server answers at a known address")
}

// roomFlags adds what a command needs to come into one room.
func (c *connection) roomFlags(cmd *cobra.Command, room *string) {
	cmd.Flags().Var((*roomFlag)(room), "room", "the room")
	cmd.Flags().StringVar(&c.roomPasswordFile, "room-password-file", "",
		"file whose first line is the password of the room, if that has one")
}

// complete fills in what the flags left open.
func (c *connection) complete() error {
	path, err := configPath()
	if err != nil {
		return err
	}
	file, err := readConfigFile(path)
	if err != nil {
		return err
	}
	c.server = cmp.Or(c.server, os.Getenv("KCHAT_SERVER"), file.Server)
	c.unnamed = c.server == ""
	c.server = withPort(cmp.Or(c.server, "127.0.0.1"))
	c.user = cmp.Or(c.user, os.Getenv("KCHAT_USER"), file.User)
	c.passwordFile = cmp.Or(c.passwordFile, file.PasswordFile)
	if c.idle, err = awayAfter(file.AwayAfter); err != nil {
		return file.mistake(err)
	}
	c.noTyping = file.SendTyping != nil && !*file.SendTyping
	c.noRead = file.SendRead != nil && !*file.SendRead
	c.noMouse = file.Mouse != nil && !*file.Mouse
	c.keys = file.Keys
	if c.files, err = file.fileSettings.complete(); err != nil {
		return file.mistake(err)
	}
	if c.images, err = imagesSetting(c.imagesFlag, file.Images); err != nil {
		return file.mistake(err)
	}
	c.themes = filepath.Join(filepath.Dir(path), "themes")
	if c.looks, err = file.screenSettings.complete(c.themeFlag, c.asciiFlag); err != nil {
		return file.mistake(err)
	}
	c.looks.usualAt = file.where("theme")
	return nil
}

// withPort adds the port that kchat has when none is given.
func withPort(address string) string {
	if _, _, err := net.SplitHostPort(address); err == nil {
		return address
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), strconv.Itoa(wire.Port))
}

// headless is a client without a screen, with the history of its account.
type headless struct {
	*rooms.Client
	store  *history.Store
	blobs  *media.Store
	server string
	run    chan error
	cancel context.CancelFunc
}

// roomFlag is the name of a room, which may be given as it is shown.
type roomFlag string

func (r *roomFlag) String() string { return string(*r) }
func (r *roomFlag) Type() string   { return "ROOM" }
func (r *roomFlag) Set(typed string) error {
	*r = roomFlag(rooms.RoomName(typed))
	return nil
}

// open completes the connection, asks for the password, and starts a client in a room. change may add to its
// configuration.
func (c *connection) open(ctx context.Context, room string, change func(*rooms.Config)) (*headless, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	if c.user == "" {
		return nil, coded{errors.New("who are you? Give --user or set KCHAT_USER"), exitUsage}
	}
	if err := wire.CheckRoomName(room); err != nil {
		return nil, coded{fmt.Errorf("%q: %w", room, err), exitUsage}
	}
	password, err := readPassword(c.passwordFile, "Password of "+c.user+": ")
	if err != nil {
		return nil, coded{err, exitUsage}
	}
	roomPassword := ""
	switch {
	case c.roomPasswordFile == "":
	case c.roomPasswordFile == "-" && c.passwordFile == "-":
		return nil, coded{errors.New("standard input cannot be two passwords"), exitUsage}
	default:
		if roomPassword, err = passwordFromFile(c.roomPasswordFile); err != nil {
			return nil, coded{fmt.Errorf("--room-password-file: %w", err), exitUsage}
		}
	}
	login, err := rooms.LoginName(c.user)
	if err != nil {
		return nil, coded{err, exitUsage}
	}
	path, err := history.DefaultPath(login)
	if err != nil {
		return nil, err
	}
	data, err := screenFolder("XDG_DATA_HOME", ".local/share")
	if err != nil {
		return nil, err
	}
	return c.start(ctx, room, password, path, filepath.Join(data, "blobs"), func(cfg *rooms.Config) {
		cfg.RoomPassword = roomPassword
		if change != nil {
			change(cfg)
		}
	})
}

// start starts a client that keeps its history and its blobs in these places.
func (c *connection) start(ctx context.Context, room, password, path, blobDir string, change func(*rooms.Config)) (*headless, error) {
	blobs, err := media.OpenStore(blobDir, media.StoreOptions{Limit: c.files.storeLimit})
	if err != nil {
		return nil, err
	}
	store, err := history.Open(ctx, path, history.Options{})
	if err != nil {
		return nil, err
	}
	cfg := rooms.Config{
		Address: c.server, User: c.user, Password: password, Agent: "kchat-tui", Rooms: []string{room},
		Store: store, Pins: store, Blobs: desk.NewBlobs(blobs, nil), Cut: desk.Cut, Accept: desk.AcceptUpTo(c.files.askAbove), Trust: c.trust,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	if change != nil {
		change(&cfg)
	}
	client, err := rooms.New(cfg)
	if err != nil {
		return nil, errors.Join(withCode(err), store.Close())
	}
	h := &headless{Client: client, store: store, blobs: blobs, server: c.server, run: make(chan error, 1)}
	// The client ends by Close, which says goodbye; only then what it stands on.
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	h.cancel = cancel
	go func() { h.run <- client.Run(running) }()
	return h, nil
}

// close says goodbye and waits until all is kept.
func (h *headless) close() error {
	h.Close()
	go func() {
		for range h.Events() { // what is told now is heard by nobody
		}
	}()
	<-h.run
	h.cancel()
	return h.store.Close()
}

// failure is why the client cannot go on, from an event of it; nil while it can.
func failure(e rooms.Event, room string, online bool) error {
	switch e := e.(type) {
	case rooms.Disconnected:
		if !online || e.Retry == 0 {
			return withCode(e.Err)
		}
	case rooms.Parted:
		if moved, ok := errors.AsType[*rooms.MovedError](e.Err); ok && moved.Retry {
			return nil
		}
		if e.Room == room && e.Err != nil && !errors.Is(e.Err, wire.ErrShutdown) {
			return coded{fmt.Errorf("room %s: %w", room, e.Err), exitRefused}
		}
	}
	return nil
}
