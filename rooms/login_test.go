// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"errors"
	"testing"
	"time"

	"kchat/wire"
)

func TestLoginJoinsRoomsAndTellsThePeople(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u := n.start(nil)
		p := n.login()
		j := p.admit(epochOne, 0, 0, meAndAnna())
		if j.Name != "lobby" || j.Epoch != 0 || j.Seq != 0 {
			t.Errorf("joined with %+v", j)
		}
		online := await[Online](u, nil)
		if online.Me.ID != myID || online.Server.Community != peerCommunity || online.Resumed {
			t.Errorf("%+v", online)
		}
		joined := await[Joined](u, nil)
		if len(joined.People) != 2 || joined.People[0].Name != "Anna" || joined.Room.Number != roomNumber {
			t.Errorf("%+v", joined)
		}
		await[Live](u, nil)
		if u.OthersPresent("lobby") != 1 {
			t.Errorf("%d others", u.OthersPresent("lobby"))
		}
		pin := u.store.pins["test:1"]
		if pin.Server != peerServer || pin.Iterations != peerIterations || len(pin.Salts["me"]) != wire.SaltLen {
			t.Errorf("pinned %+v", pin)
		}
	})
}

func TestCloseSaysGoodbyeAndEndsRun(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u := n.start(nil)
		p := n.login()
		p.admit(epochOne, 0, 0, meAndAnna())
		await[Live](u, nil)
		u.Close()
		p.expectSoon(wire.TypeBye)
		if err := <-u.run; err != nil {
			t.Error(err)
		}
		for range u.Events() {
			t.Log("an event after the end is fine as long as the channel is closed")
		}
	})
}

func TestAWrongPasswordEndsRun(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u := n.start(func(c *Config) { c.Password = "wrong" })
		p := n.answer()
		p.finishLogin(p.expect(wire.TypeAuth), peerPassword)
		if err := <-u.run; !errors.Is(err, ErrRefused) || !errors.Is(err, wire.ErrAuth) {
			t.Error(err)
		}
	})
}

func TestAnImpostorWithoutTheKeysEndsRun(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u := n.start(nil)
		p := n.answer()
		auth := p.expect(wire.TypeAuth)
		first := string(auth.Body)
		nonce := first[len(first)-36:] + "server"
		p.reply(auth, wire.TypeChallenge, wire.Raw("r="+nonce+",s=CgsMAAAAAAAAAAAAAAAAAA==,i=4096"))
		proof := p.expect(wire.TypeProof)
		p.reply(proof, wire.TypeAuthOK, wire.AuthOK{Account: 1, Session: 1, Name: "Me", Data: []byte("v=AAAA")})
		if err := <-u.run; !errors.Is(err, ErrImpostor) {
			t.Error(err)
		}
		if len(u.store.pins) != 0 {
			t.Error("an impostor was pinned")
		}
	})
}

func TestAServerThatAsksForWeakerKeysIsRefused(t *testing.T) {
	for name, change := range map[string]func(*memStore){
		"under the least there may be": func(*memStore) {},
		"under what was pinned": func(s *memStore) {
			s.pins["test:1"] = Pin{Address: "test:1", Server: peerServer, Iterations: 9000}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *network) {
				u := n.start(func(c *Config) { change(c.Store.(*memStore)) })
				p := n.answer()
				auth := p.expect(wire.TypeAuth)
				first := string(auth.Body)
				iterations := "8999"
				if len(u.store.pins) == 0 {
					iterations = "4095"
				}
				p.reply(auth, wire.TypeChallenge, wire.Raw("r="+first[len(first)-36:]+"x,s=CgsMAAAAAAAAAAAAAAAAAA==,i="+iterations))
				if err := <-u.run; !errors.Is(err, ErrWeakened) {
					t.Error(err)
				}
			})
		})
	}
}

func TestAnotherServerAtAKnownAddressIsRefusedUnlessTrusted(t *testing.T) {
	for _, trust := range []bool{false, true} {
		bubble(t, func(t *testing.T, n *network) {
			u := n.start(func(c *Config) {
				c.Trust = trust
				c.Store.(*memStore).pins["test:1"] = Pin{Address: "test:1", Server: UUID{9, 9}, Iterations: 4096}
			})
			if !trust {
				n.answer()
				if err := <-u.run; !errors.Is(err, ErrPinned) {
					t.Error(err)
				}
				return
			}
			n.login().admit(epochOne, 0, 0, meAndAnna())
			await[Live](u, nil)
			if u.store.pins["test:1"].Server != peerServer {
				t.Error("the trusted server is not pinned")
			}
		})
	}
}

