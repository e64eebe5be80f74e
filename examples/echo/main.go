// SPDX-License-Identifier: GPL-2.0-only

// Command echo is an example of a bot: it answers "!echo WORDS" with WORDS. It uses the standard library alone.
//
//	kchat-tui bot --room lobby --user Echo --password-file FILE --socket /run/user/1000/echo.sock
//	go run ./examples/echo /run/user/1000/echo.sock
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
)

// event is a line that comes. Fields that are not wanted are left out.
type event struct {
	Type    string `json:"type"`
	Account uint64 `json:"account"` // of online: who we are
	Room    string `json:"room"`
	ID      string `json:"id"`
	Sender  uint64 `json:"sender"`
	Kind    string `json:"kind"`
	Text    string `json:"text"`
	Before  bool   `json:"before"`
	Error   *struct {
		Name    string `json:"name"`
		Message string `json:"message"`
	} `json:"error"`
}

// request is a line that goes.
type request struct {
	ID      string `json:"id"`
	Do      string `json:"do"`
	Room    string `json:"room"`
	Text    string `json:"text"`
	ReplyTo string `json:"reply_to,omitempty"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "echo SOCKET")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

func run(socket string) error {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	in, out := json.NewDecoder(bufio.NewReader(conn)), json.NewEncoder(conn)
	var me uint64
	for {
		var e event
		if err := in.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		switch {
		case e.Type == "hello":
			fmt.Println("echo: listening")
		case e.Type == "online":
			me = e.Account
		case e.Error != nil:
			fmt.Fprintln(os.Stderr, "echo:", e.Error.Name, e.Error.Message)
		case e.Type == "message" && e.Kind == "message" && e.Sender != me && !e.Before:
			words, asked := strings.CutPrefix(e.Text, "!echo ")
			if !asked {
				continue
			}
			answer := request{ID: e.ID, Do: "send", Room: e.Room, Text: words, ReplyTo: e.ID}
			if err := out.Encode(answer); err != nil {
				return err
			}
		}
	}
}
