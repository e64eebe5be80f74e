// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"errors"
	"strings"
	"testing"
)

// The exchange of RFC 7677, section 3.
const (
	rfcNonce       = "rOprNGfwEbeRWgbNEkqO"
	rfcServerFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
	rfcClientFinal = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	rfcServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
)

func TestScramMatchesRFC7677(t *testing.T) {
	s := NewScram("user", rfcNonce)
	if first := string(s.First()); first != "n,,n=user,r="+rfcNonce {
		t.Errorf("client-first-message %q", first)
	}
	c, err := s.ParseChallenge([]byte(rfcServerFirst))
	if err != nil {
		t.Fatal(err)
	}
	if c.Iterations != 4096 || len(c.Salt) != 16 {
		t.Errorf("%d iterations, %d bytes of salt", c.Iterations, len(c.Salt))
	}
	final, err := s.Final(c, "pencil")
	if err != nil {
		t.Fatal(err)
	}
	if string(final) != rfcClientFinal {
		t.Errorf("client-final-message %q", final)
	}
	if _, err := s.Verify([]byte(rfcServerFinal)); err != nil {
		t.Error(err)
	}
}

func TestScramRefusesAServerWithoutTheKeys(t *testing.T) {
	s := NewScram("user", rfcNonce)
	if _, err := s.Verify([]byte(rfcServerFinal)); !errors.Is(err, ErrServerSignature) {
		t.Error("a signature before the proof was accepted")
	}
	c, err := s.ParseChallenge([]byte(rfcServerFirst))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Final(c, "pencil"); err != nil {
		t.Fatal(err)
	}
	for _, final := range []string{"", "v=", "v=AAAA", rfcServerFinal + "=", "e=invalid-proof", strings.ToLower(rfcServerFinal)} {
		if _, err := s.Verify([]byte(final)); !errors.Is(err, ErrServerSignature) {
			t.Errorf("%q: %v", final, err)
		}
	}
}

func TestScramRefusesMalformedChallenges(t *testing.T) {
	for _, challenge := range []string{
		"", "r=,s=,i=", "r=" + rfcNonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "r=someoneelses,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"r=" + rfcNonce + "x,s=?,i=4096", "r=" + rfcNonce + "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0",
		"r=" + rfcNonce + "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-1", "r=" + rfcNonce + "x,s=W22ZaJ0SNY7soEsUEjb6gQ==", "m=1,r=,s=,i=1",
	} {
		if _, err := NewScram("user", rfcNonce).ParseChallenge([]byte(challenge)); !errors.Is(err, ErrBadFrame) {
			t.Errorf("%q: %v", challenge, err)
		}
	}
}

func TestScramEscapesNames(t *testing.T) {
	if first := string(NewScram("a=b,c", rfcNonce).First()); first != "n,,n=a=3Db=2Cc,r="+rfcNonce {
		t.Errorf("client-first-message %q", first)
	}
}

func TestDerivedKeysAreThoseTheServerChecks(t *testing.T) {
	s := NewScram("user", rfcNonce)
	c, err := s.ParseChallenge([]byte(rfcServerFirst))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := DeriveKeys("pencil", [SaltLen]byte(c.Salt), c.Iterations)
	if err != nil {
		t.Fatal(err)
	}
	message := "n=user,r=" + rfcNonce + "," + rfcServerFirst + "," + strings.Split(rfcClientFinal, ",p=")[0]
	signature := mac(keys.ServerKey[:], message)
	if _, err := s.Final(c, "pencil"); err != nil {
		t.Fatal(err)
	}
	if s.signature != signature {
		t.Error("the server key of the account does not make the signature of the exchange")
	}
}