func TestABrokenConnectionIsResumedAndTheRoomGoesOnWhereItWas(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u := n.start(nil)
		p := n.login()
		p.admit(epochOne, 0, 1, meAndAnna(), said(epochOne, 1, annaID, wire.ID{1}, "before"))
		p.relay(said(epochOne, 2, annaID, wire.ID{2}, "after"))
		await(u, func(e MessageChanged) bool { return e.Message.Text == "after" && !e.Message.Backfill })
		p.conn.Close()
		d := await[Disconnected](u, nil)
		if d.Retry <= 0 || !errors.Is(d.Err, ErrNoServer) {
			t.Errorf("%+v", d)
		}
		p = n.login()
		if !p.resume || p.kind != wire.ResumeSession {
			t.Error("the session was not resumed")
		}
		if j := p.admit(epochOne, 2, 3, meAndAnna(), said(epochOne, 3, annaID, wire.ID{3}, "missed")); j.Epoch != epochOne || j.Seq != 2 {
			t.Errorf("joined again with %+v", j)
		}
		if !await[Online](u, nil).Resumed {
			t.Error("not told as resumed")
		}
		m := await[MessageChanged](u, nil).Message
		if m.Text != "missed" || !m.Backfill {
			t.Errorf("%+v", m)
		}
	})
}

func TestAnEndedSessionFallsBackToThePassword(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u := n.start(nil)
		p := n.login()
		p.admit(epochOne, 0, 0, meAndAnna())
		await[Live](u, nil)
		p.conn.Close()
		p = n.answer()
		p.refuse(p.expect(wire.TypeResume), wire.ErrSession, 0, 0)
		p.finishLogin(p.expect(wire.TypeAuth), peerPassword)
		p.admit(epochOne, 0, 0, meAndAnna())
		await[Live](u, nil)
	})
}

// TestATicketLeadsInWithoutAPassword: at first, and again when the server has forgotten the session.
func TestATicketLeadsInWithoutAPassword(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		taken := 0
		n.key = [wire.KeyLen]byte{1, 2, 3}
		u := n.start(func(cfg *Config) {
			cfg.Password = ""
			cfg.Ticket = func(context.Context) (Ticket, error) {
				taken++
				return Ticket{Session: 99, Key: n.key}, nil
			}
		})
		p := n.login()
		if !p.resume || p.kind != wire.ResumeSession {
			t.Error("the ticket's session was not resumed")
		}
		p.admit(epochOne, 0, 0, meAndAnna())
		await[Live](u, nil)
		p.conn.Close()
		p = n.answer()
		p.refuse(p.expect(wire.TypeResume), wire.ErrSession, 0, 0)
		p.acceptResume(p.expect(wire.TypeResume))
		p.admit(epochOne, 0, 0, meAndAnna())
		await[Live](u, nil)
		if taken != 2 {
			t.Errorf("%d tickets were taken", taken)
		}
	})
}

func TestSilenceEndsAConnection(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u := n.start(nil)
		p := n.login()
		p.admit(epochOne, 0, 0, meAndAnna())
		await[Live](u, nil)
		begun := time.Now()
		go func() {
			for {
				if _, err := p.reader.Next(); err != nil {
					return
				}
			}
		}()
		await[Disconnected](u, nil)
		if d := time.Since(begun); d < 10*time.Second || d > 16*time.Second {
			t.Errorf("noticed after %v", d)
		}
	})
}

func TestPingsAreAnsweredWithTheSameBytes(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u := n.start(nil)
		p := n.login()
		p.admit(epochOne, 0, 0, meAndAnna())
		await[Live](u, nil)
		p.send(wire.Header{Type: wire.TypePing, ID: wire.ID{5}}, wire.Raw("abc"))
		if f := p.expectSoon(wire.TypePong); f.ID != (wire.ID{5}) || string(f.Body) != "abc" {
			t.Errorf("%+v", f)
		}
	})
}

