// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"kchat/e2e/reliability/trial"
)

// The table stands between these lines of the document.
const (
	tableBegins = "<!-- written by make reliability -->"
	tableEnds   = "<!-- until here -->"
)

// writeTable puts the table of all that is kept into the document.
func writeTable() error {
	kept, err := trial.Load(keptAs)
	if err != nil {
		return err
	}
	if len(kept) == 0 {
		return fmt.Errorf("nothing is kept in %s: run the trials first", keptAs)
	}
	text, err := os.ReadFile(document)
	if err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	head, rest, begins := strings.Cut(string(text), tableBegins)
	_, tail, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		return fmt.Errorf("write the table: %s has no lines %q and %q", document, tableBegins, tableEnds)
	}
	if err := os.WriteFile(document, []byte(head+tableBegins+"\n\n"+table(kept)+"\n"+tableEnds+tail), 0o644); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// table writes a line for each row.
func table(kept []trial.Result) string {
	var b strings.Builder
	b.WriteString("| what was tried | how often | words | lost | doubled | out of order | failed runs | newest seed | newest run | command |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range rows() {
		b.WriteString(r.line(slices.DeleteFunc(slices.Clone(kept), func(k trial.Result) bool { return k.Trial != r.trial })))
	}
	return b.String()
}

// line sums up the results of one trial.
func (r row) line(results []trial.Result) string {
	command := "`make reliability ONLY=" + r.run + "`"
	if len(results) == 0 {
		return fmt.Sprintf("| %s | not yet | | | | | | | | %s |\n", r.what, command)
	}
	var sum trial.Result
	failed := 0
	newest := slices.MaxFunc(results, func(a, b trial.Result) int { return cmp.Or(a.Date.Compare(b.Date), 0) })
	for _, k := range results {
		if k.Failed {
			failed++
		}
		sum.Times += k.Times
		sum.Words += k.Words
		sum.Missing += k.Missing
		sum.Doubled += k.Doubled
		sum.OutOfOrder += k.OutOfOrder + k.Other
	}
	often := fmt.Sprintf("%d %s", sum.Times, r.unit)
	words, lost, doubled, order := "", "", "", ""
	if r.talk {
		words, lost, doubled, order = fmt.Sprint(sum.Words), fmt.Sprint(sum.Missing), fmt.Sprint(sum.Doubled), fmt.Sprint(sum.OutOfOrder)
	}
	if r.plants {
		often = fmt.Sprintf("%d planted, %d found", len(results), sum.Missing+sum.Doubled+sum.OutOfOrder)
		lost, doubled, order = "", "", ""
	} else if sum.Times < r.plenty {
		often += fmt.Sprintf(" (short; whole: %d)", r.plenty)
	}
	if newest.Note != "" {
		often += "; " + strings.ReplaceAll(newest.Note, "|", "\\|")
	}
	seed := ""
	if newest.Seed != 0 {
		seed = fmt.Sprintf("`%d`", newest.Seed)
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %d of %d | %s | %s, %s, %s | %s |\n", r.what, often, words, lost, doubled, order,
		failed, len(results), seed, newest.Date.Format(time.DateOnly), newest.Kernel, newest.Commit, command)
}
