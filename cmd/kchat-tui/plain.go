// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"kchat/rooms"
	"kchat/tui/plain"
	"kchat/tui/styles"
	"kchat/tui/words"
)

// inLines opens the chat in lines. chosen: nobody has asked for it, but the terminal can show nothing else.
func (o *loginOptions) inLines(ctx context.Context, chosen bool) (err error) {
	if o.local {
		return coded{errors.New("--local goes with the screen only: it has no lines (--plain, or TERM=dumb)"), exitUsage}
	}
	if o.passwordFile == "-" {
		return coded{errors.New("standard input is what you say: --password-file has to be a file"), exitUsage}
	}
	in := bufio.NewReader(os.Stdin)
	if o.user == "" {
		if o.user, err = askName(in, os.Stdout); err != nil {
			return err
		}
	}
	said, err := words.Load(o.looks.locale)
	if err != nil {
		return err
	}
	if o.looks.ascii {
		said.ASCII(styles.Marks())
	}
	names := []string{"lobby"}
	if len(o.rooms) > 0 {
		names = nil
		for _, typed := range o.rooms {
			names = append(names, rooms.RoomName(typed))
		}
	}
	h, err := o.open(ctx, names[0], func(cfg *rooms.Config) { cfg.Rooms = names })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	return plain.Run(ctx, plain.Config{
		Client: h.Client, Archive: h.store, Words: said, In: in, Out: os.Stdout, Room: names[0], NoRead: o.noRead, Chosen: chosen,
		Failed: func(e rooms.Event, online bool) error { return failure(e, "", online) },
	})
}

// askName asks who is to be logged in.
func askName(in *bufio.Reader, out io.Writer) (string, error) {
	fmt.Fprint(out, "Name: ")
	typed, err := in.ReadString('\n')
	name := strings.TrimSpace(typed)
	if name == "" {
		return "", coded{fmt.Errorf("who are you? Give --user or set KCHAT_USER: %w", cmp.Or(err, io.EOF)), exitUsage}
	}
	return name, nil
}
