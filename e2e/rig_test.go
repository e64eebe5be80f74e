// SPDX-License-Identifier: GPL-2.0-only

// Package e2e tests the module in a microVM over TCP, against docs/protocol.md and nothing else of ours but package
// wire.
package e2e

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kchat/server/genl"
	"kchat/server/vmtest"
	"kchat/wire"
)

// shared is the machine of all tests that change no limit and break nothing.
var shared vmtest.Shared

// atOnce is how many parallel tests run at once: they wait for the server and for time more than for a processor.
const atOnce = "4"

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", atOnce); err != nil {
		fmt.Fprintln(os.Stderr, "run tests at once:", err)
		os.Exit(1)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "kchat-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "a folder for programs:", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	inside.dir = dir
	return shared.Run(m)
}

// rig gives tests what they need of a server.
type rig struct {
	next    atomic.Uint64 // number of the next account, room and so on
	patient sync.Once     // for limits that the tests need
}

// world is the one rig: numbers are handed out once.
var world rig

// firstAccount is where the numbers of the tests begin. Below are those that the server gives out.
const firstAccount = 1 << 40

// debug says that the kernel is one that checks what it does.
func (r *rig) debug() bool { return vmtest.Slowness() != 0 }

// slow makes a time longer on a kernel that checks what it does.
func (r *rig) slow(d time.Duration) time.Duration {
	return d * time.Duration(max(1, vmtest.Slowness()))
}

// number gives a number that was not given before.
func (r *rig) number() uint64 { return r.next.Add(1) }

// server is the shared machine.
func (r *rig) server(t testing.TB) *vmtest.Server {
	t.Helper()
	s := shared.Server(t)
	r.patient.Do(func() {
		// All tests come from one host, and many fail to log in.
		s.SetParam(t, "failures_address", 1_000_000)
	})
	return s
}

func (r *rig) kernel(t testing.TB) *genl.Client {
	t.Helper()
	k := r.server(t).Runner.Kernel()
	if k == nil {
		t.Fatal("the server is down")
	}
	return k
}

// set changes a limit until the test ends. Not for parallel tests: limits are the server's.
func (r *rig) set(t *testing.T, name string, value uint64) {
	t.Helper()
	params, err := r.kernel(t).Params(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range params {
		if p.Name == name {
			world.server(t).SetParam(t, name, value)
			t.Cleanup(func() { world.server(t).SetParam(t, name, p.Value) })
			return
		}
	}
	t.Fatalf("there is no limit named %s", name)
}

// account is what a person knows to log in.
type account struct {
	number   uint64
	name     string
	login    string
	password string
}

// account makes an account that no other test has.
func (r *rig) account(t testing.TB, flags uint32) account {
	t.Helper()
	n := r.number()
	a := account{
		number: firstAccount + n, name: fmt.Sprintf("Person-%d", n), login: fmt.Sprintf("person-%d", n),
		password: fmt.Sprintf("secret of %d", n),
	}
	r.give(t, a, flags)
	return a
}

// give tells the module about an account. The same account with the same password has the same keys.
func (r *rig) give(t testing.TB, a account, flags uint32) {
	t.Helper()
	var salt [wire.SaltLen]byte
	hash := sha256.Sum256(fmt.Appendf(nil, "%d %s", a.number, a.password))
	copy(salt[:], hash[:])
	keys, err := wire.DeriveKeys(a.password, salt, wire.IterationsMin)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.kernel(t).SetAccount(t.Context(), genl.Account{
		Number: a.number, Name: a.name, Login: a.login, Flags: flags,
		Salt: keys.Salt, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey,
	}); err != nil {
		t.Fatal(err)
	}
}
