// SPDX-License-Identifier: GPL-2.0-only

// Command reliability runs the trials of what kchat promises, keeps what each has shown, and writes the table of
// docs/reliability.md from all that is kept.
//
//	go run ./e2e/reliability                   everything, hours
//	go run ./e2e/reliability -quick            less of each, minutes
//	go run ./e2e/reliability -only reload      one of them; several are separated by commas
//	go run ./e2e/reliability -only none        only the table
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kchat/e2e/reliability/trial"
)

const (
	keptAs   = ".cache/reliability/trials.jsonl"
	document = "docs/reliability.md"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "reliability:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	quick := flag.Bool("quick", false, "less of each: minutes, not hours")
	only := flag.String("only", "", "these runs, separated by commas; none: only the table")
	flag.Parse()
	root, err := output(ctx, "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	if err := os.Chdir(root); err != nil {
		return err
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(keptAs), 0o755); err != nil {
		return err
	}
	commit, err := whatIsTried(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, r := range chosen {
		if err := r.do(ctx, *quick, commit); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", r.name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed, writeTable())
}

// whatIsTried is the commit, with a "+" where something but the table was changed since.
func whatIsTried(ctx context.Context) (string, error) {
	commit, err := output(ctx, "git", "rev-parse", "--short", "HEAD")
	if err != nil {
		return "", err
	}
	changed, err := output(ctx, "git", "status", "--porcelain", "--untracked-files=no", "--", ".", ":!"+document)
	if changed != "" {
		commit += "+"
	}
	return commit, err
}

// choose are the runs of these names, all if there are none.
func choose(only string) ([]trialRun, error) {
	all := runs()
	if only == "" {
		return all, nil
	}
	if only == "none" {
		return nil, nil
	}
	var chosen []trialRun
	for name := range strings.SplitSeq(only, ",") {
		at := slices.IndexFunc(all, func(r trialRun) bool { return r.name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no run %q; there are %s", name, names(all))
		}
		chosen = append(chosen, all[at])
	}
	return chosen, nil
}

func names(list []trialRun) string {
	var names []string
	for _, r := range list {
		names = append(names, r.name)
	}
	return strings.Join(names, ", ")
}

// do runs the tests of one run. Of those that keep no result themselves it keeps how it ended.
func (r trialRun) do(ctx context.Context, quick bool, commit string) error {
	amount := r.full
	if quick {
		amount = r.quick
	}
	for n := range max(1, amount.times) {
		fmt.Printf("%s, %d of %d: %s\n", r.name, n+1, max(1, amount.times), r.command(amount))
		kept, err := filepath.Abs(keptAs)
		if err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, "go", r.args()...)
		cmd.Env = append(os.Environ(), trial.FileVariable+"="+kept, trial.CommitVariable+"="+commit)
		cmd.Env = append(cmd.Env, amount.env...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		began := time.Now()
		err = cmd.Run()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !r.keeps {
			result := trial.Result{Trial: r.name, Commit: commit, Seconds: time.Since(began).Seconds(), Failed: err != nil}
			result.Times = 1
			if kept := trial.Append(keptAs, result); kept != nil {
				return kept
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", r.command(amount), err)
		}
	}
	return nil
}

func output(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
