// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"kchat/media"
	"kchat/rooms"
	"kchat/server"
	"kchat/server/device"
	"kchat/tui"
	"kchat/tui/desk"
)

// loginOptions are the flags of login.
type loginOptions struct {
	connection
	rooms  []string
	local  bool              // by /dev/kchat
	plain  bool              // in lines
	change func(*tui.Config) // for tests; nil otherwise
}

func loginCommand() *cobra.Command {
	o := &loginOptions{}
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Open the chat",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if wantsJSON(cmd) {
				return coded{errors.New("the screen is for people; \"kchat-tui tail\" and \"kchat-tui send\" are for programs"), exitUsage}
			}
			return o.run(cmd.Context())
		},
	}
	o.flags(cmd)
	cmd.Flags().StringSliceVar(&o.rooms, "room", nil, "room to open, besides those of last time")
	cmd.Flags().BoolVar(&o.local, "local", false, "log in as this machine's user, by /dev/kchat: without a password, to the server in this kernel")
	cmd.Flags().StringVar(&o.imagesFlag, "images", "",
		"how pictures are shown: auto, kitty, sixel, blocks or off (or KCHAT_IMAGES; default auto)")
	cmd.Flags().StringVar(&o.themeFlag, "theme", "", "colours: auto, dark, light, contrast, colorblind or a theme of your own (or KCHAT_THEME; default auto)")
	cmd.Flags().StringVar(&o.asciiFlag, "ascii", "", "draw lines and marks in ASCII only: auto, on or off (default auto: where the locale is not UTF-8)")
	cmd.Flags().Lookup("ascii").NoOptDefVal = "on"
	cmd.Flags().BoolVar(&o.plain, "plain", false, "in lines, for screen readers: no cursor movement, no colours, no escape sequences (by itself where TERM=dumb)")
	return asUsage(cmd)
}

// run opens the screen and, should it end badly, says where more is written.
func (o *loginOptions) run(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP)
	defer stop()
	if o.local && (o.server != "" || o.user != "" || o.passwordFile != "") {
		return coded{errors.New("--local goes without --server, --user and --password-file"), exitUsage}
	}
	if err := o.complete(); err != nil {
		return err
	}
	if chosen := os.Getenv("TERM") == "dumb" && o.change == nil; o.plain || chosen {
		return o.inLines(ctx, chosen && !o.plain)
	}
	local, err := o.byDevice(ctx)
	if err != nil {
		return err
	}
	password := ""
	if o.passwordFile != "" {
		if password, err = readPassword(o.passwordFile, ""); err != nil {
			return coded{err, exitUsage}
		}
	}
	state, err := screenFolder("XDG_STATE_HOME", ".local/state")
	if err != nil {
		return err
	}
	logPath := filepath.Join(state, "kchat-tui.log")
	logFile, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	defer logFile.Close()
	log := slog.New(slog.NewTextHandler(logFile, nil))

	data, err := screenFolder("XDG_DATA_HOME", ".local/share")
	if err != nil {
		return err
	}
	blobs, err := media.OpenStore(filepath.Join(data, "blobs"), media.StoreOptions{Limit: o.files.storeLimit})
	if err != nil {
		return err
	}
	kept := desk.NewSettings(filepath.Join(state, "screen.toml"))
	now, err := keptSettings(kept)
	if err != nil {
		return err
	}
	looks, err := o.looks.wear(ctx, desk.NewThemes(o.themes), now.Theme, log)
	if err != nil {
		return err
	}
	reach, leave := o.looks.reach(kept, now)
	defer leave()
	videos := desk.NewVideos(blobs)
	cfg := tui.Config{
		Address: o.server, User: o.user, Password: password, Trust: o.trust, Rooms: append([]string{"lobby"}, o.rooms...),
		Gate:     &desk.Gate{Agent: "kchat-tui", Blobs: blobs, Videos: videos, Logger: log, Local: local, AskAbove: o.files.askAbove},
		Known:    o.local,
		Pictures: desk.NewPictures(blobs),
		Videos:   videos,
		Editor:   desk.Editor(),
		Recent:   desk.NewRecent(filepath.Join(state, "emoji")),
		Files:    desk.NewFiles(blobs, o.files.downloads),
		AskAbove: o.files.askAbove,
		Host:     screenHost(o.server),
		Locale:   o.looks.locale,
		Reach:    reach,
		Looks:    looks,
		Images:   o.images,
		Folder:   pictureFolder(),
		Idle:     o.idle,
		NoTyping: o.noTyping,
		NoRead:   o.noRead,
		NoMouse:  o.noMouse,
		Keys:     o.keys,
	}
	if o.unnamed {
		cfg.Host.Discover = discoverOne
	}
	if o.change != nil {
		o.change(&cfg)
	}
	err = tui.Run(ctx, cfg)
	if err == nil {
		return nil
	}
	stack := ""
	if fault, ok := errors.AsType[*tui.Fault](err); ok {
		stack = fault.Stack
	}
	log.Error("the screen ended", "error", err, "stack", stack)
	return fmt.Errorf("%w\nMore is in %s; what was not sent is kept", err, logPath)
}

