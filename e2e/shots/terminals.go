// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// terminal is one that the client is shown in.
type terminal struct {
	name     string   // of its pictures, and of the room that is shown in it
	settings string   // the client's configuration
	inline   bool     // it shows pixels in the talk, and not characters
	viewer   bool     // it shows pixels in the viewer
	sketch   bool     // its screenshots are not kept: they show what others show
	class    string   // of its window
	fill     bool     // it does not choose the size of its window
	env      []string // what its user would set for programs
	version  []string
	// command is what shows the client in it. dir is a folder of its own.
	command func(dir string, client []string) [][]string
}

// Colours of the terminals, in which the client looks as it does in the documentation.
const (
	ground = "#161920"
	ink    = "#dfe3ea"
)

// fontSize is that of all terminals, in points.
const fontSize = 10

// terminals are those that the client is shown in.
func terminals() []terminal {
	return []terminal{
		{
			name: "kitty", inline: true, viewer: true, class: "kitty", version: []string{"kitty", "--version"},
			command: func(_ string, client []string) [][]string { return [][]string{kitty(client)} },
		},
		{
			name: "xterm", env: []string{"COLORTERM=truecolor"}, viewer: true, class: "XTerm", version: []string{"xterm", "-version"},
			command: func(_ string, client []string) [][]string {
				return [][]string{append([]string{
					"xterm", "-ti", "vt340", "-xrm", "XTerm*decTerminalID: vt340", "-xrm", "XTerm*numColorRegisters: 256",
					"-geometry", "104x32+0+0", "-b", "2", "-fa", "DejaVu Sans Mono", "-fs", strconv.Itoa(fontSize), "-bg", ground, "-fg", ink, "-e",
				}, client...)}
			},
		},
		{
			name: "foot", viewer: true, class: "weston", version: []string{"foot", "--version"},
			command: func(_ string, client []string) [][]string {
				weston := []string{
					"weston", "--backend=x11", "--renderer=pixman", "--shell=kiosk-shell.so", "--socket=shots",
					"--width=" + strconv.Itoa(screenWidth), "--height=" + strconv.Itoa(screenHeight),
				}
				foot := append([]string{
					"env", "WAYLAND_DISPLAY=shots", "foot", "-o", "font=DejaVu Sans Mono:size=" + strconv.Itoa(fontSize),
					"-o", "colors-dark.background=" + ground[1:], "-o", "colors-dark.foreground=" + ink[1:],
				}, client...)
				return [][]string{weston, foot}
			},
		},
		{
			name: "tmux", class: "kitty", version: []string{"tmux", "-V"},
			command: func(dir string, client []string) [][]string {
				return [][]string{kitty(insideTmux(dir, client))}
			},
		},
		{
			name: "konsole", sketch: true, fill: true, class: "konsole", version: []string{"konsole", "--version"},
			command: func(_ string, client []string) [][]string {
				return [][]string{append([]string{"konsole", "--nofork", "--hide-menubar", "--hide-tabbar", "-e"}, client...)}
			},
		},
		{
			name: "sakura", sketch: true, fill: true, class: "sakura", version: []string{"sakura", "--version"}, // the terminal of GNOME's library
			command: func(_ string, client []string) [][]string {
				return [][]string{append([]string{"sakura", "--font", "DejaVu Sans Mono " + strconv.Itoa(fontSize), "-x"}, strings.Join(client, " "))}
			},
		},
		{
			name: "urxvt", sketch: true, class: "URxvt", version: []string{"urxvt", "-help"},
			command: func(_ string, client []string) [][]string {
				return [][]string{append([]string{"urxvt", "-geometry", "104x32+0+0", "-fn", "xft:DejaVu Sans Mono:size=" + strconv.Itoa(fontSize), "+sb", "-bg", ground, "-fg", ink, "-e"}, client...)}
			},
		},
		{
			name: "tmux-kitty", settings: "images = \"kitty\"\n", inline: true, viewer: true, class: "kitty", version: []string{"tmux", "-V"},
			command: func(dir string, client []string) [][]string {
				return [][]string{kitty(insideTmux(dir, client))}
			},
		},
	}
}

func kitty(client []string) []string {
	return append([]string{
		"kitty", "--config", "NONE", "-o", "font_family=DejaVu Sans Mono", "-o", "font_size=" + strconv.Itoa(fontSize),
		"-o", "remember_window_size=no", "-o", "initial_window_width=" + strconv.Itoa(screenWidth),
		"-o", "initial_window_height=" + strconv.Itoa(screenHeight), "-o", "update_check_interval=0",
		"-o", "shell_integration=disabled", "-o", "confirm_os_window_close=0", "-o", "sync_to_monitor=no",
		"-o", "background=" + ground, "-o", "foreground=" + ink, "-o", "cursor_blink_interval=0",
	}, client...)
}

// insideTmux is a client in a tmux, in the terminal.
func insideTmux(dir string, client []string) []string {
	return append([]string{"tmux", "-S", filepath.Join(dir, "inside"), "-f", filepath.Join(dir, "tmux.conf"), "new-session"}, client...)
}

// running is a terminal on the display.
type running struct {
	stop context.CancelFunc
	cmds []*exec.Cmd
}

// start starts the programs of a terminal, one after the other: the last one shows the client. What they say goes into
// a file of dir.
func (t terminal) start(ctx context.Context, d *display, dir string, client []string) (*running, error) {
	if err := os.WriteFile(filepath.Join(dir, "tmux.conf"), []byte(tmuxFile), 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	ctx, stop := context.WithCancel(ctx)
	r := &running{stop: stop}
	commands := t.command(dir, client)
	for i, args := range commands {
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "DISPLAY="+d.name, "XDG_RUNTIME_DIR="+dir, "LIBGL_ALWAYS_SOFTWARE=1", "SHELL=/bin/sh")
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Start(); err != nil {
			r.close()
			return nil, fmt.Errorf("start %s: %w", args[0], err)
		}
		r.cmds = append(r.cmds, cmd)
		if i < len(commands)-1 { // the next one needs it
			if _, err := d.window(ctx, t.class, false); err != nil {
				r.close()
				return nil, err
			}
		}
	}
	return r, nil
}

// close ends what still runs of it.
func (r *running) close() {
	r.stop()
	for _, cmd := range r.cmds {
		_ = cmd.Wait() // it was killed
	}
}

// versionOf asks a terminal for its version.
func (t terminal) versionOf(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, t.version[0], t.version[1:]...).CombinedOutput()
	if err != nil {
		return t.name
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}
