// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"errors"
	"time"

	"kchat/server/accounts"
	"kchat/server/genl"
	"kchat/wire"
)

// registration says who may make an account over the wire: this host freely, others with an invite code.
const registration = genl.RegisterInvite

func registrationName(r genl.Registration) string {
	switch r {
	case genl.RegisterOff:
		return "off"
	case genl.RegisterLoopback:
		return "from this host"
	case genl.RegisterInvite:
		return "from this host, elsewhere by invite code"
	case genl.RegisterCode:
		return "by invite code"
	case genl.RegisterOpen:
		return "open"
	}
	return "unknown"
}

// answer decides a request of the module and keeps the result on disk. It returns the account to give to the kernel,
// or the error to answer with.
func answer(store *accounts.Store, policy genl.Registration, r genl.Request, now time.Time) (*accounts.Account, wire.ErrorNumber) {
	verifier := accounts.Verifier{Salt: r.Salt, StoredKey: r.StoredKey, ServerKey: r.ServerKey}
	var result accounts.Account
	err := store.Update(func(d *accounts.Data) error {
		if r.Account != 0 {
			account := d.FindNumber(r.Account)
			if account == nil {
				return accounts.ErrNoAccount
			}
			account.SetVerifier(verifier)
			result = *account
			return nil
		}
		if err := admit(d, policy, r, now); err != nil {
			return err
		}
		account, err := d.Add(r.Name, verifier, now)
		if err != nil {
			return err
		}
		result = *account
		return nil
	})
	if err != nil {
		return nil, errorNumber(err)
	}
	return &result, 0
}

// admit checks whether this peer may register at all, and uses its invite up. If the rest fails, so does that.
func admit(d *accounts.Data, policy genl.Registration, r genl.Request, now time.Time) error {
	switch {
	case policy == genl.RegisterOpen, r.Loopback && (policy == genl.RegisterLoopback || policy == genl.RegisterInvite):
		return nil
	case policy == genl.RegisterInvite, policy == genl.RegisterCode:
		return d.Redeem(r.Code, now)
	}
	return wire.ErrRegisterOff
}

func errorNumber(err error) wire.ErrorNumber {
	switch {
	case errors.Is(err, wire.ErrRegisterOff):
		return wire.ErrRegisterOff
	case errors.Is(err, accounts.ErrInvite):
		return wire.ErrInviteCode
	case errors.Is(err, accounts.ErrNameTaken):
		return wire.ErrNameTaken
	case errors.Is(err, accounts.ErrName):
		return wire.ErrName
	}
	return wire.ErrService
}
