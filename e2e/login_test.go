// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"kchat/e2e/peer"
	"kchat/server/genl"
	"kchat/wire"
)

func TestWelcomeSaysWhoTheServerIs(t *testing.T) {
	t.Parallel()
	a, b := greet(t), greet(t)
	status, err := world.kernel(t).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a.Welcome.Server != status.ServerUUID || a.Welcome.Community != status.CommunityUUID ||
		a.Welcome.Name != status.Name || a.Welcome.Iterations != status.Iterations || a.Welcome.Version != wire.Version {
		t.Errorf("WELCOME: %+v", a.Welcome)
	}
	if a.Welcome.Nonce == b.Welcome.Nonce {
		t.Error("two connections get the same nonce")
	}
	if a.Welcome.Features&wire.FeatureRegister == 0 || a.Welcome.Features&wire.FeatureInvite != 0 {
		t.Errorf("registration is open, but the features are %#x", a.Welcome.Features)
	}
	for number := wire.LimitText; number <= wire.LimitStoredMS; number++ {
		if a.Welcome.Limit(number, 0) == 0 {
			t.Errorf("the limit %d is missing", number)
		}
	}
	for number, want := range map[uint16]uint32{wire.LimitText: 16384, wire.LimitChunk: 16384, wire.LimitName: 64, wire.LimitRoomName: 64, wire.LimitPingMS: 5000} {
		if got := a.Welcome.Limit(number, 0); got != want {
			t.Errorf("the limit %d is %d, want %d", number, got, want)
		}
	}
}

func TestHelloRefused(t *testing.T) {
	t.Parallel()
	good := wire.Hello{Version: 1, Agent: "a"}.Append(nil)
	edit := func(at int, value byte) []byte {
		b := bytes.Clone(good)
		b[at] = value
		return b
	}
	w := dial(t)
	for name, body := range map[string][]byte{
		"empty": {}, "short": good[:15], "agent cut": good[:16], "reserved": edit(4, 1), "one more": append(bytes.Clone(good), 'x'),
		"agent of 65": wire.Hello{Version: 1, Agent: strings.Repeat("a", 65)}.Append(nil)[:80],
	} {
		e := w.refused(w.send(wire.TypeHello, 0, wire.Raw(body)), wire.ErrBadFrame)
		if e.Cause != wire.TypeHello {
			t.Errorf("%s: ERROR names %v as its cause", name, e.Cause)
		}
	}
	w.gets(w.send(wire.TypeHello, 0, wire.Hello{Version: 1, Agent: strings.Repeat("a", 64), Features: ^uint64(0)}), wire.TypeWelcome)
	for _, version := range []uint16{0, 2, 0xffff} {
		w := dial(t)
		w.send(wire.TypeHello, 0, wire.Hello{Version: version})
		w.ends(wire.ErrVersion)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	a := world.account(t, genl.FlagAdmin)
	w := silent(t, a)
	if w.Me.Account != a.number || w.Me.Name != a.name || w.Me.Flags != wire.PersonAdmin || w.Me.Session == 0 {
		t.Errorf("AUTH_OK: %+v", w.Me)
	}
	again := silent(t, a)
	if again.Me.Session == w.Me.Session || again.Key == w.Key {
		t.Error("two logins share a session")
	}
}

// answers are the bytes of what a server says in a login that is refused: CHALLENGE without its nonce and salt, and ERROR.
func answers(t *testing.T, login, password string) (challenge string, refusal []byte) {
	t.Helper()
	w := greet(t)
	scram := wire.NewScram(login, "0123456789abcdef")
	f := w.gets(w.send(wire.TypeAuth, 0, wire.Raw(scram.First())), wire.TypeChallenge)
	c, err := scram.ParseChallenge(f.Body)
	w.ok(err)
	final, err := scram.Final(c, password)
	w.ok(err)
	w.ok(w.Send(wire.Header{Type: wire.TypeProof, ID: wire.ID{7}}, wire.Raw(final)))
	e := w.gets(wire.ID{7}, wire.TypeError)
	form := fmt.Sprintf("nonce %d, salt %d, i %d", len(c.Nonce), len(c.Salt), c.Iterations)
	return form, wire.AppendFrame(nil, e.Header, wire.Raw(e.Body))
}

func TestWrongPasswordAndUnknownNameAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	a := world.account(t, 0)
	form, refusal := answers(t, a.login, "wrong")
	unknownForm, unknownRefusal := answers(t, "nobody-of-that-name", "wrong")
	if form != unknownForm {
		t.Errorf("CHALLENGE: %s, and %s to an unknown name", form, unknownForm)
	}
	if !bytes.Equal(refusal, unknownRefusal) {
		t.Errorf("ERROR differs:\n%x\n%x", refusal, unknownRefusal)
	}
	f := mustError(t, refusal)
	if f.Number != wire.ErrAuth {
		t.Errorf("want ERROR AUTH, got %s", f.Number.Name())
	}
}

