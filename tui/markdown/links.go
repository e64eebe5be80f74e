// SPDX-License-Identifier: GPL-2.0-only

package markdown

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxAddress is the longest address of a link, in bytes: what common terminals and browsers take.
const maxAddress = 2048

// address is where a link leads.
type address struct {
	target string // printable ASCII, as OSC 8 wants it
	host   string // what a person must know of it; of a mail its address
	user   bool   // something stands before the host that could be taken for it
}

// parseAddress checks an address. Only those that open a web page or a letter are links: nothing here may start
// another program of the reader's.
func parseAddress(raw string) (address, bool) {
	if len(raw) > maxAddress {
		return address{}, false
	}
	if hasFold(raw, "www.") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil {
		return address{}, false
	}
	a := address{host: u.Hostname(), user: u.User != nil}
	switch u.Scheme {
	case "http", "https":
		host, ok := plainHost(a.host)
		if !ok {
			return address{}, false
		}
		if port := u.Port(); host != a.host && port != "" {
			u.Host = host + ":" + port
		} else if host != a.host {
			u.Host = host
		}
		a.host = host
	case "mailto":
		u.RawQuery = ""
		if a.host = u.Opaque; !strings.Contains(a.host, "@") || strings.Contains(a.host, "%") {
			return address{}, false
		}
	default:
		return address{}, false
	}
	a.target = u.String()
	for i := range len(a.target) {
		if a.target[i] <= ' ' || a.target[i] > '~' {
			return address{}, false
		}
	}
	return a, true
}

// plainHost returns a host in the letters that it has in the network: what looks like another host in some script
// does not there.
func plainHost(host string) (string, bool) {
	plain := host != ""
	for i := range len(host) {
		plain = plain && (host[i] < utf8.RuneSelf && (wordly(rune(host[i])) || strings.IndexByte("-_.:", host[i]) >= 0))
	}
	if plain {
		return strings.ToLower(host), true
	}
	host, err := idna.Lookup.ToASCII(host)
	return host, err == nil && host != ""
}

// tells reports whether words that are linked say where the link leads.
func (a address) tells(words string) bool {
	words = strings.ToLower(strings.TrimSpace(words))
	if words == a.host {
		return true
	}
	shown, ok := parseAddress(words)
	return ok && shown.host == a.host && !shown.user && strings.Contains(words, a.host)
}

func hasFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// link takes [words](address). The words may be marked; another link within them is none.
func (sc *scanner) link() {
	i := sc.at
	sc.at++
	if i < sc.linkEnd || !sc.pairUp() {
		return
	}
	shut := int(sc.pairs[i])
	if shut <= i+1 || shut+1 >= len(sc.s) || sc.s[shut+1] != '(' {
		return
	}
	end := int(sc.pairs[shut+1])
	if end == 0 || end-shut > maxAddress {
		return
	}
	to, ok := parseAddress(sc.s[shut+2 : end])
	words := sc.s[i+1 : shut]
	if !ok || strings.TrimSpace(words) == "" {
		return
	}
	sc.cuts = append(sc.cuts, cut{at: i, n: 1, flip: linked, link: sc.note(to)})
	sc.linkEnd = end + 1
	sc.within(shut)
	sc.cuts = append(sc.cuts, cut{at: shut, flip: linked, link: 0})
	leave := cut{at: shut, n: end + 1 - shut, link: -1}
	if !to.tells(words) {
		leave.put, leave.putMark = " ("+to.host+")", leads
	}
	sc.cuts = append(sc.cuts, leave)
	sc.at = end + 1
}

// within looks for marks up to a place.
func (sc *scanner) within(end int) {
	sc.limit = end
	for sc.at < end {
		sc.step()
	}
	sc.limit = len(sc.s)
}

// note remembers where a link leads and returns its number.
func (sc *scanner) note(to address) int {
	sc.r.links = append(sc.r.links, to.target)
	return len(sc.r.links)
}

