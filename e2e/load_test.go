// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"kchat/server/genl"
	"kchat/server/guest"
	"kchat/server/vm"
	"kchat/server/vmtest"
	"kchat/wire"
)

const guestload = "/bin/guestload"

// withGuestload is a machine of its own with guestload in it.
func withGuestload(t *testing.T) *vmtest.Server {
	t.Helper()
	return vmtest.Start(t, vmtest.WithFile(guestload, build(t, "./guestload")))
}

// loaded is a machine of its own with guestload in it, and accounts for it.
func loaded(t *testing.T, clients int) *vmtest.Server {
	t.Helper()
	s := withGuestload(t)
	s.AddUsers(t, "load", "load", clients)
	// The clients and the server share emulated processors: being slow is not what is tested here.
	for name, value := range map[string]uint64{"login_ms": 120_000, "silence_ms": 120_000, "lost_ms": 240_000} {
		s.SetParam(t, name, value)
	}
	return s
}

// crowd is how many clients there are and how many messages they say: fewer where every memory access is checked.
func crowd() (clients, messages int) {
	if world.debug() {
		return 40, 1000
	}
	return 200, 10_000
}

// TestTwoHundredClientsHearTenThousandMessages: every client every message once and in order, though connections break.
func TestTwoHundredClientsHearTenThousandMessages(t *testing.T) {
	t.Parallel()
	clients, messages := crowd()
	s := loaded(t, clients)
	s.SetParam(t, "log_bytes", 16<<20) // who comes back late still finds all
	ctx, cancel := s.Timeout(4 * time.Minute)
	defer cancel()
	out, err := s.Exec(ctx, guestload, "relay", "-clients", strconv.Itoa(clients), "-messages", strconv.Itoa(messages), "-breaks", "100",
		"-password", "load", "-limit", world.slow(15*time.Minute).String())
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(out)
}

// signal is a writer that tells when a word has been written.
type signal struct {
	word string
	seen chan struct{}
	text strings.Builder
}

func (s *signal) Write(p []byte) (int, error) {
	before := strings.Contains(s.text.String(), s.word)
	s.text.Write(p)
	if !before && strings.Contains(s.text.String(), s.word) {
		close(s.seen)
	}
	return len(p), nil
}

// TestUnloadWhileTwoHundredTalk: the module goes in time, leaves nothing, and can come back.
func TestUnloadWhileTwoHundredTalk(t *testing.T) {
	clients, _ := crowd()
	s := loaded(t, clients)
	ctx, cancel := s.Timeout(4 * time.Minute)
	defer cancel()
	g := s.Runner.Guest()

	// As "ss -ltnp": the port is open, and no process has it. A listener that a process has is seen as such.
	out, err := s.Exec(ctx, guestload, "owners", "10106")
	if err != nil || out != "listeners 1, processes 0\n" {
		t.Errorf("the port: %q, %v", out, err)
	}
	if out, err = s.Exec(ctx, guestload, "owners", "-own"); err != nil || out != "listeners 1, processes 1\n" {
		t.Errorf("a port that a process has: %q, %v", out, err)
	}

	// Over IPv6 as well.
	out, err = s.Exec(ctx, guestload, "relay", "-addr", "[::1]:10106", "-room", "six", "-clients", "3", "-messages", "30", "-password", "load")
	if err != nil {
		t.Errorf("over IPv6: %v: %s", err, out)
	}

	talking := &signal{word: "talking", seen: make(chan struct{})}
	ended := make(chan error, 1)
	go func() {
		exit, err := g.Exec(ctx, guest.Exec{Path: guestload, Args: []string{"talk", "-clients", strconv.Itoa(clients), "-password", "load"}}, talking, talking)
		if err == nil && exit.Code != 0 {
			err = io.ErrUnexpectedEOF
		}
		ended <- err
	}()
	select {
	case <-talking.seen:
	case err := <-ended:
		t.Fatalf("%v: %s", err, talking.text.String())
	}
	before := status(t, s)
	eventually(t, "what everybody says", func() bool {
		return status(t, s).Counters[wire.CounterMessages] >= before.Counters[wire.CounterMessages]+uint64(5*clients)
	})
	if n := connectionsHeld(t, s); n < clients {
		t.Errorf("the cache of connections holds %d of %d", n, clients)
	}
	unload(t, s)
	if err := <-ended; err != nil {
		t.Errorf("the clients: %v: %s", err, talking.text.String())
	}
	out, err = s.Exec(ctx, guestload, "owners", "10106")
	if err != nil || out != "listeners 0, processes 0\n" {
		t.Errorf("the port: %q, %v", out, err)
	}

	reload(t, s)
	again(t, s, before)
}

