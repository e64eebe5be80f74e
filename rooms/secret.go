// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"bytes"
	"sync"

	"kchat/wire"
)

// secret is the password that a client logs in with, again and again. It is shared by the connections of a client.
type secret struct {
	prepared string // PreparePassword has made it

	// Of the derivation made last. A machine may need longer for one than the server waits for the proof (login_ms);
	// the next attempt has it then. The homes of a community have the same salt.
	mu         sync.Mutex
	salt       []byte
	iterations uint32
	salted     []byte
}

// answer is the proof to a challenge. It takes as long as the derivation, unless the last one was for the same salt.
func (s *secret) answer(scram *wire.Scram, ch wire.Challenge) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.salted == nil || s.iterations != ch.Iterations || !bytes.Equal(s.salt, ch.Salt) {
		salted, err := wire.SaltedPassword(s.prepared, ch.Salt, ch.Iterations)
		if err != nil {
			return nil, err
		}
		s.salt, s.iterations, s.salted = ch.Salt, ch.Iterations, salted
	}
	return scram.FinalSalted(ch, s.salted), nil
}
