// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"fmt"
	"os"
	"path"
	"strings"
)

// profile is what "go test -coverprofile" says of blocks of Go code. A block stands in it once for each package that was
// tested; it ran if it ran in one of them.
type profile map[string]block

type block struct {
	statements int
	ran        bool
}

// read adds a profile: lines of "FILE:FROM,TO STATEMENTS COUNT" (cmd/cover).
func (p profile) read(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read the profile: %w", err)
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		if strings.HasPrefix(in.Text(), "mode:") {
			continue
		}
		var where string
		var statements, count int
		if _, err := fmt.Sscan(in.Text(), &where, &statements, &count); err != nil {
			return fmt.Errorf("read the profile: %s: %q: %w", name, in.Text(), err)
		}
		p[where] = block{statements, p[where].ran || count > 0}
	}
	return nil
}

// shares is how much of each package was run.
func (p profile) shares() (shares []share) {
	packages := map[string]share{}
	for where, b := range p {
		file, _, _ := strings.Cut(where, ":")
		s := packages[path.Dir(file)]
		s.name = path.Dir(file)
		s.all += b.statements
		if b.ran {
			s.ran += b.statements
		}
		packages[s.name] = s
	}
	for _, s := range packages {
		shares = append(shares, s)
	}
	return shares
}
