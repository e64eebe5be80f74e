// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"bytes"
	"context"
	"slices"

	"kchat/server/accounts"
	"kchat/server/genl"
)

// push brings the kernel's accounts from what was pushed before to what is wanted, and notes it in pushed. The kernel
// itself ends the sessions of an account that is gone or has new keys.
func push(ctx context.Context, client *genl.Client, pushed map[uint64]accounts.Account, wanted []accounts.Account) error {
	keep := map[uint64]bool{}
	for _, a := range wanted {
		keep[a.Number] = true
	}
	// First what goes: a name may have passed from a deleted account to a new one.
	for number := range pushed {
		if keep[number] {
			continue
		}
		if err := client.DeleteAccount(ctx, number); err != nil {
			return err
		}
		delete(pushed, number)
	}
	// And a uid from one account to another, whichever of them comes first.
	for _, a := range wanted {
		old, known := pushed[a.Number]
		if !known || old.UID == nil || sameUID(old.UID, a.UID) {
			continue
		}
		old.UID = nil
		if err := client.SetAccount(ctx, old.ForKernel()); err != nil {
			return err
		}
		pushed[a.Number] = old
	}
	wanted = slices.DeleteFunc(slices.Clone(wanted), func(a accounts.Account) bool {
		old, known := pushed[a.Number]
		return known && same(old, a)
	})
	for some := range slices.Chunk(wanted, pushMany) {
		orders := make([]genl.Account, len(some))
		for i, a := range some {
			orders[i] = a.ForKernel()
		}
		if err := client.SetAccounts(ctx, orders); err != nil {
			return err
		}
		for _, a := range some {
			pushed[a.Number] = a
		}
	}
	return nil
}

// pushMany is how many accounts are given to the kernel together. After an error those of one row are given again.
const pushMany = 1000

func same(a, b accounts.Account) bool {
	return a.Name == b.Name && a.Login == b.Login && a.Bot == b.Bot && a.Admin == b.Admin && sameUID(a.UID, b.UID) && bytes.Equal(a.Salt, b.Salt) && bytes.Equal(a.StoredKey, b.StoredKey) && bytes.Equal(a.ServerKey, b.ServerKey)
}

func sameUID(a, b *uint32) bool {
	return (a == nil) == (b == nil) && (a == nil || *a == *b)
}

// liftAnswersLimit lets any number of questions of discovery come from one address, where the runner asks on behalf of
// others, and has counted them.
func liftAnswersLimit(ctx context.Context, client *genl.Client) error {
	const limit = "answers_address"
	params, err := client.Params(ctx)
	if err != nil {
		return err
	}
	for _, p := range params {
		if p.Name == limit {
			return client.SetParam(ctx, limit, p.Max)
		}
	}
	return nil
}
