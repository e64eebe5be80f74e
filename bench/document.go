// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Between these lines of docs/benchmarks.md stands what the command writes.
const (
	documentPath = "docs/benchmarks.md"
	documentFrom = "<!-- what follows is written by \"make bench\" -->"
	documentTo   = "<!-- what \"make bench\" writes ends here -->"
)

// document writes tables and plots into docs.
func (r *results) document(root string) error {
	path := filepath.Join(root, documentPath)
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the document: %w", err)
	}
	replaced, err := replaceBetween(string(text), "\n"+r.report()+"\n")
	if err != nil {
		return fmt.Errorf("%s: %w", documentPath, err)
	}
	if err := os.WriteFile(path, []byte(replaced), 0o644); err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	for name, plot := range map[string]string{"bench-members.svg": r.membersPlot(), "bench-rooms.svg": r.roomsPlot()} {
		if err := os.WriteFile(filepath.Join(root, "docs", name), []byte(plot), 0o644); err != nil {
			return fmt.Errorf("write a plot: %w", err)
		}
	}
	return nil
}

// replaceBetween puts middle in the place of what stands between the two lines.
func replaceBetween(text, middle string) (string, error) {
	before, rest, ok := strings.Cut(text, documentFrom+"\n")
	if !ok {
		return "", fmt.Errorf("the line %q is missing", documentFrom)
	}
	_, after, ok := strings.Cut(rest, documentTo)
	if !ok {
		return "", fmt.Errorf("the line %q is missing", documentTo)
	}
	return before + documentFrom + "\n" + middle + documentTo + after, nil
}
