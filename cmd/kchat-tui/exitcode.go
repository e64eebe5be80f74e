// SPDX-License-Identifier: GPL-2.0-only

package main

import "errors"

// exitCode is what an error makes the program end with.
func exitCode(err error) int {
	var chosen interface{ ExitCode() int }
	switch {
	case err == nil:
		return 0
	case errors.As(err, &chosen):
		return chosen.ExitCode()
	default:
		return 1
	}
}
