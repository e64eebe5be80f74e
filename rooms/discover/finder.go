// SPDX-License-Identifier: GPL-2.0-only

package discover

import (
	"crypto/rand"
	"errors"
	"net/netip"
	"sync"
	"time"

	"kchat/wire"
)

// mark tells a question of ours from what others say was one.
type mark [8]byte

// question is one that still waits for answers.
type question struct {
	at time.Time
	to netip.Addr // valid: only this address may answer
}

// place is a server at an address; over Ethernet the address may be missing.
type place struct {
	server [16]byte
	addr   netip.AddrPort
	mac    [6]byte
}

// source is where answers come from.
type source struct {
	addr netip.Addr
	mac  [6]byte
}

// finder is a Find at work. All but the listening is done by one goroutine.
type finder struct {
	opt   Options
	ears  []ear
	heard chan heard
	done  chan struct{}
	busy  sync.WaitGroup

	marks  map[mark]question
	places map[place]struct{}
	from   map[source]int // servers that were reported at it
}

func (f *finder) listen() {
	for _, e := range f.ears {
		f.busy.Go(func() { e.listen(f.heard, f.done) })
	}
}

func (f *finder) close() {
	close(f.done)
	for _, e := range f.ears {
		e.close()
	}
	f.busy.Wait()
}

// ask asks everybody once. It fails if nobody could be asked.
func (f *finder) ask(now time.Time) error {
	for m, q := range f.marks {
		if now.Sub(q.at) > markLivesFor {
			delete(f.marks, m)
		}
	}
	asked := false
	var errs []error
	for _, e := range f.ears {
		err := e.ask(func(to netip.Addr) []byte { return f.question(to) })
		asked = asked || err == nil
		errs = append(errs, err)
	}
	if asked {
		return nil
	}
	return errors.Join(errs...)
}

// question makes the bytes of a question with a mark of its own. While too many wait, it has none that we would know.
func (f *finder) question(to netip.Addr) []byte {
	q := wire.Question{Server: f.opt.Server}
	_, _ = rand.Read(q.Mark[:]) // never fails
	if len(f.marks) < mostMarks {
		f.marks[q.Mark] = question{at: time.Now(), to: to}
	}
	return q.Append(nil)
}

// take reads what was heard. False: it is no answer to a question of ours, or nothing new.
func (f *finder) take(h heard) (Server, bool) {
	answer, err := wire.ParseAnswer(h.data)
	if err != nil {
		return Server{}, false
	}
	q, ours := f.marks[answer.Mark]
	if !ours || (q.to.IsValid() && q.to.WithZone("") != h.from.WithZone("")) || (f.opt.Server != [16]byte{} && answer.Server != f.opt.Server) {
		return Server{}, false
	}
	s := Server{Answer: answer, RTT: max(h.at.Sub(q.at), 0)}
	if h.ether == nil {
		s.Addr = netip.AddrPortFrom(h.from, answer.Port)
		s.MAC, s.LinkLocal = [6]byte{}, [16]byte{} // mean nothing over UDP
	} else if !s.overEther(h.ether) {
		return Server{}, false
	}
	return s, f.isNew(s)
}

// overEther fills in where a server that answered over Ethernet is. False: it gives itself out for another.
func (s *Server) overEther(from *etherFrom) bool {
	if s.MAC != from.mac {
		return false
	}
	s.Interface = from.iface
	if addr := netip.AddrFrom16(s.LinkLocal); addr.IsLinkLocalUnicast() && !addr.Is4In6() {
		s.Addr = netip.AddrPortFrom(addr.WithZone(from.iface), s.Port)
	}
	return true
}

// isNew notes what is reported, as much as is bounded.
func (f *finder) isNew(s Server) bool {
	at := place{s.Server, s.Addr, s.MAC}
	by := source{s.Addr.Addr(), s.MAC}
	if _, known := f.places[at]; known || len(f.places) >= mostServers || f.from[by] >= mostFromOne {
		return false
	}
	if f.places == nil {
		f.places, f.from = map[place]struct{}{}, map[source]int{}
	}
	f.places[at] = struct{}{}
	f.from[by]++
	return true
}
