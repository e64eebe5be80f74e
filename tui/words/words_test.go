// SPDX-License-Identifier: GPL-2.0-only

package words

import "testing"

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
