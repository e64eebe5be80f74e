// SPDX-License-Identifier: GPL-2.0-only

package markdown

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"kchat/tui/text"
)

// render lays out words as the screen does.
func render(words string, width int) []string {
	return Render(testLook(), text.Clean(words), width)
}

func testLook() *Look {
	color := func(n string) lipgloss.Style { return lipgloss.NewStyle().Foreground(lipgloss.Color(n)) }
	return &Look{
		Faint: color("8"), Quote: color("7"), Link: color("4").Underline(true), Inline: color("12"), Code: color("3"), Keyword: color("5"), String: color("2"),
		Number: color("6"), Remark: color("9"), Added: color("10"), Removed: color("11"), Bar: "│", Bullet: "•", Anchor: "k1",
	}
}

var (
	links = regexp.MustCompile("\x1b\\]8;([^;]*);([^\x07\x1b]*)(?:\x07|\x1b\\\\)")
	sgr   = regexp.MustCompile("\x1b\\[([0-9;]*)m")
)

// read makes styled rows readable: {1}bold{} for SGR, <id url> and </> for links.
func read(rows []string) string {
	s := strings.Join(rows, "\n")
	s = links.ReplaceAllStringFunc(s, func(m string) string {
		part := links.FindStringSubmatch(m)
		if part[2] == "" {
			return "</>"
		}
		return "<" + part[1] + " " + part[2] + ">"
	})
	return sgr.ReplaceAllStringFunc(s, func(m string) string {
		if code := sgr.FindStringSubmatch(m)[1]; code != "" && code != "0" {
			return "{" + code + "}"
		}
		return "{}"
	})
}

