// SPDX-License-Identifier: GPL-2.0-only

package mention

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestANameIsFoundAsAWord(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		found      []string
	}{
		{"anna", "anna", []string{"anna"}},
		{"anna", "hello Anna, and ANNA!", []string{"Anna", "ANNA"}},
		{"anna", "@anna look", []string{"@anna"}},
		{"anna", "(anna) anna's «anna»", []string{"anna", "anna", "anna"}},
		{"anna", "it was anna.", []string{"anna"}},
		{"anna", "susanna annabel anna_b anna2", nil},
		{"anna", "anna-lena lena-anna", nil},
		{"anna", "bob@anna.example anna.txt /home/anna", nil},
		{"anna", "anna…", []string{"anna"}},
		{"Kim Min", "ask kim min about it", []string{"kim min"}},
		{"ÅSA", "åsa", []string{"åsa"}},
		{"Ωmega", "ωMEGA", []string{"ωMEGA"}},
		{"", "anything", nil},
		{" ", "a b", nil},
	} {
		check(t, tc.name, tc.text, tc.found)
	}
}

func TestAKoreanNameTakesParticles(t *testing.T) {
	for _, text := range []string{
		"민수야 밥 먹자", "민수는 왔어?", "민수가", "@민수 봐", "@민수는", "민수한테는 말했어", "민수까지도", "민수씨가", "민수님께서", "민수랑 나랑", "내가 민수를 봤다", "민수?", "민수에게",
	} {
		if got := In(text, "민수"); len(got) != 1 || strings.TrimPrefix(text[got[0][0]:got[0][1]], "@") != "민수" {
			t.Errorf("%q: %v", text, got)
		}
	}
	for _, text := range []string{"민준아", "민준이가 왔다", "민준이는", "민준이한테", "민준이"} {
		check(t, "민준", text, []string{"민준"})
	}
	for _, text := range []string{"김민수", "민수기", "민수영", "민수단", "가민수는", "민주는", "민"} {
		check(t, "민수", text, nil)
	}
	// A Latin name takes them too.
	check(t, "anna", "anna야, Anna는?", []string{"anna", "Anna"})
	check(t, "anna", "annabel이", nil)
}

func TestANameOfOneCharacterNeedsTheSign(t *testing.T) {
	check(t, "수", "수도는 서울이다. 수 많은", nil)
	check(t, "수", "@수 @수는", []string{"@수", "@수"})
	check(t, "a", "a dog", nil)
	check(t, "a", "@A dog", []string{"@A"})
}

func check(t *testing.T, name, text string, want []string) {
	t.Helper()
	var got []string
	for _, at := range In(text, name) {
		got = append(got, text[at[0]:at[1]])
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q in %q: %q, not %q", name, text, got, want)
	}
}

func FuzzIn(f *testing.F) {
	f.Add("민수한테는 @anna", "민수")
	f.Add("\xffanna\xff", "\xff")
	f.Add(strings.Repeat("가", 100), "가")
	f.Fuzz(func(t *testing.T, text, name string) {
		last := 0
		for _, at := range In(text, name) {
			if at[0] < last || at[1] <= at[0] || at[1] > len(text) {
				t.Fatalf("%q in %q: %v", name, text, at)
			}
			if utf8.ValidString(text) && !utf8.ValidString(text[at[0]:at[1]]) {
				t.Fatalf("%q in %q: %v cuts a character", name, text, at)
			}
			last = at[1]
		}
	})
}
