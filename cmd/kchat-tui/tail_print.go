// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"kchat/tui/talk"
	"kchat/tui/text"
)

// printer writes a record as one line.
type printer interface {
	print(out *bytes.Buffer, r *record) error
}

// jsonPrinter prints for programs.
type jsonPrinter struct{}

func (jsonPrinter) print(out *bytes.Buffer, r *record) error { return json.NewEncoder(out).Encode(r) }

// textPrinter prints for people: what strangers wrote is made harmless for a terminal.
type textPrinter struct{}

func (textPrinter) print(out *bytes.Buffer, r *record) error {
	var line string
	switch r.Type {
	case "message":
		line = fmt.Sprintf("%s %s: %s", r.at.Local().Format("15:04"), text.Name(r.Name), text.Clean(r.Text))
		if does, is := talk.Action(r.Text); is && r.Kind == "message" {
			line = fmt.Sprintf("%s * %s %s", r.at.Local().Format("15:04"), text.Name(r.Name), text.Clean(does))
		}
		switch r.Kind {
		case "edit", "reaction", "topic", "delete":
			line = fmt.Sprintf("%s %s (%s) %s", r.at.Local().Format("15:04"), text.Name(r.Name), r.Kind, text.Clean(r.Text))
		}
		if r.Attached != nil {
			line += fmt.Sprintf(" [%s, %s, %d bytes]", text.Line(r.Attached.Name), text.Line(r.Attached.MIME), r.Attached.Size)
		}
	case "presence":
		line = fmt.Sprintf("-- %s is %s", text.Name(r.Name), r.State)
	case "gap":
		line = fmt.Sprintf("-- messages after %s up to %s are missing: %s", r.From, r.To, r.State)
	case "offline":
		line = "-- not connected: " + text.Line(r.Reason)
	case "online":
		line = fmt.Sprintf("-- connected to %s as %s", text.Line(r.Server), text.Name(r.Name))
	case "moved":
		line = fmt.Sprintf("-- %s moved to the server %s", text.Line(r.Room), text.Line(r.Server))
	case "live":
		line = fmt.Sprintf("-- in %s, others present: %d", text.Line(r.Room), *r.Present)
	}
	_, err := fmt.Fprintln(out, line)
	return err
}
