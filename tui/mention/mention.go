// SPDX-License-Identifier: GPL-2.0-only

// Package mention finds the names of people in what others say.
package mention

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// In returns where a text names somebody, as byte offsets [begin, end), in their order and not overlapping. A name counts
// in upper and lower case, with or without @ before it, and only as a whole word; Korean particles may follow it, as in
// 민수야 or 민수는. A name of one character needs the @, since it may be a word of its own. The particles are not part of
// what is returned, the @ is.
func In(text, name string) [][2]int {
	want := folded(name)
	if len(want) == 0 {
		return nil
	}
	var found [][2]int
	for at := 0; at < len(text); {
		end, ok := begins(text[at:], want)
		if !ok {
			_, n := utf8.DecodeRuneInString(text[at:])
			at += n
			continue
		}
		begin, end := at, at+end
		_, n := utf8.DecodeRuneInString(text[at:])
		at += n
		called := begin > 0 && text[begin-1] == '@'
		if called {
			begin--
		}
		if !freeBefore(text[:begin], called) || !freeAfter(text[end:], want, called) || (len(want) == 1 && !called) {
			continue
		}
		found = append(found, [2]int{begin, end})
		at = end
	}
	return found
}

func folded(s string) []rune {
	all := []rune(norm.NFC.String(strings.TrimSpace(s)))
	for i, r := range all {
		all[i] = fold(r)
	}
	return all
}

// fold makes upper and lower case the same, character by character.
func fold(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }

// begins reports whether a text begins with a folded name, and where that ends.
func begins(text string, want []rune) (end int, ok bool) {
	for _, w := range want {
		r, n := utf8.DecodeRuneInString(text[end:])
		if n == 0 || fold(r) != w {
			return 0, false
		}
		end += n
	}
	return end, true
}

func wordy(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '_'
}

// freeBefore reports whether a word may begin behind a text: bob@anna.example is an address and /home/anna a path.
func freeBefore(before string, called bool) bool {
	r, n := utf8.DecodeLastRuneInString(before)
	if n == 0 {
		return true
	}
	if wordy(r) {
		return false
	}
	if called {
		return true
	}
	if r == '/' {
		return false
	}
	second, m := utf8.DecodeLastRuneInString(before[:len(before)-n])
	return !strings.ContainsRune("-.@", r) || m == 0 || !wordy(second)
}

// freeAfter reports whether a name may end before a text.
func freeAfter(after string, name []rune, called bool) bool {
	if ends(after) {
		return true
	}
	if len(name) == 1 && !called {
		return false
	}
	// A name that ends in a consonant may take 이 before anything else: 민준이는.
	for _, rest := range []string{after, cutFinal(after, name[len(name)-1])} {
		for _, title := range titles {
			if s, ok := strings.CutPrefix(rest, title); ok && (ends(s) || particle(s)) {
				return true
			}
		}
		if particle(rest) || (rest != after && ends(rest)) {
			return true
		}
	}
	return false
}

// ends reports whether no word goes on at the beginning of a text.
func ends(after string) bool {
	r, n := utf8.DecodeRuneInString(after)
	if n == 0 {
		return true
	}
	if wordy(r) {
		return false
	}
	next, m := utf8.DecodeRuneInString(after[n:])
	return !strings.ContainsRune("-.@", r) || m == 0 || !wordy(next)
}

// cutFinal takes the 이 away that follows a name with a final consonant.
func cutFinal(after string, last rune) string {
	const base, end, finals = 0xac00, 0xd7a3, 28
	if last < base || last > end || (last-base)%finals == 0 {
		return after
	}
	return strings.TrimPrefix(after, "이")
}

// titles follow names, before particles.
var titles = [...]string{"씨", "님", "선생님", "쌤", "형", "누나", "언니", "오빠"}

// particles follow nouns. Those that are made of others need not stand here.
var particles = [...]string{
	"은", "는", "이", "가", "을", "를", "의", "에", "에게", "에게서", "께", "께서", "한테", "한테서", "더러", "보고", "와", "과", "랑", "이랑", "하고",
	"도", "만", "까지", "부터", "마저", "조차", "처럼", "만큼", "보다", "밖에", "뿐", "대로", "마다", "이나", "나", "이라도", "라도", "이야", "야", "아", "여", "이여",
	"요", "이요", "이에요", "예요", "입니다", "이다", "다", "인데", "이랑은", "라고", "이라고", "라는", "이라는", "인", "로", "으로",
}

// particlesMost is how many particles follow each other: 민수한테는, 민수까지도.
const particlesMost = 3

// particle reports whether a text begins with particles and nothing but them, up to the end of the word.
func particle(after string) bool { return particlesIn(after, particlesMost) }

func particlesIn(after string, most int) bool {
	if most == 0 {
		return false
	}
	for _, p := range particles {
		if rest, ok := strings.CutPrefix(after, p); ok && (ends(rest) || particlesIn(rest, most-1)) {
			return true
		}
	}
	return false
}
