// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kchat/rooms"
)

func query(t testing.TB, text string) Query {
	t.Helper()
	return must(ParseQuery(text, noon))(t)
}

// found searches and returns the hits' words with what matched in brackets.
func found(t testing.TB, s *Store, text string) (words []string) {
	t.Helper()
	for _, h := range gather(t, s.Search(context.Background(), query(t, text))) {
		text, at := "", 0
		for _, m := range h.Matches() {
			text += h.Message.Text[at:m[0]] + "[" + h.Message.Text[m[0]:m[1]] + "]"
			at = m[1]
		}
		words = append(words, text+h.Message.Text[at:])
	}
	return words
}

func TestSearchFinds(t *testing.T) {
	s := openTest(t)
	picture := said(9, "")
	picture.Attached = &rooms.Attachment{MIME: "image/png", Name: "고양이 Photo.png"}
	kernel := by(ann, "앤 Lee", said(10, "회의실 예약 https://kernel.org"))
	kernel.Room = "kernel"
	save(
		t, s,
		said(1, "주간회의록 공유"), said(2, "점심 회의, 어디서?"), said(3, "밥"), said(4, "김치찌개 먹자"),
		said(5, "Straße in ÅNGSTRÖM"), said(6, "100% of a_b"), said(7, "會議"), said(8, "의회 회 의"), picture, kernel,
	)
	for text, want := range map[string][]string{
		"회의":                            {"[회의]실 예약 https://kernel.org", "점심 [회의], 어디서?", "주간[회의]록 공유"},
		"\u1112\u116c\u110b\u1174":      {"[회의]실 예약 https://kernel.org", "점심 [회의], 어디서?", "주간[회의]록 공유"},
		"밥":                             {"[밥]"},
		"개":                             {"김치찌[개] 먹자"},
		"치찌개":                           {"김[치찌개] 먹자"},
		"會議":                            {"[會議]"},
		"회의 점심":                         {"[점심] [회의], 어디서?"},
		`"점심 회의,"`:                      {"[점심 회의,] 어디서?"},
		`"회의 점심"`:                       nil,
		"ångström":                      {"Straße in [ÅNGSTRÖM]"},
		"STRASSE":                       nil,
		"100%":                          {"[100%] of a_b"},
		"%":                             {"100[%] of a_b"},
		"a_b":                           {"100% of [a_b]"},
		"f":                             {"100% o[f] a_b"},
		"photo":                         {""},
		"has:image":                     {""},
		"has:image 고양이":                 {""},
		"has:video":                     nil,
		"has:link":                      {"회의실 예약 https://kernel.org"},
		"in:kernel 회의":                  {"[회의]실 예약 https://kernel.org"},
		"in:#lobby 회의":                  {"점심 [회의], 어디서?", "주간[회의]록 공유"},
		`from:"앤 lee"`:                  {"회의실 예약 https://kernel.org"},
		"from:bob in:kernel":            nil,
		"회의 before:2026-11-21T12:00:02": {"주간[회의]록 공유"},
		"회의 after:2026-11-21T12:00:10Z": {"[회의]실 예약 https://kernel.org"},
		"after:2026-11-21T12:00:02 before:2026-11-21T12:00:04": {"밥", "점심 회의, 어디서?"},
		"nowhere": nil,
	} {
		t.Run(text, func(t *testing.T) { equal(t, "hits", found(t, s, text), want) })
	}
}

func TestSearchIsNewestFirstOverAllRoomsWhenBackfillCameLast(t *testing.T) {
	s := openTest(t)
	other := said(2, "word 2")
	other.Room = "kernel"
	save(t, s, said(3, "word 3"), other)
	save(t, s, said(1, "word 1"))
	equal(t, "hits", found(t, s, "word"), []string{"[word] 3", "[word] 2", "[word] 1"})
	var inLobby []string
	for _, h := range gather(t, s.Search(context.Background(), Query{Rooms: []Key{lobby}, Terms: []string{"word"}})) {
		inLobby = append(inLobby, h.Message.Text)
	}
	equal(t, "hits in one room", inLobby, []string{"word 3", "word 1"})
	equal(t, "hits in an unknown room",
		len(gather(t, s.Search(context.Background(), Query{Rooms: []Key{{Room: "nowhere"}}}))), 0)
}

func TestSearchSeesEditsAndDeletions(t *testing.T) {
	before, after := said(1, "old words"), to(1, rooms.KindEdit, said(2, "new words"))
	gone := to(1, rooms.KindDelete, said(3, ""))
	forged := by(ann, "ann", to(1, rooms.KindDelete, said(4, "")))
	for name, order := range map[string][]rooms.Message{
		"in order": {before, after, forged}, "edit first": {forged, after, before},
	} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t)
			for _, m := range order {
				save(t, s, m)
			}
			equal(t, "old", found(t, s, "old"), nil)
			equal(t, "new", found(t, s, "new"), []string{"[new] words"})
			equal(t, "a single letter", found(t, s, "d"), []string{"new wor[d]s"})
			save(t, s, gone)
			equal(t, "deleted", found(t, s, "words"), nil)
			equal(t, "deleted, by its room", found(t, s, "in:lobby"), nil)
			equal(t, "deleted, without a word", found(t, s, ""), nil)
		})
	}
}

