// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"kchat/wire"
)

// registration is a good REGISTER of this name.
func registration(t *testing.T, name, password string) wire.Register {
	t.Helper()
	var salt [wire.SaltLen]byte
	_, _ = rand.Read(salt[:]) // never fails
	keys, err := wire.DeriveKeys(password, salt, wire.IterationsMin)
	if err != nil {
		t.Fatal(err)
	}
	return wire.Register{Iterations: keys.Iterations, Salt: keys.Salt, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey, Name: name}
}

func TestRegisterThenLogIn(t *testing.T) {
	t.Parallel()
	w := greet(t)
	name := fmt.Sprintf("Newcomer-%d", world.number())
	f := w.gets(w.send(wire.TypeRegister, 0, registration(t, name, "first password")), wire.TypeRegistered)
	n, err := wire.ParseNumber(f.Body)
	if err != nil || n.Value == 0 {
		t.Errorf("REGISTERED: %+v, %v", n, err)
	}
	w.ok(w.Login(strings.ToLower(name), "first password"))
	if w.Me.Account != n.Value || w.Me.Name != name {
		t.Errorf("AUTH_OK: %+v, registered %d", w.Me, n.Value)
	}
	// The second registration of a name is refused, in capitals too, and changes nothing.
	for _, again := range []string{name, strings.ToUpper(name), strings.ToLower(name)} {
		other := greet(t)
		other.refused(other.send(wire.TypeRegister, 0, registration(t, again, "second password")), wire.ErrNameTaken)
		if err := other.Login(strings.ToLower(name), "second password"); !isError(err, wire.ErrAuth) {
			t.Errorf("want ERROR AUTH, got %v", err)
		}
	}
}

func TestRegisterRefused(t *testing.T) {
	t.Parallel()
	edit := func(change func(*wire.Register)) wire.Body {
		r := registration(t, fmt.Sprintf("refused-%d", world.number()), "p")
		change(&r)
		return r
	}
	good := edit(func(*wire.Register) {}).Append(nil)
	for name, c := range map[string]struct {
		body wire.Body
		want wire.ErrorNumber
	}{
		"name empty":              {edit(func(r *wire.Register) { r.Name = "" }), wire.ErrName},
		"name with an escape":     {edit(func(r *wire.Register) { r.Name = "a\x1bb" }), wire.ErrName},
		"name with a newline":     {edit(func(r *wire.Register) { r.Name = "a\nb" }), wire.ErrName},
		"name of 65":              {edit(func(r *wire.Register) { r.Name = strings.Repeat("n", 65) }), wire.ErrName},
		"fewer iterations":        {edit(func(r *wire.Register) { r.Iterations = 4095 }), wire.ErrWeak},
		"more iterations":         {edit(func(r *wire.Register) { r.Iterations = 4097 }), wire.ErrWeak},
		"no iterations":           {edit(func(r *wire.Register) { r.Iterations = 0 }), wire.ErrWeak},
		"cut":                     {wire.Raw(good[:87]), wire.ErrBadFrame},
		"name cut":                {wire.Raw(good[:90]), wire.ErrBadFrame},
		"something after the end": {wire.Raw(append(good[:len(good):len(good)], 'x')), wire.ErrBadFrame},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := greet(t)
			w.refused(w.send(wire.TypeRegister, 0, c.body), c.want)
			w.gets(w.send(wire.TypePing, 0, wire.Empty{}), wire.TypePong)
		})
	}
	t.Run("name not UTF-8", func(t *testing.T) {
		t.Parallel()
		w := greet(t)
		id := w.send(wire.TypeRegister, 0, edit(func(r *wire.Register) { r.Name = "a\xff" }))
		if e := w.error(w.gets(id, wire.TypeError)); e.Number != wire.ErrUTF8 && e.Number != wire.ErrName {
			t.Errorf("ERROR %s", e.Number.Name())
		}
	})
	t.Run("name of 64", func(t *testing.T) {
		t.Parallel()
		w := greet(t)
		name := fmt.Sprintf("%064d", world.number())
		w.gets(w.send(wire.TypeRegister, 0, registration(t, name, "p")), wire.TypeRegistered)
	})
}

// TestRegisterTheSameNameAtOnce: of many who ask at the same time, one gets it.
func TestRegisterTheSameNameAtOnce(t *testing.T) {
	t.Parallel()
	name := fmt.Sprintf("wanted-%d", world.number())
	const clients = 8
	var all []*who
	var ids []wire.ID
	for i := range clients {
		w := greet(t)
		all = append(all, w)
		ids = append(ids, w.send(wire.TypeRegister, 0, registration(t, name, fmt.Sprint("password ", i))))
	}
	winners := 0
	for i, w := range all {
		f := w.find("an answer", func(f wire.Frame) bool { return f.ID == ids[i] })
		switch {
		case f.Type == wire.TypeRegistered:
			winners++
			w.ok(w.Login(name, fmt.Sprint("password ", i)))
		case f.Type != wire.TypeError || w.error(f).Number != wire.ErrNameTaken:
			t.Errorf("the answer is%s", names([]wire.Frame{f}))
		}
	}
	if winners != 1 {
		t.Errorf("%d got the name", winners)
	}
}