func TestMarksBecomeLooks(t *testing.T) {
	for _, test := range []struct{ words, want string }{
		{"plain words", "plain words"},
		{"**bold** and *slanted* and _slanted_ and ~~gone~~", "{1}bold{} and {3}slanted{} and {3}slanted{} and {9}gone{}"},
		{"***both***", "{1;3}both{}"},
		{"**a *b* c**", "{1}a {}{1;3}b{}{1} c{}"},
		{"**굵게**는 *기울임*도 된다", "{1}굵게{}는 {3}기울임{}도 된다"},
		{"이것은**중요**합니다", "이것은{1}중요{}합니다"},
		{"over\n*two\nlines*", "over\n{3}two{}\n{3}lines{}"},
		{"`code *is* code`", "{94}code *is* code{}"},
		{"``a ` tick``", "{94}a ` tick{}"},
		{"`` ` ``", "{94}`{}"},
		{`\*no\* and \` + "`no`", "*no* and `no`"},
		// What is no mark stays as it was written.
		{"2*3*4 and 2 * 3 * 4", "2*3*4 and 2 * 3 * 4"},
		{"file_name_1 and __init__ and 함수_이름_값", "file_name_1 and __init__ and 함수_이름_값"},
		{"*.go and *.c", "*.go and *.c"},
		{"f(*p, *q)", "f(*p, *q)"},
		{`¯\_(ツ)_/¯`, `¯\_(ツ)_/¯`},
		{"**open and `open", "**open and `open"},
		{"**** and ~ and ~~~", "**** and ~ and ~~~"},
		{`C:\new\*`, `C:\new*`},
		{">_< and >:(", ">_< and >:("},
		{"# heading", "# heading"},
		{"#room @name :)", "#room @name :)"},
	} {
		if got := read(render(test.words, 60)); got != test.want {
			t.Errorf("%q\n got %q\nwant %q", test.words, got, test.want)
		}
	}
}

func TestQuotesAndListsHangBehindTheirMarks(t *testing.T) {
	for _, test := range []struct {
		words string
		want  string
	}{
		{"> said *before*\n> and here\nmy answer", "│ said before\n│ and here\nmy answer"},
		{">> twice\n> once", "│ │ twice\n│ once"},
		{"- one and some more words\n- two\n  - under two", "• one and some more\n  words\n• two\n  • under two"},
		{"1. first\n2) second\n10. tenth", "1. first\n2) second\n10. tenth"},
		{"- \n-5 degrees\n+ 3", "-\n-5 degrees\n+ 3"},
	} {
		if got := ansi.Strip(strings.Join(render(test.words, 20), "\n")); got != test.want {
			t.Errorf("%q\n got %q\nwant %q", test.words, got, test.want)
		}
	}
}

func TestCodeKeepsItsSpacesAndHasColours(t *testing.T) {
	got := read(render("look:\n```go\nfunc f() { // why\n    return \"x\", 0x1f\n}\n```\ndone", 40))
	want := "look:\n{90}│ {}{35}func{}{33} f() { {}{91}// why{}\n" +
		"{90}│ {}{33}    {}{35}return{}{33} {}{32}\"x\"{}{33}, {}{36}0x1f{}\n" +
		"{90}│ {}{33}}{}\ndone"
	if got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	for _, test := range []struct{ words, want string }{
		{"```\nint x;\n```", "{90}│ {}{33}int x;{}"},                                             // no language
		{"```nonsuch\nint x;", "{90}│ {}{33}int x;{}"},                                           // nobody closes it
		{"```c\n/* a\nb */ int", "{90}│ {}{91}/*{}{91} a{}\n{90}│ {}{91}b */{}{33} {}{35}int{}"}, // a remark of two lines
		{"```sh\necho it's $x # done", "{90}│ {}{35}echo{}{33} it's $x {}{91}# done{}"},
		{"```diff\n+new\n-old\n same", "{90}│ {}{92}+new{}\n{90}│ {}{93}-old{}\n{90}│ {}{33} same{}"},
		{"```sql\nSELECT 'a'", "{90}│ {}{35}SELECT{}{33} {}{32}'a'{}"},
	} {
		if got := read(render(test.words, 40)); got != test.want {
			t.Errorf("%q\n got %q\nwant %q", test.words, got, test.want)
		}
	}
}

func TestEveryLanguageIsFoundByEachOfItsNames(t *testing.T) {
	for _, name := range []string{"c", "go", "rust", "py", "bash", "ts", "java", "sql", "ruby", "lua", "html", "css", "json", "yaml", "make", "diff"} {
		if l := languageOf(name); l == nil || (!l.diff && len(l.list) == 0) {
			t.Errorf("nothing is known of %s", name)
		}
	}
}

func TestLinksSurviveWrappingUnderOneID(t *testing.T) {
	got := read(render("see https://example.com/a/long/path/that/wraps here", 20))
	want := "see\n" +
		"<id=k1-1 https://example.com/a/long/path/that/wraps>{4;34;4}https://example.com/{}</>\n" +
		"<id=k1-1:row=1 https://example.com/a/long/path/that/wraps>{4;34;4}a/long/path/that/wra{}</>\n" +
		"<id=k1-1:row=2 https://example.com/a/long/path/that/wraps>{4;34;4}ps{}</> here"
	if got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

// readLinks returns what is shown, with links as text→target.
func readLinks(words string) string {
	s := sgr.ReplaceAllString(strings.Join(render(words, 200), "\n"), "")
	target := ""
	return links.ReplaceAllStringFunc(s, func(m string) string {
		if to := links.FindStringSubmatch(m)[2]; to != "" {
			target = to
			return "⟦"
		}
		return "⟧→" + target
	})
}

func TestLinksLeadOnlyWhereTheySayAndOnlyToPages(t *testing.T) {
	for _, test := range []struct{ words, want string }{
		{"[docs](https://example.com/d)", "⟦docs⟧→https://example.com/d (example.com)"},
		{"[example.com](https://example.com/d)", "⟦example.com⟧→https://example.com/d"},
		{"[https://good.com](https://evil.com)", "⟦https://good.com⟧→https://evil.com (evil.com)"},
		{"[https://good.com@evil.com](https://evil.com)", "⟦https://good.com@evil.com⟧→https://evil.com (evil.com)"},
		{"https://good.com@evil.com/", "⟦https://good.com@evil.com/⟧→https://good.com@evil.com/ (evil.com)"},
		{"https://gооd.com", "⟦https://gооd.com⟧→https://xn--gd-fmca.com (xn--gd-fmca.com)"}, // two Cyrillic letters
		{"[**bold** words](https://a.b/c)", "⟦bold⟧→https://a.b/c⟦ words⟧→https://a.b/c (a.b)"},
		{"(see https://a.b/c_(d)).", "(see ⟦https://a.b/c_(d)⟧→https://a.b/c_(d))."},
		{"https://a.b/c, 그리고 https://a.b:8080/d에서", "⟦https://a.b/c⟧→https://a.b/c, 그리고 ⟦https://a.b:8080/d⟧→https://a.b:8080/d에서"},
		{"https://ko.wikipedia.org/wiki/리눅스", "⟦https://ko.wikipedia.org/wiki/리눅스⟧→https://ko.wikipedia.org/wiki/%EB%A6%AC%EB%88%85%EC%8A%A4"},
		{"www.kernel.org!", "⟦www.kernel.org⟧→https://www.kernel.org!"},
		{"<https://a.b>", "⟦https://a.b⟧→https://a.b"},
		{"[write](mailto:a@b.c?subject=x)", "⟦write⟧→mailto:a@b.c (a@b.c)"},
		{"http://[::1]:80/x", "⟦http://[::1]:80/x⟧→http://[::1]:80/x"},
		{"`https://a.b`", "https://a.b"},
		// These are none.
		{"[x](javascript:alert(1))", "[x](javascript:alert(1))"},
		{"[x](file:///etc/passwd)", "[x](file:///etc/passwd)"},
		{"[x](vscode://open)", "[x](vscode://open)"},
		{"[x]( https://a.b )", "[x]( ⟦https://a.b⟧→https://a.b )"},
		{"[](https://a.b)", "[](⟦https://a.b⟧→https://a.b)"},
		{"http://", "http://"},
		{"https:///path", "https:///path"},
		{"a[0](1) and x[i]", "a[0](1) and x[i]"},
	} {
		if got := readLinks(test.words); got != test.want {
			t.Errorf("%q\n got %q\nwant %q", test.words, got, test.want)
		}
	}
}

func TestNothingOfAStrangersReachesTheTerminalButLettersAndCheckedAddresses(t *testing.T) {
	for _, words := range []string{
		"\x1b]8;id=evil;https://evil.com\x1b\\here\x1b]8;;\x1b\\",
		"[x](https://a.b/\x1b]52;c;eA==\x07)", "[x](https://a.b/;id=9;\x9d)", "```\x1b[31m\n\x1b[2J\n```", "> \x1b[H", "- \x07",
	} {
		for _, row := range render(words, 30) {
			rest := sgr.ReplaceAllString(links.ReplaceAllString(row, ""), "")
			if strings.ContainsAny(rest, "\x1b\x07\u009d") {
				t.Errorf("%q became %q", words, row)
			}
			for _, m := range links.FindAllStringSubmatch(row, -1) {
				if m[1] != "" && !strings.HasPrefix(m[1], "id=k1-") {
					t.Errorf("%q has a link with %q", words, m[1])
				}
			}
		}
	}
}

// hostile makes texts that make other parsers try again and again.
func hostile(n int) map[string]string {
	all := make(map[string]string)
	for _, unit := range []string{
		"*", "**a ", "*a **b ", "_a", "`", "`a``b```c", "[", "[a](", "[a](b", "](", "[[a]", "<http://", "http://a", "www.", "> ", ">",
		"- ", "- - ", "1. ", "\\", "~~a", "***a", "[a](http://b.c)", "```c\n", "```x\n```\n", "\n", "\\\"", "`a", "(", "((http://x)", "가", "👍",
	} {
		all[unit] = strings.Repeat(unit, n/len(unit))
	}
	all["quotes in code"] = "```c\n" + strings.Repeat(`\"`, n/2)
	all["remarks in code"] = "```c\n" + strings.Repeat("/*", n/2)
	all["ticks of all lengths"] = func() string {
		var b strings.Builder
		for i := 1; b.Len() < n; i++ {
			b.WriteString(strings.Repeat("`", i) + " ")
		}
		return b.String()
	}()
	return all
}

// Not the clock but the bytes that were looked at are counted: twice the text may cost twice the work and no more.
func TestHostileTextCostsNoMoreThanItsLength(t *testing.T) {
	const n = 32 << 10
	work := func(s string) int {
		r := &renderer{look: testLook(), styles: make(map[span]edges), began: make(map[int]int)}
		r.blocks(s, 60)
		return r.work
	}
	twice := hostile(2 * n)
	for name, s := range hostile(n) {
		once, double := work(s), work(twice[name])
		if once > 24*len(s)+4096 {
			t.Errorf("%q: %d bytes cost %d steps", name, len(s), once)
		}
		if double > 2*once+once/4+4096 {
			t.Errorf("%q: %d steps, and %d for twice as much", name, once, double)
		}
	}
}

func TestRowsAreNeverWiderThanTheScreen(t *testing.T) {
	for name, s := range hostile(512) {
		for _, width := range []int{2, 7, 12, 40} {
			for _, row := range Render(testLook(), text.Clean(s), width) {
				if w := ansi.StringWidth(row); w > max(width, 2) {
					t.Fatalf("%q at %d: a row of %d cells: %q", name, width, w, row)
				}
			}
		}
	}
}

func TestWithoutColoursTheTicksOfCodeStay(t *testing.T) {
	look := testLook()
	look.Ticks = true
	if got := ansi.Strip(strings.Join(Render(look, "use `ls -l` **now**", 40), "\n")); got != "use `ls -l` now" {
		t.Errorf("got %q", got)
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range hostile(64) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = text.Clean(s)
		letters := func(rows []string) string { return strings.Join(rows, "") }
		if got := letters(Render(testLook(), s, 20)); s != "" && strings.TrimSpace(s) != "" && got == "" {
			t.Errorf("nothing is left of %q", s)
		}
	})
}

func BenchmarkMessage(b *testing.B) {
	look := testLook()
	words := "**Look** at `kmod/send.c` and https://example.com/x: 안녕하세요, it is *quite* a thing to read."
	for b.Loop() {
		if len(Render(look, words, 60)) == 0 {
			b.Fatal(fmt.Errorf("nothing"))
		}
	}
}