// connectionsHeld is how many connections the module's cache for them holds, as the kernel counts.
func connectionsHeld(t *testing.T, s *vmtest.Server) (active int) {
	t.Helper()
	for line := range strings.Lines(s.ReadFile(t, "/proc/slabinfo")) {
		if n, err := fmt.Sscanf(line, "kchat_conn %d", &active); n == 1 && err == nil {
			return active
		}
	}
	t.Fatal("the kernel knows no cache kchat_conn")
	return 0
}

// unload takes the module away, whoever is talking. It must go in time and leave nothing.
func unload(t *testing.T, s *vmtest.Server) {
	t.Helper()
	ctx, cancel := s.Timeout(time.Minute)
	defer cancel()
	watch := s.Stopwatch(t)
	if err := s.Runner.Guest().Call(ctx, guest.OpUnload, guest.Unload{Name: "kchat"}, nil); err != nil {
		t.Fatal(err)
	}
	if took := watch.Took(t); took > world.slow(2*time.Second) {
		t.Errorf("unloading took %v", took)
	} else {
		t.Logf("unloading took %v", took)
	}
	for _, list := range []string{"/proc/slabinfo", "/proc/modules", "/proc/vmallocinfo"} {
		for line := range strings.Lines(s.ReadFile(t, list)) {
			if strings.Contains(line, "kchat") {
				t.Errorf("left in %s: %s", list, line)
			}
		}
	}
	if found := vmtest.Reports(s.KernelLog()); len(found) > 0 {
		t.Errorf("the kernel reports: %s", found)
	}
}

// reload loads the module once more, by hand: without a server, accounts and their service.
func reload(t *testing.T, s *vmtest.Server) {
	t.Helper()
	ctx, cancel := s.Timeout(30 * time.Second)
	defer cancel()
	if err := s.Runner.Guest().Call(ctx, guest.OpLoad, guest.Load{Path: vm.ModulePath}, nil); err != nil {
		t.Fatal(err)
	}
}

// again starts servers in a module that was loaded again, with each way of registration.
func again(t *testing.T, s *vmtest.Server, before genl.Status) {
	t.Helper()
	ctx, cancel := s.Timeout(30 * time.Second)
	defer cancel()
	k := s.Runner.Kernel()
	for _, c := range []struct {
		register genl.Registration
		features uint64
		answer   wire.ErrorNumber
	}{
		{genl.RegisterOff, 0, wire.ErrRegisterOff},
		{genl.RegisterLoopback, 0, wire.ErrRegisterOff},
		{genl.RegisterInvite, wire.FeatureRegister | wire.FeatureInvite, wire.ErrService},
		{genl.RegisterOpen, wire.FeatureRegister, wire.ErrService},
	} {
		if err := k.Start(ctx, genl.Start{
			ServerUUID: before.ServerUUID, CommunityUUID: before.CommunityUUID, Name: "again", Generation: before.Generation + 1,
			Iterations: wire.IterationsMin, Register: c.register, ProxyFrom: before.ProxyFrom,
		}); err != nil {
			t.Fatal(err)
		}
		w := asProxy(t, s, leads("192.0.2.7:50001"))
		w.ok(w.Hello())
		if w.Welcome.Name != "again" || w.Welcome.Features != c.features {
			t.Errorf("registration %d: %+v", c.register, w.Welcome)
		}
		request := registration(t, "somebody", "p")
		request.Code = "code"
		w.refused(w.send(wire.TypeRegister, 0, request), c.answer)
		if err := k.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		w.ends(wire.ErrShutdown)
		_ = w.Close()
	}
}

func status(t *testing.T, s *vmtest.Server) genl.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), world.slow(20*time.Second))
	defer cancel()
	got, err := s.Runner.Kernel().Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