// pairUp finds which brackets and parentheses belong together, once for a text: brackets within a line, parentheses
// within a word. It reports whether there can be a link at all.
func (sc *scanner) pairUp() bool {
	if sc.paired {
		return sc.pairs != nil
	}
	sc.paired = true
	sc.r.work += len(sc.s)
	if !strings.Contains(sc.s, "](") {
		return false
	}
	sc.pairs = make([]int32, len(sc.s))
	var brackets, parens []int
	for i := range len(sc.s) {
		switch sc.s[i] {
		case '[':
			brackets = append(brackets, i)
		case ']':
			brackets = sc.pair(brackets, i)
		case '(':
			parens = append(parens, i)
		case ')':
			parens = sc.pair(parens, i)
		case '\n':
			brackets, parens = brackets[:0], parens[:0]
		case ' ':
			parens = parens[:0]
		}
	}
	return true
}

func (sc *scanner) pair(open []int, shut int) []int {
	if len(open) == 0 {
		return open
	}
	last := len(open) - 1
	sc.pairs[open[last]] = int32(shut) // a message is far smaller than that
	return open[:last]
}

// angle takes <address>.
func (sc *scanner) angle() {
	i := sc.at
	sc.at++
	if i < sc.linkEnd || !linkBegins(sc.s[i+1:]) {
		return
	}
	end := addressEnd(sc.s[i+1:])
	sc.r.work += end
	if end == 0 || i+1+end >= len(sc.s) || sc.s[i+1+end] != '>' {
		return
	}
	to, ok := parseAddress(sc.s[i+1 : i+1+end])
	if !ok {
		return
	}
	sc.cuts = append(sc.cuts, cut{at: i, n: 1, link: -1})
	sc.address(i+1, i+1+end, to)
	sc.cuts = append(sc.cuts, cut{at: i + 1 + end, n: 1, link: -1})
	sc.at = i + end + 2
}

// bareLink takes an address that stands in the text.
func (sc *scanner) bareLink() {
	i := sc.at
	before, _ := utf8.DecodeLastRuneInString(sc.s[:i])
	if i < sc.linkEnd || (i > 0 && wordly(before)) || !linkBegins(sc.s[i:]) {
		sc.at++
		return
	}
	end := addressEnd(sc.s[i:])
	sc.r.work += end
	found := trimAddress(sc.s[i : i+end])
	to, ok := parseAddress(found)
	if !ok {
		sc.at += max(end, 1)
		return
	}
	sc.address(i, i+len(found), to)
	sc.at = i + len(found)
}

// address links what stands between two places. Where what is read is not where it leads, it is said.
func (sc *scanner) address(from, to int, leadsTo address) {
	end := cut{at: to, flip: linked, link: 0}
	sc.cuts = append(sc.cuts, cut{at: from, flip: linked, link: sc.note(leadsTo)}, end)
	if !strings.HasPrefix(leadsTo.target, "mailto:") && !leadsTo.tells(sc.s[from:to]) {
		sc.cuts = append(sc.cuts, cut{at: to, put: " (" + leadsTo.host + ")", putMark: leads, link: -1})
	}
}

// linkBegins reports whether an address begins here.
func linkBegins(s string) bool {
	for _, begin := range []string{"http://", "https://", "www.", "mailto:"} {
		if hasFold(s, begin) && len(s) > len(begin) {
			return true
		}
	}
	return false
}

// addressEnd returns where the address at the beginning of s ends. Korean particles stand right behind words: where
// Hangul follows a Latin letter or digit the address is over.
func addressEnd(s string) int {
	var before rune
	for i, r := range s {
		switch {
		case unicode.IsSpace(r), strings.ContainsRune("<>\"`|、。，！？；：）」』】》”’", r):
			return i
		case unicode.Is(unicode.Hangul, r) && before < utf8.RuneSelf && wordly(before):
			return i
		}
		before = r
	}
	return len(s)
}

// trimAddress takes off what ends the sentence and not the address. A closing parenthesis stays if its opening one is
// within.
func trimAddress(s string) string {
	depth := strings.Count(s, "(") - strings.Count(s, ")")
	for s != "" {
		switch last := s[len(s)-1]; {
		case last == ')' && depth < 0:
			depth++
		case strings.IndexByte(".,;:!?'*_~]}", last) < 0:
			return s
		}
		s = s[:len(s)-1]
	}
	return s
}
