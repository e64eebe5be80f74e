// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"kchat/bench/job"
	"kchat/e2e/schedstat"
	"kchat/server/accounts"
	"kchat/server/genl"
	"kchat/server/vm"
)

// startModule loads the module and opens its port, with an account for each of the load's people.
func startModule(j job.Job) (*server, error) {
	if err := insert(vm.ModulePath); err != nil {
		return nil, err
	}
	s := &server{said: func() string { return "" }, end: func() error {
		err := unix.DeleteModule("kchat", unix.O_NONBLOCK)
		// A connection that is being closed holds it for a moment.
		for deadline := time.Now().Add(portWait); errors.Is(err, unix.EWOULDBLOCK) && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond)
			err = unix.DeleteModule("kchat", unix.O_NONBLOCK)
		}
		if err != nil {
			return fmt.Errorf("unload the module: %w", err)
		}
		return nil
	}}
	local, err := genl.Dial(genl.Family)
	if err != nil {
		return nil, errors.Join(err, s.end())
	}
	defer local.Close()
	if err := s.open(genl.NewClient(local), j); err != nil {
		return nil, errors.Join(err, s.end())
	}
	s.end = stopThen(s.end)
	if s.pids, err = schedstat.KernelThreads("kchat/"); err == nil && len(s.pids) == 0 {
		err = errors.New("the module has no threads")
	}
	if err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

// stopThen stops the server before the module is unloaded.
func stopThen(unload func() error) func() error {
	return func() error {
		local, err := genl.Dial(genl.Family)
		if err == nil {
			err = errors.Join(genl.NewClient(local).Stop(context.Background()), local.Close())
		}
		return errors.Join(err, unload())
	}
}

func (s *server) open(client *genl.Client, j job.Job) error {
	ctx := context.Background()
	off := uint16(0)
	err := client.Start(ctx, genl.Start{
		ServerUUID: [genl.UUIDLen]byte{1}, CommunityUUID: [genl.UUIDLen]byte{2}, Name: "bench", Generation: 1,
		Secret: [genl.SecretLen]byte{3}, Iterations: accounts.MinIterations, Port: job.Port,
		Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1}), UDPPort: &off,
	})
	if err != nil {
		return err
	}
	// All connect at once, from one address, and the first one in makes all the rooms.
	for _, name := range []string{"connections", "unauthenticated", "per_address", "rooms", "rooms_per_person"} {
		if err := client.SetParam(ctx, name, 100_000); err != nil {
			return err
		}
	}
	status, err := client.Status(ctx)
	if err != nil {
		return err
	}
	s.version = status.ModuleVersion
	data, err := makeAccounts(j.People())
	if err != nil {
		return err
	}
	for _, a := range data.Accounts {
		if err := client.SetAccount(ctx, a.ForKernel()); err != nil {
			return err
		}
	}
	return nil
}

// makeAccounts makes a file with the accounts: one derivation serves all, since they share password and salt.
func makeAccounts(people int) (*accounts.Data, error) {
	v, err := accounts.NewVerifier(job.Password, accounts.MinIterations)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(accountsPath); err != nil {
		return nil, err
	}
	store, err := accounts.Open(accountsPath, "bench")
	if err != nil {
		return nil, err
	}
	var data *accounts.Data
	err = store.Update(func(d *accounts.Data) error {
		d.Iterations = accounts.MinIterations
		for i := range people {
			if _, err := d.Add(fmt.Sprintf("%s%d", job.Login, i), v, time.Now()); err != nil {
				return err
			}
		}
		data = d
		return nil
	})
	return data, err
}

const accountsPath = "/tmp/accounts.json"
