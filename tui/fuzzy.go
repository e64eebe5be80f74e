// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// What a letter that was found is worth. Beginnings of words are what people remember of names, and letters in a row
// are meant more often than scattered ones.
const (
	fuzzyLetter = 1
	fuzzyWord   = 8  // it begins a word
	fuzzyFirst  = 4  // it begins the name
	fuzzyRow    = 9  // it stands right behind the one before
	fuzzyWhole  = 24 // nothing is left over
	fuzzyMost   = 64 // characters of either side that are compared; names are shorter
)

// fuzzyMatch is how well what was typed fits a name.
type fuzzyMatch struct {
	score int
	at    []int // the characters of the name that were found, rising
}

// fuzzy finds the characters of typed in name, in their order, so that the score is the highest. In Korean a leading
// consonant stands for a syllable, and a syllable that is still being composed for those it may become.
func fuzzy(typed, name string) (best fuzzyMatch, ok bool) {
	letters := runesOf(name)
	for i, want := range readings(runesOf(typed)) {
		m, fits := align(want, letters)
		m.score -= i * (fuzzyLetter + fuzzyRow + 1) // it has a letter more than was typed
		if fits && (!ok || m.score > best.score) {
			best, ok = m, true
		}
	}
	return best, ok
}

func runesOf(s string) []rune {
	all := []rune(strings.ToLower(norm.NFC.String(s)))
	return all[:min(len(all), fuzzyMost)]
}

// readings are what may be meant: an input method takes the consonant that will begin the next syllable for the end of
// the last one until that has its vowel.
func readings(typed []rune) [][]rune {
	all := [][]rune{typed}
	if n := len(typed); n > 0 {
		if open, next, ok := splitFinal(typed[n-1]); ok {
			all = append(all, append(typed[:n-1:n-1], open, next))
		}
	}
	return all
}

// align is the best way to find want in letters: the usual dynamic programme, one row for each letter of want.
func align(want, letters []rune) (fuzzyMatch, bool) {
	m, n := len(want), len(letters)
	if m > n {
		return fuzzyMatch{}, false
	}
	if m == 0 {
		return fuzzyMatch{}, true
	}
	const none = -1 << 30
	ends := make([][]int, m) // ends[i][j]: want[:i+1] was found, the last letter at j
	from := make([][]int, m)
	for i := range want {
		ends[i], from[i] = make([]int, n), make([]int, n)
		reach, at := none, -1 // the best of the row above before j-1
		for j := range letters {
			ends[i][j], from[i][j] = none, -1
			if i > 0 && j > 1 && ends[i-1][j-2] > reach {
				reach, at = ends[i-1][j-2], j-2
			}
			if !stands(want[i], letters[j], i == m-1) {
				continue
			}
			here := worth(letters, j)
			if i == 0 {
				ends[i][j] = here
				continue
			}
			if reach != none {
				ends[i][j], from[i][j] = reach+here, at
			}
			if j > 0 && ends[i-1][j-1] != none && ends[i-1][j-1]+fuzzyRow+here > ends[i][j] {
				ends[i][j], from[i][j] = ends[i-1][j-1]+fuzzyRow+here, j-1
			}
		}
	}
	last := -1
	for j, score := range ends[m-1] {
		if score != none && (last < 0 || score > ends[m-1][last]) {
			last = j
		}
	}
	if last < 0 {
		return fuzzyMatch{}, false
	}
	found := fuzzyMatch{score: ends[m-1][last], at: make([]int, m)}
	if m == n {
		found.score += fuzzyWhole
	}
	for i, j := m-1, last; i >= 0; i, j = i-1, from[i][j] {
		found.at[i] = j
	}
	return found, true
}

// worth is what finding the letter at j says.
func worth(letters []rune, j int) int {
	score := fuzzyLetter
	if j == 0 {
		return score + fuzzyFirst + fuzzyWord
	}
	if before := letters[j-1]; !unicode.IsLetter(before) && !unicode.IsDigit(before) {
		score += fuzzyWord
	}
	return score
}

// Hangul syllables are laid out by their letters: The Unicode Standard, 3.12.
const (
	hangulBase   = 0xac00
	hangulEnd    = 0xd7a3
	hangulVowels = 21
	hangulFinals = 28
)

// leads are the leading consonants in the order of the syllables.
var leads = [...]rune{'ㄱ', 'ㄲ', 'ㄴ', 'ㄷ', 'ㄸ', 'ㄹ', 'ㅁ', 'ㅂ', 'ㅃ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅉ', 'ㅊ', 'ㅋ', 'ㅌ', 'ㅍ', 'ㅎ'}

// finals are the final consonants in the order of the syllables; of two consonants the one that would go on.
var finals = [...]rune{
	0, 'ㄱ', 'ㄲ', 'ㅅ', 'ㄴ', 'ㅈ', 'ㅎ', 'ㄷ', 'ㄹ', 'ㄱ', 'ㅁ', 'ㅂ', 'ㅅ', 'ㅌ', 'ㅍ', 'ㅎ', 'ㅁ', 'ㅂ', 'ㅅ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅊ', 'ㅋ', 'ㅌ', 'ㅍ', 'ㅎ',
}

// stays is which final is left when the one that would go on has gone.
var stays = [...]int{
	0, 0, 0, 1, 0, 4, 4, 0, 0, 8, 8, 8, 8, 8, 8, 8, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0,
}

func syllable(r rune) (index int, ok bool) {
	return int(r - hangulBase), r >= hangulBase && r <= hangulEnd
}

// splitFinal takes the final consonant off a syllable.
func splitFinal(r rune) (open, next rune, ok bool) {
	i, is := syllable(r)
	if !is || i%hangulFinals == 0 {
		return 0, 0, false
	}
	final := i % hangulFinals
	return r - rune(final) + rune(stays[final]), finals[final], true
}

// stands reports whether a typed letter stands for a letter of a name. The last one may not be finished.
func stands(typed, letter rune, last bool) bool {
	if typed == letter {
		return true
	}
	i, is := syllable(letter)
	if !is {
		return false
	}
	if typed == leads[i/(hangulVowels*hangulFinals)] {
		return true
	}
	j, was := syllable(typed)
	return last && was && j%hangulFinals == 0 && j/hangulFinals == i/hangulFinals
}