func TestSearchStopsWhenTheCallerHasEnough(t *testing.T) {
	s := openTest(t)
	counted(t, s, 300)
	n := 0
	for h, err := range s.Search(context.Background(), Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if equal(t, "hit", h.Message.Text, fmt.Sprint(300-n)); n == 99 {
			break
		}
		n++
	}
	equal(t, "taken", n, 99)
}

func TestSearchEndsWithItsContext(t *testing.T) {
	s := openTest(t)
	counted(t, s, 300)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var last error
	for _, err := range s.Search(ctx, Query{}) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("ended with %v", last)
	}
}

func TestSearchNamesWhatIsNotThere(t *testing.T) {
	s := openTest(t)
	save(t, s, said(1, "x"))
	for text, want := range map[string]string{
		"from:carol": `from: nobody called "carol" is in this history`,
		"in:cellar":  `in: no room called "cellar" is in this history`,
	} {
		for _, err := range s.Search(context.Background(), query(t, text)) {
			if err == nil || err.Error() != want {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

func TestParseQuery(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	for text, want := range map[string]Query{
		"":                                 {},
		"  a  b ":                          {Terms: []string{"a", "b"}},
		`"a b" c`:                          {Terms: []string{"a b", "c"}},
		`"a b`:                             {Terms: []string{"a b"}},
		`"from:bob"`:                       {Terms: []string{"from:bob"}},
		"see http://x.org":                 {Terms: []string{"see", "http://x.org"}},
		`FROM:@bob From:"Ann Lee"`:         {From: []string{"bob", "Ann Lee"}},
		"in:#lobby in:@1-2":                {In: []string{"lobby", "@1-2"}},
		"has:IMAGE has:link":               {Has: []string{"image", "link"}},
		"before:today after:2026-11":       {Before: day(21), After: day(1)},
		"after:yesterday":                  {After: day(20)},
		"after:12h":                        {After: noon.Add(-12 * time.Hour)},
		"after:2w":                         {After: noon.AddDate(0, 0, -14)},
		`before:"2026-11-20 18:30"`:        {Before: day(20).Add(18*time.Hour + 30*time.Minute)},
		"after:2026-11-20T18:30:05":        {After: day(20).Add(18*time.Hour + 30*time.Minute + 5*time.Second)},
		"before:2026-11-20T18:30:00+09:00": {Before: day(20).Add(9*time.Hour + 30*time.Minute)},
	} {
		equal(t, text, must(ParseQuery(text, noon))(t), want)
	}
}

func TestParseQueryErrorsSayWhatToWrite(t *testing.T) {
	for text, want := range map[string]string{
		"from:":            "from: needs a name after the colon",
		"x in:":            "in: needs the name of a room after the colon",
		"has:":             "has: needs image, video, file or link after the colon",
		"has:cake":         `has: knows image, video, file and link, not "cake"`,
		"before:someday":   `"someday" is no date: write 2026-11-21`,
		"after:99999999d":  `"99999999d" is no date`,
		"after:2026-02-30": `"2026-02-30" is no date`,
	} {
		_, err := ParseQuery(text, noon)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzSearchFindsEveryPartOfAText(f *testing.F) {
	f.Add("주간회의록, 공유 a", 2, 4)
	f.Add("İstanbul ÅÄ x", 0, 3)
	f.Fuzz(func(t *testing.T, text string, from, length int) {
		runes := []rune(normal(text))
		if from < 0 || length <= 0 || from > len(runes) || length > len(runes)-from {
			return
		}
		term, whole := fold(string(runes[from:from+length])), fold(string(runes))
		if !strings.Contains(whole, term) {
			return // taken apart, it normalises to something else
		}
		have := gramsOf(whole)
		for _, g := range gramQuery(term) {
			if !slices.Contains(have, strings.Trim(g, `"`)) {
				t.Fatalf("%q is in %q, but %q is not in its index %q", term, whole, g, have)
			}
		}
	})
}

// One letter is not in the index: the talk is read, and what cannot have the letter is left out before it is.
func TestOneLetterIsFoundWhereverItStands(t *testing.T) {
	s := openTest(t)
	file := said(3, "")
	file.Attached = &rooms.Attachment{MIME: "text/plain", Name: "XYLOPHONE"}
	edit := said(5, "box")
	edit.Kind, edit.Target = rooms.KindEdit, said(4, "").ID
	save(t, s, said(1, "İstanbul"), said(2, "Hi_there"), file, said(4, "bag"), edit)
	for text, want := range map[string][]string{
		"i": {"H[i]_there", "[İ]stanbul"}, "_": {"Hi[_]there"}, "x": {"bo[x]", ""}, "g": nil, "%": nil, `\`: nil,
	} {
		if got := found(t, s, text); !slices.Equal(got, want) {
			t.Errorf("%q found %q, not %q", text, got, want)
		}
	}
}

func TestAFilterErrorSaysWhichFilterAndWhatStandsThere(t *testing.T) {
	s := openTest(t)
	for text, want := range map[string]FilterError{
		"before:someday": {Filter: "before", Value: "someday"}, "after:": {Filter: "after"}, "HAS:horns": {Filter: "has", Value: "horns"},
		"from:nobody": {Filter: "from", Value: "nobody"}, "in:nowhere": {Filter: "in", Value: "nowhere"},
	} {
		q, err := ParseQuery(text, noon)
		for _, searched := range s.Search(context.Background(), q) {
			err = errors.Join(err, searched)
		}
		var got *FilterError
		if !errors.As(err, &got) || got.Filter != want.Filter || got.Value != want.Value {
			t.Errorf("%q: %v", text, err)
		}
	}
}