// TestRegisterThenClose: the answer finds nobody.
func TestRegisterThenClose(t *testing.T) {
	t.Parallel()
	for range 5 {
		w := greet(t)
		w.send(wire.TypeRegister, 0, registration(t, fmt.Sprintf("gone-%d", world.number()), "p"))
		w.ok(w.Reset())
	}
	greet(t).alive()
}

// registered makes an account over the wire, which the accounts service knows about.
func registered(t *testing.T) account {
	t.Helper()
	name := fmt.Sprintf("registered-%d", world.number())
	w := greet(t)
	f := w.gets(w.send(wire.TypeRegister, 0, registration(t, name, "before")), wire.TypeRegistered)
	n, err := wire.ParseNumber(f.Body)
	w.ok(err)
	return account{number: n.Value, name: name, login: name, password: "before"}
}

// passwd is a PASSWD signed with the session's key.
func (w *who) passwd(t *testing.T, password string) wire.Passwd {
	t.Helper()
	r := registration(t, "", password)
	p := wire.Passwd{Iterations: r.Iterations, Salt: r.Salt, StoredKey: r.StoredKey, ServerKey: r.ServerKey}
	p.Proof = wire.PasswdProof(w.Key, p)
	return p
}

func TestPasswdChangesThePassword(t *testing.T) {
	t.Parallel()
	a := registered(t)
	w, second := silent(t, a), silent(t, a)
	broken := silent(t, a)
	broken.ok(broken.Reset())
	w.gets(w.send(wire.TypePasswd, 0, w.passwd(t, "after")), wire.TypeOK)
	second.ends(wire.ErrReplaced)
	w.alive()
	for _, of := range []*who{second, broken} {
		back := greet(t)
		if err := back.Resume(of.Me.Session, of.Key, wire.ResumeSession); !isError(err, wire.ErrSession) {
			t.Errorf("an old session can be resumed: %v", err)
		}
	}
	old := greet(t)
	if err := old.Login(a.login, "before"); !isError(err, wire.ErrAuth) {
		t.Errorf("the old password: want ERROR AUTH, got %v", err)
	}
	a.password = "after"
	silent(t, a)
}

func TestPasswdRefused(t *testing.T) {
	t.Parallel()
	a := registered(t)
	w, other := silent(t, a), silent(t, a)
	wrong := w.passwd(t, "after")
	wrong.Proof[0] ^= 1
	foreign := other.passwd(t, "after")
	changed := w.passwd(t, "after")
	changed.StoredKey[0] ^= 1
	weak := w.passwd(t, "after")
	weak.Iterations = 4095
	weak.Proof = wire.PasswdProof(w.Key, weak)
	reserved := wire.Raw(w.passwd(t, "after").Append(nil))
	reserved[4] = 1
	for name, c := range map[string]struct {
		body wire.Body
		want wire.ErrorNumber
	}{
		"wrong proof":                   {wrong, wire.ErrAuth},
		"proof of another session":      {foreign, wire.ErrAuth},
		"something changed after proof": {changed, wire.ErrAuth},
		"fewer iterations":              {weak, wire.ErrWeak},
		"reserved not 0":                {reserved, wire.ErrBadFrame},
		"cut":                           {reserved[:119], wire.ErrBadFrame},
	} {
		id := w.send(wire.TypePasswd, 0, c.body)
		if e := w.error(w.gets(id, wire.TypeError)); e.Number != c.want {
			t.Errorf("%s: ERROR %s, want %s", name, e.Number.Name(), c.want.Name())
		}
	}
	other.alive()
	silent(t, a)
}

func TestADeletedAccountIsGone(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	if err := world.kernel(t).DeleteAccount(t.Context(), a.acct.number); err != nil {
		t.Fatal(err)
	}
	a.ends(wire.ErrSession)
	b.sees(r.Number, a, wire.PersonLeft)
	allAlone(t, b, r.Number)
	w := greet(t)
	if err := w.Login(a.acct.login, a.acct.password); !isError(err, wire.ErrAuth) {
		t.Errorf("want ERROR AUTH, got %v", err)
	}
	b.refused(b.send(wire.TypeWhois, 0, wire.Whois{Account: a.acct.number}), wire.ErrNoPerson)
}
