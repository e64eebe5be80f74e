// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/server/genl"
	"kchat/wire"
)

// bare is an account without keys, which nobody can log in to.
func bare(number uint64, login string) genl.Account {
	return genl.Account{Number: number, Name: login, Login: login}
}

// TestNetlinkRefusesWhatCannotBe: each with the errno that a caller can tell apart.
func TestNetlinkRefusesWhatCannotBe(t *testing.T) {
	k, there := world.kernel(t), world.account(t, 0)
	free := firstAccount + world.number()
	start := genl.Start{Name: "again", Generation: 1, Iterations: wire.IterationsMin}
	weak := start
	weak.Iterations = wire.IterationsMin - 1
	for _, c := range []struct {
		what string
		want syscall.Errno
		err  error
	}{
		{"START while it runs", syscall.EALREADY, k.Start(t.Context(), start)},
		{"START with too few iterations", syscall.ERANGE, k.Start(t.Context(), weak)},
		{"an account without a number", syscall.ERANGE, k.SetAccount(t.Context(), bare(0, "nobody"))},
		{"an account without a login name", syscall.EINVAL, k.SetAccount(t.Context(), bare(free, ""))},
		{"a login name that is another's", syscall.EEXIST, k.SetAccount(t.Context(), bare(free, there.login))},
		{"deleting what is not there", syscall.ENOENT, k.DeleteAccount(t.Context(), free)},
		{"a limit that does not exist", syscall.ENOENT, k.SetParam(t.Context(), "nonsense", 1)},
		{"a limit out of its bounds", syscall.ERANGE, k.SetParam(t.Context(), "ping_ms", 0)},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: want %v, got %v", c.what, c.want, c.err)
		}
	}
	// Nothing of it has changed anything.
	enterAs(t, there)
}

// TestNetlinkListsAccountsInOrder: more than fit in one message of the kernel, each once, without keys.
func TestNetlinkListsAccountsInOrder(t *testing.T) {
	k := world.kernel(t)
	const count = 300
	var first uint64
	for i := range uint64(count) {
		n := firstAccount + world.number()
		if i == 0 {
			first = n
		}
		a := bare(n, fmt.Sprintf("listed-%d", n))
		a.StoredKey[0] = 1
		if err := k.SetAccount(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	list, err := k.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, last := 0, uint64(0)
	for _, a := range list {
		if a.Number <= last {
			t.Fatalf("account %d comes after %d", a.Number, last)
		}
		last = a.Number
		if a.StoredKey != ([genl.KeyLen]byte{}) {
			t.Fatalf("the key of account %d was shown", a.Number)
		}
		if a.Number >= first && a.Login == fmt.Sprintf("listed-%d", a.Number) {
			found++
		}
	}
	if found != count {
		t.Errorf("%d of %d accounts are listed", found, count)
	}
}

// TestARenamedAccountIsFoundByItsNewNameAlone: the number stays, and its name is free for others.
func TestARenamedAccountIsFoundByItsNewNameAlone(t *testing.T) {
	k, old := world.kernel(t), world.account(t, 0)
	renamed := old
	renamed.name, renamed.login = "New-"+old.name, "new-"+old.login
	world.give(t, renamed, 0)
	if w := enterAs(t, renamed); w.Me.Account != old.number || w.Me.Name != renamed.name {
		t.Errorf("account %d is called %q", w.Me.Account, w.Me.Name)
	}
	if err := k.SetAccount(t.Context(), bare(firstAccount+world.number(), old.login)); err != nil {
		t.Errorf("the old name: %v", err)
	}
}

// TestFuzzNetlink: orders with anything wrong in them, given by root from several sockets at once while servers start and
// stop and people come and go. The module refuses what is wrong, and is as good as new when it has been loaded again.
func TestFuzzNetlink(t *testing.T) {
	t.Parallel()
	s := withGuestload(t)
	proxies := status(t, s).ProxyFrom
	seed, limit, _ := fuzzing(t, 2*time.Second)
	ctx, cancel := s.Timeout(limit + time.Minute)
	defer cancel()
	out, err := s.Exec(ctx, guestload, "orders", "-seed", fmt.Sprint(seed), "-limit", limit.String())
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(out)
	var obeyed int
	if _, err := fmt.Sscanf(out, "%d orders were obeyed", &obeyed); err != nil || obeyed == 0 {
		t.Errorf("no order was obeyed, so none of the wrong ones has met a server: %v", err)
	}
	k := s.Runner.Kernel()
	if err := k.Stop(ctx); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Error(err)
	}
	if got := status(t, s); got.Running || got.Counters[wire.CounterConnections] != 0 {
		t.Errorf("after the STOP: %+v", got)
	}
	params, err := k.Params(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range params {
		if p.Value < p.Min || p.Value > p.Max {
			t.Errorf("the limit is out of its bounds: %+v", p)
		}
	}
	if _, err := k.Accounts(ctx); err != nil {
		t.Error(err)
	}
	unload(t, s)
	reload(t, s)
	if err := k.Start(ctx, genl.Start{
		Name: "as good as new", Generation: 7, Iterations: wire.IterationsMin, ProxyFrom: proxies,
	}); err != nil {
		t.Fatal(err)
	}
	if err := k.SetAccount(ctx, bare(7, "somebody")); err != nil {
		t.Fatal(err)
	}
	conn, err := peer.Dial(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Hello(); err != nil || conn.Welcome.Name != "as good as new" {
		t.Errorf("WELCOME of %q, %v", conn.Welcome.Name, err)
	}
	if list, err := k.Accounts(ctx); err != nil || len(list) != 1 || list[0].Login != "somebody" {
		t.Errorf("the accounts: %+v, %v", list, err)
	}
}
