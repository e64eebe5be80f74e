// SPDX-License-Identifier: GPL-2.0-only

// Command shots takes screenshots of the client in real terminals, and checks by their pixels that they show what they
// should. It runs in the root that scripts/terminal-root keeps; scripts/shots starts the server and calls it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "shots:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var at place
	flag.StringVar(&at.server, "server", "", "address of the server")
	flag.StringVar(&at.client, "client", "", "path of kchat-tui")
	flag.StringVar(&at.homes, "homes", "", "folder with the passwords of mina and jun, NAME/password")
	album := flag.String("out", "", "folder for the screenshots")
	failed := flag.String("failed", "", "folder for what was on the screen when it was wrong, TERMINAL.png")
	only := flag.String("only", "", "names of terminals, with commas between; all if empty")
	clip := flag.String("clip", "", "only make the video that is sent, as this file")
	flag.Parse()
	if *clip != "" {
		return writeClip(ctx, *clip)
	}

	dir, err := os.MkdirTemp("", "shots-")
	if err != nil {
		return err
	}
	s := show{album: *album, failed: *failed, picture: filepath.Join(dir, "evening.png"), clip: filepath.Join(dir, "sunset.mp4")}
	if err := writePicture(s.picture); err != nil {
		return fmt.Errorf("make the picture: %w", err)
	}
	if err := writeClip(ctx, s.clip); err != nil {
		return err
	}
	d, err := startDisplay(ctx, dir)
	if err != nil {
		return err
	}
	defer d.close()
	client, err := at.login("jun", "lobby", filepath.Join(dir, "jun"), "", []string{"COLORTERM=truecolor"})
	if err != nil {
		return err
	}
	o, err := enterTmux(ctx, dir, client)
	if err != nil {
		return err
	}
	defer o.close()
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := o.sees(within, "lobby"); err != nil {
		return err
	}
	var wrong []error
	for _, t := range terminals() {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), t.name) {
			continue
		}
		fmt.Printf("shots: %s (%s)\n", t.name, t.versionOf(ctx))
		if err := film(ctx, d, at, o, t, s); err != nil {
			wrong = append(wrong, err)
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%d terminals do not show what they should; see %s: %w", len(wrong), *failed, errors.Join(wrong...))
	}
	return nil
}
