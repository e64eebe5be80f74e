// SPDX-License-Identifier: GPL-2.0-only

package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/text/unicode/norm"
)

func TestCleanMakesTextHarmless(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain text stays", "hello, world\nagain", "hello, world\nagain"},
		{"Hangul is composed", "\u1112\u1161\u11ab\u1100\u1173\u11af", "한글"},
		{"an escape sequence shows as what it is", "\x1b[31mred\x07", "␛[31mred␇"},
		{"C1 controls are replaced", "a\u009b31mb", "a\ufffd31mb"},
		{"a tab becomes spaces", "a\tb", "a    b"},
		{"CR LF and CR are line ends", "a\r\nb\rc", "a\nb\nc"},
		{"bidirectional overrides vanish", "abc\u202edef\u2066x\u2069", "abcdefx"},
		{"zero-width characters vanish", "a\u200bb\ufeffc\u00add", "abcd"},
		{"a family shows as its first member", "👨\u200d👩\u200d👧\u200d👦!", "👨!"},
		{"a coloured hand loses its colour", "👍🏽", "👍"},
		{"a red heart loses its selector", "❤\ufe0f", "❤"},
		{"a key cap is its digit", "1\ufe0f\u20e3", "1"},
		{"flags stay", "🇰🇷", "🇰🇷"},
		{"invalid UTF-8 is replaced", "a\xff\xfeb", "a\ufffdb"},
		{"five hundred marks become few", "a" + strings.Repeat("\u0316", 500), "a" + strings.Repeat("\u0316", maxMarks)},
		{"a mark without a base vanishes", "\u0301", ""},
		{"a picture placeholder vanishes", "\U0010eeee\u0305x", "x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Clean(c.in); got != c.want {
				t.Errorf("Clean(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestNameNeverIsBlank(t *testing.T) {
	for _, s := range []string{"", "  ", "\u3164", "\u200b\u202e", "\n"} {
		if got := Name(s); got != "?" {
			t.Errorf("Name(%q) = %q", s, got)
		}
	}
}

func TestWrapKeepsWordsAndBreaksCJK(t *testing.T) {
	for _, c := range []struct {
		name, in string
		width    int
		want     []string
	}{
		{"words move whole", "one two three", 8, []string{"one two", "three"}},
		{"a long word is broken", "abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		{"a long word after a short one", "ab cdefghij", 5, []string{"ab", "cdefg", "hij"}},
		{"Hangul breaks anywhere", "안녕하세요세계", 6, []string{"안녕하", "세요세", "계"}},
		{"short Hangul words move whole", "커널 안에서 만나요", 12, []string{"커널 안에서", "만나요"}},
		{"long Hangul words fill the row", "아 안녕하세요세계", 12, []string{"아 안녕하세", "요세계"}},
		{"closing punctuation does not begin a row", "안녕하。다", 6, []string{"안녕", "하。다"}},
		{"an empty line is a row", "a\n\nb", 5, []string{"a", "", "b"}},
		{"nothing is one row", "", 5, []string{""}},
		{"spaces inside stay", "a  b", 5, []string{"a  b"}},
		{"a width below two is two", "한글", 0, []string{"한", "글"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Wrap(c.in, c.width)
			if strings.Join(got, "|") != strings.Join(c.want, "|") {
				t.Errorf("Wrap(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
			}
		})
	}
}

func TestSteadyKeepsTheLayout(t *testing.T) {
	in := "\x1b[1ma👨\u200d👩\u200d👧b❤\ufe0fc\x1b[m"
	got := Steady(in)
	if ansi.StringWidth(got) != ansi.StringWidth(in) || ansi.StringWidthWc(got) != ansi.StringWidth(in) {
		t.Errorf("Steady(%q) = %q: widths %d and %d, want %d", in, got, ansi.StringWidth(got), ansi.StringWidthWc(got), ansi.StringWidth(in))
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"hello", "\x1b]0;x\x07", "👨\u200d👩\u200d👧", "e\u0301\u0301", "\u1100\u1161\u11a8", "🇰🇷🇰", "\u202e", "\xff", "ก็็", "1\ufe0f\u20e3", "\u1112\u119e\u11ab"} {
		f.Add(s, 7)
	}
	f.Fuzz(func(t *testing.T, s string, width int) {
		got := Clean(s)
		if !utf8.ValidString(got) {
			t.Fatalf("Clean(%q) = %q is not UTF-8", s, got)
		}
		if !norm.NFC.IsNormalString(got) {
			t.Fatalf("Clean(%q) = %q is not NFC", s, got)
		}
		if again := Clean(got); again != got {
			t.Fatalf("Clean(%q) = %q, and again %q", s, got, again)
		}
		for line := range strings.SplitSeq(got, "\n") {
			if g, w := ansi.StringWidth(line), ansi.StringWidthWc(line); g != w {
				t.Fatalf("Clean(%q): %q is %d or %d wide", s, line, g, w)
			}
		}
		for _, r := range got {
			if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0) {
				t.Fatalf("Clean(%q) = %q holds a control character", s, got)
			}
		}
		width = 2 + (width&0xff)%80
		for _, row := range Wrap(got, width) {
			if Width(row) > width {
				t.Fatalf("Wrap(%q, %d): row %q is %d wide", got, width, row, Width(row))
			}
		}
	})
}

func TestRowsSayWhereTheRowsOfATextAre(t *testing.T) {
	s := "안녕하세요 여러분\n  a long-ish line, wrapped "
	for width := range 20 {
		rows := Rows(s, width)
		wrapped := Wrap(s, width)
		if len(rows) != len(wrapped) {
			t.Fatalf("width %d: %d rows and %d", width, len(rows), len(wrapped))
		}
		for i, r := range rows {
			if s[r.From:r.To] != wrapped[i] || (i > 0 && r.From < rows[i-1].To) {
				t.Errorf("width %d: row %d is %q, not %q", width, i, s[r.From:r.To], wrapped[i])
			}
		}
	}
}
