// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"bytes"
	"testing"

	"kchat/wire"
)

// A slow machine gets in by its second attempt, for which it derives nothing.
func TestAKeyIsDerivedOncePerSalt(t *testing.T) {
	challenge := wire.Challenge{Salt: bytes.Repeat([]byte{7}, wire.SaltLen), Iterations: wire.IterationsMin, Nonce: "nonce"}
	s := &secret{prepared: "words"}
	answer := func(ch wire.Challenge) []byte {
		t.Helper()
		proof, err := s.answer(wire.NewScram("mina", "a"), ch)
		if err != nil {
			t.Fatal(err)
		}
		return proof
	}
	first := answer(challenge)
	s.prepared = "what would be seen if it were derived again"
	if again := answer(challenge); !bytes.Equal(first, again) {
		t.Error("the same salt: derived again")
	}
	more, other := challenge, challenge
	more.Iterations++
	other.Salt = bytes.Repeat([]byte{8}, wire.SaltLen)
	for what, ch := range map[string]wire.Challenge{"more iterations": more, "another salt": other} {
		s = &secret{prepared: "words"}
		answer(challenge)
		want := answer(ch)
		s = &secret{prepared: "words"}
		if fresh := answer(ch); !bytes.Equal(fresh, want) {
			t.Errorf("%s: not derived again", what)
		}
	}
}
