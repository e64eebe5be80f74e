// SPDX-License-Identifier: GPL-2.0-only

package markdown

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cut is a place in a text at which looks change. What is cut out is not shown; what is put in its place is.
type cut struct {
	at, n   int // bytes that are left out
	put     string
	putMark mark
	flip    mark // looks that begin or end here
	link    int  // behind here: -1 as before, 0 none
}

// scanner finds the marks of one paragraph, from its beginning to its end, once.
type scanner struct {
	r       *renderer
	s       string
	at      int
	cuts    []cut
	open    [3]int // the cut that opened bold, italic and struck; -1: none
	ticks   map[int][]int
	pairs   []int32 // the bracket or parenthesis that closes the one at a place; 0: none
	paired  bool
	linkEnd int // marks of links before here are text
	limit   int // code does not go beyond
}

// toggles are the looks that a mark begins and the same mark ends.
var toggles = [3]mark{bold, italic, struck}

// inline finds the marks within a paragraph and returns what is shown, and how.
func (r *renderer) inline(s string, base mark) (string, []span) {
	sc := &scanner{r: r, s: s, limit: len(s), open: [3]int{-1, -1, -1}}
	for sc.at < len(s) {
		before := sc.at
		sc.step()
		r.work += sc.at - before
	}
	for _, i := range sc.open { // nothing closed it
		if i >= 0 {
			sc.cuts[i] = cut{link: -1}
		}
	}
	return sc.apply(base)
}

// step looks at what stands at one place.
func (sc *scanner) step() {
	s, i := sc.s, sc.at
	switch ch := s[i]; ch {
	case '`':
		sc.codeSpan()
	case '\\':
		sc.escape()
	case '*', '_', '~':
		sc.emphasis(ch)
	case '[':
		sc.link()
	case '<':
		sc.angle()
	case 'h', 'H', 'w', 'W', 'm', 'M':
		sc.bareLink()
	default:
		sc.at++
	}
}

// run returns how many of the same byte stand at i.
func run(s string, i int) int {
	n := 1
	for i+n < len(s) && s[i+n] == s[i] {
		n++
	}
	return n
}

// codeSpan takes what stands between two runs of as many ticks.
func (sc *scanner) codeSpan() {
	n := run(sc.s, sc.at)
	end := sc.closingTicks(n)
	if end < 0 || end+n > sc.limit {
		sc.at += n
		return
	}
	inner := sc.s[sc.at+n : end]
	if strings.TrimSpace(inner) == "" { // nothing could be seen of it
		sc.at += n
		return
	}
	pad := 0
	if len(inner) > 2 && inner[0] == ' ' && inner[len(inner)-1] == ' ' {
		pad = 1
	}
	open, shut := cut{at: sc.at, n: n + pad, flip: inline, link: -1}, cut{at: end - pad, n: n + pad, flip: inline, link: -1}
	if sc.r.look.Ticks {
		open.put, shut.put, open.putMark, shut.putMark = "`", "`", inline, inline
	}
	sc.cuts = append(sc.cuts, open, shut)
	sc.at = end + n
}

// closingTicks returns where the next run of n ticks begins, or -1. The runs of a text are looked for once.
func (sc *scanner) closingTicks(n int) int {
	if sc.ticks == nil {
		sc.ticks = make(map[int][]int)
		for i := sc.at; i < len(sc.s); {
			k := 1
			if sc.s[i] == '`' {
				k = run(sc.s, i)
				sc.ticks[k] = append(sc.ticks[k], i)
			}
			i += k
		}
		sc.r.work += len(sc.s)
	}
	places := sc.ticks[n]
	for len(places) > 0 && places[0] <= sc.at {
		places = places[1:]
	}
	sc.ticks[n] = places
	if len(places) == 0 {
		return -1
	}
	return places[0]
}

