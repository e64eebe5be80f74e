// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// place is where the two people meet.
type place struct {
	client string // the path of kchat-tui
	server string // its address
	homes  string // a folder with a folder for each of them, in which their password is
}

// login is the command with which somebody comes into a room, with folders of their own under dir that begin empty but for the settings, and with env.
func (p place) login(name, room, dir, settings string, env []string) ([]string, error) {
	config := filepath.Join(dir, "config", "kchat")
	if err := os.MkdirAll(config, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(config, "config.toml"), []byte(settings), 0o600); err != nil {
		return nil, err
	}
	cmd := append([]string{"env"}, env...)
	for _, folder := range []string{"data", "state", "config", "runtime"} {
		variable := "XDG_" + strings.ToUpper(folder)
		if folder == "runtime" {
			cmd = append(cmd, variable+"_DIR="+filepath.Join(dir, folder))
		} else {
			cmd = append(cmd, variable+"_HOME="+filepath.Join(dir, folder))
		}
	}
	return append(cmd, p.client, "login", "--server", p.server, "--user", name,
		"--password-file", filepath.Join(p.homes, name, "password"), "--room", room), nil
}

// other is the person at the other end, whose screen is read as text: a client in tmux.
type other struct {
	socket string
}

// tmuxFile is the configuration of every tmux here: it passes the colours through, and pictures of those who ask.
const tmuxFile = `set -g default-terminal tmux-256color
set -ga terminal-overrides ",*:Tc"
set -g allow-passthrough on
set -g status off
set -g focus-events on
`

// enterTmux starts the other person's client in a screen that nobody looks at.
func enterTmux(ctx context.Context, dir string, client []string) (*other, error) {
	config := filepath.Join(dir, "tmux.conf")
	if err := os.WriteFile(config, []byte(tmuxFile), 0o600); err != nil {
		return nil, err
	}
	o := &other{socket: filepath.Join(dir, "tmux")}
	_, err := o.tmux(ctx, append([]string{"-f", config, "new-session", "-d", "-x", "110", "-y", "40"}, client...)...)
	return o, err
}

func (o *other) tmux(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "tmux", append([]string{"-S", o.socket}, args...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("tmux %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

// says types a line, and Enter.
func (o *other) says(ctx context.Context, line string) error {
	if _, err := o.tmux(ctx, "send-keys", "-l", line); err != nil {
		return err
	}
	_, err := o.tmux(ctx, "send-keys", "Enter")
	return err
}

// errNotSeen says that the other person's screen did not come to show what it should.
var errNotSeen = errors.New("the other person does not see it")

// sees waits until a text is on the other person's screen.
func (o *other) sees(ctx context.Context, text string) error {
	screen := ""
	for {
		var err error
		if screen, err = o.tmux(ctx, "capture-pane", "-p"); err == nil && strings.Contains(screen, text) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %q; the screen is:\n%s", errNotSeen, text, screen)
		case <-time.After(look):
		}
	}
}

func (o *other) close() {
	_, _ = o.tmux(context.Background(), "kill-server") // it may be gone
}
