// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kchat/tui/words"
	"kchat/wire"
)

// manualLanguages are those of the main pages: their names in man/src and among the words of the screen, and the folder.
var manualLanguages = []struct{ code, words, folder string }{
	{"en", "en", ""}, {"ko", "ko", "ko"}, {"zh_TW", "zh-TW", "zh_TW"},
}

// manual makes all pages, by their paths under man/.
func manual(man string) (map[string]string, error) {
	tree := rootCommand()
	pages := make(map[string]string)
	for _, cmd := range manualCommands(tree) {
		pages[filepath.Join("man1", "kchat-tui-"+cmd.Name()+".1")] = commandPage(cmd)
	}
	for _, language := range manualLanguages {
		in, err := words.Load(language.words)
		if err != nil {
			return nil, err
		}
		limits, err := limitsTable(man, language.code)
		if err != nil {
			return nil, err
		}
		places := strings.NewReplacer("@commands@\n", commandList(tree), "@slash@\n", slashCommands(in), "@seealso@\n", seeAlso(tree),
			"@limits@\n", limits, "@errors@\n", errorTable(in))
		for _, page := range []string{"kchat-tui.1", "kchat.4"} {
			source, err := os.ReadFile(filepath.Join(man, "src", page+"."+language.code))
			if err != nil {
				return nil, err
			}
			name, section, _ := strings.Cut(page, ".")
			pages[filepath.Join(language.folder, "man"+section, page)] = heading(name, section) + places.Replace(string(source))
		}
	}
	return pages, nil
}

// manualCommands are the commands that have a page.
func manualCommands(tree *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(tree.Commands()), func(c *cobra.Command) bool {
		return c.Hidden || c.Name() == "help" || c.Name() == "completion"
	})
}

func heading(name, section string) string {
	return ".\\\" SPDX-License-Identifier: GPL-2.0-only\n.\\\" Made by \"make man\" of man/src and of the program itself.\n" +
		fmt.Sprintf(".TH %s %s \"\" kchat kchat\n", roff(strings.ToUpper(name)), section)
}

// roff is text as troff has to be told.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}

// paragraphs sets text whose lines were broken for a terminal; what is indented stays as it is.
func paragraphs(s string) string {
	var b strings.Builder
	plain := true
	for line := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		if indented := strings.HasPrefix(line, " "); indented == plain && line != "" {
			if plain = !indented; plain {
				b.WriteString(".fi\n.PP\n")
			} else {
				b.WriteString(".nf\n")
			}
		}
		if line == "" {
			if plain {
				b.WriteString(".PP\n")
			}
			continue
		}
		b.WriteString(roff(line) + "\n")
	}
	if !plain {
		b.WriteString(".fi\n")
	}
	return b.String()
}

// commandPage is the page of a command, with those below it.
func commandPage(cmd *cobra.Command) string {
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	b := &strings.Builder{}
	b.WriteString(heading(name, "1"))
	fmt.Fprintf(b, ".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n", roff(name), roff(lowered(cmd.Short)))
	if !cmd.HasSubCommands() {
		fmt.Fprintf(b, ".B %s\n", roff(cmd.UseLine()))
	} else {
		fmt.Fprintf(b, ".B %s\n.I COMMAND\n.RI [ OPTION ]...\n", roff(cmd.CommandPath()))
	}
	about := cmd.Long
	if about == "" {
		about = cmd.Short + "."
	}
	b.WriteString(".SH DESCRIPTION\n" + paragraphs(about))
	if cmd.HasSubCommands() {
		b.WriteString(".SH COMMANDS\n")
		subcommands(b, cmd)
	}
	if flags := options(cmd.NonInheritedFlags()) + options(cmd.InheritedFlags()); flags != "" {
		b.WriteString(".SH OPTIONS\n" + flags)
	}
	if cmd.Example != "" {
		b.WriteString(".SH EXAMPLES\n.nf\n" + roff(cmd.Example) + "\n.fi\n")
	}
	b.WriteString(".SH SEE ALSO\n.BR kchat\\-tui (1),\n.BR kchat (4)\n")
	return b.String()
}

// subcommands describes the commands below one, each with its options.
func subcommands(b *strings.Builder, cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		if c.Hidden || c.Name() == "help" {
			continue
		}
		if c.HasSubCommands() {
			fmt.Fprintf(b, ".SS %q\n%s", roff(c.CommandPath()), paragraphs(lengthOf(c)))
			subcommands(b, c)
			continue
		}
		fmt.Fprintf(b, ".SS %q\n%s%s", roff(strings.TrimSuffix(c.UseLine(), " [flags]")), paragraphs(lengthOf(c)), options(c.NonInheritedFlags()))
	}
}

