// SPDX-License-Identifier: GPL-2.0-only

package emoji

import (
	"strings"
	"testing"

	"kchat/tui/text"
)

func TestShortcodesBecomeEmoji(t *testing.T) {
	all := New()
	for _, test := range []struct{ words, want string }{
		{"good :smile: :+1::tada:!", "good 😄 👍🎉!"},
		{"좋아:heart:요", "좋아❤️요"},
		{":SMILE:", "😄"},
		{":no_such_thing: and : and ::", ":no_such_thing: and : and ::"},
		{"at 12:100:30 and std:key:x", "at 12:100:30 and std:key:x"},
		{"http://x/:key:", "http://x/:key:"},
		{"`:smile:` is :smile:", "`:smile:` is 😄"},
		{"```\n:smile:\n```\n:smile:", "```\n:smile:\n```\n😄"},
		{":smile", ":smile"},
	} {
		if got := all.Expand(test.words); got != test.want {
			t.Errorf("%q became %q, not %q", test.words, got, test.want)
		}
	}
}

func TestEveryShortcodeIsOneEmojis(t *testing.T) {
	all := New()
	seen := make(map[string]string)
	for _, e := range all.all {
		for _, code := range e.Codes {
			if was, twice := seen[code]; twice {
				t.Errorf(":%s: is %s and %s", code, was, e.Char)
			}
			seen[code] = e.Char
			if strings.TrimFunc(code, func(r rune) bool { return codeByte(byte(r)) }) != "" {
				t.Errorf(":%s: cannot be typed", code)
			}
		}
		if e.Shown == "" || text.Clean(e.Shown) != e.Shown || e.Name == "" {
			t.Errorf("%q is shown as %q and called %q", e.Char, e.Shown, e.Name)
		}
	}
	for line := range strings.Lines(korean) {
		if code, _, ok := strings.Cut(line, "\t"); ok && seen[code] == "" {
			t.Errorf("korean.tsv: there is no :%s:", code)
		}
	}
	if len(all.all) < 1800 {
		t.Errorf("only %d", len(all.all))
	}
}

func TestAFewLettersFindEmoji(t *testing.T) {
	all := New()
	for _, test := range []struct {
		typed  string
		recent []string
		want   string
	}{
		{"smile", nil, "😄"},
		{"tad", nil, "🎉"},
		{"he", nil, "🌿"}, // :herb:, the shortest
		{"hear", nil, "❤️"},
		{"party", nil, "🥳"},
		{"하트", nil, "💖"},
		{"하트", []string{"💕"}, "💕"},
		{"좋아", nil, "👍"},
		{"rocket", nil, "🚀"},
		{":fire:", nil, "🔥"},
		{"kr", nil, "🇰🇷"},
	} {
		got := all.Like(test.typed, test.recent, 5)
		if len(got) == 0 || got[0].Char != test.want {
			t.Errorf("%q found %v", test.typed, chars(got))
		}
	}
	if got := all.Like("zzzz", nil, 5); len(got) != 0 {
		t.Errorf("found %v", chars(got))
	}
	for _, e := range all.Like("", nil, 5000) {
		if !e.showable() {
			t.Errorf("%s is offered and shown as %s", e.Char, e.Shown)
		}
	}
}

func chars(all []*Emoji) (out []string) {
	for _, e := range all {
		out = append(out, e.Char)
	}
	return out
}

func TestAShortcodeIsSeenWhileItIsTyped(t *testing.T) {
	for word, want := range map[string]string{":sm": "sm", "좋아:하트": "하트", "(:ta": "ta", ":D": "", "std::co": "", "12:30": "", "http://a:80": "", ":a b": ""} {
		if _, code, ok := Typed(word); ok != (want != "") || code != want {
			t.Errorf("%q: %q", word, code)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		New()
	}
}
