// SPDX-License-Identifier: GPL-2.0-only

package accounts

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestNumbersAreNeverUsedAgain(t *testing.T) {
	d := fresh("s")
	first, err := d.Add("mina", Verifier{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	number := first.Number
	if _, err := d.Delete("mina"); err != nil {
		t.Fatal(err)
	}
	second, err := d.Add("mina", Verifier{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if second.Number <= number {
		t.Errorf("number %d came after %d", second.Number, number)
	}
}

func TestNamesAreUniqueWithoutRegardToCase(t *testing.T) {
	for _, pair := range [][2]string{{"Mina", "mINA"}, {"Ärger", "ÄRGER"}, {"민아", "\u1106\u1175\u11ab\u110b\u1161"}} {
		d := fresh("s")
		if _, err := d.Add(pair[0], Verifier{}, time.Now()); err != nil {
			t.Fatalf("%q: %v", pair[0], err)
		}
		if _, err := d.Add(pair[1], Verifier{}, time.Now()); !errors.Is(err, ErrNameTaken) {
			t.Errorf("%q beside %q: %v", pair[1], pair[0], err)
		}
	}
}

func TestNamesThatCannotBeUsedAreRefused(t *testing.T) {
	for what, name := range map[string]string{
		"empty":                  "",
		"space":                  "mi na",
		"control character":      "mina\x07",
		"newline":                "mina\n",
		"invalid UTF-8":          "mina\xff",
		"too long":               strings.Repeat("a", NameMax+1),
		"bidirectional override": "mina\u202e",
	} {
		if _, _, err := Names(name); !errors.Is(err, ErrName) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// The values are those of RFC 7677, section 3: user "user", password "pencil".
func TestVerifierIsThatOfSCRAM(t *testing.T) {
	v, err := NewVerifier("pencil", MinIterations)
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewVerifier("pencil", MinIterations)
	if err != nil {
		t.Fatal(err)
	}
	if v.Salt == other.Salt || v.StoredKey == other.StoredKey {
		t.Error("two verifiers of one password are alike: there is no salt")
	}
	var salt, proof, signature Bytes
	for text, to := range map[string]*Bytes{
		"W22ZaJ0SNY7soEsUEjb6gQ==":                     &salt,
		"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=": &proof,
		"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=": &signature,
	} {
		if err := to.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := derive("pencil", [16]byte(salt), MinIterations)
	if err != nil {
		t.Fatal(err)
	}
	const nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
	const said = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=" + nonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=" + nonce
	if want := mac(got.ServerKey[:], said); !bytes.Equal(signature, want) {
		t.Errorf("the server would sign with %x, the RFC has %x", want, signature)
	}
	clientKey := mac(got.StoredKey[:], said)
	for i := range clientKey {
		clientKey[i] ^= proof[i]
	}
	if sha256.Sum256(clientKey) != got.StoredKey {
		t.Error("the proof of the RFC is refused")
	}
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func TestAnInviteWorksAsOftenAsItSaysUntilItExpires(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	d := fresh("s")
	code := d.NewInvite(2, time.Hour, now)
	other := d.NewInvite(1, time.Hour, now)
	typed := strings.ToLower(strings.ReplaceAll(code, "-", " "))
	for i, want := range []error{nil, nil, ErrInvite} {
		if err := d.Redeem(typed, now); !errors.Is(err, want) {
			t.Errorf("use %d: %v, want %v", i+1, err, want)
		}
	}
	if err := d.Redeem("AAAA-BBBB-CCCC-DDDD", now); !errors.Is(err, ErrInvite) {
		t.Errorf("a code that was never given out: %v", err)
	}
	if err := d.Redeem(other, now.Add(2*time.Hour)); !errors.Is(err, ErrInvite) {
		t.Errorf("an expired code: %v", err)
	}
	if len(d.Invites) != 0 {
		t.Errorf("left: %+v", d.Invites)
	}
}

func TestAUIDIsOneAccountsAtMost(t *testing.T) {
	d := fresh("test")
	verifier := Verifier{}
	kim, err := d.Add("kim", verifier, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	number := kim.Number
	lee, err := d.Add("lee", verifier, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	kim = d.FindNumber(number)
	uid, none := uint32(1001), uint32(NoUID)
	for i, step := range []struct {
		of   *Account
		uid  *uint32
		want error
	}{{kim, &uid, nil}, {kim, &uid, nil}, {lee, &uid, ErrUIDTaken}, {kim, nil, nil}, {lee, &uid, nil}, {kim, &uid, ErrUIDTaken}} {
		if err := d.SetUID(step.of, step.uid); !errors.Is(err, step.want) {
			t.Errorf("step %d: %v, want %v", i, err, step.want)
		}
	}
	if kim.UID != nil || *lee.UID != uid {
		t.Errorf("kim has %v, lee has %v", kim.UID, *lee.UID)
	}
	if d.SetUID(kim, &none) == nil {
		t.Error("(uid_t)-1 is somebody's")
	}
	if got := lee.ForKernel().UID; got == nil || *got != uid {
		t.Errorf("the kernel is told %v", got)
	}
	kim.UID = lee.UID
	if d.check() == nil {
		t.Error("a file with one uid twice passes")
	}
}
