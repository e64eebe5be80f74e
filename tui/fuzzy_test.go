// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"slices"
	"strings"
	"testing"
)

func TestFuzzyPrefersWhatPeopleMean(t *testing.T) {
	for _, tc := range []struct {
		typed string
		names []string // in the order in which they are to come
	}{
		{"gar", []string{"gar", "garden", "old-garden", "gatherer"}},
		{"kd", []string{"kd-archive", "kernel-devel", "blackbird"}},
		{"LOBBY", []string{"lobby", "lobby-2"}},
		{"ㅁㅅ", []string{"민수", "김민수"}},
		{"미", []string{"미나", "김민수"}},
		{"민ㅅ", []string{"민수"}},
		{"각", []string{"가구"}},
		{"값", []string{"값", "갑사"}},
		{"김수", []string{"김수", "김민수"}},
		{"", []string{"anything"}},
	} {
		got := slices.Clone(tc.names)
		slices.Reverse(got)
		slices.SortStableFunc(got, func(a, b string) int {
			x, fits := fuzzy(tc.typed, a)
			y, fitsToo := fuzzy(tc.typed, b)
			if !fits || !fitsToo {
				t.Errorf("%q is not found in %q or %q", tc.typed, a, b)
			}
			return y.score - x.score
		})
		if !slices.Equal(got, tc.names) {
			t.Errorf("%q finds %q, not %q", tc.typed, got, tc.names)
		}
	}
}

func TestFuzzyFindsNothingThatIsNotThere(t *testing.T) {
	for typed, name := range map[string]string{
		"grb": "garden", "ㅅㅁ": "민수", "garden": "gar", "미수": "민수", "x": "", "수민": "민수", "ㅏ": "가",
	} {
		if m, ok := fuzzy(typed, name); ok {
			t.Errorf("%q is found in %q: %v", typed, name, m)
		}
	}
}

func TestFuzzySaysWhatItFound(t *testing.T) {
	for _, tc := range []struct {
		typed, name string
		at          []int
	}{
		{"kd", "kernel-devel", []int{0, 7}},
		{"den", "garden", []int{3, 4, 5}},
		{"ㅁ수", "김민수", []int{1, 2}},
		{"각", "가구", []int{0, 1}},
	} {
		if m, _ := fuzzy(tc.typed, tc.name); !slices.Equal(m.at, tc.at) {
			t.Errorf("%q in %q is at %v, not %v", tc.typed, tc.name, m.at, tc.at)
		}
	}
}

func FuzzFuzzy(f *testing.F) {
	f.Add("ㅁㅅ", "김민수")
	f.Add("각", "가구")
	f.Add(strings.Repeat("a", 100), strings.Repeat("ab", 100))
	f.Add("\xff", "\xff\u0301")
	f.Fuzz(func(t *testing.T, typed, name string) {
		m, ok := fuzzy(typed, name)
		if !ok {
			return
		}
		letters := runesOf(name)
		if !slices.IsSorted(m.at) || len(slices.Compact(slices.Clone(m.at))) != len(m.at) {
			t.Fatalf("%q in %q is at %v", typed, name, m.at)
		}
		for _, at := range m.at {
			if at < 0 || at >= len(letters) {
				t.Fatalf("%q in %q is at %v", typed, name, m.at)
			}
		}
	})
}
