// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"kchat/server/genl"
	"kchat/wire"
)

const modulePath = "/lib/kchat.ko"

// wholeEvery is after how many reloads all wait until everybody has heard everything, while they go on talking.
const wholeEvery = 5

// reloads takes the module away under the people and brings it back: every second time when all are back and talking,
// otherwise while they are still coming.
func reloads(ctx context.Context, t *town) error {
	for i := range t.plan.people {
		account, err := accountOf(i, t.login(i))
		if err != nil {
			return err
		}
		t.accounts = append(t.accounts, account)
	}
	var longest time.Duration
	for n := range t.rounds {
		took, err := t.reload(ctx)
		if err != nil {
			return fmt.Errorf("reload %d: %w", n+1, err)
		}
		longest = max(longest, took)
		fmt.Printf("reload %d, unloading took %v\n", n+1, took.Round(time.Millisecond))
		if n%2 == 0 {
			if err := t.allBack(ctx); err != nil {
				return fmt.Errorf("after reload %d: %w", n+1, err)
			}
		}
		if n%wholeEvery == wholeEvery-1 {
			if err := errors.Join(t.allBack(ctx), t.allHeard(ctx)); err != nil {
				return fmt.Errorf("after reload %d: %w", n+1, err)
			}
		}
		pause(ctx, t.chance.between(0, 200*time.Millisecond), time.Time{})
	}
	t.times = t.rounds
	t.note("reloaded %d times, unloading took at most %v", t.rounds, longest.Round(time.Millisecond))
	return nil
}

// withKernel talks to the module that is loaded now.
func withKernel(do func(*genl.Client) error) error {
	conn, err := genl.Dial(genl.Family)
	if err != nil {
		return err
	}
	defer conn.Close()
	return do(genl.NewClient(conn))
}

// reload ends the server with its module, and starts it as the same one with a larger generation.
func (t *town) reload(ctx context.Context) (unloading time.Duration, err error) {
	var was genl.Status
	var limits []genl.Param
	err = withKernel(func(k *genl.Client) (err error) {
		if was, err = k.Status(ctx); err == nil {
			limits, err = k.Params(ctx)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := unix.DeleteModule("kchat", unix.O_NONBLOCK); err != nil {
		return 0, fmt.Errorf("unload the module: %w", err)
	}
	unloading = time.Since(began)
	file, err := os.Open(modulePath)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if err := unix.FinitModule(int(file.Fd()), "", 0); err != nil {
		return 0, fmt.Errorf("load the module: %w", err)
	}
	return unloading, withKernel(func(k *genl.Client) error {
		fresh, err := k.Params(ctx)
		if err != nil {
			return err
		}
		for _, l := range limits {
			if slices.Contains(fresh, l) {
				continue
			}
			if err := k.SetParam(ctx, l.Name, l.Value); err != nil {
				return err
			}
		}
		for _, account := range t.accounts {
			if err := k.SetAccount(ctx, account); err != nil {
				return err
			}
		}
		return k.Start(ctx, genl.Start{
			ServerUUID: was.ServerUUID, CommunityUUID: was.CommunityUUID, Name: was.Name, Generation: was.Generation + 1,
			Iterations: wire.IterationsMin, Port: wire.Port, ProxyFrom: was.ProxyFrom,
		})
	})
}

// accountOf is the account that the host has made, whose number and name follow from its place and whose password is
// its name.
func accountOf(place int, login string) (genl.Account, error) {
	hash := sha256.Sum256([]byte(login))
	keys, err := wire.DeriveKeys(login, [wire.SaltLen]byte(hash[:]), wire.IterationsMin)
	return genl.Account{
		Number: uint64(place) + 1, Name: login, Login: login, Salt: keys.Salt, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey,
	}, err
}