// lengthOf is what there is to say of a command.
func lengthOf(cmd *cobra.Command) string {
	if cmd.Long != "" {
		return cmd.Long
	}
	return cmd.Short + "."
}

// options describes flags.
func options(flags *pflag.FlagSet) string {
	var b strings.Builder
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		b.WriteString(".TP\n.B \\-\\-" + roff(f.Name))
		if value != "" {
			b.WriteString(" \\fI" + roff(value) + "\\fR")
		}
		b.WriteString("\n" + roff(usage))
		switch f.DefValue {
		case "", "false", "[]", "0", "0s":
		default:
			fmt.Fprintf(&b, " (default %s)", roff(f.DefValue))
		}
		b.WriteString("\n")
	})
	return b.String()
}

func lowered(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func commandList(tree *cobra.Command) string {
	var b strings.Builder
	for _, cmd := range manualCommands(tree) {
		fmt.Fprintf(&b, ".TP\n.BR kchat\\-tui\\-%s (1)\n%s\n", roff(cmd.Name()), roff(lowered(cmd.Short)))
	}
	return b.String()
}

func seeAlso(tree *cobra.Command) string {
	var b strings.Builder
	for _, cmd := range manualCommands(tree) {
		fmt.Fprintf(&b, ".BR kchat\\-tui\\-%s (1),\n", roff(cmd.Name()))
	}
	return b.String() + ".BR kchat (4)\n"
}

// slashCommands are the commands of the chat, in a language.
func slashCommands(in *words.Catalogue) string {
	var b strings.Builder
	keys := in.Keys()
	slices.Sort(keys)
	for _, key := range keys {
		if base, is := strings.CutSuffix(key, ".usage"); is && strings.HasPrefix(key, "command.") {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(in.Say(key)), roff(in.Say(base+".help")))
		}
	}
	return b.String()
}

// errorTable is the table of errors of the protocol.
func errorTable(in *words.Catalogue) string {
	var b strings.Builder
	for n := range wire.ErrorNumber(1000) {
		if name := n.Name(); !strings.HasPrefix(name, "error ") {
			fmt.Fprintf(&b, ".TP\n.B %d %s\n%s\n", n, roff(name), roff(in.Say("error."+strings.ToLower(name))))
		}
	}
	return b.String()
}

var (
	limitRow  = regexp.MustCompile(`X\((\w+),\s*(\d+)(?:ULL)?,\s*(\d+)(?:ULL)?,\s*(\d+)(?:ULL)?,\s*"([^"]*)",\s*"([^"]*)"\)`)
	brokenRow = regexp.MustCompile(`\s*\\\n\s*`)
)

// limitsTable is the module's table of limits. What they mean stands there in English, in man/src/limits.CODE otherwise.
func limitsTable(man, code string) (string, error) {
	source, err := os.ReadFile(filepath.Join(man, "..", "kmod", "param.h"))
	if err != nil {
		return "", err
	}
	said := make(map[string]string)
	if code != "en" {
		own, err := os.ReadFile(filepath.Join(man, "src", "limits."+code))
		if err != nil {
			return "", err
		}
		for line := range strings.Lines(string(own)) {
			name, meaning, _ := strings.Cut(strings.TrimSpace(line), " ")
			said[name] = meaning
		}
	}
	rows := limitRow.FindAllStringSubmatch(brokenRow.ReplaceAllString(string(source), " "), -1)
	if len(rows) < 2 || code != "en" && len(said) != len(rows) {
		return "", fmt.Errorf("kmod/param.h has %d limits, and man/src/limits.%s has %d", len(rows), code, len(said))
	}
	var b strings.Builder
	for _, row := range rows {
		name, otherwise, least, most, unit, meaning := row[1], row[2], row[3], row[4], row[5], row[6]
		if code != "en" {
			if meaning = said[name]; meaning == "" {
				return "", fmt.Errorf("man/src/limits.%s does not say what %s is", code, name)
			}
		}
		if unit != "" {
			unit = " " + unit
		}
		fmt.Fprintf(&b, ".TP\n.BR %s \" (%s%s; %s \\- %s)\"\n%s\n", roff(name), otherwise, roff(unit), least, most, roff(meaning))
	}
	return b.String(), nil
}
