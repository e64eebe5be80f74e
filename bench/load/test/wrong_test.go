// SPDX-License-Identifier: GPL-2.0-only

package load_test

import (
	"strings"
	"testing"
)

const last = 9 // number of the last message

// only does something wrong with one message to one member.
func only(member, number int, what wrong) wrong {
	return func(m, n int, text []byte, frame func([]byte) []byte) []byte {
		if m == member && n == number {
			return what(m, n, text, frame)
		}
		return frame(text)
	}
}

func lose(int, int, []byte, func([]byte) []byte) []byte { return nil }

func double(_, _ int, text []byte, frame func([]byte) []byte) []byte {
	return append(frame(text), frame(text)...)
}

// later lets a message to the second member wait until after the next one.
func later() wrong {
	var held []byte
	return func(m, n int, text []byte, frame func([]byte) []byte) []byte {
		switch {
		case m == 1 && n == 4:
			held = frame(text)
			return nil
		case m == 1 && n == 5:
			return append(frame(text), held...)
		}
		return frame(text)
	}
}

func shorten(_, _ int, text []byte, frame func([]byte) []byte) []byte {
	return frame(text[:len(text)-1])
}

func lengthen(_, _ int, text []byte, frame func([]byte) []byte) []byte {
	return frame(append(text, 'x'))
}

// talk is a run of ten messages to three members over a server that does something wrong.
func talk(t *testing.T, language, outstanding string, w wrong) (complaint string, code int) {
	t.Helper()
	g := generate(t, "--proto", language, "--addr", startRelay(t, language, w), "--members", "3", "--outstanding", outstanding,
		"--deliveries", "30", "--patience", "1", "--now")
	return g.end(t)
}

// Each of the things that a server can do wrong with a delivery ends the run with exit code 1 and a sentence.
func TestWhatAServerDoesWrongIsNoticed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, says, outstanding string
		wrong                   wrong
	}{
		{"lost", "message 4 of room 0 is lost: 5 came in its place", "8", only(1, 4, lose)},
		{"lost for good", "message 4 of room 0 is lost: nothing came for 1 s", "1", only(1, 4, lose)},
		{"the last one lost", "message 9 of room 0 is lost: nothing came for 1 s", "8", only(2, last, lose)},
		{"doubled", "message 4 of room 0 came twice", "8", only(1, 4, double)},
		{"doubled, one at a time", "message 4 of room 0 came twice", "1", only(0, 4, double)},
		{"the last one doubled", "message 9 of room 0 came twice", "8", only(2, last, double)},
		{"shortened", "a frame of 67 bytes", "8", only(1, 4, shorten)},
		{"exchanged", "message 4 of room 0 is lost: 5 came in its place", "8", later()},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			complaint, code := talk(t, "raw", c.outstanding, c.wrong)
			if code != 1 || !strings.Contains(complaint, c.says) {
				t.Errorf("exit code %d: %q, want %q", code, complaint, c.says)
			}
		})
	}
}

// The same in every language; and a server that does nothing wrong is found to be right, in however many pieces its
// words come.
func TestEveryLanguage(t *testing.T) {
	t.Parallel()
	for name := range languages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if complaint, code := talk(t, name, "8", right); code != 0 {
				t.Errorf("exit code %d: %s", code, complaint)
			}
			for what, w := range map[string]wrong{
				"message 4 of room 0 is lost: 5 came in its place": only(1, 4, lose),
				"message 9 of room 0 came twice":                   only(2, last, double),
			} {
				if complaint, code := talk(t, name, "8", w); code != 1 || !strings.Contains(complaint, what) {
					t.Errorf("exit code %d: %q, want %q", code, complaint, what)
				}
			}
			for what, w := range map[string]wrong{"shortened": shorten, "lengthened": lengthen} {
				for _, n := range []int{4, last} {
					if complaint, code := talk(t, name, "8", only(1, n, w)); code != 1 {
						t.Errorf("message %d %s: exit code %d: %s", n, what, code, complaint)
					}
				}
			}
		})
	}
}
