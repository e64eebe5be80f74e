// SPDX-License-Identifier: GPL-2.0-only

package markdown

import "strings"

// OutsideCode changes the parts of a text that are not code.
func OutsideCode(words string, change func(string) string) string {
	var b strings.Builder
	lines := strings.SplitAfter(words, "\n")
	for i := 0; i < len(lines); {
		fence, _, opens := opensCode(strings.TrimSuffix(lines[i], "\n"))
		from := i
		if opens {
			for i++; i < len(lines) && !closesCode(lines[i], fence); i++ {
			}
			i = min(i+1, len(lines))
			b.WriteString(strings.Join(lines[from:i], ""))
			continue
		}
		for i++; i < len(lines) && !beginsBlock(strings.TrimSuffix(lines[i], "\n")); i++ {
		}
		outsideSpans(&b, strings.Join(lines[from:i], ""), change)
	}
	return b.String()
}

// outsideSpans changes what is not between ticks.
func outsideSpans(b *strings.Builder, s string, change func(string) string) {
	sc := &scanner{r: &renderer{look: &Look{}}, s: s, limit: len(s)}
	from := 0
	for sc.at < len(s) {
		if s[sc.at] != '`' {
			sc.at++
			continue
		}
		at, found := sc.at, len(sc.cuts)
		sc.codeSpan()
		if len(sc.cuts) > found {
			b.WriteString(change(s[from:at]))
			b.WriteString(s[at:sc.at])
			from = sc.at
		}
	}
	b.WriteString(change(s[from:]))
}
