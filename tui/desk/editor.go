// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"os"
	"os/exec"
)

// Editor returns the command of the user's editor, as the environment says ($VISUAL, else $EDITOR), or one that is
// usually there. Nothing: there is none.
func Editor() string {
	for _, variable := range []string{"VISUAL", "EDITOR"} {
		if command := os.Getenv(variable); command != "" {
			return command
		}
	}
	for _, command := range []string{"sensible-editor", "editor", "nano", "vim", "vi"} {
		if _, err := exec.LookPath(command); err == nil {
			return command
		}
	}
	return ""
}