func mustError(t *testing.T, frame []byte) wire.ErrorBody {
	t.Helper()
	e, err := wire.ParseError(frame[wire.HeaderLen:])
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestUnknownNameHasASaltOfItsOwn: asking twice must not tell that a name is made up.
func TestUnknownNameHasASaltOfItsOwn(t *testing.T) {
	t.Parallel()
	salt := func(login string) string {
		w := greet(t)
		scram := wire.NewScram(login, peer.Nonce())
		c, err := scram.ParseChallenge(w.gets(w.send(wire.TypeAuth, 0, wire.Raw(scram.First())), wire.TypeChallenge).Body)
		w.ok(err)
		return base64.StdEncoding.EncodeToString(c.Salt)
	}
	one, two := salt("ghost-one"), salt("ghost-two")
	if one != salt("ghost-one") || two != salt("ghost-two") {
		t.Error("the salt of an unknown name changes")
	}
	if one == two {
		t.Error("all unknown names have one salt")
	}
}

func TestThirdRefusedLoginEndsTheConnection(t *testing.T) {
	t.Parallel()
	a := world.account(t, 0)
	w := greet(t)
	for range 2 {
		if err := w.Login(a.login, "wrong"); !isError(err, wire.ErrAuth) {
			t.Fatalf("want ERROR AUTH, got %v", err)
		}
		w.alive()
	}
	scram := wire.NewScram(a.login, peer.Nonce())
	c, err := scram.ParseChallenge(w.gets(w.send(wire.TypeAuth, 0, wire.Raw(scram.First())), wire.TypeChallenge).Body)
	w.ok(err)
	final, err := scram.Final(c, "wrong")
	w.ok(err)
	w.send(wire.TypeProof, 0, wire.Raw(final))
	w.ends(wire.ErrAuth)
	// A login that succeeds after a refused one is a login like any other.
	w = greet(t)
	if err := w.Login(a.login, "wrong"); !isError(err, wire.ErrAuth) {
		t.Fatalf("want ERROR AUTH, got %v", err)
	}
	w.ok(w.Login(a.login, a.password))
}

// failuresLetPass is how many wrong passwords a name may have before it has to wait.
func failuresLetPass(t *testing.T, login string) (failures int) {
	t.Helper()
	for range 30 {
		err := greet(t).Login(login, "wrong")
		if isError(err, wire.ErrAuth) {
			failures++
			continue
		}
		if !isError(err, wire.ErrAuthLimit) {
			t.Fatalf("want ERROR AUTH_LIMIT, got %v", err)
		}
		if e := asError(err); e.Wait <= 0 {
			t.Error("AUTH_LIMIT does not say how long to wait")
		}
		return failures
	}
	t.Fatal("30 wrong passwords in a row, and no limit")
	return 0
}

// TestFailuresOfAnAccountAreLimited: of a name that nobody has likewise, or the limit would tell that somebody has it.
func TestFailuresOfAnAccountAreLimited(t *testing.T) {
	t.Parallel()
	const most = 10 // one more is let pass whenever a tenth of a minute is over
	for what, login := range map[string]string{"an account": world.account(t, 0).login, "nobody": fmt.Sprint("nobody-", world.number())} {
		if n := failuresLetPass(t, login); n < most || n > most+2 {
			t.Errorf("%s: %d failures are let pass, want %d", what, n, most)
		}
	}
	other := world.account(t, 0)
	w := greet(t)
	w.ok(w.Login(other.login, other.password))
}

func TestScramMessagesThatAreRefused(t *testing.T) {
	t.Parallel()
	a := world.account(t, 0)
	w := greet(t)
	nonce := "0123456789abcdef"
	for name, first := range map[string]string{
		"channel binding asked for":   "p=tls-exporter,,n=" + a.login + ",r=" + nonce,
		"channel binding known":       "y,,n=" + a.login + ",r=" + nonce,
		"authorization identity":      "n,a=other,n=" + a.login + ",r=" + nonce,
		"no name":                     "n,,r=" + nonce,
		"name empty":                  "n,,n=,r=" + nonce,
		"no nonce":                    "n,,n=" + a.login,
		"nonce of 15":                 "n,,n=" + a.login + ",r=" + nonce[:15],
		"nonce of 65":                 "n,,n=" + a.login + ",r=" + strings.Repeat("x", 65),
		"nonce with a space":          "n,,n=" + a.login + ",r=0123456789 abcdef0",
		"nonce that is not printable": "n,,n=" + a.login + ",r=0123456789abcdef\x01",
		"bad escape in the name":      "n,,n=a=2Db,r=" + nonce,
		"escape cut":                  "n,,n=a=2,r=" + nonce,
		"reserved attribute":          "n,,m=x,n=" + a.login + ",r=" + nonce,
		"no comma":                    "n",
		"nothing known":               "x",
	} {
		id := w.send(wire.TypeAuth, 0, wire.Raw(first))
		f := w.gets(id, wire.TypeError)
		if e := w.error(f); e.Number != wire.ErrBadFrame || f.Flags != 0 {
			t.Errorf("%s: ERROR %s, flags %d", name, e.Number.Name(), f.Flags)
		}
	}
	w.ok(w.Login(a.login, a.password))
}

func TestNonceOf64IsTaken(t *testing.T) {
	t.Parallel()
	a := world.account(t, 0)
	w := greet(t)
	scram := wire.NewScram(a.login, strings.Repeat("x", 64))
	c, err := scram.ParseChallenge(w.gets(w.send(wire.TypeAuth, 0, wire.Raw(scram.First())), wire.TypeChallenge).Body)
	w.ok(err)
	if len(c.Salt) != wire.SaltLen || c.Iterations != wire.IterationsMin || len(c.Nonce) <= 64 {
		t.Errorf("CHALLENGE: %+v", c)
	}
}

// TestProofThatIsRefused: whatever is wrong with a PROOF, the login is over.
func TestProofThatIsRefused(t *testing.T) {
	t.Parallel()
	a := world.account(t, 0)
	for name, change := range map[string]func(string) string{
		"another nonce":           func(s string) string { return strings.Replace(s, ",r=", ",r=x", 1) },
		"channel binding data":    func(s string) string { return strings.Replace(s, "c=biws", "c=eSws", 1) },
		"empty":                   func(string) string { return "" },
		"no proof":                func(s string) string { return s[:strings.Index(s, ",p=")] },
		"proof cut":               func(s string) string { return s[:len(s)-5] },
		"proof not base64":        func(s string) string { return s[:len(s)-5] + "!!!!=" },
		"something after the end": func(s string) string { return s + "," },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := greet(t)
			scram := wire.NewScram(a.login, peer.Nonce())
			c, err := scram.ParseChallenge(w.gets(w.send(wire.TypeAuth, 0, wire.Raw(scram.First())), wire.TypeChallenge).Body)
			w.ok(err)
			final, err := scram.Final(c, a.password)
			w.ok(err)
			id := w.send(wire.TypeProof, 0, wire.Raw(change(string(final))))
			if e := w.error(w.gets(id, wire.TypeError)); e.Number != wire.ErrAuth && e.Number != wire.ErrBadFrame {
				t.Errorf("ERROR %s", e.Number.Name())
			}
			w.refused(w.send(wire.TypeProof, 0, wire.Raw(final)), wire.ErrWrongState)
			w.ok(w.Login(a.login, a.password))
		})
	}
}

// TestNamesOfAnyKind: names with the characters that SCRAM escapes, and other scripts.
func TestNamesOfAnyKind(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a=b,c", "김철수", "søren", strings.Repeat("n", 64)} {
		a := account{number: firstAccount + world.number(), name: name, login: name, password: "pässword"}
		world.give(t, a, 0)
		if w := silent(t, a); w.Me.Name != name {
			t.Errorf("AUTH_OK names %q, want %q", w.Me.Name, name)
		}
	}
}

func TestSessionsOfAnAccountAreLimited(t *testing.T) {
	t.Parallel()
	a := world.account(t, 0)
	for range 16 {
		silent(t, a)
	}
	w := greet(t)
	if err := w.Login(a.login, a.password); !isError(err, wire.ErrSessions) {
		t.Errorf("want ERROR SESSIONS, got %v", err)
	}
}
