// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// inLog are the frames of a room's log, which come by the thousand, with how a client reads them.
var inLog = map[Type]func(dec *Decoder, body []byte) (any, error){
	TypeMsg:         func(dec *Decoder, b []byte) (any, error) { return ignore(dec.Talk(b)) },
	TypeEdit:        func(dec *Decoder, b []byte) (any, error) { return ignore(dec.Talk(b)) },
	TypeDelete:      func(dec *Decoder, b []byte) (any, error) { return ignore(dec.Talk(b)) },
	TypeReact:       func(dec *Decoder, b []byte) (any, error) { return ignore(dec.Talk(b)) },
	TypeTopic:       func(dec *Decoder, b []byte) (any, error) { return ignore(dec.Talk(b)) },
	TypePresence:    func(dec *Decoder, b []byte) (any, error) { return ignore(dec.Person(b)) },
	TypeDelivered:   func(dec *Decoder, b []byte) (any, error) { return ignore(dec.Delivered(b)) },
	TypeRuled:       func(dec *Decoder, b []byte) (any, error) { return ignore(dec.Ruled(b)) },
	TypeStreamBegin: func(dec *Decoder, b []byte) (any, error) { return ignore(dec.StreamBegin(b)) },
	TypeTyping:      func(_ *Decoder, b []byte) (any, error) { return ignore(ParseTyping(b)) },
	TypeRead:        func(_ *Decoder, b []byte) (any, error) { return ignore(ParseStored(b)) },
	TypeWant:        func(_ *Decoder, b []byte) (any, error) { return ignore(ParseWant(b)) },
	TypeBlobWant:    func(_ *Decoder, b []byte) (any, error) { return ignore(ParseBlobWant(b)) },
	// Beside the log, but of streams as many.
	TypeStreamChunk:  func(_ *Decoder, b []byte) (any, error) { return ignore(len(b), nil) },
	TypeStreamCredit: func(_ *Decoder, b []byte) (any, error) { return ignore(ParseStreamCredit(b)) },
	TypeStreamStart:  func(_ *Decoder, b []byte) (any, error) { return ignore(ParseNumber(b)) },
	TypeStreamEnd:    func(_ *Decoder, b []byte) (any, error) { return ignore(ParseStreamEnd(b)) },
	TypeStreamCancel: func(_ *Decoder, b []byte) (any, error) { return ignore(ParseStreamCancel(b)) },
	TypeAck:          func(_ *Decoder, b []byte) (any, error) { return ignore(len(b), nil) },
	TypeGap:          func(_ *Decoder, b []byte) (any, error) { return ignore(ParseGap(b)) },
	TypePing:         func(_ *Decoder, b []byte) (any, error) { return ignore(len(b), nil) },
	TypePong:         func(_ *Decoder, b []byte) (any, error) { return ignore(len(b), nil) },
}

// ignore keeps the error: a value in an interface would be an allocation of the test.
func ignore[B any](_ B, err error) (any, error) { return nil, err }

// legal are the vectors of frames that are as they should be.
func legal(t testing.TB) (list []vector) {
	for _, file := range vectorFiles(t) {
		for _, v := range readVectors(t, file) {
			if v.field("from") != "" && v.field("result") == "ok" {
				list = append(list, v)
			}
		}
	}
	return list
}

func TestNoFrameCostsAnAllocationToWrite(t *testing.T) {
	buf := make([]byte, 0, 1<<17)
	for _, v := range legal(t) {
		_, _, h, body := receive(v.field("from"), states[v.field("state")], v.frame)
		if n := testing.AllocsPerRun(100, func() { buf = AppendFrame(buf[:0], h, body) }); n != 0 {
			t.Errorf("%v, %s: %v allocations", h.Type, v.meaning[0], n)
		}
	}
}

func TestNoFrameOfALogCostsAnAllocationToRead(t *testing.T) {
	seen := map[Type]bool{}
	for _, v := range legal(t) {
		h, _, _ := ParseHeader(v.frame)
		parse, ok := inLog[h.Type]
		if !ok {
			continue
		}
		seen[h.Type] = true
		var dec Decoder
		r := NewReader(&again{frame: v.frame})
		n := testing.AllocsPerRun(100, func() {
			f, err := r.Next()
			if err == nil {
				_, err = parse(&dec, f.Body)
			}
			if err != nil {
				t.Error(err)
			}
		})
		if n != 0 {
			t.Errorf("%v, %s: %v allocations", h.Type, v.meaning[0], n)
		}
	}
	for kind := range inLog {
		if !seen[kind] {
			t.Errorf("%v has no vector", kind)
		}
	}
	for _, r := range rules {
		if r.Direction == Relayed && inLog[r.Type] == nil {
			t.Errorf("%v is relayed, and not looked at here", r.Type)
		}
	}
}

// TestADecoderReadsWhatTheFunctionsRead: one for all frames, in any order, and what it gave before stays what it was.
func TestADecoderReadsWhatTheFunctionsRead(t *testing.T) {
	var dec Decoder
	given := map[string]string{} // names as they were given, by what they were then
	for _, v := range slices.Concat(legal(t), legal(t)) {
		h, n, _ := ParseHeader(v.frame)
		body := bytes.Clone(v.frame[HeaderLen : HeaderLen+n])
		var got any
		var err error
		switch h.Type {
		case TypeMsg, TypeEdit, TypeDelete, TypeReact, TypeTopic:
			got, err = dec.Talk(body)
		case TypePresence:
			p, e := dec.Person(body)
			given[string([]byte(p.Name))] = p.Name
			got, err = p, e
		case TypeDelivered:
			got, err = dec.Delivered(body)
		case TypeRuled:
			got, err = dec.Ruled(body)
		case TypeStreamBegin:
			got, err = dec.StreamBegin(body)
		default:
			continue
		}
		want, _ := Decode(h.Type, body)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v, %s: %+v, not %+v (%v)", h.Type, v.meaning[0], got, want, err)
		}
		clear(body)
	}
	for was, is := range given {
		if was != is {
			t.Errorf("%q was %q", is, was)
		}
	}
}

func TestADecoderKeepsABoundedNumberOfTexts(t *testing.T) {
	var dec Decoder
	for i := range 3 * textsKept {
		want := fmt.Sprint("person ", i)
		p, err := dec.Person(Person{Account: 1, Name: want}.Append(nil))
		if err != nil || p.Name != want {
			t.Fatalf("%q, %v", p.Name, err)
		}
	}
	if n := len(dec.texts); n > textsKept {
		t.Errorf("%d texts", n)
	}
}
