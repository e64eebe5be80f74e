// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// lines are the lines of the module that are code, by file ("conn.c") and number, and whether any of their copies was run:
// a function that is inlined, or built in user space too, has several.
type lines map[string]map[int]bool

// gcovFile is what gcov --json-format writes (gcov(1), "JSON output").
type gcovFile struct {
	Files []struct {
		File  string
		Lines []struct {
			Number int `json:"line_number"`
			Count  uint64
		}
	}
}

// read adds what one of gcov's files says of the module's own sources; headers of the kernel are not counted.
func (l lines) read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read the counts: %w", err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("read the counts: %s: %w", path, err)
	}
	var counts gcovFile
	if err := json.NewDecoder(unpacked).Decode(&counts); err != nil {
		return fmt.Errorf("read the counts: %s: %w", path, err)
	}
	for _, file := range counts.Files {
		name, ours := sourceName(file.File)
		if !ours {
			continue
		}
		if l[name] == nil {
			l[name] = map[int]bool{}
		}
		for _, line := range file.Lines {
			l[name][line.Number] = l[name][line.Number] || line.Count > 0
		}
	}
	return nil
}

// sourceName is a source of the module by its name below kmod/, of the paths that it is compiled at: in a build folder of
// scripts/kmod-build, or from kmod/test.
func sourceName(path string) (name string, ours bool) {
	path = filepath.Clean(path)
	dir, name := filepath.Split(path)
	dir = filepath.Clean(dir)
	if filepath.Base(dir) == "uapi" {
		dir, name = filepath.Dir(dir), filepath.Join("uapi", name)
	}
	return name, dir == ".." || strings.HasSuffix(dir, "/kmod/kchat/coverage")
}

// shares is how much of each file was run.
func (l lines) shares() (shares []share) {
	for name, file := range l {
		s := share{name: "kmod/" + name, all: len(file)}
		for _, ran := range file {
			if ran {
				s.ran++
			}
		}
		if s.all > 0 {
			shares = append(shares, s)
		}
	}
	return shares
}

// line is a line as it is named: it stays the same when lines above it come and go.
type line struct{ file, function, text string }

func (l line) String() string { return l.file + ":" + l.function + ": " + l.text }

// outcome is what became of a line.
type outcome struct {
	line
	number int
	ran    bool
}

// outcomes are the lines in order. Their text and their function are those of the sources in a folder: the compiler says
// of the lines of an inlined function that they belong to the one it is in.
func (l lines) outcomes(dir string) (all []outcome, err error) {
	for name, file := range l {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("read the lines that were counted: %w", err)
		}
		texts := strings.Split(string(text), "\n")
		functions := functionsOf(texts)
		for number, ran := range file {
			if number > len(texts) {
				return nil, fmt.Errorf("%s has no line %d: it has changed since it was counted", name, number)
			}
			code := strings.Join(strings.Fields(texts[number-1]), " ")
			all = append(all, outcome{line{name, functions[number-1], code}, number, ran})
		}
	}
	slices.SortFunc(all, func(a, b outcome) int { return cmp.Or(strings.Compare(a.file, b.file), a.number-b.number) })
	return all, nil
}

// heading is the line that a function or a macro begins with, in the style of the kernel.
var heading = regexp.MustCompile(`^(?:#define\s+)?(?:[a-zA-Z_].*?)?(\w+)\(`)

// functionsOf names the function that each line stands in: those between the line that begins in the first column and
// has a "(", and the "}" in the first column; "-" outside.
func functionsOf(texts []string) []string {
	names := make([]string, len(texts))
	now := "-"
	for i, text := range texts {
		if m := heading.FindStringSubmatch(text); m != nil {
			now = m[1]
		}
		names[i] = now
		if strings.HasPrefix(text, "}") {
			now = "-"
		}
	}
	return names
}
