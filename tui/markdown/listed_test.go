// SPDX-License-Identifier: GPL-2.0-only

package markdown

import (
	"slices"
	"strings"
	"testing"
)

func TestLinksAreThoseThatAreShown(t *testing.T) {
	for words, want := range map[string][]Link{
		"no link":                                  nil,
		"see https://a.example/x.":                 {{"https://a.example/x", "https://a.example/x"}},
		"www.a.example에서":                          {{"https://www.a.example", "www.a.example"}},
		"> - [**words**](https://a.example)":       {{"https://a.example", "words"}},
		"https://a.example [b](https://a.example)": {{"https://a.example", "b"}},
		"`https://a.example`":                      nil,
		"```\nhttps://a.example\n```":              nil,
		"https://bücher.example":                   {{"https://xn--bcher-kva.example", "https://bücher.example"}},
		"[x](javascript:alert)":                    nil,
		"https://" + strings.Repeat("a", 60) + ".example/" + strings.Repeat("b", 500): {{
			"https://" + strings.Repeat("a", 60) + ".example/" + strings.Repeat("b", 500),
			"https://" + strings.Repeat("a", 60) + ".example/" + strings.Repeat("b", 500),
		}},
	} {
		if got := Links(words); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", words, got, want)
		}
	}
}

func TestALinkIsPlainWhereItsWordsAreWhereItLeads(t *testing.T) {
	for words, want := range map[string]bool{
		"https://a.example/x": true, "www.a.example": true, "http://a.example": true,
		"[a.example](https://a.example/x)": false, "https://bücher.example": false, "HTTPS://A.example": false,
		"[https://a.example](https://b.example)": false,
	} {
		links := Links(words)
		if len(links) != 1 || links[0].Plain() != want {
			t.Errorf("%q: %q", words, links)
		}
	}
}