func TestPausesGrowAndAreSpread(t *testing.T) {
	for attempt := 1; attempt < 40; attempt++ {
		low, high := pause(attempt, 0), pause(attempt, 1)
		if low < firstPause/2 || high > lastPause*3/2 || high != 3*low {
			t.Errorf("attempt %d: %v to %v", attempt, low, high)
		}
	}
	if pause(3, 0.5) != 4*firstPause || pause(30, 0.5) != lastPause {
		t.Errorf("%v, %v", pause(3, 0.5), pause(30, 0.5))
	}
}

func TestWithoutAServerAttemptsGoOn(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		n.setDown(true)
		u := n.start(nil)
		for i := 1; i <= 4; i++ {
			if c := await[Connecting](u, nil); c.Attempt != i {
				t.Errorf("attempt %d, expected %d", c.Attempt, i)
			}
			if d := await[Disconnected](u, nil); !errors.Is(d.Err, ErrNoServer) {
				t.Error(d.Err)
			}
		}
		n.setDown(false)
		n.login().admit(epochOne, 0, 0, meAndAnna())
		await[Live](u, nil)
	})
}

func TestOnceEndsWithTheFirstFailure(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		n.setDown(true)
		u := n.start(func(c *Config) { c.Once = true })
		if err := <-u.run; !errors.Is(err, ErrNoServer) {
			t.Error(err)
		}
	})
}

func TestAReplacedSessionLogsInAnew(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u := n.start(nil)
		p := n.login()
		p.admit(epochOne, 0, 0, meAndAnna())
		await[Live](u, nil)
		p.refuse(wire.Frame{}, wire.ErrReplaced, 0, wire.FlagLast)
		p.conn.Close()
		if d := await[Disconnected](u, nil); !errors.Is(d.Err, wire.ErrReplaced) {
			t.Error(d.Err)
		}
		p = n.answer()
		p.finishLogin(p.expect(wire.TypeAuth), peerPassword)
	})
}

func TestRegisterSendsKeysAndNeverThePassword(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		store := newMemStore()
		type result struct {
			id  AccountID
			err error
		}
		done := make(chan result, 1)
		go func() {
			id, err := Register(t.Context(), Config{Address: "test:1", User: "Zoë", Password: peerPassword, Pins: store, Dial: n.dial}, "code")
			done <- result{id, err}
		}()
		p := n.answer()
		f := p.expect(wire.TypeRegister)
		r, err := wire.ParseRegister(f.Body)
		if err != nil {
			t.Fatal(err)
		}
		k, err := wire.DeriveKeys(peerPassword, r.Salt, peerIterations)
		if err != nil {
			t.Fatal(err)
		}
		if r.Name != "Zoë" || r.Code != "code" || r.StoredKey != k.StoredKey || r.ServerKey != k.ServerKey {
			t.Errorf("%+v", r)
		}
		p.reply(f, wire.TypeRegistered, wire.Number{Value: 12})
		if got := <-done; got.err != nil || got.id != 12 {
			t.Error(got)
		}
	})
}

func TestNamesAndPasswordsArePrepared(t *testing.T) {
	for name, want := range map[string]string{"Anna": "anna", "ZOË": "zoë", "zoe\u0308": "zoë", "Ａｎｎａ": "anna"} {
		if got, err := LoginName(name); err != nil || got != want {
			t.Errorf("%q is %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "two words", "tab\t", "bell\a"} {
		if _, err := LoginName(name); !errors.Is(err, ErrName) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if got, err := PreparePassword("a\u00a0b"); err != nil || got != "a b" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := PreparePassword(""); !errors.Is(err, ErrPassword) {
		t.Error(err)
	}
}

func TestAServerThatAsksForEndlessWorkIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u := n.start(nil)
		p := n.answer()
		auth := p.expect(wire.TypeAuth)
		first := string(auth.Body)
		p.reply(auth, wire.TypeChallenge, wire.Raw("r="+first[len(first)-36:]+"x,s=CgsMAAAAAAAAAAAAAAAAAA==,i=4294967295"))
		if err := <-u.run; !errors.Is(err, ErrEndless) {
			t.Error(err)
		}
	})
}
