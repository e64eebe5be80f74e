// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"kchat/server"
)

func doctorCommand() *cobra.Command {
	var port uint16
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is there, what is missing, and what to do",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			paths, err := server.DefaultPaths(port)
			if err != nil {
				return err
			}
			checks := append(server.Examine(cmd.Context(), paths, port), examineTools()...)
			missing := 0
			for _, c := range checks {
				line := checkFields(c)
				mark := line.State
				if mark == checkMissing {
					mark = strings.ToUpper(mark)
					missing++
				}
				words := fmt.Sprintf("%-7s  %-18s %s", mark, line.What, line.Found)
				if line.Do != "" {
					words += fmt.Sprintf("\n%29s%s", "", line.Do)
				}
				if err := say(cmd, "check", line, words); err != nil {
					return err
				}
			}
			if missing > 0 {
				return errors.New("something is missing (above)")
			}
			return nil
		},
	}
	cmd.Flags().Uint16Var(&port, "port", server.DefaultPort, "port of the server")
	return cmd
}

// examineTools looks for programs that the client can use.
func examineTools() []server.Check {
	var checks []server.Check
	for _, tool := range []struct{ name, why string }{
		{"tmux", "a second seat beside the first, and \"make demo\""},
		{"ffmpeg", "sending and showing video"},
	} {
		check := server.Check{What: tool.name, Optional: true, Do: "for " + tool.why + ": install the package " + tool.name}
		if path, err := exec.LookPath(tool.name); err == nil {
			check.OK, check.Found = true, path
		} else {
			check.Found = "not found"
		}
		checks = append(checks, check)
	}
	return checks
}