// byDevice asks the kernel who this machine's user is and where its server listens, if that was wanted.
func (o *loginOptions) byDevice(ctx context.Context) (*desk.Local, error) {
	if !o.local {
		return nil, nil
	}
	first, err := device.Take(ctx) // nobody uses it: it ends by itself
	switch {
	case errors.Is(err, device.ErrNoModule), errors.Is(err, device.ErrNoServer):
		return nil, coded{err, exitNoServer}
	case err != nil:
		return nil, coded{err, exitLogin}
	}
	o.server, o.user, o.passwordFile, o.unnamed = first.Addr.String(), first.Name, "", false
	return &desk.Local{Address: o.server, User: o.user, Ticket: func(ctx context.Context) (rooms.Ticket, error) {
		login, err := device.Take(ctx)
		return rooms.Ticket{Session: login.Session, Key: login.Key}, err
	}}, nil
}

// screenFolder is kchat's folder in one of the XDG base folders. It is made if it is not there.
func screenFolder(variable, otherwise string) (string, error) {
	base := os.Getenv(variable)
	if !filepath.IsAbs(base) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the home folder: %w", err)
		}
		base = filepath.Join(home, otherwise)
	}
	dir := filepath.Join(base, "kchat")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make kchat's folder: %w", err)
	}
	return dir, nil
}

// screenHost is what this machine can do for the screen.
func screenHost(address string) tui.Host {
	return tui.Host{
		StartServer:   func(ctx context.Context) (string, error) { return startHere(ctx, address) },
		SecondSeat:    secondSeat,
		Partner:       bringPartner,
		PublicAddress: publicAddress,
		Mode:          serverMode,
		Outside:       outsideTmux,
		OpenLink:      desk.OpenLink,
	}
}

// startHere starts a server with the port of address on this machine.
func startHere(ctx context.Context, address string) (string, error) {
	o := &serverOptions{port: portOf(address), mode: string(server.ModeAuto), listen: "127.0.0.1"}
	cfg, err := o.config()
	if err != nil {
		return "", err
	}
	if _, err := server.Start(ctx, cfg); err != nil && !errors.Is(err, server.ErrRunning) {
		return "", err
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(cfg.Port))), nil
}

func portOf(address string) uint16 {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return server.DefaultPort
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return server.DefaultPort
	}
	return uint16(n)
}

// ownServer is the status of this user's server, if that is what stands at an address.
func ownServer(ctx context.Context, address string) (server.Status, bool) {
	host, _, err := net.SplitHostPort(address)
	if ip, ipErr := netip.ParseAddr(host); err != nil || (host != "localhost" && (ipErr != nil || !ip.IsLoopback())) {
		return server.Status{}, false
	}
	paths, err := server.DefaultPaths(portOf(address))
	if err != nil {
		return server.Status{}, false
	}
	status, err := server.GetStatus(ctx, paths)
	return status, err == nil
}

func publicAddress(ctx context.Context, address string) string {
	if status, ok := ownServer(ctx, address); ok && len(status.Addresses) > 0 {
		return status.Addresses[0]
	}
	return address
}

func serverMode(ctx context.Context, address string) string {
	status, ok := ownServer(ctx, address)
	switch {
	case !ok:
		return ""
	case status.Mode == server.ModeVM:
		return "microVM"
	default:
		return string(status.Mode)
	}
}

// secondSeat opens another client beside this one: in tmux, or in a new window of the terminal emulator.
func secondSeat(ctx context.Context, at tui.Seat) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	line := []string{exe, "login", "--server", at.Address}
	if !strings.HasPrefix(at.Room, "@") {
		line = append(line, "--room", at.Room)
	}
	if os.Getenv("TMUX") != "" {
		out, err := exec.CommandContext(ctx, "tmux", append([]string{"split-window", "-h"}, line...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("tmux cannot split: %s", cmp.Or(strings.TrimSpace(string(out)), err.Error()))
		}
		return nil
	}
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return errors.New("there is neither tmux nor a desktop here")
	}
	for _, terminal := range [][]string{
		{"x-terminal-emulator", "-e"}, {"gnome-terminal", "--"}, {"konsole", "-e"}, {"kitty"}, {"foot"}, {"alacritty", "-e"}, {"xterm", "-e"},
	} {
		if path, err := exec.LookPath(terminal[0]); err == nil {
			_, err := startAlone(exec.Command(path, append(terminal[1:], line...)...))
			return err
		}
	}
	return errors.New("no terminal emulator was found")
}

// partnerProves is how long the partner may take to fail: what does not end by then is on its way.
const partnerProves = 4 * time.Second

// bringPartner starts the practice partner as a process of its own; it leaves when the room is left to it.
func bringPartner(ctx context.Context, at tui.Seat) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.Command(exe, "partner", "--server", at.Address, "--room", at.Room)
	said, err := os.CreateTemp("", "kchat-partner-")
	if err != nil {
		return fmt.Errorf("start the practice partner: %w", err)
	}
	defer said.Close()
	defer os.Remove(said.Name())
	cmd.Stderr = said
	ended, err := startAlone(cmd)
	if err != nil {
		return err
	}
	select {
	case err := <-ended:
		words, readErr := os.ReadFile(said.Name())
		if err == nil || readErr != nil {
			return err
		}
		return errors.New(cmp.Or(strings.TrimSpace(strings.TrimPrefix(string(words), "kchat-tui:")), err.Error()))
	case <-time.After(partnerProves):
		return nil
	case <-ctx.Done():
		return nil
	}
}

// startAlone starts a program in a session of its own, so that it has nothing to do with our terminal, and tells when
// it has ended.
func startAlone(cmd *exec.Cmd) (<-chan error, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return ended, nil
}
