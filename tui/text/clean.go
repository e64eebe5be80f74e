// SPDX-License-Identifier: GPL-2.0-only

package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/text/unicode/norm"
)

const (
	// maxMarks is how many combining marks one base keeps. Vietnamese needs two, Tibetan and vocalised Hebrew
	// up to five; hundreds on one letter would paint over the lines above.
	maxMarks = 6
	// tabWidth is how many spaces a tab becomes: a cell grid has no tab stops.
	tabWidth = 4

	replacement = '\uFFFD'
)

// Clean makes s harmless: valid UTF-8 in NFC, no control characters but the newline (escape sequences show as what
// they are), no bidirectional overrides, nothing invisible, few combining marks, and no cluster whose width terminals
// disagree on. Clean(Clean(s)) is Clean(s).
func Clean(s string) string {
	if plain(s) {
		return s
	}
	s = norm.NFC.String(strings.ToValidUTF8(s, string(replacement)))
	return agree(harmless(s))
}

// Line is Clean for what stands in one row: newlines become spaces.
func Line(s string) string {
	return strings.ReplaceAll(Clean(s), "\n", " ")
}

// Name is Line for names of persons and rooms: what would be blank shows as a question mark.
func Name(s string) string {
	s = strings.TrimSpace(Line(s))
	if s == "" {
		return "?"
	}
	return s
}

// Width returns how many cells a cleaned s takes.
func Width(s string) int { return ansi.StringWidth(s) }

// plain reports whether s is printable ASCII and newlines, as most of what passes here is.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' && c != '\n') || c >= 0x7f {
			return false
		}
	}
	return true
}

// harmless deals with single code points.
func harmless(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	marks := 0
	for i, r := range s {
		switch {
		case r == '\n':
		case r == '\t':
			b.WriteString("    "[:tabWidth])
			continue
		case r == '\r':
			if strings.HasPrefix(s[i+1:], "\n") {
				continue
			}
			r = '\n'
		case r == '\u2028' || r == '\u2029':
			r = '\n'
		case r < ' ':
			r += '\u2400' // the picture of the control character
		case r == 0x7f:
			r = '\u2421'
		case r > 0x7f && r < 0xa0:
			r = replacement
		case hidden(r):
			continue
		}
		if unicode.Is(unicode.M, r) {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		b.WriteRune(r)
	}
	return b.String()
}

// hidden reports code points that show nothing themselves but change or hide what is around them. The zero-width joiner
// and the variation selectors are left to agree, which knows the cluster they stand in.
func hidden(r rune) bool {
	switch {
	case r == '\u200d', r == '\ufe0e', r == '\ufe0f':
		return false
	case unicode.Is(unicode.Cf, r), // bidirectional controls, zero-width spaces, soft hyphen, tags
		r == '\u034f',                               // combining grapheme joiner
		r == '\u115f', r == '\u1160', r == '\u3164', // Hangul fillers
		r == '\uffa0',
		r >= '\ufe00' && r <= '\ufe0d', // other variation selectors
		r >= '\U000e0100' && r <= '\U000e01ef',
		unicode.Is(unicode.Noncharacter_Code_Point, r),
		unicode.Is(unicode.Co, r): // private use: no font agrees, and pictures are placed with them
		return true
	}
	return false
}

// agree replaces every cluster whose width depends on who measures it. Taking a code point away can join neighbours
// to a new cluster, so it looks again until nothing changes; each round shortens s, which ends it.
func agree(s string) string {
	for {
		next := agreeOnce(s)
		if next == s {
			return s
		}
		s = norm.NFC.String(next)
	}
}

func agreeOnce(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for len(s) > 0 {
		cluster, width := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		s = s[len(cluster):]
		b.WriteString(settled(cluster, width))
	}
	return b.String()
}

// settled returns cluster, or what stands for it.
func settled(cluster string, width int) string {
	if cluster == "\n" {
		return cluster
	}
	if width > 0 && width == ansi.StringWidthWc(cluster) && !joined(cluster) {
		return cluster
	}
	// Without what joins or restyles, the first code point is what most readers would call the thing itself:
	// the first of a family, the hand without its colour.
	for _, r := range cluster {
		if joined(string(r)) || unicode.Is(unicode.M, r) {
			continue
		}
		if one := string(r); ansi.StringWidth(one) == ansi.StringWidthWc(one) && ansi.StringWidth(one) > 0 {
			return one
		}
		break
	}
	if utf8.RuneCountInString(cluster) == 1 && width == 0 {
		return "" // a mark or a joiner with no base
	}
	return string(replacement)
}

// joined reports whether a cluster holds a joiner or a selector, which some terminals give a cell of its own.
func joined(cluster string) bool {
	return strings.ContainsAny(cluster, "\u200d\ufe0e\ufe0f")
}
