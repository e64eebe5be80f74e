// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kchat/e2e/peer"
	"kchat/e2e/schedstat"
	"kchat/wire"
)

// strangers is what the names begin with that nobody has. It is as long as the prefix of the accounts.
const strangers = "miss"

// guess tries a wrong password with the name of each account and, in turns, with as many names that nobody has. It
// prints what the server's threads ran for the attempt in the middle of each kind: for AUTH and for PROOF, in
// nanoseconds, which are instructions where the clock counts them.
func guess(p plan) error {
	if len(p.prefix) != len(strangers) {
		return fmt.Errorf("the prefix has to be as long as %q", strangers)
	}
	var known, unknown []attempt
	for i := range p.clients {
		for _, kind := range []struct {
			prefix string
			to     *[]attempt
		}{{p.prefix, &known}, {strangers, &unknown}} {
			a, err := try(p.addr, kind.prefix+strconv.Itoa(i))
			if err != nil {
				return fmt.Errorf("%s%d: %w", kind.prefix, i, err)
			}
			*kind.to = append(*kind.to, a)
		}
	}
	k, u := middle(known), middle(unknown)
	fmt.Printf("known %d %d unknown %d %d\n", k.auth, k.proof, u.auth, u.proof)
	return nil
}

// attempt is what the server's threads ran for one.
type attempt struct{ auth, proof uint64 }

func middle(of []attempt) (m attempt) {
	slices.SortFunc(of, func(a, b attempt) int { return int(a.auth) - int(b.auth) })
	m.auth = of[len(of)/2].auth
	slices.SortFunc(of, func(a, b attempt) int { return int(a.proof) - int(b.proof) })
	m.proof = of[len(of)/2].proof
	return m
}

func try(addr, login string) (a attempt, err error) {
	conn, err := peer.Dial(addr)
	if err != nil {
		return a, err
	}
	defer conn.Close()
	if err := conn.Hello(); err != nil {
		return a, err
	}
	scram := wire.NewScram(login, peer.Nonce())
	begin, err := serverRan()
	if err != nil {
		return a, err
	}
	f, err := conn.Ask(wire.TypeAuth, 0, wire.Raw(scram.First()), wire.TypeChallenge)
	if err != nil {
		return a, err
	}
	between, err := serverRan()
	if err != nil {
		return a, err
	}
	nonce, _, _ := strings.Cut(string(f.Body), ",")
	var proof [wire.KeyLen]byte
	_, _ = rand.Read(proof[:]) // never fails
	final := "c=biws," + nonce + ",p=" + base64.StdEncoding.EncodeToString(proof[:])
	before := between
	_, err = conn.Ask(wire.TypeProof, 0, wire.Raw(final), wire.TypeAuthOK)
	if !errors.Is(err, wire.ErrAuth) {
		return a, fmt.Errorf("a wrong proof was answered by %w", err)
	}
	end, err := serverRan()
	return attempt{between - begin, end - before}, err
}

// serverRan is for how long the module's threads have run.
func serverRan() (uint64, error) {
	threads, err := schedstat.KernelThreads("kchat/")
	if err != nil {
		return 0, err
	}
	ran, err := schedstat.Ran(threads)
	if err == nil && ran == 0 {
		err = errors.New("the module has no threads that have run")
	}
	return ran, err
}
