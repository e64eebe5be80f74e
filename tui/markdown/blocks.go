// SPDX-License-Identifier: GPL-2.0-only

package markdown

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"kchat/tui/text"
)

const (
	maxDepth = 4 // of quotes and lists that is shown; deeper ones stand there
	minFence = 3 // ticks or tildes around a block of code
)

// blocks cuts a text into its parts and draws them.
func (r *renderer) blocks(words string, width int) {
	lines := strings.Split(words, "\n")
	r.work += len(words)
	for i := 0; i < len(lines); {
		if fence, language, opens := opensCode(lines[i]); opens {
			i = r.codeBlock(lines, i, fence, language, width)
			continue
		}
		if depth, _ := quote(lines[i]); depth > 0 {
			i = r.quotes(lines, i, depth, width)
			continue
		}
		if indent, bullet, rest := item(lines[i]); bullet != "" {
			r.item(indent, bullet, rest, width)
			i++
			continue
		}
		from := i
		for i++; i < len(lines) && !beginsBlock(lines[i]); i++ {
		}
		plain, spans := r.inline(strings.Join(lines[from:i], "\n"), 0)
		r.paragraph(plain, spans, "", "", width)
	}
}

// beginsBlock reports whether a line is not part of the paragraph before it.
func beginsBlock(line string) bool {
	_, _, opens := opensCode(line)
	depth, _ := quote(line)
	_, bullet, _ := item(line)
	return opens || depth > 0 || bullet != ""
}

// quotes draws the lines from i on that are quoted to the same depth, and returns the first that is not.
func (r *renderer) quotes(lines []string, i, depth, width int) int {
	var within []string
	for ; i < len(lines); i++ {
		d, rest := quote(lines[i])
		if d != depth {
			break
		}
		within = append(within, rest)
	}
	bar := r.margin(strings.Repeat(r.look.Bar+" ", min(depth, maxDepth)))
	plain, spans := r.inline(strings.Join(within, "\n"), quoted)
	r.paragraph(plain, spans, bar, bar, width)
	return i
}

// quote returns how deep a line is quoted, and the rest of it.
func quote(line string) (depth int, rest string) {
	rest = line
	for {
		next := strings.TrimLeft(rest, " ")
		if len(rest)-len(next) > 3 || !strings.HasPrefix(next, ">") {
			break
		}
		if after, _ := utf8.DecodeRuneInString(next[1:]); depth == 0 && len(next) > 1 &&
			after != ' ' && after != '>' && !unicode.IsLetter(after) {
			break // >_< and >:( are faces
		}
		depth++
		rest = next[1:]
	}
	if depth == 0 {
		return 0, line
	}
	return depth, strings.TrimPrefix(rest, " ")
}

// item draws one entry of a list: its rows hang behind its bullet.
func (r *renderer) item(indent int, bullet, rest string, width int) {
	if bullet == "-" || bullet == "*" {
		bullet = r.look.Bullet
	}
	level := strings.Repeat("  ", min(indent/2, maxDepth))
	first := level + r.margin(bullet) + " "
	plain, spans := r.inline(rest, 0)
	r.paragraph(plain, spans, strings.Repeat(" ", text.Width(first)), first, width)
}

// item cuts a line of a list: "- words", "* words", "12. words" or "12) words". No bullet: it is none.
func item(line string) (indent int, bullet, rest string) {
	rest = strings.TrimLeft(line, " ")
	indent = len(line) - len(rest)
	n := 0
	for n < len(rest) && n < 3 && rest[n] >= '0' && rest[n] <= '9' {
		n++
	}
	switch {
	case rest == "":
		return 0, "", line
	case n > 0 && n < len(rest) && (rest[n] == '.' || rest[n] == ')'):
	case n == 0 && strings.ContainsRune("-*", rune(rest[0])):
	default:
		return 0, "", line
	}
	bullet, rest = rest[:n+1], rest[n+1:]
	if !strings.HasPrefix(rest, " ") || strings.TrimSpace(rest) == "" {
		return 0, "", line
	}
	return indent, bullet, strings.TrimLeft(rest, " ")
}

// opensCode reports whether a line opens a block of code, what closes that, and the language.
func opensCode(line string) (fence, language string, opens bool) {
	rest := strings.TrimLeft(line, " ")
	if len(line)-len(rest) > 3 || rest == "" || (rest[0] != '`' && rest[0] != '~') {
		return "", "", false
	}
	info := strings.TrimLeft(rest, rest[:1])
	n := len(rest) - len(info)
	if n < minFence || strings.Contains(info, "`") {
		return "", "", false
	}
	fields := strings.Fields(info)
	if len(fields) > 0 {
		language = fields[0]
	}
	return rest[:n], language, true
}

// closesCode reports whether a line ends the block of code that a fence opened.
func closesCode(line, fence string) bool {
	end := strings.TrimSpace(line)
	return len(end) >= len(fence) && strings.Trim(end, fence[:1]) == ""
}

// codeBlock draws the block of code that line i opens, and returns the line behind it. One that nobody closes ends with
// the text.
func (r *renderer) codeBlock(lines []string, i int, fence, language string, width int) int {
	from := i + 1
	for i = from; i < len(lines); i++ {
		if closesCode(lines[i], fence) {
			break
		}
	}
	body := lines[from:i]
	bar := r.margin(r.look.Bar + " ")
	inner := width - text.Width(bar)
	if inner < 8 {
		bar, inner = "", width
	}
	h := newHighlighter(language)
	for _, line := range body {
		spans := h.line(line)
		r.work += len(line) + len(spans)
		r.codeRows(line, spans, bar, inner)
	}
	r.work += h.work
	if len(body) == 0 {
		r.rows = append(r.rows, bar)
	}
	return min(i+1, len(lines))
}

// codeRows draws a line of code. One that is too long goes on in the next row, wherever it is cut: in code every space
// counts.
func (r *renderer) codeRows(line string, spans []span, bar string, width int) {
	at := 0
	for from := 0; ; {
		to := from + len(text.Fit(line[from:], width))
		var b strings.Builder
		b.WriteString(bar)
		for at < len(spans) && spans[at].to <= from {
			at++
		}
		for j := at; j < len(spans) && spans[j].from < to; j++ {
			s := spans[j]
			r.put(&b, line[max(s.from, from):min(s.to, to)], s.mark|code, 0)
		}
		r.rows = append(r.rows, b.String())
		if from = to; from >= len(line) {
			return
		}
	}
}

// margin draws what stands before words.
func (r *renderer) margin(s string) string { return r.look.Faint.Render(s) }
