// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"kchat/server/accounts"
	"kchat/server/genl"
	"kchat/wire"
)

func testStore(t *testing.T) *accounts.Store {
	t.Helper()
	s, err := accounts.Open(filepath.Join(t.TempDir(), "accounts.json"), "test server")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestARegistrationIsAnswered(t *testing.T) {
	now := time.Now()
	s := testStore(t)
	var code string
	err := s.Update(func(d *accounts.Data) error {
		code = d.NewInvite(1, time.Hour, now)
		_, err := d.Add("taken", accounts.Verifier{}, now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what    string
		policy  genl.Registration
		request genl.Request
		want    wire.ErrorNumber
	}{
		{"off", genl.RegisterOff, genl.Request{Name: "a", Loopback: true}, wire.ErrRegisterOff},
		{"not loopback", genl.RegisterLoopback, genl.Request{Name: "a"}, wire.ErrRegisterOff},
		{"loopback", genl.RegisterLoopback, genl.Request{Name: "b", Loopback: true}, 0},
		{"elsewhere without a code", genl.RegisterInvite, genl.Request{Name: "c"}, wire.ErrInviteCode},
		{"loopback where others need a code", genl.RegisterInvite, genl.Request{Name: "c", Loopback: true}, 0},
		{"loopback where all need a code", genl.RegisterCode, genl.Request{Name: "d", Loopback: true}, wire.ErrInviteCode},
		{"a taken name with a code", genl.RegisterCode, genl.Request{Name: "TAKEN", Code: code}, wire.ErrNameTaken},
		{"the code was not used up by that", genl.RegisterCode, genl.Request{Name: "e", Code: code}, 0},
		{"now it is", genl.RegisterCode, genl.Request{Name: "f", Code: code}, wire.ErrInviteCode},
		{"a name that cannot be", genl.RegisterOpen, genl.Request{Name: "a b"}, wire.ErrName},
		{"open", genl.RegisterOpen, genl.Request{Name: "g"}, 0},
	} {
		account, got := answer(s, c.policy, c.request, now)
		if got != c.want {
			t.Errorf("%s: error %d, want %d", c.what, got, c.want)
		}
		if (account != nil) != (c.want == 0) {
			t.Errorf("%s: account %v", c.what, account)
		}
	}
}

func TestAnAnsweredRegistrationIsOnDisk(t *testing.T) {
	s := testStore(t)
	request := genl.Request{Name: "Mina", Salt: [16]byte{1}, StoredKey: [32]byte{2}, ServerKey: [32]byte{3}}
	account, number := answer(s, genl.RegisterOpen, request, time.Now())
	if number != 0 {
		t.Fatal(number)
	}
	again, err := accounts.Open(s.Path(), "")
	if err != nil {
		t.Fatal(err)
	}
	data, err := again.Read()
	if err != nil {
		t.Fatal(err)
	}
	kept := data.FindNumber(account.Number)
	if kept == nil || kept.Name != "Mina" || kept.Login != "mina" || kept.ForKernel().ServerKey != request.ServerKey {
		t.Errorf("on disk: %+v", kept)
	}
}

func TestANewPasswordIsKept(t *testing.T) {
	s := testStore(t)
	account, _ := answer(s, genl.RegisterOpen, genl.Request{Name: "mina"}, time.Now())
	changed := genl.Request{Account: account.Number, StoredKey: [32]byte{9}}
	if _, number := answer(s, genl.RegisterOff, changed, time.Now()); number != 0 {
		t.Fatalf("error %d", number)
	}
	data, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	if data.FindNumber(account.Number).StoredKey[0] != 9 {
		t.Error("the old password is still there")
	}
	if _, number := answer(s, genl.RegisterOff, genl.Request{Account: 77}, time.Now()); number != wire.ErrService {
		t.Errorf("a password for nobody: %d", number)
	}
}

func TestADiskThatDoesNotTakeItMeansNo(t *testing.T) {
	s := testStore(t)
	if err := os.RemoveAll(filepath.Dir(s.Path())); err != nil {
		t.Fatal(err)
	}
	if account, number := answer(s, genl.RegisterOpen, genl.Request{Name: "mina"}, time.Now()); account != nil || number != wire.ErrService {
		t.Errorf("answered %v, %d", account, number)
	}
}
