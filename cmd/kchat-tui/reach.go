// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"kchat/tui"
	"kchat/tui/desk"
	"kchat/tui/notify"
)

// After how long without a key the screen says that its person is away, unless the configuration says otherwise.
const (
	awayAfterUsual = 10 * time.Minute
	awayAfterMost  = 24 * time.Hour
)

// awayAfter reads that time; 0 is never.
func awayAfter(value any) (time.Duration, error) {
	switch value {
	case nil:
		return awayAfterUsual, nil
	case "off", false:
		return 0, nil
	}
	d, err := time.ParseDuration(fmt.Sprint(value))
	if err != nil || d < time.Second || d > awayAfterMost {
		return 0, settingErrorf("away_after", `is a time from "1s" to "24h", such as "10m", or "off", not %q`, fmt.Sprint(value))
	}
	return d, nil
}

// sessionBus is the address of the desktop's bus, or nothing where there is none: what the session has set, else the
// place that systemd gives it.
func sessionBus() string {
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" {
		return address
	}
	path := filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "bus")
	if info, err := os.Stat(path); err != nil || info.Mode()&os.ModeSocket == 0 || !filepath.IsAbs(path) {
		return ""
	}
	return "unix:path=" + path
}

// reach is how somebody is reached who looks elsewhere. What it returns is to be closed when the screen has ended.
func (l screenLooks) reach(kept *desk.Settings, now tui.Settings) (tui.Reach, func() error) {
	r := tui.Reach{Notify: l.notify, HideWords: l.hideWords, Settings: now, Keep: kept.Keep}
	address := sessionBus()
	if address == "" {
		return r, func() error { return nil }
	}
	desktop := notify.NewDesktop(address)
	r.Desktop = desktop
	return r, desktop.Close
}

// outsideTmux asks tmux what terminal it runs in, and whether it lets sequences through to that.
func outsideTmux(ctx context.Context) (terminal string, passes bool) {
	out, err := exec.CommandContext(ctx, "tmux", "display-message", "-p", "-t", os.Getenv("TMUX_PANE"),
		"#{allow-passthrough}\n#{client_termtype}\n#{client_termname}").Output()
	if err != nil {
		return "", false // as in a container that has tmux's variables and not tmux
	}
	fields := append(strings.Split(strings.TrimSuffix(string(out), "\n"), "\n"), "", "", "")
	passes = fields[0] == "on" || fields[0] == "all" || fields[0] == "1"
	if fields[1] != "" {
		return fields[1], passes // what the terminal answered when tmux asked for its name
	}
	return strings.TrimPrefix(fields[2], "xterm-"), passes
}

// kept reads what was chosen in the screen last time. A file that cannot be read is said, since it would be lost.
func keptSettings(kept *desk.Settings) (tui.Settings, error) {
	now, err := kept.Load()
	if err != nil {
		return now, fmt.Errorf("%w; remove the file to begin anew", err)
	}
	return now, nil
}
