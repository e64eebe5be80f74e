// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// completionShells are how each shell is asked, without a terminal, what the last of some words can become. $@ are the
// words.
var completionShells = map[string][]string{
	"bash": {"bash", "--norc", "-c", `
		. /usr/share/bash-completion/bash_completion
		. <(kchat-tui completion bash)
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
		compopt() { :; } # of a key that was pressed only
		__start_kchat-tui kchat-tui "${COMP_WORDS[COMP_CWORD]}"
		printf '%s\n' "${COMPREPLY[@]}"`, "bash"},
	"zsh": {"zsh", "-f", "-c", `
		autoload -U compinit; compinit -D -u
		. <(kchat-tui completion zsh)
		_describe() { print -l -- "${(M)completions[@]:#${words[-1]}*}" } # shows those that begin so
		_arguments() { print files }
		words=("$@"); CURRENT=$#
		_kchat-tui`, "zsh"},
	"fish": {"fish", "--no-config", "-c", `
		kchat-tui completion fish | source
		complete -C (string join ' ' -- $argv)`},
}

func TestShellsCompleteCommandsFlagsAndValues(t *testing.T) {
	p := newPerson(t)
	p.env = append(p.env, "PATH="+filepath.Dir(os.Getenv(programEnv))+":"+os.Getenv("PATH"), "HOME="+p.dir)
	for shell, line := range completionShells {
		t.Run(shell, func(t *testing.T) {
			if _, err := exec.LookPath(shell); err != nil {
				t.Fatalf("%v: \"make setup\" installs it", err)
			}
			ask := func(typed ...string) []string {
				t.Helper()
				cmd := exec.CommandContext(t.Context(), line[0], append(slices.Clone(line[1:]), append([]string{"kchat-tui"}, typed...)...)...)
				cmd.Env = p.env
				var complaints strings.Builder
				cmd.Stderr = &complaints
				out, err := cmd.Output()
				if err != nil && complaints.Len() > 0 {
					t.Fatalf("%s: %v: %s", shell, err, complaints.String())
				}
				var words []string // without what is said of them
				for offered := range strings.Lines(string(out)) {
					if fields := strings.FieldsFunc(offered, func(r rune) bool { return strings.ContainsRune(" \t\n:", r) }); len(fields) > 0 {
						words = append(words, fields[0])
					}
				}
				return words
			}
			for _, c := range []struct {
				typed []string
				has   []string
				not   string
			}{
				{[]string{"lo"}, []string{"login"}, "send"},
				{[]string{"admin", "un"}, []string{"unregister"}, "kick"},
				{[]string{"history", ""}, []string{"export", "import", "list", "search", "show"}, "login"},
				{[]string{"login", "--passw"}, []string{"--password-file"}, "--theme"},
				{[]string{"login", "--images", ""}, []string{"auto", "kitty", "sixel", "blocks", "off"}, "login"},
				{[]string{"login", "--theme", "co"}, []string{"contrast", "colorblind"}, "dark"},
				{[]string{"server", "start", "--mode", "n"}, []string{"native"}, "vm"},
			} {
				got := ask(c.typed...)
				for _, word := range c.has {
					if !slices.Contains(got, word) {
						t.Errorf("%q can become %q, and not %q", c.typed, got, word)
					}
				}
				if slices.Contains(got, c.not) {
					t.Errorf("%q can become %q", c.typed, got)
				}
			}
		})
	}
}
