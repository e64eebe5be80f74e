// SPDX-License-Identifier: GPL-2.0-only

package bot

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kchat/rooms"
)

// request is what a program wants.
type request struct {
	ID      json.RawMessage `json:"id"` // a number or a text, to be given back
	Do      string          `json:"do"`
	Room    string          `json:"room"`
	Text    string          `json:"text"`
	ReplyTo messageID       `json:"reply_to"`
	Thread  messageID       `json:"thread"`
	Target  messageID       `json:"target"`
	Removed bool            `json:"removed"`
	On      bool            `json:"on"`
}

// messageID is an id as programs write it; empty: none.
type messageID rooms.MessageID

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *messageID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	if n, err := hex.Decode(make([]byte, hex.DecodedLen(len(text))), text); err != nil || n != len(id) {
		return fmt.Errorf("%q is no id of a message: those have %d hexadecimal digits", text, 2*len(id))
	}
	_, err := hex.Decode(id[:], text)
	return err
}

// answer is what became of a request.
type answer struct {
	Type   string          `json:"type"`
	ID     json.RawMessage `json:"id,omitempty"`
	Sent   *sent           `json:"sent,omitempty"`
	People []person        `json:"people,omitempty"`
	Done   bool            `json:"done,omitempty"`
	Error  any             `json:"error,omitempty"`
}

// sent is the place that a message has got.
type sent struct {
	Room  string    `json:"room"`
	ID    string    `json:"id"`
	Epoch uint64    `json:"epoch"`
	Seq   uint64    `json:"seq"`
	Time  time.Time `json:"time"`
}

// person is somebody in a room.
type person struct {
	Account rooms.AccountID `json:"account"`
	Name    string          `json:"name"`
	Bot     bool            `json:"bot,omitempty"`
	State   string          `json:"state"`
}

// idMost is how long the id of a request may be, in bytes of JSON.
const idMost = 128

// parse reads a request. The id is there even if the rest is wrong, where it can be found.
func parse(line []byte) (r request, err error) {
	in := json.NewDecoder(bytes.NewReader(line))
	in.DisallowUnknownFields()
	if err = in.Decode(&r); err == nil && in.More() {
		err = errors.New("a line has one object")
	}
	if err != nil {
		var only struct {
			ID json.RawMessage `json:"id"`
		}
		_ = json.Unmarshal(line, &only)
		r.ID = only.ID
		err = fmt.Errorf("this is no request: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if len(r.ID) > 0 && (len(r.ID) > idMost || r.ID[0] == '{' || r.ID[0] == '[') {
		r.ID = nil
		err = fmt.Errorf("the id of a request is a number or a text, of at most %d bytes", idMost)
	}
	return r, err
}

// answer does what a program asked for.
func (s *Server) answer(a asked) {
	if _, there := s.programs[a.by]; !there {
		return
	}
	var r request
	err := a.err
	if err == nil {
		r, err = parse(a.line)
	}
	done := false
	if err == nil {
		done, err = s.do(a.by, r)
	}
	switch {
	case err != nil:
		s.tell(a.by, answer{Type: "answer", ID: r.ID, Error: s.cfg.Failure(err)})
	case done:
		s.tell(a.by, answer{Type: "answer", ID: r.ID, Done: true})
	}
}

// do does it. Not done means that the answer was given already, or comes when the server has spoken.
func (s *Server) do(by *program, r request) (done bool, err error) {
	if !slices.Contains(s.cfg.Rooms, r.Room) {
		return false, fmt.Errorf("%q is no room of this bot; it is in %s", r.Room, strings.Join(s.cfg.Rooms, ", "))
	}
	draft := rooms.Draft{Room: r.Room, Text: r.Text, ReplyTo: rooms.MessageID(r.ReplyTo), Thread: rooms.MessageID(r.Thread), Target: rooms.MessageID(r.Target)}
	switch r.Do {
	case "send":
		draft.Kind = rooms.KindText
	case "edit":
		draft.Kind = rooms.KindEdit
	case "delete":
		draft.Kind = rooms.KindDelete
	case "react":
		draft.Kind, draft.Removed = rooms.KindReact, r.Removed
	case "typing":
		s.cfg.Client.Typing(r.Room, r.On)
		return true, nil
	case "people":
		s.tell(by, answer{Type: "answer", ID: r.ID, People: s.people(r.Room), Done: true})
		return false, nil
	default:
		return false, fmt.Errorf("there is nothing called %q to do; there are send, edit, delete, react, typing and people", r.Do)
	}
	if (draft.Kind != rooms.KindText) != (r.Target != messageID{}) {
		return false, fmt.Errorf("target is the message that edit, delete and react are about, and no other request has one: %s", r.Do)
	}
	return false, s.send(by, r, draft)
}

func (s *Server) people(room string) []person {
	var all []person
	for _, p := range s.cfg.Client.Roster(room) {
		all = append(all, person{p.ID, p.Name, p.Bot, s.cfg.State(p.State)})
	}
	return all
}

// send sends a message; the answer comes with its acknowledgement.
func (s *Server) send(by *program, r request, draft rooms.Draft) error {
	if by.pending >= PendingMost {
		return fmt.Errorf("%d requests are waiting for their answers: wait for some", PendingMost)
	}
	m, err := s.cfg.Client.Send(draft)
	if err != nil {
		return err
	}
	by.pending++
	s.sending[m.ID] = &sending{by: by, id: r.ID, room: r.Room, timer: time.AfterFunc(s.cfg.Patience, func() {
		select {
		case s.late <- m.ID:
		case <-s.done:
		}
	})}
	return nil
}

// settle answers who wanted a message to be sent, when it has a place or none.
func (s *Server) settle(m rooms.Message) {
	waiting, ours := s.sending[m.ID]
	if !ours {
		return
	}
	a := answer{Type: "answer", ID: waiting.id}
	switch m.State {
	case rooms.StateSent, rooms.StateDelivered:
		a.Sent = &sent{m.Room, m.ID.String(), m.Pos.Epoch, m.Pos.Seq, m.Time.UTC()}
	case rooms.StateAlone:
		a.Error = s.cfg.Failure(fmt.Errorf("not sent: %w", rooms.ErrAlone))
	case rooms.StateFailed:
		a.Error = s.cfg.Failure(fmt.Errorf("not sent: %s", m.Failure))
	default:
		return
	}
	s.settled(m.ID, waiting, a)
}

// tooLate gives up a message that was not acknowledged in time. One that is on its way just now may arrive all the same.
func (s *Server) tooLate(id rooms.MessageID) {
	if waiting, still := s.sending[id]; still {
		err := fmt.Errorf("not acknowledged in %v: %w", s.cfg.Patience, rooms.ErrNoServer)
		s.settled(id, waiting, answer{Type: "answer", ID: waiting.id, Error: s.cfg.Failure(err)})
	}
}

// settled gives an answer. What was not sent is not sent later either.
func (s *Server) settled(id rooms.MessageID, waiting *sending, a answer) {
	waiting.timer.Stop()
	delete(s.sending, id)
	waiting.by.pending--
	if _, there := s.programs[waiting.by]; there {
		s.tell(waiting.by, a)
	}
	if a.Error != nil {
		if err := s.cfg.Client.Discard(waiting.room, id); err != nil {
			s.cfg.Logger.Warn("a message that was not acknowledged may be sent later", "room", waiting.room, "error", err)
		}
	}
}
