// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"kchat/server/accounts"
	"kchat/server/genl"
	"kchat/server/kept"
	"kchat/wire"
)

// saveEvery is how long changes of registered rooms are gathered before they are written. The module tells of one
// within 250 ms (KCHAT_HOUSE_MS).
const saveEvery = time.Second

// changedRooms are the registered rooms of which the module has told that they changed.
type changedRooms struct {
	poke chan struct{} // gets one when there is a first

	mu    sync.Mutex
	names map[string]bool
}

func newChangedRooms() *changedRooms {
	return &changedRooms{poke: make(chan struct{}, 1), names: map[string]bool{}}
}

// add does not wait.
func (c *changedRooms) add(names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range names {
		c.names[name] = true
	}
	if len(c.names) == 0 {
		return
	}
	select {
	case c.poke <- struct{}{}:
	default:
	}
}

func (c *changedRooms) take() (names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range c.names {
		names = append(names, name)
	}
	clear(c.names)
	return names
}

// pushRooms gives the registered rooms to a module that is not started yet. One that it does not take stays in the
// file, for the next start.
func (r *Runner) pushRooms(ctx context.Context, client *genl.Client, known []accounts.Account) error {
	numbers := map[uint64]bool{}
	for _, a := range known {
		numbers[a.Number] = true
	}
	for _, room := range kept.Known(r.rooms.Rooms(), func(n uint64) bool { return numbers[n] }) {
		err := client.SetRoom(ctx, room)
		var errno syscall.Errno
		switch {
		case errors.As(err, &errno):
			r.logs.Server.Error("the kernel does not take a registered room", "room", room.Name, "error", err)
		case err != nil:
			return err
		}
	}
	return nil
}

// decideRoom answers whether a room is registered, or not any more: when it is on disk. Under r.mu.
func (r *Runner) decideRoom(ctx context.Context, client *genl.Client, request genl.Request) wire.ErrorNumber {
	// Whatever becomes of the answer, in the end the file has what the module says.
	defer r.changed.add(request.Room)
	err := error(nil)
	if request.Keep {
		var room genl.KeptRoom
		if room, err = client.Room(ctx, request.Room); err == nil {
			room.Flags |= wire.RoomRegistered
			err = r.rooms.Update([]genl.KeptRoom{room})
		}
	} else {
		err = r.rooms.Update(nil, request.Room)
	}
	if err != nil {
		r.logs.Server.Error("a registered room is not written", "room", request.Room, "error", err)
		return wire.ErrService
	}
	return 0
}

// saveRooms writes what has changed. What cannot be written now is tried again.
func (r *Runner) saveRooms(ctx context.Context, b backend) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.patience(answerWait))
	defer cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	names := r.changed.take()
	keep, gone, err := r.currentRooms(ctx, genl.NewClient(b), names)
	if err == nil && len(keep)+len(gone) > 0 {
		err = r.rooms.Update(keep, gone...)
	}
	if err != nil {
		r.changed.add(names...)
		r.logs.Server.Error("changes of registered rooms are not written yet", "error", err)
	}
}

// currentRooms asks the module for rooms: those that are registered, and the names of those in the file that are not.
func (r *Runner) currentRooms(ctx context.Context, client *genl.Client, names []string) (keep []genl.KeptRoom, gone []string, err error) {
	for _, name := range names {
		room, err := client.Room(ctx, name)
		switch {
		case err == nil && room.Flags&wire.RoomRegistered != 0:
			keep = append(keep, room)
		case err == nil || errors.Is(err, syscall.ENOENT):
			if r.rooms.Has(name) {
				gone = append(gone, name)
			}
		default:
			return nil, nil, err
		}
	}
	return keep, gone, nil
}

// saveAllRooms writes what the module has not told yet, before it ends.
func (r *Runner) saveAllRooms(ctx context.Context, b backend) error {
	list, err := genl.NewClient(b).Rooms(ctx)
	if err != nil {
		return fmt.Errorf("save the registered rooms: %w", err)
	}
	for _, room := range list {
		if room.Flags&wire.RoomRegistered != 0 {
			r.changed.add(room.Name)
		}
	}
	r.saveRooms(ctx, b)
	return nil
}

// unregister ends the registration of a room: it goes with its last person.
func (r *Runner) unregister(ctx context.Context, name string) error {
	client, err := r.kernel()
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	err = client.DeleteRoom(ctx, name)
	if err != nil && !errors.Is(err, syscall.ENOENT) {
		return err
	}
	if err != nil && !r.rooms.Has(name) {
		return fmt.Errorf("the room %s is not registered", name)
	}
	return r.rooms.Update(nil, name)
}
