// SPDX-License-Identifier: GPL-2.0-only

// Package emoji knows emoji by their shortcodes, such as :smile:, and finds them by a few letters.
package emoji

import (
	"cmp"
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"kchat/tui/markdown"
	"kchat/tui/text"
)

//go:embed table.tsv
var table string

//go:embed korean.tsv
var korean string

// Emoji is one of them.
type Emoji struct {
	Char  string   // what is sent
	Shown string   // what is shown: where terminals disagree on the width of Char, what all agree on
	Codes []string // without the colons; the first is the best known
	Name  string
	words string // all by which it is found
}

// Code is the shortcode with its colons.
func (e *Emoji) Code() string { return ":" + e.Codes[0] + ":" }

// Table is all emoji, in Unicode's order.
type Table struct {
	all    []Emoji
	byCode map[string]int
	byChar map[string]int
}

// New reads the table. It takes a few milliseconds, so it is to be done when the first emoji is wanted.
func New() *Table {
	t := &Table{byCode: make(map[string]int), byChar: make(map[string]int)}
	for line := range strings.Lines(table) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) != 3 {
			continue // a remark
		}
		e := Emoji{Char: fields[0], Codes: strings.Fields(fields[1]), Name: fields[2]}
		e.Shown = text.Clean(e.Char)
		e.words = strings.ToLower(fields[1] + " " + fields[2])
		for _, code := range e.Codes {
			t.byCode[code] = len(t.all)
		}
		t.byChar[e.Char] = len(t.all)
		t.all = append(t.all, e)
	}
	for line := range strings.Lines(korean) {
		code, words, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if i, known := t.byCode[code]; known {
			t.all[i].words += " " + words
		}
	}
	return t
}

// Get returns the emoji of a shortcode, which may stand in colons.
func (t *Table) Get(code string) (*Emoji, bool) {
	i, known := t.byCode[strings.ToLower(strings.Trim(code, ":"))]
	if !known {
		return nil, false
	}
	return &t.all[i], true
}

// Of returns what is known of an emoji.
func (t *Table) Of(char string) (*Emoji, bool) {
	i, known := t.byChar[char]
	if !known {
		return nil, false
	}
	return &t.all[i], true
}

// Like returns up to n emoji that are found by what is typed: first those that are called so, then those whose code
// begins so, then those with a word that begins so, at last those with these letters somewhere. Those come first
// within each that were used of late. What no terminal can show as it is meant is left out, unless it is called so.
func (t *Table) Like(typed string, recent []string, n int) []*Emoji {
	typed = strings.ToLower(strings.Trim(strings.TrimSpace(typed), ":"))
	type hit struct {
		e            *Emoji
		rank, length int
	}
	var hits []hit
	for i := range t.all {
		e := &t.all[i]
		rank := e.rank(typed)
		if rank < 0 || (rank > 0 && !e.showable()) {
			continue
		}
		rank *= 2
		if !slices.Contains(recent, e.Char) {
			rank++
		}
		hits = append(hits, hit{e, rank, e.length(typed)})
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Or(a.rank-b.rank, a.length-b.length) })
	out := make([]*Emoji, 0, min(n, len(hits)))
	for _, h := range hits[:min(n, len(hits))] {
		out = append(out, h.e)
	}
	return out
}

// rank says how well an emoji fits what is typed, the best first; -1: not at all.
func (e *Emoji) rank(typed string) int {
	switch {
	case typed == "":
		return 1
	case slices.Contains(e.Codes, typed):
		return 0
	case slices.ContainsFunc(e.Codes, func(code string) bool { return strings.HasPrefix(code, typed) }):
		return 1
	case strings.Contains(" "+strings.ReplaceAll(e.words, "_", " "), " "+typed):
		return 2
	case strings.Contains(e.words, typed):
		return 3
	}
	return -1
}

// length is that of the shortest code that begins as is typed: what is nearly typed is most likely meant. 0: none does.
func (e *Emoji) length(typed string) int {
	n := 0
	for _, code := range e.Codes {
		if typed != "" && strings.HasPrefix(code, typed) && (n == 0 || len(code) < n) {
			n = len(code)
		}
	}
	return n
}

// young are the emoji of Unicode 15, of 2022: to many terminals in use they are nothing yet, and one cell wide.
var young = &unicode.RangeTable{R32: []unicode.Range32{
	{Lo: 0x1f6dc, Hi: 0x1f6dc, Stride: 1},
	{Lo: 0x1fa75, Hi: 0x1fa77, Stride: 1},
	{Lo: 0x1fa87, Hi: 0x1fa88, Stride: 1},
	{Lo: 0x1faad, Hi: 0x1faaf, Stride: 1},
	{Lo: 0x1fabb, Hi: 0x1fabf, Stride: 1},
	{Lo: 0x1face, Hi: 0x1facf, Stride: 1},
	{Lo: 0x1fada, Hi: 0x1fadb, Stride: 1},
	{Lo: 0x1fae8, Hi: 0x1fae8, Stride: 1},
	{Lo: 0x1faf7, Hi: 0x1faf8, Stride: 1},
}}

// showable reports whether terminals show the emoji itself. A selector for its coloured form may be lost.
func (e *Emoji) showable() bool {
	return !strings.ContainsFunc(e.Char, func(r rune) bool { return unicode.Is(young, r) }) &&
		(e.Shown == e.Char || e.Shown == strings.ReplaceAll(e.Char, "\ufe0f", ""))
}

// Expand puts emoji in place of the shortcodes in what somebody wrote, but not within code. A shortcode stands apart
// from Latin letters and digits: 12:100:3 is none.
func (t *Table) Expand(words string) string {
	return markdown.OutsideCode(words, t.expand)
}

func (t *Table) expand(words string) string {
	var b strings.Builder
	from, after := 0, false // after: right behind an emoji
	for i := 0; i < len(words); {
		if words[i] != ':' {
			i, after = i+1, false
			continue
		}
		n := 1
		for i+n < len(words) && codeByte(words[i+n]) {
			n++
		}
		e, known := t.byCode[strings.ToLower(words[i+1:i+n])]
		if !known || i+n >= len(words) || words[i+n] != ':' || !(after || apartBefore(words[:i])) || !apartAfter(words[i+n+1:]) {
			i, after = i+max(1, n-1), false
			continue
		}
		b.WriteString(words[from:i])
		b.WriteString(t.all[e].Char)
		i += n + 1
		from, after = i, true
	}
	return b.String() + words[from:]
}

func codeByte(c byte) bool {
	return c == '_' || c == '-' || c == '+' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
}

func apartBefore(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return s == "" || (r != ':' && r != '/' && !latin(r))
}

func apartAfter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s == "" || !latin(r)
}

func latin(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// Typed returns the shortcode that is being typed at the end of a word, without its colon, and what stands before it.
// Two letters must be there, since :D and :p are meant as they are.
func Typed(word string) (before, code string, ok bool) {
	i := strings.LastIndexByte(word, ':')
	if i < 0 || !apartBefore(word[:i]) || utf8.RuneCountInString(word[i+1:]) < 2 {
		return "", "", false
	}
	for _, r := range word[i+1:] {
		if !(r < utf8.RuneSelf && codeByte(byte(r))) && !unicode.Is(unicode.Hangul, r) {
			return "", "", false
		}
	}
	return word[:i], word[i+1:], true
}
