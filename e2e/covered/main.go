// SPDX-License-Identifier: GPL-2.0-only

// Command covered says which lines of the module and which statements of the Go code the tests have run, and fails if a
// line of the module that none of them ran is not named with its reason, or a named one was run (scripts/coverage calls it).
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	o := options{}
	flag.StringVar(&o.out, "out", "coverage", "the folder of the reports")
	flag.StringVar(&o.sources, "sources", "kmod", "the folder of the module's sources, as they were when they were built")
	flag.StringVar(&o.named, "named", "kmod/coverage.allow", "the lines that no test runs, with their reasons; nothing: none is compared")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: covered [-out DIR] [-named FILE] FILE.gcov.json.gz... PROFILE.out...")
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := run(o, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "covered:", err)
		os.Exit(1)
	}
}

type options struct{ out, sources, named string }

// run reads what gcov and go test left, writes report.txt and uncovered.txt, and compares with what is named.
func run(o options, inputs []string) error {
	module, code := lines{}, profile{}
	for _, path := range inputs {
		read := code.read
		if strings.HasSuffix(path, ".gcov.json.gz") {
			read = module.read
		}
		if err := read(path); err != nil {
			return err
		}
	}
	all, err := module.outcomes(o.sources)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(o.out, "uncovered.txt"), func(w io.Writer) {
		for _, l := range all {
			if !l.ran {
				fmt.Fprintf(w, "kmod/%s:%d: %s: %s\n", l.file, l.number, l.function, l.text)
			}
		}
	}); err != nil {
		return err
	}
	if err := write(filepath.Join(o.out, "report.txt"), func(w io.Writer) {
		to := io.MultiWriter(w, os.Stdout)
		report(to, "the module", "lines", module.shares())
		fmt.Fprintln(to)
		report(to, "Go", "statements", code.shares())
	}); err != nil {
		return err
	}
	if o.named == "" {
		return nil
	}
	return compare(o.named, all)
}

// compare fails if the lines that were not run are not those that the file names.
func compare(path string, all []outcome) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read which lines no test runs: %w", err)
	}
	named, err := parseNamed(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fresh, stale := named.judge(all)
	if len(fresh) > 0 {
		fmt.Printf("\nNo test runs these, and %s does not say why:\n", path)
		for _, m := range fresh {
			fmt.Printf("%s\t(line %d)\n", m.line, m.number)
		}
	}
	if len(stale) > 0 {
		fmt.Printf("\n%s names these, which tests run, or which are gone:\n", path)
		for _, s := range stale {
			fmt.Println(s)
		}
	}
	if len(fresh)+len(stale) > 0 {
		return errors.New("test or name each of these lines (docs/coverage.md)")
	}
	fmt.Printf("\nEach line of the module that no test ran is named with its reason in %s.\n", path)
	return nil
}

// share is how much of something was run.
type share struct {
	name     string
	ran, all int
}

// report prints shares in the order of their names, and their sum.
func report(w io.Writer, whole, unit string, parts []share) {
	slices.SortFunc(parts, func(a, b share) int { return strings.Compare(a.name, b.name) })
	sum := share{name: whole}
	for _, p := range parts {
		sum.ran += p.ran
		sum.all += p.all
	}
	for _, p := range append(parts, sum) {
		percent := 100.0
		if p.all > 0 {
			percent = 100 * float64(p.ran) / float64(p.all)
		}
		fmt.Fprintf(w, "%-28s %6d of %6d %s  %5.1f %%\n", p.name, p.ran, p.all, unit, percent)
	}
}

// write makes a file of what print prints.
func write(path string, print func(io.Writer)) error {
	var text strings.Builder
	print(&text)
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
