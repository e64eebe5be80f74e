// SPDX-License-Identifier: GPL-2.0-only

package server_test

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"kchat/server/genl"
	"kchat/server/vmtest"
	"kchat/wire"
)

var shared vmtest.Shared

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// register asks for an account over the wire, as a newcomer's client does.
func register(t *testing.T, s *vmtest.Server, name string) wire.Frame {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	out, in := wire.NewWriter(conn), wire.NewReader(conn)
	out.Add(wire.Header{Type: wire.TypeHello}, wire.Hello{Version: wire.Version, Agent: "test"})
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	frame, err := in.Next()
	if err != nil {
		t.Fatal(err)
	}
	welcome, err := wire.ParseWelcome(frame.Body)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := wire.DeriveKeys("secret", [wire.SaltLen]byte{1}, welcome.Iterations)
	if err != nil {
		t.Fatal(err)
	}
	out.Add(wire.Header{Type: wire.TypeRegister}, wire.Register{
		Iterations: keys.Iterations, Salt: keys.Salt, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey, Name: name,
	})
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if frame, err = in.Next(); err != nil {
		t.Fatal(err)
	}
	return frame
}

func kernelAccounts(t *testing.T, s *vmtest.Server) []string {
	t.Helper()
	known, err := s.Runner.Kernel().Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range known {
		names = append(names, a.Name)
	}
	return names
}

func TestARegistrationOverTheWireIsKeptAndOutlivesAPowerCut(t *testing.T) {
	s := vmtest.Start(t)
	if frame := register(t, s, "Mina"); frame.Type != wire.TypeRegistered {
		t.Fatalf("answered %v", frame.Type)
	}
	data, err := s.Runner.Accounts().Read()
	if err != nil {
		t.Fatal(err)
	}
	if len(data.Accounts) != 1 || data.Accounts[0].Name != "Mina" {
		t.Errorf("on disk: %+v", data.Accounts)
	}
	frame := register(t, s, "MINA")
	if refusal, err := wire.ParseError(frame.Body); frame.Type != wire.TypeError || err != nil || refusal.Number != wire.ErrNameTaken {
		t.Errorf("the same name again: %v %+v", frame.Type, refusal)
	}
	before, err := s.Runner.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.CutPower(t)
	after, err := s.Runner.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := kernelAccounts(t, s); !slices.Equal(got, []string{"Mina"}) {
		t.Errorf("after the restart the kernel knows %q", got)
	}
	if after.Generation <= before.Generation || after.Server != before.Server || after.Restarts != 1 {
		t.Errorf("after: %+v, before: %+v", after, before)
	}
	if frame := register(t, s, "Jun"); frame.Type != wire.TypeRegistered {
		t.Errorf("after the restart a registration is answered %v", frame.Type)
	}
}

func TestTheKernelFollowsTheAccountsFile(t *testing.T) {
	s := shared.Server(t)
	s.AddUser(t, "mina", "secret")
	s.AddBot(t, "helper", "secret")
	known, err := s.Runner.Kernel().Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range known {
		if want := map[string]uint32{"mina": 0, "helper": genl.FlagBot}[a.Name]; a.Flags != want {
			t.Errorf("%s has flags %d, want %d", a.Name, a.Flags, want)
		}
	}
	if len(known) != 2 {
		t.Errorf("the kernel knows %+v", known)
	}
	s.RemoveUser(t, "mina")
	if got := kernelAccounts(t, s); !slices.Equal(got, []string{"helper"}) {
		t.Errorf("after a deletion the kernel knows %q", got)
	}
}

func TestTheModuleOfAMicroVMTakesItsClientsFromTheRelay(t *testing.T) {
	status, err := shared.Server(t).Runner.Kernel().Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := []netip.Prefix{netip.MustParsePrefix("10.0.2.2/32")}; !slices.Equal(status.ProxyFrom, want) {
		t.Errorf("proxies: %v, want %v", status.ProxyFrom, want)
	}
	if status.Register != genl.RegisterInvite {
		t.Errorf("registration: %v", status.Register)
	}
}
