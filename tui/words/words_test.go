// SPDX-License-Identifier: GPL-2.0-only

package words

import (
	"regexp"
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
	if got := candidates("../x"); len(got) != 0 {
		t.Errorf("a path is a candidate: %q", got)
	}
}

// A language says nothing that English does not, and fills the same places.
func TestLanguagesAgreeWithEnglish(t *testing.T) {
	english, err := read("en")
	if err != nil {
		t.Fatal(err)
	}
	all, err := files.ReadDir("catalogue")
	if err != nil {
		t.Fatal(err)
	}
	place := regexp.MustCompile(`\{[a-z_]+\}`)
	for _, f := range all {
		own, err := read(strings.TrimSuffix(f.Name(), ".toml"))
		if err != nil {
			t.Error(err)
			continue
		}
		for key, entry := range own {
			model, ok := english[key]
			if !ok {
				t.Errorf("%s: English has no %q", f.Name(), key)
				continue
			}
			for _, p := range place.FindAllString(entry, -1) {
				if !strings.Contains(model, p) {
					t.Errorf("%s: %q has a place %s that English has not", f.Name(), key, p)
				}
			}
		}
		for key := range english {
			if _, ok := own[key]; !ok && !strings.HasSuffix(key, ".one") {
				t.Errorf("%s: %q is missing", f.Name(), key)
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
