// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"kchat/wire"
)

const (
	wantDelay = 500 * time.Millisecond // the longest time before a WANT is answered
	reoffers  = 8                      // unanswered at once
	wantsKept = 256                    // WANTs of others that wait to be answered
)

// wantJob is a WANT of somebody, to be answered with what we wrote.
type wantJob struct {
	link     *link
	room     *room
	to       AccountID
	from, up Position // after from and up to up
	due      time.Time
}

// covers reports whether an answer to one WANT answers another one too.
func (j wantJob) covers(o wantJob) bool {
	return j.link == o.link && j.room == o.room && j.to == o.to && j.from.Compare(o.from) <= 0 && j.up.Compare(o.up) >= 0
}

// handleWant answers somebody who missed something. One WANT is answered after the other, so that no message is on
// its way twice under one id.
func (c *Client) handleWant(r *room, f wire.Frame) error {
	w, err := wire.ParseWant(f.Body)
	if err != nil {
		return err
	}
	if !r.live || AccountID(f.Sender) == c.me() {
		return nil
	}
	c.heardOfEnd(r, w)
	if w.FromEpoch == w.ToEpoch && w.FromSeq >= w.ToSeq {
		return nil // it only says how far its author knows the epoch
	}
	job := wantJob{
		link: r.home.link, room: r, to: AccountID(f.Sender),
		from: Position{Epoch: w.FromEpoch, Seq: w.FromSeq}, up: Position{Epoch: w.ToEpoch, Seq: w.ToSeq},
		due: time.Now().Add(rand.N(wantDelay)),
	}
	if len(c.asking) < wantsKept && !slices.ContainsFunc(c.asking, func(j wantJob) bool { return j.covers(job) }) {
		c.asking = append(c.asking, job)
		c.nextWant()
	}
	return nil
}

func (c *Client) nextWant() {
	if c.offering || len(c.asking) == 0 {
		return
	}
	job := c.asking[0]
	c.asking = c.asking[1:]
	if job.link != job.room.home.link {
		c.nextWant()
		return
	}
	c.offering = true
	community, me := c.view.session.community, c.me()
	c.work(func() {
		select {
		case <-time.After(time.Until(job.due)):
			c.reoffer(job, c.cfg.Store.Own(c.ctx, community, job.room.name, me, job.from, job.up))
		case <-job.link.closed:
		}
		c.post(func() {
			c.offering = false
			c.nextWant()
		})
	})
}

// reoffered is the server's answer to one re-offer.
type reoffered struct {
	message Message
	err     error
}

// reoffer sends messages to who wants them, with few unanswered at a time. It ends with the connection, or when the
// server says that they are gone, or we are. One that the server does not take holds up no other.
func (c *Client) reoffer(job wantJob, own iter.Seq2[Message, error]) {
	next, stop := iter.Pull2(own)
	defer stop()
	answers := make(chan reoffered, reoffers)
	var again []Message // the server was busy
	under, more := 0, true
	for {
		for more && len(again) == 0 && under < reoffers {
			m, err, ok := next()
			if err != nil {
				c.log.Error("reading our own messages", "room", job.room.name, "error", err)
			}
			if more = ok && err == nil; more {
				under++
				c.reofferOne(job, m, answers)
			}
		}
		if under == 0 {
			return
		}
		var a reoffered
		select {
		case a = <-answers:
			under--
		case <-job.link.closed:
			return
		}
		switch {
		case a.err == nil:
		case errors.Is(a.err, wire.ErrBusy), errors.Is(a.err, wire.ErrRate):
			again = append(again, a.message)
			select {
			case <-time.After(max(waitOf(a.err), wantDelay)):
			case <-job.link.closed:
				return
			}
		case errors.Is(a.err, ErrOffline), errors.Is(a.err, ErrNotInRoom), errors.Is(a.err, ErrNoServer):
			return
		default:
			c.log.Warn("a re-offer was refused", "room", job.room.name, "message", a.message.Pos, "error", a.err)
		}
		for len(again) > 0 && under < reoffers {
			under++
			c.reofferOne(job, again[0], answers)
			again = again[1:]
		}
	}
}

func (c *Client) reofferOne(job wantJob, m Message, answers chan<- reoffered) {
	body := wire.Reoffer{
		To: uint64(job.to), Epoch: m.Pos.Epoch, Seq: m.Pos.Seq, Time: uint64(m.Time.UnixMicro()), Type: typeOf(m.Kind),
		Flags: flagsOf(&m), Body: talkOf(&m).Append(nil),
	}
	c.post(func() {
		if job.room.home.link != job.link || job.room.number == 0 {
			answers <- reoffered{m, errDisconnected}
			return
		}
		c.request(job.room.home, wire.Header{Type: wire.TypeReoffer, Room: job.room.number, ID: wire.ID(m.ID)}, body,
			func(_ wire.Frame, err error) bool {
				answers <- reoffered{m, err}
				return false
			})
	})
}