// escape keeps what stands behind a backslash from being a mark. Before an underscore both stay, for the shrugging
// figure's sake; there it need not be escaped anyway.
func (sc *scanner) escape() {
	i := sc.at
	if i+1 < len(sc.s) && strings.IndexByte("*`~[", sc.s[i+1]) >= 0 {
		sc.cuts = append(sc.cuts, cut{at: i, n: 1, link: -1})
		sc.at += 2
		return
	}
	if i+1 < len(sc.s) && (sc.s[i+1] == '_' || sc.s[i+1] == '\\') {
		sc.at += 2
		return
	}
	sc.at++
}

// emphasis takes a run of marks that may begin or end a look.
func (sc *scanner) emphasis(ch byte) {
	n := run(sc.s, sc.at)
	var kinds []int // indexes of toggles, in the order in which they open
	switch {
	case ch == '*' && n == 1, ch == '_' && n == 1:
		kinds = []int{1}
	case ch == '*' && n == 2:
		kinds = []int{0}
	case ch == '*' && n == 3:
		kinds = []int{0, 1}
	case ch == '~' && n == 2:
		kinds = []int{2}
	}
	before, _ := utf8.DecodeLastRuneInString(sc.s[:sc.at])
	after, _ := utf8.DecodeRuneInString(sc.s[sc.at+n:])
	inWord := wordly
	if ch == '_' {
		inWord = func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }
	}
	mayOpen := sc.at+n < len(sc.s) && !unicode.IsSpace(after) && (sc.at == 0 || !inWord(before))
	mayClose := sc.at > 0 && !unicode.IsSpace(before) && (sc.at+n == len(sc.s) || !inWord(after))
	at := sc.at
	sc.at += n
	if mayClose && sc.closeAll(kinds, ch, at, n) {
		return
	}
	if !mayOpen {
		return
	}
	for _, k := range kinds {
		if i := sc.open[k]; i >= 0 {
			sc.cuts[i] = cut{link: -1} // the one before was text
		}
		size := n
		if len(kinds) == 2 {
			size = 2 - k
		}
		sc.cuts = append(sc.cuts, cut{at: at, n: size, put: string(ch), link: -1})
		sc.open[k] = len(sc.cuts) - 1
		at += size
	}
}

// closeAll ends the looks that a run of n marks stands for, if all of them are open by the same kind of mark.
func (sc *scanner) closeAll(kinds []int, ch byte, at, n int) bool {
	for _, k := range kinds {
		if i := sc.open[k]; i < 0 || sc.cuts[i].put != string(ch) {
			return false
		}
	}
	var flip mark
	for _, k := range kinds {
		i := sc.open[k]
		sc.cuts[i].put, sc.cuts[i].flip = "", toggles[k]
		sc.open[k] = -1
		flip |= toggles[k]
	}
	if flip == 0 {
		return false
	}
	sc.cuts = append(sc.cuts, cut{at: at, n: n, flip: flip, link: -1})
	return true
}

// wordly reports letters of scripts that put spaces between words and none within them: marks there are none.
func wordly(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r)) &&
		!unicode.In(r, unicode.Hangul, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer)
}

// apply makes what is shown of what was found.
func (sc *scanner) apply(base mark) (string, []span) {
	var b strings.Builder
	b.Grow(len(sc.s))
	var spans []span
	now, link, from := base, 0, 0
	write := func(words string, m mark) {
		if words == "" {
			return
		}
		at := b.Len()
		b.WriteString(words)
		if last := len(spans) - 1; last >= 0 && spans[last].mark == m && spans[last].link == link {
			spans[last].to = b.Len()
			return
		}
		spans = append(spans, span{at, b.Len(), m, link})
	}
	for _, c := range sc.cuts {
		if c == (cut{link: -1}) {
			continue
		}
		write(sc.s[from:c.at], now)
		if c.link >= 0 {
			link = c.link
		}
		write(c.put, now|c.putMark)
		now ^= c.flip
		from = c.at + c.n
	}
	write(sc.s[from:], now)
	sc.r.work += len(sc.s) + len(sc.cuts)
	return b.String(), spans
}
