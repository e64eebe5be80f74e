// SPDX-License-Identifier: GPL-2.0-only

package words

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestSayFillsPlacesAndCountPicksAForm(t *testing.T) {
	c, err := Load("xx_YY.UTF-8")
	if err != nil {
		t.Fatal(err)
	}
	if c.Language != "en" {
		t.Errorf("an unknown language gets %q", c.Language)
	}
	if got := c.Say("person.came", "name", "미나"); got != "미나 came in." {
		t.Errorf("said %q", got)
	}
	if got := c.Say("person.came", "name", "{name}"); got != "{name} came in." {
		t.Errorf("a name with a place in it said %q", got)
	}
	if one, two := c.Count("rooms.people", 1), c.Count("rooms.people", 2); one != "1 person" || two != "2 people" {
		t.Errorf("counted %q and %q", one, two)
	}
	if got := c.Say("no.such.word"); got != "no.such.word" {
		t.Errorf("a missing word said %q", got)
	}
}

func TestLocalesNameFiles(t *testing.T) {
	for locale, want := range map[string]string{"ko_KR.UTF-8": "ko-KR", "zh_TW": "zh-TW", "C.UTF-8": "C", "de@euro": "de"} {
		if got := candidates(locale); len(got) == 0 || got[0] != want {
			t.Errorf("candidates(%q) = %q", locale, got)
		}
	}
	for locale, want := range map[string]string{
		"": "en", "C": "en", "POSIX": "en", "en_US.UTF-8": "en", "xx_YY.UTF-8": "en", "no such locale": "en", "../ko": "en",
		"ko": "ko", "ko_KR.UTF-8": "ko", "ko_KR.eucKR": "ko",
		"zh_TW.UTF-8": "zh-TW", "zh_TW.Big5": "zh-TW", "zh_HK.UTF-8": "zh-TW", "zh_MO": "zh-TW", "zh_Hant_TW": "zh-TW", "zh-TW": "zh-TW",
		"zh_CN.UTF-8": "en", "zh_SG": "en", "zh_Hans_HK": "en", "zh": "en",
	} {
		c, err := Load(locale)
		if err != nil {
			t.Errorf("%q: %v", locale, err)
		} else if c.Language != want {
			t.Errorf("%q speaks %s, not %s", locale, c.Language, want)
		}
	}
	if got := candidates("../x"); len(got) != 0 {
		t.Errorf("a path is a candidate: %q", got)
	}
}

// sameAsEnglish are the entries that may be in another language what they are in English: names, forms without a word,
// and commands that have no words but their own.
var sameAsEnglish = map[string]bool{
	"tick.of": true, "rule.failed": true, "picture.size": true, "file.hash": true, "theme.sample.faint": true,
}

// wordless is a usage that a language cannot say otherwise: nothing in it is to be replaced by a word of one's own.
var wordless = regexp.MustCompile(`^/[a-z-]+( \[?[a-zN0-9: |]+\]?| load\|save …)*$`)

// A language says all that English says and nothing else, fills the same places, and says it in its own words.
func TestLanguagesAgreeWithEnglish(t *testing.T) {
	english, err := read(fallback)
	if err != nil {
		t.Fatal(err)
	}
	if got := Languages(); !slices.Equal(got, []string{"en", "ko", "zh-TW"}) {
		t.Fatalf("the languages are %q", got)
	}
	place := regexp.MustCompile(`\{[a-z_]+\}`)
	for _, code := range Languages() {
		own, err := read(code)
		if err != nil {
			t.Error(err)
			continue
		}
		for key, entry := range own {
			model, ok := english[key]
			if !ok {
				t.Errorf("%s: English has no %q", code, key)
				continue
			}
			places, wanted := place.FindAllString(entry, -1), place.FindAllString(model, -1)
			slices.Sort(places)
			slices.Sort(wanted)
			if places, wanted = slices.Compact(places), slices.Compact(wanted); !slices.Equal(places, wanted) {
				t.Errorf("%s: %q has the places %q, and in English %q", code, key, places, wanted)
			}
			if code != fallback && entry == model && !sameAsEnglish[key] && !wordless.MatchString(entry) {
				t.Errorf("%s: %q is English: %q", code, key, entry)
			}
		}
		for key := range english {
			if _, ok := own[key]; !ok && !strings.HasSuffix(key, ".one") {
				t.Errorf("%s: %q is missing", code, key)
			}
		}
	}
}

func TestALanguageWithoutASingularCountsWithItsOnlyForm(t *testing.T) {
	c, err := Load("ko_KR.UTF-8")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Count("rooms.people", 1); got != "1명" {
		t.Errorf("counted %q", got)
	}
}
