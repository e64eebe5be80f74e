// SPDX-License-Identifier: GPL-2.0-only

package markdown

import "strings"

// highlighter finds the words, strings, numbers and remarks in lines of code. It is a scanner with a table of languages
// and no more: libraries that know languages by regular expressions try again and again on code that was written to
// make them, and this code is a stranger's.
type highlighter struct {
	lang   *language
	until  string // what ends a remark or a string that began in a line before
	within mark
	work   int
}

func newHighlighter(name string) *highlighter {
	return &highlighter{lang: languageOf(strings.ToLower(name))}
}

// line returns the spans of the next line; they cover it.
func (h *highlighter) line(s string) []span {
	h.work += len(s)
	if h.lang == nil {
		return []span{{0, len(s), 0, 0}}
	}
	if h.lang.diff {
		return []span{{0, len(s), diffMark(s), 0}}
	}
	l := codeLine{h: h, s: s}
	for l.at < len(s) {
		l.step()
	}
	l.take(l.at, 0)
	return l.spans
}

func diffMark(s string) mark {
	switch {
	case strings.HasPrefix(s, "@@"):
		return keyword
	case strings.HasPrefix(s, "+++"), strings.HasPrefix(s, "---"):
		return bold
	case strings.HasPrefix(s, "+"):
		return added
	case strings.HasPrefix(s, "-"):
		return removed
	}
	return 0
}

// codeLine is a line that is being looked at.
type codeLine struct {
	h     *highlighter
	s     string
	at    int
	from  int // what was not taken yet
	spans []span
	never [128]bool // quotes that nothing closes in this line
}

// take ends the part from l.from as plain, and makes what follows up to a place a part with a look.
func (l *codeLine) take(to int, m mark) {
	if l.at > l.from {
		l.spans = append(l.spans, span{l.from, l.at, 0, 0})
	}
	if to > l.at {
		l.spans = append(l.spans, span{l.at, to, m, 0})
	}
	l.at, l.from = to, to
}

func (l *codeLine) step() {
	h, rest := l.h, l.s[l.at:]
	if h.until != "" {
		end := strings.Index(rest, h.until)
		if end < 0 {
			l.take(len(l.s), h.within)
			return
		}
		l.take(l.at+end+len(h.until), h.within)
		h.until = ""
		return
	}
	for _, begin := range h.lang.line {
		if strings.HasPrefix(rest, begin) && (begin != "#" || l.at == 0 || strings.IndexByte(" \t;", l.s[l.at-1]) >= 0) {
			l.take(len(l.s), remark)
			return
		}
	}
	for _, m := range h.lang.spanning {
		if strings.HasPrefix(rest, m.begin) {
			h.until, h.within = m.end, m.mark
			end := l.at + len(m.begin)
			l.take(end, m.mark)
			return
		}
	}
	switch ch := rest[0]; {
	case strings.IndexByte(h.lang.quotes, ch) >= 0 && !l.never[ch]:
		l.quoted(ch)
	case ch >= '0' && ch <= '9':
		l.take(l.at+length(rest, func(c byte) bool { return wordByte(c) || c == '.' }), number)
	case wordByte(ch) || (ch == '#' && h.lang.hash):
		n := 1 + length(rest[1:], wordByte)
		if h.lang.knows(rest[:n]) {
			l.take(l.at+n, keyword)
		} else {
			l.at += n
		}
	default:
		l.at++
	}
}

// quoted takes a string up to its closing quote. A quote that nothing closes is an apostrophe, and so are all after it.
func (l *codeLine) quoted(quote byte) {
	for i := l.at + 1; i < len(l.s); i++ {
		switch l.s[i] {
		case '\\':
			i++
		case quote:
			l.h.work += i - l.at
			l.take(i+1, literal)
			return
		}
	}
	l.h.work += len(l.s) - l.at
	l.never[quote] = true
	l.at++
}

func length(s string, in func(byte) bool) int {
	n := 0
	for n < len(s) && in(s[n]) {
		n++
	}
	return n
}

func wordByte(c byte) bool {
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80
}
