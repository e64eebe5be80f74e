// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kchat/rooms"
	"kchat/wire"
)

// jsonFlag makes a command speak to programs; all commands have it.
const jsonFlag = "json"

// wantsJSON reports whether the output of a command is for a program.
func wantsJSON(cmd *cobra.Command) bool {
	flag := cmd.Flag(jsonFlag)
	return flag != nil && flag.Value.String() == "true"
}

// asksForJSON is wantsJSON before the flags could be read, because they are wrong.
func asksForJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.Contains(args, "--"+jsonFlag)
}

// writeLine writes one JSON object with its type, as a line, at once. docs/scripting.md has all types and their fields.
func writeLine(out io.Writer, kind string, fields any) error {
	body, err := json.Marshal(fields)
	if err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	line := append([]byte(`{"type":"`), kind...)
	line = append(line, '"')
	if len(body) > len("{}") {
		line = append(line, ',')
	}
	line = append(append(line, body[1:]...), '\n')
	if _, err := out.Write(line); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// say prints the outcome of a command: as a line of JSON if that is wanted, else in words.
func say(cmd *cobra.Command, kind string, fields any, words string) error {
	if wantsJSON(cmd) {
		return writeLine(cmd.OutOrStdout(), kind, fields)
	}
	if words == "" {
		return nil
	}
	if _, err := fmt.Fprintln(cmd.OutOrStdout(), words); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// sayDone says that an order was carried out.
func sayDone(cmd *cobra.Command, done doneLine, words string) error {
	done.Command = strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
	return say(cmd, "done", done, words)
}

// writeError writes why a command failed. Who cannot read standard error any more is told by the exit code.
func writeError(out io.Writer, err error) {
	line := failureLine{Error: failureOf(err), ExitCode: exitCode(err)}
	_ = json.NewEncoder(out).Encode(line)
}

// failureOf names an error. One of the protocol has its number and name; others have the name of their exit code.
func failureOf(err error) failureFields {
	f := failureFields{Message: err.Error()}
	if number, ok := errors.AsType[wire.ErrorNumber](err); ok {
		f.Number, f.Name = uint16(number), number.Name()
		return f
	}
	switch exitCode(err) {
	case exitUsage:
		f.Name = "USAGE"
	case exitNoServer:
		f.Name = "NO_SERVER"
	case exitLogin:
		f.Name = "LOGIN"
	case exitAlone:
		f.Number, f.Name = uint16(wire.ErrAlone), wire.ErrAlone.Name()
	case exitRefused:
		f.Name = "REFUSED"
	case exitOther:
		f.Name = "OTHER_SERVER"
	default:
		f.Name = "FAILED"
	}
	if fault, ok := errors.AsType[*rooms.Fault](err); ok {
		f.Name, f.Stack = "FAULT", fault.Stack
	}
	return f
}
