// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"os"
	"time"
)

// sharedEvery is how often the accounts file is looked at, since other servers may share it. Whether it is on this machine's disk or on that of
// another one makes no difference to that.
const sharedEvery = time.Second

// follow is what was seen of a file.
type follow struct {
	last  os.FileInfo
	fails string // why the kernel could not be told, said once
}

// changed says whether a file is another one than that of the last call which was followed by took.
func (f *follow) changed(path string) (os.FileInfo, bool) {
	now, err := os.Stat(path)
	if err != nil {
		return nil, false // it is being replaced, or its disk is away: what was there goes on to hold
	}
	same := f.last != nil && os.SameFile(f.last, now) && f.last.ModTime().Equal(now.ModTime()) && f.last.Size() == now.Size()
	return now, !same
}

// followAccounts tells the kernel what other servers have changed in the accounts, be they ours or theirs. It is called
// by watch alone.
func (r *Runner) followAccounts(ctx context.Context) {
	now, changed := r.shared.changed(r.store.Path())
	if !changed {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.patience(answerWait))
	defer cancel()
	if err := r.Sync(ctx); err != nil {
		if r.shared.fails != err.Error() {
			r.logs.Server.Error("the accounts have changed, but the kernel is not told", "error", err)
		}
		r.shared.fails = err.Error()
		return
	}
	r.shared = follow{last: now}
}
